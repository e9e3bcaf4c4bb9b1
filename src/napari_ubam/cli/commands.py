"""The commands; every one is a thin call of the library."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from .app import app
from .options import Device, RunFolder, StudyFile
from .working import frame_range, progress_bar, refusals, working


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
    with refusals():
        from napari_ubam.check import check_study
        from napari_ubam.check.render import show
        from napari_ubam.study import Study

        table = Study.from_csv(study)
        with progress_bar("Checking") as advance:
            report = check_study(table, full=full, progress=advance)
        show(report, sys.stdout)  # first, so that it is seen even where the file cannot be written
        if json is not None:
            json.write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
        if report.ok:
            return
        if not sys.stdout.isatty():  # the report goes to a file, but the errors must still be seen
            typer.echo("\n".join(map(str, report.errors)), err=True)
        raise typer.Exit(1)


@app.command()
def train(
    study: StudyFile,
    run: RunFolder,
    preset: Annotated[
        str, typer.Option(help="tiny, small or base; paper for the published networks.")
    ] = "small",
    device: Device = "auto",
    minutes: Annotated[float | None, typer.Option(min=0.01, help="Time to train.")] = None,
    steps: Annotated[int | None, typer.Option(min=0, help="Steps to train, instead of minutes.")] = None,
    window: Annotated[
        float | None, typer.Option(min=1, metavar="MS", help="Window of behaviour, as 'check' proposes.")
    ] = None,
    budget: Annotated[
        float | None, typer.Option(min=0.01, metavar="GB", help="Disk space for decoded crops.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of all that is drawn.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a training that was stopped.")] = False,
    magnifier: Annotated[
        bool, typer.Option("--magnifier", help="Train the magnifier of a run whose encoders are trained.")
    ] = False,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE.pth.tar", help="Of the published code, for preset paper to begin with."),
    ] = None,
    vgg: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Weights of VGG-16, for the published loss of preset paper."),
    ] = None,
) -> None:
    """Learn posture and behaviour from the videos of a study, without labels."""
    with refusals(), working() as (tell, cancel):
        from napari_ubam.run import train as learn
        from napari_ubam.run import train_magnifier
        from napari_ubam.study import Study

        shared: dict[str, Any] = {
            "device": device,
            "minutes": minutes,
            "steps": steps,
            "seed": seed,
            "resume": resume,
            "budget_bytes": None if budget is None else int(budget * 1e9),
            "weights": weights,
            "progress": tell,
            "cancel": cancel,
        }
        table = Study.from_csv(study)
        if magnifier:
            made = train_magnifier(table, run, vgg=vgg, **shared)
            typer.echo(f"The magnifier is in {made.folder}.")
            return

        done = learn(table, run, preset=preset, window_ms=window, **shared)
        for line in done.quality.summary():
            typer.echo(line)
        typer.echo(f"The model is in {done.folder}; its checks are in quality.json and figures/.")


@app.command()
def embed(
    study: StudyFile,
    run: RunFolder,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="dask.distributed scheduler, or local:4.")
    ] = None,
    device: Device = "auto",
) -> None:
    """Compute the posture and behaviour codes of every recording that has none yet."""
    with refusals(), working() as (tell, cancel):
        from napari_ubam.run import Run
        from napari_ubam.study import Study

        opened = Run.open(run)
        report = opened.embed(
            Study.from_csv(study), device=device, scheduler=scheduler, progress=tell, cancel=cancel
        )
        typer.echo(f"{len(report.done)} recordings embedded, {len(report.skipped)} were there already.")
        for name, sentence in report.failed:
            typer.echo(f"{name} failed: {sentence}", err=True)
        if report.failed:
            raise typer.Exit(1)


@app.command()
def score(
    study: StudyFile,
    run: RunFolder,
    reference: Annotated[str, typer.Option(metavar="FILTER", help="What is normal, such as group=healthy.")],
) -> None:
    """Score how much every frame, window and subject deviates from a reference."""
    with refusals(), working() as (tell, cancel):
        from napari_ubam.run import Run
        from napari_ubam.run.summary import summary_lines
        from napari_ubam.study import Study

        scoring = Run.open(run).scoring(Study.from_csv(study), reference, progress=tell, cancel=cancel)
        for line in summary_lines(scoring):
            typer.echo(line)
        typer.echo(f"Tables and figures are in {run}.")


@app.command()
def magnify(
    recording: Annotated[str, typer.Argument(metavar="RECORDING", help="Name of a recording of the run.")],
    run: RunFolder,
    reference: Annotated[str, typer.Option(metavar="FILTER", help="What is normal, such as group=healthy.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="File to write: .mp4, .tif or .zarr.")],
    factor: Annotated[
        float, typer.Option(help="0 shows the reference posture, 1 the original, above 1 magnifies.")
    ] = 2.0,
    frames: Annotated[
        str | None,
        typer.Option(metavar="START:STOP", help="Frames from 0, STOP not included, such as 100:220."),
    ] = None,
    smoothing: Annotated[
        float, typer.Option(min=0, metavar="MS", help="Of the difference over time.")
    ] = 50.0,
    side_by_side: Annotated[
        bool, typer.Option("--side-by-side", help="Original, magnified and difference in a row.")
    ] = False,
    label: Annotated[
        bool, typer.Option("--label", help="Write factor and reference into the picture.")
    ] = False,
    sweep: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Also the middle frame at several factors, as a sheet.")
    ] = None,
    arrows: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Also a table of what moved in every frame, in pixels.")
    ] = None,
    device: Device = "auto",
) -> None:
    """Write a recording with its deviation from the reference made larger."""
    with refusals(), working() as (tell, cancel):
        import warnings

        from napari_ubam.magnification.export import export
        from napari_ubam.run import Run

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = Run.open(run).magnification(
                recording,
                reference,
                factor,
                frames=frame_range(frames),
                smoothing_ms=smoothing,
                device=device,
                cancel=cancel,
            )
        for sentence in made.metadata["warnings"]:
            typer.echo(sentence, err=True)
        path = export(made, out, side_by_side=side_by_side, label=label, progress=tell, cancel=cancel)
        if sweep is not None:
            from napari_ubam.report import save, sweep_sheet

            middle = int(made.numbers[len(made.numbers) // 2])
            save(
                sweep_sheet(made.sweep(middle), f"{recording}, frame {middle}, reference {reference}"), sweep
            )
        if arrows is not None:
            table = made.arrows(cancel)
            arrows.parent.mkdir(parents=True, exist_ok=True)
            table.to_csv(arrows, index=False)
        typer.echo(f"{len(made.numbers)} frames at factor {factor:g} are in {path}.")


@app.command()
def sample(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write it.")],
    healthy: Annotated[int, typer.Option(min=0, help="Healthy animals.")] = 8,
    impaired: Annotated[int, typer.Option(min=0, help="Animals with bouts of impaired gait.")] = 4,
    seconds: Annotated[float, typer.Option(min=0.1, help="Length of each video.")] = 15.0,
    seed: Annotated[int, typer.Option(min=0, help="Of the animals.")] = 0,
) -> None:
    """Render the sample study: videos, its table, and the truth about them."""
    with refusals(), working() as (tell, cancel):
        from napari_ubam.sample import write_sample

        amounts: dict[str, Any] = {"healthy": healthy, "impaired": impaired, "seconds": seconds}
        study = write_sample(folder, **amounts, seed=seed, progress=tell, cancel=cancel)
        typer.echo(f"{len(study)} recordings are in {folder}; the study is {folder / 'study.csv'}.")


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write it.")],
    steps: Annotated[int | None, typer.Option(min=1, help="Steps to train; fewer are quicker.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the animals and of the training.")] = 0,
    magnify: Annotated[
        bool, typer.Option("--magnify", help="Also magnify the strongest episode; takes twice as long.")
    ] = False,
) -> None:
    """Do the whole job on rendered animals and compare the result with the truth."""
    with refusals(), working() as (tell, cancel):
        from napari_ubam.run.demo import run_demo

        for line in run_demo(folder, steps=steps, seed=seed, magnify=magnify, progress=tell, cancel=cancel):
            typer.echo(line)
