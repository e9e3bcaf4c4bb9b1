"""What the networks of each preset cost, on one thread and relative to ``tiny``.

CPU time a frame of the posture encoder (to embed, and forwards and backwards as in training) and of the
magnifier, taken in turn within one run. The preset ``paper`` is the published network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from _common import in_turn, print_table
from torch import nn

from napari_ubam.families import family_of, preset

PRESETS = ("tiny", "small", "base", "paper")
FRAMES, ROUNDS = 16, 3
SHAPE = (2, 3)  # of crops, height to width, about that of an animal seen from the side


def networks() -> None:
    """Compare the networks of the presets."""
    torch.set_num_threads(1)
    built = {name: _built(name) for name in PRESETS}
    works = {f"{name} {what}": work for name, one in built.items() for what, work in one.works.items()}
    best = in_turn((), works, ROUNDS)
    rows = []
    for name, one in built.items():
        times = [(best[f"{name} {what}"] / FRAMES, best[f"tiny {what}"] / FRAMES) for what in one.works]
        cells = [f"{1e3 * own:.1f} ({own / least:.1f})" for own, least in times]
        rows.append([name, f"{one.parameters / 1e6:.1f}", *cells])
    header = ["preset", "parameters (M)", "embed", "learn", "magnify"]
    print_table("CPU ms a frame, one thread (relative to tiny)", header, rows)


@dataclass(frozen=True)
class _Built:
    """Number of parameters of a preset's networks, and what is timed of them, by name."""

    parameters: int
    works: dict[str, Callable[[], object]]


def _built(name: str) -> _Built:
    config = preset(name)
    side = config.posture.size[1]
    config = config.with_crops(side * SHAPE[0] // SHAPE[1] // 16 * 16, side)
    family = family_of(config)
    encoder, magnifier = family.posture_encoder(config).eval(), family.magnifier(config).eval()
    crops = torch.rand(FRAMES, 1, *config.posture.size)
    with torch.inference_mode():
        own = magnifier.coefficients(encoder(crops))

    def embed() -> None:
        with torch.inference_mode():
            encoder(crops)

    def learn() -> None:
        encoder.zero_grad(set_to_none=True)
        encoder(crops).square().mean().backward()

    def magnify() -> None:
        for at in range(FRAMES):  # as frames are rendered
            one = slice(at, at + 1)
            family.prepare_frame(magnifier, crops[one], own[one], own[one])

    return _Built(
        _parameters(encoder) + _parameters(magnifier), {"embed": embed, "learn": learn, "magnify": magnify}
    )


def _parameters(network: nn.Module) -> int:
    return sum(one.numel() for one in network.parameters())
