"""Speech from Debian's synthesisers: espeak-ng, MBROLA (through espeak-ng), flite, Festival and SVOX Pico."""
import io
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

from .layout import DIGIT_WORDS, SAMPLE_RATE_HZ
from .voices import FOREIGN_SPELLINGS, Voice


def at_16_khz(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    samples = samples.astype(np.float32)
    if samples.ndim == 2:
        samples = samples.mean(axis=1)
    if rate_hz == SAMPLE_RATE_HZ:
        return samples
    common = np.gcd(rate_hz, SAMPLE_RATE_HZ)
    return resample_poly(samples, SAMPLE_RATE_HZ // common, rate_hz // common).astype(np.float32)


def trim(samples: np.ndarray, threshold: float = 0.02) -> np.ndarray:
    loud = np.flatnonzero(np.abs(samples) > threshold * np.abs(samples).max(initial=1e-9))
    return samples[loud[0]:loud[-1] + 1] if len(loud) else samples[:0]


def speak_digits(digits: tuple[int, ...], voice: Voice) -> np.ndarray:
    words = FOREIGN_SPELLINGS.get(voice.accent, DIGIT_WORDS)
    return speak(" ".join(words[d] for d in digits), voice)


def speak(text: str, voice: Voice) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "said.wav"
        if voice.engine == "flite":
            stretch = f"duration_stretch={voice.stretch}"
            _run(["flite", "-voice", voice.name, "--setf", stretch, "-t", text, "-o", str(wav)])
        elif voice.engine == "pico":
            marked = f"<speed level='{voice.speed_percent}'><pitch level='{voice.pitch_percent}'>{text}</pitch></speed>"
            _run(["pico2wave", "-l", voice.name, "-w", str(wav), marked])
        elif voice.engine == "festival":
            _run(["text2wave", "-eval", f"(voice_{voice.name})", "-eval", f"(Parameter.set 'Duration_Stretch {voice.stretch})",
                  "-o", str(wav)], text)
        else:
            command = ["espeak-ng", "-v", voice.name, "-s", str(voice.speed_wpm), "-p", str(voice.pitch), "--stdout", text]
            wav = io.BytesIO(_run(command))
        samples, rate_hz = soundfile.read(wav)
    return trim(at_16_khz(samples, rate_hz))


def _run(command: list[str], text: str = "") -> bytes:
    return subprocess.run(command, check=True, capture_output=True, input=text.encode()).stdout
