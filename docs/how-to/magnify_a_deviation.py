"""Train a magnifier, enlarge a deviation, and write a video, a sheet of factors and a table of arrows."""

# --8<-- [start:imports]
from pathlib import Path

import napari_ubam as ubam
from napari_ubam.report import save, sweep_sheet

# --8<-- [end:imports]


def main() -> None:
    study = ubam.write_sample(Path("sample"), healthy=4, impaired=1, seconds=3)
    run = ubam.train(study, "run", preset="tiny", steps=4)
    run.embed(study)
    run.score(study, reference="group=healthy", figures=False)
    # --8<-- [start:train]
    run.train_magnifier(study, steps=4)
    # --8<-- [end:train]
    # --8<-- [start:frames]
    frames = run.magnify("impaired1", reference="group=healthy", factor=2.5, frames=slice(50, 70))
    print(frames)  # no frame is computed yet
    print(frames[3].compute().shape)
    print(frames.at(1.5), frames.reference)  # another factor, and the reference posture
    print(frames.metadata["warnings"])
    # --8<-- [end:frames]
    # --8<-- [start:files]
    ubam.export(frames, "impaired1.mp4", side_by_side=True, label=True)
    save(sweep_sheet(frames.magnification.sweep(60), "impaired1, frame 60"), Path("sweep.png"))
    frames.magnification.arrows().to_csv("arrows.csv", index=False)
    # --8<-- [end:files]
    # --8<-- [start:control]
    control = run.magnify("healthy4", reference="group=healthy", factor=2.5, frames=slice(50, 70))
    ubam.export(control, "control.mp4", side_by_side=True, label=True)
    # --8<-- [end:control]


if __name__ == "__main__":
    main()
