"""The methods that the fidelity benchmark compares: each gives codes of frames and of windows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from _fidelity_data import Herd, RenderedRecording
from skimage.feature import hog
from sklearn.decomposition import PCA

from napari_ubam.analysis import WindowSize

if TYPE_CHECKING:  # torch is loaded where a network is asked for, and not in the processes that render
    from _fidelity_network import Budget, Network

WINDOW = 9  # frames that are joined to the behaviour of a method that has no encoder for it
COMPONENTS = 64
SUPERVISED_STEPS = 1500  # of the encoder that is trained with labels
FITTED = 2400  # frames at most that the components are fitted on

HOG_CELLS = {"orientations": 8, "pixels_per_cell": (8, 8), "cells_per_block": (2, 2)}


@dataclass(frozen=True)
class Encoded:
    """Codes of a recording.

    Parameters
    ----------
    posture : (t, d) float32 array
        Code of each frame.
    behaviour : (t, e) float32 array
        Code of the window around each frame; zeros where it would reach over an end.
    valid : (t,) bool array
        Frames with a whole window.
    window : WindowSize, optional
        If given, windows are compared posture by posture, as the product does.
    """

    posture: np.ndarray
    behaviour: np.ndarray
    valid: np.ndarray
    window: WindowSize | None = None

    @classmethod
    def joined(cls, posture: np.ndarray) -> Encoded:
        """Join the codes of consecutive frames to that of the window."""
        count, reach = len(posture), WINDOW // 2
        at = np.arange(count)[:, None] + np.arange(-reach, reach + 1)
        valid = (at[:, 0] >= 0) & (at[:, -1] < count)
        windows = posture[np.clip(at, 0, count - 1)].reshape(count, -1)
        return cls(posture.astype(np.float32), (windows * valid[:, None]).astype(np.float32), valid)


class Methods:
    """Encodes a herd by each method; all learn from the training recordings alone, without labels.

    Parameters
    ----------
    herd : Herd
        The recordings.
    budget : Budget
        How long the networks are trained.
    preset : str
        Of the networks.
    seed : int
        Of their weights.
    device : str
        That they are trained on.
    say : callable
        Is told what takes long.
    keep : Path, optional
        Folder that the published networks are kept in, or read from.
    """

    def __init__(
        self,
        herd: Herd,
        budget: Budget,
        preset: str,
        seed: int,
        device: str,
        say: Callable[[str], None],
        keep: Path | None = None,
    ) -> None:
        self.keep, self.minutes = keep, budget.minutes
        self.herd, self.budget, self.preset = herd, budget, preset
        self.seed, self.device, self.say = seed, device, say

    def by_name(self) -> dict[str, Callable[[], list[Encoded]]]:
        """Give the methods in the order of the table; each encodes all recordings of the herd."""
        return {
            "pixels": self.pixels,
            "HOG": self.hog,
            "HOG, own mean removed": self.hog_without_mean,
            "untrained network": self.untrained,
            f"napari-ubam {self.preset}": self.trained,
            "paper, the published network": self.published,
            "the same encoder, trained on joint angles": self.supervised,
            "true joint angles": self.angles,
        }

    def pixels(self) -> list[Encoded]:
        """Principal components of the pixels."""
        return self._components(
            [film.crops.reshape(len(film.crops), -1) / np.float32(255) for film in self.herd.all]
        )

    def hog(self) -> list[Encoded]:
        """Principal components of histograms of oriented gradients."""
        return self._components(self._hog)

    def hog_without_mean(self) -> list[Encoded]:
        """Principal components of the histograms' deviations from their mean over the recording."""
        return self._components([maps - maps.mean(0) for maps in self._hog])

    def angles(self) -> list[Encoded]:
        """Give the truth, and so what the measures give when posture is known."""
        known = np.concatenate([film.angles for film in self.herd.training])
        mean, spread = known.mean(0), known.std(0) + 1e-9
        return [Encoded.joined((film.angles - mean) / spread) for film in self.herd.all]

    def untrained(self) -> list[Encoded]:
        """Encode by networks with weights as they were drawn."""
        from _fidelity_network import fresh

        return self._by_network(fresh(self.herd.training, self.preset, self.seed, self.device))

    def trained(self) -> list[Encoded]:
        """Encode by networks trained on the training recordings."""
        from _fidelity_network import trained

        begin = time.monotonic()
        with TemporaryDirectory() as folder:
            network = trained(
                self.herd.training, self.preset, self.budget, self.seed, self.device, Path(folder), self.say
            )
        self.minutes = self.minutes or (time.monotonic() - begin) / 60
        return self._by_network(network)

    def published(self) -> list[Encoded]:
        """Encode by the published networks, trained for the minutes that the others took."""
        from _fidelity_network import Budget, trained

        budget = Budget(self.budget.steps if self.minutes is None else None, self.minutes)
        with TemporaryDirectory() as folder:
            network = trained(
                self.herd.training,
                "paper",
                budget,
                self.seed,
                self.device,
                Path(folder),
                self.say,
                self.keep,
            )
        return self._by_network(network)

    def supervised(self) -> list[Encoded]:
        """Encode by the same encoder trained with labels: a bound on what can be learned without."""
        from _fidelity_network import encode, supervised

        steps = SUPERVISED_STEPS if self.budget.steps is None else 3 * self.budget.steps
        encoder = supervised(self.herd.training, self.preset, self.seed, steps)
        return [Encoded.joined(encode(encoder, film.crops)) for film in self.herd.all]

    def _by_network(self, network: Network) -> list[Encoded]:
        from napari_ubam.embedding.stored_codes import windows_of

        encoded = []
        for film in self.herd.all:
            posture = network.posture(film.crops)
            behaviour, valid = network.behaviour(posture, film.fps)
            encoded.append(Encoded(posture, behaviour, valid, windows_of(network.encoder)))
        return encoded

    def _components(self, features: Sequence[np.ndarray]) -> list[Encoded]:
        learned = features[: len(self.herd.training)]
        step = -(-sum(map(len, learned)) // FITTED)
        fitted = np.concatenate([part[::step] for part in learned])
        analysis = PCA(min(COMPONENTS, *fitted.shape), svd_solver="randomized", random_state=0).fit(fitted)
        return [Encoded.joined(analysis.transform(part)) for part in features]

    @cached_property
    def _hog(self) -> list[np.ndarray]:
        self.say("histograms of oriented gradients")
        return [_hog_of(film) for film in self.herd.all]


def _hog_of(film: RenderedRecording) -> np.ndarray:
    """Histograms of a recording, (t, features) float32: cells of 8 pixels, blocks of 2 x 2 cells."""
    return np.stack([hog(crop, **HOG_CELLS) for crop in film.crops]).astype(np.float32)
