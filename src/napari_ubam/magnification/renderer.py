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
from dask.base import tokenize
from numpy.typing import NDArray

from napari_ubam.crops import CropSpec, iter_crops
from napari_ubam.crops.levels import Levels, levels_of
from napari_ubam.families.family import AnyMagnifier
from napari_ubam.families.family import magnifier as magnifier_of
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.devices import choose_device
from napari_ubam.models.images import as_images
from napari_ubam.models.splatting import splat
from napari_ubam.models.strain import limit_strain
from napari_ubam.models.ubam2021.vae import FrameVae
from napari_ubam.models.weights import WeightsError, load_into, load_weights, weights_hash
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.paths import MAGNIFIER
from napari_ubam.study import Recording, Roi
from napari_ubam.video import FrameError, VideoArray, open_video

from .warp import in_frame, painted

BLOCK = 8  # frames that are moved together

Image = NDArray[np.uint8]


def load_magnifier(folder: Path, posture: str) -> AnyMagnifier:
    """Load the magnifier of a run.

    Parameters
    ----------
    folder : Path
        Of the run.
    posture : str
        Hash of the posture encoder in use.

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
    network = magnifier_of(config)
    load_into(network, tensors, folder / MAGNIFIER)
    return network.eval()


@dataclass(frozen=True)
class Renderer:
    """Renders frames; can be pickled, and shared by threads.

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
        As `choose_device` takes it.
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
    _lock: Any = field(default_factory=threading.Lock, compare=False, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what cannot be pickled or is opened again."""
        names = ("folder", "posture", "weights", "recording", "spec", "device", "frames", "own", "change")
        return {name: getattr(self, name) for name in names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over what was pickled."""
        self.__dict__.update(state, _lock=threading.Lock())

    @cached_property
    def video(self) -> VideoArray:
        """The recording's video."""
        opened: VideoArray = self.recording.open_with(open_video, warn=False)
        return opened

    @cached_property
    def _network(self) -> AnyMagnifier:
        network = load_magnifier(self.folder, self.posture)
        if weights_hash(network.state_dict()) != self.weights:
            raise WeightsError(
                f"The magnifier of {self.folder} was trained anew since this was prepared; magnify once more."
            )
        return network.to(choose_device(self.device))

    @property
    def moves(self) -> bool:
        """Whether pixels are moved; the published magnifier paints instead."""
        return not isinstance(self._network, FrameVae)

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

    @torch.inference_mode()
    def displacements(self, numbers: Sequence[int]) -> NDArray[np.float32]:
        """Where the pixels of crops are in the reference posture.

        Parameters
        ----------
        numbers : sequence of int
            Frame numbers, ascending.

        Returns
        -------
        (n, 2, y, x) float32 array
            Pixels of the crop along x and y; zeros for frames without a code.

        Raises
        ------
        RunError
            If the magnifier paints pictures, as the published one does, and moves nothing.
        """
        network, result = self._network, np.zeros((len(numbers), 2, *self.spec.size), np.float32)
        if isinstance(network, FrameVae):
            raise RunError(
                "The magnifier of the preset paper paints pictures and moves no pixels, so there are no "
                "arrows; train another preset for them."
            )
        for place, images, own, change in self._seen(numbers):
            result[place] = network(images, own, change)[0].float().cpu().numpy()
        return result

    @torch.inference_mode()
    def pictures(self, numbers: Sequence[int], factor: float, painter: FrameVae) -> dict[int, torch.Tensor]:
        """Paint crops anew.

        Parameters
        ----------
        numbers : sequence of int
            Frame numbers, ascending.
        factor : float
        painter : FrameVae

        Returns
        -------
        dict of int to (3, y, x) float tensor
            By place in ``numbers``, 0 to 1; without those that have no code.
        """
        return {
            place: painter(images, own + (1 - factor) * change)[0].float().cpu()
            for place, images, own, change in self._seen(numbers)
        }

    def _seen(self, numbers: Sequence[int]) -> list[tuple[int, torch.Tensor, torch.Tensor, torch.Tensor]]:
        """Place, crop, coefficients and their change of each frame that has a code.

        One by one: a network rounds otherwise in a batch, and a frame must not depend on the others.
        """
        rows = self._rows(numbers)
        known = np.flatnonzero(rows >= 0)
        if not len(known):
            return []
        wanted = np.asarray(numbers, np.int64)[known]
        with iter_crops(self.recording, self.spec, wanted, block=len(wanted), video=self.video) as stream:
            _, crops, valid = next(stream)
        device = next(self._network.parameters()).device
        own, change = (torch.from_numpy(part[rows[known]]).to(device) for part in (self.own, self.change))
        images = as_images(torch.from_numpy(crops).to(device))
        ones = (slice(place, place + 1) for place in np.flatnonzero(valid).tolist())
        return [(int(known[one.start]), images[one], own[one], change[one]) for one in ones]

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
        with self._lock:
            frames = [self.original(number) for number in numbers]
            if factor == 1:
                return frames
            regions = self.recording.crops(list(numbers)) or [None] * len(frames)
            whole = Roi(x=0, y=0, width=frames[0].shape[1], height=frames[0].shape[0])
            network = self._network
            if isinstance(network, FrameVae):
                for place, picture in self.pictures(numbers, factor, network).items():
                    frames[place] = painted(frames[place], picture, regions[place] or whole)
                return frames
            coarse = self.displacements(numbers)
            device = next(network.parameters()).device
            # One at a time, also where many threads ask: a large frame takes a gigabyte on its way.
            return [
                _moved(frame, one, roi or whole, factor, device) if one.any() else frame
                for frame, one, roi in zip(frames, coarse, regions, strict=True)
            ]

    def flow(self, number: int) -> NDArray[np.float32]:
        """Displacement of a frame's pixels from the reference posture, (2, y, x) pixels along x and y."""
        height, width = self.video.shape[1:3]
        found = np.zeros((2, height, width), np.float32)
        with self._lock:
            coarse = self.displacements([number])[0]
        regions = self.recording.crops([number]) or [None]
        roi = regions[0] or Roi(x=0, y=0, width=width, height=height)
        seen = roi.clipped(height, width)
        if seen is not None and coarse.any():
            coarse = limit_strain(torch.from_numpy(coarse)).numpy()  # as the reference is shown
            found[:, seen.slices[0], seen.slices[1]] = -in_frame(coarse, roi, seen).numpy()
        return found

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


def _moved(
    frame: Image, displacement: NDArray[np.float32], roi: Roi, factor: float, device: torch.device
) -> Image:
    """Move the pixels of a region."""
    seen = roi.clipped(*frame.shape[:2])
    if seen is None:
        return frame
    # In pixels of the crop, since a limb has some dozen of these whatever the video's resolution.
    wanted = limit_strain((1 - factor) * torch.from_numpy(displacement)).numpy()
    inside = in_frame(wanted, roi, seen)[None]
    image = torch.from_numpy(frame[seen.slices].copy()).permute(2, 0, 1)[None].float().to(device)
    with torch.inference_mode():
        done = splat(image, inside.to(device))
    result = frame.copy()
    result[seen.slices] = done[0].permute(1, 2, 0).clamp(0, 255).round().byte().cpu().numpy()
    return result
