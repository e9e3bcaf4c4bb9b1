"""An encoder of plain NumPy, for tests; in a module of its own so that other processes find it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_ubam.crops import CropSpec
from napari_ubam.progress import Cancel, check_cancelled

REACH = 2  # frames of a window on each side of its centre


@dataclass
class PlainEncoder:
    """Posture is the mean brightness of 16 fields, behaviour its mean over 5 frames."""

    size: int = 32
    version: str = "1"
    seconds: float = 0.0  # a call of `posture` takes at least
    largest: int = 0  # batch that the memory is large enough for; any where 0
    batches: list[int] = field(default_factory=list)
    device: str = "cpu"

    @property
    def spec(self) -> CropSpec:
        """Crops that it takes."""
        return CropSpec(self.size, self.size)

    @property
    def hashes(self) -> dict[str, str]:
        """Version by kind."""
        return {"posture": f"p{self.version}", "behaviour": f"b{self.version}"}

    def posture(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Encode frames."""
        if self.largest and len(crops) > self.largest:
            raise RuntimeError("out of memory: tried to allocate 3 GiB")
        self.batches.append(len(crops))
        time.sleep(self.seconds)
        return fields(crops)

    def behaviour(
        self,
        posture: NDArray[np.float32],
        times: NDArray[np.float64],
        segments: Sequence[range],
        *,
        cancel: Cancel | None = None,
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Encode windows."""
        check_cancelled(cancel)
        assert len(posture) == len(times)
        result, valid = np.zeros_like(posture), np.zeros(len(posture), bool)
        for segment in segments:
            for centre in range(segment.start + REACH, segment.stop - REACH):
                result[centre] = posture[centre - REACH : centre + REACH + 1].mean(axis=0)
                valid[centre] = True
        return result, valid


def fields(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Mean brightness of 4 x 4 fields, shape (n, 16)."""
    side = crops.shape[1] // 4
    split = crops[:, : 4 * side, : 4 * side].reshape(len(crops), 4, side, 4, side)
    return split.mean(axis=(2, 4), dtype=np.float32).reshape(len(crops), 16)


@dataclass(frozen=True)
class PlainSource:
    """Loads a `PlainEncoder`, as each worker of a cluster does."""

    seconds: float = 0.0
    version: str = "1"

    def __call__(self) -> PlainEncoder:
        """Load it."""
        return PlainEncoder(seconds=self.seconds, version=self.version)
