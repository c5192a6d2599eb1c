"""Make the clip pool: make_pool.py --out POOL --recordings FOLDER [FOLDER ...] --held-out SPEAKER"""
import argparse
from pathlib import Path

from mini.pool import build_pool
from mini.units import read_units
from mini.voices import ENGINES

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--recordings", type=Path, nargs="+", required=True,
                        help="folders of {digit}_{speaker}_{index}.wav; the first has many clips a speaker")
    parser.add_argument("--held-out", required=True, help="speaker kept wholly out of training")
    parser.add_argument("--tempo-variants", type=int, default=6)
    parser.add_argument("--words", type=int, default=6000, help="synthetic digits")
    parser.add_argument("--voices", type=int, default=160, help="clips of each sentence in each language")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES), help="synthesisers of the sentences")
    parser.add_argument("--seed", type=int, default=20_261_121)
    given = parser.parse_args()
    build_pool(given.out, given.recordings, given.held_out, read_units(), given.tempo_variants, given.words, given.voices,
               given.engines, given.seed)
