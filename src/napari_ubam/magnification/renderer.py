"""Renders frames of a recording at any factor; the network runs once per frame."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import torch
from cachetools import LRUCache
from dask.base import tokenize
from numpy.typing import NDArray

from napari_ubam.crops import CropSpec, iter_crops
from napari_ubam.crops.levels import Levels, levels_of
from napari_ubam.families import Family, family_of
from napari_ubam.families.family import Image
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.devices import choose_device
from napari_ubam.models.images import as_images
from napari_ubam.models.networks import MagnifierNetwork
from napari_ubam.models.own_frames import OwnFrames
from napari_ubam.models.weights import WeightsError, load_into, load_weights, weights_hash
from napari_ubam.runfolder.paths import MAGNIFIER
from napari_ubam.runfolder.recordings import require_video
from napari_ubam.study import Recording, Roi
from napari_ubam.video import FrameError, VideoArray, open_video

from .own_frames import chosen_rows, part_of, read_crops

BLOCK = 8
"""Frames that are rendered together."""

CACHE_BYTES = 256 * 2**20
"""Size of the cache of the network's results in bytes. A result serves every factor."""

PARTS = 3
"""Parts of a recording whose frames are kept for comparison."""

Prepared = NDArray[np.float32] | None  # the network's result for a frame; None if the frame has no code


def load_magnifier(folder: Path, posture: str) -> tuple[MagnifierNetwork, ModelConfig]:
    """Load the magnifier of a run.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    posture : str
        Hash of the posture encoder in use.

    Returns
    -------
    network : MagnifierNetwork
        In evaluation mode.
    config : ModelConfig

    Raises
    ------
    WeightsError
        If there is none, or it was trained on another posture encoder.
    """
    if not (folder / MAGNIFIER).is_file():
        raise WeightsError(
            f"{folder} has no magnifier; train it with 'napari-ubam train STUDY.csv --run {folder} "
            "--magnifier'."
        )
    tensors, header = load_weights(folder / MAGNIFIER, "magnifier")
    if header.trained_on != posture:
        raise WeightsError(
            f"{folder / MAGNIFIER} was trained on another posture encoder than the run's; train the "
            "magnifier again."
        )
    config = ModelConfig.model_validate(header.config)
    network = family_of(config).magnifier(config)
    load_into(network, tensors, folder / MAGNIFIER)
    return network.eval(), config


class _FrameCache(LRUCache[int, Prepared]):
    """The network's results by frame number, limited in bytes."""

    def __init__(self) -> None:
        super().__init__(CACHE_BYTES, getsizeof=_bytes)

    def keep(self, results: Mapping[int, Prepared]) -> None:
        """Keep results, except those that are larger than the whole cache."""
        self.update({number: one for number, one in results.items() if _bytes(one) <= self.maxsize})


@dataclass(frozen=True)
class Renderer:
    """Renderer of the frames of one recording. Threads can share it, and it can be pickled.

    The network runs once for each frame. Its result is cached, so another factor costs only the rendering.
    A copy with another ``change`` has a cache of its own.

    Parameters
    ----------
    folder : Path
        Folder of the run, for the weights of the magnifier.
    posture, weights : str
        Hashes of the posture encoder and of the magnifier that the coefficients come from.
    recording : Recording
    spec : CropSpec
        Crops that the network takes.
    device : str
        Compute device, as `choose_device` takes it.
    frames : ndarray of int64, shape (t,)
        Numbers of the frames that have a code, ascending.
    own, change : ndarray of float32, shape (t, k)
        Coefficients of their postures, and the change from there to the reference.
    """

    folder: Path
    posture: str
    weights: str
    recording: Recording
    spec: CropSpec
    device: str
    frames: NDArray[np.int64]
    own: NDArray[np.float32]
    change: NDArray[np.float32]
    _lock: Any = field(default_factory=threading.RLock, init=False, compare=False, repr=False)
    _prepared: _FrameCache = field(default_factory=_FrameCache, init=False, compare=False, repr=False)
    _compared: LRUCache[int, OwnFrames] = field(
        default_factory=lambda: LRUCache(PARTS), init=False, compare=False, repr=False
    )

    def __getstate__(self) -> dict[str, Any]:
        """Return the fields. Lock, cache, video and network are made again in the other process."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.init}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the fields."""
        self.__dict__.update(
            state, _lock=threading.RLock(), _prepared=_FrameCache(), _compared=LRUCache(PARTS)
        )

    @cached_property
    def video(self) -> VideoArray:
        """The recording's video."""
        require_video(self.folder, self.recording)
        opened: VideoArray = self.recording.open_with(open_video, warn=False)
        return opened

    @cached_property
    def _model(self) -> tuple[MagnifierNetwork, Family[Any]]:
        network, config = load_magnifier(self.folder, self.posture)
        if weights_hash(network.state_dict()) != self.weights:
            raise WeightsError(
                f"The magnifier of {self.folder} was trained again since this was prepared; magnify again."
            )
        return network.to(choose_device(self.device)), family_of(config)

    @property
    def moves(self) -> bool:
        """Whether pixels are displaced, so that there are arrows. The magnifier of 2021 paints instead."""
        with self._lock:
            return self._model[1].moves_pixels

    @cached_property
    def _levels(self) -> Levels | None:
        return levels_of(self.recording, self.video)

    def original(self, number: int) -> Image:
        """Read a frame as it was recorded.

        Parameters
        ----------
        number : int
            Frame number.

        Returns
        -------
        ndarray of uint8, shape (y, x, c)
            Samples of other types are scaled as for the crops. A frame that cannot be decoded is black.
        """
        try:
            image = self.video.source.read(number, True)
        except FrameError:  # as in the embedding: one damaged frame does not stop the others
            return np.zeros(self.video.shape[1:], np.uint8)
        return image if self._levels is None else self._levels.apply(image)

    def _prepare(self, numbers: Sequence[int]) -> list[Prepared]:
        """Return the network's results for frames. The lock must be held."""
        missing = [number for number in numbers if number not in self._prepared]
        new = self._run_network(missing) if missing else {}
        found = new | {number: self._prepared[number] for number in numbers if number not in new}
        self._prepared.keep(new)
        return [found[number] for number in numbers]

    def _run_network(self, numbers: Sequence[int]) -> dict[int, Prepared]:
        """Run the network, one frame at a time, because it rounds differently in a larger batch."""
        result: dict[int, Prepared] = dict.fromkeys(numbers)
        rows = self._rows(numbers)
        known = np.flatnonzero(rows >= 0)
        if not len(known):
            return result
        wanted = np.asarray(numbers, np.int64)[known]
        with iter_crops(self.recording, self.spec, wanted, block=len(wanted), video=self.video) as stream:
            _, crops, valid = next(stream)
        network, family = self._model
        device = next(network.parameters()).device
        own, change = (torch.from_numpy(part[rows[known]]).to(device) for part in (self.own, self.change))
        images = as_images(torch.from_numpy(crops).to(device))
        for place in np.flatnonzero(valid).tolist():
            one, number = slice(place, place + 1), int(wanted[place])
            others = self._others(number, device) if change[one].any() else None
            result[number] = family.prepare_frame(network, images[one], own[one], change[one], number, others)
        return result

    def _others(self, number: int, device: torch.device) -> OwnFrames | None:
        """Frames of the same part of the recording, for the families that compare a frame with them."""
        if not self._model[1].compares_own_frames:
            return None
        part = part_of(number, self.recording.frames(len(self.video)))
        if part.start not in self._compared:
            rows = chosen_rows(self.frames, part)
            numbers = self.frames[rows]
            crops, valid = read_crops(self.folder, self.recording, self.spec, numbers, self.video)
            self._compared[part.start] = OwnFrames(
                torch.from_numpy(numbers[valid]).to(device),
                as_images(torch.from_numpy(crops[valid]).to(device)),
                torch.from_numpy(self.own[rows[valid]]).to(device),
            )
        return self._compared[part.start]

    def _rows(self, numbers: Sequence[int]) -> NDArray[np.int64]:
        """Row of each frame, -1 if it has no code."""
        asked = np.asarray(numbers, np.int64)
        place = np.clip(np.searchsorted(self.frames, asked), 0, max(len(self.frames) - 1, 0))
        there = self.frames[place] == asked if len(self.frames) else np.zeros(len(asked), bool)
        return np.where(there, place, -1)

    def render(self, numbers: Sequence[int], factor: float) -> list[Image]:
        """Render frames at one factor.

        Parameters
        ----------
        numbers : sequence of int
            Frame numbers, ascending.
        factor : float
            0 shows the reference posture, 1 the original.

        Returns
        -------
        list of ndarray of uint8, shape (y, x, c)
            Outside of the region they are exactly the original, and inside where nothing deviates. The
            magnifier of 2021 paints the whole region.
        """
        return self.render_factors(numbers, [factor])[0]

    def render_factors(self, numbers: Sequence[int], factors: Sequence[float]) -> list[list[Image]]:
        """Render frames at several factors. Each frame is read once, and passes the network at most once.

        Parameters
        ----------
        numbers : sequence of int
            Frame numbers, ascending.
        factors : sequence of float

        Returns
        -------
        list of list of ndarray of uint8, shape (y, x, c)
            The frames for each factor.
        """
        with self._lock:
            frames = [self.original(number) for number in numbers]
            if all(factor == 1 for factor in factors):
                return [frames for _ in factors]
            regions = self._regions(numbers)
            prepared = self._prepare(numbers)
            network, family = self._model
            # One frame at a time, also for several threads: rendering a large frame needs a gigabyte.
            return [
                [
                    frame
                    if factor == 1 or one is None
                    else family.render_frame(network, frame, one, roi, factor, self.spec.size)
                    for frame, one, roi in zip(frames, prepared, regions, strict=True)
                ]
                for factor in factors
            ]

    def flow(self, number: int) -> NDArray[np.float32]:
        """Compute how the pixels of a frame are displaced from the reference posture.

        Parameters
        ----------
        number : int
            Frame number.

        Returns
        -------
        ndarray of float32, shape (2, y, x)
            Displacement along x and y in pixels. 0 outside of the region.

        Raises
        ------
        FamilyError
            If the magnifier paints pictures and displaces nothing.
        """
        shape = (self.video.shape[1], self.video.shape[2])
        with self._lock:
            [prepared], [roi], family = self._prepare([number]), self._regions([number]), self._model[1]
        if prepared is None:
            return np.zeros((2, *shape), np.float32)
        return family.displacement(prepared, roi, shape)

    def _regions(self, numbers: Sequence[int]) -> list[Roi]:
        """Region of each frame; the whole frame if the recording has none."""
        whole = Roi(x=0, y=0, width=self.video.shape[2], height=self.video.shape[1])
        regions = self.recording.crops(list(numbers)) or [None] * len(numbers)
        return [roi or whole for roi in regions]

    def lazy(self, numbers: Sequence[int], factor: float) -> da.Array:
        """Create a dask array of frames.

        Parameters
        ----------
        numbers : sequence of int
            Frame numbers.
        factor : float

        Returns
        -------
        dask.array.Array of uint8, shape (n, y, x, c)
            One chunk for each frame.
        """
        shape = self.video.shape[1:]
        name = "magnified-" + tokenize(self, list(numbers), factor)
        # The renderer is a task of its own, so that a cluster sends it once to each worker.
        source = f"renderer-{name}"
        graph: dict[Any, Any] = {source: self}
        graph |= {
            (name, place, 0, 0, 0): (_frame, source, number, factor) for place, number in enumerate(numbers)
        }
        chunks = ((1,) * len(numbers), *((side,) for side in shape))
        return da.Array(graph, name, chunks, dtype=np.uint8)

    def stream(self, numbers: Sequence[int], factor: float) -> Iterator[Image]:
        """Render frames one after the other, in bounded memory.

        Parameters
        ----------
        numbers : sequence of int
            Frame numbers, ascending.
        factor : float

        Yields
        ------
        ndarray of uint8, shape (y, x, c)
        """
        for start in range(0, len(numbers), BLOCK):
            yield from self.render(numbers[start : start + BLOCK], factor)

    def __dask_tokenize__(self) -> object:
        """Identify the frames that this renders."""
        facts = (
            str(self.folder),
            self.posture,
            self.weights,
            self.recording.model_dump_json(exclude={"track"}),
        )
        return (*facts, self.device, self.frames.tobytes(), self.own.tobytes(), self.change.tobytes())


def _frame(renderer: Renderer, number: int, factor: float) -> Image:
    return renderer.render([number], factor)[0][None]


def _bytes(prepared: Prepared) -> int:
    return 1 if prepared is None else prepared.nbytes
