"""Whisper's log-mel spectrogram, with hooks to bend it while training."""
import numpy as np
from scipy import fft as scipy_fft

from .layout import HOP_SAMPLES, N_MELS, SAMPLE_RATE_HZ

N_FFT = 400
N_BINS = N_FFT // 2 + 1
HALF = N_FFT // 2
FLOOR = 1e-10
_HANN = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)).astype(np.float32)


def _hz_to_mel(hz):
    hz = np.asarray(hz, np.float64)
    linear = hz / (200.0 / 3)
    return np.where(hz >= 1000.0, 15.0 + np.log(np.maximum(hz, 1e-9) / 1000.0) / (np.log(6.4) / 27.0), linear)


def _mel_to_hz(mel):
    mel = np.asarray(mel, np.float64)
    return np.where(mel >= 15.0, 1000.0 * np.exp((np.log(6.4) / 27.0) * (mel - 15.0)), mel * (200.0 / 3))


def mel_filters(warp: float = 1.0) -> np.ndarray:
    """Slaney filters, 80 x 201. A warp above 1 moves formants up, as a shorter vocal tract does."""
    bins_hz = np.linspace(0, SAMPLE_RATE_HZ / 2, N_BINS) * warp
    edges_hz = _mel_to_hz(np.linspace(_hz_to_mel(0.0), _hz_to_mel(SAMPLE_RATE_HZ / 2), N_MELS + 2))
    width_hz = np.diff(edges_hz)
    ramps = edges_hz[:, None] - bins_hz[None, :]
    lower = -ramps[:-2] / width_hz[:-1, None]
    upper = ramps[2:] / width_hz[1:, None]
    weights = np.maximum(0.0, np.minimum(lower, upper))
    weights *= (2.0 / (edges_hz[2:] - edges_hz[:-2]))[:, None]
    return weights.astype(np.float32)


def power_mel(samples: np.ndarray, n_frames: int, filters: np.ndarray) -> np.ndarray:
    """Mel powers [n_frames, 80]; frames past the end of the samples are exact zeros, as padding is."""
    out = np.zeros((n_frames, N_MELS), np.float32)
    used = min(n_frames, (len(samples) + HALF) // HOP_SAMPLES + 1)
    padded = np.zeros(max(used * HOP_SAMPLES + N_FFT, HALF + len(samples)), np.float32)
    padded[HALF:HALF + len(samples)] = samples
    head = samples[1:HALF + 1][::-1]
    padded[HALF - len(head):HALF] = head
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP_SAMPLES][:used]
    spectrum = scipy_fft.rfft(frames * _HANN, axis=1)
    power = spectrum.real ** 2 + spectrum.imag ** 2
    out[:used] = power @ filters.T
    return out


def to_log_mel(power: np.ndarray, raised_maximum: float = 0.0) -> np.ndarray:
    log = np.log10(np.maximum(power, FLOOR))
    return (np.maximum(log, log.max() + raised_maximum - 8.0) + 4.0) / 4.0
