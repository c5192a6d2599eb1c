"""Whisper, with names as in OpenAI's checkpoints, written for short sequences on one CPU thread."""
import math

import torch
from torch import nn
from torch.nn import functional as F

from .layout import N_AUDIO_CTX, N_DECODER_LAYERS, N_ENCODER_LAYERS, N_HEADS, N_MELS, N_STATE, N_TEXT_CTX, ActiveRows

HEAD = N_STATE // N_HEADS
# whisper.cpp's flash attention pads 1500 positions to 1536 with zero keys that no mask hides. Where real scores are far
# below zero those keys win, and silence turned into words. Training sees them too, and also their absence.
N_BLANK = 36
GUIDED_LAYERS = (1, 2)
GUIDED_ENCODER_LAYERS = (1, 2)
N_TIMESTAMPS = N_AUDIO_CTX + 1


def sinusoids(length: int, channels: int) -> torch.Tensor:
    step = math.log(10_000) / (channels // 2 - 1)
    angle = torch.arange(length)[:, None] * torch.exp(-step * torch.arange(channels // 2))[None]
    return torch.cat([angle.sin(), angle.cos()], dim=1)


def with_time_codes(rows: torch.Tensor, projection: torch.Tensor, n_untimed: int) -> torch.Tensor:
    codes = sinusoids(N_TIMESTAMPS, N_STATE).to(rows) * 0.125
    return rows + F.pad(codes @ projection, (0, 0, n_untimed, rows.shape[0] - n_untimed - N_TIMESTAMPS))


def gelu(x: torch.Tensor) -> torch.Tensor:
    return F.gelu(x, approximate="tanh")  # as ggml does


class Attention(nn.Module):
    watched = False  # keeps the first head's weights, for the losses that guide it

    def __init__(self):
        super().__init__()
        self.query = nn.Linear(N_STATE, N_STATE)
        self.key = nn.Linear(N_STATE, N_STATE, bias=False)
        self.value = nn.Linear(N_STATE, N_STATE)
        self.out = nn.Linear(N_STATE, N_STATE)

    def _heads(self, x: torch.Tensor) -> torch.Tensor:
        batch, length, _ = x.shape
        return x.view(batch, length, N_HEADS, HEAD).transpose(1, 2).reshape(batch * N_HEADS, length, HEAD)

    def forward(self, x, source=None, mask=None, n_blank=0):
        source = x if source is None else source
        q = self._heads(self.query(x)) * HEAD ** -0.5
        k, v = self._heads(self.key(source)), self._heads(self.value(source))
        if n_blank:
            k, v = F.pad(k, (0, 0, 0, n_blank)), F.pad(v, (0, 0, 0, n_blank))
            mask = None if mask is None else F.pad(mask, (0, n_blank))
        scores = q @ k.transpose(1, 2)
        if mask is not None:
            scores = scores + mask
        weights = scores.softmax(-1)
        if self.watched:
            self.seen = weights.view(x.shape[0], N_HEADS, x.shape[1], -1)[:, 0]
        mixed = (weights @ v).view(x.shape[0], N_HEADS, x.shape[1], HEAD).transpose(1, 2)
        return self.out(mixed.reshape(x.shape))


class Block(nn.Module):
    def __init__(self, cross: bool):
        super().__init__()
        self.attn = Attention()
        self.attn_ln = nn.LayerNorm(N_STATE)
        if cross:
            self.cross_attn = Attention()
            self.cross_attn_ln = nn.LayerNorm(N_STATE)
        self.cross = cross
        self.mlp = nn.Sequential(nn.Linear(N_STATE, 4 * N_STATE), nn.GELU(approximate="tanh"), nn.Linear(4 * N_STATE, N_STATE))
        self.mlp_ln = nn.LayerNorm(N_STATE)

    def forward(self, x, audio=None, mask=None, n_blank=0, audio_mask=None):
        x = x + self.attn(self.attn_ln(x), mask=mask, n_blank=0 if self.cross else n_blank)
        if self.cross:
            x = x + self.cross_attn(self.cross_attn_ln(x), audio, audio_mask, n_blank)
        return x + self.mlp(self.mlp_ln(x))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(N_MELS, N_STATE, 3, padding=1)
        self.conv2 = nn.Conv1d(N_STATE, N_STATE, 3, stride=2, padding=1)
        self.register_buffer("positional_embedding", sinusoids(N_AUDIO_CTX, N_STATE))
        self.blocks = nn.ModuleList(Block(False) for _ in range(N_ENCODER_LAYERS))
        self.ln_post = nn.LayerNorm(N_STATE)
        for layer in GUIDED_ENCODER_LAYERS:
            self.blocks[layer].attn.watched = True

    @staticmethod
    def _convolve(x, conv, stride):
        # Three shifted copies and one product: several times faster than conv1d in bf16 here.
        x = F.pad(x, (0, 0, 1, 1))
        length = (x.shape[1] - 3) // stride + 1
        taps = torch.cat([x[:, k:k + stride * (length - 1) + 1:stride] for k in range(3)], dim=2)
        weight = conv.weight.permute(0, 2, 1).reshape(conv.weight.shape[0], -1)
        return gelu(F.linear(taps, weight, conv.bias))

    def forward(self, mel, first_position, n_blank=0, kept=None, mask=None):
        """Audio states, and what the watched heads look at. `kept` [B, K] are the positions that go on after the convolutions."""
        x = self._convolve(self._convolve(mel, self.conv1, 1), self.conv2, 2)
        if kept is None:
            at = first_position[:, None] + torch.arange(x.shape[1], device=x.device)[None]
        else:
            x = x.gather(1, kept[..., None].expand(-1, -1, N_STATE))
            at = first_position[:, None] + kept
        x = x + self.positional_embedding[at].to(x.dtype)
        for block in self.blocks:
            x = block(x, mask=mask, n_blank=n_blank)
        return self.ln_post(x), [self.blocks[layer].attn.seen for layer in GUIDED_ENCODER_LAYERS]


class Decoder(nn.Module):
    def __init__(self, rows: ActiveRows):
        super().__init__()
        # The last row stands for every token outside the domain.
        self.active_embedding = nn.Parameter(torch.randn(rows.unused + 1, N_STATE) * 0.05)
        # Timestamps share what they learn: each row also has a projection of the encoder's own code for that position.
        self.time_projection = nn.Parameter(torch.zeros(N_STATE, N_STATE))
        self.n_untimed = rows.unused - N_TIMESTAMPS
        self.positional_embedding = nn.Parameter(torch.randn(N_TEXT_CTX, N_STATE) * 0.01)
        self.blocks = nn.ModuleList(Block(True) for _ in range(N_DECODER_LAYERS))
        self.ln = nn.LayerNorm(N_STATE)
        for layer in GUIDED_LAYERS:
            self.blocks[layer].cross_attn.watched = True

    def embedding(self):
        return with_time_codes(self.active_embedding, self.time_projection, self.n_untimed)

    def forward(self, tokens, audio, n_blank=0, audio_mask=None):
        length = tokens.shape[1]
        x = F.embedding(tokens, self.embedding()) + self.positional_embedding[:length]
        mask = torch.full((length, length), -1e4, dtype=x.dtype, device=x.device).triu(1)
        for block in self.blocks:
            x = block(x, audio, mask, n_blank, audio_mask)
        return self.ln(x)


class MiniWhisper(nn.Module):
    def __init__(self, rows: ActiveRows):
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder(rows)
        # Heads for the auxiliary losses, a row a unit and one for none; not exported.
        self.ctc = nn.Linear(N_STATE, rows.n_units + 1)
        self.sounding = nn.Linear(N_STATE, rows.n_units + 1)
        self.rows = rows
        self.log_n_unused = math.log(rows.n_unused)

    def logits(self, states):
        logits = F.linear(states, self.decoder.embedding()).float()
        shift = torch.zeros(logits.shape[-1], device=logits.device)
        shift[-1] = self.log_n_unused
        return logits + shift
