"""Speech from espeak-ng and flite."""
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


def speak(digits: tuple[int, ...], voice: Voice) -> np.ndarray:
    words = FOREIGN_SPELLINGS.get(voice.language, DIGIT_WORDS)
    text = " ".join(words[d] for d in digits)
    if voice.engine == "espeak-ng":
        command = ["espeak-ng", "-v", voice.name, "-s", str(voice.speed_wpm), "-p", str(voice.pitch), "--stdout", text]
        wav = subprocess.run(command, check=True, capture_output=True).stdout
        samples, rate_hz = soundfile.read(io.BytesIO(wav))
    else:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "said.wav"
            stretch = f"duration_stretch={voice.stretch}"
            subprocess.run(["flite", "-voice", voice.name, "--setf", stretch, "-t", text, "-o", str(path)],
                           check=True, capture_output=True)
            samples, rate_hz = soundfile.read(path)
    return trim(at_16_khz(samples, rate_hz))
