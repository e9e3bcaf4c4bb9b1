"""What all commands share: error messages and exit codes, progress on screen or in a file, cancelling."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import typer

from napari_ubam.errors import UbamError, os_error_sentence
from napari_ubam.jobs.events import CANCELLED, EventLog
from napari_ubam.progress import Cancelled, Progress

from .announcing import Announcement

LOG_SECONDS = 15.0  # between lines of progress in a file
LIBRARIES = "libraries"  # the stage
LARGE = ("pandas", "dask.array", "torch", "napari_ubam.run")
FOR_TRAINING = ("lightning.pytorch", "napari_ubam.training.pipeline.encoders")
_LOG: ContextVar[EventLog | None] = ContextVar("events", default=None)


class OptionError(UbamError):
    """The value of an option cannot be read."""


def log_events(context: typer.Context, path: Path) -> None:
    """Write the progress of a command to a file, and stop it when a file beside it asks to."""
    with refusals():
        log = EventLog(path)
    log.write_progress(Progress(LIBRARIES, 0, 0))
    _LOG.set(log)

    def close() -> None:
        # Called while an error passes, too: only an end without one is a success.
        error = sys.exc_info()[1]
        _LOG.set(None)
        if error is None or isinstance(error, (typer.Exit, SystemExit)):
            log.end(int(getattr(error, "exit_code", 0) or 0))
        else:
            log.close()

    context.call_on_close(close)


def _refuse(code: int, sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    events = _LOG.get()
    if events is not None:
        events.end(code, sentence)
    raise typer.Exit(code) from None


@contextmanager
def refusals() -> Iterator[None]:
    """Print the sentence of a refused input, and exit with its code."""
    try:
        yield
    except BrokenPipeError:
        raise  # the reader of the output has closed it, and typer handles this
    except (KeyboardInterrupt, Cancelled, UbamError, OSError) as error:
        _refuse(*_ending(error))
    # Any other error is a defect of ours, and its traceback helps.


def _ending(error: BaseException) -> tuple[int, str]:
    """Exit code and sentence of a command that an error has ended."""
    if isinstance(error, (KeyboardInterrupt, Cancelled)):
        return CANCELLED, str(error) or "Cancelled."
    if isinstance(error, typer.Exit):
        return error.exit_code, ""
    return 1, os_error_sentence(error) if isinstance(error, OSError) else str(error)


@contextmanager
def working(
    run: Path | None = None, command: str = ""
) -> Iterator[tuple[Callable[[Progress], None], threading.Event]]:
    """Show the progress of long work. The first Ctrl-C asks the work to stop, the second ends it at once.

    Parameters
    ----------
    run : Path, optional
        Folder of a run that the work changes. Windows on the run show the progress, too, and wait.
    command : str
        Name of the command, for these windows.
    """
    events = _LOG.get()
    cancel = threading.Event() if events is None else events.cancel
    announced = Announcement(run if events is None else None, command, cancel)

    def ask(number: int, frame: object) -> None:
        if cancel.is_set():
            raise KeyboardInterrupt
        cancel.set()
        typer.echo("Stopping; press Ctrl-C again to stop at once.", err=True)

    # Only the main thread can handle signals.
    main_thread = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, ask) if main_thread else None
    log = _logged()
    try:
        with progress_bar("") as advance:

            def tell(event: Progress) -> None:
                if events is not None:
                    events.write_progress(event)
                announced.tell(event)
                if event.message:
                    typer.echo(event.message, err=True)
                if event.of:
                    losses = " ".join(f"{name} {value:.3g}" for name, value in event.losses.items())
                    advance(event.share, f"{event.stage} {event.detail or losses}".strip())
                    log(event)

            yield tell, cancel
        announced.end(0)
    except BaseException as error:
        announced.end(*_ending(error))
        raise
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)


def load_libraries(tell: Callable[[Progress], None], *, training: bool = False) -> None:
    """Import the large libraries one by one, and tell it, since this takes seconds.

    A request to stop ends the command at once.

    Parameters
    ----------
    tell : callable
        Gets a report before each library and at the end.
    training : bool
        Whether those that only a training needs are loaded, too.
    """
    events = _LOG.get()
    names = LARGE + FOR_TRAINING if training else LARGE
    with nullcontext() if events is None else events.nothing_to_lose():
        for number, name in enumerate(names):
            tell(Progress(LIBRARIES, number, len(names), detail=name.partition(".")[0]))
            import_module(name)
        tell(Progress(LIBRARIES, len(names), len(names)))


def _logged() -> Callable[[Progress], None]:
    """Print the progress in lines now and then if stderr is a file, which cannot show a bar."""
    if sys.stderr.isatty():
        return lambda event: None
    told = time.monotonic()

    def tell(event: Progress) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told < LOG_SECONDS:
            return
        told = now
        left = "" if event.eta is None else f", {event.eta:.0f} s left"
        typer.echo(f"{event.stage}: {event.step} of {event.of}{left}", err=True)

    return tell


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[float, str], None]]:
    """Show a progress bar on stderr until the work is done, if stderr is a terminal."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=1.0)

        def advance(share: float, name: str) -> None:
            bar.update(task, completed=share, description=f"{title} {escape(name)}".strip())

        yield advance


def frame_range(text: str | None) -> slice | None:
    """Read ``100:220``, ``100:`` or ``:220``."""
    if text is None:
        return None
    start, colon, stop = text.partition(":")
    try:
        if colon:
            return slice(int(start) if start.strip() else None, int(stop) if stop.strip() else None)
    except ValueError:
        pass
    raise OptionError(
        f"--frames {text} is not a range of frames; write START:STOP, such as 100:220 for frames 100 to 219."
    )
