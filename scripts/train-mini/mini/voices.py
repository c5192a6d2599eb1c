"""Which synthetic voices are for training and which are kept for the fixtures."""
import random
from dataclasses import dataclass

ESPEAK_ACCENTS = ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029", "en-us-nyc")
ESPEAK_VARIANTS = (
    "", "+m1", "+m2", "+m4", "+m5", "+m6", "+m8", "+f1", "+f2", "+f3", "+f5", "+klatt", "+klatt2", "+klatt3", "+Alex",
    "+Andrea", "+Annie", "+Gene", "+Hugo", "+Lee", "+Marco", "+Mario", "+Michael", "+Mike", "+adam", "+antonio", "+belinda",
    "+benjamin", "+caleb", "+david", "+ed", "+edward", "+grandma", "+grandpa", "+iven", "+john", "+linda", "+max", "+miguel",
    "+paul", "+quincy", "+rob", "+shelby", "+steph", "+travis", "+victor", "+zac",
)
FLITE_VOICES = ("kal16", "awb", "slt")

HELD_OUT_ESPEAK_VARIANTS = ("+m3", "+m7", "+f4", "+Denis", "+Alicia", "+robert")
HELD_OUT_FLITE_VOICES = ("rms",)

# English digits spelled so that another language's voice says them with its accent.
FOREIGN_SPELLINGS = {
    "de": ("siero", "wann", "tuh", "srie", "foor", "feif", "six", "säwen", "äjt", "nein"),
    "nl": ("zieroo", "wan", "toe", "srie", "foor", "faaif", "siks", "sevven", "eet", "naain"),
    "fr": ("ziro", "ouane", "tou", "sri", "fore", "faïve", "sixe", "sevène", "éïte", "naïne"),
    "es": ("siro", "uan", "tu", "zri", "for", "faiv", "six", "seven", "eit", "nain"),
    "it": ("ziro", "uan", "tu", "tri", "for", "faiv", "six", "seven", "eit", "nain"),
}


@dataclass(frozen=True)
class Voice:
    engine: str
    name: str
    speed_wpm: int = 160
    pitch: int = 50
    stretch: float = 1.0

    @property
    def language(self) -> str:
        return self.name.split("+")[0] if self.engine == "espeak-ng" else "en"


def draw_training_voice(rng: random.Random, foreign_share: float = 0.2) -> Voice:
    if rng.random() < 0.35:
        return Voice("flite", rng.choice(FLITE_VOICES), stretch=round(rng.uniform(0.75, 1.35), 2))
    accent = rng.choice(list(FOREIGN_SPELLINGS)) if rng.random() < foreign_share else rng.choice(ESPEAK_ACCENTS)
    return Voice("espeak-ng", accent + rng.choice(ESPEAK_VARIANTS), rng.randint(110, 215), rng.randint(15, 85))
