"""From crops of 8 bits to the input of the networks."""

from __future__ import annotations

from torch import Tensor


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
