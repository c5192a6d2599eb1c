"""ggml's q5_1: blocks of 32 values, each block with an f16 scale and minimum and 5 bits a value."""
import numpy as np

BLOCK = 32
Q5_1_TYPE = 7
# 9 is "mostly q5_1"; the thousands carry ggml's version of the quantisation formats.
Q5_1_FILE_TYPE = 9 + 1000 * 2
_BLOCK_LAYOUT = np.dtype([("scale", "<f2"), ("minimum", "<f2"), ("high_bits", "<u4"), ("low_bits", "u1", (BLOCK // 2,))])


def q5_1(matrix: np.ndarray) -> bytes:
    values = matrix.astype(np.float32).reshape(-1, BLOCK)
    minimum = values.min(axis=1)
    scale = (values.max(axis=1) - minimum) / np.float32(31)
    with np.errstate(divide="ignore"):
        inverse = np.where(scale != 0, np.float32(1) / scale, np.float32(0)).astype(np.float32)
    steps = ((values - minimum[:, None]) * inverse[:, None] + np.float32(0.5)).astype(np.uint8)
    blocks = np.zeros(len(values), _BLOCK_LAYOUT)
    blocks["scale"], blocks["minimum"] = scale, minimum
    half = BLOCK // 2
    blocks["low_bits"] = (steps[:, :half] & 0x0F) | ((steps[:, half:] & 0x0F) << 4)
    high = (steps >> 4).astype(np.uint32) & 1
    blocks["high_bits"] = (high << np.arange(BLOCK, dtype=np.uint32)).sum(axis=1, dtype=np.uint32)
    return blocks.tobytes()
