"""``napari-ubam train``: encoders, or with ``--magnifier`` the magnifier."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_ubam.cli.app import app
from napari_ubam.cli.options import Device, RunFolder, StudyFile
from napari_ubam.cli.progress_and_refusals import OptionError, load_libraries, refusals, working
from napari_ubam.jobs import command_line

if TYPE_CHECKING:
    from napari_ubam.training.checks.quality import Quality

Preset = Annotated[
    str | None,
    typer.Option(help="Model size: tiny, small or base; paper for the published networks. Default: small."),
]
Window = Annotated[
    float | None,
    typer.Option(
        min=1,
        metavar="MS",
        help="Length of a behaviour window in milliseconds. The command 'check' proposes one.",
    ),
]
Budget = Annotated[
    float | None,
    typer.Option(
        min=0.01,
        metavar="GB",
        help="Maximum disk space for decoded crops, in gigabytes; features of a backbone get as much.",
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Continue a training that was stopped, or add --minutes or --steps to one that has ended.",
    ),
]
Weights = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.pth.tar",
        help="Checkpoint of the published code to start from, only for preset paper.",
    ),
]
Vgg = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="VGG-16 weights for the published loss, only for --magnifier of preset paper.",
    ),
]
Backbone = Annotated[
    Path | None,
    typer.Option(
        metavar="PATH",
        help="Pretrained network whose features the posture encoder reads: a Hugging Face folder, or a "
        "file of timm or torch.hub. Nothing is downloaded.",
    ),
]
BackboneName = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Architecture of the backbone, if its file does not say it."),
]
TuneBackbone = Annotated[
    bool,
    typer.Option("--tune-backbone", help="Train the backbone with the rest, instead of freezing it."),
]
WholeFrame = Annotated[
    bool,
    typer.Option(
        "--whole-frame",
        help="Use the whole picture of recordings without a region, instead of looking for the subject.",
    ),
]


@app.command()
def train(
    study: StudyFile,
    run: RunFolder,
    preset: Preset = None,
    device: Device = "auto",
    minutes: Annotated[float | None, typer.Option(min=0.01, help="Training time in minutes.")] = None,
    steps: Annotated[
        int | None, typer.Option(min=0, help="Number of training steps, instead of --minutes.")
    ] = None,
    window: Window = None,
    budget: Budget = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Random seed. Default: 0.")] = None,
    resume: Resume = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Discard a training that was stopped, and start again.")
    ] = False,
    magnifier: Annotated[
        bool, typer.Option("--magnifier", help="Train the magnifier of a run with trained encoders.")
    ] = False,
    weights: Weights = None,
    vgg: Vgg = None,
    backbone: Backbone = None,
    backbone_name: BackboneName = None,
    tune_backbone: TuneBackbone = False,
    whole_frame: WholeFrame = False,
) -> None:
    """Learn posture and behaviour from the videos of a study, without labels."""
    with refusals(), working(run, "train") as (tell, cancel):
        _refuse_options(
            magnifier,
            {
                "--preset": preset,
                "--window": window,
                "--backbone": backbone,
                "--backbone-name": backbone_name,
                "--tune-backbone": tune_backbone or None,
                "--whole-frame": whole_frame or None,
            },
            {"--vgg": vgg},
        )
        load_libraries(tell, training=True)
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
        done = learn(
            table,
            run,
            preset=preset,
            window_ms=window,
            backbone=backbone,
            backbone_name=backbone_name,
            tune_backbone=tune_backbone,
            whole_frame=whole_frame,
            **shared,
        )
        for line in done.quality.summary():
            typer.echo(line)
        for line in _next_step(done.quality, study, run):
            typer.echo(line)
        typer.echo(f"The model is in {done.folder}; its checks are in quality.json and figures/.")


def _next_step(quality: Quality, study: Path, run: Path) -> Iterator[str]:
    """Say whether the training should go on, and with which command."""
    if quality.next_step:
        yield quality.next_step
    if quality.advice is not None and quality.advice.more_minutes is not None:
        minutes = quality.advice.more_minutes
        words = ("napari-ubam", "train", str(study), "--run", str(run), "--resume", "--minutes", str(minutes))
        yield f"  {command_line(words)}"


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
