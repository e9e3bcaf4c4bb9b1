"""Whether `compare` finds the planted impairment of rendered animals.

``python benchmarks/statistics groups --rendered [--model RUN]``: a model is trained once on a sample study (8
healthy and 4 impaired animals, 15 s), or that of a run is taken. Then, for each of ten seeds, videos of 8
healthy and 8 impaired animals are rendered for eight seconds, which the model has never seen. They are
embedded, scored against the healthy animals and compared, as users do it. It prints p of each study, and in
how many p < 0.05. Takes about half an hour of one core.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import pandas as pd
from _common import print_table

import napari_ubam as ubam

SEEDS, HEALTHY, IMPAIRED, SECONDS = 10, 8, 8, 8.0
TRAINING_SEED, STEPS = 0, 400
NOT_COPIED = ("embeddings.zarr", "crops.zarr", "checkpoints", "figures", "*.csv")
MEASURES = ("episodic", "constant")
HEADER = ["seed", *(f"p, {one}" for one in MEASURES), "p, either, adjusted", "impaired above all healthy"]


def trained(folder: Path, model: Path | None) -> ubam.Run:
    """Train a model on a sample study of other animals, or copy that of a run."""
    if model is not None:
        shutil.copytree(model, folder / "run", ignore=shutil.ignore_patterns(*NOT_COPIED))
        return ubam.Run.open(folder / "run")
    study = ubam.write_sample(folder / "training", seed=TRAINING_SEED)
    return ubam.train(study, folder / "run", preset="tiny", steps=STEPS, seed=TRAINING_SEED)


def compared(run: ubam.Run, folder: Path, seed: int) -> pd.DataFrame:
    """Render a study, score and compare it; one row for each measure."""
    study = ubam.write_sample(folder, healthy=HEALTHY, impaired=IMPAIRED, seconds=SECONDS, seed=seed)
    named = ubam.Study(one.model_copy(update={"name": f"seed{seed}-{one.name}"}) for one in study)
    run.embed(named)
    run.score(named, reference="group=healthy", figures=False)
    return run.compare().tables["compare"]


def above_all_healthy(run: ubam.Run) -> int:
    """Count the impaired subjects whose episodic part is above that of each healthy one."""
    subjects = run.subjects
    healthy = subjects["group"] == "healthy"
    return int((subjects["episodic"][~healthy] > subjects["episodic"][healthy].max()).sum())


def main(seed: int, model: Path | None) -> None:
    """Print p of each study."""
    rows, found = [], []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        run = trained(folder, model)
        for number in range(seed + 1, seed + 1 + SEEDS):
            pairs = compared(run, folder / f"seed{number}", number).set_index("measure")
            shutil.rmtree(folder / f"seed{number}")
            p = [*(float(pairs.loc[one, "p"]) for one in MEASURES), float(pairs["p_adjusted"].min())]
            found.append([one < 0.05 for one in p])
            rows.append(
                [str(number), *(f"{one:.4f}" for one in p), f"{above_all_healthy(run)} of {IMPAIRED}"]
            )
            print(*rows[-1], file=sys.stderr)
    totals = pd.DataFrame(found).sum()
    rows.append(["p < 0.05", *(f"{one} of {SEEDS}" for one in totals), ""])
    print_table(f"Rendered studies, {HEALTHY} healthy and {IMPAIRED} impaired subjects", HEADER, rows)
