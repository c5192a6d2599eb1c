"""Train one phase: train.py PHASE --pool POOL --tiktoken FILE --out CHECKPOINT [--from CHECKPOINT] [--minutes N]"""
import argparse
import math
import random
import time
from pathlib import Path

import numpy as np
import torch

from mini.batch import Feed
from mini.layout import ActiveRows
from mini.loss import losses
from mini.model import MiniWhisper
from mini.muon import MuonAdamW
from mini.phases import PLANS, SMOKE
from mini.units import read_units
from mini.vocabulary import OUR_MODEL, read_vocabulary, said_tokens
from mini.widen import widened


COMPILED_FRAMES = 500  # longer windows gain little


def save(path: Path, optimiser: MuonAdamW, average: dict, step: int) -> None:
    part = path.with_suffix(".part")
    torch.save({"weights": optimiser.masters(), "average": average, "momenta": optimiser.momenta,
                "adam": optimiser.adam.state_dict(), "step": step}, part)
    part.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("phase", choices=[*PLANS, "smoke"])
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--tiktoken", type=Path, default=OUR_MODEL, help="multilingual.tiktoken, or a model file that holds the vocabulary")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--from", dest="start", type=Path)
    parser.add_argument("--fresh-optimiser", action="store_true")
    parser.add_argument("--compile", action="store_true", help="a quarter faster after half a minute a window length; needs g++")
    parser.add_argument("--minutes", type=float, help="of this process's own CPU, or of the clock on another device")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--feeders", type=int, default=1, help="processes that make batches")
    parser.add_argument("--batches", type=int, default=1, help="times the size of the batches")
    parser.add_argument("--uses", type=int, default=2, help="how often a batch is used")
    parser.add_argument("--real-share", type=float, default=0.65)
    parser.add_argument("--seed", type=int, default=20_261_121)
    given = parser.parse_args()
    phase = SMOKE if given.phase == "smoke" else PLANS[given.phase]
    long_sec = 60 * (given.minutes or phase.minutes)
    # Of the processor's own time, so that a busy machine does not cut training short.
    clock = time.process_time if given.device == "cpu" else time.monotonic

    torch.set_num_threads(1)
    torch.manual_seed(given.seed)
    random.seed(given.seed)
    said = said_tokens(read_vocabulary(given.tiktoken), read_units())
    rows = ActiveRows(said)
    model = MiniWhisper(rows)
    step = 0
    start = None
    if given.start:
        start = torch.load(given.start, weights_only=True, map_location="cpu")
        model.load_state_dict(widened(start["average"], model.state_dict(), said), strict=False)
        step = start["step"]
    model.to(given.device)
    f32_masters = {n: p.detach().clone() for n, p in model.named_parameters()}
    model.bfloat16()
    model.encoder.positional_embedding = model.encoder.positional_embedding.float()
    optimiser = MuonAdamW(model.named_parameters())
    for name, (_, master) in zip(optimiser.names, optimiser.pairs):
        master.copy_(f32_masters[name])
    average = optimiser.masters()
    if given.compile:
        plain, compiled = model.encoder.forward, torch.compile(model.encoder.forward, dynamic=False)
        model.encoder.forward = lambda mel, *rest: (compiled if mel.shape[1] <= COMPILED_FRAMES else plain)(mel, *rest)
    if start and not given.fresh_optimiser and start["average"]["ctc.weight"].shape == model.ctc.weight.shape:
        optimiser.go_on(start["adam"], start["momenta"])

    mix = [(share, recipe, size * given.batches) for share, recipe, size in phase.mix]
    feed = Feed(given.pool, said, mix, given.real_share, given.seed + step, given.uses, n_processes=given.feeders)
    seen = {}
    began, saved = clock(), time.monotonic()
    first_step = step
    while (spent := clock() - began) < long_sec:
        done = spent / long_sec
        scale = phase.last_scale + (phase.first_scale - phase.last_scale) * 0.5 * (1 + math.cos(math.pi * done))
        scale *= min(1.0, (step - first_step + 1) / 100)
        batch = feed.next()
        total, parts = losses(model, batch, phase.ctc_weight)
        total.backward()
        optimiser.step(scale)
        step += 1
        if step % 8 == 0:
            for name, (_, master) in zip(optimiser.names, optimiser.pairs):
                average[name].lerp_(master, 0.02)
        for key, value in parts.items():
            name = f"{key}@{batch.mel.shape[1] // 100}"
            seen[name] = value if name not in seen else 0.98 * seen[name] + 0.02 * value
        if step % 100 == 0:
            told = " ".join(f"{k} {v:.3f}" for k, v in sorted(seen.items()))
            print(f"{time.strftime('%H:%M:%S')} {given.phase} step {step} {spent:.0f}s fresh {feed.n_fresh} scale {scale:.2f} {told}", flush=True)
        if time.monotonic() - saved > 120:
            save(given.out, optimiser, average, step)
            saved = time.monotonic()
    save(given.out, optimiser, average, step)
    feed.close()


if __name__ == "__main__":
    main()
