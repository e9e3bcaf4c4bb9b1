"""A run with generated embeddings: a study of any number of long recordings, without its videos."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from _common import film, repeat

import napari_ubam as ubam
from napari_ubam.embedding.model_encoder import ModelEncoder
from napari_ubam.embedding.store import EmbeddingStore
from napari_ubam.runfolder.paths import EMBEDDINGS
from napari_ubam.runfolder.recordings import set_recordings
from napari_ubam.study import Recording, Roi, Study
from napari_ubam.video import open_video

FPS, SIDE, REGION = 30, 64, 32
SUBJECTS = 30  # more recordings than this are further sessions of the same subjects
SWAYS = 6  # independent movements of a body
BOUTS = 20  # seconds from one bout of an impaired subject to the next
_DISTINCT = 512  # behaviour codes: windows are compared by posture, so these are only read


def generated_run(folder: Path, recordings: int, seconds: int) -> Path:
    """Write a trained run whose recordings have generated embeddings.

    Half of the subjects are healthy; the others move differently for a second now and then. All recordings
    are regions of one film, which is never decoded.

    Parameters
    ----------
    folder : Path
        New folder, for the run and all that it needs.
    recordings : int
        Number of recordings.
    seconds : int
        Length of each, a multiple of 60.

    Returns
    -------
    Path
        Table of the study. The run is in the folder ``run`` beside it.
    """
    run, video = folder / "run", _film(folder, seconds)
    _trained(folder / "sample", run)
    study = Study(_recording(number, min(recordings, SUBJECTS), video) for number in range(recordings))
    encoder, store = ModelEncoder.load(run), EmbeddingStore(run / EMBEDDINGS)
    generator = np.random.default_rng(0)
    bodies = generator.normal(size=(2 * SWAYS + 1, encoder.config.posture.code)).astype(np.float32)
    for number, one in enumerate(study):
        _write(one, number, encoder, store, bodies)
    set_recordings(run, study)
    return study.to_csv(folder / "study.csv")


def _film(folder: Path, seconds: int) -> Path:
    folder.mkdir(parents=True)
    minute = film(folder / "minute.mp4", 60, SIDE, SIDE, FPS)
    return repeat(minute, folder / "film.mp4", max(seconds // 60, 1))


def _trained(sample: Path, run: Path) -> None:
    """Train a model for two steps: it is a whole run, though it knows nothing."""
    ubam.train(ubam.write_sample(sample, healthy=3, impaired=2, seconds=4), run, preset="tiny", steps=2)
    shutil.rmtree(run / EMBEDDINGS, ignore_errors=True)


def _recording(number: int, subjects: int, video: Path) -> Recording:
    subject = number % subjects
    across = SIDE - REGION
    return Recording(
        video=video,
        subject=f"s{subject:02}",
        group="healthy" if subject < (subjects + 1) // 2 or subject == 1 else "impaired",
        session=str(number // subjects),
        name=f"s{subject:02}-{number // subjects}",
        roi=Roi(x=number % across, y=number // across, width=REGION, height=REGION),
    )


def _write(
    one: Recording, number: int, encoder: ModelEncoder, store: EmbeddingStore, bodies: np.ndarray
) -> None:
    generator = np.random.default_rng(number)
    with one.open_with(open_video, warn=False) as video, store.write(one, encoder, video) as out:
        count = len(one.frames(len(video)))
        values = _postures(count, one.group != "healthy", bodies, generator)
        out.add(values, np.ones(count, bool))
        size = encoder.config.behaviour
        half = round(size.window_ms / 2000 * FPS)
        behaviour = generator.normal(size=(_DISTINCT, size.code)).astype(np.float32)
        whole = np.zeros(count, bool)
        whole[half : count - half] = True
        out.finish(behaviour[np.arange(count) % _DISTINCT], whole)


def _postures(count: int, differs: bool, bodies: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Sways of a body with drifting phases, an identity, and noise, rounded as noise allows."""
    width = bodies.shape[1]
    rates = generator.uniform(0.5, 3, SWAYS) * 2 * np.pi / FPS
    phase = np.cumsum(rates + 0.05 * generator.normal(size=(count, SWAYS)), axis=0)
    amount = generator.uniform(0.6, 1.0, SWAYS)
    movement = np.concatenate([amount * np.sin(phase), amount * np.cos(phase)], axis=1)
    if differs:
        bouts = (np.arange(count) // FPS) % BOUTS == generator.integers(BOUTS)
        movement[bouts, :2] *= 2.0
    codes = movement.astype(np.float32) @ bodies[:-1]
    codes += 0.5 * generator.standard_normal(width, dtype=np.float32) + bodies[-1]
    codes += 0.3 * generator.standard_normal((count, width), dtype=np.float32)
    return codes.astype(np.float16).astype(np.float32)
