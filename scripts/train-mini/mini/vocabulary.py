"""OpenAI's byte vocabulary, from the published multilingual.tiktoken file or out of a model file."""
import base64
import re
import struct
from pathlib import Path

from .units import Unit

_PIECES = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+")


OUR_MODEL = Path(__file__).parents[3] / "models" / "ggml-sotto-mini.bin"


def read_vocabulary(path: Path) -> list[bytes]:
    if path.suffix == ".bin":
        return _vocabulary_of_model(path)
    pieces: dict[int, bytes] = {}
    for line in path.read_bytes().splitlines():
        if line.strip():
            piece, rank = line.split()
            pieces[int(rank)] = base64.b64decode(piece)
    return [pieces[i] for i in range(len(pieces))]


def _vocabulary_of_model(path: Path) -> list[bytes]:
    data = path.read_bytes()
    at = 12 * 4
    n_mels, n_bins = struct.unpack_from("<2i", data, at)
    at += 2 * 4 + n_mels * n_bins * 4
    n_pieces, = struct.unpack_from("<i", data, at)
    at += 4
    pieces = []
    for _ in range(n_pieces):
        long, = struct.unpack_from("<i", data, at)
        pieces.append(data[at + 4:at + 4 + long])
        at += 4 + long
    return pieces


class Encoder:
    """Byte pairs, merged in the order of their rank."""

    def __init__(self, vocabulary: list[bytes]):
        self.rank_of = {piece: rank for rank, piece in enumerate(vocabulary)}

    def encode(self, text: str) -> list[int]:
        return [token for piece in _PIECES.findall(text) for token in self._merged(piece.encode())]

    def _merged(self, piece: bytes) -> list[int]:
        parts = [piece[i:i + 1] for i in range(len(piece))]
        while len(parts) > 1:
            ranks = [self.rank_of.get(parts[i] + parts[i + 1], len(self.rank_of)) for i in range(len(parts) - 1)]
            best = min(ranks)
            if best == len(self.rank_of):
                break
            at = ranks.index(best)
            parts[at:at + 2] = [parts[at] + parts[at + 1]]
        return [self.rank_of[part] for part in parts]


def said_tokens(vocabulary: list[bytes], units: list[Unit]) -> list[tuple[list[int], list[int]]]:
    """For each unit the tokens of its text and of its translation."""
    encoder = Encoder(vocabulary)
    return [(encoder.encode(" " + unit.text), encoder.encode(" " + unit.english)) for unit in units]
