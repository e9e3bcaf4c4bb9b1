"""Train a magnifier, render a deviation larger, and write it as a video, a sheet and a table of arrows."""

# --8<-- [start:imports]
from pathlib import Path

import napari_ubam as ubam
from napari_ubam.magnification.export import export
from napari_ubam.report import save, sweep_sheet

# --8<-- [end:imports]


def main() -> None:
    study = ubam.write_sample(Path("sample"), healthy=4, impaired=1, seconds=4)
    run = ubam.train(study, "run", preset="tiny", steps=10)
    # --8<-- [start:train]
    ubam.train_magnifier(study, run, steps=10)
    # --8<-- [end:train]
    # --8<-- [start:frames]
    frames = run.magnify("impaired1", reference="group=healthy", factor=2.5, frames=slice(50, 70))
    print(frames)  # nothing was computed yet
    print(frames[3].compute().shape)
    # --8<-- [end:frames]
    # --8<-- [start:files]
    made = run.magnification("impaired1", "group=healthy", 2.5, frames=slice(50, 70))
    export(made, "impaired1.mp4", side_by_side=True, label=True)
    save(sweep_sheet(made.sweep(60), "impaired1, frame 60"), Path("sweep.png"))
    made.arrows().to_csv("arrows.csv", index=False)
    # --8<-- [end:files]
    # --8<-- [start:control]
    control = run.magnification("healthy4", "group=healthy", 2.5, frames=slice(50, 70))
    export(control, "control.mp4", side_by_side=True, label=True)
    # --8<-- [end:control]


if __name__ == "__main__":
    main()
