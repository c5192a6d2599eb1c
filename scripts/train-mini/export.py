"""Write the model files: export.py CHECKPOINT --out FOLDER [--tiktoken FILE] [--name ggml-sotto-mini] [--raw]"""
import argparse
import hashlib
from pathlib import Path

import numpy as np

from mini.ggml_file import write_ggml
from mini.layout import N_MELS, ActiveRows
from mini.mel import N_BINS, mel_filters
from mini.tensors import checkpoint_tensors
from mini.units import read_units
from mini.vocabulary import OUR_MODEL, read_vocabulary, said_tokens


def read_filters(path: Path | None) -> np.ndarray:
    if path is None:
        return mel_filters()
    loaded = np.load(path)
    filters = loaded["mel_80"] if path.suffix == ".npz" else loaded
    return np.asarray(filters, np.float32).reshape(N_MELS, N_BINS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--tiktoken", type=Path, default=OUR_MODEL, help="multilingual.tiktoken, or a model file that holds the vocabulary")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--name", default="ggml-sotto-mini")
    parser.add_argument("--filters", type=Path, help="80 x 201 mel filters (.npz or .npy) instead of our own, equal to rounding")
    parser.add_argument("--raw", action="store_true", help="the last weights, not their running average")
    given = parser.parse_args()
    vocabulary = read_vocabulary(given.tiktoken)
    tensors = checkpoint_tensors(given.checkpoint, ActiveRows(said_tokens(vocabulary, read_units())), not given.raw)
    given.out.mkdir(parents=True, exist_ok=True)
    for ending, quantised in (("-f16.bin", False), (".bin", True)):
        path = given.out / (given.name + ending)
        part = path.with_suffix(".part")
        write_ggml(part, tensors, read_filters(given.filters), vocabulary, quantised)
        part.replace(path)
        print(path, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())


if __name__ == "__main__":
    main()
