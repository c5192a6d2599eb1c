"""Everything once on tiny settings, about a minute: smoke.py --recordings FOLDER --tiktoken FILE --work FOLDER [--program whisper-cli]"""
import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def run(script: str, *arguments) -> None:
    print(">", script, *arguments, flush=True)
    subprocess.run([sys.executable, str(HERE / script), *map(str, arguments)], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=Path, required=True)
    parser.add_argument("--tiktoken", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--held-out", default="theo")
    parser.add_argument("--program", type=Path, help="whisper-cli: the files are then also loaded and heard")
    given = parser.parse_args()
    pool, checkpoint, out = given.work / "pool", given.work / "smoke.pt", given.work / "export"
    run("make_pool.py", "--out", pool, "--recordings", given.recordings, "--held-out", given.held_out,
        "--tempo-variants", 0, "--words", 120)
    run("train.py", "smoke", "--pool", pool, "--tiktoken", given.tiktoken, "--out", checkpoint)
    run("export.py", checkpoint, "--tiktoken", given.tiktoken, "--out", out)
    if given.program:
        run("evaluate.py", "--recordings", given.recordings, "--held-out", given.held_out, "--work", given.work / "sets",
            "--strings", 4, "--skip-long", "--program", given.program, "--model", out / "ggml-sotto-mini.bin", out / "ggml-sotto-mini-f16.bin")


if __name__ == "__main__":
    main()
