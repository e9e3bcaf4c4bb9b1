"""Codes of the recordings of a run, read one recording at a time: all may not fit into memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from napari_ubam.analysis import Codes, WindowSize
from napari_ubam.crops.identity import to_ranges
from napari_ubam.models.windows import windows
from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled, silent
from napari_ubam.runfolder.paths import EMBEDDINGS
from napari_ubam.runfolder.recordings import require_video
from napari_ubam.study import Recording

from .model_encoder import ModelEncoder
from .store import Embeddings, EmbeddingStore


@dataclass(frozen=True)
class StoredCodes(Sequence[Codes]):
    """Codes of recordings, each read from the store on access. It can be pickled.

    Parameters
    ----------
    store : EmbeddingStore
    recordings : tuple of Recording
    window : WindowSize or None
        How windows of the model are compared.
    window_ms, steps : float, int
        Size of the windows that the behaviour codes were computed from.
    """

    store: EmbeddingStore
    recordings: tuple[Recording, ...]
    window: WindowSize | None
    window_ms: float
    steps: int
    _last: dict[int, Codes] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(
        cls,
        folder: Path,
        recordings: Iterable[Recording],
        encoder: ModelEncoder,
        progress: ProgressCallback = silent,
        cancel: Cancel | None = None,
    ) -> StoredCodes:
        """Check that the codes are there, and belong to this model and to the current videos.

        Parameters
        ----------
        folder : Path
            Folder of the run.
        recordings : iterable of Recording
            Recordings to read.
        encoder : ModelEncoder
            Encoders of the run.
        progress, cancel : optional
            Called for each recording; checked at each recording.

        Returns
        -------
        StoredCodes

        Raises
        ------
        EmbeddingError
            If codes are missing, or if they belong to another model or another video.
        """
        chosen, store = tuple(recordings), EmbeddingStore(folder / EMBEDDINGS)
        for one in chosen:
            require_video(folder, one)
        for number, one in enumerate(chosen):
            check_cancelled(cancel)
            progress(Progress("videos", number, len(chosen), detail=one.name))
            store.check(one, encoder)
        sizes = encoder.config.behaviour
        return cls(store, chosen, windows_of(encoder), sizes.window_ms, sizes.steps)

    def __len__(self) -> int:
        return len(self.recordings)

    @overload
    def __getitem__(self, index: int) -> Codes: ...
    @overload
    def __getitem__(self, index: slice) -> StoredCodes: ...
    def __getitem__(self, index: int | slice) -> Codes | StoredCodes:
        """Read the codes of one recording, or choose some."""
        if isinstance(index, slice):
            return StoredCodes(self.store, self.recordings[index], self.window, self.window_ms, self.steps)
        number = range(len(self))[index]
        if number not in self._last:
            self._last.clear()  # the codes of one recording are kept, which are often asked for again
            self._last[number] = self._read(self.recordings[number])
        return self._last[number]

    def __iter__(self) -> Iterator[Codes]:
        for number in range(len(self)):
            yield self[number]

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_last": {}}

    def forget(self) -> None:
        """Free the memory of the recording that was read last."""
        self._last.clear()

    def hash_of(self, number: int) -> str:
        """Give the hash of the codes of a recording, which was written with them.

        Parameters
        ----------
        number : int
            Place of the recording.

        Returns
        -------
        str
            See `EmbeddingStore.codes_hash`.
        """
        return self.store.codes_hash(self.recordings[number].name)

    def _read(self, recording: Recording) -> Codes:
        found = self.store.read(recording.name)
        return Codes(
            name=recording.name,
            subject=recording.subject,
            group=recording.group,
            session=recording.session,
            posture=found.posture,
            behaviour=found.behaviour,
            times=found.times,
            frames=found.frames,
            valid=found.valid & found.behaviour_valid & self._have_window(found),
            encoded=found.valid,
            window=self.window,
        )

    def _have_window(self, found: Embeddings) -> NDArray[np.bool_]:
        """Frames with a whole window; earlier versions also stored codes of windows over a pause."""
        segments = [range(*pair) for pair in to_ranges(found.valid)]
        flags = np.zeros(len(found.times), bool)
        flags[windows(found.times, segments, self.window_ms, self.steps).centres] = True
        return flags


def windows_of(encoder: ModelEncoder) -> WindowSize | None:
    """Tell how windows of a model are compared.

    Parameters
    ----------
    encoder : ModelEncoder

    Returns
    -------
    WindowSize or None
        None if they are compared by their behaviour codes, as the published networks do.
    """
    sizes = encoder.config.behaviour
    return WindowSize(sizes.window_ms, sizes.steps) if encoder.family.compares_postures else None
