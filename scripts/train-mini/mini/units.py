"""What the model can hear and say: ten English digits, and each sentence of models/phrases.json in four languages."""
import json
from dataclasses import dataclass
from pathlib import Path

from .layout import DE, DIGIT_WORDS, EN, ES, FR

LANGUAGE_TOKENS = {"en": EN, "es": ES, "de": DE, "fr": FR}
LANGUAGES = tuple(LANGUAGE_TOKENS)
N_DIGITS = len(DIGIT_WORDS)
PHRASES_PATH = Path(__file__).parents[3] / "models" / "phrases.json"


@dataclass(frozen=True)
class Unit:
    """A stretch of sound that is known as a whole: a digit, or a sentence in one language."""
    language: str
    text: str
    english: str


def read_units(path: Path = PHRASES_PATH) -> list[Unit]:
    """The digits first: a unit below N_DIGITS is that digit."""
    digits = [Unit("en", word, word) for word in DIGIT_WORDS]
    return digits + [Unit(l, row[l], row["en"]) for row in json.loads(path.read_text(encoding="utf-8")) for l in LANGUAGES]


def unit_of(phrase: int, language: str) -> int:
    return N_DIGITS + len(LANGUAGES) * phrase + LANGUAGES.index(language)
