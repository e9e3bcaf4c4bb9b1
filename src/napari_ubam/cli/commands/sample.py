"""``napari-ubam sample``: rendered animals to try everything on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from napari_ubam.cli.app import app
from napari_ubam.cli.progress_and_refusals import refusals, working


@app.command()
def sample(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write to.")],
    healthy: Annotated[int, typer.Option(min=0, help="Number of healthy animals.")] = 8,
    impaired: Annotated[int, typer.Option(min=0, help="Number of animals with bouts of impaired gait.")] = 4,
    seconds: Annotated[float, typer.Option(min=0.1, help="Length of each video in seconds.")] = 15.0,
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
) -> None:
    """Render the sample study: videos, the study table, and the ground truth."""
    with refusals(), working() as (tell, cancel):
        from napari_ubam.sample import write_sample
        from napari_ubam.study.values import counted

        amounts: dict[str, Any] = {"healthy": healthy, "impaired": impaired, "seconds": seconds}
        study = write_sample(folder, **amounts, seed=seed, progress=tell, cancel=cancel)
        typer.echo(
            f"Wrote {counted(len(study), 'recording')} to {folder}; the study is {folder / 'study.csv'}."
        )
