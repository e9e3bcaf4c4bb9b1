"""Trains both encoders of a run: crops, posture, behaviour, checks."""

from __future__ import annotations

import math
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np

from napari_ubam.crops import CachedCrops, CropCache, regions_of, shape_for
from napari_ubam.embedding.model_encoder import ModelEncoder, crops_for
from napari_ubam.families import preset, refuse_pretrained
from napari_ubam.files import write_atomic
from napari_ubam.learners.fitting import TrainedEncoders
from napari_ubam.models.backbones.local import LocalBackbone
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.devices import describe_device
from napari_ubam.models.weights import save_weights, weights_hash
from napari_ubam.progress import Cancelled, Progress
from napari_ubam.report import neighbour_sheet, save
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.paths import (
    BACKBONE_FEATURES,
    BEHAVIOUR,
    CHECKPOINTS,
    CONFIG,
    CROPS,
    FIGURES,
    POSTURE,
    QUALITY,
    backbone_file,
)
from napari_ubam.study import Recording, Study
from napari_ubam.tracking import FoundRegions, keep_regions, regions_for_training, start_regions
from napari_ubam.training.checks.holdout import held_out
from napari_ubam.training.checks.model_checks import assess
from napari_ubam.training.checks.quality import Quality, StageFacts, TrainingFacts

from .context import TrainingContext, TrainingOptions
from .continuing import started_training
from .one_training import one_training
from .training_advice import training_advice
from .training_data import ONE_RECORDING, EncoderRecordings, windows_of
from .training_record import (
    TrainingRecord,
    discard_magnifier_training,
    recorded,
    study_hash,
    with_recordings,
)

DEFAULT_PRESET = "small"


def train_encoders(
    study: Study,
    folder: Path,
    options: TrainingOptions,
    *,
    preset_name: str | None = None,
    window_ms: float | None = None,
) -> None:
    """Train posture and behaviour encoder in the folder of a run; see `napari_ubam.train`.

    Parameters
    ----------
    study : Study
        Recordings of the training.
    folder : Path
        Folder of the run.
    options : TrainingOptions
        Choices of the user.
    preset_name : str, optional
        Name of the preset. If not given: that of the training that is resumed, or small.
    window_ms : float, optional
        Length of a behaviour window in milliseconds. If not given: that of the training that is resumed, or
        of the preset.

    Raises
    ------
    RunError, FamilyError
        If the options contradict each other, no recording can be read, or another training runs in the
        folder.
    Cancelled
        When ``options.cancel`` is set.
    """
    with one_training(folder, lambda sentence: options.progress(Progress("videos", 0, 0, message=sentence))):
        _train(study, folder, options, preset_name, window_ms)


def _train(
    study: Study, folder: Path, options: TrainingOptions, preset_name: str | None, window_ms: float | None
) -> None:
    checkpoints = folder / CHECKPOINTS
    started = started_training(checkpoints, "posture", options)
    options = options.completed(started)
    config = _config(preset_name, window_ms, started)
    refuse_pretrained(config, options.pretrained)
    device = describe_device(options.device)
    backbone = _backbone(options)
    if backbone is not None:
        config = config.with_backbone(backbone.config)
    elif started is not None:
        config = config.with_backbone(started.config.posture.backbone)
    regions = _regions(study, folder, options, resume=started is not None)
    recordings = [regions.of(one) for one in study]
    if started is None or preset_name is not None:
        config = _with_crop_shape(config, recordings, options)
    context = TrainingContext(folder, checkpoints, config, options, study_hash(recordings))
    record = context.begin(started)
    start_regions(folder, regions)
    if backbone is not None:
        # From now on only the copy is used, so the training can be resumed without the file. One that is
        # tuned becomes a part of the posture encoder.
        backbone.store(checkpoints if backbone.config.tuned else folder)
        context.note("backbone", **backbone.config.model_dump(mode="json"))
        context.say(
            "libraries", f"Backbone: {backbone.config.described}; licence: {backbone.config.licence}."
        )
    context.note("train", preset=config.preset, seed=context.seed, device=device)
    with recorded(checkpoints):
        _learn(context, record, recordings)


def _regions(study: Study, folder: Path, options: TrainingOptions, resume: bool) -> FoundRegions:
    """Find the regions of the recordings that have none."""
    try:
        return regions_for_training(
            study,
            folder,
            whole_frame=options.whole_frame,
            resume=resume,
            progress=options.progress,
            cancel=options.cancel,
        )
    except Cancelled as stopped:
        raise Cancelled("The training was cancelled before it began; nothing was changed.") from stopped


def _learn(context: TrainingContext, record: TrainingRecord, recordings: list[Recording]) -> None:
    """Train, check the model, and save it."""
    folder, options = context.folder, context.options
    used = _recordings(context, record, recordings)
    trained = context.family.train_encoders(context.training, used.data)
    quality = assess(
        trained.posture,
        trained.behaviour,
        used.checked,
        used.held_out,
        _facts(used, trained),
        seed=context.seed,
        progress=options.progress,
        cancel=options.cancel,
    )
    advice = training_advice(context, trained.posture_fit, quality.shuffle)
    quality = quality.model_copy(update={"advice": advice})
    _save(context, trained)
    keep_regions(folder)
    quality.write(folder / QUALITY)
    used.record.model_copy(update={"finished": True}).write(context.checkpoints)
    context.draw_learning_curves()
    _draw_neighbours(folder, quality, used.sources)


def _config(name: str | None, window_ms: float | None, started: TrainingRecord | None) -> ModelConfig:
    """Choose the configuration: of a preset or of the resumed training, with windows of a length."""
    config = started.config if started and name is None else preset(name or DEFAULT_PRESET)
    if window_ms is None:
        return config if started is None else config.with_window(started.config.behaviour.window_ms)
    if not 0 < window_ms < math.inf:
        raise RunError(f"A window of {window_ms:g} ms makes no sense; give about a period of the movement.")
    return config.with_window(window_ms)


def _backbone(options: TrainingOptions) -> LocalBackbone | None:
    """Read the backbone that the user chose."""
    choice = options.pretrained.backbone
    if choice is None:
        return None
    options.progress(Progress("libraries", 0, 0, detail="backbone"))
    return LocalBackbone.read(choice)


def _discard_backbones(context: TrainingContext) -> None:
    """Remove the backbones of earlier trainings, and features that no training can use again."""
    chosen = context.config.posture.backbone
    kept = "" if chosen is None or chosen.tuned else backbone_file(chosen.weights)
    for path in context.folder.glob(backbone_file("*")):
        if path.name != kept:
            with suppress(OSError):  # Windows keeps a file that another program reads
                path.unlink(missing_ok=True)
    if not kept:
        shutil.rmtree(context.folder / BACKBONE_FEATURES, ignore_errors=True)


def _with_crop_shape(
    config: ModelConfig, recordings: list[Recording], options: TrainingOptions
) -> ModelConfig:
    """Give the crops the shape of the regions; a preset has square ones. This opens the videos."""
    options.progress(Progress("videos", 0, len(recordings)))
    try:
        regions = regions_of(recordings, options.cancel)
    except Cancelled as stopped:
        raise Cancelled("The training was cancelled before it began; nothing was changed.") from stopped
    return config.with_crops(*shape_for(regions, config.posture.size[0]))


def _recordings(
    context: TrainingContext, record: TrainingRecord, recordings: list[Recording]
) -> EncoderRecordings:
    """Read the crops, and choose what is held out."""
    sources = _crops(context, recordings)
    used = [one for one in recordings if one.name in sources]
    held = held_out([one.subject for one in used], context.seed)
    if len({one.subject for one in used} - held) < 2:
        held = set()
    record = with_recordings(context.checkpoints, record, tuple(one.name for one in used), held)
    found = EncoderRecordings(context, record, used, held, sources)
    if found.stretches is not None:
        context.say("crops", ONE_RECORDING)
    return found


def _crops(context: TrainingContext, recordings: list[Recording]) -> dict[str, CachedCrops]:
    """Fill the cache, and open the recordings that can be used."""
    options = context.options
    cache = CropCache(context.folder / CROPS, crops_for(context.config))
    report = cache.fill(
        recordings, budget_bytes=options.budget_bytes, progress=options.progress, cancel=options.cancel
    )
    for name, sentence in report.failed:
        context.say("crops", f"{name} is left out: {sentence}")
    opened = {one.name: cache.open(one) for one in recordings if one.name in report.done}
    usable = {name: crops for name, crops in opened.items() if crops.runs}
    if not usable:
        raise RunError("No recording of the study can be read; see 'napari-ubam check'.")
    if not any(len(windows_of(context.config, crops)) for crops in usable.values()):
        raise RunError(
            f"No recording is as long as a window of {context.config.behaviour.window_ms:g} ms; add longer "
            "ones, or shorten the window."
        )
    return usable


def _facts(used: EncoderRecordings, trained: TrainedEncoders) -> TrainingFacts:
    return TrainingFacts(
        posture=StageFacts.of(trained.posture_fit),
        behaviour=StageFacts.of(trained.behaviour_fit),
        device=describe_device(used.context.options.device),
        recordings=used.recordings,
        frames=sum(stop - start for crops in used.crops for start, stop in crops.runs),
    )


def _save(context: TrainingContext, trained: TrainedEncoders) -> None:
    posture, behaviour = trained.posture.state_dict(), trained.behaviour.encoder.state_dict()
    # If the process is killed between the two files, the hash shows that they do not belong together.
    digest = weights_hash(posture)
    save_weights(context.folder / POSTURE, posture, context.header("posture", trained.posture_fit))
    header = context.header("behaviour", trained.behaviour_fit, digest)
    save_weights(context.folder / BEHAVIOUR, behaviour, header)
    write_atomic(context.folder / CONFIG, (context.config.model_dump_json(indent=2) + "\n").encode())
    ModelEncoder.load(context.folder)  # the files can be read
    discard_magnifier_training(context.folder, digest)
    _discard_backbones(context)


def _draw_neighbours(folder: Path, quality: Quality, sources: dict[str, CachedCrops]) -> None:
    def picture(recording: str, frame: int) -> np.ndarray:
        crop: np.ndarray = sources[recording].read(frame, frame + 1)[0]
        return crop

    rows = [
        (
            picture(row.frame.recording, row.frame.frame),
            f"{row.frame.subject}, frame {row.frame.frame}",
            [picture(one.recording, one.frame) for one in row.nearest],
            [f"{one.subject}, frame {one.frame}" for one in row.nearest],
        )
        for row in quality.sheet
        if row.nearest
    ]
    if rows:
        save(neighbour_sheet(rows), folder / FIGURES / "neighbours.png")
