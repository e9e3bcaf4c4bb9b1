"""The commands; every one is a thin call of the library."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_ubam.magnification.defaults import FACTOR, SMOOTHING_MS

from .app import app
from .options import Device, RunFolder, StudyFile
from .working import OptionError, frame_range, progress_bar, refusals, working


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
        str | None, typer.Option(help="tiny, small or base; paper for the published networks. Default: small")
    ] = None,
    device: Device = "auto",
    minutes: Annotated[float | None, typer.Option(min=0.01, help="Training time.")] = None,
    steps: Annotated[int | None, typer.Option(min=0, help="Training steps, instead of minutes.")] = None,
    window: Annotated[
        float | None,
        typer.Option(min=1, metavar="MS", help="Length of a behaviour window, as 'check' proposes."),
    ] = None,
    budget: Annotated[
        float | None, typer.Option(min=0.01, metavar="GB", help="Disk space for decoded crops.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Random seed. Default: 0")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue a training that was stopped, with its settings.")
    ] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Discard a training that was stopped, and start again.")
    ] = False,
    magnifier: Annotated[
        bool, typer.Option("--magnifier", help="Train the magnifier of a run with trained encoders.")
    ] = False,
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.pth.tar", help="Checkpoint of the published code from which preset paper begins."
        ),
    ] = None,
    vgg: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Weights of VGG-16 for the published loss; with --magnifier, preset paper."
        ),
    ] = None,
) -> None:
    """Learn posture and behaviour from the videos of a study, without labels."""
    with refusals(), working() as (tell, cancel):
        _refuse_options(magnifier, {"--preset": preset, "--window": window}, {"--vgg": vgg})
        from napari_ubam.run import train as learn
        from napari_ubam.run import train_magnifier
        from napari_ubam.study import Study

        shared: dict[str, Any] = {
            "device": device,
            "minutes": minutes,
            "steps": steps,
            "seed": seed,
            "resume": resume,
            "restart": restart,
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


def _refuse_options(magnifier: bool, encoders: dict[str, object], own: dict[str, object]) -> None:
    """Refuse options of the encoders beside --magnifier, and those of the magnifier without it."""
    for name, value in (encoders if magnifier else own).items():
        if value is None:
            continue
        if magnifier:
            raise OptionError(
                f"{name} is given beside --magnifier, which uses the preset and window of the run; leave out "
                f"{name}."
            )
        raise OptionError(f"{name} is given without --magnifier, which alone uses it; add --magnifier.")


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
def remove(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Names of recordings of the run.")],
    run: RunFolder,
) -> None:
    """Remove recordings from the study of a run; their codes stay on disk."""
    with refusals():
        from napari_ubam.run import Run
        from napari_ubam.runfolder.scored import stale_scores

        opened = Run.open(run)
        left = opened.remove(names)
        typer.echo(f"{len(set(names))} recordings were removed, {len(left)} are left in the study of {run}.")
        sentence = stale_scores(opened.folder)
        if sentence is not None:
            typer.echo(sentence, err=True)


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

        scores = Run.open(run).score(Study.from_csv(study), reference, progress=tell, cancel=cancel)
        for line in summary_lines(scores):
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
    ] = FACTOR,
    frames: Annotated[
        str | None,
        typer.Option(metavar="START:STOP", help="Frames from 0, STOP not included, such as 100:220."),
    ] = None,
    smoothing: Annotated[
        float,
        typer.Option(min=0, metavar="MS", help="Smooth the change towards the reference over this time."),
    ] = SMOOTHING_MS,
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
        from napari_ubam.magnification.export import export
        from napari_ubam.magnification.prepare import magnification
        from napari_ubam.run import Run

        made = magnification(
            Run.open(run).folder,
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
            title = f"{recording}, frame {middle}, reference {reference}"
            save(sweep_sheet(made.sweep(middle), title), sweep)
        if arrows is not None:
            table = made.arrows(progress=tell, cancel=cancel)
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
