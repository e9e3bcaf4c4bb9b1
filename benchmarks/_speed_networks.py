"""What the networks of each preset cost, on one thread and relative to ``tiny``.

CPU time a frame of the posture encoder (to embed, and forwards and backwards as in training) and of the
magnifier, taken in turn within one run. The preset ``paper`` is the published network.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from _common import cpu_seconds, print_table
from torch import nn

from napari_ubam.models.config import preset
from napari_ubam.models.families import magnifier, posture_encoder
from napari_ubam.models.painter import Painter

PRESETS = ("tiny", "small", "base", "paper")
FRAMES, ROUNDS = 16, 3
SHAPE = (2, 3)  # of crops, height to width, about that of an animal seen from the side


def networks() -> None:
    """Compare the networks of the presets."""
    torch.set_num_threads(1)
    costs = {name: _costs(name) for name in PRESETS}
    best: dict[str, list[float]] = {}
    for _ in range(ROUNDS):  # in turn, since other users of the machine slow all of them
        for name, works in costs.items():
            taken = [cpu_seconds(work, 1) / FRAMES for work in works[1:]]
            before = best.get(name, taken)
            best[name] = [min(pair) for pair in zip(before, taken, strict=True)]
    rows = []
    for name, times in best.items():
        cells = [
            f"{1e3 * one:.1f} ({one / least:.1f})" for one, least in zip(times, best["tiny"], strict=True)
        ]
        rows.append([name, f"{costs[name][0]() / 1e6:.1f}", *cells])
    header = ["preset", "parameters (M)", "embed", "learn", "magnify"]
    print_table("CPU ms a frame, one thread (relative to tiny)", header, rows)


def _costs(
    name: str,
) -> tuple[Callable[[], float], Callable[[], object], Callable[[], object], Callable[[], object]]:
    """Give the number of parameters and what is timed."""
    config = preset(name)
    side = config.posture.size[1]
    config = config.with_crops(side * SHAPE[0] // SHAPE[1] // 16 * 16, side)
    encoder, mover = posture_encoder(config).eval(), magnifier(config).eval()
    crops = torch.rand(FRAMES, 1, *config.posture.size)
    with torch.inference_mode():
        own = mover.coefficients(encoder(crops))

    def embed() -> None:
        with torch.inference_mode():
            encoder(crops)

    def learn() -> None:
        encoder.zero_grad(set_to_none=True)
        encoder(crops).square().mean().backward()

    def magnify() -> None:
        with torch.inference_mode():
            if isinstance(mover, Painter):
                mover(crops, own)
            else:
                mover(crops, own, own)

    return lambda: float(_parameters(encoder) + _parameters(mover)), embed, learn, magnify


def _parameters(network: nn.Module) -> int:
    return sum(one.numel() for one in network.parameters())
