"""Training the magnifier of a run whose encoders are trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_ubam.analysis import Codes
from napari_ubam.crops import CachedCrops, CropCache
from napari_ubam.embedding.codes import embed_into_run, read_codes
from napari_ubam.embedding.model_encoder import ModelEncoder, crops_for
from napari_ubam.families import GivenFiles, family_of
from napari_ubam.learners.fitting import Batches, FitResult
from napari_ubam.learners.learner import Learner
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.devices import describe_device
from napari_ubam.models.weights import save_weights
from napari_ubam.progress import Cancel, ProgressCallback
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.paths import CROPS, MAGNIFIER, MAGNIFIER_CHECKPOINTS
from napari_ubam.study import Study

from .context import TrainingContext, TrainingOptions
from .record import TrainingRecord, begin, refuse_length, study_hash

STAGE = "magnifier"


@dataclass(frozen=True)
class MagnifierRecordings:
    """Recordings that the magnifier learns from; see `napari_ubam.learners.fitting.MagnifierLesson`.

    Parameters
    ----------
    context : TrainingContext
    crops : sequence of CachedCrops
    codes : sequence of Codes
    encoder : ModelEncoder
    """

    context: TrainingContext
    crops: Sequence[CachedCrops]
    codes: Sequence[Codes]
    encoder: ModelEncoder

    @property
    def config(self) -> ModelConfig:
        """Network and training."""
        return self.context.config

    @property
    def seed(self) -> int:
        """Random seed."""
        return self.context.options.seed

    @property
    def steps(self) -> int | None:
        """Steps that were asked for."""
        return self.context.options.steps

    @property
    def progress(self) -> ProgressCallback:
        """Told of long work."""
        return self.context.options.progress

    @property
    def cancel(self) -> Cancel | None:
        """Asks the work to stop."""
        return self.context.options.cancel

    def fit(self, learner: Learner, batches: Batches, stage: str) -> FitResult:
        """Train a learner to its end."""
        return self.context.fit(learner, batches, stage)

    def encode(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Posture codes (n, d) of crops (n, y, x[, 3])."""
        return self.encoder.posture(crops)


def train_run_magnifier(
    study: Study, folder: Path, options: TrainingOptions, given: GivenFiles | None = None
) -> None:
    """Train the magnifier into a run's folder; see `napari_ubam.train_magnifier`.

    Parameters
    ----------
    study : Study
    folder : Path
        Of the run.
    options : TrainingOptions
    given : GivenFiles, optional
        Weights to begin with.

    Raises
    ------
    RunError, FamilyError, WeightsError
        If the arguments do not go together, the encoders are missing, or no recording can be used.
    Cancelled
        When ``options.cancel`` is set.
    """
    given = given or GivenFiles()
    encoder = ModelEncoder.load(folder)
    config = encoder.config
    refuse_length(options.minutes, options.steps, weights=given.weights is not None)
    family_of(config).refuse_files(config, given)
    context = TrainingContext(folder, folder / MAGNIFIER_CHECKPOINTS, config, options, study_hash(study))
    record = _begun(context, encoder.hashes["posture"])
    device = describe_device(options.device)
    context.note("train", preset=config.preset, seed=options.seed, device=device, stage=STAGE)
    lesson = _lesson(context, study, encoder)
    trained = context.family.learn_magnifier(lesson, given)
    if "gain" in trained.metrics:
        context.note("calibrate", gain=trained.metrics["gain"])
    header = context.header("magnifier", trained.fit, record.posture, trained.metrics)
    save_weights(folder / MAGNIFIER, trained.network.state_dict(), header)
    record.model_copy(update={"finished": True}).write(context.checkpoints)
    context.draw_learning_curves()


def _begun(context: TrainingContext, posture: str) -> TrainingRecord:
    """Begin the training, or make sure that the one that is resumed was begun with the same."""
    wanted = TrainingRecord(
        config=context.config, seed=context.options.seed, study=context.study_hash, posture=posture
    )
    record = begin(context.checkpoints, wanted, context.options.resume)
    if record.posture != posture:
        raise RunError(
            f"The training in {context.checkpoints} was begun with another posture encoder; remove that "
            "folder to begin anew."
        )
    return record


def _lesson(context: TrainingContext, study: Study, encoder: ModelEncoder) -> MagnifierRecordings:
    """Read crops and codes of all recordings that can be used; those without codes are embedded."""
    options = context.options
    tell, cancel = options.progress, options.cancel
    cache = CropCache(context.folder / CROPS, crops_for(context.config))
    filled = cache.fill(study, budget_bytes=options.budget_bytes, progress=tell, cancel=cancel)
    embedded = embed_into_run(context.folder, study, device=options.device, progress=tell, cancel=cancel)
    failed = dict((*filled.failed, *embedded.failed))
    for name, sentence in failed.items():
        context.say(STAGE, f"{name} is left out: {sentence}")
    used = [one for one in study if one.name not in failed]
    codes = read_codes(context.folder, used, encoder)
    return MagnifierRecordings(context, [cache.open(one) for one in used], codes, encoder)
