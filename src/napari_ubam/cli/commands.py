"""Commands that make something: they check, train, embed, score, magnify and render."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_ubam.magnification.defaults import FACTOR, SMOOTHING_MS

from .app import app
from .options import Device, RecordingName, Reference, RunFolder, StudyFile
from .working import OptionError, frame_range, progress_bar, refusals, working


@app.command()
def check(
    study: StudyFile,
    full: Annotated[
        bool, typer.Option("--full", help="Decode every frame instead of a sample, and list damaged frames.")
    ] = False,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Also write the report to a JSON file.")
    ] = None,
) -> None:
    """Open every video of a study, list all problems, and tell whether there is enough data."""
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
        str | None,
        typer.Option(
            help="Model size: tiny, small or base; paper for the published networks. Default: small."
        ),
    ] = None,
    device: Device = "auto",
    minutes: Annotated[float | None, typer.Option(min=0.01, help="Training time in minutes.")] = None,
    steps: Annotated[
        int | None, typer.Option(min=0, help="Number of training steps, instead of --minutes.")
    ] = None,
    window: Annotated[
        float | None,
        typer.Option(
            min=1,
            metavar="MS",
            help="Length of a behaviour window in milliseconds. The command 'check' proposes one.",
        ),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(min=0.01, metavar="GB", help="Maximum disk space for decoded crops, in gigabytes."),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Random seed. Default: 0.")] = None,
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
            metavar="FILE.pth.tar",
            help="Checkpoint of the published code to start from, only for preset paper.",
        ),
    ] = None,
    vgg: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="VGG-16 weights for the published loss, only for --magnifier of preset paper.",
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
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Address of a dask.distributed scheduler, or local:4 for 4 processes."
        ),
    ] = None,
    device: Device = "auto",
) -> None:
    """Compute the posture and behaviour embeddings of all recordings that have none yet."""
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
    """Remove recordings from the study of a run; their embeddings stay on disk."""
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
    reference: Reference,
) -> None:
    """Score how much every frame, window and subject deviates from the reference."""
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
    recording: RecordingName,
    run: RunFolder,
    reference: Reference,
    out: Annotated[Path, typer.Option(metavar="FILE", help="File to write: .mp4, .tif or .zarr.")],
    factor: Annotated[
        float, typer.Option(help="0 shows the reference posture, 1 the original, above 1 magnifies.")
    ] = FACTOR,
    frames: Annotated[
        str | None,
        typer.Option(
            metavar="START:STOP", help="Frames to write, such as 100:220 for frames 100 to 219. Default: all."
        ),
    ] = None,
    smoothing: Annotated[
        float,
        typer.Option(min=0, metavar="MS", help="Smooth the change towards the reference over this time."),
    ] = SMOOTHING_MS,
    side_by_side: Annotated[
        bool,
        typer.Option(
            "--side-by-side", help="Show the original, the magnified frame and their difference side by side."
        ),
    ] = False,
    label: Annotated[
        bool, typer.Option("--label", help="Write the factor and the reference into each frame.")
    ] = False,
    sweep: Annotated[
        Path | None,
        typer.Option(metavar="PNG", help="Also write an image of the middle frame at several factors."),
    ] = None,
    arrows: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="Also write a table of the movement between original and magnified frames, in pixels.",
        ),
    ] = None,
    device: Device = "auto",
) -> None:
    """Magnify the deviation of a recording from the reference, and write the frames."""
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
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write to.")],
    healthy: Annotated[int, typer.Option(min=0, help="Number of healthy animals.")] = 8,
    impaired: Annotated[int, typer.Option(min=0, help="Number of animals with bouts of impaired gait.")] = 4,
    seconds: Annotated[float, typer.Option(min=0.1, help="Length of each video in seconds.")] = 15.0,
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
) -> None:
    """Render the sample study: videos, the study table, and the ground truth."""
    with refusals(), working() as (tell, cancel):
        from napari_ubam.sample import write_sample

        amounts: dict[str, Any] = {"healthy": healthy, "impaired": impaired, "seconds": seconds}
        study = write_sample(folder, **amounts, seed=seed, progress=tell, cancel=cancel)
        typer.echo(f"{len(study)} recordings are in {folder}; the study is {folder / 'study.csv'}.")


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write to.")],
    steps: Annotated[
        int | None, typer.Option(min=1, help="Number of training steps; fewer steps are faster.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
    magnify: Annotated[
        bool, typer.Option("--magnify", help="Also magnify the strongest episode. This takes twice as long.")
    ] = False,
) -> None:
    """Run all steps on rendered animals, and compare the results with the ground truth."""
    with refusals(), working() as (tell, cancel):
        from napari_ubam.run.demo import run_demo

        for line in run_demo(folder, steps=steps, seed=seed, magnify=magnify, progress=tell, cancel=cancel):
            typer.echo(line)
