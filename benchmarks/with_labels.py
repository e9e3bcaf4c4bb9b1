"""What the scores could find: with the true joint angles as codes, and with a network that was given them.

``python benchmarks/with_labels.py STUDY_FOLDER=RUN ... [--steps 500] [--seed 0]``: for studies of
``benchmarks/worlds`` with their trained runs, as `scores.py` takes them. Three rows for each study:

- *angles*: the true joint angles, each in units of its spread in the reference, take the place of posture.
- *labels*: the posture encoder of the run, with new weights, learns the angles of the reference subjects from
  the same crops with the same changes of light and place, and its predictions take the place of posture.
- *no labels*: the codes of the run.

No method that sees only pictures can be expected to be above the first row, and none without labels above the
second. R² is that of the angles of subjects outside the reference, with the mean of each removed.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from _common import print_table
from scores import World, product
from torch import Tensor, nn

from napari_ubam.crops import iter_crops
from napari_ubam.embedding.model_encoder import config_of, crops_for
from napari_ubam.learners.augment import augmented
from napari_ubam.models.images import as_images
from napari_ubam.models.native.backbone_posture import posture_encoder
from napari_ubam.study import Study
from napari_ubam.tracking import with_found_regions

BATCH, RATE, WARM_UP, LARGEST = 96, 1.5e-3, 30, 9.0  # frames, learning rate, steps, squared error that counts

Arrays = dict[str, np.ndarray]  # by recording


def standardized(folder: Path, reference: list[str]) -> Arrays:
    """Read the joint angles (t, a), in units of their spread in the reference."""
    files = {path.stem: np.load(path)["angles"] for path in sorted((folder / "truth").glob("*.npz"))}
    known = np.concatenate([files[name] for name in reference])
    return {name: (one - known.mean(0)) / (known.std(0) + 1e-9) for name, one in files.items()}


def crops_of(folder: Path, run: Path) -> Arrays:
    """Cut the crops (t, y, x) of all recordings as the training of a run did."""
    spec, found = crops_for(config_of(run)), {}
    for one in with_found_regions(run, Study.from_csv(folder / "study.csv")):
        with iter_crops(one, spec) as stream:
            found[one.name] = np.concatenate([crops for _, crops, _ in stream])
    return found


def predictions(
    crops: Arrays, angles: Arrays, reference: list[str], run: Path, steps: int, seed: int
) -> Arrays:
    """Train the encoder of a run to give the angles of the reference, and predict those of all."""
    torch.manual_seed(seed)
    generator, encoder = np.random.default_rng(seed), posture_encoder(config_of(run).posture)
    head = nn.Linear(config_of(run).posture.code, angles[reference[0]].shape[1])
    weights = [*encoder.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(weights, lr=RATE, weight_decay=0.01)
    images = torch.from_numpy(np.concatenate([crops[name] for name in reference]))
    wanted = torch.from_numpy(np.concatenate([angles[name] for name in reference]).astype(np.float32))
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, step / WARM_UP) * (1 + np.cos(np.pi * step / steps)) / 2
        rows = torch.from_numpy(generator.integers(len(images), size=BATCH))
        found = head(encoder.raw(augmented(as_images(images[rows]))))
        loss = ((found - wanted[rows]) ** 2).clamp(max=LARGEST).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
    encoder.eval()

    def predict(one: np.ndarray) -> Tensor:
        parts = torch.from_numpy(one).split(128)
        return torch.cat([head(encoder.raw(as_images(part))) for part in parts])

    with torch.inference_mode():
        return {name: predict(one).numpy() for name, one in crops.items()}


def with_posture(world: World, values: Arrays) -> World:
    """Let values take the place of posture; a constant keeps how far they are from the mean."""
    codes = []
    for one in world.codes:
        length = np.full((len(one), 1), np.sqrt(values[one.name].shape[1]))
        posture = np.concatenate([values[one.name], length], axis=1).astype(np.float32)
        codes.append(replace(one, posture=posture))
    return World(world.name, codes, world.truth)


def explained(values: Arrays, angles: Arrays, names: list[str]) -> float:
    """Give R² over recordings, with the mean of each removed."""
    true = [angles[name] - angles[name].mean(0) for name in names]
    found = [values[name] - values[name].mean(0) for name in names]
    left = sum(float(((a - b) ** 2).sum()) for a, b in zip(true, found, strict=True))
    return 1 - left / sum(float((one**2).sum()) for one in true)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pairs", nargs="+", metavar="STUDY_FOLDER=RUN")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    rows = []
    for text in asked.pairs:
        folder, run = (Path(part) for part in text.split("=", 1))
        world = World.read(folder, run)
        angles = standardized(folder, world.reference)
        crops = crops_of(folder, run)
        learned = predictions(crops, angles, world.reference, run, asked.steps, asked.seed)
        others = [one.name for one in world.codes if one.name not in world.reference]
        rows.append(["angles", *product(with_posture(world, angles)), "1"])
        quality = f"{explained(learned, angles, others):.2f}"
        rows.append(["labels", *product(with_posture(world, learned)), quality])
        rows.append(["no labels", *product(world), ""])
    header = ["codes", "world", "frames", "windows", "episodic", "controls", "ranked", "constant", "R²"]
    print_table("With the truth, with labels and without: AUROC / pooled", header, rows)


if __name__ == "__main__":
    main()
