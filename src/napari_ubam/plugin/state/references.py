"""Which recordings are probably the reference of a study. Needs neither Qt nor napari."""

from __future__ import annotations

import re

from napari_ubam.study import Study, StudyError
from napari_ubam.study.filters import condition

USUAL = {
    *("healthy", "control", "controls", "ctrl", "ctrls", "vehicle", "sham", "baseline", "reference"),
    *("wildtype", "wildtypes", "wt", "naive", "placebo", "saline", "untreated", "normal"),
}
FILLERS = {"group", "mice", "mouse", "rat", "rats", "animals", "subjects", "people"}
BASELINES = {"baseline", "pre", "before"}


def preset_reference(study: Study, remembered: str = "") -> str:
    """Propose the reference of a study, if there is no doubt which one it is.

    Parameters
    ----------
    study : Study
    remembered : str
        Filter that the user chose last, maybe for another study.

    Returns
    -------
    str
        The remembered filter if it selects recordings of this study; else the only group or session with a
        usual name, such as ``group=healthy`` or ``session=0``. Empty if there is none, or several.
    """
    if remembered and selects(study, remembered):
        return remembered
    groups = [one for one in study.groups if _plain(one) in USUAL] if len(study.groups) > 1 else []
    named = [one for one in study.sessions if _plain(one) in BASELINES] if len(study.sessions) > 1 else []
    if len(groups) + len(named) > 1:
        return ""
    if groups:
        return condition("group", groups[0])
    if named:
        return condition("session", named[0])
    numbered = len(study.groups) < 2 and len(study.sessions) > 1 and "0" in study.sessions
    return condition("session", "0") if numbered else ""


def selects(study: Study, reference: str) -> bool:
    """Tell whether a filter is valid and selects recordings.

    Parameters
    ----------
    study : Study
    reference : str

    Returns
    -------
    bool
    """
    try:
        return len(study.select(reference)) > 0
    except StudyError:
        return False


def _plain(name: str) -> str:
    """Letters and digits of a name without case, and without words that say nothing."""
    words = re.findall(r"\w+", name.casefold().replace("_", " "))
    return "".join(word for word in words if word not in FILLERS)
