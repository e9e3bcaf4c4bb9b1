"""The command that tells what a stimulus inside recordings changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from napari_ubam.cli.analysis_results import print_files, print_sentences
from napari_ubam.cli.app import app
from napari_ubam.cli.options import RunFolder
from napari_ubam.cli.progress_and_refusals import refusals, working

if TYPE_CHECKING:
    pass

Label = Annotated[
    str,
    typer.Option(
        metavar="LABEL",
        help="Label of the intervals in the study, such as light. Default: the only one.",
    ),
]
Where = Annotated[
    str, typer.Option(metavar="FILTER", help="Use only these recordings, such as group=stroke.")
]
By = Annotated[
    str,
    typer.Option(
        metavar="COLUMN",
        help="Also compare the response between the values of this column of the study, such as group.",
    ),
]
Before = Annotated[
    float,
    typer.Option(
        metavar="SECONDS",
        help="Time before the onset that counts as off. 0: as long as the stimulus, at most half a pause.",
    ),
]
After = Annotated[
    float,
    typer.Option(
        metavar="SECONDS",
        help="Time after the stimulus that is looked at. 0: as long as the stimulus, at most half a pause.",
    ),
]
Window = Annotated[
    float,
    typer.Option(
        metavar="SECONDS",
        help="Time after the onset that the curves show. 0: the stimulus and the time after it.",
    ),
]
Step = Annotated[float, typer.Option(metavar="SECONDS", help="Length of a bin of the curves.")]
Decode = Annotated[
    bool,
    typer.Option(help="Tell whether the codes of frames show the stimulus in subjects that were left out."),
]
CodesKind = Annotated[str, typer.Option(help="Codes for the decoding: posture or behaviour.")]
Shifts = Annotated[
    int, typer.Option(help="How often the stimulus is moved to random times, for the deviation.")
]
DecodingShifts = Annotated[
    int, typer.Option(help="The same for the decoding, which is trained anew each time.")
]


@app.command()
def stimulus(
    run: RunFolder,
    label: Label = "",
    where: Where = "",
    by: By = "",
    before: Before = 0.0,
    after: After = 0.0,
    window: Window = 0.0,
    step: Step = 0.05,
    decode: Decode = True,
    kind: CodesKind = "posture",
    shifts: Shifts = 2000,
    decoding_shifts: DecodingShifts = 200,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
) -> None:
    """Tell what a stimulus inside recordings changes, and when. The unit is the subject."""
    with refusals(), working(run, "stimulus") as (tell, cancel):
        from napari_ubam.run import Run

        result = Run.open(run).stimulus(
            label,
            where=where,
            by=by,
            before=before,
            after=after,
            window=window,
            step=step,
            decode=decode,
            kind=kind,  # type: ignore[arg-type]  # the library refuses what it does not know
            shifts=shifts,
            decoding_shifts=decoding_shifts,
            seed=seed,
            progress=tell,
            cancel=cancel,
        )
        print_sentences(result)
        print_files(result, run)
