"""One training window: samples with augmentation, the digits or sentences in them, and what the decoder has to say."""
from dataclasses import dataclass, field

import numpy as np
from scipy.signal import oaconvolve

from .layout import (EN, EOT, FIRST_TIMESTAMP, MAX_FIRST_TIMESTAMP_SEC, N_MELS, NEWLINE, NO_SPEECH, NO_TIMESTAMPS, POSITIONS_PER_SEC,
                     PREV, SAMPLE_RATE_HZ, SOT, TIMESTAMP_GRID, TRANSCRIBE, TRANSLATE, WINDOW_SEC, ActiveRows, timestamp)
from .mel import mel_filters, power_mel, to_log_mel
from .noise import background, from_db, speechless
from .pool import Pool
from .units import LANGUAGE_TOKENS, LANGUAGES, N_DIGITS, unit_of

IGNORED = -1
DIGITS = "digits"
NOWHERE = (-1, -1)
WARPS = np.linspace(0.84, 1.18, 18)
# What a telephone line leaves of each band, 300 to 3400 Hz; powers of it make it steeper.
TELEPHONE = (10 ** -(np.maximum(0, 7 - np.arange(N_MELS)) * 0.2 + np.clip(np.arange(N_MELS) - 57, 0, 8) * 0.25)).astype(np.float32)


@dataclass(frozen=True)
class Recipe:
    """What the windows of a phase look like."""
    window_sec: float
    utterances: tuple[int, int] = (1, 1)
    digits: tuple[int, int] = (1, 8)
    speechless_share: float = 0.2
    short_share: float = 0.15
    anywhere_share: float = 0.15
    shifted_share: float = 0.35
    filled: bool = False
    dense_share: float = 0.0  # windows without a pause of more than a second, as they are where silence is left out
    clean_share: float = 0.2
    digits_share: float = 0.32
    thinned_share: float = 0.0

    @property
    def n_frames(self) -> int:
        return int(round(self.window_sec * 100))


@dataclass
class Word:
    """A unit at its place."""
    start_sec: float
    end_sec: float
    unit: int


@dataclass
class Window:
    mel: np.ndarray
    first_position: int
    tokens: list[int]
    targets: list[int]
    speechless: bool
    sot_at: int
    language: int
    sounding: np.ndarray
    utterance: np.ndarray
    heard: list[int] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)


def _span(start_sec: float, end_sec: float) -> tuple[int, int]:
    """Encoder positions from the window's start."""
    first = max(0, int(start_sec * POSITIONS_PER_SEC))
    return first, max(first + 1, int(end_sec * POSITIONS_PER_SEC) + 1)


class Composer:
    def __init__(self, pool: Pool, rows: ActiveRows, seed: int, real_share: float = 0.65):
        self.pool, self.rows, self.real_share = pool, rows, real_share
        self.rng = np.random.default_rng(seed)
        self.filters = [mel_filters(w) for w in WARPS]
        self.plain_filters = mel_filters()
        # The rare speakers (one clip a digit) are drawn less often than those with hundreds.
        weight = np.array([min(1.0, sum(map(len, pool.real[s].values())) / 1000) for s in pool.real_speakers])
        self.speaker_share = weight / weight.sum()

    def window(self, recipe: Recipe) -> Window:
        rng = self.rng
        silent = rng.random() < recipe.speechless_share
        self.clean = rng.random() < recipe.clean_share
        room_sec = recipe.window_sec
        shift_sec = 0.0
        if rng.random() < recipe.shifted_share and room_sec < WINDOW_SEC:
            last = WINDOW_SEC - room_sec
            shift_sec = last if rng.random() < 0.2 else float(rng.integers(0, int(last * 50))) / 50
        self.content = DIGITS if rng.random() < recipe.digits_share else LANGUAGES[rng.integers(len(LANGUAGES))]
        language = LANGUAGE_TOKENS.get(self.content, EN)
        if silent:
            words, samples = [], self._speechless(room_sec)
        else:
            words, samples = self._speech(recipe, may_cut=shift_sec + room_sec > WINDOW_SEC - 0.01)
        mel = self._mel(samples, recipe.n_frames)
        tokens, targets, spans, sot_at = self._script(words, language, room_sec, shift_sec)
        heard = [w.unit for w in words if w.end_sec <= room_sec]
        return Window(mel, int(round(shift_sec * 50)), tokens, targets, not words, sot_at, language,
                      *self._sounding(words, recipe.n_frames // 2), heard, spans)

    def _sounding(self, words: list[Word], n_positions: int) -> tuple[np.ndarray, np.ndarray]:
        """Which unit sounds at each position, the number after the last one being none; and its place among the window's, or -1."""
        unit, nth = np.full(n_positions, self.rows.n_units, np.int64), np.full(n_positions, -1, np.int64)
        for i, word in enumerate(words):
            first, last = int(word.start_sec * POSITIONS_PER_SEC), int(word.end_sec * POSITIONS_PER_SEC) + 1
            unit[first:last], nth[first:last] = word.unit, i
        return unit, nth

    def _speechless(self, room_sec: float) -> np.ndarray:
        rng = self.rng
        long_sec = room_sec if rng.random() < 0.4 else float(np.exp(rng.uniform(np.log(0.1), np.log(room_sec))))
        return speechless(rng, int(long_sec * SAMPLE_RATE_HZ))

    def _speech(self, recipe: Recipe, may_cut: bool) -> tuple[list[Word], np.ndarray]:
        rng = self.rng
        short = rng.random() < recipe.short_share
        n_utterances = 1 if short else int(rng.integers(recipe.utterances[0], recipe.utterances[1] + 1))
        at_sec = float(rng.uniform(0, 0.1) if short else rng.uniform(0, 1.2))
        words: list[Word] = []
        placed: list[tuple[int, np.ndarray]] = []
        speaker = self._draw_speaker()
        room_sec = recipe.window_sec
        least_pause_sec, most_pause_sec = (0.3, 1.0) if rng.random() < recipe.dense_share else (0.6, 4.0)
        u = 0
        while u < n_utterances or (recipe.filled and not short):
            if rng.random() < 0.3:
                speaker = self._draw_speaker()
            if self._says_digits():
                n_digits = 1 if short else int(rng.integers(recipe.digits[0], recipe.digits[1] + 1))
                pieces = self._utterance(speaker, n_digits)
            else:
                pieces = [self._phrase()]
            long_sec = sum(gap + len(s) / SAMPLE_RATE_HZ for gap, s, _ in pieces)
            if u == 0 and not short and rng.random() < recipe.anywhere_share:
                at_sec = float(rng.uniform(0, max(0.1, room_sec - long_sec - 0.1)))
            if u == 0:
                at_sec = min(at_sec, max(0.0, room_sec - long_sec - 0.05)) if rng.random() < 0.8 else at_sec
            level = from_db(rng.uniform(-6, 0))
            for gap_sec, samples, unit in pieces:
                start_sec, end_sec = at_sec + gap_sec, at_sec + gap_sec + len(samples) / SAMPLE_RATE_HZ
                if end_sec > room_sec and not may_cut:
                    break
                if start_sec > room_sec - 0.1:
                    break
                words.append(Word(start_sec, end_sec, unit))
                placed.append((int(start_sec * SAMPLE_RATE_HZ), samples * level))
                at_sec = end_sec
            u += 1
            at_sec += float(rng.uniform(least_pause_sec, most_pause_sec) if rng.random() < 0.9 else rng.uniform(0.3, 1.0))
            if at_sec > room_sec - 0.3:
                break
        if not words:
            return self._speech(recipe, may_cut)
        speech_end_sec = words[-1].end_sec
        tail_sec = float(rng.uniform(0, 0.15) if short or rng.random() < 0.4 else rng.uniform(0, 3.0))
        clip = np.zeros(int(min(room_sec, speech_end_sec + tail_sec) * SAMPLE_RATE_HZ), np.float32)
        for first, samples in placed:
            piece = samples[:max(0, len(clip) - first)]
            clip[first:first + len(piece)] += piece
        return words, self._spoil(clip)

    def _says_digits(self) -> bool:
        # Among English sentences a number is read out now and then.
        return self.content == DIGITS or self.content == "en" and self.rng.random() < 0.12

    def _phrase(self) -> tuple[float, np.ndarray, int]:
        rng = self.rng
        unit = unit_of(int(rng.integers((self.rows.n_units - N_DIGITS) // len(LANGUAGES))), self.content)
        clips = self.pool.phrases[unit]
        factor = float(np.exp(rng.uniform(np.log(0.8), np.log(1.25)))) if rng.random() < 0.7 else 1.0
        return 0.0, self._resampled(clips[rng.integers(len(clips))], factor), unit

    def _draw_speaker(self) -> tuple[str, str]:
        rng = self.rng
        if rng.random() < self.real_share:
            return "real", str(rng.choice(self.pool.real_speakers, p=self.speaker_share))
        return "word", ""

    def _utterance(self, speaker: tuple[str, str], n_digits: int) -> list[tuple[float, np.ndarray, int]]:
        rng = self.rng
        kind, name = speaker
        factor = float(np.exp(rng.uniform(np.log(0.8), np.log(1.25)))) if rng.random() < 0.75 else 1.0
        widest_sec = 0.12 if rng.random() < 0.4 else 0.45
        pieces = []
        table = self.pool.real[name] if kind == "real" else None
        while table is None:
            candidate = self.pool.words[self.pool.word_clips[rng.integers(len(self.pool.word_clips))].speaker]
            # A synthetic voice drawn at random may lack some digits; it then says those it has.
            if len(candidate) >= min(3, n_digits):
                table = candidate
        known = list(table)
        for i in range(n_digits):
            digit = known[rng.integers(len(known))]
            clip = table[digit][rng.integers(len(table[digit]))]
            gap_sec = 0.0 if i == 0 else float(rng.uniform(0, widest_sec))
            pieces.append((gap_sec, self._resampled(clip, factor * float(rng.uniform(0.96, 1.04))), digit))
        return pieces

    def _resampled(self, clip, factor: float) -> np.ndarray:
        samples = self.pool.read(clip)
        if abs(factor - 1) < 0.005:
            return samples
        return np.interp(np.arange(0, len(samples) - 1, factor), np.arange(len(samples)), samples).astype(np.float32)

    def _spoil(self, clip: np.ndarray) -> np.ndarray:
        rng = self.rng
        if self.clean:
            return clip
        if rng.random() < 0.3:
            n = int(rng.uniform(0.05, 0.4) * SAMPLE_RATE_HZ)
            tail = rng.standard_normal(n, dtype=np.float32) * np.exp(-np.arange(n, dtype=np.float32) * 6.9 / n)
            tail *= rng.uniform(0.05, 0.6) / np.sqrt((tail ** 2).sum() + 1e-9)
            tail[0] = 1.0
            clip = oaconvolve(clip, tail)[:len(clip)].astype(np.float32)
        if rng.random() < 0.1:
            clip = np.tanh(clip * rng.uniform(1, 6))
        rms = np.sqrt((clip ** 2).mean() + 1e-9)
        if rng.random() < 0.6:
            noise = background(rng, len(clip))
            noise_rms = np.sqrt((noise ** 2).mean() + 1e-9)
            clip = clip + noise * (rms / noise_rms * from_db(-rng.uniform(5, 40)))
        gain = from_db(rng.uniform(-30, 0)) / (np.abs(clip).max() + 1e-9)
        clip = clip * gain
        if rng.random() < 0.5:
            clip = np.round(clip * 32767) / 32768
        return clip.astype(np.float32)

    def _mel(self, samples: np.ndarray, n_frames: int) -> np.ndarray:
        rng = self.rng
        filters = self.filters[rng.integers(len(self.filters))] if rng.random() < 0.65 else self.plain_filters
        power = power_mel(samples, n_frames, filters)
        if self.clean:
            return to_log_mel(power).astype(np.float16)
        band = np.arange(N_MELS)
        if rng.random() < 0.6:
            tilt_db = rng.uniform(-12, 12) * (band / N_MELS - 0.5)
            knots = rng.uniform(-6, 6, 8)
            power *= (10 ** ((tilt_db + np.interp(band, np.linspace(0, N_MELS - 1, 8), knots)) / 10)).astype(np.float32)
        if rng.random() < 0.25:
            cut = rng.integers(50, 74)
            power *= (10 ** (-np.maximum(0, band - cut) * rng.uniform(0.3, 3))).astype(np.float32)
        if rng.random() < 0.1:
            power *= (10 ** (-np.maximum(0, 8 - band) * rng.uniform(0.2, 1))).astype(np.float32)
        if rng.random() < 0.1:
            power *= TELEPHONE ** rng.uniform(1, 3)
        raised = float(rng.uniform(0, 0.5)) if rng.random() < 0.1 else 0.0
        return to_log_mel(power, raised).astype(np.float16)

    def _script(self, words: list[Word], language: int, room_sec: float, shift_sec: float):
        rng, rows = self.rng, self.rows
        timed = rng.random() < 0.92
        told = language if rng.random() < 0.95 else int(rng.choice([*LANGUAGE_TOKENS.values(), 50_263, 50_300]))
        task = TRANSLATE if rng.random() < (0.06 if language == EN else 0.35) else TRANSCRIBE
        self.form = 1 if task == TRANSLATE else 0
        prompt = self._previous() + [SOT, told, task] + ([] if timed else [NO_TIMESTAMPS])
        sot_at = prompt.index(SOT)
        spoken = self._timed(words, room_sec, shift_sec) if timed else self._untimed(words, room_sec)
        tokens = prompt + [token for token, _ in spoken]
        targets = [IGNORED] * len(tokens)
        spans = [NOWHERE] * len(tokens)
        for at in range(len(prompt) - 1, len(tokens)):
            last = at + 1 == len(tokens)
            targets[at] = EOT if last else tokens[at + 1]
            spans[at] = NOWHERE if last else spoken[at + 1 - len(prompt)][1]
        return [rows.row(t) for t in tokens], [t if t == IGNORED else rows.row(t) for t in targets], spans, sot_at

    def _timed(self, words: list[Word], room_sec: float, shift_sec: float) -> list[tuple[int, tuple[int, int]]]:
        """Every unit is a segment: its timestamps tell so small a decoder where it is."""
        out: list[tuple[int, tuple[int, int]]] = []
        for i, word in enumerate(words):
            start = timestamp(word.start_sec + shift_sec)
            # A shifted window stands for the middle of a decode, where starts are told as they are.
            if i == 0 and shift_sec == 0:
                start = min(start, timestamp(MAX_FIRST_TIMESTAMP_SEC))
            opening = (start, _span(word.start_sec - 0.15, word.start_sec + 0.15))
            if word.end_sec > room_sec:
                # Only the start of a word cut by the window's end is told, so that the caller goes on from there.
                return out + [opening] if out else [(FIRST_TIMESTAMP, NOWHERE)]
            end = max(timestamp(word.end_sec + shift_sec), start + TIMESTAMP_GRID)
            out += [opening, *self._said([word]), (end, _span(word.end_sec - 0.15, word.end_sec + 0.15))]
        return out or [(FIRST_TIMESTAMP, NOWHERE)]

    def _untimed(self, words: list[Word], room_sec: float) -> list[tuple[int, tuple[int, int]]]:
        return self._said([w for w in words if w.end_sec <= room_sec]) or [(NEWLINE, NOWHERE)]

    def _said(self, words: list[Word]) -> list[tuple[int, tuple[int, int]]]:
        return [(token, _span(w.start_sec, w.end_sec)) for w in words for token in self.rows.said[w.unit][self.form]]

    def _previous(self) -> list[int]:
        rng = self.rng
        if rng.random() >= 0.1:
            return []
        tokens = []
        for _ in range(int(rng.integers(1, 40))):
            draw = rng.random()
            tokens.append(int(rng.choice(self.rows.text_tokens)) if draw < 0.5
                          else int(rng.integers(0, 50_000)) if draw < 0.9 else int(rng.integers(FIRST_TIMESTAMP, FIRST_TIMESTAMP + 1501)))
        return [PREV, *tokens]
