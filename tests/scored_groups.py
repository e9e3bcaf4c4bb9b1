"""Scores of a made-up study with known differences, in the folder of a run, without videos of its own."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from napari_ubam.run import Run
from napari_ubam.runfolder.recordings import set_recordings
from napari_ubam.runfolder.tables import Result, write_result
from napari_ubam.study import Recording, Roi, Study

FRAMES, STEP = 300, 1 / 30  # ten seconds
LEVEL = 0.02  # cosine distance of a subject without a difference


def recordings(
    video: Path,
    groups: Mapping[str, int],
    sessions: Sequence[str] = ("0",),
    columns: Mapping[str, Sequence[str]] | None = None,
) -> Study:
    """Make a study: each subject has a recording in each session.

    Parameters
    ----------
    video : Path
        The video of all recordings: it is never opened.
    groups : mapping of str to int
        Number of subjects.
    sessions : sequence of str
    columns : mapping of str to sequence of str, optional
        Further columns, a value for each subject.
    """
    names = [(group, f"{group}{number}") for group, count in groups.items() for number in range(count)]
    return Study(
        [
            Recording(
                video=video,
                subject=subject,
                group=group,
                session=session,
                name=f"{subject}-{session}",
                roi=Roi(x=len(sessions) * place + number, y=0, width=32, height=32),  # each its own region
                metadata={name: values[place] for name, values in (columns or {}).items()},
            )
            for place, (group, subject) in enumerate(names)
            for number, session in enumerate(sessions)
        ]
    )


def score(
    run: Run,
    folder: Path,
    study: Study,
    shifts: Mapping[str, float],
    *,
    reference: str = "group=healthy",
    within: bool = False,
    seed: int = 0,
) -> Run:
    """Write scores of a study into a copy of a run.

    Parameters
    ----------
    run : Run
        Its models are copied.
    folder : Path
        For the copy.
    study : Study
    shifts : mapping of str to float
        What is added to the constant part by ``group`` or by ``group-session``. An episode of a second comes
        with it, if it is not 0.
    reference : str
    within : bool
        Whether the scores are those of subjects compared with themselves.
    seed : int
        Of the differences between subjects and frames.
    """
    shutil.copytree(
        run.folder, folder, ignore=shutil.ignore_patterns("figures", "embeddings.zarr", "crops.zarr")
    )
    for old in folder.glob("*.csv"):
        old.unlink()
    generator = np.random.default_rng(seed)
    chosen = set(study.select(reference).names)
    own = {subject: generator.normal(0, 0.002) for subject in study.subjects}
    scores, episodes = [], []
    for one in study:
        shift = shifts.get(f"{one.group}-{one.session}", shifts.get(one.group, 0.0))
        constant = LEVEL + own[one.subject] + shift + generator.normal(0, 0.0005)
        episodic = generator.normal(0, 0.003, FRAMES)
        if shift:
            episodic[100:130] += 0.02 + shift
            times = {"start_time": 100 * STEP, "stop_time": 130 * STEP, "peak_time": 110 * STEP}
            frames = {"start": 100, "stop": 130, "peak": 110}
            episodes.append(
                {"recording": one.name, **frames, **times, "peak_percentile": 100.0, "excess": 3.0}
            )
        percentile = np.where(episodic > 0.005, 99.0, 50.0)
        part = {"recording": one.name, "frame": np.arange(FRAMES), "time": np.arange(FRAMES) * STEP}
        whole = {
            f"{kind}_{what}": percentile
            for kind in ("posture", "behaviour")
            for what in ("deviation", "percentile")
        }
        parts = {"constant": constant, "episodic": episodic, "constant_percentile": 50.0}
        scores.append(pd.DataFrame({**part, **whole, **parts, "episodic_percentile": percentile}))
    columns = [
        "recording",
        "start",
        "stop",
        "peak",
        "start_time",
        "stop_time",
        "peak_time",
        "peak_percentile",
        "excess",
    ]
    subjects = pd.DataFrame(
        [
            {"subject": one.subject, "group": one.group, "session": one.session, "deviation": 0.1, "p": 0.5}
            | {"q": 0.5, "n_reference": 4, "smallest_p": 0.2, "reference": one.name in chosen}
            | {
                f"{kind}{end}": 0.5
                for kind in ("constant", "episodic")
                for end in ("", "_percentile", "_p", "_q")
            }
            for one in study
        ]
    )
    facts = {
        "reference": reference,
        "reference_recordings": sorted(chosen),
        "reference_subjects": sorted({study[name].subject for name in chosen}),
        "model": {},
        "k": 10,
        "per_subject": 2,
        "recordings": [
            {"name": one.name, "subject": one.subject, "group": one.group, "session": one.session}
            | {"reference": one.name in chosen, "codes": ""}
            for one in study
        ],
        **({"within": "subject"} if within else {}),
    }
    set_recordings(folder, study)
    tables = {
        "scores": pd.concat(scores),
        "subjects": subjects,
        "episodes": pd.DataFrame(episodes, columns=columns),
    }
    write_result(folder, Result("scores", tables, facts))
    return Run.open(folder)
