"""How much of hand-labelled key points the codes of real recordings hold.

``python benchmarks/fidelity.py real FOLDER ...``: each folder has ``CollectedData.csv``, the labels of stills
in the form of DeepLabCut, and one video of the same scene. The encoder is trained on the two halves of the
video without labels. Ridge regression reads the key points of each still from its code; stills are left out
in blocks, since neighbours in the table are often neighbours in time.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from _common import print_table
from skimage.color import rgb2gray
from skimage.io import imread
from skimage.util import img_as_ubyte
from sklearn.decomposition import PCA

import napari_ubam as ubam
from napari_ubam.analysis.keypoints import blocks_left_out, histograms, predict_left_out
from napari_ubam.analysis.keypoints import explained as share_of
from napari_ubam.crops import letterbox, shape_for
from napari_ubam.embedding.model_encoder import ModelEncoder, crops_for
from napari_ubam.families import preset
from napari_ubam.video import open_video

COMPONENTS = 32
LABELLED = 0.9  # share of the stills in which a coordinate has to be labelled to count
VIDEOS = (".mp4", ".avi", ".mov", ".mkv")


@dataclass(frozen=True)
class Labelled:
    """Stills with hand-labelled key points, and a video of the same scene.

    Parameters
    ----------
    name : str
        Of the folder.
    video : Path
    stills : list of (y, x) uint8 array
        Brightness.
    places : (n, 2 p) float array
        Coordinates in pixels; NaN where a point is not labelled.
    labels : list of str
        Name of each coordinate.
    """

    name: str
    video: Path
    stills: list[np.ndarray]
    places: np.ndarray
    labels: list[str]

    @classmethod
    def read(cls, folder: Path) -> Labelled:
        """Read a folder. A still that occurs twice counts once; one with unlabelled coordinates does not."""
        table = pd.read_csv(folder / "CollectedData.csv", header=[1, 2], index_col=0)
        videos = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in VIDEOS]
        if len(videos) != 1:
            raise SystemExit(f"{folder} has {len(videos)} videos; keep the one of the labelled scene there.")
        table = table.loc[:, table.notna().mean() >= LABELLED].dropna()
        table = table[~table.duplicated()]
        stills = [_grey(folder, str(name)) for name in table.index]
        labels = ["_".join(column) for column in table.columns]
        return cls(folder.name, videos[0], stills, table.to_numpy(float), labels)


def _grey(folder: Path, name: str) -> np.ndarray:
    path = folder / name
    image = imread(path if path.is_file() else folder / "labeled-data" / name)
    return image if image.ndim == 2 else img_as_ubyte(rgb2gray(image[..., :3]))


def explained(codes: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Part of each coordinate's variance that ridge regression explains in stills that are left out.

    Parameters
    ----------
    codes : (n, d) array
        Code of each still.
    places : (n, c) array
        Coordinates. Constant ones give NaN.

    Returns
    -------
    (c,) float array
        R² against the mean of the other blocks; the penalty is chosen by leaving out blocks of these.
    """
    folds = blocks_left_out(np.zeros(len(codes), int), None)
    return share_of(places, predict_left_out(codes, places, folds, components=codes.shape[1]))


def simple(crops: np.ndarray) -> dict[str, np.ndarray]:
    """Codes without learning: pixels, their principal components, histograms of oriented gradients."""
    pixels = crops.reshape(len(crops), -1) / np.float32(255)
    components = PCA(min(COMPONENTS, len(crops)), svd_solver="full").fit_transform(pixels)
    return {
        "pixels": pixels,
        f"PCA {COMPONENTS} of the pixels": components,
        "HOG": histograms(crops),
    }


def trained(data: Labelled, asked: argparse.Namespace) -> tuple[np.ndarray, float]:
    """Train on the two halves of the video and encode the stills; codes (n, d), and minutes."""
    begin = time.monotonic()
    with TemporaryDirectory() as folder:
        table = Path(folder) / "study.csv"
        frames = len(open_video(data.video))
        halves = [(0, frames // 2 - 1), (frames // 2, frames - 1)]
        rows = [f"{data.video.resolve()},half{n},all,1,{a},{b},half{n}\n" for n, (a, b) in enumerate(halves)]
        table.write_text("video,subject,group,session,start,stop,name\n" + "".join(rows), encoding="utf-8")
        options = {"steps": asked.steps} if asked.minutes is None else {"minutes": asked.minutes}
        if asked.backbone is not None:
            options["backbone"] = asked.backbone
        run = Path(folder) / "run"
        ubam.train(ubam.Study.from_csv(table), run, preset=asked.preset, seed=asked.seed, **options)
        minutes = (time.monotonic() - begin) / 60
        encoder = ModelEncoder.load(run)
        size = crops_for(encoder.config).size
        codes = encoder.posture(np.stack([letterbox(still, size) for still in data.stills]))
    return codes / np.linalg.norm(codes, axis=1, keepdims=True), minutes


def measure(data: Labelled, asked: argparse.Namespace, say: Callable[[str], None]) -> dict[str, np.ndarray]:
    """Part of each coordinate that each method explains."""
    size = shape_for([data.stills[0].shape], preset(asked.preset).posture.size[0])
    crops = np.stack([letterbox(still, size) for still in data.stills])
    found = {name: explained(codes, data.places) for name, codes in simple(crops).items()}
    say(f"{data.name}: {len(crops)} stills, {len(data.labels)} coordinates; training")
    codes, minutes = trained(data, asked)
    budget = f"{minutes:.0f} minutes" if asked.minutes else f"{asked.steps} steps, {minutes:.0f} minutes"
    name = f"napari-ubam {asked.preset}" + (f", {asked.backbone.name}" if asked.backbone else "")
    found[f"{name} ({budget})"] = explained(codes, data.places)
    return found


def main(words: Sequence[str]) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="fidelity.py real", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("folders", type=Path, nargs="+", metavar="FOLDER")
    limit = parser.add_mutually_exclusive_group()
    limit.add_argument("--steps", type=int, default=600)
    limit.add_argument("--minutes", type=float)
    add("--preset", default="tiny")
    add("--seed", type=int, default=0)
    add("--backbone", type=Path, help="weights of a pretrained network, as `napari-ubam train` takes them")
    asked = parser.parse_args(words)
    for folder in asked.folders:
        data = Labelled.read(folder)
        found = measure(data, asked, lambda text: print(text, flush=True))
        rows = [[name, f"{np.nanmean(shares):.2f}"] for name, shares in found.items()]
        title = f"{data.name}: {len(data.stills)} stills, {len(data.labels)} coordinates, R² of key points"
        print_table(title, ["code", "R²"], rows)
        header = ["coordinate", *found]
        each = [
            [label, *(f"{found[name][row]:.2f}" for name in found)] for row, label in enumerate(data.labels)
        ]
        print_table("By coordinate", header, each)
