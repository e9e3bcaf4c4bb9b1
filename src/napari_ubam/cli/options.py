"""Arguments and options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_ubam.kinds import KINDS

StudyFile = Annotated[Path, typer.Argument(metavar="STUDY.csv", help="Study table.")]
RunFolder = Annotated[Path, typer.Option("--run", metavar="RUN", help="Folder of the run.")]
Device = Annotated[str, typer.Option(help="Compute device: auto, cpu, cuda, cuda:1 or mps.")]
RecordingName = Annotated[str, typer.Argument(metavar="RECORDING", help="Name of a recording of the run.")]
Reference = Annotated[
    str,
    typer.Option(
        metavar="FILTER",
        help="Recordings that define normal, such as group=healthy or 'group=healthy and session=0'.",
    ),
]
Within = Annotated[
    str,
    typer.Option(
        metavar="subject",
        help="Compare each subject with its own reference recordings, such as those before a lesion.",
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS", help="Address of a dask.distributed scheduler, or local:4 for 4 processes."
    ),
]
Individual = Annotated[
    str,
    typer.Option(
        metavar="remove|keep",
        help="Compare without what each subject has in common in a session (remove), or with it (keep).",
    ),
]
Kind = Annotated[str, typer.Option(help=f"Embedding: {' or '.join(KINDS)}.")]
