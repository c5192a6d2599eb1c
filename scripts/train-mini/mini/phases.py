"""What is trained for how long: digits first, then sentences too; short windows first, then longer, then Whisper's 30 s."""
from dataclasses import dataclass, replace

from .compose import Recipe

FIRST = (1.0, Recipe(2.0, digits=(1, 2), clean_share=0.4, shifted_share=0.2), 24)
SHORT = (1.0, Recipe(3.0, digits=(2, 6), speechless_share=0.1, short_share=0.1), 16)
MEDIUM = (1.0, Recipe(5.0, (1, 2), digits=(2, 7), speechless_share=0.12), 10)
LONGER = (1.0, Recipe(10.0, (1, 4), digits=(1, 7), shifted_share=0.7), 6)
TIGHT = (1.0, Recipe(8.0, (2, 4), digits=(1, 5), shifted_share=0.7), 6)
FULL_SPARSE = (1.0, Recipe(30.0, (1, 2), digits=(1, 7), speechless_share=0.3, short_share=0.25), 4)
FULL_SOME = (1.0, Recipe(30.0, (2, 7), digits=(1, 7), speechless_share=0.25, short_share=0.1), 4)
FULL_PACKED = (1.0, Recipe(30.0, (2, 10), digits=(1, 7), filled=True, speechless_share=0.15, short_share=0.1), 4)
FULL_DENSE = (1.0, replace(FULL_PACKED[1], dense_share=0.6), 4)


def thinned(entry: tuple, share: float, size: int) -> tuple:
    return entry[0], replace(entry[1], thinned_share=share), size


def weighted(share: float, entry: tuple) -> tuple:
    return (share, *entry[1:])


def digits_only(share: float, entry: tuple) -> tuple:
    return share, replace(entry[1], digits_share=1.0), entry[2]


@dataclass(frozen=True)
class Phase:
    minutes: float
    mix: tuple
    ctc_weight: float
    first_scale: float
    last_scale: float


PLANS = {
    "first": Phase(4, (digits_only(1.0, FIRST),), 1.0, 1.0, 1.0),
    "short": Phase(10, (digits_only(0.75, SHORT), digits_only(0.25, MEDIUM)), 0.5, 1.0, 0.7),
    "words": Phase(20, (digits_only(0.6, SHORT), digits_only(0.4, MEDIUM)), 0.2, 1.0, 0.8),
    "sentences": Phase(12, (weighted(0.5, SHORT), weighted(0.3, MEDIUM), weighted(0.2, TIGHT)), 0.5, 1.6, 1.3),
    # At all positions of the 30 s, with the pauses thinned out, which costs a quarter of whole windows.
    "longer": Phase(16, (weighted(0.25, SHORT), weighted(0.15, MEDIUM), weighted(0.15, TIGHT), weighted(0.1, LONGER),
                         weighted(0.1, thinned(FULL_SPARSE, 0.9, 6)), weighted(0.15, thinned(FULL_SOME, 0.9, 6)),
                         weighted(0.1, thinned(FULL_PACKED, 0.9, 5))), 0.4, 1.3, 0.6),
    "settle": Phase(30, (weighted(0.25, SHORT), weighted(0.15, MEDIUM), weighted(0.1, TIGHT), weighted(0.1, LONGER),
                         weighted(0.12, thinned(FULL_SPARSE, 0.6, 5)), weighted(0.16, thinned(FULL_SOME, 0.6, 5)),
                         weighted(0.12, thinned(FULL_PACKED, 0.6, 5))), 0.15, 0.8, 0.02),
    # What is left to learn after that: windows full of sentences.
    "full": Phase(20, (weighted(0.15, SHORT), weighted(0.1, MEDIUM), weighted(0.1, TIGHT), weighted(0.1, LONGER),
                       weighted(0.08, thinned(FULL_SPARSE, 0.6, 5)), weighted(0.12, thinned(FULL_SOME, 0.6, 5)),
                       weighted(0.35, thinned(FULL_DENSE, 0.6, 5))), 0.15, 0.35, 0.02),
}
SMOKE = Phase(0.15, ((0.8, Recipe(3.0, digits=(1, 3)), 4), (0.1, Recipe(30.0), 1), (0.1, Recipe(30.0, thinned_share=1.0), 2)),
              0.5, 1.0, 0.5)
