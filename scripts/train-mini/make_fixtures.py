"""Make the test clips from voices kept out of training, and keep those that the model hears without an error.

make_fixtures.py --out FOLDER (--model FILE --program whisper-cli | --server URL)     (needs the synthesisers and ffmpeg)
"""
import argparse
import json
import random
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from mini.layout import SAMPLE_RATE_HZ
from mini.synthesise import speak
from mini.transcribe import AUTO, through_program, through_server
from mini.units import LANGUAGES, N_DIGITS, read_units, unit_of
from mini.voices import HELD_OUT_ESPEAK_VARIANTS, HELD_OUT_FLITE_VOICES, Voice

LEVEL = 0.5
WORD_GAP_SEC = (0.06, 0.2)
MAX_BYTES = 60_000
UNITS = read_units()
N_PHRASES = (len(UNITS) - N_DIGITS) // len(LANGUAGES)


@dataclass(frozen=True)
class Plan:
    """An utterance is a string of digits or a sentence, both as units."""
    name: str
    utterances: tuple[tuple[int, ...], ...]
    engine: str
    ending: str
    pause_sec: tuple[float, float] = (1.2, 2.8)
    lead_sec: float = 0.3
    opus_bit_rate: str = "16k"
    language: str = "en"


def _draws(rng: random.Random, lengths: list[int]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(rng.sample(range(N_DIGITS), n)) for n in lengths)


def _sentences(language: str, *phrases: int) -> tuple[tuple[int, ...], ...]:
    return tuple((unit_of(phrase, language),) for phrase in phrases)


def _any_sentences(seed: str, language: str, n: int) -> tuple[tuple[int, ...], ...]:
    return _sentences(language, *random.Random(seed).sample(range(N_PHRASES), n))


DIGIT_PLANS = (
    Plan("single-digit", ((7,),), "flite", "flac"),
    Plan("three-digits", ((3, 1, 4),), "flite", "flac"),
    Plan("four-digits", ((9, 2, 6, 5),), "espeak-ng", "opus"),
    Plan("five-digits", ((8, 0, 4, 1, 7),), "flite", "opus"),
    Plan("six-digits", ((5, 3, 0, 9, 2, 8),), "espeak-ng", "opus"),
    Plan("seven-digits", ((6, 1, 8, 3, 9, 0, 2),), "flite", "opus"),
    Plan("pauses-20s", ((4, 2), (7, 0, 5), (1,), (3, 9, 6), (8, 2, 5)), "flite", "opus", (2.0, 3.6)),
    Plan("minute-70s", _draws(random.Random(70), [3, 1, 4, 2, 5, 3, 2, 4, 1, 3, 5, 2, 4, 3, 2, 5, 3]), "flite", "opus", (2.0, 3.4), 0.6, "8k"),
)
SENTENCE_PLANS = tuple(plan for at, (language, engine) in enumerate(zip(LANGUAGES, ("flite", *["espeak-ng"] * 3))) for plan in (
    Plan(f"sentence-{language}", _sentences(language, (0, 4, 7, 13)[at]), engine, "opus", language=language),
    Plan(f"question-{language}", _sentences(language, (6, 5, 3, 4)[at]), "espeak-ng", "opus", language=language),
    Plan(f"sentences-20s-{language}", _any_sentences(f"20/{language}", language, 5), engine, "opus", (1.0, 3.0), language=language),
    Plan(f"minute-{language}", _any_sentences(f"60/{language}", language, 16), engine, "opus", (1.2, 3.0), 0.6, "8k", language),
))
PLANS = DIGIT_PLANS + SENTENCE_PLANS


def voice_for(plan: Plan, rng: random.Random) -> Voice:
    if plan.engine == "flite":
        return Voice("flite", rng.choice(HELD_OUT_FLITE_VOICES), stretch=round(rng.uniform(0.95, 1.3), 2))
    accent = rng.choice(("en-us", "en-gb", "en-gb-x-rp")) if plan.language == "en" else plan.language
    return Voice("espeak-ng", accent + rng.choice(HELD_OUT_ESPEAK_VARIANTS[:5]), rng.randint(120, 165), rng.randint(30, 65))


def read_out(units: tuple[int, ...], voice: Voice, rng: random.Random) -> np.ndarray:
    """Digit by digit, as one reads a number aloud: training had no words that run into each other."""
    pieces = []
    for unit in units:
        said = speak(UNITS[unit].text, voice)
        pieces += [np.zeros(int(rng.uniform(*WORD_GAP_SEC) * SAMPLE_RATE_HZ), np.float32), said / np.abs(said).max() * LEVEL]
    return np.concatenate(pieces[1:])


def compose(plan: Plan, voice: Voice, rng: random.Random) -> tuple[np.ndarray, list[dict]]:
    pieces = [np.zeros(int(plan.lead_sec * SAMPLE_RATE_HZ), np.float32)]
    n_samples = len(pieces[0])
    utterances = []
    for units in plan.utterances:
        samples = read_out(units, voice, rng)
        utterances.append({
            "startSec": round(n_samples / SAMPLE_RATE_HZ, 2), "endSec": round((n_samples + len(samples)) / SAMPLE_RATE_HZ, 2),
            "text": " ".join(UNITS[unit].text for unit in units)})
        pause = np.zeros(int(rng.uniform(*plan.pause_sec) * SAMPLE_RATE_HZ), np.float32)
        pieces += [samples, pause]
        n_samples += len(samples) + len(pause)
    pieces[-1] = np.zeros(int(0.4 * SAMPLE_RATE_HZ), np.float32)
    return np.concatenate(pieces), utterances


def encode(samples: np.ndarray, path: Path, bit_rate: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "clip.wav"
        soundfile.write(wav, samples, SAMPLE_RATE_HZ, subtype="PCM_16")
        how = ["-c:a", "flac", "-compression_level", "12"] if path.suffix == ".flac" else ["-c:a", "libopus", "-b:a", bit_rate]
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", str(wav), "-ac", "1", "-map_metadata", "-1", "-fflags", "+bitexact",
                        "-flags:a", "+bitexact", *how, str(path)], check=True)


def hears(given: argparse.Namespace, clip: Path, language: str, translate: bool) -> str:
    if given.server:
        return through_server(given.server, [clip], "whisper-1", None, language, translate)[0].text
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "clip.wav"
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", str(clip), "-ar", str(SAMPLE_RATE_HZ), "-ac", "1", str(wav)], check=True)
        return through_program(given.program, given.model, [wav], 1, language, translate)[0].text


def heard_right(given: argparse.Namespace, clip: Path, plan: Plan, text: str, english: str) -> bool:
    """As it was said, with the language told and found, and translated where there is something to translate."""
    languages = [plan.language] if plan in DIGIT_PLANS else [plan.language, AUTO]
    return all(hears(given, clip, language, False).split() == text.split() for language in languages) and (
        plan.language == "en" or hears(given, clip, plan.language, True).split() == english.split())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--program", type=Path, help="whisper-cli, with --model")
    parser.add_argument("--server", help="a server that runs the model, instead of the two above")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tries", type=int, default=25)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    listed = []
    for plan in PLANS:
        text, english = (" ".join(form for units in plan.utterances for form in (getattr(UNITS[u], kind) for u in units))
                         for kind in ("text", "english"))
        for attempt in range(given.tries):
            rng = random.Random(f"{plan.name}/{attempt}")
            voice = voice_for(plan, rng)
            samples, utterances = compose(plan, voice, rng)
            path = given.out / f"{plan.name}.{plan.ending}"
            encode(samples, path, plan.opus_bit_rate)
            if path.stat().st_size < MAX_BYTES and heard_right(given, path, plan, text, english):
                listed.append({"file": path.name, "language": plan.language, "text": text,
                               **({} if plan.language == "en" else {"translation": english}),
                               "durationSec": round(len(samples) / SAMPLE_RATE_HZ, 2), "voice": voice.label, "utterances": utterances})
                print(plan.name, voice, path.stat().st_size, f"after {attempt + 1} tries", flush=True)
                break
        else:
            path.unlink()
            print(plan.name, "not heard right in any try", flush=True)
    (given.out / "fixtures.json").write_text(json.dumps(listed, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
