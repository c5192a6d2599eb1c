"""What clips are heard as, by upstream's command-line program or by an HTTP server."""
import json
import subprocess
import tempfile
import urllib.request
import uuid
from dataclasses import dataclass
from pathlib import Path

LANGUAGE_NAMES = {"english": "en", "spanish": "es", "german": "de", "french": "fr"}
AUTO = "auto"


@dataclass(frozen=True)
class Heard:
    text: str
    language: str
    segments: list[tuple[float, str]]  # start in seconds, text


def through_program(program: Path, model: Path, clips: list[Path], n_threads: int, language: str = "en",
                    translate: bool = False) -> list[Heard]:
    with tempfile.TemporaryDirectory() as folder:
        command = [str(program), "-m", str(model), "-l", language, "-bs", "1", "-bo", "1", "-nf", "-mc", "0", "-np",
                   "-t", str(n_threads), "-oj", *(["-tr"] if translate else [])]
        outputs = [Path(folder) / str(i) for i in range(len(clips))]
        for clip, output in zip(clips, outputs):
            command += ["-f", str(clip), "-of", str(output)]
        subprocess.run(command, check=True, capture_output=True)
        return [_heard(output.with_suffix(".json")) for output in outputs]


def _heard(path: Path) -> Heard:
    # Not strict: upstream writes raw newlines into strings.
    parsed = json.loads(path.read_text(errors="replace"), strict=False)
    segments = [(segment["offsets"]["from"] / 1000, segment["text"]) for segment in parsed["transcription"]]
    return Heard("".join(text for _, text in segments), parsed["result"]["language"], segments)


def through_server(url: str, clips: list[Path], model: str, key: str | None, language: str = "en",
                   translate: bool = False) -> list[Heard]:
    ending = "translations" if translate else "transcriptions"
    fields = {"model": model, "response_format": "verbose_json"}
    if language != AUTO and not translate:
        fields["language"] = language
    return [_post(f"{url.rstrip('/')}/v1/audio/{ending}", clip, fields, key) for clip in clips]


def _post(url: str, clip: Path, fields: dict[str, str], key: str | None) -> Heard:
    boundary = uuid.uuid4().hex
    body = b"".join(f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode() for k, v in fields.items())
    body += (f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{clip.name}"\r\n'
             "Content-Type: audio/wav\r\n\r\n").encode() + clip.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=600) as answer:
        said = json.load(answer)
    return Heard(said["text"], LANGUAGE_NAMES.get(said["language"], said["language"]),
                 [(segment["start"], segment["text"]) for segment in said["segments"]])
