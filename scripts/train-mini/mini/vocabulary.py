"""OpenAI's byte vocabulary, read from the published multilingual.tiktoken file."""
import base64
from pathlib import Path

from .layout import DIGIT_WORDS


def read_vocabulary(path: Path) -> list[bytes]:
    pieces: dict[int, bytes] = {}
    for line in path.read_bytes().splitlines():
        if line.strip():
            piece, rank = line.split()
            pieces[int(rank)] = base64.b64decode(piece)
    return [pieces[i] for i in range(len(pieces))]


def digit_tokens(vocabulary: list[bytes]) -> list[int]:
    """Each digit word with its leading space is a single token."""
    index = {piece: i for i, piece in enumerate(vocabulary)}
    return [index[(" " + word).encode()] for word in DIGIT_WORDS]
