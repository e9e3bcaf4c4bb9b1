"""Read the codes of a run for the analyses, and embed recordings into a run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from napari_ubam.analysis import Codes
from napari_ubam.crops import CropCache
from napari_ubam.models.devices import choose_device
from napari_ubam.progress import Cancel, ProgressCallback, silent
from napari_ubam.runfolder.log import append
from napari_ubam.runfolder.paths import CROPS, EMBEDDINGS, LOG, STUDY
from napari_ubam.runfolder.recordings import add_recordings
from napari_ubam.study import Recording
from napari_ubam.tracking import with_found_regions

from .codes_hash import hash_of_codes
from .embed_progress import EmbedReport
from .model_encoder import EncoderOf, ModelEncoder, config_of, crops_for
from .store import Embeddings, EmbeddingStore
from .stored_codes import StoredCodes
from .whole_study import embed


def store_of(folder: Path) -> EmbeddingStore:
    """Return the store with the codes of a run.

    Parameters
    ----------
    folder : Path
        Folder of the run.

    Returns
    -------
    EmbeddingStore
        The store. Its folder does not need to exist.
    """
    return EmbeddingStore(folder / EMBEDDINGS)


def read_codes(folder: Path, recordings: Iterable[Recording], encoder: ModelEncoder) -> list[Codes]:
    """Read the codes of recordings, and check that they belong to this model and to the current videos.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    recordings : iterable of Recording
        Recordings to read.
    encoder : ModelEncoder
        Encoders of the run.

    Returns
    -------
    list of Codes
        Codes of each recording, in the order of ``recordings``.

    Raises
    ------
    EmbeddingError
        If codes are missing, or if they belong to another model or another video.
    """
    return list(StoredCodes.of(folder, recordings, encoder))


def codes_hash(codes: Codes | Embeddings) -> str:
    """Compute a hash of the codes of a recording, which changes when the recording is embedded differently.

    Parameters
    ----------
    codes : Codes or Embeddings
        Codes of one recording.

    Returns
    -------
    str
        16 hexadecimal digits, computed from the posture and behaviour codes. Equal codes give the same hash
        on every machine.
    """
    return hash_of_codes(codes.posture, codes.behaviour)


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
        Recordings to embed.
    device : str
        Compute device, for example ``"auto"``, ``"cpu"`` or ``"cuda:0"``; see `choose_device`.
    scheduler : str, optional
        Address of a dask.distributed scheduler, or ``"local:4"`` for four processes.
    keep_study : bool
        Do not add recordings to the study of the run, if it has one. A recording that was removed from the
        study then stays removed.
    progress : callable, optional
        Called with a `Progress` that counts frames.
    cancel : Cancel, optional
        Flag that stops the work. It is checked twice per second.

    Returns
    -------
    EmbedReport
        Recordings that were embedded, were skipped or failed.

    Raises
    ------
    Cancelled
        If ``cancel`` is set. Finished recordings are kept.
    """
    if scheduler is None:
        choose_device(device)  # fail early; the workers of a cluster choose their own device
    study = with_found_regions(folder, list(study), find=True, progress=progress or silent, cancel=cancel)
    if not (keep_study and (folder / STUDY).is_file()):
        add_recordings(folder, study)
    source = EncoderOf(folder, device)
    cache = CropCache(folder / CROPS, crops_for(config_of(folder)))
    store = store_of(folder)
    report = embed(study, source, store, cache=cache, scheduler=scheduler, progress=progress, cancel=cancel)
    append(folder / LOG, "embed", done=list(report.done), failed=[list(one) for one in report.failed])
    return report
