"""Frames of a recording with their deviation made larger, computed when they are asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
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
from napari_ubam.models.weights import WeightsError, load_into, load_weights, weights_hash
from napari_ubam.runfolder.paths import MAGNIFIER
from napari_ubam.study import Recording, Roi
from napari_ubam.video import FrameError, VideoArray, open_video

BLOCK = 8  # frames that are rendered together
CACHE_BYTES = 256 * 2**20  # of what the network says of each frame, which serves every factor


def load_magnifier(folder: Path, posture: str) -> tuple[MagnifierNetwork, ModelConfig]:
    """Load the magnifier of a run.

    Parameters
    ----------
    folder : Path
        Of the run.
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
            "magnifier anew."
        )
    config = ModelConfig.model_validate(header.config)
    network = family_of(config).magnifier(config)
    load_into(network, tensors, folder / MAGNIFIER)
    return network.eval(), config


@dataclass(frozen=True)
class Renderer:
    """Renders frames; can be pickled, and shared by threads.

    The network runs once for each frame; its result is cached, so that another factor costs only the rest.

    Parameters
    ----------
    folder : Path
        Of the run, for the magnifier's weights.
    posture, weights : str
        Hashes of its posture encoder and of the magnifier that the coefficients come from.
    recording : Recording
    spec : CropSpec
        Of the crops that the network sees.
    device : str
        Compute device, as `choose_device` takes it.
    frames : (t,) int64 array
        Frame numbers that have a code, ascending.
    own, change : (t, components) float32 array
        Coefficients of their postures, and from there to the reference's.
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
    _lock: Any = field(default_factory=threading.Lock, init=False, compare=False, repr=False)
    _prepared: LRUCache[int, NDArray[np.float32] | None] = field(
        default_factory=lambda: LRUCache(CACHE_BYTES, getsizeof=_bytes), init=False, compare=False, repr=False
    )

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what cannot be pickled or is opened again."""
        names = ("folder", "posture", "weights", "recording", "spec", "device", "frames", "own", "change")
        return {name: getattr(self, name) for name in names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over what was pickled."""
        self.__dict__.update(state, _lock=threading.Lock(), _prepared=LRUCache(CACHE_BYTES, getsizeof=_bytes))

    @cached_property
    def video(self) -> VideoArray:
        """The recording's video."""
        opened: VideoArray = self.recording.open_with(open_video, warn=False)
        return opened

    @cached_property
    def _model(self) -> tuple[MagnifierNetwork, Family]:
        network, config = load_magnifier(self.folder, self.posture)
        if weights_hash(network.state_dict()) != self.weights:
            raise WeightsError(
                f"The magnifier of {self.folder} was trained anew since this was prepared; magnify once more."
            )
        return network.to(choose_device(self.device)), family_of(config)

    @property
    def moves(self) -> bool:
        """Whether pixels are displaced, so that there are arrows; the published magnifier paints instead."""
        return self._model[1].moves_pixels

    @cached_property
    def _levels(self) -> Levels | None:
        return levels_of(self.recording, self.video)

    def original(self, number: int) -> Image:
        """Read a frame as (y, x, c) bytes; samples of other types are scaled as for the crops."""
        try:
            image = self.video.source.read(number, True)
        except FrameError:  # as in the embedding: one damaged frame does not end all
            return np.zeros(self.video.shape[1:], np.uint8)
        return image if self._levels is None else self._levels.apply(image)

    def _prepare(self, numbers: Sequence[int]) -> list[NDArray[np.float32] | None]:
        """Give the network's results of frames, None without a code; call it with the lock held."""
        missing = [number for number in numbers if number not in self._prepared]
        found = self._run_network(missing) if missing else {}
        found |= {number: self._prepared[number] for number in numbers if number not in found}
        for number in missing:
            if _bytes(found[number]) <= CACHE_BYTES:
                self._prepared[number] = found[number]
        return [found[number] for number in numbers]

    def _run_network(self, numbers: Sequence[int]) -> dict[int, NDArray[np.float32] | None]:
        """Run the network on one frame at a time: it rounds differently in a batch of another size."""
        result: dict[int, NDArray[np.float32] | None] = dict.fromkeys(numbers)
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
            one = slice(place, place + 1)
            result[int(wanted[place])] = family.prepare_frame(network, images[one], own[one], change[one])
        return result

    def _rows(self, numbers: Sequence[int]) -> NDArray[np.int64]:
        """Rows of frames; -1 for those without a code."""
        asked = np.asarray(numbers, np.int64)
        place = np.clip(np.searchsorted(self.frames, asked), 0, max(len(self.frames) - 1, 0))
        there = self.frames[place] == asked if len(self.frames) else np.zeros(len(asked), bool)
        return np.where(there, place, -1)

    def render(self, numbers: Sequence[int], factor: float) -> list[Image]:
        """Magnify frames.

        Parameters
        ----------
        numbers : sequence of int
            Frame numbers, ascending.
        factor : float
            0 shows the reference posture, 1 the original.

        Returns
        -------
        list of (y, x, c) uint8 arrays
            Outside of the region exactly the original; inside, too, where nothing deviates, but for the
            published magnifier, which paints the whole region anew.
        """
        return self.render_factors(numbers, [factor])[0]

    def render_factors(self, numbers: Sequence[int], factors: Sequence[float]) -> list[list[Image]]:
        """Show frames at several factors; video and network are asked once.

        Parameters
        ----------
        numbers : sequence of int
            Frame numbers, ascending.
        factors : sequence of float

        Returns
        -------
        list of list of (y, x, c) uint8 arrays
            For each factor the frames.
        """
        with self._lock:
            frames = [self.original(number) for number in numbers]
            if all(factor == 1 for factor in factors):
                return [frames for _ in factors]
            regions = self._regions(numbers)
            prepared = self._prepare(numbers)
            network, family = self._model
            # One at a time, also where many threads ask: a large frame takes a gigabyte on its way.
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
        """Displacement of a frame's pixels from the reference posture.

        Parameters
        ----------
        number : int
            Frame number.

        Returns
        -------
        (2, y, x) float32 array
            Pixels along x and y; 0 outside of the region.

        Raises
        ------
        FamilyError
            If the magnifier paints pictures and displaces nothing.
        """
        shape = (self.video.shape[1], self.video.shape[2])
        with self._lock:
            prepared = self._prepare([number])[0]
        if prepared is None:
            return np.zeros((2, *shape), np.float32)
        return self._model[1].displacement(prepared, self._regions([number])[0], shape)

    def _regions(self, numbers: Sequence[int]) -> list[Roi]:
        """Region of each frame; the whole frame where the recording has none."""
        whole = Roi(x=0, y=0, width=self.video.shape[2], height=self.video.shape[1])
        regions = self.recording.crops(list(numbers)) or [None] * len(numbers)
        return [roi or whole for roi in regions]

    def lazy(self, numbers: Sequence[int], factor: float) -> da.Array:
        """Give frames as a dask array (t, y, x, c) of uint8, one chunk a frame."""
        shape = self.video.shape[1:]
        name = "magnified-" + tokenize(self, list(numbers), factor)
        graph = {
            (name, place, 0, 0, 0): (_frame, self, number, factor) for place, number in enumerate(numbers)
        }
        chunks = ((1,) * len(numbers), *((side,) for side in shape))
        return da.Array(graph, name, chunks, dtype=np.uint8)

    def stream(self, numbers: Sequence[int], factor: float) -> Iterator[Image]:
        """Yield frames one after the other, in bounded memory."""
        for start in range(0, len(numbers), BLOCK):
            yield from self.render(numbers[start : start + BLOCK], factor)

    def __dask_tokenize__(self) -> object:
        """Identify the content."""
        facts = (
            str(self.folder),
            self.posture,
            self.weights,
            self.recording.model_dump_json(exclude={"track"}),
        )
        return (*facts, self.device, self.frames.tobytes(), self.own.tobytes(), self.change.tobytes())


def _frame(renderer: Renderer, number: int, factor: float) -> Image:
    return renderer.render([number], factor)[0][None]


def _bytes(prepared: NDArray[np.float32] | None) -> int:
    return 1 if prepared is None else prepared.nbytes
