"""Learning posture and behaviour from the crops of a study, by the networks of either family."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from napari_ubam.crops import CachedCrops
from napari_ubam.families.family import AnyPosture
from napari_ubam.learners.behaviour import (
    BehaviourBatches,
    BehaviourLearner,
    PostureTrack,
    whiten_behaviour,
)
from napari_ubam.learners.posture import PostureBatches, PostureLearner, mean_maps, whiten_posture
from napari_ubam.learners.sampling import Crops
from napari_ubam.learners.ubam2021 import SequenceBatches, Ubam2021Learner
from napari_ubam.models.native.posture import PostureEncoder
from napari_ubam.models.weights import weights_hash
from napari_ubam.progress import Progress
from napari_ubam.runfolder.errors import RunError
from napari_ubam.study import Recording
from napari_ubam.training.checks.assess import CheckedRecording
from napari_ubam.training.loop.fit import FitResult

from .context import Job, all_checked
from .record import TrainingRecord, with_posture


@dataclass(frozen=True)
class Task:
    """What is learned from.

    Parameters
    ----------
    job : Job
    used : list of Recording
        Those that can be read.
    held : set of str
        Subjects that are kept out.
    sources : dict of str to CachedCrops
        Crops by the recording's name.
    seen : list of Crops
        Those that are learned from.
    """

    job: Job
    used: list[Recording]
    held: set[str]
    sources: dict[str, CachedCrops]
    seen: list[Crops]

    def checked(self, encoder: AnyPosture) -> list[CheckedRecording]:
        """Encode all crops."""
        return all_checked(self.job, self.used, self.sources, encoder)

    def tracks(self, checked: list[CheckedRecording]) -> list[PostureTrack]:
        """Postures of what is learned from.

        Raises
        ------
        RunError
            If they are too few.
        """
        tracks = [
            one.track if self.held else one.early_track()
            for one in checked
            if one.subject not in self.held and len(one.track.windows)
        ]
        tracks = [track for track in tracks if len(track.windows)]
        if len(tracks) < 2:
            raise RunError(
                "Without what is kept out for the checks, fewer than two recordings are longer than a "
                "window; add recordings, or shorten the window."
            )
        return tracks


@dataclass(frozen=True)
class Learned:
    """Both encoders of a run, the behaviour encoder within its learner.

    Parameters
    ----------
    posture : PostureEncoder or Ubam2021Posture
    behaviour : BehaviourLearner or Ubam2021Learner
    first, second : FitResult
        How the training of each ended.
    checked : list of CheckedRecording
        Postures of all recordings.
    """

    posture: AnyPosture
    behaviour: BehaviourLearner | Ubam2021Learner
    first: FitResult
    second: FitResult
    checked: list[CheckedRecording]


def learn(task: Task, record: TrainingRecord) -> tuple[Learned, TrainingRecord]:
    """Learn posture, then behaviour on its codes."""
    job, seen = task.job, task.seen
    torch.manual_seed(job.seed)
    means = mean_maps(PostureEncoder(job.config.posture), seen, job.cancel, job.progress)
    posture = PostureLearner(job.config, means)
    first = job.fit(posture, PostureBatches(seen, job.config, job.seed), "posture")
    whiten_posture(posture.encoder, seen, job.cancel, job.progress)

    record = with_posture(job.checkpoints, record, weights_hash(posture.encoder.state_dict()))

    checked = task.checked(posture.encoder)
    tracks = task.tracks(checked)
    torch.manual_seed(job.seed)
    behaviour = BehaviourLearner.of(job.config, tracks)
    second = job.fit(behaviour, BehaviourBatches(tracks, job.config, job.seed), "behaviour")
    whiten_behaviour(behaviour.encoder, tracks)
    return Learned(posture.encoder, behaviour, first, second, checked), record


def learn_published(
    task: Task, record: TrainingRecord, weights: Path | None
) -> tuple[Learned, TrainingRecord]:
    """Learn both together, as published, from anew or from an original checkpoint."""
    job = task.job
    torch.manual_seed(job.seed)
    learner = Ubam2021Learner(job.config)
    if weights is not None:
        job.progress(Progress("posture", 0, 0, message=learner.load_checkpoint(weights)))
    if weights is not None and job.steps == 0:
        result = FitResult(0, 0.0, job.config.posture_training.recordings, {})
    else:
        result = job.fit(learner, SequenceBatches(task.seen, job.config, job.seed), "posture")
    learner.eval()
    record = with_posture(job.checkpoints, record, weights_hash(learner.posture.state_dict()))
    checked = task.checked(learner.posture)
    learner.motion = float(np.median(np.concatenate([track.motion for track in task.tracks(checked)])))
    return Learned(learner.posture, learner, result, result, checked), record
