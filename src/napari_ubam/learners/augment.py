"""Augmentation of crops: light, contrast, position, size and rotation."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

ROTATION, SHIFT, SIZE = 0.06, 0.06, 0.06  # radians, fractions of half the image, relative change
GAMMA, BRIGHTNESS, SHADE, NOISE = 0.5, 0.4, 0.35, 0.04  # logarithms, and brightness for the noise


def augmented(crops: Tensor, *, repeats: int = 1) -> Tensor:
    """Change light, contrast, position, size and rotation at random, and add noise.

    The random numbers come from torch's global generator, which the training loop seeds at every step.

    Parameters
    ----------
    crops : (n, 1, y, x) or (n, 3, y, x) float tensor
        Brightness or RGB, 0 to 1.
    repeats : int
        Number of consecutive crops with the same change, so that the frames of a sequence stay comparable.

    Returns
    -------
    (n, 1, y, x) or (n, 3, y, x) float tensor
        About 0 to 1.
    """
    count = -(-len(crops) // repeats)

    def random(*shape: int) -> Tensor:
        """Uniform numbers from -1 to 1, equal within the repeats."""
        numbers = torch.rand(count, *shape, device=crops.device) * 2 - 1
        return numbers.repeat_interleave(repeats, 0)[: len(crops)]

    moved = _move(crops, random(4))
    lit = moved.clamp(1e-3, 1) ** torch.exp(GAMMA * random(1, 1, 1))
    shade = F.interpolate(
        SHADE * random(1, 3, 3), size=crops.shape[-2:], mode="bilinear", align_corners=False
    )
    lit = lit * torch.exp(shade + BRIGHTNESS * random(1, 1, 1))
    return lit + torch.randn_like(lit) * NOISE * random(1, 1, 1).abs()


def _move(crops: Tensor, numbers: Tensor) -> Tensor:
    angle, size = ROTATION * numbers[:, 0], 1 + SIZE * numbers[:, 1]
    cos, sin = angle.cos() / size, angle.sin() / size
    rows = torch.stack([cos, -sin, SHIFT * numbers[:, 2], sin, cos, SHIFT * numbers[:, 3]], 1).view(-1, 2, 3)
    device = crops.device
    if device.type == "mps":  # older releases of torch lack this there
        crops, rows = crops.cpu(), rows.cpu()
    places = F.affine_grid(rows, list(crops.shape), align_corners=False)
    return F.grid_sample(crops, places, padding_mode="border", align_corners=False).to(device)
