"""Response of a run's subjects to a stimulus."""

from __future__ import annotations

from dataclasses import dataclass

from napari_ubam.kinds import Kind
from napari_ubam.progress import Cancel, ProgressCallback
from napari_ubam.runfolder.tables import Result

from .analyses import analyse
from .contents import ReadableRun


@dataclass(frozen=True)
class StimulusRun(ReadableRun):
    """A run whose recordings can have a stimulus.

    Parameters
    ----------
    folder : path
        Made by `train`.
    """

    def stimulus(
        self,
        label: str = "",
        *,
        where: str = "",
        by: str = "",
        before: float = 0.0,
        after: float = 0.0,
        window: float = 0.0,
        step: float = 0.05,
        decode: bool = True,
        kind: Kind = "posture",
        shifts: int = 2000,
        decoding_shifts: int = 200,
        permutations: int = 20_000,
        resamples: int = 5000,
        seed: int = 0,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
    ) -> Result:
        """Tell what a stimulus inside recordings changes; the unit is the subject.

        The intervals of the study tell when the stimulus was on. Trials of a subject are averaged. A change
        is tested by sign flips over subjects, and against the stimulus moved in time within each recording;
        both must find it.

        Parameters
        ----------
        label : str
            Label of the intervals, such as ``"light"``. Empty: the only one of the study.
        where : str
            Filter of the recordings, such as ``"group=stroke"``. Empty: all.
        by : str
            Column of the study, such as ``"group"``, whose groups are compared. Empty: none.
        before, after : float
            Seconds before the onset that count as off, and seconds after the stop. 0: as long as the median
            stimulus, at least 1 and at most 5, and no more than half of the median pause.
        window : float
            Seconds after the onset that the curves show. 0: the stimulus and the time after it, at most 30.
        step : float
            Seconds of a bin of the curves, and so the resolution of the latency.
        decode : bool
            Whether to tell on from off by the codes, in subjects that were left out.
        kind : str
            Codes for that: ``"posture"`` or ``"behaviour"``.
        shifts, decoding_shifts : int
            Number of times that the stimulus is moved to random times, for the deviation and for the
            decoding.
        permutations : int
            Number of sign flips. All are counted if there are no more than this; else they are drawn.
        resamples : int
            Number of samples of the bootstrap over subjects.
        seed : int
            Random seed.
        progress, cancel : optional
            Called at each part; checked at each part.

        Returns
        -------
        Result
            Tables ``stimulus`` (tests), ``stimulus_subjects``, ``stimulus_latency``, ``stimulus_mean`` and
            ``stimulus_curves`` (around the onset), ``stimulus_trials``, and with ``by``
            ``stimulus_groups``; see `napari_ubam.analysis.stimulus.Response`.

        Raises
        ------
        AnalysisError
            If the run has no scores, no recording has such intervals, or no trial can be used.
        EmbeddingError
            If codes are missing and ``decode`` is set.
        Cancelled
            When ``cancel`` is set.
        """
        values = {
            "label": label,
            "where": where,
            "by": by,
            "before": before,
            "after": after,
            "window": window,
            "step": step,
            "decode": decode,
            "kind": kind,
            "shifts": shifts,
            "decoding_shifts": decoding_shifts,
            "permutations": permutations,
            "resamples": resamples,
            "seed": seed,
        }
        return analyse(self.folder, "stimulus", values, progress, cancel)
