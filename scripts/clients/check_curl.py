"""curl against every route that transcribes, in every format, as the docs page writes it."""

import json
import re
import subprocess
import tempfile
import unittest

from sotto_server import ROOT, SHORT, Server, path_of, words_of

ALL = ["json", "text", "srt", "vtt", "verbose_json"]
FORMATS = {
    "/v1/audio/transcriptions": ALL,
    "/v1/audio/translations": ALL,
    "/openai/v1/audio/transcriptions": ALL,
    "/openai/v1/audio/translations": ALL,
    "/cortecs/v1/audio/transcriptions": ALL,
    "/comet/v1/audio/transcriptions": ALL,
    "/comet/v1/audio/translations": ALL,
    "/together/v1/audio/transcriptions": ["json", "verbose_json"],
    "/together/v1/audio/translations": ["json", "verbose_json"],
}
TYPES = {
    "json": "application/json; charset=utf-8",
    "verbose_json": "application/json; charset=utf-8",
    "text": "text/plain; charset=utf-8",
    "srt": "application/x-subrip; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
}
CUE = r"\d\d:00:0\d[,.]\d{3} --> \d\d:00:0\d[,.]\d{3}"


class Curl(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def curl(self, path, *arguments):
        told = "\n%{http_code} %{content_type}"
        command = ["curl", "--silent", "--show-error", "--write-out", told, *arguments, f"{self.server.url}{path}"]
        body, _, end = subprocess.run(command, check=True, capture_output=True, text=True).stdout.rpartition("\n")
        status, _, content_type = end.partition(" ")
        return int(status), content_type, body

    def test_every_format_of_every_route(self):
        for path, formats in FORMATS.items():
            for response_format in formats:
                with self.subTest(path, response_format=response_format):
                    fields = ["-F", "model=whisper-1", "-F", f"response_format={response_format}"]
                    status, content_type, body = self.curl(path, "-F", f"file=@{path_of(SHORT)}", *fields)
                    self.assertEqual((status, content_type), (200, TYPES[response_format]), body)
                    if "json" in response_format:
                        text = json.loads(body)["text"]
                    else:
                        self.assertTrue(body.endswith("\n"))
                        self.assertEqual(bool(re.search(CUE, body)), response_format != "text")
                        text = re.sub(rf"^(WEBVTT|\d+|{CUE})$", "", body, flags=re.M)
                    self.assertEqual(words_of(text), words_of(SHORT["text"]))

    def test_v2_answers_in_the_type_that_is_accepted(self):
        for accept in ["application/json", "text/json", "text/plain"]:
            arguments = ["-H", f"Accept: {accept}", "-F", f"file=@{self.wav()}"]
            status, content_type, body = self.curl("/api/v2/Audio/transcribe", *arguments)
            self.assertEqual((status, content_type), (200, f"{accept}; charset=utf-8"), body)
            self.assertEqual(words_of(json.loads(body)["transcript"]), words_of(SHORT["text"]))

    def test_a_stream_comes_with_dash_capital_n(self):
        fields = ["-N", "-F", f"file=@{path_of(SHORT)}", "-F", "stream=true"]
        status, content_type, body = self.curl("/v1/audio/transcriptions", *fields)
        self.assertEqual((status, content_type), (200, "text/event-stream; charset=utf-8"))
        events = [json.loads(line.removeprefix("data: ")) for line in body.split("\n") if line.startswith("data: ")]
        self.assertEqual(events[-1]["text"], "".join(event["delta"] for event in events[:-1]))

    def test_a_body_that_is_sent_in_chunks_and_one_that_waits_for_leave(self):
        for header in ["Transfer-Encoding: chunked", "Expect: 100-continue"]:
            arguments = ["-H", header, "-F", f"file=@{path_of(SHORT)}"]
            self.assertEqual(self.curl("/v1/audio/transcriptions", *arguments)[0], 200, header)

    def test_a_body_that_is_no_form_is_refused_with_what_was_expected(self):
        arguments = ["--data-binary", f"@{path_of(SHORT)}", "-H", "Content-Type: audio/ogg"]
        status, _, body = self.curl("/v1/audio/transcriptions", *arguments)
        self.assertEqual((status, json.loads(body)["error"]["code"]), (415, "unsupported_content_type"))

    def wav(self):
        file = tempfile.NamedTemporaryFile(suffix=".wav")
        self.addCleanup(file.close)
        command = ["ffmpeg", "-y", "-v", "error", "-i", path_of(SHORT), file.name]
        subprocess.run(command, check=True, cwd=ROOT)
        return file.name


if __name__ == "__main__":
    unittest.main()
