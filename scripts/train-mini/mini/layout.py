"""Numbers that the architecture and Whisper's multilingual vocabulary fix."""

SAMPLE_RATE_HZ = 16_000
WINDOW_SEC = 30.0
HOP_SAMPLES = 160
FRAMES_PER_SEC = 100
POSITIONS_PER_SEC = 50

N_VOCAB = 51_865
N_AUDIO_CTX = 1_500
N_TEXT_CTX = 448
N_MELS = 80
N_STATE = 128
N_HEADS = 2
N_ENCODER_LAYERS = 4
# whisper.cpp takes a model of exactly two decoder layers for a distilled one and drops timestamps.
N_DECODER_LAYERS = 3

EOT = 50_257
SOT = 50_258
EN, DE, ES, FR = 50_259, 50_261, 50_262, 50_265
TRANSLATE = 50_358
TRANSCRIBE = 50_359
PREV = 50_361
NO_SPEECH = 50_362
NO_TIMESTAMPS = 50_363
FIRST_TIMESTAMP = 50_364
LAST_TIMESTAMP = 51_864
# The only text possible on silence without timestamps: EOT and " " may not come first.
NEWLINE = 198

DIGIT_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
MAX_FIRST_TIMESTAMP_SEC = 1.0


# Timestamps are told on a grid of 0.1 s. On the full grid of 20 ms neighbours differ by chance alone, and a model that
# cannot choose between them has a mean log-probability below -1, which servers take for doubt about the words.
TIMESTAMP_GRID = 5


def timestamp(time_sec: float) -> int:
    grids_per_sec = POSITIONS_PER_SEC / TIMESTAMP_GRID
    return FIRST_TIMESTAMP + TIMESTAMP_GRID * int(round(min(max(time_sec, 0.0), WINDOW_SEC) * grids_per_sec))


class ActiveRows:
    """The trained rows of the embedding, the text's first. Every other token shares one row, `unused`."""

    def __init__(self, said: list[tuple[list[int], list[int]]]):
        special = [NEWLINE, EOT, SOT, EN, DE, ES, FR, TRANSLATE, TRANSCRIBE, PREV, NO_SPEECH, NO_TIMESTAMPS]
        self.said = said
        self.text_tokens = list(dict.fromkeys(token for forms in said for form in forms for token in form))
        self.tokens = self.text_tokens + special + list(range(FIRST_TIMESTAMP, LAST_TIMESTAMP + 1))
        self.n_text = len(self.text_tokens)
        self.n_units = len(said)
        self.unused = len(self.tokens)
        self.n_unused = N_VOCAB - len(self.tokens)
        self._row_of = {token: row for row, token in enumerate(self.tokens)}

    def row(self, token: int) -> int:
        return self._row_of.get(token, self.unused)
