"""Other views of the same crops: another light, another place in the picture."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

TURN, SHIFT, SIZE = 0.06, 0.06, 0.06  # radians, parts of half the picture, parts of 1
GAMMA, BRIGHTNESS, SHADE, NOISE = 0.5, 0.4, 0.35, 0.04  # logarithms, logarithms, logarithms, grey levels of 1


def another_view(crops: Tensor, *, repeats: int = 1) -> Tensor:
    """Change light, contrast, place, size and tilt, and add noise.

    Draws from torch's global generator, which training seeds at every step.

    Parameters
    ----------
    crops : (n, 1, y, x) float tensor
        Grey levels, 0 to 1.
    repeats : int
        This many crops after each other share one change, so that the frames of a run stay comparable.

    Returns
    -------
    (n, 1, y, x) float tensor
        Grey levels, about 0 to 1.
    """
    count = -(-len(crops) // repeats)

    def draw(*shape: int) -> Tensor:
        """Uniform numbers from -1 to 1, equal within the repeats."""
        numbers = torch.rand(count, *shape, device=crops.device) * 2 - 1
        return numbers.repeat_interleave(repeats, 0)[: len(crops)]

    moved = _move(crops, draw(4))
    lit = moved.clamp(1e-3, 1) ** torch.exp(GAMMA * draw(1, 1, 1))
    shade = F.interpolate(SHADE * draw(1, 3, 3), size=crops.shape[-2:], mode="bilinear", align_corners=False)
    lit = lit * torch.exp(shade + BRIGHTNESS * draw(1, 1, 1))
    return lit + torch.randn_like(lit) * NOISE * draw(1, 1, 1).abs()


def _move(crops: Tensor, drawn: Tensor) -> Tensor:
    turn, size = TURN * drawn[:, 0], 1 + SIZE * drawn[:, 1]
    cos, sin = turn.cos() / size, turn.sin() / size
    rows = torch.stack([cos, -sin, SHIFT * drawn[:, 2], sin, cos, SHIFT * drawn[:, 3]], 1).view(-1, 2, 3)
    device = crops.device
    if device.type == "mps":  # older releases of torch lack this there
        crops, rows = crops.cpu(), rows.cpu()
    places = F.affine_grid(rows, list(crops.shape), align_corners=False)
    return F.grid_sample(crops, places, padding_mode="border", align_corners=False).to(device)
