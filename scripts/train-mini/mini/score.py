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


def pairs(said: list[str], heard: list[str]) -> list[tuple[int, int]]:
    """The longest common sequence: which of the said was heard as which. The rest is lost, or too much."""
    best = [[0] * (len(heard) + 1) for _ in range(len(said) + 1)]
    for i in reversed(range(len(said))):
        for j in reversed(range(len(heard))):
            same = said[i] == heard[j]
            best[i][j] = best[i + 1][j + 1] + 1 if same else max(best[i + 1][j], best[i][j + 1])
    out, i, j = [], 0, 0
    while i < len(said) and j < len(heard):
        if said[i] == heard[j]:
            out.append((i, j))
            i, j = i + 1, j + 1
        elif best[i + 1][j] >= best[i][j + 1]:
            i += 1
        else:
            j += 1
    return out
