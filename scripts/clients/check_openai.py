"""The `openai` package against /v1 and /openai/v1."""

import time
import unittest

import openai

from sotto_server import LONG, SHORT, Server, at_once, path_of, words_of


def client_of(server, prefix="/v1", api_key="none is needed", max_retries=0, on_request=None):
    hooks = {"request": [on_request]} if on_request else {}
    http_client = openai.DefaultHttpxClient(event_hooks=hooks)
    return openai.OpenAI(
        base_url=f"{server.url}{prefix}", api_key=api_key, max_retries=max_retries, http_client=http_client
    )


class Replies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.clients = {prefix: client_of(cls.server, prefix) for prefix in ["/v1", "/openai/v1"]}

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def each(self):
        for prefix, client in self.clients.items():
            with self.subTest(prefix):
                yield client

    def create(self, client, recording=SHORT, model="whisper-1", **fields):
        return client.audio.transcriptions.create(file=path_of(recording), model=model, **fields)

    def test_json_is_the_default_and_counts_seconds(self):
        for client in self.each():
            reply = self.create(client)
            self.assertEqual(words_of(reply.text), words_of(SHORT["text"]))
            self.assertEqual(reply.usage.type, "duration")
            self.assertEqual(reply.usage.seconds, 4)
            self.assertRegex(reply._request_id, "^req_")

    def test_verbose_json_has_segments_and_words(self):
        for client in self.each():
            reply = self.create(client, response_format="verbose_json", timestamp_granularities=["word", "segment"])
            self.assertEqual(reply.language, "english")
            self.assertAlmostEqual(float(reply.duration), SHORT["durationSec"], delta=0.05)
            self.assertEqual([word.word for word in reply.words], words_of(SHORT["text"]))
            for earlier, later in zip(reply.words, reply.words[1:]):
                self.assertLessEqual(earlier.end, later.start)
            for segment in reply.segments:
                self.assertIsInstance(segment, openai.types.audio.TranscriptionSegment)
                self.assertTrue(segment.tokens and segment.avg_logprob <= 0 and segment.seek == 0)

    def test_text_srt_and_vtt_are_strings(self):
        shapes = {
            "text": r"^\w.*\n$",
            "srt": r"^1\n00:00:0\d,\d{3} --> 00:00:0\d,\d{3}\n\S",
            "vtt": r"^WEBVTT\n\n00:00:0\d\.\d{3} --> 00:00:0\d\.\d{3}\n\S",
        }
        for client in self.each():
            for response_format, shape in shapes.items():
                self.assertRegex(self.create(client, response_format=response_format), shape)

    def test_diarized_json_is_refused_with_the_reason(self):
        for client in self.each():
            with self.assertRaises(openai.BadRequestError) as raised:
                self.create(client, response_format="diarized_json")
            self.assertEqual(raised.exception.param, "response_format")

    def test_logprobs_are_the_tokens_of_the_text(self):
        for client in self.each():
            reply = self.create(client, model="gpt-4o-transcribe", include=["logprobs"])
            self.assertEqual("".join(one.token for one in reply.logprobs).strip(), reply.text)
            self.assertTrue(all(one.logprob <= 0 for one in reply.logprobs))

    def test_a_stream_is_read_event_by_event_and_ends_with_the_joined_text(self):
        for client in self.each():
            stream = self.create(client, LONG, "gpt-4o-transcribe", stream=True, include=["logprobs"])
            *deltas, done = list(stream)
            self.assertGreater(len(deltas), 2)
            self.assertEqual({event.type for event in deltas}, {"transcript.text.delta"})
            self.assertTrue(all(event.logprobs for event in deltas))
            self.assertEqual(done.type, "transcript.text.done")
            self.assertEqual(done.text, "".join(event.delta for event in deltas))
            self.assertEqual(len(done.logprobs), sum(len(event.logprobs) for event in deltas))
            self.assertGreater(done.usage.model_dump()["seconds"], 45)

    def test_objects_and_lists_are_understood_as_the_package_writes_them(self):
        for client in self.each():
            strategy = {"type": "server_vad", "threshold": 0.4, "prefix_padding_ms": 300}
            reply = self.create(
                client, chunking_strategy=strategy, language="en", prompt="Digits.", temperature=0.2
            )
            self.assertTrue(words_of(reply.text))

    def test_translations_answer_in_every_format(self):
        for client in self.each():
            create = client.audio.translations.create
            self.assertEqual(words_of(create(file=path_of(SHORT), model="whisper-1").text), words_of(SHORT["text"]))
            verbose = create(file=path_of(SHORT), model="whisper-1", response_format="verbose_json")
            self.assertEqual((verbose.language, verbose.task), ("english", "translate"))
            for response_format, start in {"text": "", "srt": "1\n", "vtt": "WEBVTT\n"}.items():
                text = create(file=path_of(SHORT), model="whisper-1", response_format=response_format)
                self.assertTrue(text.startswith(start) and text.endswith("\n"))

    def test_models_are_listed_and_described(self):
        for client in self.each():
            self.assertEqual([model.id for model in client.models.list()], ["sotto-mini"])
            model = client.models.retrieve("sotto-mini")
            self.assertEqual((model.object, model.state), ("model", "loaded"))

    def test_errors_are_the_package_s_own_classes_with_code_param_and_request_id(self):
        cases = [
            ({"model": "nowhere"}, openai.NotFoundError, "model_not_found", "model"),
            ({"temperature": 3}, openai.BadRequestError, "invalid_value", "temperature"),
            ({"language": "klingon"}, openai.BadRequestError, "invalid_value", "language"),
            ({"timestamp_granularities": ["word"]}, openai.BadRequestError, "invalid_value", "timestamp_granularities"),
            ({"stream": True, "model": "nowhere"}, openai.NotFoundError, "model_not_found", "model"),
        ]
        for client in self.each():
            for fields, kind, code, param in cases:
                with self.assertRaises(kind) as raised:
                    self.create(client, **fields)
                error = raised.exception
                self.assertEqual((error.code, error.param, error.type), (code, param, "invalid_request_error"))
                self.assertRegex(error.request_id, "^req_")
            with self.assertRaises(openai.BadRequestError) as raised:
                client.audio.transcriptions.create(file=b"no sound", model="whisper-1")
            self.assertEqual(raised.exception.code, "undecodable_audio")

    def test_an_async_client_that_is_cancelled_leaves_the_server_free(self):
        import asyncio

        async def leave():
            async with openai.AsyncOpenAI(base_url=f"{self.server.url}/v1", api_key="x", max_retries=0) as client:
                call = client.audio.transcriptions.create(file=path_of(LONG), model="whisper-1")
                with self.assertRaises(asyncio.TimeoutError):
                    await asyncio.wait_for(call, 0.3)

        asyncio.run(leave())
        self.assertEqual(words_of(self.create(self.clients["/v1"]).text), words_of(SHORT["text"]))


class Retries(unittest.TestCase):
    """The package asks again as the reply's headers say, and not otherwise."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server("--workers", "1", "--max-queue", "1")

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def setUp(self):
        self.requests = []
        self.client = client_of(self.server, max_retries=2, on_request=self.requests.append)

    def create(self, **fields):
        return self.client.audio.transcriptions.create(file=path_of(LONG), model="whisper-1", **fields)

    def test_what_is_wrong_is_not_sent_again(self):
        with self.assertRaises(openai.BadRequestError) as raised:
            self.create(temperature=3)
        self.assertEqual(raised.exception.response.headers["x-should-retry"], "false")
        self.assertEqual(len(self.requests), 1)

    def test_a_deadline_that_is_over_is_sent_again_as_often_as_was_asked_for(self):
        with self.assertRaises(openai.APIStatusError) as raised:
            self.create(extra_body={"timeout_ms": 1})
        self.assertEqual((raised.exception.status_code, raised.exception.code), (408, "deadline_exceeded"))
        self.assertEqual(raised.exception.response.headers["x-should-retry"], "true")
        self.assertEqual(len(self.requests), 3)

    def test_a_full_queue_says_when_to_come_back_and_whoever_does_is_served(self):
        def ask(max_retries):
            client = client_of(self.server, max_retries=max_retries)
            return lambda prompt: client.audio.transcriptions.create(
                file=path_of(LONG), model="whisper-1", prompt=prompt
            )

        outcomes = at_once(*(lambda index=index: ask(0)(f"{index}") for index in range(5)))
        refused = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        self.assertTrue(refused)
        for error in refused:
            self.assertIsInstance(error, openai.RateLimitError)
            self.assertEqual(error.code, "queue_full")
            self.assertGreater(int(error.response.headers["retry-after-ms"]), 0)
            self.assertGreaterEqual(int(error.response.headers["retry-after"]), 1)
        outcomes = at_once(*(lambda index=index: ask(4)(f"again {index}") for index in range(5)))
        for outcome in outcomes:
            self.assertTrue(words_of(getattr(outcome, "text", "")), outcome)


class Keys(unittest.TestCase):
    def test_without_the_key_every_call_is_an_authentication_error_and_with_it_served(self):
        server = Server()
        self.addCleanup(server.stop)
        key = server.create_key("python")
        time.sleep(1)  # a running server takes a new key within a second
        for api_key in ["none is needed", f"{key}x", "sk-sotto-unknown"]:
            client = client_of(server, api_key=api_key, max_retries=2)
            for call in [
                lambda: client.audio.transcriptions.create(file=path_of(SHORT), model="whisper-1"),
                lambda: client.models.list(),
            ]:
                with self.assertRaises(openai.AuthenticationError) as raised:
                    call()
                self.assertEqual(raised.exception.code, "invalid_api_key")
                self.assertRegex(raised.exception.request_id, "^req_")
        reply = client_of(server, api_key=key).audio.transcriptions.create(file=path_of(SHORT), model="whisper-1")
        self.assertEqual(words_of(reply.text), words_of(SHORT["text"]))


if __name__ == "__main__":
    unittest.main()
