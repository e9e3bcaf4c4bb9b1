"""Features of a frozen backbone for a training: computed once and kept on disk beside the crops.

Light, contrast and position can be changed in pixels only, and a large network takes too long to compute its
features at every step. So the features of some views of a sample of clips are kept: of the frames as they
are, and of changed ones. A step compares two of the views of a clip, with noise on the features.
"""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from napari_ubam.crops.budget import budget_of, megabytes
from napari_ubam.files import write_atomic
from napari_ubam.learners.augment import augmented
from napari_ubam.learners.errors import TrainingError
from napari_ubam.learners.fitting import Training
from napari_ubam.learners.sampling import Crops
from napari_ubam.models.devices import choose_device
from napari_ubam.models.images import as_images
from napari_ubam.models.native.backbone_posture import BackboneEncoder
from napari_ubam.progress import Progress, check_cancelled
from napari_ubam.runfolder.paths import BACKBONE_FEATURES

BLOCK = 8  # clips in a file
STAGE = "features"
FORMAT = 2  # of the files; a new one makes old files useless

Features = NDArray[np.float16]


@dataclass(frozen=True)
class FeatureClips:
    """Clips of a recording, with features of several views on disk.

    Parameters
    ----------
    crops : Crops
        Crops of the recording.
    frames : (n, m) int64 array
        Frame numbers of each clip.
    files : tuple of Path
        One for each block of clips: a float16 array (clips, views, m, channels, rows, columns).
    """

    crops: Crops
    frames: NDArray[np.int64]
    files: tuple[Path, ...]

    def read(self, clip: int, view: int) -> Features:
        """Read the features of a view of a clip.

        Parameters
        ----------
        clip, view : int
            Numbers of the clip and of the view. View 0 shows the frames as they are.

        Returns
        -------
        (m, channels, rows, columns) float16 array
        """
        block = np.load(self.files[clip // BLOCK], mmap_mode="r", allow_pickle=False)
        return np.array(block[clip % BLOCK, view])


def feature_clips(
    encoder: BackboneEncoder, recordings: Sequence[Crops], training: Training
) -> list[FeatureClips]:
    """Choose clips of all recordings, and compute the features that are not on disk yet.

    Parameters
    ----------
    encoder : BackboneEncoder
        Encoder with a frozen backbone.
    recordings : sequence of Crops
        Recordings of the training.
    training : Training
        Settings, folder of the run, disk space and compute device.

    Returns
    -------
    list of FeatureClips
        One for each recording.

    Raises
    ------
    TrainingError
        If the disk space is too small.
    Cancelled
        When the training is cancelled. What was computed is kept.
    """
    return _Filling(encoder, training).run(recordings)


def clips_of(crops: Crops, count: int, length: int, step_ms: float) -> NDArray[np.int64]:
    """Choose clips of a recording, spread over its time.

    With a larger number, further clips follow the same ones, so their features stay on disk when a training
    becomes longer.

    Parameters
    ----------
    crops : Crops
        Crops of the recording.
    count : int
        Largest number of clips.
    length : int
        Frames of a clip.
    step_ms : float
        Milliseconds between two of its frames; at least one frame.

    Returns
    -------
    (n, length) int64 array
        Frame numbers. In a run of frames that is too short, they are closer together, or repeat.
    """
    hop = max(1, round(crops.fps * step_ms / 1000))
    starts, reaches = [], []
    for start, stop in crops.runs:
        reach = min((length - 1) * hop + 1, stop - start)
        starts.append(np.arange(start, stop - reach + 1))
        reaches.append(np.full(len(starts[-1]), reach))
    chosen = _spread(sum(map(len, starts)), count)
    first, reach_of = np.concatenate(starts)[chosen], np.concatenate(reaches)[chosen]
    offsets = np.linspace(0, reach_of - 1, length).round().astype(np.int64).T
    frames: NDArray[np.int64] = first[:, None] + offsets
    return frames


def _spread(total: int, count: int) -> NDArray[np.int64]:
    """Spread indices over a sequence: both ends, the middle, the quarters and so on, each index once.

    The order is that of van der Corput, whose first part is spread evenly, however long it is.
    """
    chosen = dict.fromkeys((0, total - 1))
    number = 0
    while len(chosen) < min(count, total):
        number += 1
        digits = f"{number:b}"
        chosen.setdefault(int(digits[::-1], 2) * (total - 1) // 2 ** len(digits))
    return np.array(list(chosen)[:count], np.int64)


class _Filling:
    """One call of `feature_clips`."""

    def __init__(self, encoder: BackboneEncoder, training: Training) -> None:
        chosen = encoder.config.backbone
        assert chosen is not None
        self.encoder, self.training, self.backbone = encoder, training, chosen
        self.plan = training.config.posture_training
        self.folder = training.folder / BACKBONE_FEATURES
        self.device = choose_device(training.device)

    def run(self, recordings: Sequence[Crops]) -> list[FeatureClips]:
        self.folder.mkdir(parents=True, exist_ok=True)
        for partial in self.folder.glob("*.part"):
            _remove(partial)
        count = self._count(len(recordings))
        wanted = [clips_of(one, count, self.plan.run_length, self.plan.step_ms) for one in recordings]
        total = sum(frames.size for frames in wanted) * self.backbone.views
        begin, done, computed = time.monotonic(), 0, 0
        found = []
        for crops, frames in zip(recordings, wanted, strict=True):
            files = []
            for low in range(0, len(frames), BLOCK):
                check_cancelled(self.training.cancel)
                taken = time.monotonic() - begin
                eta = taken / computed * (total - done) if computed else None
                self.training.progress(Progress(STAGE, done, total, eta=eta))
                block = frames[low : low + BLOCK]
                path, fresh = self._file(crops, block)
                files.append(path)
                done += block.size * self.backbone.views
                computed += block.size * self.backbone.views * fresh
            found.append(FeatureClips(crops, frames, tuple(files)))
        self.training.progress(Progress(STAGE, total, total))
        self._discard({path for one in found for path in one.files})
        return found

    def _count(self, recordings: int) -> int:
        """Clips of each recording that fit the limits."""
        held = sum(path.stat().st_size for path in self.folder.glob("*.npy"))
        given = self.training.budget_bytes
        self.budget = budget = budget_of(self.folder, held) if given is None else given
        clip = self.plan.run_length * self.backbone.views
        rows, columns = self.encoder.cells
        nbytes = 2 * clip * self.backbone.channels * rows * columns
        fitting = budget // (recordings * nbytes)
        if not fitting:
            raise TrainingError(
                f"The features of the backbone need {megabytes(recordings * nbytes)} at least, and there is "
                f"space for {megabytes(budget)}; free disk space, or choose a smaller backbone."
            )
        steps = self.training.steps or self.plan.steps
        drawn = -(-steps * self.plan.recordings * self.plan.runs // recordings)  # in the whole training
        drawn = -(-drawn // BLOCK) * BLOCK  # so that a longer training finds whole files
        best = max(min(self.backbone.images // (recordings * clip), drawn), self.plan.runs)
        if fitting < best:
            self.training.say(
                STAGE,
                f"There is disk space for the features of {fitting} clips of each recording, not {best}.",
            )
        return min(best, fitting)

    def _file(self, crops: Crops, block: NDArray[np.int64]) -> tuple[Path, bool]:
        """Return the file of a block of clips, and whether it had to be computed."""
        images = np.stack([crops.read(int(frame), int(frame) + 1)[0] for frame in block.ravel()])
        # Named after what it was computed from, so old features of other crops or networks are not taken.
        digest = hashlib.sha256(f"{self.network} {block.shape}".encode() + images.tobytes()).hexdigest()
        path = self.folder / f"{self.network}-{digest[:24]}.npy"
        if path.is_file():
            return path, False
        views = np.stack(list(self._views(images, int(digest[:12], 16))))
        features = np.moveaxis(views.reshape(len(views), *block.shape, *views.shape[2:]), 0, 1)
        content = io.BytesIO()
        np.save(content, np.ascontiguousarray(features), allow_pickle=False)
        write_atomic(path, content.getvalue())
        return path, True

    @cached_property
    def network(self) -> str:
        """Hash of all that the features of a crop depend on."""
        one = self.backbone
        described = (one.weights, one.mean, one.std, one.views, self.encoder.cells, self.training.seed)
        return hashlib.sha256(" ".join(map(str, (FORMAT, *described))).encode()).hexdigest()[:8]

    def _views(self, images: NDArray[np.uint8], seed: int) -> Iterator[Features]:
        """Compute the features of frames as they are, then of changed ones."""
        plain = as_images(torch.from_numpy(images))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            for view in range(self.backbone.views):
                shown = augmented(plain) if view else plain
                yield self._features(shown)

    @torch.inference_mode()
    def _features(self, images: torch.Tensor) -> Features:
        found = []
        for piece in torch.split(images, 16):
            check_cancelled(self.training.cancel)
            found.append(self.encoder.features(piece.to(self.device)).cpu().numpy().astype(np.float16))
        return np.concatenate(found)

    def _discard(self, used: set[Path]) -> None:
        """Remove features of other networks, and others that the disk space is too small for, oldest first.

        Those of the same network stay: after a short training, a longer one uses them.
        """
        files = {path: path.stat() for path in self.folder.glob("*.npy")}
        total = sum(one.st_size for one in files.values())
        for path in sorted(files.keys() - used, key=lambda path: files[path].st_mtime_ns):
            if total > self.budget or not path.name.startswith(f"{self.network}-"):
                _remove(path)
                total -= files[path].st_size


def _remove(path: Path) -> None:
    with suppress(OSError):  # Windows keeps a file that another program reads
        path.unlink(missing_ok=True)
