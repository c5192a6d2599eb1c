"""Measure a model, or a server that runs it, and print the card's table.

evaluate.py --recordings FOLDER --held-out SPEAKER --work FOLDER (--program whisper-cli --model FILE [FILE ...] | --server URL)
"""
import argparse
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import median

from mini.score import owners_of, word_errors, words_of
from mini.testsets import TestClip, write_digit_sets, write_sentence_sets, write_speechless
from mini.transcribe import AUTO, Heard, through_program, through_server
from mini.units import LANGUAGES

# From clips, language and whether to translate.
Hearer = Callable[[list[Path], str, bool], list[Heard]]


class Report:
    """A row a set, a column a hearer; rows as they are done."""

    def __init__(self, hearers: dict[str, Hearer], tells_errors: bool):
        self.hearers, self.tells_errors = hearers, tells_errors
        print("| set | clips | " + " | ".join(hearers) + " |")
        print("|---|---|" + "---|" * len(hearers))

    def row(self, title: str, clips: list[TestClip], language: str, figure: Callable[[list[TestClip], list[Heard]], str],
            translate: bool = False) -> None:
        cells = []
        for name, hear in self.hearers.items():
            heard = hear([c.path for c in clips], language, translate)
            cells.append(figure(clips, heard))
            if self.tells_errors:
                for clip, answer in zip(clips, heard):
                    wanted = clip.english if translate else clip.text
                    if words_of(wanted) != words_of(answer.text):
                        print(f"    {name} {clip.path}: said {wanted!r}, heard {answer.language} {answer.text.strip()!r}")
        print(f"| {title} | {len(clips)} | " + " | ".join(cells) + " |", flush=True)


def word_error_rate(clips: list[TestClip], heard: list[Heard]) -> str:
    errors = [word_errors(words_of(c.text), words_of(h.text)) for c, h in zip(clips, heard)]
    n_words = sum(len(words_of(c.text)) for c in clips)
    return f"{100 * sum(errors) / n_words:.1f} % word error rate, {sum(e == 0 for e in errors)} of {len(clips)} all right"


def translated(clips: list[TestClip], heard: list[Heard]) -> str:
    right = sum(words_of(c.english) == words_of(h.text) for c, h in zip(clips, heard))
    return f"{100 * right / len(clips):.1f} % whole sentences right"


def without_text(clips: list[TestClip], heard: list[Heard]) -> str:
    return f"{sum(bool(words_of(h.text)) for h in heard)} of {len(clips)} with text"


def detected(language: str) -> Callable[[list[TestClip], list[Heard]], str]:
    return lambda clips, heard: f"{100 * sum(h.language == language for h in heard) / len(clips):.1f} % right"


def placed(clips: list[TestClip], heard: list[Heard]) -> str:
    errors_sec, counts = [], Counter()
    for clip, answer in zip(clips, heard):
        segments = [(start, " ".join(words_of(text))) for start, text in answer.segments if words_of(text)]
        owners = owners_of([start for start, _ in segments], [(u.start_sec, u.end_sec) for u in clip.utterances])
        counts["made up"] += owners.count(None)
        for i, utterance in enumerate(clip.utterances):
            own = [segment for segment, owner in zip(segments, owners) if owner == i]
            if not own:
                counts["lost"] += 1
            elif " ".join(text for _, text in own) == " ".join(words_of(utterance.text)):
                errors_sec.append(abs(utterance.start_sec - own[0][0]))
            else:
                counts["doubled" if len(own) > 1 else "misheard"] += 1
    start = f"start error median {median(errors_sec):.2f} s" if errors_sec else "no start"
    told = ", ".join(f"{counts[what]} {what}" for what in ("lost", "doubled", "made up", "misheard"))
    return f"{start}; of {sum(len(c.utterances) for c in clips)} utterances {told}; {word_error_rate(clips, heard)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=Path, required=True, help="folder of {digit}_{speaker}_{index}.wav")
    parser.add_argument("--held-out", default="theo")
    parser.add_argument("--others", type=Path, help="another such folder, of speakers never trained on")
    parser.add_argument("--work", type=Path, required=True, help="where the test clips are written")
    parser.add_argument("--strings", type=int, default=70, help="clips for each set of digit strings")
    parser.add_argument("--voices", type=int, default=3, help="held-out voices for each sentence")
    parser.add_argument("--windows", type=int, default=8, help="clips of several sentences for each language")
    parser.add_argument("--speechless", type=int, default=100, help="clips without speech")
    parser.add_argument("--mbrola", action="store_true", help="sentences by MBROLA's voices too, a kind that training never met")
    parser.add_argument("--skip-long", action="store_true", help="without the files of three minutes")
    parser.add_argument("--program", type=Path, help="whisper-cli")
    parser.add_argument("--model", type=Path, nargs="*", default=[])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--server", help="http://127.0.0.1:PORT")
    parser.add_argument("--server-model", default="whisper-1", help="value of the form field `model`")
    parser.add_argument("--key", help="bearer token")
    parser.add_argument("--errors", action="store_true", help="print every clip that was not right")
    given = parser.parse_args()

    hearers: dict[str, Hearer] = {
        m.name: lambda paths, language, translate, m=m: through_program(given.program, m, paths, given.threads, language, translate)
        for m in given.model}
    if given.server:
        hearers[given.server] = lambda paths, language, translate: through_server(
            given.server, paths, given.server_model, given.key, language, translate)
    report = Report(hearers, given.errors)
    for title, clips in write_digit_sets(given.work, given.recordings, given.held_out, given.others, given.strings).items():
        if not (given.skip_long and "three minutes" in title):
            report.row(f"digits, {title}", clips, "en", word_error_rate)
    for language in LANGUAGES:
        sets = write_sentence_sets(given.work, language, given.voices, given.windows, given.mbrola)
        report.row(f"sentences, {language}", sets["alone"], language, word_error_rate)
        report.row(f"sentences, {language}, 10 dB noise", sets["noise"], language, word_error_rate)
        if given.mbrola:
            report.row(f"sentences, {language}, MBROLA's voices", sets["mbrola"], language, word_error_rate)
        report.row(f"language, {language}", sets["alone"], AUTO, detected(language))
        if language != "en":
            report.row(f"translation, {language}", sets["alone"], language, translated, translate=True)
        report.row(f"several in 3-30 s, {language}", sets["windows"], language, placed)
        if not given.skip_long:
            report.row(f"three minutes, {language}", sets["three minutes"], language, placed)
    report.row("no speech", write_speechless(given.work / "speechless", given.speechless), "en", without_text)


if __name__ == "__main__":
    main()
