"""From crops of 8 bits to the input of the networks."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def as_images(crops: Tensor) -> Tensor:
    """Turn crops into the input of the networks.

    Parameters
    ----------
    crops : (n, y, x) or (n, y, x, 3) uint8 tensor
        Brightness or RGB.

    Returns
    -------
    (n, 1, y, x) or (n, 3, y, x) float tensor
        0 to 1.
    """
    images = crops.permute(0, 3, 1, 2) if crops.ndim == 4 else crops[:, None]
    return images.float() / 255


def box_mean(maps: Tensor, reach: int) -> Tensor:
    """Average maps over a square window; at the border over the part of it that is inside.

    Parameters
    ----------
    maps : (n, c, y, x) float tensor
    reach : int
        Half of the width of the window, which has an odd number of pixels.

    Returns
    -------
    (n, c, y, x) float tensor
    """
    # Rows, then columns: a small part of the work of a square window, with the same result.
    side = 2 * reach + 1
    maps = functional.avg_pool2d(maps, (side, 1), 1, (reach, 0), count_include_pad=False)
    return functional.avg_pool2d(maps, (1, side), 1, (0, reach), count_include_pad=False)


def gaussian(maps: Tensor, sigma: float, reach: int) -> Tensor:
    """Smooth maps with a Gaussian; border values are repeated outside.

    Parameters
    ----------
    maps : (c, y, x) float tensor
    sigma : float
        Standard deviation in pixels.
    reach : int
        Pixels on each side that count.

    Returns
    -------
    (c, y, x) float tensor
    """
    steps = torch.arange(-reach, reach + 1, device=maps.device, dtype=maps.dtype)
    kernel = torch.exp(-0.5 * (steps / sigma).square())
    kernel = kernel / kernel.sum()
    padded = functional.pad(maps[:, None], (reach, reach, reach, reach), mode="replicate")
    down = functional.conv2d(padded, kernel.view(1, 1, -1, 1))
    return functional.conv2d(down, kernel.view(1, 1, 1, -1))[:, 0]
