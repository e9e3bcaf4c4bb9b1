"""An analysis as another package would bring it, in one file: how far each recording moves."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from pydantic import Field

from napari_ubam.analysis import Analysis, AnalysisInputs, AnalysisParameters
from napari_ubam.progress import Progress, check_cancelled
from napari_ubam.runfolder.tables import Result


class ToyParameters(AnalysisParameters):
    """Parameters of the toy."""

    scale: float = Field(2.5, gt=0, description="Factor of the path length.")
    lag: int = Field(1, ge=1, le=30, description="Frames between two codes.")
    kind: Literal["posture", "behaviour"] = Field("posture", description="Codes to use.")
    limit: float | None = Field(None, description="Longest step; empty for none.")


def compute(inputs: AnalysisInputs, parameters: ToyParameters) -> Result:
    """Sum the steps between codes."""
    rows = []
    for number, one in enumerate(inputs.codes):
        check_cancelled(inputs.cancel)
        inputs.progress(Progress("path", number, len(inputs.codes), detail=one.name))
        codes = getattr(one, parameters.kind)[one.valid]
        steps = np.linalg.norm(codes[parameters.lag :] - codes[: -parameters.lag], axis=1)
        if parameters.limit is not None:
            steps = np.minimum(steps, parameters.limit)
        rows.append((one.name, one.group, parameters.scale * float(steps.sum())))
    table = pd.DataFrame(rows, columns=["recording", "group", "path"])
    groups = table.groupby("group", as_index=False)["path"].median()
    warning = "Only a toy: read nothing from it."
    return Result("anything", {"toy_paths": table, "toy_groups": groups}, {"unit": "cosine"}, (warning,))


def draw(result: Result) -> Figure:
    """Draw the paths."""
    figure = Figure(figsize=(2, 2))
    figure.subplots().bar(result.tables["toy_paths"]["recording"], result.tables["toy_paths"]["path"])
    return figure


TOY = Analysis("toy", "Paths of the toy", "Length of the path of the codes.", compute, ToyParameters, draw)
