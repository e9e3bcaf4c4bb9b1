"""Explore a run: the frames of other subjects that are most alike, and a map of all frames."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_ubam.analysis import Codes
from napari_ubam.analysis.maps import SAMPLE, Method, fit_map, unit
from napari_ubam.files import write_atomic
from napari_ubam.models.weights import versions
from napari_ubam.progress import Cancel, ProgressCallback
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.recordings import read_recordings

if TYPE_CHECKING:
    from .facade import Run

Kind = Literal["posture", "behaviour"]
Floats = npt.NDArray[np.float32]
FILE, FACTS = "map.csv", "map.json"
LOOKED_AT = 4096  # nearest frames among which those apart are chosen


@dataclass(frozen=True)
class Explorer:
    """Codes of all recordings of a run, ready to be asked again and again.

    Parameters
    ----------
    folder : Path
        Of the run.
    frames : DataFrame
        ``recording, subject, group, session, frame, time``: one row a valid frame.
    posture, behaviour : (n, d) float32 array
        Codes of these frames, of length 1.
    window_ms : float
        Length of a behaviour; two neighbours of one recording are at least half of it apart.
    """

    folder: Path
    frames: pd.DataFrame
    posture: Floats
    behaviour: Floats
    window_ms: float

    def codes(self, kind: Kind) -> Floats:
        """Codes of a kind, (n, d)."""
        if kind not in ("posture", "behaviour"):
            raise RunError(f"There are no codes of {kind!r}; choose posture or behaviour.")
        return self.posture if kind == "posture" else self.behaviour

    def row_of(self, recording: str, frame: int) -> int:
        """Row of a frame.

        Raises
        ------
        RunError
            If the frame has no valid code.
        """
        own = self.frames["recording"] == recording
        found = np.flatnonzero((own & (self.frames["frame"] == frame)).to_numpy())
        if len(found):
            return int(found[0])
        if not own.any():
            raise RunError(f"{recording} has no codes in {self.folder}; embed it first.")
        have = self.frames.loc[own, "frame"]
        raise RunError(
            f"Frame {frame} of {recording} has no code; frames {have.min()} to {have.max()} have one, except "
            "where no whole window of movement is."
        )

    def neighbours(
        self, recording: str, frame: int, *, kind: Kind = "posture", count: int = 8, per_subject: int = 2
    ) -> pd.DataFrame:
        """Find the frames of other subjects whose code is nearest to a frame's.

        All codes are compared (cosine). Of frames that follow each other only the nearest counts, so that
        the result shows different moments.

        Parameters
        ----------
        recording : str
        frame : int
        kind : str
            ``"posture"`` or ``"behaviour"``.
        count, per_subject : int
            Neighbours, and at most from one subject.

        Returns
        -------
        DataFrame
            ``recording, subject, group, session, frame, time, similarity``, the nearest first.

        Raises
        ------
        RunError
            If the frame has no valid code, or there is no other subject.
        """
        row, codes = self.row_of(recording, frame), self.codes(kind)
        subjects = self.frames["subject"].to_numpy()
        alike = codes @ codes[row]
        alike[subjects == subjects[row]] = -np.inf
        if not np.isfinite(alike).any():
            raise RunError(f"There is no other subject than {subjects[row]}; embed recordings of others.")
        best = _largest(alike, LOOKED_AT)
        chosen = self._apart(best, count, per_subject)
        if len(chosen) < count:  # one long stay of one subject filled the nearest
            chosen = self._apart(np.argsort(-alike)[: int(np.isfinite(alike).sum())], count, per_subject)
        return self.frames.iloc[chosen].assign(similarity=alike[chosen]).reset_index(drop=True)

    def _apart(self, rows: npt.NDArray[np.int64], count: int, per_subject: int) -> list[int]:
        names, subjects = self.frames["recording"].to_numpy(), self.frames["subject"].to_numpy()
        times, least = self.frames["time"].to_numpy(), self.window_ms / 2000
        chosen: list[int] = []
        for row in rows.tolist():
            if sum(subjects[one] == subjects[row] for one in chosen) >= per_subject:
                continue
            if any(names[one] == names[row] and abs(times[one] - times[row]) < least for one in chosen):
                continue
            chosen.append(row)
            if len(chosen) == count:
                break
        return chosen

    def map(
        self,
        *,
        kind: Kind = "behaviour",
        method: Method = "umap",
        sample: int = SAMPLE,
        seed: int = 0,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
    ) -> pd.DataFrame:
        """Place all frames on a plane; see `napari_ubam.analysis.maps.fit_map`.

        The map is kept as ``map.csv`` in the run, with what it was made of in ``map.json``, and read again
        as long as codes and settings are the same.

        Returns
        -------
        DataFrame
            ``recording, subject, group, session, frame, time, x, y``.

        Raises
        ------
        RunError, DeviationError
            If there is no such kind of code, too few frames, or umap-learn is missing.
        """
        codes = self.codes(kind)
        facts = {"kind": kind, "method": method, "sample": sample, "seed": seed, "codes": _hash(codes)}
        known = _read_map(self.folder, facts, len(self.frames))
        if known is not None:
            return self.frames.assign(x=known[:, 0], y=known[:, 1])
        numbers = pd.factorize(self.frames["recording"])[0]
        made = fit_map(
            codes, numbers, method=method, sample=sample, seed=seed, progress=progress, cancel=cancel
        )
        table = self.frames.assign(x=made.points[:, 0], y=made.points[:, 1])
        write_atomic(self.folder / FILE, table.to_csv(index=False).encode())
        library = {"umap-learn": version("umap-learn")} if method == "umap" else {}
        noted = facts | {"sampled": int(made.sampled.sum()), "versions": versions() | library}
        write_atomic(self.folder / FACTS, (json.dumps(noted, indent=2) + "\n").encode())
        return table

    def with_deviation(self, table: pd.DataFrame, *, kind: Kind = "behaviour") -> pd.DataFrame:
        """Add the percentile of the deviation to a table of frames.

        Parameters
        ----------
        table : DataFrame
            With ``recording`` and ``frame``.
        kind : str

        Returns
        -------
        DataFrame
            With a column ``deviation``; NaN where a frame was not scored.

        Raises
        ------
        RunError
            If the run was not scored.
        """
        try:
            scores = pd.read_csv(self.folder / "scores.csv", dtype={"recording": str})
        except OSError:
            raise RunError(f"{self.folder} has no scores; score the study first.") from None
        known = scores[["recording", "frame", f"{kind}_percentile"]].rename(
            columns={f"{kind}_percentile": "deviation"}
        )
        return table.merge(known, on=["recording", "frame"], how="left")


def explore(run: Run) -> Explorer:
    """Load the codes of every recording of a run that is embedded.

    Raises
    ------
    RunError
        If none is.
    EmbeddingError
        If codes are of another model or another video.
    """
    store, encoder = run.store, run.encoder("cpu")
    known = [one for one in read_recordings(run.folder) if store.state(one, encoder) != "missing"]
    if not known:
        raise RunError(f"No recording of {run.folder} is embedded; embed or score the study first.")
    parts = run.codes_with(known, encoder)
    return Explorer(
        run.folder,
        _frames(parts),
        _together(part.posture[part.valid] for part in parts),
        _together(part.behaviour[part.valid] for part in parts),
        run.config.behaviour.window_ms,
    )


def _frames(parts: Iterable[Codes]) -> pd.DataFrame:
    tables = [
        pd.DataFrame(
            {
                "recording": part.name,
                "subject": part.subject,
                "group": part.group,
                "session": part.session,
                "frame": part.frames[part.valid],
                "time": part.times[part.valid],
            }
        )
        for part in parts
    ]
    return pd.concat(tables, ignore_index=True)


def _together(parts: Iterable[npt.NDArray[Any]]) -> Floats:
    return unit(np.concatenate(list(parts)).astype(np.float32))


def _largest(values: Floats, count: int) -> npt.NDArray[np.int64]:
    """Rows of the largest finite values, the largest first."""
    count = min(count, int(np.isfinite(values).sum()))
    rows = np.argpartition(-values, count - 1)[:count]
    return rows[np.argsort(-values[rows], kind="stable")]


def _hash(codes: Floats) -> str:
    return hashlib.sha256(np.ascontiguousarray(codes).tobytes()).hexdigest()[:16]


def _read_map(folder: Path, facts: dict[str, Any], count: int) -> npt.NDArray[np.float64] | None:
    try:
        noted = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        if any(noted.get(name) != value for name, value in facts.items()):
            return None
        points = pd.read_csv(folder / FILE, usecols=["x", "y"])[["x", "y"]].to_numpy(float)
    except (OSError, ValueError):
        return None
    return points if len(points) == count else None
