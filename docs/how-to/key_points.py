"""Ask how much of key points the codes of a small rendered study hold."""

# --8<-- [start:imports]
from pathlib import Path

import numpy as np
import pandas as pd

import napari_ubam as ubam

# --8<-- [end:imports]


def main() -> None:
    # --8<-- [start:embed]
    study = ubam.write_sample(Path("points"), healthy=3, impaired=1, seconds=2)
    run = ubam.train(study, "run", preset="tiny", steps=8)
    run.embed(study)
    # --8<-- [end:embed]
    # --8<-- [start:files]
    # The key points of your own come from DeepLabCut, SLEAP or another program. These are made up: a paw that
    # moves to and fro, and a nose that rests.
    Path("poses").mkdir()
    noise = np.random.default_rng(0)
    for recording in study:
        frames = np.arange(20, 40)
        paw = 80 + 10 * np.sin(frames / 3) + noise.normal(0, 1, len(frames))
        rows = pd.DataFrame({"frame": frames, "paw_x": paw, "paw_y": 150.0, "nose_x": 200.0, "nose_y": 90.0})
        rows["nose_x"] += noise.normal(0, 1, len(frames))
        rows.to_csv(f"poses/{recording.name}.csv", index=False)
    # --8<-- [end:files]
    # --8<-- [start:keypoints]
    result = run.keypoints(folder="poses", pixels=32, components=16)
    print(result.tables["keypoints"][["method", "keypoint", "r2", "error"]])
    print(result.tables["keypoints_methods"])
    # --8<-- [end:keypoints]
    # --8<-- [start:words]
    from napari_ubam.analysis.keypoints import conclusions, methods_text

    print("\n".join([*result.warnings, *conclusions(result)]))
    print(methods_text(result.facts))
    # --8<-- [end:words]


if __name__ == "__main__":
    main()
