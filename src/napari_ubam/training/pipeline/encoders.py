"""Training both encoders of a run: crops, posture, behaviour, checks."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from napari_ubam.crops import CachedCrops, CropCache, regions_of, shape_for
from napari_ubam.embedding.model_encoder import ModelEncoder, crops_for
from napari_ubam.families import GivenFiles, family_of, preset
from napari_ubam.files import write_atomic
from napari_ubam.learners.fitting import TrainedEncoders
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.devices import describe_device
from napari_ubam.models.weights import save_weights, weights_hash
from napari_ubam.report import neighbour_sheet, save
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.paths import BEHAVIOUR, CHECKPOINTS, CONFIG, CROPS, FIGURES, POSTURE, QUALITY
from napari_ubam.study import Recording, Study
from napari_ubam.training.checks.assess import assess, facts, save_quality
from napari_ubam.training.checks.holdout import held_out
from napari_ubam.training.checks.quality import Quality, TrainingFacts

from .context import TrainingContext, TrainingOptions
from .lesson import Lesson, windows_of
from .record import TrainingRecord, begin, refuse_length, study_hash, with_recordings


def train_encoders(
    study: Study,
    folder: Path,
    options: TrainingOptions,
    *,
    preset_name: str,
    window_ms: float | None = None,
    given: GivenFiles | None = None,
) -> None:
    """Train posture and behaviour encoder into a run's folder; see `napari_ubam.train`.

    Parameters
    ----------
    study : Study
    folder : Path
        Of the run.
    options : TrainingOptions
    preset_name : str
    window_ms : float, optional
        Length of a window of behaviour, in milliseconds; as the preset says unless given.
    given : GivenFiles, optional
        Weights to begin with.

    Raises
    ------
    RunError, FamilyError
        If the arguments do not go together, or no recording can be read.
    Cancelled
        When ``options.cancel`` is set.
    """
    recordings, given = list(study), given or GivenFiles()
    config = _config(preset_name, window_ms)
    family_of(config).refuse_files(config, given)
    refuse_length(options.minutes, options.steps, weights=given.weights is not None)
    if len(recordings) < 2:
        raise RunError("A study of one recording is too little to learn from; add recordings to the table.")
    what = describe_device(options.device)
    config = config.with_crops(*shape_for(regions_of(recordings, options.cancel), config.posture.size[0]))
    context = TrainingContext(folder, folder / CHECKPOINTS, config, options, study_hash(recordings))
    wanted = TrainingRecord(config=config, seed=options.seed, study=context.study_hash)
    record = begin(context.checkpoints, wanted, options.resume)
    context.note("train", preset=config.preset, seed=options.seed, device=what)
    lesson = _lesson(context, record, recordings)
    trained = context.family.learn_encoders(lesson, given)
    quality = assess(
        trained.posture,
        trained.behaviour,
        lesson.checked,
        lesson.held_out,
        _facts(lesson, trained),
        seed=options.seed,
        progress=options.progress,
        cancel=options.cancel,
    )
    _save(context, trained)
    save_quality(quality, folder / QUALITY)
    lesson.record.model_copy(update={"finished": True}).write(context.checkpoints)
    context.draw_learning_curves()
    _draw_neighbours(folder, quality, lesson.sources)


def _config(name: str, window_ms: float | None) -> ModelConfig:
    """Give a preset with windows of a length."""
    config = preset(name)
    if window_ms is None:
        return config
    if not 0 < window_ms < math.inf:
        raise RunError(f"A window of {window_ms:g} ms makes no sense; give about a period of the movement.")
    return config.with_window(window_ms)


def _lesson(context: TrainingContext, record: TrainingRecord, recordings: list[Recording]) -> Lesson:
    """Read the crops, and choose what is held out."""
    sources = _crops(context, recordings)
    used = [one for one in recordings if one.name in sources]
    held = held_out([one.subject for one in used], context.options.seed)
    if len({one.subject for one in used} - held) < 2:
        held = set()
    record = with_recordings(context.checkpoints, record, tuple(one.name for one in used), held)
    return Lesson(context, record, used, held, sources)


def _crops(context: TrainingContext, recordings: list[Recording]) -> dict[str, CachedCrops]:
    """Fill the cache, and open what can be trained on."""
    options = context.options
    cache = CropCache(context.folder / CROPS, crops_for(context.config))
    report = cache.fill(
        recordings, budget_bytes=options.budget_bytes, progress=options.progress, cancel=options.cancel
    )
    for name, sentence in report.failed:
        context.say("crops", f"{name} is left out: {sentence}")
    opened = {one.name: cache.open(one) for one in recordings if one.name in report.done}
    usable = {name: crops for name, crops in opened.items() if crops.runs}
    if len(usable) < 2:
        raise RunError(
            f"{len(usable)} recordings can be read and training needs two at least; see 'napari-ubam check'."
        )
    if sum(len(windows_of(context.config, crops)) > 0 for crops in usable.values()) < 2:
        raise RunError(
            f"Fewer than two recordings are as long as a window of {context.config.behaviour.window_ms:g} "
            "ms; add longer ones, or shorten the window."
        )
    return usable


def _facts(lesson: Lesson, trained: TrainedEncoders) -> TrainingFacts:
    return TrainingFacts(
        posture=facts(trained.posture_fit),
        behaviour=facts(trained.behaviour_fit),
        device=describe_device(lesson.context.options.device),
        recordings=len(lesson.crops),
        frames=sum(stop - start for crops in lesson.crops for start, stop in crops.runs),
    )


def _save(context: TrainingContext, trained: TrainedEncoders) -> None:
    posture, behaviour = trained.posture.state_dict(), trained.behaviour.encoder.state_dict()
    # Should this be cut off between the two, the hash tells that they do not belong together.
    reads = weights_hash(posture)
    save_weights(context.folder / POSTURE, posture, context.header("posture", trained.posture_fit))
    header = context.header("behaviour", trained.behaviour_fit, reads)
    save_weights(context.folder / BEHAVIOUR, behaviour, header)
    write_atomic(context.folder / CONFIG, (context.config.model_dump_json(indent=2) + "\n").encode())
    ModelEncoder.load(context.folder)  # what was written can be read


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
