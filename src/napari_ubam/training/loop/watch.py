"""Watches a training: time, cancellation, losses, checkpoints, and losses that are not finite."""

from __future__ import annotations

import contextlib
import time
import zlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from napari_ubam.learners.errors import TrainingError
from napari_ubam.progress import Cancel, Progress, ProgressCallback
from napari_ubam.runfolder.log import append

from .checkpoints import checkpoint_path, prune
from .held_out import HeldOutScores
from .plan import FitPlan

REPORT_SECONDS = 0.5  # between two calls of the progress callback


class Stopped(Exception):
    """The training was stopped while it waited for a batch; nothing is lost."""


class Watch(Callback):
    """Reports progress, writes checkpoints, and ends the training in time.

    Parameters
    ----------
    stage : str
        Name of the training in events, messages and the log.
    plan : FitPlan
        Limits and settings of the training.
    folder : Path
        Folder of the checkpoints.
    progress : callable
        Called at least every second.
    cancel : Cancel, optional
        Checked after every step, and while a batch is awaited.
    log : Path, optional
        Log file to which losses are appended.
    held_out : HeldOutScores
        Follows the score on held-out recordings.
    clock : callable
        Seconds of a clock that never goes back; it measures the training time.
    """

    def __init__(
        self,
        stage: str,
        plan: FitPlan,
        folder: Path,
        progress: ProgressCallback,
        cancel: Cancel | None,
        log: Path | None,
        held_out: HeldOutScores,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.stage, self.plan, self.folder = stage, plan, folder
        self.progress, self.cancel, self.log_path = progress, cancel, log
        self.held_out, self.seconds = held_out, 0.0
        self.cancelled = self.interrupted = False
        self.losses: dict[str, float] = {}
        self._trainer: Trainer | None = None
        self._between_steps = False  # restored, and no step is half done: the state can be saved
        self._loss: Tensor | None = None
        self._begun = (0, 0.0)
        self._clock = clock
        self._ticked = clock()
        self._reported = self._saved = time.monotonic()
        self._sums: dict[str, Tensor] = {}
        self._summed = 0

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps: training time, batch size, last losses and held-out scores."""
        return {
            "seconds": self.seconds,
            "batch_size": self.plan.batch_size,
            "losses": dict(self.losses),
            "held_out": [asdict(one) for one in self.held_out.scores],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore training time, losses and held-out scores.

        Parameters
        ----------
        state : dict
            Returned by `state_dict`.
        """
        self.seconds, self.losses = float(state["seconds"]), dict(state.get("losses", {}))
        self.held_out.restore(state.get("held_out", ()))

    def setup(self, trainer: Trainer, module: LightningModule, stage: str) -> None:
        """Remember the trainer.

        Parameters
        ----------
        trainer : Trainer
        module : LightningModule
        stage : str
            Lightning's name of what begins.
        """
        self._trainer = trainer

    def waiting(self) -> None:
        """React to the user while the next batch is prepared.

        Raises
        ------
        Stopped
            If the user wants to stop.
        """
        if self._trainer is None:
            return
        if self._wants_to_stop():
            raise Stopped
        if time.monotonic() - self._reported > REPORT_SECONDS:
            self._report(self._trainer)

    def within(self, detail: str) -> None:
        """Report a part of a long step.

        Parameters
        ----------
        detail : str
            Part that was finished.
        """
        if self._trainer is not None and time.monotonic() - self._reported > REPORT_SECONDS:
            self._report(self._trainer, detail)

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        """Start the clock.

        Parameters
        ----------
        trainer : Trainer
        module : LightningModule
        """
        self._between_steps = True
        self._ticked = self._clock()
        self._reported = self._saved = time.monotonic()
        self._begun = (trainer.global_step, self.seconds)
        cast(Any, module).within = self.within
        append(self.log_path, "begin", stage=self.stage, step=trainer.global_step)
        if not trainer.global_step:
            self._follow(trainer, module, 0.0, 0.0)
        self._report(trainer)
        self._end_if_due(trainer)

    def on_train_batch_start(
        self, trainer: Trainer, module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Seed the random numbers of this step, so that a resumed training draws the same ones.

        Parameters
        ----------
        trainer : Trainer
        module : LightningModule
        batch : object
        batch_idx : int
        """
        self._between_steps = False
        # The 0 was the number of the process; it stays, so that a seed gives the same model as before.
        text = f"{self.plan.seed} {self.stage} {trainer.global_step} 0"
        torch.manual_seed(zlib.crc32(text.encode()))
        cast(Any, module).share = self.plan.share(trainer.global_step, self.seconds)

    def on_before_backward(self, trainer: Trainer, module: LightningModule, loss: Tensor) -> None:
        """Remember the loss, which is checked together with its gradient.

        Parameters
        ----------
        trainer : Trainer
        module : LightningModule
        loss : scalar tensor
        """
        self._loss = loss.detach()

    def on_before_optimizer_step(self, trainer: Trainer, module: LightningModule, optimizer: Any) -> None:
        """Refuse a step that would spoil the weights.

        Parameters
        ----------
        trainer : Trainer
        module : LightningModule
        optimizer : Optimizer

        Raises
        ------
        TrainingError
            If the loss or its gradient is not finite.
        """
        parts = [p.grad.sum() for p in module.parameters() if p.grad is not None]
        parts += [] if self._loss is None else [self._loss.sum()]
        if parts and not torch.isfinite(torch.stack([part.float() for part in parts]).sum()):
            raise TrainingError(
                f"The loss of the {self.stage} training is no longer a finite number at step "
                f"{trainer.global_step}; the weights before it are kept, so train with another random seed "
                "or fewer steps."
            )

    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count the step, report it, save a checkpoint if it is time, and end if a limit is reached.

        Parameters
        ----------
        trainer : Trainer
        module : LightningModule
        outputs : object
        batch : object
        batch_idx : int
        """
        self._between_steps = True
        now, ticked, step = time.monotonic(), self._clock(), trainer.global_step
        self.seconds += ticked - self._ticked
        self._ticked = ticked
        stop, share = self._wants_to_stop(), self.plan.share(step, self.seconds)
        before = float(cast(Any, module).share)
        for name, value in trainer.callback_metrics.items():
            self._sums[name] = self._sums.get(name, 0) + value.detach()
        self._summed += 1
        cast(Any, module).share = share
        self._follow(trainer, module, before, share)
        if now - self._reported > REPORT_SECONDS or share >= 1:
            self._log_losses(trainer)
            self._report(trainer)
        if stop or now - self._saved > self.plan.checkpoint_seconds:
            self.save(trainer)
            self._saved = time.monotonic()
        self._end_if_due(trainer, stop)

    def on_exception(self, trainer: Trainer, module: LightningModule, exception: BaseException) -> None:
        """Save what was reached when the user interrupts or a step is refused.

        Parameters
        ----------
        trainer : Trainer
        module : LightningModule
        exception : BaseException
        """
        self.interrupted = self.interrupted or isinstance(exception, KeyboardInterrupt)
        if trainer.model is None:
            return
        # After a step that is half done, save only if the weights are intact.
        if self._between_steps or (isinstance(exception, TrainingError) and _finite(module)):
            with contextlib.suppress(OSError):  # the first error matters more
                self.save(trainer)

    def save(self, trainer: Trainer) -> None:
        """Write a checkpoint, and remove old ones.

        Parameters
        ----------
        trainer : Trainer
        """
        trainer.save_checkpoint(checkpoint_path(self.folder, trainer.global_step))
        prune(self.folder)

    def _wants_to_stop(self) -> bool:
        self.cancelled = self.cancelled or (self.cancel is not None and self.cancel.is_set())
        return self.cancelled or self.interrupted

    def _end_if_due(self, trainer: Trainer, stop: bool = False) -> None:
        if stop or self.plan.share(trainer.global_step, self.seconds) >= 1:
            trainer.should_stop = True

    def _follow(self, trainer: Trainer, module: LightningModule, before: float, share: float) -> None:
        """Score the network on held-out recordings if it is time, and append the score to the log."""
        if self.held_out.follow(cast(Any, module), trainer.global_step, self.seconds, before, share):
            append(self.log_path, "held_out", stage=self.stage, **asdict(self.held_out.scores[-1]))

    def _log_losses(self, trainer: Trainer) -> None:
        """Average the losses since the last report, and append them to the log."""
        if not self._summed:
            return
        self.losses = {name: float(total) / self._summed for name, total in self._sums.items()}
        self._sums, self._summed = {}, 0
        seconds = round(self.seconds, 2)
        append(
            self.log_path,
            "losses",
            stage=self.stage,
            step=trainer.global_step,
            seconds=seconds,
            losses=self.losses,
        )

    def _report(self, trainer: Trainer, detail: str = "") -> None:
        self._reported, step = time.monotonic(), trainer.global_step
        share, before = self.plan.share(step, self.seconds), self.plan.share(*self._begun)
        eta = (self.seconds - self._begun[1]) * (1 - share) / (share - before) if share > before else None
        total = self.plan.steps or 0
        if self.plan.minutes and share > 0:
            total = max(step, round(step / share))
        try:
            self.progress(Progress(self.stage, step, total, detail, losses=self.losses, eta=eta))
        except KeyboardInterrupt:  # stops at the end of the step, where nothing is lost
            self.interrupted = True


def _finite(module: LightningModule) -> bool:
    return all(bool(torch.isfinite(tensor).all()) for tensor in module.state_dict().values())
