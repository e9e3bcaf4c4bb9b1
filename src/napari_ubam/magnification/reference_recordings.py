"""The reference of a magnification: the recordings that were scored against, or how it differs from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from napari_ubam.analysis import Codes
from napari_ubam.embedding.codes import codes_hash, read_codes
from napari_ubam.embedding.model_encoder import ModelEncoder
from napari_ubam.runfolder.recordings import read_recordings
from napari_ubam.runfolder.scored_recordings import read_scored


@dataclass(frozen=True)
class ChosenReference:
    """Recordings of the reference.

    Parameters
    ----------
    codes : tuple of Codes
        Codes of each recording.
    hashes : mapping of str to str
        Hash of the codes, by name of the recording.
    note : str or None
        One sentence if these are not the recordings and codes that the scores of the run were computed with.
    """

    codes: tuple[Codes, ...]
    hashes: Mapping[str, str]
    note: str | None


def choose_reference(folder: Path, reference: str, encoder: ModelEncoder) -> ChosenReference:
    """Choose the reference from the study of a run, and compare it with that of the scores.

    Scoring makes the scored study the study of the run, so both are the same unless something changed since.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    reference : str
        Filter of the reference recordings, such as ``"group=healthy"``.
    encoder : ModelEncoder
        Encoders of the run.

    Returns
    -------
    ChosenReference

    Raises
    ------
    RunError
        If the run has no study, or its scores cannot be read.
    StudyError
        If the filter selects no recording.
    EmbeddingError
        If codes are missing, or of another model or video.
    """
    codes = read_codes(folder, read_recordings(folder).select(reference), encoder)
    hashes = {one.name: codes_hash(one) for one in codes}
    scored = read_scored(folder)
    if scored is not None:
        return ChosenReference(tuple(codes), hashes, scored.reference_difference(reference, hashes))
    note = (
        f"{folder.name} has no scores yet, so the reference {reference} is taken from the study of the run: "
        f"{len(codes)} of its recordings."
    )
    return ChosenReference(tuple(codes), hashes, note)
