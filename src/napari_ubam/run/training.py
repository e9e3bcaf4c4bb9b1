"""The public functions for training: a study and a folder in, a run out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_ubam.learners.fitting import PretrainedFiles
from napari_ubam.models.backbones.choice import BackboneChoice
from napari_ubam.models.backbones.errors import BackboneError
from napari_ubam.progress import Cancel, ProgressCallback, silent
from napari_ubam.study import Study

from .facade import Run


def train(
    study: Study,
    run: str | Path,
    *,
    preset: str | None = None,
    device: str = "auto",
    minutes: float | None = None,
    steps: int | None = None,
    window_ms: float | None = None,
    seed: int | None = None,
    resume: bool = False,
    restart: bool = False,
    budget_bytes: int | None = None,
    weights: str | Path | None = None,
    backbone: str | Path | None = None,
    backbone_name: str | None = None,
    tune_backbone: bool = False,
    whole_frame: bool = False,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> Run:
    """Learn posture and behaviour from the videos of a study, without labels.

    Parameters
    ----------
    study : Study
        All recordings, of all groups; the training does not use the groups.
    run : path
        Folder of the run; created if it does not exist.
    preset : str, optional
        ``"tiny"``, ``"small"`` (if not given) or ``"base"``; ``"paper"`` for the published networks, as a
        baseline.
    device : str
        Compute device: ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"mps"``.
    minutes : float, optional
        Training time in minutes, over all resumptions. Without minutes and steps, the preset decides. If a
        training that has ended is resumed: how much longer to train.
    steps : int, optional
        Number of steps of the posture encoder; the steps of the behaviour encoder are in proportion. With
        ``weights``, 0 keeps them unchanged.
    window_ms : float, optional
        Length of a behaviour window in milliseconds: about one period of the movement, as
        `napari_ubam.check_study` proposes. If not given, the preset decides.
    seed : int, optional
        Random seed, 0 if not given.
    resume : bool
        Continue a training of this run that was cancelled or killed, or one that has ended for ``minutes`` or
        ``steps`` more. What is not given is then the same as at
        its start: preset, window, random seed and length.
    restart : bool
        Discard a training of this run that was cancelled or killed, and start again.
    budget_bytes : int, optional
        Disk space for decoded crops in bytes. If not given: 8 GiB or half of the free space.
    weights : path, optional
        For the preset ``"paper"``: a checkpoint of the published code (``*.pth.tar``) from which the training
        begins.
    backbone : path, optional
        A pretrained network whose features take the place of the gradient maps: a folder of Hugging Face
        (``config.json`` and ``model.safetensors``), a ``.safetensors`` file of timm, or a ``.pth`` file of
        torch.hub. Nothing is downloaded. It needs the extra ``backbones``.
    backbone_name : str, optional
        Architecture of the backbone in the words of timm or torch.hub, if the file does not say it.
    tune_backbone : bool
        Train the backbone with the rest, at a low learning rate. If not, it is frozen.
    whole_frame : bool
        Use the whole picture of recordings that have neither region nor track. If not, their regions are
        found from where the pictures move; see `napari_ubam.tracking`.
    progress, cancel : optional
        Called at least every second; checked several times a second.

    Returns
    -------
    Run
        Its weights are replaced only when the whole training succeeded.

    Raises
    ------
    RunError, FamilyError, TrainingError
        If the arguments contradict each other, or no recording can be used.
    WeightsError
        If ``weights`` is no such checkpoint.
    BackboneError
        If ``backbone`` cannot be read, does not fit, or the package timm is missing.
    Cancelled
        When ``cancel`` is set; the same call with ``resume=True`` continues.
    """
    # Here, since Lightning takes seconds to load, and only a training needs it.
    from napari_ubam.training.pipeline.context import TrainingOptions
    from napari_ubam.training.pipeline.encoders import train_encoders

    folder = Path(run).absolute()
    if backbone is None and (backbone_name is not None or tune_backbone):
        raise BackboneError("A backbone is named or to be tuned, but none is given; give its file, too.")
    files = PretrainedFiles(
        weights=None if weights is None else Path(weights),
        backbone=None if backbone is None else BackboneChoice(Path(backbone), backbone_name, tune_backbone),
    )
    options = TrainingOptions(
        device=device,
        minutes=minutes,
        steps=steps,
        seed=seed,
        resume=resume,
        restart=restart,
        budget_bytes=budget_bytes,
        pretrained=files,
        whole_frame=whole_frame,
        progress=progress or silent,
        cancel=cancel,
    )
    train_encoders(study, folder, options, preset_name=preset, window_ms=window_ms)
    return Run.open(folder)


def train_magnifier(study: Study, run: Run | str | Path, **options: Any) -> Run:
    """Train the magnifier of a run, as `Run.train_magnifier` does.

    Parameters
    ----------
    study : Study
    run : Run or path
    **options
        As `Run.train_magnifier` takes them.

    Returns
    -------
    Run
    """
    opened = run if isinstance(run, Run) else Run.open(run)
    opened.train_magnifier(study, **options)
    return opened
