"""A checkpoint that knew fewer units is taken on: what it has learnt keeps its meaning, the rest starts anew."""
import torch

from .layout import ActiveRows

SMALL = 0.02


def widened(old: dict[str, torch.Tensor], fresh: dict[str, torch.Tensor], said: list) -> dict[str, torch.Tensor]:
    """The old units must be the first of the new ones."""
    n_old = old["ctc.weight"].shape[0] - 1
    if n_old == len(said):
        return old
    out = dict(old)
    for name in ("ctc", "sounding"):
        for part in ("weight", "bias"):
            before, now = old[f"{name}.{part}"], torch.randn_like(fresh[f"{name}.{part}"], dtype=torch.float32) * SMALL
            now[:n_old], now[-1] = before[:n_old], before[-1]
            out[f"{name}.{part}"] = now
    before, after = ActiveRows(said[:n_old]), ActiveRows(said)
    table = fresh["decoder.active_embedding"].float().clone()
    for row, token in enumerate(before.tokens):
        table[after.row(token)] = old["decoder.active_embedding"][row]
    table[after.unused] = old["decoder.active_embedding"][before.unused]
    out["decoder.active_embedding"] = table
    return out
