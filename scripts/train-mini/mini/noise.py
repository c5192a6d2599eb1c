"""Everything that is not speech."""
import numpy as np

from .layout import SAMPLE_RATE_HZ


def from_db(db: float) -> float:
    return 10.0 ** (db / 20.0)


def coloured(rng: np.random.Generator, n: int, slope: float) -> np.ndarray:
    """Noise of unit RMS whose power falls as 1/f^slope: 0 white, 1 pink, 2 brown."""
    white = rng.standard_normal(n, dtype=np.float32)
    if slope == 0 or n < 16:
        return white
    # A block, repeated, is enough for colour and much cheaper than one long transform.
    block = min(n, 1 << 15)
    spectrum = np.fft.rfft(white[:block])
    frequency = np.maximum(np.arange(len(spectrum)), 2.0)
    shaped = np.fft.irfft(spectrum * frequency ** (-slope / 2), block).astype(np.float32)
    return np.resize(shaped / (shaped.std() + 1e-9), n)


def hum(rng: np.random.Generator, n: int) -> np.ndarray:
    base_hz = rng.choice([50.0, 60.0]) * rng.uniform(0.995, 1.005)
    time_sec = np.arange(n, dtype=np.float32) / SAMPLE_RATE_HZ
    out = np.zeros(n, np.float32)
    decay = rng.uniform(0.0, 2.0)
    for k in range(1, rng.integers(1, 12) + 1):
        out += rng.uniform(0.2, 1.0) * k ** -decay * np.sin(2 * np.pi * base_hz * k * time_sec + rng.uniform(0, 6.28)).astype(np.float32)
    return out / (np.abs(out).max() + 1e-9)


def tone(rng: np.random.Generator, n: int) -> np.ndarray:
    time_sec = np.arange(n, dtype=np.float32) / SAMPLE_RATE_HZ
    start_hz = float(np.exp(rng.uniform(np.log(40), np.log(7000))))
    end_hz = start_hz if rng.random() < 0.6 else float(np.exp(rng.uniform(np.log(40), np.log(7000))))
    sweep = 2 * np.pi * (start_hz * time_sec + (end_hz - start_hz) * time_sec ** 2 / (2 * max(n / SAMPLE_RATE_HZ, 0.01)))
    out = np.sin(sweep).astype(np.float32)
    if rng.random() < 0.4:
        out *= (np.sin(2 * np.pi * rng.uniform(0.3, 8) * time_sec) > 0)
    return out


def clicks(rng: np.random.Generator, n: int) -> np.ndarray:
    out = np.zeros(n, np.float32)
    for at in rng.integers(0, n, size=max(1, rng.poisson(rng.uniform(0.3, 8) * n / SAMPLE_RATE_HZ))):
        length = min(int(rng.integers(1, 600)), n - int(at))
        burst = rng.standard_normal(length, dtype=np.float32) * np.exp(-np.arange(length) / max(1, length / 4))
        out[at:at + length] += burst.astype(np.float32) * rng.uniform(0.1, 1.0)
    return out / (np.abs(out).max() + 1e-9)


def chords(rng: np.random.Generator, n: int) -> np.ndarray:
    out = np.zeros(n, np.float32)
    at = 0
    while at < n:
        length = min(int(rng.uniform(0.15, 2.0) * SAMPLE_RATE_HZ), n - at)
        time_sec = np.arange(length, dtype=np.float32) / SAMPLE_RATE_HZ
        root_hz = 55 * 2 ** (rng.integers(0, 48) / 12)
        for step in rng.choice([0, 3, 4, 7, 10, 12], size=rng.integers(1, 4), replace=False):
            for k in range(1, 5):
                out[at:at + length] += (np.sin(2 * np.pi * root_hz * 2 ** (step / 12) * k * time_sec) / k ** 1.3
                                        * np.exp(-time_sec * rng.uniform(0.3, 5))).astype(np.float32)
        at += length
    return out / (np.abs(out).max() + 1e-9)


def beats(rng: np.random.Generator, n: int) -> np.ndarray:
    """Drums in time, mostly with a tune of plucked or sung notes over them."""
    out = np.zeros(n, np.float32)
    beat = int(rng.uniform(0.25, 1.0) * SAMPLE_RATE_HZ)
    root_hz, decay, vibrato = 2 ** rng.uniform(6, 9), rng.uniform(0.7, 7), rng.choice([0.0, rng.uniform(0.1, 0.8)])
    has_tune, drum_level, parts = rng.random() < 0.8, rng.uniform(0.2, 1.0), rng.integers(1, 3)
    for at in range(int(rng.integers(0, beat)), n, max(1, beat // int(parts))):
        if rng.random() < 0.85:
            out[at:at + SAMPLE_RATE_HZ // 3] += drum_level * _drum(rng, min(SAMPLE_RATE_HZ // 3, n - at))
        if has_tune and rng.random() < 0.8:
            time_sec = np.arange(min(int(3 * SAMPLE_RATE_HZ / decay), n - at), dtype=np.float32) / SAMPLE_RATE_HZ
            hz = root_hz * 2 ** (rng.choice([0, 2, 4, 5, 7, 9, 11, 12, 14, 16]) / 12)
            phase = 2 * np.pi * hz * time_sec + vibrato * np.sin(2 * np.pi * rng.uniform(4, 6) * time_sec)
            note = sum(np.sin(k * phase) * rng.uniform(0.2, 1.0) / k for k in range(1, rng.integers(2, 7)))
            out[at:at + len(time_sec)] += (note * np.minimum(1, time_sec / 0.01) * np.exp(-time_sec * decay)).astype(np.float32)
    return out / (np.abs(out).max() + 1e-9)


def _drum(rng: np.random.Generator, n: int) -> np.ndarray:
    time_sec = np.arange(n, dtype=np.float32) / SAMPLE_RATE_HZ
    envelope = np.exp(-time_sec / rng.uniform(0.02, 0.12))
    if rng.random() < 0.5:  # a skin whose pitch falls
        from_hz, fall = rng.uniform(60, 250), rng.uniform(0, 12)
        sunk_sec = (1 - np.exp(-fall * time_sec)) / fall if fall > 1 else time_sec
        skin = np.sin(2 * np.pi * from_hz * sunk_sec)
        return (skin * envelope).astype(np.float32)
    return (rng.standard_normal(n, dtype=np.float32) * 0.4 * envelope).astype(np.float32)


def fluctuating(rng: np.random.Generator, n: int) -> np.ndarray:
    """Band noise whose level wanders, like wind or distant traffic."""
    knots = max(2, int(n / SAMPLE_RATE_HZ * rng.uniform(0.5, 4)) + 2)
    level = np.interp(np.linspace(0, knots - 1, n), np.arange(knots), rng.uniform(-30, 0, knots))
    return coloured(rng, n, rng.uniform(0.3, 2.0)) * 0.3 * (10.0 ** (level / 20)).astype(np.float32)


def background(rng: np.random.Generator, n: int) -> np.ndarray:
    """Roughly unit-peak noise of any kind but silence."""
    kind = rng.random()
    if kind < 0.42:
        return coloured(rng, n, rng.choice([0.0, 0.0, 1.0, 2.0, rng.uniform(0, 2)])) * 0.3
    if kind < 0.56:
        return hum(rng, n)
    if kind < 0.64:
        return tone(rng, n)
    if kind < 0.72:
        return clicks(rng, n)
    if kind < 0.8:
        return chords(rng, n)
    if kind < 0.93:
        return beats(rng, n)
    return fluctuating(rng, n)


def speechless(rng: np.random.Generator, n: int) -> np.ndarray:
    """A whole clip without speech, exact zeros often among it."""
    kind = rng.random()
    if kind < 0.22:
        return np.zeros(n, np.float32)
    if kind < 0.38:
        out = rng.standard_normal(n, dtype=np.float32) * from_db(rng.uniform(-92, -55))
        # 16-bit files hold such noise as a few steps around zero.
        return np.round(out * 32768) / 32768 if rng.random() < 0.5 else out
    out = background(rng, n) * from_db(rng.uniform(-60, 0))
    if rng.random() < 0.3:
        out = out + background(rng, n) * from_db(rng.uniform(-60, -6))
    if rng.random() < 0.25 and n > 1600:
        first, last = np.sort(rng.integers(0, n, 2))
        keep = np.zeros(n, np.float32)
        keep[first:last] = 1
        out = out * keep
    return np.clip(out, -1, 1).astype(np.float32)
