"""faster_whisper_server.py --model FOLDER --port N --threads N [--workers N] [--batch N]: faster-whisper behind HTTP.

POST / with a recording answers its text: greedy, English, no VAD, windows of 30 s from the start. As little as can be around the
library: no form to read, a thread for each request.
"""
import argparse
import io
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from faster_whisper import BatchedInferencePipeline, WhisperModel
from faster_whisper.audio import decode_audio

RATE_HZ = 16_000
WINDOW_SEC = 30
GREEDY = dict(language="en", beam_size=1, best_of=1, temperature=0.0, condition_on_previous_text=False, vad_filter=False,
              without_timestamps=False)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--model", required=True)
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--threads", type=int, required=True)
    options.add_argument("--workers", type=int, default=1)
    options.add_argument("--batch", type=int)
    asked = options.parse_args()
    model = WhisperModel(asked.model, device="cpu", compute_type="int8", cpu_threads=asked.threads, num_workers=asked.workers,
                         local_files_only=True)
    batched = BatchedInferencePipeline(model) if asked.batch else None

    def transcribe(recording: bytes) -> str:
        audio = decode_audio(io.BytesIO(recording), sampling_rate=RATE_HZ)
        if batched:
            seconds = len(audio) / RATE_HZ
            starts = range(0, max(1, int(-(-seconds // WINDOW_SEC)) * WINDOW_SEC), WINDOW_SEC)
            clips = [{"start": start, "end": min(start + WINDOW_SEC, seconds)} for start in starts]
            segments, _ = batched.transcribe(audio, batch_size=asked.batch, clip_timestamps=clips, **GREEDY)
        else:
            segments, _ = model.transcribe(audio, **GREEDY)
        return "".join(segment.text for segment in segments)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, status, text):
            body = text.encode()
            self.send_response(status)
            self.send_header("content-type", "text/plain; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            self.answer(200, "ready")

        def do_POST(self):
            recording = self.rfile.read(int(self.headers["content-length"]))
            try:
                self.answer(200, transcribe(recording))
            except Exception as error:
                self.answer(500, repr(error))

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    Server(("127.0.0.1", asked.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
