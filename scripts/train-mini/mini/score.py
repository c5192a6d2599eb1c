"""Word errors, and utterances against segments."""
import re


def words_of(text: str) -> list[str]:
    return re.sub(r"[^\w' ]|_", " ", text.lower()).split()


def word_errors(said: list[str], heard: list[str]) -> int:
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (word != other))
    return row[-1]


SLACK_SEC = 0.5


def owners_of(starts_sec: list[float], spans_sec: list[tuple[float, float]]) -> list[int | None]:
    """Of each segment the utterance in which it begins, half a second early at most; None where nobody speaks."""
    owners = []
    for start in starts_sec:
        before = [i for i, (from_sec, _) in enumerate(spans_sec) if from_sec - SLACK_SEC <= start]
        own = min(before, key=lambda i: abs(spans_sec[i][0] - start), default=None)
        owners.append(own if own is not None and start < spans_sec[own][1] else None)
    return owners
