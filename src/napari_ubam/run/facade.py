"""A run: a folder with trained weights, embeddings, scores and figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import dask.array as da
import pandas as pd

from napari_ubam.analysis import Codes
from napari_ubam.embedding import Embeddings, EmbeddingStore, EmbedReport
from napari_ubam.embedding.codes import embed_into_run, read_codes, store_of
from napari_ubam.embedding.model_encoder import ModelEncoder, config_of
from napari_ubam.families import GivenFiles
from napari_ubam.magnification.prepare import SMOOTHING_MS, Magnification, magnification
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.devices import choose_device
from napari_ubam.progress import Cancel, ProgressCallback, silent
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.log import history
from napari_ubam.runfolder.paths import BEHAVIOUR, LOG, POSTURE, QUALITY
from napari_ubam.study import Recording, Study
from napari_ubam.training.checks.quality import Quality
from napari_ubam.training.pipeline.context import TrainingOptions
from napari_ubam.training.pipeline.magnifier import train_run_magnifier

from .explorer import Explorer, explore
from .reporting import write_report
from .scoring import Scoring, score_study


@dataclass(frozen=True)
class Run:
    """A folder with a trained model and what was found with it.

    Parameters
    ----------
    folder : Path
        Made by `train`.
    """

    folder: Path

    @classmethod
    def open(cls, folder: str | Path) -> Run:
        """Open a run that was trained.

        Parameters
        ----------
        folder : path

        Raises
        ------
        RunError
            If there is no trained model in the folder.
        """
        run = cls(Path(folder).absolute())
        if not run.folder.is_dir():
            raise RunError(f"There is no run at {run.folder}; check the path, or train a model into it.")
        missing = [name for name in (POSTURE, BEHAVIOUR) if not (run.folder / name).is_file()]
        if missing:
            raise RunError(
                f"{run.folder} has no {missing[0]}; end its training with --resume, train a model into it, "
                "or choose another run."
            )
        return run

    @property
    def config(self) -> ModelConfig:
        """Sizes of the model, and how it was trained."""
        return config_of(self.folder)

    @property
    def quality(self) -> Quality:
        """Whether the model means anything; see `napari_ubam.training.checks.quality`."""
        return Quality.read(self.folder / QUALITY)

    @property
    def history(self) -> pd.DataFrame:
        """Losses of the training: ``stage``, ``step``, ``seconds`` and one column a loss."""
        return history(self.folder / LOG)

    @property
    def store(self) -> EmbeddingStore:
        """Codes of the recordings."""
        return store_of(self.folder)

    def encoder(self, device: str = "auto") -> ModelEncoder:
        """Load the encoders.

        Parameters
        ----------
        device : str
            ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"mps"``.
        """
        return ModelEncoder.load(self.folder, choose_device(device))

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
            Told about the frames; looked at twice a second.

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

    def embeddings(self, name: str) -> Embeddings:
        """Read the codes of a recording.

        Parameters
        ----------
        name : str
            The recording's name.

        Returns
        -------
        Embeddings
            ``posture`` (t, d) and ``behaviour`` (t, e), float32, NaN where there is none.

        Raises
        ------
        EmbeddingError
            If the recording was not embedded.
        """
        return self.store.read(name)

    def codes(self, study: Iterable[Recording]) -> list[Codes]:
        """Read the codes of recordings, sure that they are this model's and the videos' as they are now.

        Raises
        ------
        EmbeddingError
            If they are of another model or another video, or missing.
        """
        return read_codes(self.folder, study, self.encoder("cpu"))

    def train_magnifier(
        self,
        study: Study,
        *,
        device: str = "auto",
        minutes: float | None = None,
        steps: int | None = None,
        seed: int = 0,
        resume: bool = False,
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
            Recordings to learn from, best those that the encoders were trained on.
        device : str
            Compute device, as `napari_ubam.train` takes it.
        minutes : float, optional
            Duration of the training, over all resumptions; as many steps as the preset says unless given.
        steps : int, optional
            Steps of the training. With ``weights``, 0 takes them as they are.
        seed : int
            Random seed.
        resume : bool
            Continue a training of this magnifier that was cancelled or killed.
        budget_bytes : int, optional
            Disk space for decoded crops, in bytes.
        weights, vgg : path, optional
            For the preset ``"paper"``: a checkpoint (``*.pth.tar``) to begin with, and weights of VGG-16.
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
        options = TrainingOptions(
            device, minutes, steps, seed, resume, budget_bytes, progress or silent, cancel
        )
        given = GivenFiles(*(None if path is None else Path(path) for path in (weights, vgg)))
        train_run_magnifier(study, self.folder, options, given)

    def score(
        self,
        study: Study,
        reference: str,
        *,
        k: int = 10,
        per_subject: int = 2,
        figures: bool = True,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
    ) -> pd.DataFrame:
        """Score every frame by how much it deviates from the reference.

        Writes ``scores.csv``, ``subjects.csv``, ``episodes.csv``, figures, and what they were made from
        (``scores.json``) into the run's folder.

        Parameters
        ----------
        study : Study
            Embedded recordings.
        reference : str
            Filter of the recordings that define normal, such as ``"group=healthy"``.
        k, per_subject : int
            Nearest reference frames, and how many of them may be one subject's.
        figures : bool
            Draw a timeline a recording and the subjects.
        progress, cancel : optional

        Returns
        -------
        DataFrame
            ``recording, frame, time, posture_deviation, behaviour_deviation, posture_percentile,
            behaviour_percentile``, one row a frame.

        Raises
        ------
        DeviationError
            If the reference is empty or has one recording's codes only.
        EmbeddingError
            If codes are missing, of another model or of another video.
        """
        return self.scoring(
            study,
            reference,
            k=k,
            per_subject=per_subject,
            figures=figures,
            progress=progress,
            cancel=cancel,
        ).scores

    def magnify(
        self,
        recording: str,
        reference: str,
        factor: float = 2.0,
        *,
        frames: slice | None = None,
        smoothing_ms: float = SMOOTHING_MS,
        device: str = "auto",
        cancel: Cancel | None = None,
    ) -> da.Array:
        """Show how a recording deviates from the reference, larger.

        Parameters
        ----------
        recording : str
            Name of a recording that was embedded.
        reference : str
            Filter of the recordings that define normal, such as ``"group=healthy"``.
        factor : float
            0 shows the reference posture in the individual's pixels, 1 the original, above 1 magnifies.
        frames : slice, optional
            Frame numbers; all of the recording unless given.
        smoothing_ms : float
            Milliseconds (standard deviation) over which the difference from the reference is smoothed.
        device : str
            As `encoder` takes it.
        cancel : optional

        Returns
        -------
        dask Array
            Frames (t, y, x, c) of uint8, each computed only when it is asked for.

        Raises
        ------
        RunError
            If the recording is unknown, or the frames are none of its own.
        WeightsError
            If the magnifier is not trained.
        EmbeddingError, DeviationError
            If codes are missing, or the reference cannot be used.

        Warns
        -----
        MagnificationWarning
            Where postures are shown that were never filmed; `magnification` tells which frames.
        """
        return self.magnification(
            recording,
            reference,
            factor,
            frames=frames,
            smoothing_ms=smoothing_ms,
            device=device,
            cancel=cancel,
        ).frames

    def magnification(
        self,
        recording: str,
        reference: str,
        factor: float = 2.0,
        *,
        frames: slice | None = None,
        smoothing_ms: float = SMOOTHING_MS,
        device: str = "auto",
        cancel: Cancel | None = None,
    ) -> Magnification:
        """Magnify as `magnify` does, with the originals, the reference and what was noted beside it.

        Returns
        -------
        Magnification
        """
        return magnification(
            self.folder,
            recording,
            reference,
            factor,
            frames=frames,
            smoothing_ms=smoothing_ms,
            device=device,
            cancel=cancel,
        )

    def report(self) -> Path:
        """Write what was found as one HTML file that needs nothing beside it.

        Returns
        -------
        Path
            ``report.html`` of the run: subjects, episodes, figures, checks of the model, and its origin.

        Raises
        ------
        RunError
            If nothing was scored yet.
        """
        return write_report(self.folder)

    def explorer(self) -> Explorer:
        """Load the codes of all embedded recordings, to ask for neighbours and maps.

        Raises
        ------
        RunError
            If no recording is embedded.
        """
        return explore(self.folder)

    def scoring(
        self,
        study: Study,
        reference: str,
        *,
        k: int = 10,
        per_subject: int = 2,
        figures: bool = True,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
    ) -> Scoring:
        """Score as `score` does, and return all tables and warnings.

        Returns
        -------
        Scoring
        """
        chosen, encoder = study.select(reference), self.encoder("cpu")
        codes = read_codes(self.folder, study, encoder)
        return score_study(
            self.folder,
            study,
            codes,
            chosen.names,
            reference,
            model=encoder.hashes,
            k=k,
            per_subject=per_subject,
            figures=figures,
            progress=progress,
            cancel=cancel,
        )
