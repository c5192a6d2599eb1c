"""The clips that the model is measured on, made from recordings and voices that training never met."""
import json
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from .layout import DIGIT_WORDS, SAMPLE_RATE_HZ
from .noise import chords, clicks, coloured, from_db, hum, tone
from .pool import FIRST_TRAINING_INDEX, list_recordings, read_recording
from .synthesise import speak
from .units import N_DIGITS, Unit, read_units
from .voices import Voice, draw_held_out_voice, draw_mbrola_voice


@dataclass(frozen=True)
class Utterance:
    start_sec: float
    end_sec: float
    text: str


@dataclass(frozen=True)
class TestClip:
    path: Path
    text: str
    english: str = ""
    utterances: tuple[Utterance, ...] = ()


def write_digit_sets(folder: Path, recordings: Path, held_out: str, others: Path | None, n_strings: int,
                    seed: int = 7) -> dict[str, list[TestClip]]:
    rng = np.random.default_rng(seed)
    known, unseen = {}, {}
    for path, digit, speaker, index in list_recordings(recordings):
        if speaker == held_out:
            unseen.setdefault(speaker, {}).setdefault(digit, []).append(path)
        elif index < FIRST_TRAINING_INDEX:
            known.setdefault(speaker, {}).setdefault(digit, []).append(path)
    sets = {
        "known speakers, unseen clips": _strings(folder / "known", known, n_strings, rng),
        f"speaker held out ({held_out})": _strings(folder / "held-out", unseen, n_strings, rng),
    }
    if others:
        table = {}
        for path, digit, speaker, _ in list_recordings(others):
            table.setdefault(speaker, {}).setdefault(digit, []).append(path)
        for speaker in sorted(table):
            sets[f"other speaker ({speaker})"] = _strings(folder / f"other-{speaker}", {speaker: table[speaker]}, n_strings // 2, rng)
    sets["three minutes, known speakers"] = _long_files(folder / "long", known, 3, rng)
    sets["three minutes, held-out speaker"] = _long_files(folder / "long-held-out", unseen, 2, rng)
    return sets


def write_sentence_sets(folder: Path, language: str, voices_each: int, n_windows: int, with_mbrola: bool = False,
                        seed: int = 11) -> dict[str, list[TestClip]]:
    """Sentences by held-out voices: alone, alone in noise, several in a window, many in three minutes; alone by MBROLA's."""
    draw, rng = random.Random(f"{seed}/{language}"), np.random.default_rng(seed)
    units = [u for u in read_units()[N_DIGITS:] if u.language == language]
    said = [(unit, _said(unit.text, draw_held_out_voice(draw, language))) for _ in range(voices_each) for unit in units]
    sets = {"alone": [], "noise": []}
    for i, (unit, samples) in enumerate(said):
        clip = _padded(samples, rng)
        sets["alone"].append(_write(folder / language / f"{i:03}.wav", clip, [unit.text], unit.english))
        noise = coloured(rng, len(clip), float(rng.choice([0.0, 1.0])))
        noise *= np.sqrt((samples ** 2).mean() / (noise ** 2).mean()) * from_db(-10)
        sets["noise"].append(_write(folder / f"{language}-noise" / f"{i:03}.wav", clip + noise, [unit.text], unit.english))
    sets["windows"] = [_several(folder / f"{language}-windows" / f"{i:03}.wav", said, rng, float(rng.uniform(3, 30))) for i in range(n_windows)]
    sets["three minutes"] = [_several(folder / f"{language}-long" / f"{i:03}.wav", said, rng, 180) for i in range(3)]
    if with_mbrola:
        sets["mbrola"] = [
            _write(folder / f"{language}-mbrola" / f"{i:03}.wav",
                   _padded(_said(unit.text, draw_mbrola_voice(draw, language)), rng), [unit.text], unit.english)
            for i, unit in enumerate(units)]
    return sets


def _padded(samples: np.ndarray, rng) -> np.ndarray:
    lead, tail = (np.zeros(int(rng.uniform(0.05, 0.6) * SAMPLE_RATE_HZ), np.float32) for _ in range(2))
    return np.concatenate([lead, samples, tail])


def _said(text: str, voice: Voice) -> np.ndarray:
    samples = speak(text, voice)
    return samples / np.abs(samples).max() * 0.5


def _several(path: Path, said: list[tuple[Unit, np.ndarray]], rng, long_sec: float) -> TestClip:
    pieces, utterances, at_sec = [np.zeros(int(0.3 * SAMPLE_RATE_HZ), np.float32)], [], 0.3
    english = []
    while True:
        unit, samples = said[rng.integers(len(said))]
        if utterances and at_sec + len(samples) / SAMPLE_RATE_HZ > long_sec:
            break
        utterances.append(Utterance(at_sec, at_sec + len(samples) / SAMPLE_RATE_HZ, unit.text))
        english.append(unit.english)
        pause = np.zeros(int(rng.uniform(0.6, 4.0) * SAMPLE_RATE_HZ), np.float32)
        pieces += [samples, pause]
        at_sec += (len(samples) + len(pause)) / SAMPLE_RATE_HZ
    return _write(path, np.concatenate(pieces), [u.text for u in utterances], " ".join(english), tuple(utterances))


def _string(table: dict, n_digits: int, rng, widest_gap_sec: float = 0.4) -> tuple[np.ndarray, list[str]]:
    """Digits of one speaker at one level, as somebody reading a number aloud."""
    speaker = table[str(rng.choice(sorted(table)))]
    pieces, words = [], []
    for i in range(n_digits):
        digit = int(rng.choice(sorted(speaker)))
        if i:
            pieces.append(np.zeros(int(rng.uniform(0.02, widest_gap_sec) * SAMPLE_RATE_HZ), np.float32))
        samples = read_recording(speaker[digit][rng.integers(len(speaker[digit]))])
        pieces.append(samples / np.abs(samples).max() * 0.5)
        words.append(DIGIT_WORDS[digit])
    return np.concatenate(pieces), words


def _write(path: Path, samples: np.ndarray, words: list[str], english: str = "", utterances: tuple[Utterance, ...] = ()) -> TestClip:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.clip(samples, -1, 1), SAMPLE_RATE_HZ, subtype="PCM_16")
    # As `npm run eval` reads them.
    path.with_suffix(".txt").write_text(" ".join(words) + "\n", encoding="utf-8")
    if utterances:
        segments = [{"start": u.start_sec, "end": u.end_sec, "text": u.text} for u in utterances]
        path.with_suffix(".json").write_text(json.dumps({"segments": segments}, ensure_ascii=False), encoding="utf-8")
    return TestClip(path, " ".join(words), english, utterances)


def _strings(folder: Path, table: dict, n: int, rng) -> list[TestClip]:
    out = []
    for i in range(n):
        samples, words = _string(table, 1 + i % 7, rng)
        lead, tail = (np.zeros(int(rng.uniform(0, 0.5) * SAMPLE_RATE_HZ), np.float32) for _ in range(2))
        out.append(_write(folder / f"{i:03}.wav", np.concatenate([lead, samples, tail]), words))
    return out


def _long_files(folder: Path, table: dict, n: int, rng) -> list[TestClip]:
    out = []
    for i in range(n):
        pieces, words, long_sec = [], [], 0.0
        while long_sec < 180:
            samples, said = _string(table, int(rng.integers(1, 8)), rng)
            pause = np.zeros(int(rng.uniform(0.6, 4.0) * SAMPLE_RATE_HZ), np.float32)
            pieces += [samples, pause]
            words += said
            long_sec += (len(samples) + len(pause)) / SAMPLE_RATE_HZ
        out.append(_write(folder / f"{i:03}.wav", np.concatenate(pieces), words))
    return out


def write_speechless(folder: Path, n: int = 100, seed: int = 13) -> list[TestClip]:
    """Fixed kinds and levels first, then whatever the generators give."""
    rng = np.random.default_rng(seed)

    def seconds(long_sec: float) -> int:
        return int(long_sec * SAMPLE_RATE_HZ)

    clips = {f"zeros-{s}s": np.zeros(seconds(s), np.float32) for s in (1, 2, 5, 12, 30)}
    for db, s in ((-80, 3), (-60, 30), (-50, 5), (-30, 10), (-15, 4)):
        clips[f"white{db}dB-{s}s"] = coloured(rng, seconds(s), 0.0) * from_db(db)
    for db, s in ((-50, 8), (-25, 20)):
        clips[f"pink{db}dB-{s}s"] = coloured(rng, seconds(s), 1.0) * from_db(db)
    for base_hz, s in ((50, 1), (50, 15), (60, 25)):
        time_sec = np.arange(seconds(s)) / SAMPLE_RATE_HZ
        clips[f"hum{base_hz}-{s}s"] = sum(np.sin(2 * np.pi * base_hz * k * time_sec) / k for k in (1, 2, 3)) * 0.1
    clips["hum-random-6s"] = hum(rng, seconds(6)) * 0.2
    clips["clicks-7s"], clips["clicks-28s"] = clicks(rng, seconds(7)) * 0.5, clicks(rng, seconds(28)) * 0.5
    clips["tone-4s"] = tone(rng, seconds(4)) * 0.3
    clips["chords-9s"] = chords(rng, seconds(9)) * 0.3
    makers = {"zeros": lambda n: np.zeros(n, np.float32), "noise": lambda n: coloured(rng, n, float(rng.uniform(0, 2))) * 0.3,
              "hum": lambda n: hum(rng, n), "clicks": lambda n: clicks(rng, n), "tone": lambda n: tone(rng, n)}
    for i in range(n - len(clips)):
        kind = list(makers)[i % len(makers)]
        long_sec = float(rng.uniform(0.5, 30))
        clips[f"{i:03}-{kind}"] = makers[kind](seconds(long_sec)) * from_db(rng.uniform(-70, -6))
    return [_write(folder / f"{name}.wav", samples, []) for name, samples in clips.items()]
