"""Trains a network with Lightning, through cancellation, killed processes and too little memory."""

from __future__ import annotations

import copy
import gc
import logging
import signal
import threading
import time
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
from .held_out import HeldOutScores
from .plan import FitPlan
from .watch import Stopped, Watch

NO_MEMORY = ("out of memory", "not enough memory", "can't allocate memory")
CLIP = 5.0  # norm of the gradient
POLL_SECONDS = 0.1  # between two checks whether the user wants to stop, while a batch is prepared


class _BatchStream(IterableDataset[Any]):
    """Batches from a step on; the next one is prepared while the current one is used."""

    def __init__(self, batches: Batches, start: int, size: int, waiting: Callable[[], None]) -> None:
        self.batches, self.start, self.size, self.waiting = batches, start, size, waiting

    def __iter__(self) -> Iterator[Any]:
        step = self.start
        following = self._prepare(step)
        while True:
            while not wait([following], POLL_SECONDS).done:
                self.waiting()
            batch = following.result()
            step += 1
            following = self._prepare(step)
            yield batch

    def _prepare(self, step: int) -> Future[Any]:
        """Prepare a batch in a daemon thread, so that the program can end before the batch is ready."""
        result: Future[Any] = Future()

        def work() -> None:
            try:
                result.set_result(self.batches(step, self.size))
            except BaseException as error:
                result.set_exception(error)

        threading.Thread(target=work, name="batch", daemon=True).start()
        return result


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
    held_out: Batches | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> FitResult:
    """Train a module.

    Parameters
    ----------
    module : LightningModule
        Trained in place. Afterwards it is on the CPU and in evaluation mode.
    batches : callable
        Returns the batch of a step: ``batches(step, batch_size)``. It must be a pure function, so that a
        resumed training sees the same batches as an uninterrupted one.
    plan : FitPlan
        Limits and settings.
    folder : Path
        Folder of the checkpoints.
    stage : str
        Name of the training in events, messages and the log.
    resume : bool
        Continue from the last checkpoint in the folder. Otherwise old checkpoints are removed.
    progress, cancel : optional
        Called at least every second; checked after every step.
    log : Path, optional
        Log file to which losses are appended, one JSON object per line.
    held_out : callable, optional
        Returns batches of held-out recordings, on which the module is scored before the training and after
        each tenth of it. The module must have a `Learner.held_out_score`.
    clock : callable
        Seconds of a clock that never goes back; it measures the training time.

    Returns
    -------
    FitResult

    Raises
    ------
    Cancelled
        When ``cancel`` is set, after a checkpoint was written.
    KeyboardInterrupt
        When the user interrupts, after a checkpoint was written.
    TrainingError
        If a loss is not finite, or the memory is too small for the smallest batch.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not resume:
        for old in folder.glob("step-*"):
            old.unlink()
    call = _Call(module, batches, folder, stage, progress or silent, cancel, log, held_out, clock)
    call.progress(Progress(stage, 0, plan.steps or 0, detail="building the network"))
    plan = replace(plan, batch_size=_previous_batch_size(call, plan))
    initial = copy.deepcopy(module.state_dict())
    while True:
        try:
            return _attempt(call, plan)
        except (RuntimeError, MemoryError) as error:
            if not _lacks_memory(error):
                raise
        if plan.batch_size < 4:
            raise TrainingError(
                f"The memory is too small for the {stage} training; choose a smaller preset, or the device "
                "cpu."
            )
        plan = replace(plan, batch_size=plan.batch_size // 2)
        call.say(
            f"The memory was too small, so the {stage} training continues with batches of "
            f"{plan.batch_size} recordings."
        )
        module.load_state_dict(initial)
        gc.collect()  # the failed attempt is held by reference cycles
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


@dataclass(frozen=True)
class _Call:
    """What one call of `fit` was given."""

    module: LightningModule
    batches: Batches
    folder: Path
    stage: str
    progress: ProgressCallback
    cancel: Cancel | None
    log: Path | None
    held_out: Batches | None
    clock: Callable[[], float]

    def say(self, sentence: str) -> None:
        """Tell the user a sentence."""
        self.progress(Progress(self.stage, 0, 0, message=sentence))


def _attempt(call: _Call, plan: FitPlan) -> FitResult:
    """Train from the last checkpoint with one batch size."""
    module, stage = call.module, call.stage
    scores = HeldOutScores(call.held_out)
    watch = Watch(stage, plan, call.folder, call.progress, call.cancel, call.log, scores, call.clock)
    found = latest(call.folder)
    _check_fits(module, found, stage)
    start = int(found[1]["global_step"]) if found else 0
    data = DataLoader(_BatchStream(call.batches, start, plan.batch_size, watch.waiting), batch_size=None)
    with _quiet(), _ctrl_c(watch), torch.random.fork_rng(devices=[]):
        trainer = _trainer(plan, watch, call.folder)
        module.train()
        try:
            trainer.fit(module, data, ckpt_path=None if found is None else str(found[0]))
            watch.save(trainer)
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
    return FitResult(trainer.global_step, watch.seconds, plan.batch_size, watch.losses, scores.scores)


def _previous_batch_size(call: _Call, plan: FitPlan) -> int:
    """Batch size that a resumed training was reduced to. Damaged checkpoints are set aside."""

    def damaged(path: Path) -> None:
        call.say(
            f"The checkpoint {path.name} is damaged; the {call.stage} training continues from the one before."
        )

    found = latest(call.folder, damaged)
    state = found[1].get("callbacks", {}).get(Watch.__qualname__, {}) if found else {}
    return min(plan.batch_size, int(state.get("batch_size", plan.batch_size)))


def _check_fits(module: LightningModule, found: tuple[Path, dict[str, Any]] | None, stage: str) -> None:
    if found is None:
        return
    here, there = module.state_dict(), found[1]["state_dict"]
    if {n: t.shape for n, t in here.items()} != {n: t.shape for n, t in there.items()}:
        raise TrainingError(
            f"{found[0]} belongs to another network than the {stage} training; resume with the configuration "
            "of the first start, or train without resuming."
        )


@contextmanager
def _ctrl_c(watch: Watch) -> Iterator[None]:
    """Let the first Ctrl-C end the training after the current step; a second one ends it at once."""
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
    bfloat = device.type == "cuda" and torch.cuda.is_bf16_supported()
    return Trainer(
        accelerator="gpu" if device.type == "cuda" else device.type,
        devices=[device.index] if device.type == "cuda" and device.index is not None else 1,
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
    """Keep messages of Lightning off the console; warnings of torch still show."""
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
