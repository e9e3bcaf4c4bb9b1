"""The command that follows subjects over sessions, from a baseline on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from napari_ubam.cli.analysis_results import print_files, print_sentences
from napari_ubam.cli.app import app
from napari_ubam.cli.options import RunFolder
from napari_ubam.cli.progress_and_refusals import refusals, working

if TYPE_CHECKING:
    pass

By = Annotated[
    str, typer.Option(metavar="COLUMN", help="Column of the study that holds the sessions, such as session.")
]
Baseline = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SESSION",
        help="Session before the lesion, such as 0. This option can be repeated. Default: the first session.",
    ),
]
Order = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SESSION",
        help="Session at the next place of the order; repeat this option for each session. Default: by size "
        "if all are numbers, else the order of the study.",
    ),
]
Margin = Annotated[
    float,
    typer.Option(
        metavar="SIMILARITY",
        help="Largest change of cosine similarity that counts as none. 0: 1.5 standard deviations of the "
        "baseline.",
    ),
]
Reference = Annotated[
    str,
    typer.Option(
        metavar="FILTER",
        help="Reference recordings, such as group=healthy. Default: the baselines of the other subjects.",
    ),
]
Where = Annotated[
    str, typer.Option(metavar="FILTER", help="Use only these recordings, such as group=stroke.")
]
WindowsOrFrames = Annotated[
    str, typer.Option(help="What is compared: behaviour (windows) or posture (frames).")
]


@app.command()
def recovery(
    run: RunFolder,
    by: By = "session",
    baseline: Baseline = None,
    order: Order = None,
    margin: Margin = 0.0,
    reference: Reference = "",
    where: Where = "",
    kind: WindowsOrFrames = "behaviour",
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
) -> None:
    """Tell whether subjects return to their own baseline over sessions. The unit is the subject."""
    with refusals(), working(run, "recovery") as (tell, cancel):
        from napari_ubam.run import Run

        result = Run.open(run).recovery(
            by,
            baseline=baseline or (),
            order=order or (),
            margin=margin,
            reference=reference,
            where=where,
            kind=kind,  # type: ignore[arg-type]  # the library refuses what it does not know
            seed=seed,
            progress=tell,
            cancel=cancel,
        )
        print_sentences(result)
        print_files(result, run)
