"""What napari calls to save layers: images as a video or a TIFF stack, scores as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile

from napari_ubam.errors import UbamError
from napari_ubam.video import write_video

DEFAULT_FPS = 25.0


class LayerError(UbamError):
    """A layer that cannot be written; the message says which layer can."""


def write_images(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write an image layer as a video or a TIFF stack, one frame at a time.

    Parameters
    ----------
    path : str
        File ``.mp4`` or ``.tif``.
    data : (t, y, x) or (t, y, x, 3) array
        Frames, also lazy.
    meta : dict
        Arguments of the layer. The time scale gives the frame rate, the contrast limits give the grey levels.

    Returns
    -------
    list of str
        The written file.

    Raises
    ------
    LayerError
        If the layer has no time axis.
    """
    rgb = bool(meta.get("rgb"))
    if np.ndim(data) != (4 if rgb else 3):
        raise LayerError("A single picture cannot be written as a video; choose a layer with a time axis.")
    scale = meta.get("scale", (1.0,))
    fps = 1 / float(scale[0]) if len(scale) > 2 and scale[0] > 0 and scale[0] != 1 else DEFAULT_FPS
    frames = _frames(data, rgb, meta.get("contrast_limits"))
    if Path(path).suffix.lower() == ".mp4":
        write_video(path, frames, fps=fps)
        return [path]
    shape = (*data.shape[:3], 3) if rgb else data.shape
    photometric = "rgb" if rgb else "minisblack"
    tifffile.imwrite(
        path,
        frames,
        shape=shape,
        dtype=np.uint8,
        photometric=photometric,
        metadata={"axes": "TYXS"[: len(shape)], "fps": fps},
    )
    return [path]


def write_scores(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write the scores that a layer shows.

    Parameters
    ----------
    path : str
        File ``.csv``.
    data : list
        Shapes; not used.
    meta : dict
        Arguments of the layer; its metadata holds the table.

    Returns
    -------
    list of str
        The written file.

    Raises
    ------
    LayerError
        If the layer shows no scores.
    """
    table = meta.get("metadata", {}).get("scores")
    if table is None:
        raise LayerError("This layer shows no scores; choose the layer whose name ends in ', deviation'.")
    table.to_csv(path, index=False)
    return [path]


def _frames(data: Any, rgb: bool, limits: Any) -> Iterator[npt.NDArray[np.uint8]]:
    for number in range(len(data)):
        frame = np.asarray(data[number])
        if frame.dtype != np.uint8 or (not rgb and limits is not None and tuple(limits) != (0, 255)):
            low, high = (0.0, 1.0) if limits is None else limits
            frame = np.clip((frame.astype(np.float32) - low) / max(high - low, 1e-12) * 255, 0, 255)
        yield frame.astype(np.uint8)
