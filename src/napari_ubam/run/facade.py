"""A run: a folder with trained weights, embeddings, scores and figures, and all that is done with it."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_ubam.embedding import EmbedReport
from napari_ubam.embedding.codes import embed_into_run
from napari_ubam.learners.fitting import PretrainedFiles
from napari_ubam.magnification.defaults import FACTOR, SMOOTHING_MS
from napari_ubam.magnification.magnification import Magnification, MagnificationWarning, MagnifiedFrames
from napari_ubam.magnification.prepare import magnification
from napari_ubam.progress import Cancel, ProgressCallback, silent
from napari_ubam.runfolder.recordings import remove_recordings
from napari_ubam.runfolder.tables import Result
from napari_ubam.study import Recording, Study

from .analysed import AnalysedRun
from .analyses import analyse
from .exporting import ExportingRun
from .reported import ReportedRun
from .scoring_run import ScoringRun


@dataclass(frozen=True)
class Run(AnalysedRun, ScoringRun, ExportingRun, ReportedRun):
    """A folder with a trained model and what was computed with it.

    Parameters
    ----------
    folder : Path
        Made by `train`.
    """

    def embed(
        self,
        study: Iterable[Recording],
        *,
        device: str = "auto",
        scheduler: str | None = None,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
    ) -> EmbedReport:
        """Embed the recordings whose codes are not there yet.

        Parameters
        ----------
        study : Study or iterable of Recording
        device : str
            As `encoder` takes it.
        scheduler : str, optional
            Address of a dask.distributed scheduler, or ``"local:4"`` for four processes.
        progress, cancel : optional
            Called with the progress in frames; checked twice a second.

        Returns
        -------
        EmbedReport
            What was done, what was there, and what failed, each with a sentence.

        Raises
        ------
        Cancelled
            When ``cancel`` is set; recordings that are done are kept.
        """
        return embed_into_run(
            self.folder, study, device=device, scheduler=scheduler, progress=progress, cancel=cancel
        )

    def remove(self, names: str | Iterable[str]) -> Study:
        """Remove recordings from the study of the run. Their codes stay on disk.

        Scores that hold them stay as they are until the study is scored again; the report says so.

        Parameters
        ----------
        names : str or iterable of str
            Names of the recordings.

        Returns
        -------
        Study
            The recordings that are left.

        Raises
        ------
        RunError, StudyError
            If the run does not know such a recording, or none would be left.
        """
        return remove_recordings(self.folder, names)

    def train_magnifier(
        self,
        study: Study,
        *,
        device: str = "auto",
        minutes: float | None = None,
        steps: int | None = None,
        seed: int | None = None,
        resume: bool = False,
        restart: bool = False,
        budget_bytes: int | None = None,
        weights: str | Path | None = None,
        vgg: str | Path | None = None,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
    ) -> None:
        """Learn how the pixels of the recordings move with posture, without labels.

        Recordings that are not embedded yet are embedded first. A magnifier that was there is replaced only
        when the whole training succeeded.

        Parameters
        ----------
        study : Study
            Recordings of the training, best those on which the encoders were trained.
        device : str
            Compute device, as `napari_ubam.train` takes it.
        minutes : float, optional
            Training time in minutes, over all resumptions. Without minutes and steps, the preset decides.
        steps : int, optional
            Number of steps. With ``weights``, 0 keeps them unchanged.
        seed : int, optional
            Random seed, 0 if not given.
        resume : bool
            Continue a training of this magnifier that was cancelled or killed. What is not given is then the
            same as at its start.
        restart : bool
            Discard a training of this magnifier that was cancelled or killed, and start again.
        budget_bytes : int, optional
            Disk space for decoded crops in bytes.
        weights, vgg : path, optional
            For the preset ``"paper"``: a checkpoint of the published code (``*.pth.tar``) from which the
            training begins, and weights of VGG-16.
        progress, cancel : optional
            Called at least every second; checked several times a second.

        Raises
        ------
        RunError, FamilyError, TrainingError
            If the arguments do not go together, or no recording can be used.
        WeightsError
            If ``weights`` or ``vgg`` are not such files.
        Cancelled
            When ``cancel`` is set; the same call with ``resume=True`` continues.
        """
        # Here, since Lightning takes seconds to load, and only a training needs it.
        from napari_ubam.training.pipeline.context import TrainingOptions
        from napari_ubam.training.pipeline.magnifier import train_run_magnifier

        files = PretrainedFiles(*(None if path is None else Path(path) for path in (weights, vgg)))
        options = TrainingOptions(
            device=device,
            minutes=minutes,
            steps=steps,
            seed=seed,
            resume=resume,
            restart=restart,
            budget_bytes=budget_bytes,
            pretrained=files,
            progress=progress or silent,
            cancel=cancel,
        )
        train_run_magnifier(study, self.folder, options)

    def analyse(
        self,
        name: str,
        /,
        *,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
        **parameters: Any,
    ) -> Result:
        """Compute an analysis of the run, such as ``"group_summary"``, and write its result to the folder.

        `napari_ubam.analysis.analyses` lists all analyses.

        Parameters
        ----------
        name : str
            Name of the analysis.
        progress : callable, optional
            Called with the progress of the work.
        cancel : object with ``is_set()``, optional
            Stops the work when set.
        **parameters
            Parameters of the analysis. The others have their defaults.

        Returns
        -------
        Result
            Tables, facts and warnings; later also in ``results``.

        Raises
        ------
        AnalysisError
            If there is no such analysis or parameter, or the run has no scores and the analysis needs them.
        RunError, EmbeddingError
            If the run has no study, or codes that are needed are missing.
        Cancelled
            When ``cancel`` is set.
        """
        return analyse(self.folder, name, parameters, progress, cancel)

    def magnify(
        self,
        recording: str,
        reference: str,
        factor: float = FACTOR,
        *,
        frames: slice | None = None,
        smoothing_ms: float = SMOOTHING_MS,
        device: str = "auto",
        cancel: Cancel | None = None,
    ) -> MagnifiedFrames:
        """Magnify the deviation of a recording from the reference.

        Parameters
        ----------
        recording : str
            Name of a recording of the run's study.
        reference : str
            Filter of the recordings that define normal, such as ``"group=healthy"``.
        factor : float
            0 shows the reference posture in the individual's pixels, 1 the original, above 1 magnifies.
        frames : slice, optional
            Frame numbers. Default: all frames of the recording.
        smoothing_ms : float
            Milliseconds (standard deviation) over which the change towards the reference is smoothed.
        device : str
            Compute device, as `encoder` takes it.
        cancel : object with ``is_set()``, optional
            Stops the work when set.

        Returns
        -------
        MagnifiedFrames, shape (t, y, x, c)
            Dask array of uint8. Each frame is computed on request. Its attributes hold the originals, the
            reference, the metadata, arrows and more.

        Raises
        ------
        RunError
            If the recording is unknown, or it has not such frames.
        WeightsError
            If the magnifier is not trained.
        EmbeddingError, DeviationError
            If codes are missing, or the reference cannot be used.
        Cancelled
            When ``cancel`` is set.

        Warns
        -----
        MagnificationWarning
            If frames differ from the reference no more than its recordings from each other, or are shown
            unchanged, or the reference is not that of the scores. The sentences are in
            ``metadata["warnings"]``, too.
        """
        made = magnification(
            self.folder,
            recording,
            reference,
            factor,
            frames=frames,
            smoothing_ms=smoothing_ms,
            device=device,
            cancel=cancel,
        )
        for sentence in made.metadata["warnings"]:
            warnings.warn(sentence, MagnificationWarning, stacklevel=2)
        return MagnifiedFrames.of(made)

    def magnification(
        self, recording: str, reference: str, factor: float = FACTOR, **options: Any
    ) -> Magnification:
        """Use `magnify` instead: its result has all that this returns.

        .. deprecated:: 0.1
            ``run.magnification(...)`` is ``run.magnify(...).magnification``.

        Parameters
        ----------
        recording, reference, factor
            As `magnify` takes them.
        **options
            Other parameters of `magnify`.

        Returns
        -------
        Magnification
        """
        warnings.warn(
            "Run.magnification is deprecated; use Run.magnify, whose result has the attribute magnification.",
            DeprecationWarning,
            stacklevel=2,
        )
        return self.magnify(recording, reference, factor, **options).magnification
