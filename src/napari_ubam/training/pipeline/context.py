"""What every training into a run's folder needs: how long, from which random seed, where its files go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from napari_ubam.families import Family, family_of
from napari_ubam.learners.fitting import Batches, FitResult
from napari_ubam.learners.learner import Learner
from napari_ubam.models.config import BehaviourTraining, MagnifierTraining, ModelConfig, PostureTraining
from napari_ubam.models.weights import WeightsHeader
from napari_ubam.progress import Cancel, Progress, ProgressCallback, silent
from napari_ubam.report import loss_curves, save
from napari_ubam.runfolder.log import append, history
from napari_ubam.runfolder.paths import FIGURES, LOG
from napari_ubam.training.loop.fit import fit
from napari_ubam.training.loop.plan import FitPlan

STAGE_FOLDERS = {"magnifier": "steps"}  # of a stage's checkpoints, where it is not the stage's name


@dataclass(frozen=True)
class TrainingOptions:
    """What a user can choose for the training of the encoders and of the magnifier.

    Parameters
    ----------
    device : str
        Compute device, as `napari_ubam.train` takes it.
    minutes, steps : optional
        Length of the training; as many steps as the preset says where neither is given.
    seed : int
        Random seed.
    resume : bool
        Go on with a training that was cancelled or killed.
    budget_bytes : int, optional
        Bytes for decoded crops on the disk.
    progress, cancel : optional
    """

    device: str = "auto"
    minutes: float | None = None
    steps: int | None = None
    seed: int = 0
    resume: bool = False
    budget_bytes: int | None = None
    progress: ProgressCallback = silent
    cancel: Cancel | None = None


@dataclass(frozen=True)
class TrainingContext:
    """One training into a run's folder.

    Parameters
    ----------
    folder : Path
        Of the run.
    checkpoints : Path
        Folder of the checkpoints of all its stages.
    config : ModelConfig
    options : TrainingOptions
    study_hash : str
        Hash of the recordings.
    """

    folder: Path
    checkpoints: Path
    config: ModelConfig
    options: TrainingOptions
    study_hash: str

    @property
    def family(self) -> Family:
        """Family of the model."""
        return family_of(self.config)

    @property
    def log(self) -> Path:
        """Log of the run."""
        return self.folder / LOG

    def note(self, event: str, **values: object) -> None:
        """Write an event into the log of the run."""
        append(self.log, event, **values)

    def say(self, stage: str, sentence: str) -> None:
        """Tell the user a sentence."""
        self.options.progress(Progress(stage, 0, 0, message=sentence))

    def plan(self, stage: str) -> FitPlan:
        """Length and batch size of a stage.

        Parameters
        ----------
        stage : str
            ``"posture"``, ``"behaviour"`` or ``"magnifier"``.
        """
        config, options = self.config, self.options
        trainings: dict[str, PostureTraining | BehaviourTraining | MagnifierTraining] = {
            "posture": config.posture_training,
            "behaviour": config.behaviour_training,
            "magnifier": config.magnifier_training,
        }
        sizes = trainings[stage]
        steps: int | None = sizes.steps
        minutes = None
        if options.minutes is not None:
            steps, minutes = None, options.minutes * self.family.shares.get(stage, 1.0)
        elif options.steps is not None:  # steps are those of the posture encoder or of the magnifier
            whole = sizes if stage == "magnifier" else config.posture_training
            steps = max(1, round(options.steps * sizes.steps / whole.steps))
        return FitPlan(
            sizes.recordings,
            steps,
            minutes,
            device=options.device,
            seed=options.seed,
            checkpoint_seconds=self.family.checkpoint_seconds,
        )

    def fit(self, learner: Learner, batches: Batches, stage: str) -> FitResult:
        """Train a stage; its checkpoints and losses go to the run."""
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
        )

    def header(
        self, kind: str, result: FitResult, trained_on: str = "", metrics: Mapping[str, float] | None = None
    ) -> WeightsHeader:
        """Describe trained weights, as written with them.

        Parameters
        ----------
        kind : str
            ``"posture"``, ``"behaviour"`` or ``"magnifier"``.
        result : FitResult
        trained_on : str
            Hash of the posture encoder that they were trained on.
        metrics : mapping, optional
            Numbers beside the losses.
        """
        posture = self.config.posture
        return WeightsHeader(
            kind=kind,
            config=self.config.model_dump(mode="json"),
            preprocessing={"crop": "letterbox", "size": posture.size, "colour": posture.colour},
            seed=self.options.seed,
            steps=result.steps,
            study=self.study_hash,
            trained_on=trained_on,
            metrics={**result.losses, **(metrics or {})},
        )

    def draw_learning_curves(self) -> None:
        """Draw the losses of all trainings of the run."""
        losses = history(self.log)
        if len(losses):
            save(loss_curves(losses), self.folder / FIGURES / "losses.png")
