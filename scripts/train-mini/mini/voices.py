"""Which synthetic voices are for training and which are kept to measure and for the fixtures."""
import random
from dataclasses import dataclass

ESPEAK_ACCENTS = {
    "en": ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029", "en-us-nyc"),
    "es": ("es", "es", "es-419"),
    "de": ("de",),
    "fr": ("fr", "fr", "fr-be", "fr-ch"),
}
ESPEAK_VARIANTS = (
    "", "+m1", "+m2", "+m4", "+m5", "+m6", "+m8", "+f1", "+f2", "+f3", "+f5", "+klatt", "+klatt2", "+klatt3", "+Alex",
    "+Andrea", "+Annie", "+Gene", "+Hugo", "+Lee", "+Marco", "+Mario", "+Michael", "+Mike", "+adam", "+antonio", "+belinda",
    "+benjamin", "+caleb", "+david", "+ed", "+edward", "+grandma", "+grandpa", "+iven", "+john", "+linda", "+max", "+miguel",
    "+paul", "+quincy", "+rob", "+shelby", "+steph", "+travis", "+victor", "+zac",
)
FLITE_VOICES = ("kal16", "awb", "slt")
PICO_VOICES = {"en": ("en-US", "en-GB"), "es": ("es-ES",), "de": ("de-DE",), "fr": ("fr-FR",)}
FESTIVAL_VOICES = ("ked_diphone",)
HELD_OUT_ESPEAK_VARIANTS = ("+m3", "+m7", "+f4", "+Denis", "+Alicia", "+robert")
HELD_OUT_FLITE_VOICES = ("rms",)
# Heard through espeak-ng, which finds the pronunciation. Only to measure: what may be made with these recordings of people is
# not plain enough for weights or fixtures that we pass on.
MBROLA_VOICES = {
    "en": ("mb-us1", "mb-us2", "mb-us3", "mb-en1"),
    "es": ("mb-es1", "mb-es2", "mb-es3", "mb-es4", "mb-mx1", "mb-mx2", "mb-vz1"),
    "de": ("mb-de1", "mb-de2", "mb-de3", "mb-de4", "mb-de5", "mb-de6", "mb-de7"),
    "fr": ("mb-fr1", "mb-fr2", "mb-fr3", "mb-fr4", "mb-fr5", "mb-fr6", "mb-fr7"),
}

# English digits spelled so that another language's voice says them with its accent.
FOREIGN_SPELLINGS = {
    "de": ("siero", "wann", "tuh", "srie", "foor", "feif", "six", "säwen", "äjt", "nein"),
    "nl": ("zieroo", "wan", "toe", "srie", "foor", "faaif", "siks", "sevven", "eet", "naain"),
    "fr": ("ziro", "ouane", "tou", "sri", "fore", "faïve", "sixe", "sevène", "éïte", "naïne"),
    "es": ("siro", "uan", "tu", "zri", "for", "faiv", "six", "seven", "eit", "nain"),
    "it": ("ziro", "uan", "tu", "tri", "for", "faiv", "six", "seven", "eit", "nain"),
}

ENGINES = ("espeak-ng", "flite", "festival", "pico")

# How often each engine is drawn for the sentences of a language.
_SHARES = {
    "en": {"espeak-ng": 0.48, "flite": 0.3, "pico": 0.17, "festival": 0.05},
    "es": {"espeak-ng": 0.75, "pico": 0.25},
    "de": {"espeak-ng": 0.75, "pico": 0.25},
    "fr": {"espeak-ng": 0.75, "pico": 0.25},
}


@dataclass(frozen=True)
class Voice:
    """Speed and pitch are espeak-ng's and MBROLA's, stretch is flite's and Festival's, percentages are Pico's."""
    engine: str
    name: str
    speed_wpm: int = 160
    pitch: int = 50
    stretch: float = 1.0
    speed_percent: int = 100
    pitch_percent: int = 100

    @property
    def label(self) -> str:
        return f"{self.engine} {self.name}"

    @property
    def accent(self) -> str:
        return self.name.split("+")[0] if self.engine == "espeak-ng" else "en"


def draw_training_voice(rng: random.Random, foreign_share: float = 0.2) -> Voice:
    """For digits."""
    if rng.random() < 0.35:
        return Voice("flite", rng.choice(FLITE_VOICES), stretch=round(rng.uniform(0.75, 1.35), 2))
    accent = rng.choice(list(FOREIGN_SPELLINGS)) if rng.random() < foreign_share else rng.choice(ESPEAK_ACCENTS["en"])
    return Voice("espeak-ng", accent + rng.choice(ESPEAK_VARIANTS), rng.randint(110, 215), rng.randint(15, 85))


def draw_phrase_voice(rng: random.Random, language: str, engines: list[str]) -> Voice:
    shares = {engine: share for engine, share in _SHARES[language].items() if engine in engines}
    engine = rng.choices(list(shares), list(shares.values()))[0]
    names = {"flite": FLITE_VOICES, "festival": FESTIVAL_VOICES, "pico": PICO_VOICES[language]}.get(engine) or (
        rng.choice(ESPEAK_ACCENTS[language]) + rng.choice(ESPEAK_VARIANTS),)
    return _at_some_rate(rng, engine, rng.choice(names))


def draw_held_out_voice(rng: random.Random, language: str) -> Voice:
    """A voice of which training heard nothing."""
    if language == "en" and rng.random() < 0.3:
        return _at_some_rate(rng, "flite", rng.choice(HELD_OUT_FLITE_VOICES))
    return _at_some_rate(rng, "espeak-ng", rng.choice(ESPEAK_ACCENTS[language]) + rng.choice(HELD_OUT_ESPEAK_VARIANTS))


def draw_mbrola_voice(rng: random.Random, language: str) -> Voice:
    """A voice of a kind that training heard nothing of: recorded diphones of a person."""
    return _at_some_rate(rng, "mbrola", rng.choice(MBROLA_VOICES[language]))


def _at_some_rate(rng: random.Random, engine: str, name: str) -> Voice:
    return Voice(engine, name, rng.randint(115, 205), rng.randint(20, 80), round(rng.uniform(0.78, 1.3), 2),
                 rng.randint(78, 125), rng.randint(75, 130))
