"""What the trainings of the encoders and of the magnifier share: options, plan, log and header."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from napari_ubam.families import Family, family_of
from napari_ubam.learners.fitting import Batches, FitResult, PretrainedFiles, Training
from napari_ubam.learners.learner import Learner
from napari_ubam.models.config import BehaviourTraining, MagnifierTraining, ModelConfig, PostureTraining
from napari_ubam.models.weights import WeightsHeader
from napari_ubam.progress import Cancel, Progress, ProgressCallback, silent
from napari_ubam.report import loss_curves, save
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.log import append, history
from napari_ubam.runfolder.paths import FIGURES, LOG
from napari_ubam.training.loop.fit import fit
from napari_ubam.training.loop.plan import FitPlan

from .training_record import TrainingRecord, resume, start

STAGE_FOLDERS = {"magnifier": "steps"}  # folder of the checkpoints, if it is not the name of the stage


@dataclass(frozen=True)
class TrainingOptions:
    """What a user can choose for the training of the encoders and of the magnifier.

    Parameters
    ----------
    device : str
        Compute device, as `napari_ubam.train` takes it.
    minutes, steps : optional
        Length of the training. If neither is given: that of the training that is resumed, or of the preset.
        If a training that has ended is resumed, they are added to its length.
    seed : int, optional
        Random seed. If not given: that of the training that is resumed, or 0.
    resume : bool
        Whether to continue a training that was stopped.
    restart : bool
        Whether to discard a training that was stopped.
    budget_bytes : int, optional
        Disk space for decoded crops in bytes.
    pretrained : PretrainedFiles
        Weights of other programs.
    whole_frame : bool
        Use the whole picture of recordings without a region, instead of finding one.
    progress, cancel : optional
        Called at least every second; checked several times a second.
    clock : callable
        Seconds of a clock that never goes back; it measures the training time.
    """

    device: str = "auto"
    minutes: float | None = None
    steps: int | None = None
    seed: int | None = None
    resume: bool = False
    restart: bool = False
    budget_bytes: int | None = None
    pretrained: PretrainedFiles = field(default_factory=PretrainedFiles)
    whole_frame: bool = False
    progress: ProgressCallback = silent
    cancel: Cancel | None = None
    clock: Callable[[], float] = time.monotonic

    def completed(self, started: TrainingRecord | None) -> TrainingOptions:
        """Fill in what the user left open.

        Parameters
        ----------
        started : TrainingRecord or None
            Record of the training that is resumed; None for a new training.

        Returns
        -------
        TrainingOptions
            With a random seed, and checked.

        Raises
        ------
        RunError
            If the options contradict each other.
        """
        if self.resume and self.restart:
            raise RunError("A training can be resumed or started again; choose one of them.")
        options = self if self.seed is not None else replace(self, seed=0)
        if started is not None:
            options = replace(options, seed=started.seed) if self.seed is None else options
            if self.minutes is None and self.steps is None:
                options = replace(options, minutes=started.minutes, steps=started.steps)
            elif self.minutes is not None:
                options = replace(options, minutes=started.earlier_minutes + self.minutes)
            elif self.steps:
                options = replace(options, steps=started.earlier_steps + self.steps)
            files = self.pretrained
            files = replace(files, weights=files.weights or started.weights, vgg=files.vgg or started.vgg)
            options = replace(options, pretrained=files)
        _refuse_length(options.minutes, options.steps, weights=options.pretrained.weights is not None)
        return options


@dataclass(frozen=True)
class TrainingContext:
    """One training in the folder of a run.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    checkpoints : Path
        Folder of the checkpoints of all stages.
    config : ModelConfig
        Networks and how they are trained.
    options : TrainingOptions
        As ``completed`` returns them.
    study_hash : str
        Hash of the recordings.
    """

    folder: Path
    checkpoints: Path
    config: ModelConfig
    options: TrainingOptions
    study_hash: str

    @property
    def family(self) -> Family[Any]:
        """Family of the model."""
        return family_of(self.config)

    @property
    def seed(self) -> int:
        """Random seed."""
        return self.options.seed or 0

    @property
    def log(self) -> Path:
        """Log of the run."""
        return self.folder / LOG

    @property
    def training(self) -> Training:
        """What the family gets for the training."""
        options = self.options
        return Training(
            self.config,
            self.fit,
            self.seed,
            options.steps,
            options.pretrained,
            options.progress,
            options.cancel,
            self.folder,
            options.device,
            options.budget_bytes,
        )

    def begin(self, started: TrainingRecord | None, posture: str = "") -> TrainingRecord:
        """Start the training, or resume it.

        Parameters
        ----------
        started : TrainingRecord or None
            Record of the training that is resumed; None for a new training.
        posture : str
            Hash of the posture encoder for which a magnifier is trained.

        Returns
        -------
        TrainingRecord
            What is on the disk now.

        Raises
        ------
        RunError
            If the settings of a resumed training differ, or a training that is not finished would be lost.
        """
        options = self.options
        wanted = TrainingRecord(
            config=self.config,
            seed=self.seed,
            study=self.study_hash,
            minutes=options.minutes,
            steps=options.steps,
            weights=options.pretrained.weights,
            vgg=options.pretrained.vgg,
            posture=posture,
        )
        if started is None:
            return start(self.checkpoints, wanted, restart=options.restart)
        return resume(self.checkpoints, started, wanted)

    def note(self, event: str, **values: object) -> None:
        """Append an event to the log of the run.

        Parameters
        ----------
        event : str
            Name of the event.
        **values : object
            Values that can be written as JSON.
        """
        append(self.log, event, **values)

    def say(self, stage: str, sentence: str) -> None:
        """Tell the user a sentence.

        Parameters
        ----------
        stage : str
            Stage of the training.
        sentence : str
            What to tell.
        """
        self.options.progress(Progress(stage, 0, 0, message=sentence))

    def plan(self, stage: str) -> FitPlan:
        """Length and batch size of a stage.

        Parameters
        ----------
        stage : str
            ``"posture"``, ``"behaviour"`` or ``"magnifier"``.

        Returns
        -------
        FitPlan
        """
        config, options = self.config, self.options
        trainings: dict[str, PostureTraining | BehaviourTraining | MagnifierTraining] = {
            "posture": config.posture_training,
            "behaviour": config.behaviour_training,
            "magnifier": config.magnifier_training,
        }
        settings = trainings[stage]
        steps: int | None = settings.steps
        minutes = None
        if options.minutes is not None:
            steps, minutes = None, options.minutes * self.family.time_shares.get(stage, 1.0)
        elif options.steps is not None:  # steps of the posture encoder or of the magnifier
            whole = settings if stage == "magnifier" else config.posture_training
            steps = max(1, round(options.steps * settings.steps / whole.steps))
        return FitPlan(
            settings.recordings,
            steps,
            minutes,
            device=options.device,
            seed=self.seed,
            checkpoint_seconds=self.family.seconds_between_checkpoints(config),
        )

    def fit(
        self, learner: Learner, batches: Batches, stage: str, held_out: Batches | None = None
    ) -> FitResult:
        """Train one stage. Checkpoints and losses go to the folder of the run.

        Parameters
        ----------
        learner : Learner
            Trained in place.
        batches : callable
            ``batches(step, batch_size)``.
        stage : str
            ``"posture"``, ``"behaviour"`` or ``"magnifier"``.
        held_out : callable, optional
            Batches of held-out recordings.

        Returns
        -------
        FitResult
        """
        return fit(
            learner,
            batches,
            self.plan(stage),
            folder=self.checkpoints / STAGE_FOLDERS.get(stage, stage),
            stage=stage,
            resume=self.options.resume,
            progress=self.options.progress,
            cancel=self.options.cancel,
            log=self.log,
            held_out=held_out,
            clock=self.options.clock,
        )

    def header(
        self, kind: str, result: FitResult, trained_on: str = "", metrics: Mapping[str, float] | None = None
    ) -> WeightsHeader:
        """Describe trained weights, for their file.

        Parameters
        ----------
        kind : str
            ``"posture"``, ``"behaviour"`` or ``"magnifier"``.
        result : FitResult
            How the training ended.
        trained_on : str
            Hash of the posture encoder whose codes the network reads.
        metrics : mapping of str to float, optional
            Numbers beside the losses.

        Returns
        -------
        WeightsHeader
        """
        posture = self.config.posture
        return WeightsHeader(
            kind=kind,
            config=self.config.model_dump(mode="json"),
            preprocessing={"crop": "letterbox", "size": posture.size, "colour": posture.colour},
            seed=self.seed,
            steps=result.steps,
            study=self.study_hash,
            trained_on=trained_on,
            metrics={**result.losses, **(metrics or {})},
        )

    def draw_learning_curves(self) -> None:
        """Draw the learning curves of all trainings of the run."""
        losses = history(self.log)
        if len(losses):
            save(loss_curves(losses), self.folder / FIGURES / "losses.png")


def _refuse_length(minutes: float | None, steps: int | None, *, weights: bool) -> None:
    """Refuse a length that makes no sense; with pretrained weights, 0 steps keep them unchanged."""
    if weights and steps == 0:
        steps = None
    if minutes is not None and steps is not None:
        raise RunError("Minutes and steps are both given; choose one of them.")
    if (minutes is not None and not 0 < minutes < math.inf) or (steps is not None and steps < 1):
        raise RunError("A training needs minutes above 0, or steps of at least 1.")
