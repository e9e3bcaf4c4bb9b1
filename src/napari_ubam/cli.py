"""The command line; every command is a thin call of the library.

Exit codes: 0 when done, 1 for an input that is refused, 2 for a mistyped command, 130 when cancelled.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

import napari_ubam

app = typer.Typer(
    name="napari-ubam",
    help="Unsupervised analysis and magnification of behaviour in videos.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
CANCELLED = 130


def main() -> None:
    """Run the command line."""
    # A pipe's encoding may lack a letter of a file's name; that must not end the command.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app()


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"napari-ubam {napari_ubam.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Unsupervised analysis and magnification of behaviour in videos."""


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn a refused input into its sentence and exit code."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("Cancelled.", err=True)
        raise typer.Exit(CANCELLED) from None
    except BrokenPipeError:
        raise  # whoever read the output has seen enough, which typer knows to handle
    except (ValueError, OSError) as error:
        sentence = _sentence(error)
        if sentence is None:
            raise  # a defect of ours, whose traceback helps
        typer.echo(sentence, err=True)
        raise typer.Exit(1) from None


def _sentence(error: ValueError | OSError) -> str | None:
    """Say what to tell the user of an error; None for one that no input explains."""
    from napari_ubam.study import StudyError
    from napari_ubam.video import VideoError

    if isinstance(error, StudyError | VideoError):
        return str(error)
    if isinstance(error, OSError):
        reason = (error.strerror or str(error)).lower()
        return f"{error.filename or 'The file'} cannot be used ({reason}); choose another path."
    return None


@app.command()
def check(
    study: Annotated[Path, typer.Argument(metavar="STUDY.csv", help="Table of the study.")],
    full: Annotated[
        bool, typer.Option("--full", help="Decode every frame, not a sample, and list those that fail.")
    ] = False,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="PATH", help="Write the report as JSON, too.")
    ] = None,
) -> None:
    """Open every video of a study, list all problems, and say whether there is enough data."""
    with _refusals():
        from napari_ubam.check import check_study
        from napari_ubam.check.render import show
        from napari_ubam.study import Study

        table = Study.from_csv(study)
        with _progress("Checking") as advance:
            report = check_study(table, full=full, progress=advance)
        show(report, sys.stdout)  # first, so that it is seen even where the file cannot be written
        if json is not None:
            json.write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
        if report.ok:
            return
        if not sys.stdout.isatty():  # the report goes to a file, but the errors must still be seen
            typer.echo("\n".join(map(str, report.errors)), err=True)
        raise typer.Exit(1)


@contextmanager
def _progress(title: str) -> Iterator[Callable[[float, str], None]]:
    """Progress bar on stderr, gone when done; nothing where stderr is no terminal."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=1.0)

        def advance(share: float, name: str) -> None:
            bar.update(task, completed=share, description=f"{title} {escape(name)}")

        yield advance


if __name__ == "__main__":
    main()
