"""The clips that windows are composed of: people saying digits (with tempo variants), synthetic digits and sentences."""
import json
import random
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from .synthesise import at_16_khz, speak, speak_digits, trim
from .tempo import change_tempo
from .units import N_DIGITS, Unit
from .voices import draw_phrase_voice, draw_training_voice

FIRST_TRAINING_INDEX = 5
_RECORDING = re.compile(r"(\d)_(\w+?)_(\d+)\.(wav|g722|flac)$")


@dataclass(frozen=True)
class Clip:
    offset: int
    length: int
    kind: str
    speaker: str
    unit: int


def list_recordings(folder: Path) -> list[tuple[Path, int, str, int]]:
    found = []
    for path in sorted(folder.iterdir()):
        match = _RECORDING.match(path.name)
        if match:
            found.append((path, int(match[1]), match[2], int(match[3])))
    return found


def read_recording(path: Path) -> np.ndarray:
    samples, rate_hz = soundfile.read(path)
    return at_16_khz(samples, rate_hz)


class PoolWriter:
    def __init__(self):
        self.pieces, self.clips, self.n_samples = [], [], 0

    def add(self, samples: np.ndarray, kind: str, speaker: str, unit: int) -> None:
        samples = trim(samples)
        if not len(samples):
            return
        loudest = np.abs(samples).max()
        piece = np.round(samples / loudest * 30_000).astype(np.int16)
        self.pieces.append(piece)
        self.clips.append([self.n_samples, len(piece), kind, speaker, unit])
        self.n_samples += len(piece)

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "samples.npy", np.concatenate(self.pieces))
        (folder / "clips.json").write_text(json.dumps(self.clips))


def build_pool(folder: Path, recordings: list[Path], held_out_speaker: str, units: list[Unit], n_tempo_variants: int,
               n_words: int, n_voices: int, engines: list[str], seed: int) -> None:
    rng = random.Random(seed)
    pool = PoolWriter()
    for source in recordings:
        for path, digit, speaker, index in list_recordings(source):
            many = source == recordings[0]
            if speaker == held_out_speaker or (many and index < FIRST_TRAINING_INDEX):
                continue
            samples = read_recording(path)
            # A speaker with one clip a digit gets more variants, not more weight.
            for variant in range(1 + n_tempo_variants * (1 if many else 4)):
                factor = 1.0 if variant == 0 else rng.uniform(0.7, 1.4)
                pool.add(samples if variant == 0 else change_tempo(samples, factor), "real", speaker, digit)
    digits = [(draw_training_voice(rng), rng.randrange(N_DIGITS)) for _ in range(n_words)]
    phrases = [(draw_phrase_voice(rng, unit.language, engines), at)
               for at, unit in enumerate(units) if at >= N_DIGITS for _ in range(n_voices)]
    with ThreadPoolExecutor(2) as threads:
        for (voice, digit), samples in zip(digits, threads.map(lambda o: speak_digits((o[1],), o[0]), digits)):
            pool.add(samples, "word", voice.label, digit)
        for (voice, unit), samples in zip(phrases, threads.map(lambda o: speak(units[o[1]].text, o[0]), phrases)):
            pool.add(samples, "phrase", voice.label, unit)
    pool.write(folder)


class Pool:
    def __init__(self, folder: Path):
        self.samples = np.load(folder / "samples.npy", mmap_mode="r")
        self.clips = [Clip(*fields) for fields in json.loads((folder / "clips.json").read_text())]
        self.real: dict[str, dict[int, list[Clip]]] = {}
        self.words: dict[str, dict[int, list[Clip]]] = {}
        self.phrases: dict[int, list[Clip]] = {}
        for clip in self.clips:
            if clip.kind == "phrase":
                self.phrases.setdefault(clip.unit, []).append(clip)
            else:
                table = self.real if clip.kind == "real" else self.words
                table.setdefault(clip.speaker, {}).setdefault(clip.unit, []).append(clip)
        self.real_speakers = sorted(self.real)
        self.word_clips = [c for c in self.clips if c.kind == "word"]

    def read(self, clip: Clip) -> np.ndarray:
        return self.samples[clip.offset:clip.offset + clip.length].astype(np.float32) / 30_000
