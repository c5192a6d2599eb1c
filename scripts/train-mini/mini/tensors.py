"""From a training checkpoint to the tensors of Whisper's checkpoint."""
from pathlib import Path

import numpy as np
import torch

from .layout import N_AUDIO_CTX, N_STATE, N_VOCAB, ActiveRows
from .model import N_TIMESTAMPS, sinusoids, with_time_codes


def checkpoint_tensors(path: Path, rows: ActiveRows, averaged: bool) -> dict[str, np.ndarray]:
    saved = torch.load(path, weights_only=True, map_location="cpu")
    weights = saved["average" if averaged else "weights"]
    out = {"encoder.positional_embedding": sinusoids(N_AUDIO_CTX, N_STATE).numpy()}
    for name, value in weights.items():
        if name.startswith(("ctc.", "sounding.")) or name == "decoder.time_projection":
            continue
        array = value.numpy()
        if name == "decoder.active_embedding":
            if "decoder.time_projection" in weights:
                array = with_time_codes(value, weights["decoder.time_projection"], rows.unused - N_TIMESTAMPS).numpy()
            name, array = "decoder.token_embedding.weight", _full_embedding(array, rows)
        elif name in ("encoder.conv1.bias", "encoder.conv2.bias"):
            array = array[:, None]
        out[name] = array
    return out


def _full_embedding(active: np.ndarray, rows: ActiveRows) -> np.ndarray:
    full = np.tile(active[rows.unused], (N_VOCAB, 1))
    full[rows.tokens] = active[:rows.unused]
    return full
