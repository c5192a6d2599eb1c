"""Tempo change that keeps pitch (WSOLA)."""
import numpy as np

from .layout import SAMPLE_RATE_HZ

FRAME = int(0.032 * SAMPLE_RATE_HZ)
HOP = FRAME // 2
SEARCH = int(0.008 * SAMPLE_RATE_HZ)
_WINDOW = np.hanning(FRAME + 1)[:FRAME].astype(np.float32)


def change_tempo(samples: np.ndarray, factor: float) -> np.ndarray:
    """A factor above 1 makes it faster."""
    if len(samples) < 2 * FRAME:
        return samples
    padded = np.concatenate([np.zeros(SEARCH, np.float32), samples, np.zeros(FRAME + 2 * SEARCH, np.float32)])
    n_frames = int((len(samples) - FRAME) / (HOP * factor)) + 1
    out = np.zeros(n_frames * HOP + FRAME, np.float32)
    taken = SEARCH
    out[:FRAME] += padded[taken:taken + FRAME] * _WINDOW
    for i in range(1, n_frames):
        wanted = int(i * HOP * factor) + SEARCH
        natural = padded[taken + HOP:taken + HOP + FRAME]
        region = padded[wanted - SEARCH:wanted + SEARCH + FRAME]
        if len(natural) < FRAME or len(region) < FRAME + 2 * SEARCH:
            break
        taken = wanted - SEARCH + int(np.argmax(np.correlate(region, natural, "valid")))
        out[i * HOP:i * HOP + FRAME] += padded[taken:taken + FRAME] * _WINDOW
    return out
