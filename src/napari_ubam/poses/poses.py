"""Key points of individuals over time, in one form for all files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_ubam.errors import UbamError

Floats = npt.NDArray[np.float64]

AXES = ("x", "y", "z")
LIKELIHOOD = 0.6
"""Below this likelihood a point counts as not seen, as DeepLabCut's ``pcutoff`` does."""


class PosesError(UbamError):
    """A file with key points cannot be read, or does not fit."""


@dataclass(frozen=True)
class Poses:
    """Key points of individuals over time.

    Parameters
    ----------
    frames : ndarray of int, shape (t,)
        Frame number of each row in display order from 0, ascending and unique. If ``images`` is given, these
        are only the numbers of the rows.
    positions : ndarray of float, shape (t, i, k, s)
        Position of each key point of each individual: ``x, y`` in pixels of the full frame (s = 2), or
        ``x, y, z`` in the unit of the file (s = 3). NaN where a point was not found.
    likelihood : ndarray of float, shape (t, i, k)
        Likelihood or confidence that the file states, NaN if it states none.
    individuals, keypoints : tuple of str
        Names along the axes i and k.
    images : tuple of str
        For labels of single images: the path of each image as the file writes it. Empty for a video.
    path : Path, optional
        File from which they were read.

    Raises
    ------
    PosesError
        If the shapes do not fit, names appear twice, or frames do not ascend.
    """

    frames: npt.NDArray[np.int64]
    positions: Floats
    likelihood: Floats
    individuals: tuple[str, ...]
    keypoints: tuple[str, ...]
    images: tuple[str, ...] = ()
    path: Path | None = None

    def __post_init__(self) -> None:
        """Check shapes, names and the order of the frames."""
        where = self.path.name if self.path is not None else "the key points"
        expected = (len(self.frames), len(self.individuals), len(self.keypoints))
        if self.positions.shape[:-1] != expected or self.positions.shape[-1] not in (2, 3):
            raise PosesError(
                f"{where}: positions have the shape {self.positions.shape}; give (frames, individuals, key "
                f"points, 2 or 3), here {(*expected, 2)}."
            )
        if self.likelihood.shape != expected:
            raise PosesError(
                f"{where}: likelihood has the shape {self.likelihood.shape}; give one number for each point, "
                f"here {expected}."
            )
        for kind, names in (("individual", self.individuals), ("key point", self.keypoints)):
            twice = [name for n, name in enumerate(names) if name in names[:n]]
            if twice:
                raise PosesError(f"{where}: the {kind} {twice[0]!r} appears twice; rename one.")
        if (np.diff(self.frames) <= 0).any():
            raise PosesError(f"{where}: a frame appears twice or out of order; sort the rows by frame.")
        if self.images and len(self.images) != len(self.frames):
            raise PosesError(f"{where}: give the name of an image for each row, or none.")

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.frames)

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the axis s: ``x, y`` or ``x, y, z``."""
        return AXES[: self.positions.shape[-1]]

    @property
    def is_flat(self) -> bool:
        """Whether positions are pixels of an image, and not places in space."""
        return len(self.axes) == 2

    def confident(self, least: float = LIKELIHOOD) -> Poses:
        """Turn unlikely points into gaps.

        Parameters
        ----------
        least : float
            Smallest likelihood that counts as found. Points without a likelihood, such as labels made by
            hand, are kept.

        Returns
        -------
        Poses
            With NaN where the likelihood is smaller.
        """
        positions = self.positions.copy()
        positions[self.likelihood < least] = np.nan
        return replace(self, positions=positions)

    def of(self, individual: str = "") -> Poses:
        """Choose one individual.

        Parameters
        ----------
        individual : str
            Its name. It can be left out if there is only one.

        Returns
        -------
        Poses
            With one individual.

        Raises
        ------
        PosesError
            If there is no such individual, or there are several and none is named.
        """
        where = f"{self.path.name} has" if self.path is not None else "There are"
        if individual not in self.individuals and (individual or len(self.individuals) > 1):
            asked = f", and none is named {individual}" if individual else ""
            raise PosesError(
                f"{where} the individuals {', '.join(self.individuals)}{asked}; name one of them."
            )
        at = self.individuals.index(individual) if individual else 0
        return replace(
            self,
            positions=self.positions[:, at : at + 1],
            likelihood=self.likelihood[:, at : at + 1],
            individuals=self.individuals[at : at + 1],
        )

    def at(self, frames: npt.ArrayLike) -> Floats:
        """Give the positions in some frames.

        Parameters
        ----------
        frames : array_like of int, shape (n,)

        Returns
        -------
        ndarray of float, shape (n, i, k, s)
            NaN in frames that the file does not have.
        """
        wanted = np.asarray(frames, np.int64)
        found = np.full((len(wanted), *self.positions.shape[1:]), np.nan)
        if len(self.frames):
            place = np.minimum(np.searchsorted(self.frames, wanted), len(self.frames) - 1)
            hit = self.frames[place] == wanted
            found[hit] = self.positions[place[hit]]
        return found

    def in_images(self, names: Sequence[str]) -> Poses:
        """Give the labels of single images the frame numbers of a folder of images.

        Parameters
        ----------
        names : sequence of str
            File names of the images that are the frames, in their order. The endings do not matter.

        Returns
        -------
        Poses
            Rows whose image is among them, with the place of the image as ``frames``. An image that was
            labelled twice keeps its first row. Poses of a video are returned unchanged.
        """
        if not self.images:
            return self
        place = {PurePosixPath(name.replace("\\", "/")).stem: n for n, name in enumerate(names)}
        rows: dict[int, int] = {}
        for row, image in enumerate(self.images):
            number = place.get(PurePosixPath(image.replace("\\", "/")).stem)
            if number is not None:
                rows.setdefault(number, row)
        return self._rows(dict(sorted(rows.items())))

    def in_video(self) -> Poses:
        """Give the labels of single images the frame numbers that their names end with.

        DeepLabCut writes frame 123 of a video as ``img0123.png``.

        Returns
        -------
        Poses
            Rows in the order of their frames. Poses of a video are returned unchanged.

        Raises
        ------
        PosesError
            If a name does not end with a number.
        """
        if not self.images:
            return self
        rows: dict[int, int] = {}
        for row, image in enumerate(self.images):
            stem = PurePosixPath(image.replace("\\", "/")).stem
            digits = stem[len(stem.rstrip("0123456789")) :]
            if not digits:
                where = self.path.name if self.path is not None else "The key points"
                raise PosesError(
                    f"{where}: the image {image} has no frame number at the end of its name; use the folder "
                    "of these images as the video of the recording."
                )
            rows.setdefault(int(digits), row)
        return self._rows(dict(sorted(rows.items())))

    def of_video(self, video: Path) -> Poses:
        """Keep the labels of the images of a video, where a file has those of several.

        Such files name the images ``labeled-data/VIDEO/img0123.png``.

        Parameters
        ----------
        video : Path
            The video, or a folder of images.

        Returns
        -------
        Poses
            Rows whose folder bears the name of the video; all rows if all images are in one folder.

        Raises
        ------
        PosesError
            If the images are in several folders, and none bears the name of the video.
        """
        folders = [PurePosixPath(image.replace("\\", "/")).parent.name for image in self.images]
        if len(set(folders)) < 2:
            return self
        rows = [row for row, folder in enumerate(folders) if folder in (video.stem, video.name)]
        if not rows:
            where = self.path.name if self.path is not None else "The key points"
            raise PosesError(
                f"{where} has labels of {len(set(folders))} folders of images, and none is named "
                f"{video.stem}; name the folder like the video, or give each recording its own file."
            )
        return self._rows({int(self.frames[row]): row for row in rows})

    def _rows(self, rows: Mapping[int, int]) -> Poses:
        """Take rows, by the frame number that they get."""
        order = np.array([*rows.values()], np.int64)
        return replace(
            self,
            frames=np.array([*rows], np.int64),
            positions=self.positions[order],
            likelihood=self.likelihood[order],
            images=tuple(self.images[row] for row in order),
        )


def poses_of(
    points: Mapping[tuple[str, str, str], npt.NDArray[Any]],
    frames: npt.ArrayLike,
    images: Sequence[str] = (),
    path: Path | None = None,
) -> Poses:
    """Put columns together.

    Parameters
    ----------
    points : mapping of (str, str, str) to ndarray of float, shape (t,)
        Values by individual, key point, and one of ``x, y, z, likelihood``. What is missing is NaN.
    frames : array_like of int, shape (t,)
        Frame numbers in any order.
    images : sequence of str
        Names of images, if the rows are such.
    path : Path, optional
        File from which they were read.

    Returns
    -------
    Poses
    """
    individuals = tuple(dict.fromkeys(one for one, _, _ in points))
    keypoints = tuple(dict.fromkeys(point for _, point, _ in points))
    axes = AXES[: 3 if any(axis == "z" for _, _, axis in points) else 2]
    numbers = np.asarray(frames, np.int64)
    order = np.argsort(numbers, kind="stable")
    shape = (len(numbers), len(individuals), len(keypoints))
    positions, likelihood = np.full((*shape, len(axes)), np.nan), np.full(shape, np.nan)
    for (one, point, axis), values in points.items():
        i, k = individuals.index(one), keypoints.index(point)
        column = np.asarray(values, np.float64)[order]
        if axis == "likelihood":
            likelihood[:, i, k] = column
        else:
            positions[:, i, k, axes.index(axis)] = column
    positions[~np.isfinite(positions).all(-1)] = np.nan  # half a point is none
    names = tuple(images[n] for n in order) if len(images) else ()
    return Poses(numbers[order], positions, likelihood, individuals, keypoints, names, path)
