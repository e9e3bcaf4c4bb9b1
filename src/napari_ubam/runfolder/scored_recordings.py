"""The recordings that the scores of a run were computed from, and how a study or reference differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_ubam.study import Recording
from napari_ubam.study.values import listed

from .errors import RunError
from .paths import SCORES
from .recordings import read_recordings
from .tables import read_facts

LABELS = ("subject", "group", "session")


@dataclass(frozen=True)
class ScoredRecording:
    """A recording as it was scored.

    Parameters
    ----------
    name : str
    reference : bool
        Whether it belongs to the reference.
    codes : str
        Hash of its codes, see `napari_ubam.embedding.codes.codes_hash`. Empty if it is unknown.
    labels : tuple of str
        Its ``subject``, ``group`` and ``session``. Empty if they are unknown.
    """

    name: str
    reference: bool
    codes: str = ""
    labels: tuple[str, ...] = ()

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> ScoredRecording:
        """Read a recording from the facts of the scores.

        Parameters
        ----------
        facts : mapping of str to object
            Entry of ``recordings`` in ``scores.json``.

        Returns
        -------
        ScoredRecording
        """
        labels = tuple(str(facts[one]) for one in LABELS) if set(LABELS) <= set(facts) else ()
        return cls(str(facts["name"]), bool(facts["reference"]), str(facts["codes"]), labels)


@dataclass(frozen=True)
class ScoredStudy:
    """The recordings that the scores of a run were computed from.

    Parameters
    ----------
    reference : str
        Filter of the reference recordings.
    recordings : tuple of ScoredRecording
    complete : bool
        False for the scores of an earlier version, which noted only the reference recordings.
    model : mapping of str to str
        Hash of the weights by kind, ``"posture"`` and ``"behaviour"``. Empty if it is unknown.
    """

    reference: str
    recordings: tuple[ScoredRecording, ...]
    complete: bool = True
    model: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> ScoredStudy:
        """Read the recordings from the facts of the scores.

        Parameters
        ----------
        facts : mapping of str to object
            Content of ``scores.json``.

        Returns
        -------
        ScoredStudy

        Raises
        ------
        KeyError, TypeError
            If the facts are not those of scores.
        """
        reference = str(facts["reference"])
        model = {str(kind): str(text) for kind, text in dict(facts.get("model") or {}).items()}
        if "recordings" not in facts:
            names = tuple(ScoredRecording(str(name), True) for name in facts["reference_recordings"])
            return cls(reference, names, complete=False, model=model)
        recordings = tuple(ScoredRecording.from_facts(one) for one in facts["recordings"])
        return cls(reference, recordings, model=model)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the recordings."""
        return tuple(one.name for one in self.recordings)

    @property
    def reference_recordings(self) -> tuple[ScoredRecording, ...]:
        """Recordings of the reference."""
        return tuple(one for one in self.recordings if one.reference)

    def compared(self, names: Iterable[str]) -> dict[str, list[str]]:
        """Compare the recordings of a study with those that were scored.

        Parameters
        ----------
        names : iterable of str
            Names of the recordings of the study.

        Returns
        -------
        dict of str to list of str
            As `compared_names`; nothing counts as added if not all recordings were noted.
        """
        found = compared_names(self.names, names)
        return found if self.complete else {**found, "added": []}

    def differs_from_model(self, weights: Mapping[str, str]) -> bool:
        """Tell whether the scores were computed with other weights.

        Parameters
        ----------
        weights : mapping of str to str
            Hash of the present weights by kind. Kinds that are unknown here or there are not compared.

        Returns
        -------
        bool
        """
        return any(weights.get(kind, text) != text for kind, text in self.model.items())

    def embedded_again(self, codes: Mapping[str, str]) -> list[str]:
        """List recordings whose codes are no longer those that were scored.

        Parameters
        ----------
        codes : mapping of str to str
            Hash of the present codes by name. An empty hash is not compared.

        Returns
        -------
        list of str
            Their names.
        """
        pairs = ((one.name, one.codes, codes.get(one.name, "")) for one in self.recordings)
        return [name for name, before, now in pairs if before and now and before != now]

    def relabelled(self, study: Iterable[Recording]) -> list[str]:
        """List recordings that have another subject, group or session than when they were scored.

        Parameters
        ----------
        study : iterable of Recording

        Returns
        -------
        list of str
            Their names.
        """
        known = {one.name: one.labels for one in self.recordings}
        pairs = ((one.name, known.get(one.name), (one.subject, one.group, one.session)) for one in study)
        return [name for name, before, now in pairs if before and before != now]

    def study_difference(self, names: Iterable[str]) -> str | None:
        """Say how the recordings of a study differ from those that were scored.

        Parameters
        ----------
        names : iterable of str
            Names of the recordings of the study.

        Returns
        -------
        str or None
            One sentence. None if the study has the same recordings.
        """
        found = self.compared(names)
        changes = _changes(found["removed"], found["added"], [])
        return f"The study has changed since it was scored: {changes}; score it again." if changes else None

    def reference_difference(self, reference: str, recordings: Mapping[str, str]) -> str | None:
        """Say how a reference differs from the one that was scored against.

        Parameters
        ----------
        reference : str
            Filter of the reference recordings.
        recordings : mapping of str to str
            Hash of the codes of each reference recording, by name. An empty hash is not compared.

        Returns
        -------
        str or None
            One sentence. None if the recordings and their codes are the same, whatever the filter.
        """
        scored = {one.name: one.codes for one in self.reference_recordings}
        found = compared_names(scored, recordings)
        embedded = [name for name in self.embedded_again(recordings) if name in scored]
        changes = _changes(found["removed"], found["added"], embedded)
        if not changes:
            return None
        if _plain(reference) != _plain(self.reference):
            return (
                f"The reference {reference} ({_count(recordings)}) is not that of the scores, "
                f"{self.reference} ({_count(scored)})."
            )
        return f"The reference {reference} has changed since it was scored: {changes}; score the study again."


def read_scored(folder: Path) -> ScoredStudy | None:
    """Read which recordings the scores of a run were computed from.

    Parameters
    ----------
    folder : Path
        Folder of the run.

    Returns
    -------
    ScoredStudy or None
        None if the run has no scores.

    Raises
    ------
    RunError
        If the facts of the scores cannot be read.
    """
    facts = read_facts(folder, SCORES)
    if facts is None:
        return None
    try:
        return ScoredStudy.from_facts(facts)
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"{folder / SCORES}.json cannot be read ({error!r}); score the study again."
        ) from error


def stale_scores(folder: Path) -> str | None:
    """Say how the study of a run differs from the one that was scored.

    Parameters
    ----------
    folder : Path
        Folder of the run.

    Returns
    -------
    str or None
        One sentence. None if the run has no scores, or its study has the same recordings.

    Raises
    ------
    RunError, StudyError
        If the facts of the scores, or the study, cannot be read.
    """
    scored = read_scored(folder)
    return None if scored is None else scored.study_difference(read_recordings(folder).names)


def _changes(removed: list[str], added: list[str], embedded: list[str]) -> str:
    """Describe changes of a list of recordings; empty if there are none."""
    return describe_changes({"removed": removed, "added": added, "embedded again": embedded})


def compared_names(before: Iterable[str], now: Iterable[str]) -> dict[str, list[str]]:
    """Find the recordings that were added to a list, or removed from it.

    Parameters
    ----------
    before, now : iterable of str
        Names of recordings.

    Returns
    -------
    dict of str to list of str
        Names that are ``"added"`` and ``"removed"``, in their order; as `describe_changes` takes them.
    """
    old, new = list(before), list(now)
    return {
        "added": [name for name in new if name not in old],
        "removed": [name for name in old if name not in new],
    }


def describe_changes(changes: Mapping[str, Sequence[str]]) -> str:
    """Say in words what happened to recordings.

    Parameters
    ----------
    changes : mapping of str to sequence of str
        Names of recordings by what was done to them, such as ``"removed"``.

    Returns
    -------
    str
        Part of a sentence; empty if there are no names.
    """
    return ", ".join(
        f"{listed(names, 6)} {'was' if len(names) == 1 else 'were'} {done}"
        for done, names in changes.items()
        if names
    )


def _count(recordings: Mapping[str, str]) -> str:
    return "1 recording" if len(recordings) == 1 else f"{len(recordings)} recordings"


def _plain(reference: str) -> str:
    """Filter without spaces, which mean nothing between its parts."""
    return "".join(reference.split()).casefold()
