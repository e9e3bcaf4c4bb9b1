"""From codes to magnified frames: what moves where, for which frames, and what must be said of it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from napari_ubam.analysis import Codes
from napari_ubam.analysis.attribution import arrows
from napari_ubam.analysis.phase_alignment import (
    PhaseAlignment,
    frame_interval,
    phase_alignment,
    usable_references,
)
from napari_ubam.crops.identity import to_ranges
from napari_ubam.embedding.codes import read_codes
from napari_ubam.embedding.model_encoder import ModelEncoder
from napari_ubam.families.family import Image
from napari_ubam.models.networks import coefficients_of
from napari_ubam.models.weights import weights_hash
from napari_ubam.progress import Cancel, check_cancelled
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.recordings import read_recording, read_recordings
from napari_ubam.versions import versions

from .renderer import Renderer, load_magnifier
from .support import Support

SMOOTHING_MS = 50.0
SWEEP = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
AROUND = 4000  # frames before and after those asked for that are followed, too


class MagnificationWarning(UserWarning):
    """A magnification shows what the data do not support, in one sentence."""


@dataclass(frozen=True)
class Magnification:
    """Magnified frames of a recording.

    Parameters
    ----------
    renderer : Renderer
        Computes them.
    numbers : (n,) int64 array
        Frame numbers.
    factor : float
        0 shows the reference posture, 1 the original, above 1 magnifies.
    alignments : tuple of (int64 array, PhaseAlignment)
        Frame numbers of each run without a gap, and which reference frames lead them.
    mean : (components,) float32 array
        Mean coefficients of the reference.
    filmed : Support
        Postures of the recording and of the reference.
    metadata : dict
        Factor, reference, recording, frames outside of the data, warnings, hashes and versions.
    """

    renderer: Renderer
    numbers: NDArray[np.int64]
    factor: float
    alignments: tuple[tuple[NDArray[np.int64], PhaseAlignment], ...]
    mean: NDArray[np.float32]
    filmed: Support
    metadata: dict[str, Any]

    @property
    def frames(self) -> da.Array:
        """Magnified frames, a lazy (t, y, x, c) array of uint8."""
        return self.renderer.lazy(self.numbers.tolist(), self.factor)

    @property
    def originals(self) -> da.Array:
        """The same frames as they are."""
        return self.renderer.lazy(self.numbers.tolist(), 1.0)

    @property
    def reference(self) -> da.Array:
        """The same frames in the reference posture."""
        return self.renderer.lazy(self.numbers.tolist(), 0.0)

    @property
    def fps(self) -> float:
        """Frames per second."""
        return float(self.renderer.recording.fps or self.renderer.video.fps)

    def at(self, factor: float) -> Magnification:
        """Show the same frames at another factor; nothing is searched again.

        Raises
        ------
        RunError
            If the factor is no finite number.
        """
        _refuse_factor(factor)
        metadata = self.metadata | _about(self.filmed, self.renderer, self.numbers, factor)
        return replace(self, factor=float(factor), metadata=metadata)

    def stream(self) -> Iterator[Image]:
        """Yield the magnified frames one after the other, in bounded memory."""
        return self.renderer.stream(self.numbers.tolist(), self.factor)

    @property
    def moves(self) -> bool:
        """Whether pixels are moved, so that there are arrows; the published magnifier paints instead."""
        return self.renderer.moves

    def flow(self, number: int) -> NDArray[np.float32]:
        """How the pixels of a frame are displaced from the reference posture.

        Parameters
        ----------
        number : int
            Frame number.

        Returns
        -------
        (2, y, x) float32 array
            Pixels along x and y, for `napari_ubam.analysis.attribution`; 0 outside of the region.

        Raises
        ------
        RunError
            If the magnifier paints pictures and moves nothing.
        """
        return self.renderer.flow(number)

    def arrows(self, cancel: Cancel | None = None) -> pd.DataFrame:
        """Sum up where each frame deviates: an arrow for each connected region that moved.

        Parameters
        ----------
        cancel : Cancel, optional

        Returns
        -------
        DataFrame
            ``recording, frame`` and the columns of `napari_ubam.analysis.attribution.arrows`.
        """
        tables = []
        for number in self.numbers.tolist():
            check_cancelled(cancel)
            tables.append(arrows(self.flow(number)).assign(frame=number))
        name = self.renderer.recording.name
        return pd.concat(tables, ignore_index=True).assign(recording=name)

    def sweep(self, number: int, factors: Sequence[float] = SWEEP) -> dict[str, Image]:
        """Render one frame at several factors, and in the mean posture of the reference.

        Parameters
        ----------
        number : int
            Frame number.
        factors : sequence of float

        Returns
        -------
        dict of str to (y, x, c) uint8 array
            What each shows, and the picture; for `napari_ubam.report.sweep_sheet`.
        """
        names = {0.0: "× 0, the reference", 1.0: "× 1, the original"}
        shown = {
            names.get(factor, f"× {factor:g}"): self.renderer.render([number], factor)[0]
            for factor in factors
        }
        return {"mean posture of the reference": self.mean_posture(number), **shown}

    def mean_posture(self, number: int) -> Image:
        """Render a frame in the mean posture of the reference, whatever the phase of the movement.

        Parameters
        ----------
        number : int
            Frame number.

        Returns
        -------
        (y, x, c) uint8 array
        """
        change = (self.mean - self.renderer.own).astype(np.float32)
        return replace(self.renderer, change=change).render([number], 0.0)[0]


def magnification(
    folder: Path,
    recording: str,
    reference: str,
    factor: float,
    *,
    frames: slice | None = None,
    smoothing_ms: float = SMOOTHING_MS,
    device: str = "auto",
    cancel: Cancel | None = None,
) -> Magnification:
    """Prepare the magnification of a recording; see `Run.magnify` for the parameters.

    Raises
    ------
    RunError
        If the recording is unknown, or the frames are none of its own.
    WeightsError
        If the run has no magnifier.
    EmbeddingError, DeviationError
        If codes are missing, or the reference cannot be used.
    """
    _refuse_factor(factor)
    if not 0 <= smoothing_ms < np.inf:
        raise RunError(f"Smoothing over {smoothing_ms} ms makes no sense; give 0 or more milliseconds.")
    one = read_recording(folder, recording)
    encoder = ModelEncoder.load(folder)
    network, _ = load_magnifier(folder, encoder.hashes["posture"])
    chosen = read_recordings(folder).select(reference)
    own = read_codes(folder, [one], encoder)[0]
    if not own.valid.any():
        raise RunError(f"{recording} has no whole window of movement, so nothing of it can be magnified.")
    others = usable_references(own, read_codes(folder, chosen, encoder))
    numbers = _numbers(own, frames, recording)
    known = {one.name: coefficients_of(network, one.posture) for one in (own, *others)}
    found = _changes(known, own, others, numbers, smoothing_ms, cancel)
    renderer = Renderer(
        folder=folder,
        posture=encoder.hashes["posture"],
        weights=weights_hash(network.state_dict()),
        recording=one,
        spec=encoder.spec,
        device=device,
        frames=np.concatenate([part.frames for part in found] or [np.empty(0, np.int64)]),
        own=np.concatenate([part.own for part in found] or [np.empty((0, 1), np.float32)]),
        change=np.concatenate([part.change for part in found] or [np.empty((0, 1), np.float32)]),
    )
    theirs = [known[other.name][other.valid] for other in others]
    filmed = Support.of([known[own.name][own.valid], *theirs])
    metadata = _metadata(renderer, reference, numbers, smoothing_ms, encoder)
    metadata["reference_recordings"] = [other.name for other in others]
    metadata |= _about(filmed, renderer, numbers, factor)
    for sentence in metadata["warnings"]:
        warnings.warn(sentence, MagnificationWarning, stacklevel=3)
    alignments = tuple((part.frames, part.alignment) for part in found)
    mean = np.mean([part.mean(0) for part in theirs], 0)
    return Magnification(renderer, numbers, float(factor), alignments, mean, filmed, metadata)


def _refuse_factor(factor: float) -> None:
    if not np.isfinite(factor):
        raise RunError(f"A factor of {factor} makes no sense; give a number such as 2.5.")


@dataclass(frozen=True)
class _Part:
    """A run of frames without a gap."""

    frames: NDArray[np.int64]
    own: NDArray[np.float32]
    change: NDArray[np.float32]
    alignment: PhaseAlignment


def _numbers(own: Codes, frames: slice | None, name: str) -> NDArray[np.int64]:
    """Frame numbers that are asked for; all that the recording has where nothing is said."""
    if not len(own):
        raise RunError(f"{name} has no frames; check its table.")
    first, last = int(own.frames[0]), int(own.frames[-1])
    asked = frames or slice(None)
    if asked.step not in (None, 1):
        raise RunError(f"Frames are magnified one after the other; give a range such as {first}:{last + 1}.")
    start = first if asked.start is None else asked.start
    stop = last + 1 if asked.stop is None else asked.stop
    if not first <= start < stop <= last + 1:
        raise RunError(
            f"{name} has frames {first} to {last}, so {start}:{stop} is no range of them; the second number "
            "is the frame after the last."
        )
    return np.arange(start, stop)


def _changes(
    known: Mapping[str, NDArray[np.float32]],
    own: Codes,
    others: Sequence[Codes],
    numbers: NDArray[np.int64],
    smoothing_ms: float,
    cancel: Cancel | None,
) -> list[_Part]:
    """Follow the reference through every run of frames without a gap."""
    mine, first = known[own.name], int(own.frames[0])
    low, high = int(numbers[0]) - first - AROUND, int(numbers[-1]) - first + 1 + AROUND
    parts = []
    for start, stop in to_ranges(own.valid):
        check_cancelled(cancel)
        rows = slice(max(start, low), min(stop, high))
        if rows.start >= rows.stop:
            continue
        found = phase_alignment(own, others, window=rows, cancel=cancel)
        change = found.mean([known[name] for name in found.names]) - mine[rows]
        # The difference changes slowly, also where the movement is quick, so it alone is smoothed.
        if smoothing_ms:
            sigma = smoothing_ms / 1000 / frame_interval(own.times[rows])
            change = gaussian_filter1d(change, sigma, axis=0, mode="nearest")
        parts.append(_Part(own.frames[rows].astype(np.int64), mine[rows], change.astype(np.float32), found))
    return parts


def _outside(
    filmed: Support, renderer: Renderer, numbers: NDArray[np.int64], factor: float
) -> NDArray[np.int64]:
    """Frames whose magnified posture is further out than those that were filmed."""
    asked = np.isin(renderer.frames, numbers)
    if factor == 1 or not asked.any():
        return np.empty(0, np.int64)
    shown = renderer.own[asked] + (1 - factor) * renderer.change[asked]
    return renderer.frames[asked][filmed.beyond(shown)]


def _about(filmed: Support, renderer: Renderer, numbers: NDArray[np.int64], factor: float) -> dict[str, Any]:
    """Metadata that depend on the factor."""
    outside = _outside(filmed, renderer, numbers, factor)
    return {
        "factor": float(factor),
        "outside_of_the_data": outside.tolist(),
        "warnings": _sentences(renderer, numbers, outside, factor),
    }


def _sentences(
    renderer: Renderer, numbers: NDArray[np.int64], outside: NDArray[np.int64], factor: float
) -> list[str]:
    said, name = [], renderer.recording.name
    if len(outside):
        said.append(
            f"{name}: at factor {factor:g}, {len(outside)} of {len(numbers)} frames show postures beyond any "
            "that was filmed; take them as an arrow, not as a picture, or choose a smaller factor."
        )
    missing = int((~np.isin(numbers, renderer.frames)).sum())
    if missing:
        said.append(
            f"{name}: {missing} of {len(numbers)} frames have no whole window of movement around them, "
            "so they are shown unchanged."
        )
    return said


def _metadata(
    renderer: Renderer,
    reference: str,
    numbers: NDArray[np.int64],
    smoothing_ms: float,
    encoder: ModelEncoder,
) -> dict[str, Any]:
    return {
        "recording": renderer.recording.name,
        "video": str(renderer.recording.video),
        "reference": reference,
        "frames": [int(numbers[0]), int(numbers[-1]) + 1],
        "smoothing_ms": smoothing_ms,
        "weights": {**encoder.hashes, "magnifier": renderer.weights},
        "versions": versions(),
    }
