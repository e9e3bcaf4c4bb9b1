"""What watches over a training: time, cancelling, losses, checkpoints, numbers that are none."""

from __future__ import annotations

import contextlib
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from napari_ubam.learners.errors import TrainingError
from napari_ubam.progress import Cancel, Progress, ProgressCallback
from napari_ubam.runfolder.log import append

from .checkpoints import checkpoint_path, prune

TELL_SECONDS = 0.5


class Stopped(Exception):
    """The training is left while it waits for a batch; nothing is lost."""


@dataclass(frozen=True)
class Limits:
    """When a training ends: after steps, after minutes, or at whichever comes first."""

    steps: int | None
    minutes: float | None

    def share(self, step: int, seconds: float) -> float:
        """Part that is done."""
        parts = [step / self.steps] if self.steps else []
        parts += [seconds / (60 * self.minutes)] if self.minutes else []
        return min(max(parts), 1.0)


class Watch(Callback):
    """Tells progress, keeps checkpoints, and ends the training when it should end.

    Parameters
    ----------
    stage : str
        Name of the training.
    limits : Limits
    folder : Path
        For checkpoints.
    seed : int
    checkpoint_seconds : float
        Time between checkpoints.
    progress, cancel, log
        As `fit` takes them.
    batch_size : int
        Kept in checkpoints, so that a halved batch stays halved.
    """

    def __init__(
        self,
        stage: str,
        limits: Limits,
        folder: Path,
        seed: int,
        checkpoint_seconds: float,
        progress: ProgressCallback,
        cancel: Cancel | None,
        log: Path | None,
        batch_size: int,
    ) -> None:
        self.stage, self.limits, self.folder, self.seed = stage, limits, folder, seed
        self.checkpoint_seconds, self.progress, self.cancel, self.log_path = (
            checkpoint_seconds,
            progress,
            cancel,
            log,
        )
        self.batch_size = batch_size
        self.seconds = 0.0
        self.cancelled = self.interrupted = False
        self._trainer: Trainer | None = None
        self._between = False  # restored and no step half done, so that what is there can be kept
        self._loss: Tensor | None = None
        self._begun = (0, 0.0)
        self._clock = self._told = self._kept = time.monotonic()
        self.losses: dict[str, float] = {}
        self._sums: dict[str, Tensor] = {}
        self._summed = 0

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps: the time that the training took, and its last losses."""
        return {"seconds": self.seconds, "batch_size": self.batch_size, "losses": dict(self.losses)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take time and losses over from a checkpoint."""
        self.seconds, self.losses = float(state["seconds"]), dict(state.get("losses", {}))

    def setup(self, trainer: Trainer, module: LightningModule, stage: str) -> None:
        """Learn who trains."""
        self._trainer = trainer

    def waiting(self) -> None:
        """Be called while the next batch is awaited.

        Raises
        ------
        Stopped
            If the user wants to stop.
        """
        trainer = self._trainer
        if trainer is None or trainer.world_size > 1:  # one process must not leave the others waiting
            return
        if self._wants_to_stop():
            raise Stopped
        if time.monotonic() - self._told > TELL_SECONDS:
            self._tell(trainer)

    def within(self, detail: str) -> None:
        """Be told within a step which part of it is done."""
        trainer = self._trainer
        if trainer is not None and time.monotonic() - self._told > TELL_SECONDS:
            self._tell(trainer, detail)

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        """Begin to measure."""
        self._between = True
        self._clock = self._told = self._kept = time.monotonic()
        self._begun = (trainer.global_step, self.seconds)
        cast(Any, module).within = self.within
        self._write(trainer, "begin", step=trainer.global_step)
        self._tell(trainer)
        self._end_if_due(trainer)

    def on_train_batch_start(
        self, trainer: Trainer, module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Make what is drawn at this step the same however the training came here."""
        self._between = False
        text = f"{self.seed} {self.stage} {trainer.global_step} {trainer.global_rank}"
        torch.manual_seed(zlib.crc32(text.encode()))
        cast(Any, module).share = self.limits.share(trainer.global_step, self.seconds)

    def on_before_backward(self, trainer: Trainer, module: LightningModule, loss: Tensor) -> None:
        """Remember the loss, so that it is looked at together with its gradient."""
        self._loss = loss.detach()

    def on_before_optimizer_step(self, trainer: Trainer, module: LightningModule, optimizer: Any) -> None:
        """Refuse a step that would spoil the weights."""
        parts = [p.grad.sum() for p in module.parameters() if p.grad is not None]
        parts += [] if self._loss is None else [self._loss.sum()]
        if parts and not torch.isfinite(torch.stack([part.float() for part in parts]).sum()):
            raise TrainingError(
                f"The loss of the {self.stage} training is no longer a number at step {trainer.global_step}; "
                "the weights before it are kept, so train anew with another seed or with fewer steps."
            )

    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count, tell, keep, end."""
        self._between = True
        now = time.monotonic()
        self.seconds += now - self._clock
        self._clock = now
        keep, stop = self._agreed(trainer, now - self._kept > self.checkpoint_seconds, self._wants_to_stop())
        for name, value in trainer.callback_metrics.items():
            self._sums[name] = self._sums.get(name, 0) + value.detach()
        self._summed += 1
        step = trainer.global_step
        cast(Any, module).share = self.limits.share(step, self.seconds)
        if now - self._told > TELL_SECONDS or self.limits.share(step, self.seconds) >= 1:
            self._note(trainer)
            self._tell(trainer)
        if keep or stop:
            self.keep(trainer)
            self._kept = time.monotonic()
        self._end_if_due(trainer, stop)

    def on_exception(self, trainer: Trainer, module: LightningModule, exception: BaseException) -> None:
        """Keep what was reached when the user breaks off or a step is refused."""
        self.interrupted = self.interrupted or isinstance(exception, KeyboardInterrupt)
        if trainer.world_size > 1 or trainer.model is None:
            return
        # What a half-done step left behind is kept only where it spoilt nothing.
        if self._between or (isinstance(exception, TrainingError) and _finite(module)):
            with contextlib.suppress(OSError):  # the error that is under way matters more
                self.keep(trainer)

    def keep(self, trainer: Trainer) -> None:
        """Write a checkpoint."""
        trainer.save_checkpoint(checkpoint_path(self.folder, trainer.global_step))
        if trainer.is_global_zero:
            prune(self.folder)

    def _wants_to_stop(self) -> bool:
        self.cancelled = self.cancelled or (self.cancel is not None and self.cancel.is_set())
        return self.cancelled or self.interrupted

    def _agreed(self, trainer: Trainer, keep: bool, stop: bool) -> tuple[bool, bool]:
        """Let the first of several processes decide and keep the time, or they would wait for each other."""
        if trainer.world_size == 1:
            return keep, stop
        told = [self.seconds, keep, self.cancelled, self.interrupted]
        orders = torch.tensor(told, dtype=torch.float64, device=trainer.strategy.root_device)
        torch.distributed.broadcast(orders, 0)
        self.seconds, (due, cancelled, interrupted) = float(orders[0]), orders[1:].bool().tolist()
        self.cancelled, self.interrupted = cancelled, interrupted
        return due, cancelled or interrupted

    def _end_if_due(self, trainer: Trainer, stop: bool = False) -> None:
        if stop or self.limits.share(trainer.global_step, self.seconds) >= 1:
            trainer.should_stop = True

    def _write(self, trainer: Trainer, event: str, **values: Any) -> None:
        if trainer.is_global_zero:
            append(self.log_path, event, stage=self.stage, **values)

    def _note(self, trainer: Trainer) -> None:
        """Average the losses since the last time, and write them down."""
        if self._summed:
            self.losses = {name: float(total) / self._summed for name, total in self._sums.items()}
            self._sums, self._summed = {}, 0
            seconds = round(self.seconds, 2)
            self._write(trainer, "losses", step=trainer.global_step, seconds=seconds, losses=self.losses)

    def _tell(self, trainer: Trainer, detail: str = "") -> None:
        if not trainer.is_global_zero:
            return
        self._told, step = time.monotonic(), trainer.global_step
        share = self.limits.share(step, self.seconds)
        before = self.limits.share(*self._begun)
        eta = (self.seconds - self._begun[1]) * (1 - share) / (share - before) if share > before else None
        of = self.limits.steps or 0
        if self.limits.minutes and share > 0:
            of = max(step, round(step / share))
        try:
            self.progress(Progress(self.stage, step, of, detail, losses=self.losses, eta=eta))
        except KeyboardInterrupt:  # stops at the end of the step, where nothing is lost
            self.interrupted = True


def _finite(module: LightningModule) -> bool:
    return all(bool(torch.isfinite(tensor).all()) for tensor in module.state_dict().values())
