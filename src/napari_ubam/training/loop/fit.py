"""Runs a training to its end, through breaks, kills and too little memory, by Lightning's Trainer."""

from __future__ import annotations

import copy
import gc
import logging
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from torch.utils.data import DataLoader, IterableDataset

from napari_ubam.learners.errors import TrainingError
from napari_ubam.learners.fitting import Batches, FitResult
from napari_ubam.models.devices import choose_device
from napari_ubam.progress import Cancel, Cancelled, Progress, ProgressCallback, silent

from .checkpoints import SafeCheckpoints, latest
from .watch import Limits, Stopped, Watch

NO_MEMORY = ("out of memory", "not enough memory", "can't allocate memory")
CLIP = 5.0  # norm of the gradient
LOOK_SECONDS = 0.1  # how long a wait for a batch goes on before the user is heard


@dataclass(frozen=True)
class FitPlan:
    """How long, on what and from which seed to train.

    Parameters
    ----------
    batch_size : int
        Passed to the batches; halved where memory does not suffice.
    steps, minutes : optional
        When to end; the first that is reached where both are given. Minutes count over all resumptions.
    device : str
        As `choose_device` takes it.
    devices, num_nodes : int
        Devices of this computer, and computers, that train together.
    seed : int
    checkpoint_seconds : float
        At most so much work is lost when the process is killed.
    """

    batch_size: int
    steps: int | None = None
    minutes: float | None = None
    device: str = "auto"
    devices: int = 1
    num_nodes: int = 1
    seed: int = 0
    checkpoint_seconds: float = 20.0

    def __post_init__(self) -> None:
        ends = [end for end in (self.steps, self.minutes) if end is not None]
        if not ends or min(ends) <= 0 or self.batch_size < 1:
            raise TrainingError("A training needs steps or minutes above 0, and a batch of at least 1.")


class _Steps(IterableDataset[Any]):
    """Batches from a step on, each prepared while the one before is learned from."""

    def __init__(self, batches: Batches, start: int, size: int, waiting: Callable[[], None]) -> None:
        self.batches, self.start, self.size, self.waiting = batches, start, size, waiting
        self.rank = 0

    def __iter__(self) -> Iterator[Any]:
        step = self.start
        coming = self._begin(step)
        while True:
            while not wait([coming], LOOK_SECONDS).done:
                self.waiting()
            batch = coming.result()
            step += 1
            coming = self._begin(step)
            yield batch

    def _begin(self, step: int) -> Future[Any]:
        """Prepare a batch in a thread that need not end before the program may."""
        coming: Future[Any] = Future()

        def work() -> None:
            try:
                coming.set_result(self.batches(step, self.size, self.rank))
            except BaseException as error:
                coming.set_exception(error)

        threading.Thread(target=work, name="batch", daemon=True).start()
        return coming


def fit(
    module: LightningModule,
    batches: Batches,
    plan: FitPlan,
    *,
    folder: Path,
    stage: str,
    resume: bool = False,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
    log: Path | None = None,
) -> FitResult:
    """Train a module.

    Parameters
    ----------
    module : LightningModule
        Trained in place; afterwards on the processor and in evaluation mode.
    batches : callable
        Gives the batch of a step: ``batches(step, batch_size, rank)``. It must be a pure function, so that
        a resumed training sees what an uninterrupted one would have seen.
    plan : FitPlan
    folder : Path
        For checkpoints.
    stage : str
        Name of the training in events and in the log.
    resume : bool
        Go on from the last checkpoint in the folder; else those that are there are removed.
    progress, cancel : optional
        Told at least every second; looked at after every batch.
    log : Path, optional
        Losses are appended to this file, a JSON object a line.

    Returns
    -------
    FitResult

    Raises
    ------
    Cancelled
        When ``cancel`` is set, after a checkpoint was written.
    KeyboardInterrupt
        As it came, after a checkpoint was written.
    TrainingError
        If a loss is no longer a number, or memory does not suffice for the smallest batch.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not resume:
        for old in folder.glob("step-*"):
            old.unlink()
    tell = progress or silent
    tell(Progress(stage, 0, plan.steps or 0))
    plan = replace(plan, batch_size=_size_before(folder, plan, tell, stage))
    fresh = copy.deepcopy(module.state_dict())
    while True:
        try:
            return _attempt(module, batches, plan, folder, stage, tell, cancel, log)
        except (RuntimeError, MemoryError) as error:
            if not _lacks_memory(error):
                raise
        if plan.batch_size < 4:
            raise TrainingError(
                f"Memory does not suffice for the {stage} training; choose a smaller preset or device cpu."
            )
        plan = replace(plan, batch_size=plan.batch_size // 2)
        said = (
            f"Memory did not suffice, so the {stage} training goes on with batches of {plan.batch_size} "
            "recordings."
        )
        tell(Progress(stage, 0, 0, message=said))
        module.load_state_dict(fresh)
        gc.collect()  # what failed holds itself in circles
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _attempt(
    module: LightningModule,
    batches: Batches,
    plan: FitPlan,
    folder: Path,
    stage: str,
    progress: ProgressCallback,
    cancel: Cancel | None,
    log: Path | None,
) -> FitResult:
    limits = Limits(plan.steps, plan.minutes)
    every, size = plan.checkpoint_seconds, plan.batch_size
    watch = Watch(stage, limits, folder, plan.seed, every, progress, cancel, log, size)
    found = latest(folder)
    _check_fits(module, found, stage)
    start = int(found[1]["global_step"]) if found else 0
    steps = _Steps(batches, start, plan.batch_size, watch.waiting)
    data = DataLoader(steps, batch_size=None)
    with _quiet(), _ctrl_c(watch), torch.random.fork_rng(devices=[]):
        trainer = _trainer(plan, watch, folder)
        steps.rank = trainer.global_rank
        module.train()
        try:
            trainer.fit(module, data, ckpt_path=None if found is None else str(found[0]))
            watch.keep(trainer)
        except Stopped:
            pass
        except SystemExit:  # how Lightning passes on Ctrl-C
            if not watch.interrupted:
                raise
        finally:
            module.cpu().eval()
            module.trainer = None
            module.within = None  # type: ignore[assignment]
    if watch.interrupted:
        raise KeyboardInterrupt
    if watch.cancelled:
        raise Cancelled(
            f"The {stage} training was cancelled at step {trainer.global_step}; it can be resumed."
        )
    return FitResult(trainer.global_step, watch.seconds, plan.batch_size, watch.losses)


def _size_before(folder: Path, plan: FitPlan, tell: ProgressCallback, stage: str) -> int:
    """Batch size that a training came down to before it was left; also set aside damaged checkpoints."""

    def damaged(path: Path) -> None:
        said = f"The checkpoint {path.name} is damaged; the {stage} training goes on from the one before it."
        tell(Progress(stage, 0, 0, message=said))

    found = latest(folder, damaged)
    state = found[1].get("callbacks", {}).get(Watch.__qualname__, {}) if found else {}
    return min(plan.batch_size, int(state.get("batch_size", plan.batch_size)))


def _check_fits(module: LightningModule, found: tuple[Path, dict[str, Any]] | None, stage: str) -> None:
    if found is None:
        return
    here, there = module.state_dict(), found[1]["state_dict"]
    if {n: t.shape for n, t in here.items()} != {n: t.shape for n, t in there.items()}:
        raise TrainingError(
            f"{found[0]} is of another network than the {stage} training is for; resume with the "
            "configuration that began it, or train anew without resuming."
        )


@contextmanager
def _ctrl_c(watch: Watch) -> Iterator[None]:
    """Let the first Ctrl-C end the training after the step, and only a second one break it off."""
    here = threading.current_thread() is threading.main_thread()
    if not here or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    def asked(*_: Any) -> None:
        if watch.interrupted:
            raise KeyboardInterrupt
        watch.interrupted = True

    signal.signal(signal.SIGINT, asked)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _trainer(plan: FitPlan, watch: Watch, folder: Path) -> Trainer:
    device = choose_device(plan.device)
    chosen = [device.index] if device.index is not None and device.type == "cuda" else plan.devices
    bfloat = device.type == "cuda" and torch.cuda.is_bf16_supported()
    return Trainer(
        accelerator="gpu" if device.type == "cuda" else device.type,
        devices=chosen,
        num_nodes=plan.num_nodes,
        precision="bf16-mixed" if bfloat else "32-true",
        max_steps=plan.steps if plan.steps is not None else -1,
        max_epochs=-1,
        gradient_clip_val=CLIP,
        plugins=[SafeCheckpoints()],
        callbacks=[watch],
        default_root_dir=folder,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=1,
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Lightning's notes and advice off the console; torch's warnings still show."""
    loggers = [
        logging.getLogger(name)
        for name in ("lightning.pytorch", "lightning.fabric", "lightning", "lightning_utilities")
    ]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"lightning\..*")
            warnings.filterwarnings("ignore", message=".*isinstance.treespec, LeafSpec.*")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _lacks_memory(error: BaseException) -> bool:
    text = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(part in text for part in NO_MEMORY)
