"""What results were computed from: written with each result, and compared with the run as it is now."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from napari_ubam.analysis import Codes
from napari_ubam.embedding import EmbeddingError
from napari_ubam.embedding.codes import codes_hash, store_of
from napari_ubam.embedding.model_encoder import ModelEncoder
from napari_ubam.models.weights import WeightsError
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.paths import SCORES
from napari_ubam.runfolder.recordings import read_recordings
from napari_ubam.runfolder.tables import Result, read_facts
from napari_ubam.study import StudyError
from napari_ubam.study.values import listed


def recording_facts(codes: Iterable[Codes], reference: Collection[str] = ()) -> list[dict[str, Any]]:
    """Describe recordings as they are noted in the facts of a result.

    Parameters
    ----------
    codes : iterable of Codes
        Codes of the recordings.
    reference : collection of str
        Names of the reference recordings.

    Returns
    -------
    list of dict
        ``name``, ``subject``, ``group``, ``session``, ``reference`` (bool) and ``codes`` (hash) of each.
    """
    return [
        {
            "name": one.name,
            "subject": one.subject,
            "group": one.group,
            "session": one.session,
            "reference": one.name in reference,
            "codes": codes_hash(one),
        }
        for one in codes
    ]


def changes_since(folder: Path, result: Result, hash_of: Callable[[str], str] | None = None) -> list[str]:
    """Say how a run differs now from what a result was computed from.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    result : Result
        Its facts tell the recordings (``recordings``) and the scores (``scores_created``) that were used.
        Results of earlier versions do not have all of them; what is not noted is not compared.
    hash_of : callable, optional
        Gives the hash of the codes of a recording by its name, see `stored_hashes`. One function for many
        results reads each recording only once.

    Returns
    -------
    list of str
        Sentences. Empty if nothing is known to have changed.
    """
    again = "score the study again" if result.name == SCORES else "run this analysis again"
    found = []
    if _model_changed(folder, result.facts.get("model", {})):
        found.append(f"The model was trained again since then; embed the study, and {again}.")
    if "recordings" not in result.facts:
        found += _other_names(folder, result, again)
    else:
        changes = ", ".join(
            _recording_changes(folder, result.facts["recordings"], hash_of or stored_hashes(folder))
        )
        if changes:
            found.append(f"The study of this run has changed since then: {changes}; {again}.")
    used = result.facts.get("scores_created")
    if used is not None and used != scores_created(folder):
        found.append(f"The study was scored again since then; {again}.")
    return found


def stored_hashes(folder: Path) -> Callable[[str], str]:
    """Give a function for the hashes of the stored codes. Each recording is read once.

    Parameters
    ----------
    folder : Path
        Folder of the run.

    Returns
    -------
    callable
        Takes the name of a recording. Returns the hash, or an empty text if the recording has no codes.
    """
    store = store_of(folder)

    @cache
    def hash_of(name: str) -> str:
        try:
            return codes_hash(store.read(name))
        except EmbeddingError:
            return ""

    return hash_of


def scores_created(folder: Path) -> str | None:
    """Time of the last scoring of a run.

    Parameters
    ----------
    folder : Path
        Folder of the run.

    Returns
    -------
    str or None
        As written with the scores. None if the run has no scores.
    """
    facts = read_facts(folder, SCORES) or {}
    created: str | None = facts.get("created")
    return created


def _model_changed(folder: Path, noted: Mapping[str, str]) -> bool:
    if not noted:
        return False
    try:
        now = ModelEncoder.load(folder).hashes
    except WeightsError:  # there is no model any more, or half of another one
        return True
    return any(now.get(name, text) != text for name, text in noted.items())


def _other_names(folder: Path, result: Result, again: str) -> list[str]:
    """Compare the names in the tables of a result that notes no recordings, such as a map."""
    columns = [table["recording"] for table in result.tables.values() if "recording" in table]
    if not columns:
        return []
    try:
        now = set(read_recordings(folder).names)
    except (RunError, StudyError, OSError):
        return []
    gone = sorted(set().union(*(set(column) for column in columns)) - now)
    if not gone:
        return []
    verb = "is" if len(gone) == 1 else "are"
    return [f"{listed(gone, 6)} {verb} no longer in the study of this run; {again}."]


def _recording_changes(
    folder: Path, noted: Iterable[Mapping[str, Any]], hash_of: Callable[[str], str]
) -> Iterator[str]:
    before = {str(one["name"]): one for one in noted}
    try:
        study = read_recordings(folder)
    except (RunError, StudyError, OSError):
        yield "it cannot be read"
        return
    added = [name for name in study.names if name not in before]
    removed = [name for name in before if name not in study.names]
    shared = [one for one in study if one.name in before]
    labelled = [
        one.name
        for one in shared
        if any(getattr(one, label) != before[one.name][label] for label in ("subject", "group", "session"))
    ]
    embedded = [one.name for one in shared if hash_of(one.name) != before[one.name]["codes"]]
    parts = (
        (added, "added"),
        (removed, "removed"),
        (labelled, "given other labels"),
        (embedded, "embedded again"),
    )
    for names, what in parts:
        if names:
            yield f"{listed(names, 6)} {'was' if len(names) == 1 else 'were'} {what}"
