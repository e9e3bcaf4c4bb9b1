"""Sizes of letterboxed images."""

from __future__ import annotations

from math import ceil


def layout(shape: tuple[int, int], size: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Compute the sizes of a letterboxed image.

    Parameters
    ----------
    shape : tuple of int
        Height and width of the image.
    size : tuple of int
        Height and width of the target.

    Returns
    -------
    inner : tuple of int
        Height and width of the scaled image. It fills the target in height or width.
    outer : tuple of int
        Height and width to which the image must be padded before scaling, so that its proportions are exactly
        those of ``inner``, up to half a pixel. An image that is enlarged needs no padding.
    """
    # The scale is a fraction of integers, to avoid rounding twice.
    new, old = min(zip(size, shape, strict=True), key=lambda pair: pair[0] / pair[1])
    if new >= old:
        height, width = (max(round(side * new / old), 1) for side in shape)
        return (height, width), shape
    height, width = (ceil(side * new / old) for side in shape)
    return (height, width), (round(height * old / new), round(width * old / new))
