"""Codes of recordings as the analysis takes them, and embedding into a run's folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from napari_ubam.analysis import Codes
from napari_ubam.crops import CropCache
from napari_ubam.models.devices import choose_device
from napari_ubam.progress import Cancel, ProgressCallback
from napari_ubam.runfolder.log import append
from napari_ubam.runfolder.paths import CROPS, EMBEDDINGS, LOG, STUDY
from napari_ubam.runfolder.recordings import add_recordings
from napari_ubam.study import Recording

from .model_encoder import EncoderOf, ModelEncoder, config_of, crops_for
from .store import Embeddings, EmbeddingStore
from .tally import EmbedReport
from .whole_study import embed


def store_of(folder: Path) -> EmbeddingStore:
    """Embeddings of a run.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    """
    return EmbeddingStore(folder / EMBEDDINGS)


def read_codes(folder: Path, recordings: Iterable[Recording], encoder: ModelEncoder) -> list[Codes]:
    """Read the codes of recordings, and check that they belong to this model and to the current videos.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    recordings : iterable of Recording
    encoder : ModelEncoder
        Encoders of the run.

    Returns
    -------
    list of Codes
        One for each recording, in this order.

    Raises
    ------
    EmbeddingError
        If codes are missing, or of another model or another video.
    """
    store = store_of(folder)
    return [_read(store, recording, encoder) for recording in recordings]


def _read(store: EmbeddingStore, recording: Recording, encoder: ModelEncoder) -> Codes:
    found = store.require(recording, encoder)
    return Codes(
        name=recording.name,
        subject=recording.subject,
        group=recording.group,
        session=recording.session,
        posture=found.posture,
        behaviour=found.behaviour,
        times=found.times,
        frames=found.frames,
        valid=found.valid & found.behaviour_valid,
    )


def codes_hash(codes: Codes | Embeddings) -> str:
    """Compute a hash of the codes of a recording, which changes when the recording is embedded differently.

    Parameters
    ----------
    codes : Codes or Embeddings

    Returns
    -------
    str
        16 hexadecimal digits, from the posture and behaviour codes. The same on every machine.
    """
    digest = hashlib.blake2b(digest_size=8)
    for values in (codes.posture, codes.behaviour):
        digest.update(str(values.shape).encode())
        digest.update(np.ascontiguousarray(values, "<f4").data)
    return digest.hexdigest()


def embed_into_run(
    folder: Path,
    study: Iterable[Recording],
    *,
    device: str = "auto",
    scheduler: str | None = None,
    keep_study: bool = False,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> EmbedReport:
    """Embed the recordings that have no codes in a run yet.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    study : iterable of Recording
    device : str
        Compute device, as `choose_device` takes it.
    scheduler : str, optional
        Address of a dask.distributed scheduler, or ``"local:4"`` for four processes.
    keep_study : bool
        Leave the run's study as it is, if it has one: a recording that was removed stays removed.
    progress, cancel : optional
        Called with the progress in frames; checked twice a second.

    Returns
    -------
    EmbedReport

    Raises
    ------
    Cancelled
        When ``cancel`` is set; finished recordings are kept.
    """
    if scheduler is None:
        choose_device(device)  # refused before anything is read; a cluster's workers choose their own
    study = list(study)
    if not (keep_study and (folder / STUDY).is_file()):
        add_recordings(folder, study)
    source = EncoderOf(folder, device)
    cache = CropCache(folder / CROPS, crops_for(config_of(folder)))
    store = store_of(folder)
    report = embed(study, source, store, cache=cache, scheduler=scheduler, progress=progress, cancel=cancel)
    append(folder / LOG, "embed", done=list(report.done), failed=[list(one) for one in report.failed])
    return report
