"""Texts of clips, from upstream's command-line program or from an HTTP server."""
import json
import subprocess
import tempfile
import urllib.request
import uuid
from pathlib import Path


def through_program(program: Path, model: Path, clips: list[Path], n_threads: int) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        command = [str(program), "-m", str(model), "-l", "en", "-bs", "1", "-bo", "1", "-nf", "-mc", "0", "-np", "-t", str(n_threads), "-oj"]
        outputs = [Path(folder) / str(i) for i in range(len(clips))]
        for clip, output in zip(clips, outputs):
            command += ["-f", str(clip), "-of", str(output)]
        subprocess.run(command, check=True, capture_output=True)
        return [_text_of(output.with_suffix(".json")) for output in outputs]


def _text_of(path: Path) -> str:
    # Not strict: upstream writes raw newlines into strings.
    parsed = json.loads(path.read_text(), strict=False)
    return "".join(segment["text"] for segment in parsed["transcription"])


def through_server(url: str, clips: list[Path], model: str, key: str | None) -> list[str]:
    return [_post(url.rstrip("/") + "/v1/audio/transcriptions", clip, model, key) for clip in clips]


def _post(url: str, clip: Path, model: str, key: str | None) -> str:
    boundary = uuid.uuid4().hex
    fields = {"model": model, "language": "en", "response_format": "json"}
    body = b"".join(f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode() for k, v in fields.items())
    body += (f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{clip.name}"\r\n'
             "Content-Type: audio/wav\r\n\r\n").encode() + clip.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=600) as answer:
        return json.load(answer)["text"]
