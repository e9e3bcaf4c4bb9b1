"""Follow an animal that roams, and correct its track."""

# --8<-- [start:imports]
from pathlib import Path

import numpy as np

import napari_ubam as ubam
from napari_ubam.tracking import track_study
from napari_ubam.video import write_video

# --8<-- [end:imports]


def film(path: Path, speed: float) -> None:
    """Film a body that walks on a circle; your own videos take its place."""
    y, x = np.mgrid[:120, :160]
    noise = np.random.default_rng(0)
    frames = []
    for number in range(60):
        turn = speed * number
        along = (x - 80 - 35 * np.cos(turn)) * -np.sin(turn) + (y - 60 - 30 * np.sin(turn)) * np.cos(turn)
        across = (x - 80 - 35 * np.cos(turn)) * np.cos(turn) + (y - 60 - 30 * np.sin(turn)) * np.sin(turn)
        body = (np.abs(along) < 15) & (np.abs(across) < 5 - 0.2 * along)
        picture = np.where(body, 40, 160) + noise.normal(0, 2, body.shape)
        frames.append(np.repeat(picture.astype(np.uint8)[..., None], 3, axis=-1))
    write_video(path, frames, 30.0)


def main() -> None:
    # --8<-- [start:study]
    for number in range(2):
        film(Path(f"mouse{number}.mp4"), speed=0.1 + 0.02 * number)
    Path("roaming.csv").write_text(
        "video,subject,group,session\nmouse0.mp4,m0,healthy,0\nmouse1.mp4,m1,healthy,0\n"
    )
    study = ubam.Study.from_csv("roaming.csv")
    # --8<-- [end:study]
    # --8<-- [start:track]
    folder = Path("roaming_tracked_tracks")
    found = track_study(study, align="heading", folder=folder)
    found.study.to_csv("roaming_tracked.csv")
    print(f"{len(found.found)} found; not found: {found.refused}")
    print(found.movement.groupby("recording")[["speed", "turning", "confidence"]].median())
    # --8<-- [end:track]
    # --8<-- [start:correct]
    from napari_ubam.tracking.corrections import correct, doubtful_frames
    from napari_ubam.tracking.stored import StoredTrack

    stored = StoredTrack.from_csv(folder / "mouse0.csv")
    print("look at frames", doubtful_frames(stored))
    corrected = correct(stored, frame=30, centre=(45.0, 64.0), heading=-100.0)
    corrected.to_csv(folder / "mouse0.csv")
    print(f"{(corrected.source == 'interpolated').sum()} boxes follow the one that was placed by hand")
    # --8<-- [end:correct]
    # --8<-- [start:again]
    again = track_study(study, align="heading", folder=folder)
    print(f"up to date, with the corrections: {again.kept}")
    # --8<-- [end:again]


if __name__ == "__main__":
    main()
