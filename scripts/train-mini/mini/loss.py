"""What is asked of the decoder, and four auxiliary losses; the extra heads on the encoder are dropped at export.

CTC alone stays on its plateau for thousands of steps; naming the digit or sentence that sounds at each position ends it.
In the same way a head of the upper cross-attentions is told where the next token is heard, or long strings loop for long,
and a head of two encoder layers is told to look within the sentence that sounds: windows of one sentence teach it to look everywhere.
"""
import numpy as np
import torch
from torch.nn import functional as F

from .batch import Batch
from .compose import IGNORED
from .layout import FIRST_TIMESTAMP, NO_SPEECH, ActiveRows
from .model import GUIDED_LAYERS, N_BLANK, N_HEADS, MiniWhisper
from .units import N_DIGITS

CERTAIN_SILENCE = 0.95
GUIDANCE = 0.5
GATHERING = 0.2
START = 0.3
GATHERED_POSITIONS = 1000  # beyond, the loss costs too much
# By frames of the window: short ones always the same, so that each is compiled once.
BLANK_SHARE = {200: 0.0, 300: 0.0, 500: 1.0}


def hide_stripes(mel: torch.Tensor, rng=np.random) -> torch.Tensor:
    """SpecAugment, drawn anew each time a batch is used."""
    mel = mel.clone()
    for row in np.flatnonzero(rng.random(mel.shape[0]) < 0.5):
        floor = mel[row].min()
        for _ in range(rng.randint(0, 3)):
            width = rng.randint(1, 10)
            at = rng.randint(0, mel.shape[2] - width)
            mel[row, :, at:at + width] = floor
        for _ in range(rng.randint(0, 2)):
            width = rng.randint(1, 9)
            at = rng.randint(0, mel.shape[1] - width)
            mel[row, at:at + width] = floor
    return mel


def guidance(weights: torch.Tensor, spans: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """How little of one cross-attention head's weight lies where the next token is heard."""
    known = spans[..., 0] >= 0
    n_positions = positions.shape[-1]  # blank keys come last and lie in no span
    at = positions[:, None].expand(-1, spans.shape[1], -1)[known]
    inside = (at >= spans[known][:, :1]) & (at < spans[known][:, 1:])
    mass = (weights[..., :n_positions][known].float() * inside).sum(-1)
    return -mass.clamp_min(1e-4).log().mean() if len(mass) else weights.sum() * 0


def gathering(weights: torch.Tensor, utterance: torch.Tensor, asked: torch.Tensor) -> torch.Tensor:
    """How little of one self-attention head's weight, within a sentence, lies within that sentence."""
    same = utterance[:, :, None] == utterance[:, None]
    mass = (weights[..., :utterance.shape[1]] * same).sum(-1)[asked].float()
    return -mass.clamp_min(1e-4).log().mean() if len(mass) else weights.sum() * 0


def losses(model: MiniWhisper, batch: Batch, ctc_weight: float) -> tuple[torch.Tensor, dict[str, float]]:
    rows: ActiveRows = model.rows
    device = model.ctc.weight.device

    def tensor(values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values).to(device)

    mel = hide_stripes(torch.from_numpy(batch.mel).bfloat16()).to(device)
    n_blank = N_BLANK if np.random.random() < BLANK_SHARE.get(batch.mel.shape[1], 0.5) else 0
    kept = audio_mask = None
    if batch.kept is not None:
        kept = tensor(batch.kept)
        audio_mask = tensor(batch.stands_for).log().bfloat16().repeat_interleave(N_HEADS, 0)[:, None]
    audio, looks = model.encoder(mel, tensor(batch.first_position), n_blank, kept, audio_mask)
    states = model.decoder(tensor(batch.tokens), audio, n_blank, audio_mask)
    targets = tensor(batch.targets)
    asked = targets != IGNORED
    logits = model.logits(states[asked])
    wanted = targets[asked]
    said = F.cross_entropy(logits, wanted)

    at_sot = model.logits(states[torch.arange(len(batch.sot_at), device=device), tensor(batch.sot_at)]).log_softmax(-1)
    p_silent = tensor(batch.speechless).float() * CERTAIN_SILENCE
    language = tensor(batch.language)
    spoken_in = at_sot.gather(1, language[:, None])[:, 0]
    start = -(p_silent * at_sot[:, rows.row(NO_SPEECH)] + (1 - p_silent) * spoken_in).mean()

    frames = F.linear(audio, model.ctc.weight, model.ctc.bias).float().log_softmax(-1).transpose(0, 1)
    n_heard = tensor(batch.n_heard)
    aligned = F.ctc_loss(frames, tensor(batch.heard), torch.full((frames.shape[1],), frames.shape[0]), n_heard,
                         blank=rows.n_units, reduction="sum", zero_infinity=True) / (n_heard.sum() + len(n_heard))
    named = F.linear(audio, model.sounding.weight, model.sounding.bias).float().flatten(0, 1)
    sounding = tensor(batch.sounding).flatten()
    naming = F.cross_entropy(named, sounding, ignore_index=IGNORED)
    spans = tensor(batch.spans)
    positions = torch.arange(audio.shape[1], device=device).expand(len(audio), -1) if kept is None else kept
    guiding = sum(guidance(model.decoder.blocks[layer].cross_attn.seen, spans, positions) for layer in GUIDED_LAYERS) / len(GUIDED_LAYERS)
    utterance = tensor(batch.utterance)
    in_phrase = (sounding >= N_DIGITS) & (sounding < rows.n_units)
    if batch.utterance.shape[1] <= GATHERED_POSITIONS:
        gathered = sum(gathering(look, utterance, in_phrase.view_as(utterance)) for look in looks) / len(looks)
    else:
        gathered = audio.new_zeros(())
    with torch.no_grad():
        digit, phrase = sounding < N_DIGITS, in_phrase
        right = (logits.argmax(-1) == wanted).float()
        digit_text, text = wanted < N_DIGITS, (wanted >= N_DIGITS) & (wanted < rows.n_text)
        time = (wanted >= rows.row(FIRST_TIMESTAMP)) & (wanted < rows.unused)
        parts = {"say": float(said), "sot": float(start), "ctc": float(aligned), "guide": float(guiding), "own": float(gathered)}
        for name, where, good in (("name_d", digit, named.argmax(-1) == sounding), ("name_p", phrase, named.argmax(-1) == sounding),
                                  ("digit", digit_text, right), ("text", text, right)):
            if where.any():
                parts[name] = float(good[where].float().mean())
        speech = tensor(~batch.speechless)
        if speech.any():
            parts["lang"] = float((at_sot.argmax(-1) == language)[speech].float().mean())
        if time.any():
            near = (logits.argmax(-1)[time] - wanted[time]).abs() <= 5
            parts["time"] = float(near.float().mean())
    return said + START * start + GUIDANCE * guiding + GATHERING * gathered + ctc_weight * (aligned + 2 * naming), parts
