"""Paragraphs for the methods section of a paper: model, scores and analyses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from napari_ubam.analysis import Analysis
from napari_ubam.embedding.model_encoder import config_of
from napari_ubam.families import family_of
from napari_ubam.models.weights import read_header
from napari_ubam.runfolder.paths import BEHAVIOUR, MAGNIFIER, POSTURE
from napari_ubam.runfolder.tables import Result
from napari_ubam.study.values import counted

LISTED = 12  # recordings of which a part is left out
_NAMES = {POSTURE: "posture encoder", BEHAVIOUR: "behaviour encoder", MAGNIFIER: "magnifier"}


def model_methods(folder: Path, facts: Mapping[str, Any]) -> str:
    """Describe the model of a run and how it was trained.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    facts : mapping of str to object
        Facts of the scores.

    Returns
    -------
    str
    """
    config = config_of(folder)
    said = [
        f"Posture of frames and behaviour of windows of {config.behaviour.window_ms:g} ms were encoded by "
        f"networks (napari-ubam, preset {config.preset}) that were trained on videos by self-supervision, "
        "without labels or key points"
    ]
    if (backbone := config.posture.backbone) is not None:
        said[0] += f", on features of {backbone.described} (SHA-256 {backbone.sha256})"
    hashes = {str(name): str(text) for name, text in facts.get("model", {}).items()}
    trained = []
    for file, name in _NAMES.items():
        if not (folder / file).is_file():
            continue
        header = read_header(folder / file)
        kind = file.partition(".")[0]
        known = f", hash {hashes[kind]}" if kind in hashes else ""
        trained.append(f"{name}: {counted(header.steps, 'step')}, seed {header.seed}{known}")
    made_with = read_header(folder / POSTURE).versions
    said.append(f"({'; '.join(trained)}; trained with {_software(made_with)}).")
    return " ".join(said)


def score_methods(folder: Path, scores: Result) -> str:
    """Describe how the scores of a run were computed.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    scores : Result

    Returns
    -------
    str
    """
    facts, subjects = scores.facts, scores.tables["subjects"]
    others = subjects[~subjects["reference"]]
    within = facts.get("within") == "subject"
    compared = (
        "ten stretches of time of the subject's own reference recordings, each scored against the others"
        if within
        else "the reference subjects, each compared with the others"
    )
    recordings = facts.get("recordings", ())
    of = f" ({counted(len(recordings), 'recording')})" if recordings else ""
    size = counted(len(facts["reference_subjects"]), "subject")
    whom = (
        f"its own reference recordings ({facts['reference']})"
        if within
        else f"the reference {facts['reference']} (n = {size})"
    )
    smallest = others["smallest_p"].min() if len(others) else float("nan")
    limit = f", so it is at least {smallest:.3g}" if smallest == smallest else ""
    test = (
        "p is a rank among these stretches and no test, since they are not independent"
        if within
        else "p = (1 + number of reference subjects with at least this value) / (n + 1)"
    )
    apart = "" if within else f", at most {facts['per_subject']} of one subject and none of the same subject"
    return (
        f"Each of {counted(others['subject'].nunique(), 'subject')}{of} was compared with {whom}. The "
        f"deviation of a window is the mean cosine distance to its {facts['k']} nearest windows of the "
        f"reference{apart}{_windows(folder)}. The constant deviation of a subject is the median in a "
        "session, the episodic deviation of a frame what exceeds it, and that of a subject the mean excess "
        f"over the 95th percentile. Percentiles are ranks among the frames of {compared}; episodes are spans "
        f"above the 95th percentile. {test}{limit}; q is p adjusted for the number of subjects (Benjamini "
        f"and Hochberg). The unit is the subject. {left_out_text(facts)}{_made(facts)}"
    )


def left_out_text(facts: Mapping[str, Any]) -> str:
    """Say what no result uses, because the study leaves it out.

    Parameters
    ----------
    facts : mapping of str to object
        Facts of the scores.

    Returns
    -------
    str
        A sentence and a space; empty if nothing is left out.
    """
    spans = facts.get("left_out", {})
    if not spans:
        return ""
    said = [
        f"{name} {', '.join(f'{start:.2f} to {stop:.2f} s' for start, stop in sorted(spans[name]))}"
        for name in list(spans)[:LISTED]
    ]
    if len(spans) > LISTED:
        said.append(f"and parts of {counted(len(spans) - LISTED, 'more recording')}")
    return f"Left out as no behaviour: {'; '.join(said)}. "


def analysis_methods(known: Analysis | None, result: Result) -> str:
    """Describe how an analysis was computed.

    Parameters
    ----------
    known : Analysis or None
        None if the analysis is not registered any more.
    result : Result

    Returns
    -------
    str
    """
    if known is not None and known.methods is not None:
        text = known.methods(result.facts)
    else:
        text = " ".join([*([known.description] if known else []), *settings(result.facts)])
    return f"{text} {_made(result.facts)}".strip()


def map_methods(facts: Mapping[str, Any]) -> str:
    """Describe how the map was computed.

    Parameters
    ----------
    facts : mapping of str to object
        Facts of the map.

    Returns
    -------
    str
    """
    library = facts.get("versions", {}).get("umap-learn")
    way = "UMAP" if facts.get("method") == "umap" else "the first two principal components"
    version = f" (umap-learn {library})" if library else ""
    apart = (
        ", from which the mean of each subject in a session was taken out"
        if facts.get("individual") == "remove"
        else ""
    )
    sampled = f", fitted on {facts['sampled']} frames" if "sampled" in facts else ""
    seed = f", seed {facts['seed']}" if "seed" in facts else ""
    return (
        f"Frames were placed on a plane by {way}{version} of their {facts.get('kind', 'behaviour')} "
        f"codes{apart}{sampled}{seed}. The map was not tested. {_made(facts)}"
    )


def settings(facts: Mapping[str, Any]) -> Iterator[str]:
    """Write the facts that are single values in one sentence.

    Parameters
    ----------
    facts : mapping of str to object

    Yields
    ------
    str
        Nothing if there are none.
    """
    found = {**facts, **facts.get("parameters", {})}
    left_out = ("scores_created", "codes", "created")
    single = {
        name: value
        for name, value in found.items()
        if isinstance(value, str | int | float) and name not in left_out and value != ""
    }
    if single:
        yield "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in single.items()) + "."


def _windows(folder: Path) -> str:
    """Tell how windows are compared, which depends on the family of the model."""
    if not family_of(config_of(folder)).compares_postures:
        return ""
    return (
        "; windows are compared posture by posture, with half of the mean posture of each subject in a "
        "session taken out"
    )


def _made(facts: Mapping[str, Any]) -> str:
    """Software and date of a result."""
    day = str(facts.get("created", ""))[:10]
    software = _software(facts.get("versions", {}))
    if not software:
        return ""
    return f"Computed with {software}{f' on {day}' if day else ''}."


def _software(versions: Mapping[str, Any]) -> str:
    names = {"python": "Python"}
    own = [name for name in ("napari-ubam", "torch", "python") if name in versions]
    return ", ".join(f"{names.get(name, name)} {versions[name]}" for name in own)
