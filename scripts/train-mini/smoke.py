"""Everything once on tiny settings, about a minute: smoke.py --work FOLDER [--program whisper-cli]

Needs espeak-ng and flite alone: synthetic digits stand in for recordings, and the vocabulary is that of our model.
"""
import argparse
import subprocess
import sys
from pathlib import Path

import soundfile

from mini.layout import DIGIT_WORDS, SAMPLE_RATE_HZ
from mini.pool import FIRST_TRAINING_INDEX
from mini.synthesise import speak
from mini.voices import Voice

HERE = Path(__file__).parent
ENGINES = ("espeak-ng", "flite")
STAND_INS = {"one": "en-us+m1", "another": "en-gb+f2"}
HELD_OUT = "another"


def run(script: str, *arguments) -> None:
    print(">", script, *arguments, flush=True)
    subprocess.run([sys.executable, str(HERE / script), *map(str, arguments)], check=True)


def write_stand_ins(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for speaker, name in STAND_INS.items():
        for digit, word in enumerate(DIGIT_WORDS):
            samples = speak(word, Voice("espeak-ng", name))
            for index in (0, FIRST_TRAINING_INDEX):
                soundfile.write(folder / f"{digit}_{speaker}_{index}.wav", samples, SAMPLE_RATE_HZ)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--program", type=Path, help="whisper-cli: the files are then also loaded and heard")
    given = parser.parse_args()
    recordings, pool, checkpoint, out = (given.work / name for name in ("recordings", "pool", "smoke.pt", "export"))
    write_stand_ins(recordings)
    run("make_pool.py", "--out", pool, "--recordings", recordings, "--held-out", HELD_OUT, "--tempo-variants", 0, "--words", 60,
        "--voices", 2, "--engines", *ENGINES)
    run("train.py", "smoke", "--pool", pool, "--out", checkpoint)
    run("export.py", checkpoint, "--out", out)
    if given.program:
        run("evaluate.py", "--recordings", recordings, "--held-out", HELD_OUT, "--work", given.work / "sets", "--strings", 4,
            "--voices", 1, "--windows", 1, "--speechless", 25, "--skip-long",
            "--program", given.program, "--model", out / "ggml-sotto-mini.bin")


if __name__ == "__main__":
    main()
