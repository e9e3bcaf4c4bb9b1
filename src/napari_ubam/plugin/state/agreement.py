"""Whether results that are shown agree with the study, the model and the reference as they are now.

Needs neither Qt nor napari, and reads no files: what must be read is in the contents of the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from napari_ubam.runfolder.scored_recordings import compared_names, describe_changes
from napari_ubam.study import Recording, Study, StudyError

from .contents import RunContents

FAULTY = "The study has problems; correct it and score again."
OTHER_WAY = {
    "": "The scores compare subjects with other subjects, not with themselves; score again.",
    "subject": "The scores compare each subject with itself, not with other subjects; score again.",
}
OTHER_MODEL = "The model was trained again; score again."


def outdated_scores(
    contents: RunContents, study: Study | None, reference: str, faulty: bool, within: str
) -> str:
    """Say why the scores of a run no longer agree with the study, the model or the reference.

    Parameters
    ----------
    contents : RunContents
    study : Study or None
        The study of the panels. None: that of the run.
    reference : str
        Filter of the reference that is chosen now. An empty filter is not compared.
    faulty : bool
        Whether the study of the panels has faults.
    within : str
        ``"subject"`` if each subject is to be compared with its own reference recordings.

    Returns
    -------
    str
        One sentence. Empty if they agree, or the run has no scores.
    """
    results = contents.results
    if results is None:
        return ""
    if faulty:
        return FAULTY
    now, scored = study or contents.study, results.scored
    if scored.differs_from_model(contents.weights):
        return OTHER_MODEL
    if now is None:
        return ""
    edited = changed_recordings(now, contents.study) if contents.study is not None else []
    changed = {*edited, *scored.relabelled(now)}
    changes = describe_changes(
        {
            **scored.compared(now.names),
            "changed": [name for name in now.names if name in changed],
            "embedded again": [name for name in scored.embedded_again(contents.codes) if name not in changed],
        }
    )
    if changes:
        return f"The study changed: {changes}; score again."
    if reference:
        with suppress(StudyError):  # the filter selects nothing, which is said beside it
            chosen = now.select(reference).names
            if set(chosen) != {one.name for one in scored.reference_recordings}:
                return f"The scores are against {scored.reference}, not {reference}; score again."
    return OTHER_WAY[results.within] if results.within != within else ""


def outdated_magnification(
    contents: RunContents, study: Study | None, reference: str, faulty: bool, recording: str
) -> str:
    """Say why a magnification with this run would not be that of the study of the panels.

    Parameters
    ----------
    contents : RunContents
    study : Study or None
        The study of the panels. None: that of the run.
    reference : str
        Filter of the reference that is chosen now.
    faulty : bool
        Whether the study of the panels has faults.
    recording : str
        Name of the recording that is magnified.

    Returns
    -------
    str
        One sentence. Empty if they agree.
    """
    known = contents.study
    if contents.run is None or known is None:
        return ""
    if faulty:
        return FAULTY
    if contents.magnifier_fault:
        return contents.magnifier_fault
    now = study or known
    if recording not in now.names or recording not in known.names:
        return f"{recording} is not among the recordings that were scored; score again." if recording else ""
    changed = changed_recordings(now, known)
    if recording in changed:
        return f"The study changed: {recording} was changed; score again."
    with suppress(StudyError):
        before, after = _selected(known, reference), _selected(now, reference)
        changes = describe_changes(
            {
                **compared_names(before, after),
                "changed": [name for name in after if name in changed],
            }
        )
        if changes:
            return f"The reference changed: {changes}; score again."
    return ""


def made_otherwise(contents: RunContents, facts: Mapping[str, Any]) -> bool:
    """Tell whether frames were magnified with other weights or codes than the run has now.

    Parameters
    ----------
    contents : RunContents
    facts : mapping of str to object
        Metadata of a magnification, with ``weights``, ``recording`` and ``reference_recordings``. What is not
        noted is not compared.

    Returns
    -------
    bool
    """
    weights = facts.get("weights", {})
    if any(contents.weights.get(kind, text) != text for kind, text in weights.items()):
        return True
    used = facts.get("reference_recordings", ())
    return any(contents.codes.get(one["name"]) not in (None, "", one["codes"]) for one in used)


def changed_recordings(now: Iterable[Recording], before: Study) -> list[str]:
    """List recordings that are in two studies, but not the same in both.

    Parameters
    ----------
    now : iterable of Recording
    before : Study

    Returns
    -------
    list of str
        Their names, in the order of ``now``.
    """
    known = {one.name: one for one in before}
    return [one.name for one in now if one.name in known and _facts(one) != _facts(known[one.name])]


def _facts(one: Recording) -> Recording:
    """Keep of a recording what results depend on."""
    return one.model_copy(update={"metadata": {}, "intervals_path": None, "keypoints": None})


def _selected(study: Study, reference: str) -> tuple[str, ...]:
    """Names of the recordings that a filter selects; an empty filter selects none."""
    return study.select(reference).names if reference else ()
