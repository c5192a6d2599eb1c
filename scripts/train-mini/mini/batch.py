"""Windows of one length, stacked into arrays; made in processes of their own."""
import multiprocessing
import os
from dataclasses import dataclass
from pathlib import Path
from queue import Full

import numpy as np

from .compose import IGNORED, Composer, Recipe
from .layout import ActiveRows
from .pool import Pool

MARGIN = 10        # positions about what sounds that are always kept
QUIET_KEPT = 80


@dataclass
class Batch:
    mel: np.ndarray             # [B, frames, 80] float16
    first_position: np.ndarray  # [B]
    tokens: np.ndarray          # [B, L] rows of the active table
    targets: np.ndarray         # [B, L], IGNORED where nothing is asked
    spans: np.ndarray           # [B, L, 2] encoder positions where the target is heard, -1 where nowhere
    sot_at: np.ndarray          # [B]
    speechless: np.ndarray      # [B]
    language: np.ndarray        # [B] rows of the active table
    sounding: np.ndarray        # [B, positions] unit, or the number of units where there is none
    utterance: np.ndarray       # [B, positions] its place among the units of the window, -1 where there is none
    heard: np.ndarray           # all units one after the other
    n_heard: np.ndarray         # [B]
    kept: np.ndarray | None     # [B, K] positions that are computed, in order; the two above hold these alone; None: all
    stands_for: np.ndarray | None  # [B, K] how many positions each of them stands for


def thin_out(utterance: list[np.ndarray], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """All positions where something sounds, and a few of the others, which then stand for the rest of them.

    Most of a window of 30 s is pause and padding, and attention costs the square of its length.
    """
    near = [np.convolve(nth >= 0, np.ones(2 * MARGIN + 1), "same") > 0.5 for nth in utterance]
    n_kept = min(len(utterance[0]), max(int(sounds.sum()) for sounds in near) + QUIET_KEPT)
    kept, stands_for = [], []
    for sounds in near:
        quiet = np.flatnonzero(~sounds)
        chosen = rng.choice(quiet, n_kept - int(sounds.sum()), replace=False)
        at = np.sort(np.concatenate([np.flatnonzero(sounds), chosen]))
        kept.append(at)
        stands_for.append(np.where(sounds[at], 1.0, len(quiet) / max(1, len(chosen))))
    return np.stack(kept), np.stack(stands_for).astype(np.float32)


def make_batch(composer: Composer, recipe: Recipe, size: int) -> Batch:
    windows = [composer.window(recipe) for _ in range(size)]
    longest = max(len(w.tokens) for w in windows)
    tokens = np.zeros((size, longest), np.int64)
    targets = np.full((size, longest), IGNORED, np.int64)
    spans = np.full((size, longest, 2), -1, np.int64)
    for row, window in enumerate(windows):
        tokens[row, :len(window.tokens)] = window.tokens
        targets[row, :len(window.targets)] = window.targets
        spans[row, :len(window.spans)] = window.spans
    sounding, utterance = np.stack([w.sounding for w in windows]), np.stack([w.utterance for w in windows])
    kept = stands_for = None
    if composer.rng.random() < recipe.thinned_share:
        kept, stands_for = thin_out(list(utterance), composer.rng)
        sounding, utterance = np.take_along_axis(sounding, kept, 1), np.take_along_axis(utterance, kept, 1)
    return Batch(
        np.stack([w.mel for w in windows]), np.array([w.first_position for w in windows]), tokens, targets, spans,
        np.array([w.sot_at for w in windows]), np.array([w.speechless for w in windows]),
        np.array([composer.rows.row(w.language) for w in windows]),
        sounding, utterance,
        np.array([d for w in windows for d in w.heard], np.int64), np.array([len(w.heard) for w in windows]),
        kept, stands_for)


def _produce(queue, pool_folder: Path, said: list, mix: list, real_share: float, seed: int) -> None:
    os.nice(1)
    composer = Composer(Pool(pool_folder), ActiveRows(said), seed, real_share)
    rng = np.random.default_rng(seed + 1)
    shares = np.array([share for share, _, _ in mix])
    parent = os.getppid()
    while True:
        _, recipe, size = mix[rng.choice(len(mix), p=shares / shares.sum())]
        batch = make_batch(composer, recipe, size)
        while True:
            if os.getppid() != parent:  # a killed trainer takes no child along
                os._exit(0)
            try:
                queue.put(batch, timeout=5)
                break
            except Full:
                pass


class Feed:
    """Batches from the data processes, each used `uses` times with `kept` others between, to spare those processes' cores."""

    def __init__(self, pool_folder: Path, said: list, mix: list, real_share: float, seed: int,
                 uses: int = 2, kept: int = 32, n_processes: int = 1):
        context = multiprocessing.get_context("spawn")  # a fork after torch has threads can hang
        self.queue = context.Queue(maxsize=8 + 4 * n_processes)
        self.processes = [context.Process(target=_produce, daemon=True,
                                          args=(self.queue, pool_folder, said, mix, real_share, seed + 1000 * i))
                          for i in range(n_processes)]
        for process in self.processes:
            process.start()
        self.rng = np.random.default_rng(seed + 2)
        self.uses, self.kept = uses, kept
        self.waiting: list[list] = []
        self.n_fresh = self.n_given = 0

    def next(self) -> Batch:
        starved = self.queue.empty() and len(self.waiting) > self.kept // 2
        if len(self.waiting) < self.kept and not starved or self.n_given >= self.uses * self.n_fresh:
            batch = self.queue.get()
            self.n_fresh += 1
            self.waiting.append([batch, self.uses - 1])
        else:
            at = int(self.rng.integers(len(self.waiting)))
            entry = self.waiting[at]
            batch = entry[0]
            entry[1] -= 1
            if entry[1] <= 0:
                self.waiting.pop(at)
        self.n_given += 1
        return batch

    def close(self) -> None:
        for process in self.processes:
            process.terminate()
            process.join()
