"""What results were computed from: written with each result, and compared with the run as it is now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from napari_ubam.analysis import Codes
from napari_ubam.embedding.codes import codes_hash, store_of
from napari_ubam.embedding.model_encoder import ModelEncoder, config_of
from napari_ubam.embedding.stored_codes import StoredCodes
from napari_ubam.models.weights import WeightsError, read_header
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.paths import BEHAVIOUR, MAGNIFIER, POSTURE, SCORES
from napari_ubam.runfolder.recordings import read_recordings
from napari_ubam.runfolder.scored_recordings import compared_names, describe_changes
from napari_ubam.runfolder.tables import Result, read_facts
from napari_ubam.study import Recording, Study, StudyError
from napari_ubam.study.values import counted, listed


def recording_facts(codes: Iterable[Codes], reference: Collection[str] = ()) -> list[dict[str, Any]]:
    """Describe recordings as they are noted in the facts of a result.

    Parameters
    ----------
    codes : iterable of Codes
        Codes of the recordings. `StoredCodes` are not read.
    reference : collection of str
        Names of the reference recordings.

    Returns
    -------
    list of dict
        ``name``, ``subject``, ``group``, ``session``, ``reference`` (bool) and ``codes`` (hash) of each.
    """
    among = set(reference)
    if isinstance(codes, StoredCodes):  # their hashes were written with them
        return [
            _noted(one, one.name in among, codes.hash_of(number))
            for number, one in enumerate(codes.recordings)
        ]
    return [_noted(one, one.name in among, codes_hash(one)) for one in codes]


def _noted(one: Codes | Recording, reference: bool, codes: str) -> dict[str, Any]:
    labels = {name: getattr(one, name) for name in ("name", "subject", "group", "session")}
    return {**labels, "reference": reference, "codes": codes}


def origin(folder: Path, facts: Mapping[str, Any]) -> dict[str, str]:
    """Tell how the model of a run was made, and what its scores were computed with.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    facts : mapping of str to object
        Facts of the scores.

    Returns
    -------
    dict of str to str
        Preset, backbone, seeds, hashes of weights and versions, by name.
    """
    config = config_of(folder)
    rows = {"preset": config.preset}
    if (backbone := config.posture.backbone) is not None:
        rows["backbone"] = backbone.described
        rows |= {"sha256 of backbone": backbone.sha256, "licence of backbone": backbone.licence}
    for name in (POSTURE, BEHAVIOUR, MAGNIFIER):
        if (folder / name).is_file():
            header = read_header(folder / name)
            rows[name] = f"seed {header.seed}, {counted(header.steps, 'step')}, study {header.study}"
    rows |= {f"hash of {name}": str(text) for name, text in facts["model"].items()}
    return rows | {f"version of {name}": str(text) for name, text in facts["versions"].items()}


class CurrentRun:
    """A run as it is now, to compare its results with. Model, study and codes are each read once.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._hashes: dict[str, str] = {}

    def changes_since(self, result: Result) -> list[str]:
        """Say how the run differs from what a result was computed from.

        Parameters
        ----------
        result : Result
            Its facts tell the model (``model``), the recordings (``recordings``) and the scores
            (``scores_created``) that were used. Results of earlier versions do not have all of them; what is
            not noted is not compared.

        Returns
        -------
        list of str
            Sentences. Empty if nothing is known to have changed.
        """
        again = "score the study again" if result.name == SCORES else "run this analysis again"
        found = []
        if self._model_changed(result.facts.get("model", {})):
            found.append(f"The model was trained again since then; embed the study, and {again}.")
        if "recordings" not in result.facts:
            found += self._missing_recordings(result, again)
        elif changes := self._recording_changes(result.facts["recordings"]):
            found.append(f"The study of this run has changed since then: {changes}; {again}.")
        used = result.facts.get("scores_created")
        if used is not None and used != scores_created(self._folder):
            found.append(f"The study was scored again since then; {again}.")
        return found

    @cached_property
    def _study(self) -> Study | None:
        try:
            return read_recordings(self._folder)
        except (RunError, StudyError, OSError):
            return None

    @cached_property
    def _model(self) -> Mapping[str, str] | None:
        try:
            return ModelEncoder.load(self._folder).hashes
        except WeightsError:  # there is no model any more, or half of another one
            return None

    def _codes(self, name: str) -> str:
        """Hash of the stored codes of a recording; an empty text if it has none."""
        if name not in self._hashes:
            self._hashes[name] = store_of(self._folder).codes_hash(name)
        return self._hashes[name]

    def _model_changed(self, noted: Mapping[str, str]) -> bool:
        if not noted:
            return False
        now = self._model
        return now is None or any(now.get(name, text) != text for name, text in noted.items())

    def _missing_recordings(self, result: Result, again: str) -> list[str]:
        """Compare the names in the tables of a result that notes no recordings, such as a map."""
        columns = [set(table["recording"]) for table in result.tables.values() if "recording" in table]
        if self._study is None or not columns:
            return []
        gone = sorted(set().union(*columns) - set(self._study.names))
        if not gone:
            return []
        verb = "is" if len(gone) == 1 else "are"
        return [f"{listed(gone, 6)} {verb} no longer in the study of this run; {again}."]

    def _recording_changes(self, noted: Iterable[Mapping[str, Any]]) -> str:
        """Describe what happened to recordings since a result noted them; empty if nothing did."""
        if self._study is None:
            return "it cannot be read"
        before = {str(one["name"]): one for one in noted}
        shared = [one for one in self._study if one.name in before]
        labels = ("subject", "group", "session")
        return describe_changes(
            {
                **compared_names(before, self._study.names),
                "given other labels": [
                    one.name
                    for one in shared
                    if any(getattr(one, label) != before[one.name][label] for label in labels)
                ],
                "embedded again": [
                    one.name for one in shared if self._codes(one.name) != before[one.name]["codes"]
                ],
            }
        )


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
