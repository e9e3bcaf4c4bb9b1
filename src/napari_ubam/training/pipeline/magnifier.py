"""Trains the magnifier of a run with trained encoders."""

from __future__ import annotations

from pathlib import Path

from napari_ubam.crops import CropCache
from napari_ubam.embedding.codes import embed_into_run, read_codes
from napari_ubam.embedding.model_encoder import ModelEncoder, crops_for
from napari_ubam.families import refuse_pretrained
from napari_ubam.learners.fitting import MagnifierData
from napari_ubam.models.devices import describe_device
from napari_ubam.models.weights import save_weights
from napari_ubam.progress import Progress
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.paths import CROPS, MAGNIFIER, MAGNIFIER_CHECKPOINTS
from napari_ubam.study import Study
from napari_ubam.tracking import with_found_regions

from .context import TrainingContext, TrainingOptions
from .continuing import started_training
from .one_training import one_training
from .training_record import recorded, study_hash

STAGE = "magnifier"


def train_run_magnifier(study: Study, folder: Path, options: TrainingOptions) -> None:
    """Train the magnifier in the folder of a run; see `napari_ubam.train_magnifier`.

    Parameters
    ----------
    study : Study
        Recordings of the training.
    folder : Path
        Folder of the run.
    options : TrainingOptions
        Choices of the user.

    Raises
    ------
    RunError, FamilyError, WeightsError
        If the options contradict each other, the encoders are missing, no recording can be used, or another
        training runs in the folder.
    Cancelled
        When ``options.cancel`` is set.
    """
    encoder = ModelEncoder.load(folder)
    with one_training(folder, lambda sentence: options.progress(Progress(STAGE, 0, 0, message=sentence))):
        study = with_found_regions(folder, study, find=True, progress=options.progress, cancel=options.cancel)
        _train(study, folder, options, encoder)


def _train(study: Study, folder: Path, options: TrainingOptions, encoder: ModelEncoder) -> None:
    config, posture = encoder.config, encoder.hashes["posture"]
    checkpoints = folder / MAGNIFIER_CHECKPOINTS
    started = started_training(checkpoints, STAGE, options)
    options = options.completed(started)
    refuse_pretrained(config, options.pretrained)
    if started is not None and started.posture != posture:
        raise RunError(
            f"The training in {checkpoints} was started with another posture encoder; start again with "
            "--restart."
        )
    context = TrainingContext(folder, checkpoints, config, options, study_hash(study))
    context.family.require_magnifier()
    device = describe_device(options.device)
    record = context.begin(started, posture)
    context.note("train", preset=config.preset, seed=context.seed, device=device, stage=STAGE)
    with recorded(checkpoints):
        data = _data(context, study, encoder)
        record.write(checkpoints)
        _learn(context, data, encoder)
    record.model_copy(update={"finished": True}).write(checkpoints)
    context.draw_learning_curves()


def _learn(context: TrainingContext, data: MagnifierData, encoder: ModelEncoder) -> None:
    """Train, and save the magnifier."""
    trained = context.family.train_magnifier(context.training, data)
    if "gain" in trained.metrics:
        context.note("calibrate", gain=trained.metrics["gain"])
    header = context.header(STAGE, trained.fit, encoder.hashes["posture"], trained.metrics)
    save_weights(context.folder / MAGNIFIER, trained.network.state_dict(), header)


def _data(context: TrainingContext, study: Study, encoder: ModelEncoder) -> MagnifierData:
    """Read crops and codes of all usable recordings. Recordings without codes are embedded."""
    options = context.options
    progress, cancel = options.progress, options.cancel
    cache = CropCache(context.folder / CROPS, crops_for(context.config))
    filled = cache.fill(study, budget_bytes=options.budget_bytes, progress=progress, cancel=cancel)
    embedded = embed_into_run(
        context.folder, study, device=options.device, keep_study=True, progress=progress, cancel=cancel
    )
    failed = dict((*filled.failed, *embedded.failed))
    for name, sentence in failed.items():
        context.say(STAGE, f"{name} is left out: {sentence}")
    used = [one for one in study if one.name not in failed]
    codes = read_codes(context.folder, used, encoder)
    return MagnifierData([cache.open(one) for one in used], codes, encoder.posture)
