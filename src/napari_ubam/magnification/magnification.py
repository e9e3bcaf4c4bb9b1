"""Magnified frames of a recording at any factor, with reference, arrows and metadata."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

import dask.array as da
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_ubam.analysis.attribution import arrows
from napari_ubam.families.family import Image
from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled, silent
from napari_ubam.runfolder.errors import RunError

from .change import ReferenceChange
from .in_distribution import Support
from .renderer import Renderer

SWEEP = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
"""Factors of a sweep."""


class MagnificationWarning(UserWarning):
    """One sentence that must be known to read magnified frames correctly."""


@dataclass(frozen=True)
class Magnification:
    """Magnified frames of a recording. Frames are rendered on request.

    Parameters
    ----------
    renderer : Renderer
        Renders the frames, and caches what the network computes for each.
    numbers : ndarray of int64, shape (n,)
        Frame numbers.
    factor : float
        0 shows the reference posture, 1 the original, above 1 magnifies.
    changes : tuple of ReferenceChange
        Change towards the reference, for each run of frames without a gap.
    mean : ndarray of float32, shape (k,)
        Mean coefficients of the reference recordings.
    support : Support
        Postures that the recording and the reference show.
    facts : mapping of str to object
        Metadata that do not depend on the factor.
    notes : tuple of str
        Warnings that do not depend on the factor.
    """

    renderer: Renderer
    numbers: NDArray[np.int64]
    factor: float
    changes: tuple[ReferenceChange, ...]
    mean: NDArray[np.float32]
    support: Support
    facts: Mapping[str, Any]
    notes: tuple[str, ...] = ()

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """Factor, reference, unclear frames, share that is magnified, warnings, hashes and versions."""
        outside, unclear, share = self._outside(), self._unclear(), self._share()
        sentences = list(self.notes)
        if len(unclear):
            sentences.append(
                f"{self.renderer.recording.name}: some frames differ from the reference no more than its "
                f"recordings differ from each other ({len(unclear)} of {len(self.numbers)}); the little that "
                "is magnified there may be the individual and no deviation. Of the change in all frames, "
                f"{share:.0%} stands out and is magnified."
            )
        return {
            **self.facts,
            "factor": self.factor,
            "outside_of_the_data": outside.tolist(),
            "within_the_reference": unclear.tolist(),
            "share_of_the_change": round(share, 3),
            "warnings": sentences,
        }

    @property
    def frames(self) -> da.Array:
        """Magnified frames, a lazy array of uint8 of shape (n, y, x, c)."""
        return self.renderer.lazy(self.numbers.tolist(), self.factor)

    @property
    def originals(self) -> da.Array:
        """The frames as they were recorded, a lazy array like ``frames``."""
        return self.renderer.lazy(self.numbers.tolist(), 1.0)

    @property
    def reference(self) -> da.Array:
        """The frames in the reference posture, a lazy array like ``frames``."""
        return self.renderer.lazy(self.numbers.tolist(), 0.0)

    @property
    def fps(self) -> float:
        """Frames per second."""
        return float(self.renderer.recording.fps or self.renderer.video.fps)

    def at(self, factor: float) -> Magnification:
        """Show the same frames at another factor. Nothing is aligned again, and rendered frames are reused.

        Parameters
        ----------
        factor : float

        Returns
        -------
        Magnification

        Raises
        ------
        RunError
            If the factor is not finite.
        """
        refuse_factor(factor)
        return replace(self, factor=float(factor))

    def stream(self) -> Iterator[Image]:
        """Render the frames one after the other, in bounded memory.

        Yields
        ------
        ndarray of uint8, shape (y, x, c)
        """
        return self.renderer.stream(self.numbers.tolist(), self.factor)

    @property
    def moves(self) -> bool:
        """Whether pixels are displaced, so that there are arrows. The magnifier of 2021 paints instead."""
        return self.renderer.moves

    def flow(self, number: int) -> NDArray[np.float32]:
        """Compute how the pixels of a frame are displaced from the reference posture.

        Parameters
        ----------
        number : int
            Frame number.

        Returns
        -------
        ndarray of float32, shape (2, y, x)
            Displacement along x and y in pixels, for `napari_ubam.analysis.attribution`. 0 outside of the
            region.

        Raises
        ------
        FamilyError
            If the magnifier paints pictures and displaces nothing.
        """
        return self.renderer.flow(number)

    def arrows(
        self, *, progress: ProgressCallback | None = None, cancel: Cancel | None = None
    ) -> pd.DataFrame:
        """Summarise the displacement of each frame: an arrow for each connected region that moved.

        Parameters
        ----------
        progress : callable, optional
            Called before each frame.
        cancel : object with ``is_set()``, optional
            Checked before each frame.

        Returns
        -------
        DataFrame
            Columns of `napari_ubam.analysis.attribution.arrows`, and ``frame`` and ``recording``.

        Raises
        ------
        FamilyError
            If the magnifier paints pictures and displaces nothing.
        Cancelled
            When ``cancel`` is set.
        """
        tell, count = progress or silent, len(self.numbers)
        tables = []
        for done, number in enumerate(self.numbers.tolist()):
            check_cancelled(cancel)
            tell(Progress("arrows", done, count))
            tables.append(arrows(self.flow(number)).assign(frame=number))
        tell(Progress("arrows", count, count))
        return pd.concat(tables, ignore_index=True).assign(recording=self.renderer.recording.name)

    def sweep(self, number: int, factors: Sequence[float] = SWEEP) -> dict[str, Image]:
        """Render one frame at several factors, and in the mean posture of the reference.

        Parameters
        ----------
        number : int
            Frame number.
        factors : sequence of float

        Returns
        -------
        dict of str to ndarray of uint8, shape (y, x, c)
            Images by their titles, for `napari_ubam.report.sweep_sheet`.
        """
        titles = {0.0: "× 0, the reference", 1.0: "× 1, the original"}
        images = self.renderer.render_factors([number], factors)
        shown = {
            titles.get(factor, f"× {factor:g}"): image
            for factor, [image] in zip(factors, images, strict=True)
        }
        return {"mean posture of the reference": self.mean_posture(number), **shown}

    def mean_posture(self, number: int) -> Image:
        """Render a frame in the mean posture of the reference, whatever its movement phase.

        Parameters
        ----------
        number : int
            Frame number.

        Returns
        -------
        ndarray of uint8, shape (y, x, c)
        """
        change = (self.mean - self.renderer.own).astype(np.float32)
        return replace(self.renderer, change=change).render([number], 0.0)[0]

    def _unclear(self) -> NDArray[np.int64]:
        """Numbers of the frames that differ from the reference no more than the reference from itself."""
        if self.factor == 1:
            return np.empty(0, np.int64)
        found = [part.frames[part.unclear] for part in self.changes]
        frames = np.concatenate(found) if found else np.empty(0, np.int64)
        return frames[np.isin(frames, self.numbers)]

    def _share(self) -> float:
        """Share of the measured change that stands out from the reference, and so is magnified."""
        kept = measured = 0.0
        for part in self.changes:
            rows = np.isin(part.frames, self.numbers)
            kept += float(np.linalg.norm(part.change[rows], axis=1).sum())
            measured += float(np.linalg.norm(part.measured[rows], axis=1).sum())
        return kept / measured if measured else 0.0

    def _outside(self) -> NDArray[np.int64]:
        """Numbers of the frames whose magnified posture is outside of the data."""
        frames = self.renderer.frames
        wanted = np.isin(frames, self.numbers)
        if self.factor == 1 or not wanted.any():
            return np.empty(0, np.int64)
        shown = self.renderer.own[wanted] + (1 - self.factor) * self.renderer.change[wanted]
        return frames[wanted][self.support.is_outside(shown)]


def refuse_factor(factor: float) -> None:
    """Refuse a factor that is not finite.

    Parameters
    ----------
    factor : float

    Raises
    ------
    RunError
    """
    if not np.isfinite(factor):
        raise RunError(f"A factor of {factor} makes no sense; give a number such as 2.5.")


_new = cast(Callable[..., Any], da.Array.__new__)  # without type hints in dask


class MagnifiedFrames(da.Array):
    """Magnified frames as a dask array ``(t, y, x, c)`` of uint8, with all that belongs to them.

    Each frame is rendered on request. The array is used like every dask array; slices and results of
    computations are plain dask arrays.

    Attributes
    ----------
    magnification : Magnification
        Arrows, displacement, sweep and the change towards the reference.
    """

    magnification: Magnification
    _original: str

    @classmethod
    def of(cls, magnification: Magnification) -> MagnifiedFrames:
        """Make the array of a magnification.

        Parameters
        ----------
        magnification : Magnification

        Returns
        -------
        MagnifiedFrames
        """
        plain = magnification.frames
        array: MagnifiedFrames = _new(cls, plain.dask, plain.name, plain.chunks, meta=plain._meta)
        array.magnification, array._original = magnification, plain.name
        return array

    @property
    def frames(self) -> da.Array:
        """The same frames as a plain dask array."""
        return self.magnification.frames

    @property
    def originals(self) -> da.Array:
        """The frames as they were recorded, a lazy array of the same shape."""
        return self.magnification.originals

    @property
    def reference(self) -> da.Array:
        """The frames in the reference posture, a lazy array of the same shape."""
        return self.magnification.reference

    @property
    def metadata(self) -> dict[str, Any]:
        """Factor, recording, reference, unclear frames, warnings, hashes and versions."""
        return self.magnification.metadata

    def at(self, factor: float) -> MagnifiedFrames:
        """Show the same frames at another factor. Nothing is aligned again, and rendered frames are reused.

        Parameters
        ----------
        factor : float

        Returns
        -------
        MagnifiedFrames

        Raises
        ------
        RunError
            If the factor is not finite.
        """
        return MagnifiedFrames.of(self.magnification.at(factor))

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        if self.name != self._original:  # assigning to an array of dask gives it another graph
            return da.Array, (self.dask, self.name, self.chunks, self.dtype, self._meta)
        return MagnifiedFrames.of, (self.magnification,)
