"""The command that compares the codes of a run with key points."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from napari_ubam.cli.analysis_results import print_files, print_sentences
from napari_ubam.cli.app import app
from napari_ubam.cli.options import Kind, RunFolder
from napari_ubam.cli.progress_and_refusals import refusals, working

Files = Annotated[
    list[str] | None,
    typer.Option(
        "--file",
        metavar="RECORDING=FILE",
        help="File with the key points of a recording. This option can be repeated. Default: the column "
        "keypoints of the study.",
    ),
]
Folder = Annotated[
    Path | None,
    typer.Option("--folder", metavar="DIR", help="Folder with files that are named like the recordings."),
]
Individual = Annotated[
    str, typer.Option(help="Individual in files with several. Default: the one with the subject's name.")
]


@app.command()
def keypoints(
    run: RunFolder,
    files: Files = None,
    folder: Folder = None,
    individual: Individual = "",
    kind: Kind = "posture",
    likelihood: Annotated[
        float, typer.Option(help="Points with a smaller likelihood count as not seen.")
    ] = 0.6,
    frames: Annotated[int, typer.Option(help="Number of frames at most, spread evenly.")] = 1000,
    gap: Annotated[
        float,
        typer.Option(
            help="Seconds around a block of time that are not learnt from; for behaviour codes at least "
            "their window."
        ),
    ] = 0.5,
    pixels: Annotated[int, typer.Option(help="Side of the crops that pixel PCA and HOG see.")] = 64,
    components: Annotated[int, typer.Option(help="Number of components of the pixels.")] = 64,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
) -> None:
    """Measure how much of key points that you bring the codes hold, against pixel PCA and HOG."""
    with refusals(), working(run, "keypoints") as (tell, cancel):
        from napari_ubam.run import Run

        values: dict[str, Any] = {"folder": str(folder or ""), "individual": individual, "kind": kind}
        values |= {"likelihood": likelihood, "frames": frames, "gap": gap, "pixels": pixels}
        values |= {"components": components, "seed": seed}
        result = Run.open(run).analyse(
            "keypoints", files=tuple(files or ()), progress=tell, cancel=cancel, **values
        )
        print_sentences(result)
        shown = result.tables["keypoints"].pivot(index="keypoint", columns="method", values="r2")
        typer.echo("R² of each key point:")
        typer.echo(shown[["code", "pixel PCA", "HOG"]].to_string(float_format="{:.2f}".format))
        print_files(result, run)
