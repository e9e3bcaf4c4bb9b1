"""Interface that a model needs for embedding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from napari_ubam.crops import CropSpec
from napari_ubam.progress import Cancel


@runtime_checkable
class Encoder(Protocol):
    """Posture encoder and behaviour encoder with their weights, on one compute device."""

    @property
    def spec(self) -> CropSpec:
        """Size and colour of the crops that the posture encoder expects."""
        ...

    @property
    def hashes(self) -> Mapping[str, str]:
        """Hashes of the weights, with the keys ``posture`` and ``behaviour``."""
        ...

    @property
    def device(self) -> Any:
        """Compute device, for example ``cpu`` or ``cuda:0``."""
        ...

    def posture(self, crops: NDArray[np.uint8], /) -> NDArray[np.float32]:
        """Compute the posture code of each frame.

        Parameters
        ----------
        crops : (n, y, x[, 3]) uint8 array
            Crops with the size and colour of ``spec``, values 0 to 255.

        Returns
        -------
        (n, d) float32 array
            Posture code of each crop.
        """
        ...

    def behaviour(
        self,
        posture: NDArray[np.float32],
        times: NDArray[np.float64],
        segments: Sequence[range],
        /,
        *,
        cancel: Cancel | None = None,
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Compute the behaviour code of the window around each frame.

        Parameters
        ----------
        posture : (t, d) float32 array
            Posture code of each frame; NaN outside the segments.
        times : (t,) float64 array
            Time of each frame, in seconds.
        segments : sequence of range
            Ranges of rows of ``posture`` without a gap. Each window must lie inside one segment.
        cancel : Cancel, optional
            Flag that stops the work. It is checked twice per second.

        Returns
        -------
        behaviour : (t, e) float32 array
            Behaviour code of the window around each frame.
        valid : (t,) bool array
            True for frames with a complete window, which lies inside one segment.

        Raises
        ------
        Cancelled
            If ``cancel`` is set.
        """
        ...


class EncoderSource(Protocol):
    """Function that loads the encoder. It can be pickled: each worker of a cluster loads its own encoder."""

    def __call__(self) -> Encoder:
        """Load the encoder.

        Returns
        -------
        Encoder
            Encoder, ready for use.
        """
        ...
