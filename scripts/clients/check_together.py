"""The `together` package against /together/v1: it adds the `/v1` itself, unlike the one for Node."""

import time
import unittest

import together

from sotto_server import LONG, SHORT, Server, path_of, words_of


class Together(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.client = cls.client_with("none is needed")

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    @classmethod
    def client_with(cls, api_key):
        return together.Together(base_url=f"{cls.server.url}/together", api_key=api_key, max_retries=0)

    def create(self, recording=SHORT, **fields):
        return self.client.audio.transcriptions.create(file=path_of(recording), **fields)

    def test_json_is_the_text_alone(self):
        reply = self.create()
        self.assertEqual(words_of(reply.text), words_of(SHORT["text"]))
        self.assertEqual(set(reply.model_dump(exclude_none=True)), {"text"})

    def test_verbose_json_has_segments_and_words_asked_for_alone_or_in_a_list(self):
        for granularities in ["word", ["word", "segment"]]:
            reply = self.create(response_format="verbose_json", timestamp_granularities=granularities)
            self.assertEqual(reply.language, "english")
            self.assertAlmostEqual(reply.duration, SHORT["durationSec"], delta=0.05)
            self.assertEqual([word.word for word in reply.words], words_of(SHORT["text"]))
            self.assertTrue(all(segment.end > segment.start for segment in reply.segments))
        self.assertIsNone(self.create(response_format="verbose_json").words)

    def test_a_language_is_obeyed_and_auto_detects(self):
        for asked, heard in {"de": "german", "auto": "english"}.items():
            self.assertEqual(self.create(response_format="verbose_json", language=asked).language, heard)

    def test_a_recording_of_several_windows_has_times_of_the_file(self):
        reply = self.create(LONG, response_format="verbose_json")
        self.assertGreater(reply.segments[-1].end, 30)
        self.assertLessEqual(reply.segments[-1].end, LONG["durationSec"] + 0.05)

    def test_translations_answer_in_both_formats(self):
        create = self.client.audio.translations.create
        self.assertEqual(words_of(create(file=path_of(SHORT)).text), words_of(SHORT["text"]))
        self.assertEqual(create(file=path_of(SHORT), response_format="verbose_json").language, "english")

    def test_errors_are_the_package_s_own_classes_with_code_param_and_request_id(self):
        cases = [
            ({"model": "nowhere"}, together.NotFoundError, "model_not_found", "model"),
            ({"temperature": 3}, together.BadRequestError, "invalid_value", "temperature"),
            ({"response_format": "srt"}, together.BadRequestError, "invalid_value", "response_format"),
            ({"diarize": True}, together.BadRequestError, "invalid_value", "diarize"),
        ]
        for fields, kind, code, param in cases:
            with self.assertRaises(kind) as raised:
                self.create(**fields)
            self.assert_told(raised.exception, code, param)
        # A URL as text, which the service takes and the package for Node sends, is refused by this one itself.
        with self.assertRaises(RuntimeError):
            self.client.audio.transcriptions.create(file="https://example.com/a.wav")

    def assert_told(self, error, code, param):
        body = error.body.get("error", error.body)
        self.assertEqual((body["code"], body["param"]), (code, param))
        self.assertRegex(error.response.headers["x-request-id"], "^req_")

    def test_what_may_be_sent_again_is_and_what_may_not_is_not(self):
        for fields, kind, times in [
            ({"extra_body": {"timeout_ms": 1}}, None, 1),
            ({"temperature": 3}, together.BadRequestError, 1),
        ]:
            requests = []
            http_client = together.DefaultHttpxClient(event_hooks={"request": [requests.append]})
            client = together.Together(
                base_url=f"{self.server.url}/together", api_key="x", max_retries=2, http_client=http_client
            )
            if kind is None:
                # A field that this service does not have is ignored, also when another dialect knows it.
                self.assertTrue(client.audio.transcriptions.create(file=path_of(SHORT), **fields).text)
            else:
                with self.assertRaises(kind):
                    client.audio.transcriptions.create(file=path_of(SHORT), **fields)
            self.assertEqual(len(requests), times)


class TogetherKeys(unittest.TestCase):
    def test_without_the_key_a_call_is_an_authentication_error_and_with_it_served(self):
        server = Server()
        self.addCleanup(server.stop)
        key = server.create_key("python")
        time.sleep(1)  # a running server takes a new key within a second

        def ask(api_key):
            client = together.Together(base_url=f"{server.url}/together", api_key=api_key, max_retries=2)
            return client.audio.transcriptions.create(file=path_of(SHORT))

        with self.assertRaises(together.AuthenticationError):
            ask("unknown")
        self.assertEqual(words_of(ask(key).text), words_of(SHORT["text"]))


if __name__ == "__main__":
    unittest.main()
