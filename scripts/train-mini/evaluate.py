"""Measure a model, or a server that runs it, and print the card's table.

evaluate.py --recordings FOLDER --held-out SPEAKER --work FOLDER (--program whisper-cli --model FILE [FILE ...] | --server URL)
"""
import argparse
from pathlib import Path

from mini.score import word_errors, words_of
from mini.testsets import write_test_sets
from mini.transcribe import through_program, through_server


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=Path, required=True, help="folder of {digit}_{speaker}_{index}.wav")
    parser.add_argument("--held-out", default="theo")
    parser.add_argument("--others", type=Path, help="another such folder, of speakers never trained on")
    parser.add_argument("--work", type=Path, required=True, help="where the test clips are written")
    parser.add_argument("--strings", type=int, default=70, help="clips for each set of strings")
    parser.add_argument("--skip-long", action="store_true", help="without the files of three minutes")
    parser.add_argument("--program", type=Path, help="whisper-cli")
    parser.add_argument("--model", type=Path, nargs="*", default=[])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--server", help="http://127.0.0.1:PORT")
    parser.add_argument("--server-model", default="whisper-1", help="value of the form field `model`")
    parser.add_argument("--key", help="bearer token")
    parser.add_argument("--errors", action="store_true", help="print every clip that was not right")
    given = parser.parse_args()
    sets = write_test_sets(given.work, given.recordings, given.held_out, given.others, given.strings)
    hearers = {str(m.name): (lambda paths, m=m: through_program(given.program, m, paths, given.threads)) for m in given.model}
    if given.server:
        hearers[given.server] = lambda paths: through_server(given.server, paths, given.server_model, given.key)
    print("| set | clips | " + " | ".join(f"{name}: WER | all right" for name in hearers) + " |")
    print("|---|---|" + "---|---|" * len(hearers))
    for title, clips in sets.items():
        if given.skip_long and "three minutes" in title:
            continue
        cells = []
        for name, hear in hearers.items():
            texts = hear([c.path for c in clips])
            errors = [word_errors(words_of(c.text), words_of(t)) for c, t in zip(clips, texts)]
            n_words = sum(len(words_of(c.text)) for c in clips)
            cells += [f"{100 * sum(errors) / n_words:.1f} %" if n_words else f"{sum(errors)} words",
                      f"{sum(e == 0 for e in errors)} of {len(clips)}"]
            if given.errors:
                for clip, text, error in zip(clips, texts, errors):
                    if error:
                        print(f"    {name} {clip.path.name}: said {clip.text!r}, heard {text.strip()!r}")
        print(f"| {title} | {len(clips)} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
