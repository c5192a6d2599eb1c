"""Writer of whisper.cpp's model files."""
import struct
from pathlib import Path

import numpy as np

from .layout import (N_AUDIO_CTX, N_DECODER_LAYERS, N_ENCODER_LAYERS, N_HEADS, N_MELS, N_STATE, N_TEXT_CTX, N_VOCAB)
from .quantise import Q5_1_FILE_TYPE, Q5_1_TYPE, q5_1

MAGIC = 0x67676D6C
F32, F16 = 0, 1
_ALWAYS_F32 = ("encoder.positional_embedding", "decoder.positional_embedding", "encoder.conv1.bias", "encoder.conv2.bias")


def write_ggml(path: Path, tensors: dict[str, np.ndarray], filters: np.ndarray, vocabulary: list[bytes], quantised: bool) -> None:
    with path.open("wb") as file:
        file_type = Q5_1_FILE_TYPE if quantised else F16
        file.write(struct.pack("<12i", MAGIC, N_VOCAB, N_AUDIO_CTX, N_STATE, N_HEADS, N_ENCODER_LAYERS, N_TEXT_CTX, N_STATE,
                               N_HEADS, N_DECODER_LAYERS, N_MELS, file_type))
        file.write(struct.pack("<2i", *filters.shape))
        file.write(np.ascontiguousarray(filters, "<f4").tobytes())
        file.write(struct.pack("<i", len(vocabulary)))
        for piece in vocabulary:
            file.write(struct.pack("<i", len(piece)) + piece)
        for name, values in tensors.items():
            kind, data = _encode(name, values, quantised)
            label = name.encode()
            file.write(struct.pack("<3i", values.ndim, len(label), kind))
            file.write(struct.pack(f"<{values.ndim}i", *reversed(values.shape)))
            file.write(label + data)


def _encode(name: str, values: np.ndarray, quantised: bool) -> tuple[int, bytes]:
    if values.ndim < 2 or name in _ALWAYS_F32:
        return F32, np.ascontiguousarray(values, "<f4").tobytes()
    half = np.ascontiguousarray(values, "<f2")
    # From the f16 values, so that the file equals what upstream's tool makes of the f16 file.
    return (Q5_1_TYPE, q5_1(half)) if quantised and values.ndim == 2 else (F16, half.tobytes())
