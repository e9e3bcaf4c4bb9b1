"""The analysis ``keypoints``: how much of the user's key points the codes of a run hold."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field, field_validator

from napari_ubam.analysis.analysis import Analysis, AnalysisError, AnalysisInputs, AnalysisParameters
from napari_ubam.analysis.codes import Codes
from napari_ubam.analysis.groups.effects import change, change_interval
from napari_ubam.analysis.groups.permutation import permute_within
from napari_ubam.analysis.unit_vectors import unit_vectors
from napari_ubam.poses.poses import LIKELIHOOD
from napari_ubam.progress import Progress, check_cancelled
from napari_ubam.runfolder.tables import Result

from .folds import GAP, Folds, blocks_left_out, subjects_left_out
from .labelled import LEAST, Labelled, find_files, joined, labelled_frames, thinned
from .pictures import histograms, small_crops
from .regression import Predicted, explained, predict_left_out
from .words import conclusions, methods_text, readable_tables

Floats = npt.NDArray[np.float64]

CODE, PIXELS, HOG = "code", "pixel PCA", "HOG"
SUBJECTS = 3  # with fewer, blocks of time are left out
ARRANGEMENTS, SAMPLES = 20_000, 5000


class KeypointParameters(AnalysisParameters):
    """Parameters of the comparison with key points."""

    files: tuple[str, ...] = Field(
        (), description="Files with key points as RECORDING=FILE. Empty: the column keypoints of the study."
    )
    folder: str = Field("", description="Folder with files that are named like the recordings.")
    individual: str = Field("", description="Individual in files with several. Empty: the subject's name.")
    kind: Literal["posture", "behaviour"] = Field("posture", description="Codes that are asked.")
    likelihood: float = Field(
        LIKELIHOOD, ge=0, le=1, description="Points with a smaller likelihood count as not seen."
    )
    frames: int = Field(1000, ge=LEAST, le=20_000, description="Number of frames at most, spread evenly.")
    gap: float = Field(
        GAP,
        ge=0,
        description="Seconds around a block of time that are not learnt from; for behaviour codes at least "
        "their window.",
    )
    pixels: int = Field(64, ge=16, le=256, description="Side of the crops that pixel PCA and HOG see.")
    components: int = Field(64, ge=2, le=256, description="Number of components of the pixels.")
    seed: int = Field(0, ge=0, description="Random seed.")

    @field_validator("files", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        """Take one text, too."""
        return (value,) if isinstance(value, str) and not value.lstrip().startswith("[") else value


def _compute(inputs: AnalysisInputs, parameters: KeypointParameters) -> Result:
    recordings = {one.name: one for one in inputs.study}
    files = find_files(list(inputs.study), parameters.files, parameters.folder)
    by_name = {one.name: one for one in inputs.codes}
    found = [
        labelled_frames(recordings[name], path, by_name[name], parameters.likelihood, parameters.individual)
        for name, path in files.items()
    ]
    found = thinned(found, parameters.frames)
    names, positions, origins = joined(found)
    window = _window(parameters, [by_name[one.recording.name] for one in found])
    folds = _folds(found, by_name, parameters.gap, window)
    methods = _codes(inputs, parameters, found)
    flat = (positions - origins).reshape(len(positions), -1)
    predicted = {}
    for method, codes in methods.items():
        components = parameters.components if method == PIXELS else 256
        predicted[method] = predict_left_out(
            codes, flat, folds, components=components, seed=parameters.seed, check=_Check(inputs, method)
        )
    subjects = np.repeat([one.recording.subject for one in found], [len(one.frames) for one in found])
    tables = _tables(names, positions, origins, predicted, subjects)
    tables["keypoints_predicted"] = _points(found, names, positions, origins, predicted[CODE])
    compared = _compared(tables["keypoints_subjects"], folds, parameters.seed)
    tables["keypoints_methods"] = tables["keypoints_methods"].merge(compared, on="method", how="left")
    facts = {
        "unit": "pixels" if positions.shape[-1] == 2 else "units of the files",
        "left_out": folds.unit,
        "parts": len(folds),
        "gap": max(parameters.gap, window) if folds.unit == "block" else 0.0,
        "subjects": len(set(subjects)),
        "labelled_frames": len(positions),
        "keypoints": list(names),
        "files": {name: path.name for name, path in files.items()},
        "example": _example(found, tables["keypoints_predicted"], positions.shape[-1]),
        "seed": parameters.seed,
    }
    return Result("keypoints", tables, facts, tuple(_warnings(found, folds, names)))


def _window(parameters: KeypointParameters, codes: list[Codes]) -> float:
    """Seconds that a code sees: those of its window if it describes behaviour."""
    if parameters.kind == "posture":
        return 0.0
    return max(one.window.milliseconds / 1000 if one.window is not None else 0.0 for one in codes)


def _folds(found: list[Labelled], codes: Any, gap: float, window: float) -> Folds:
    sizes = [len(one.frames) for one in found]
    subjects = [one.recording.subject for one in found]
    if len(set(subjects)) >= SUBJECTS:
        return subjects_left_out(np.repeat(subjects, sizes).tolist())
    if sum(sizes) < LEAST:
        raise AnalysisError(f"Only {sum(sizes)} frames have key points; label at least {LEAST}.")
    times = np.concatenate([codes[one.recording.name].times[one.rows] for one in found])
    order = np.repeat(np.arange(len(found)), sizes)
    folds = blocks_left_out(order, times if all(one.timed for one in found) else None, gap, window)
    if folds.near.all():
        raise AnalysisError(
            f"The key points span so little time that all frames lie within {max(gap, window):g} s of each "
            "block that is left out; label a longer part, use kind=posture, or set a smaller gap."
        )
    return folds


def _codes(
    inputs: AnalysisInputs, parameters: KeypointParameters, found: list[Labelled]
) -> dict[str, npt.NDArray[Any]]:
    """Give the code of each frame, by each method."""
    of = {one.name: one for one in inputs.codes}
    own = []
    for one in found:
        codes = of[one.recording.name]
        if parameters.kind == "behaviour" and not codes.valid[one.rows].all():
            raise AnalysisError(
                f"{one.recording.name}: some frames with key points have no whole window; use kind=posture."
            )
        own.append(unit_vectors(getattr(codes, parameters.kind)[one.rows]))
    total, seen = sum(len(one.frames) for one in found), [0]

    def done(count: int) -> None:
        check_cancelled(inputs.cancel)
        seen[0] += count
        inputs.progress(Progress("pictures", seen[0], total))

    frames = [(one.recording, one.frames.tolist()) for one in found]
    crops = small_crops(frames, parameters.pixels, inputs.cancel, done)
    return {
        CODE: np.concatenate(own),
        PIXELS: crops.reshape(len(crops), -1) / np.float32(255),
        HOG: histograms(crops),
    }


def _tables(
    names: tuple[str, ...],
    positions: Floats,
    origins: Floats,
    predicted: dict[str, Predicted],
    subjects: npt.NDArray[Any],
) -> dict[str, pd.DataFrame]:
    """Make the tables of key points, of subjects and of methods."""
    true = positions - origins
    points, each, whole = [], [], []
    for method, one in predicted.items():
        shares = explained(true.reshape(len(true), -1), one).reshape(true.shape[1:])
        error = np.linalg.norm(one.positions.reshape(true.shape) - true, axis=-1)
        blind = np.linalg.norm(one.means.reshape(true.shape) - true, axis=-1)
        for k, name in enumerate(names):
            points.append(
                {
                    "method": method,
                    "keypoint": name,
                    "n_frames": int(np.isfinite(error[:, k]).sum()),
                    "r2": float(shares[k].mean()),
                    **{f"r2_{axis}": float(shares[k, n]) for n, axis in enumerate("xyz"[: true.shape[-1]])},
                    "error": float(np.nanmedian(error[:, k])),
                    "error_of_mean": float(np.nanmedian(blind[:, k])),
                }
            )
        for subject in dict.fromkeys(subjects.tolist()):
            own = error[subjects == subject]
            each.append(
                {
                    "method": method,
                    "subject": subject,
                    "n_frames": len(own),
                    "error": float(np.nanmean(np.nanmean(own, axis=0))),
                }
            )
        whole.append(
            {
                "method": method,
                "r2": float(np.nanmean(shares)),
                "error": float(np.nanmedian(error)),
                "error_of_mean": float(np.nanmedian(blind)),
            }
        )
    return {
        "keypoints": pd.DataFrame(points),
        "keypoints_methods": pd.DataFrame(whole),
        "keypoints_subjects": pd.DataFrame(each),
    }


def _compared(subjects: pd.DataFrame, folds: Folds, seed: int) -> pd.DataFrame:
    """Compare the error of the code with that of the others, within subjects that were left out."""
    table = subjects.pivot(index="subject", columns="method", values="error")
    rows = []
    for method in (PIXELS, HOG):
        row: dict[str, Any] = {"method": method}
        if folds.unit == "subject":
            differences = (table[CODE] - table[method]).dropna().to_numpy(np.float64)
            row["n"] = len(differences)
            if len(differences) > 1:  # subjects may have no point in common
                tested = permute_within([np.zeros(len(differences)), differences], ARRANGEMENTS, seed)
                low, high = change_interval(differences, SAMPLES, seed)
                row |= {"difference": float(change(differences)), "low": low, "high": high}
                row |= {"p": tested.p, "smallest_p": tested.smallest_p}
        rows.append(row)
    columns = ["method", "n", "difference", "low", "high", "p", "smallest_p"]
    return pd.DataFrame(rows).reindex(columns=columns)


def _points(
    found: list[Labelled], names: tuple[str, ...], positions: Floats, origins: Floats, predicted: Predicted
) -> pd.DataFrame:
    """List the points of each frame, in pixels of the full frame, as they are and as the code has them."""
    sizes = [len(one.frames) for one in found]
    drawn = predicted.positions.reshape(positions.shape) + origins
    count = len(names)
    table: dict[str, Any] = {
        "recording": np.repeat(np.repeat([one.recording.name for one in found], sizes), count),
        "frame": np.repeat(np.concatenate([one.frames for one in found]), count),
        "keypoint": np.tile(np.array(names, dtype=object), len(positions)),
    }
    for n, axis in enumerate("xyz"[: positions.shape[-1]]):
        table[axis] = positions[..., n].ravel()
        table[f"predicted_{axis}"] = drawn[..., n].ravel()
    return pd.DataFrame(table).dropna(subset=["x"]).reset_index(drop=True)


def _example(found: list[Labelled], points: pd.DataFrame, axes: int) -> dict[str, Any]:
    """Choose the frame whose error is the median one, so that the picture shows what is usual."""
    if axes != 2:
        return {}
    error = np.hypot(points["x"] - points["predicted_x"], points["y"] - points["predicted_y"])
    each = pd.Series(error).groupby([points["recording"], points["frame"]]).mean().dropna().sort_values()
    if not len(each):
        return {}
    recording, frame = each.index[len(each) // 2]
    videos = {one.recording.name: str(one.recording.video) for one in found}
    return {"recording": str(recording), "frame": int(frame), "video": videos[str(recording)]}


def _warnings(found: list[Labelled], folds: Folds, names: tuple[str, ...]) -> list[str]:
    said = []
    if folds.unit == "block":
        said.append(
            f"Fewer than {SUBJECTS} subjects have key points, so blocks of time are left out: this does not "
            "show how well the points of another subject can be read."
        )
        if not all(one.timed for one in found):
            said.append("The times of single images are unknown; their order is taken for that in time.")
    lost = [name for name in dict.fromkeys(n for one in found for n in one.keypoints) if name not in names]
    if lost:
        said.append(f"{', '.join(lost)}: known in fewer than {LEAST} frames, so left out.")
    return said


class _Check:
    """Reports each part that is left out, and stops when the work is cancelled."""

    def __init__(self, inputs: AnalysisInputs, method: str) -> None:
        self._inputs, self._method, self._done = inputs, method, 0

    def __call__(self) -> None:
        check_cancelled(self._inputs.cancel)
        self._done += 1
        self._inputs.progress(Progress("keypoints", 0, 0, detail=f"{self._method}: part {self._done}"))


KEYPOINTS = Analysis(
    "keypoints",
    "Key points in the codes",
    "Reads key points that you bring from the codes, in subjects or blocks of time that are left out, and "
    "compares this with pixel PCA and HOG. The unit is the subject.",
    _compute,
    KeypointParameters,
    conclude=conclusions,
    methods=methods_text,
    readable=readable_tables,
)
