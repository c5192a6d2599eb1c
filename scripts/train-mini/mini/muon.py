"""Muon for the blocks' matrices, AdamW for the rest, both on f32 masters of bf16 weights."""
import torch


def orthogonalise(stack: torch.Tensor, steps: int = 5) -> torch.Tensor:
    a, b, c = 3.4445, -4.7750, 2.0315
    x = stack.bfloat16()
    tall = x.shape[-2] > x.shape[-1]
    if tall:
        x = x.mT
    x = x / (x.flatten(1).norm(dim=1)[:, None, None] + 1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.mT if tall else x).float()


class MuonAdamW:
    def __init__(self, named_parameters, muon_lr: float = 0.007, adam_lr: float = 1e-3, weight_decay: float = 0.01):
        named = list(named_parameters)
        self.muon_lr, self.adam_lr, self.weight_decay, self.momentum = muon_lr, adam_lr, weight_decay, 0.95
        self.pairs = [(p, p.detach().float().clone()) for _, p in named]
        self.names = [n for n, _ in named]
        by_shape: dict[tuple, list[int]] = {}
        adam = []
        for i, (name, p) in enumerate(named):
            if ".blocks." in name and p.ndim == 2:
                by_shape.setdefault(tuple(p.shape), []).append(i)
            else:
                adam.append(self.pairs[i][1])
        self.groups = list(by_shape.values())
        self.momenta = [self.pairs[g[0]][1].new_zeros(len(g), *self.pairs[g[0]][1].shape) for g in self.groups]
        self.adam_at = [i for i, (n, p) in enumerate(named) if not (".blocks." in n and p.ndim == 2)]
        self.adam = torch.optim.AdamW(adam, lr=adam_lr, betas=(0.9, 0.98), weight_decay=weight_decay, foreach=True)

    @torch.no_grad()
    def step(self, scale: float, clip: float = 1.0) -> float:
        grads = [p.grad.float() if p.grad is not None else torch.zeros_like(m) for p, m in self.pairs]
        norm = torch.sqrt(sum((g * g).sum() for g in grads))
        if not torch.isfinite(norm):
            self._clear()
            return float("nan")
        shrink = min(1.0, clip / (float(norm) + 1e-6))
        for group, momentum in zip(self.groups, self.momenta):
            grad = torch.stack([grads[i] for i in group])
            momentum.lerp_(grad, 1 - self.momentum)
            update = orthogonalise(grad.lerp(momentum, self.momentum))
            update *= max(1.0, update.shape[-2] / update.shape[-1]) ** 0.5 * self.muon_lr * scale
            for i, part in zip(group, update):
                self.pairs[i][1].mul_(1 - self.muon_lr * scale * self.weight_decay).sub_(part)
        for i in self.adam_at:
            self.pairs[i][1].grad = grads[i] * shrink
        for part in self.adam.param_groups:
            part["lr"] = self.adam_lr * scale
        self.adam.step()
        for p, master in self.pairs:
            p.copy_(master)
        self._clear()
        return float(norm)

    def _clear(self) -> None:
        for p, _ in self.pairs:
            p.grad = None

    def go_on(self, adam: dict, momenta: list[torch.Tensor]) -> None:
        """From where a checkpoint stopped."""
        self.adam.load_state_dict(adam)
        self.momenta = [then.to(now.device) for now, then in zip(self.momenta, momenta)]

    def masters(self) -> dict[str, torch.Tensor]:
        return {name: master.clone() for name, (_, master) in zip(self.names, self.pairs)}
