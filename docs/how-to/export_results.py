"""Write the results of a small rendered study in the formats of other programs, and read them back."""

# --8<-- [start:imports]
from pathlib import Path

import numpy as np
import pandas as pd

import napari_ubam as ubam
from napari_ubam.formats import FORMATS

# --8<-- [end:imports]


def main() -> None:
    # --8<-- [start:score]
    study = ubam.write_sample(Path("export"), healthy=3, impaired=1, seconds=2)
    run = ubam.train(study, "run", preset="tiny", steps=8)
    run.embed(study)
    run.score(study, reference="group=healthy", figures=False)
    # --8<-- [end:score]
    # --8<-- [start:export]
    for name, format in FORMATS.items():
        if format.missing:
            print(format.missing)  # such as: install napari-ubam[nwb]
            continue
        done = run.export(name, "results", where="group=impaired")
        print(f"{name}: {', '.join(path.name for path in done.files)}")
    # --8<-- [end:export]
    # --8<-- [start:tables]
    frames = pd.read_csv("results/frames.csv")
    print(frames[["recording", "seconds", "episodic", "episodic_percentile"]].tail(3))
    # --8<-- [end:tables]
    if not FORMATS["nwb"].missing:
        read_nwb(Path("results") / "impaired1.nwb")


# --8<-- [start:pynapple]
def read_nwb(path: Path) -> None:
    try:
        import pynapple as nap
    except ImportError:
        print("pynapple is not installed; pip install pynapple")
        return
    data = nap.load_file(str(path))
    deviation = data["episodic"]  # a Tsd: value and time of each frame
    known = deviation.dropna()  # windows at the ends are not complete
    print(f"{len(known)} frames, mean {np.mean(known.values):.4f}")
    if "deviation_episodes" in data:
        episodes = data["deviation_episodes"]  # an IntervalSet
        inside = known.restrict(episodes)
        print(f"{len(episodes)} episodes, mean inside {np.mean(inside.values):.4f}")


# --8<-- [end:pynapple]


if __name__ == "__main__":
    main()
