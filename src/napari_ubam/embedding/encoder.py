"""What a model has to offer to be used for embedding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from napari_ubam.crops import CropSpec
from napari_ubam.progress import Cancel


@runtime_checkable
class Encoder(Protocol):
    """Posture and behaviour encoders with their weights, on one device."""

    @property
    def spec(self) -> CropSpec:
        """Crops that it takes."""
        ...

    @property
    def hashes(self) -> Mapping[str, str]:
        """Hash of the weights by kind: ``posture``, ``behaviour``."""
        ...

    @property
    def device(self) -> Any:
        """Where it computes, such as ``cpu`` or ``cuda:0``."""
        ...

    def posture(self, crops: NDArray[np.uint8], /) -> NDArray[np.float32]:
        """Encode frames.

        Parameters
        ----------
        crops : (n, y, x[, 3]) uint8 array
            Crops as ``spec`` says.

        Returns
        -------
        (n, d) float32 array
            Posture of each.
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
        """Encode the windows that are centred on each frame.

        Parameters
        ----------
        posture : (t, d) float32 array
            Posture of each frame; NaN outside the segments.
        times : (t,) float64 array
            Seconds of each frame.
        segments : sequence of range
            Rows of ``posture`` that follow each other without a gap; no window may reach over the end of one.
        cancel : Cancel, optional
            Checked twice a second.

        Returns
        -------
        behaviour : (t, d) float32 array
            Behaviour around each frame.
        valid : (t,) bool array
            Frames whose window lies within a segment.

        Raises
        ------
        Cancelled
            When ``cancel`` is set.
        """
        ...


class EncoderSource(Protocol):
    """Gives the encoder; can be pickled, so that each worker of a cluster loads its own."""

    def __call__(self) -> Encoder:
        """Load the encoder."""
        ...
