"""Magnified frames in the worlds of ``benchmarks/worlds``, against the true rendering at each factor.

``python benchmarks/fidelity.py magnify STUDY_FOLDER=RUN ... [--sheets FOLDER]``: for studies of
``benchmarks/worlds`` with runs that have a magnifier. The reference is the healthy group; its last two
subjects are controls, each compared with the others of the group. Frames of bouts, evenly spaced, are
magnified as by ``napari-ubam magnify``, and compared as brightness, in pixels of the video:

- *PSNR, SSIM*: to the true rendering, in the box around all pixels that truly change;
- *correlation, slope*: of the change of pixels with the true change, both blurred by 1.5 pixels, in this box;
- *off*: PSNR to the original where nothing truly changes, 4 pixels or more away from what does;
- *control*: root mean square change of the controls at factor 2, in that of the impaired.

Rows to compare with: *frame*, the unmodified frame; *true reference*, the same network with the posture of
the true rendering without deviation as its reference; *true flow*, a classical dense flow (DIS of OpenCV,
where it is installed) from the frame to that rendering, times the factor; *phase*, see `_phase_based.py`.

"Slow" reaches are left out, because only their timing deviates.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from _common import print_table, psnr
from _phase_based import phase_magnified
from scipy.ndimage import binary_dilation, gaussian_filter
from skimage.metrics import structural_similarity

from napari_ubam.crops import letterbox
from napari_ubam.crops.cropper import Cropper
from napari_ubam.embedding.model_encoder import ModelEncoder
from napari_ubam.magnification.prepare import magnification
from napari_ubam.magnification.renderer import load_magnifier
from napari_ubam.models.networks import coefficients_of
from napari_ubam.video import open_video

FACTORS = (0.0, 1.5, 2.0, 3.0)
FRAMES = 10  # of a recording
CONTROLS = 2
CHANGED = 8.0  # grey levels, of truly changed pixels
BLUR = 1.5  # pixels
APART = 4  # pixels
MOST = 60.0  # dB that count at most, since equal pictures have no finite PSNR
TIMING_ONLY = ("slow",)
DIGITS = {"psnr": 1, "ssim": 3, "correlation": 2, "slope": 2, "off": 1}  # of the measures
LUMA = np.array([0.299, 0.587, 0.114])

Grey = np.ndarray  # (n, y, x) float32


@dataclass(frozen=True)
class Case:
    """Frames of a recording, and their true renderings.

    Parameters
    ----------
    name, kind : str
        Recording, and kind of its deviation; empty for a control.
    frames : list of int
        Frame numbers.
    seen : (n, y, x) float array
        Frames of the video.
    true : dict of float to (n, y, x) float array
        Renderings at factors, also at 1. Empty for a control.
    """

    name: str
    kind: str
    frames: list[int]
    seen: Grey
    true: dict[float, Grey]

    def changed(self, factor: float) -> np.ndarray:
        """Find the pixels that truly change, (n, y, x) bool."""
        return np.stack([_changed(a - b) for a, b in zip(self.true[factor], self.true[1.0], strict=True)])


def _changed(difference: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.abs(gaussian_filter(difference, 1.0)) > CHANGED
    return found


def cases_of(folder: Path, cache: Path) -> list[Case]:
    """Render the truth of a study, or read it where it was rendered before."""
    sys.path.insert(0, str(Path(__file__).parent / "worlds"))
    from _cast import cast

    recipe = json.loads((folder / "world.json").read_text("utf-8"))
    world = importlib.import_module(recipe["world"])
    cast_of_study = cast(world.KINDS, recipe["seed"], recipe["reference"], recipe["impaired"])
    healthy = [one for one in cast_of_study if one.group == "healthy"][-CONTROLS:]
    found = []
    for subject in [*healthy, *(one for one in cast_of_study if one.group != "healthy")]:
        if subject.kind in TIMING_ONLY:
            continue
        truth = world.truth_of(subject, recipe["frames"], 30.0)
        inside = (
            np.flatnonzero(truth.envelope > 0.95) if subject.kind else np.arange(15, recipe["frames"] - 15)
        )
        frames = sorted(set(inside[np.linspace(0, len(inside) - 1, FRAMES).round().astype(int)].tolist()))
        kept = cache / f"{folder.name}-{recipe['world']}-{recipe['seed']}-{subject.name}.npz"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            parts = {}
            for factor in (1.0, *FACTORS) if subject.kind else ():
                moved = world.truth_of(subject, recipe["frames"], 30.0, factor)
                shots = world.render(subject, moved, tuple(recipe["size"]), 30.0, frames)
                parts[f"{factor:g}"] = np.stack(list(shots))
            np.savez(kept, **parts)
        with np.load(kept) as file:
            true = {float(name): _grey(file[name]) for name in file.files}
        video = open_video(folder / "videos" / f"{subject.name}.mp4")
        seen = np.stack([_grey(np.asarray(video[number])) for number in frames])
        found.append(Case(subject.name, subject.kind, frames, seen, true))
    return found


def _grey(pictures: np.ndarray) -> np.ndarray:
    return (pictures @ LUMA).astype(np.float32)


Way = Callable[[float], Grey]  # frames at a factor


def ours(run: Path, case: Case) -> Way:
    """Magnify with the product."""
    renderer = magnification(run, case.name, "group=healthy").renderer
    return lambda factor: np.stack([_grey(frame) for frame in renderer.render(case.frames, factor)])


def true_reference(run: Path, case: Case) -> Way:
    """Magnify with the product, but towards the posture of the true rendering without deviation."""
    renderer, encoder = magnification(run, case.name, "group=healthy").renderer, ModelEncoder.load(run)
    network, _ = load_magnifier(run, renderer.posture)
    regions, cropper, size = renderer.recording.crops(case.frames), Cropper(), encoder.spec.size

    def coefficients(factor: float) -> np.ndarray:
        pictures = np.rint(case.true[factor]).clip(0, 255).astype(np.uint8)
        crops = np.stack(
            [
                cropper.crop(one, roi, size) if roi else letterbox(one, size)
                for one, roi in zip(pictures, regions, strict=True)
            ]
        )
        found: np.ndarray = coefficients_of(network, encoder.posture(crops))
        return found

    change, true = renderer.change.copy(), coefficients(0.0) - coefficients(1.0)
    known = np.isin(case.frames, renderer.frames)  # the first and last frames have no code
    change[np.searchsorted(renderer.frames, np.array(case.frames)[known])] = true[known]
    told = replace(renderer, change=change)
    return lambda factor: np.stack([_grey(frame) for frame in told.render(case.frames, factor)])


def oracle_flow(case: Case) -> Way | None:
    """Displace by a classical flow to the true rendering without deviation."""
    try:
        import cv2
    except ImportError:
        return None
    import torch

    from napari_ubam.models.splatting import splat

    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flows = [
        search.calc(*(np.rint(part).clip(0, 255).astype(np.uint8) for part in pair), None).transpose(2, 0, 1)
        for pair in zip(case.seen, case.true[0.0], strict=True)
    ]

    def at(factor: float) -> Grey:
        fields = torch.from_numpy(np.stack(flows)) * (1 - factor)
        moved: Grey = splat(torch.from_numpy(case.seen)[:, None], fields)[:, 0].numpy()
        return moved

    return at


def by_phase(video: Path, case: Case) -> Way:
    """Magnify all motion by its phase."""
    source = open_video(video)
    luma = np.stack([_grey(np.asarray(source[number])) for number in range(len(source))])
    whole = np.rint(luma).clip(0, 255).astype(np.uint8)
    return lambda factor: phase_magnified(whole, np.array(case.frames), factor).astype(np.float32)


def numbers_of(case: Case, made: Grey, factor: float) -> dict[str, float]:
    """Measure frames of one recording."""
    true, changed = case.true[factor], case.changed(factor)
    sums: dict[str, list[float]] = {key: [] for key in DIGITS}
    for seen, shown, want, base, mask in zip(case.seen, made, true, case.true[1.0], changed, strict=True):
        if not mask.any():
            continue
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        sums["psnr"].append(psnr(shown[box], want[box], MOST))
        whole = structural_similarity(shown, want, data_range=255, full=True)[1]
        sums["ssim"].append(float(whole[box].mean()))
        got, truly = (gaussian_filter(part, BLUR)[box].ravel() for part in (shown - seen, want - base))
        power = float((truly**2).sum())
        sums["slope"].append(float((got * truly).sum()) / power)
        both = math.sqrt(power * float((got**2).sum()))
        sums["correlation"].append(float((got * truly).sum()) / both if both else 0.0)
        still = ~binary_dilation(mask, iterations=APART)
        sums["off"].append(psnr(shown[still], seen[still], MOST))
    return {key: float(np.mean(values)) if values else math.nan for key, values in sums.items()}


def sheet(cases: Iterable[tuple[Case, Way]], path: Path) -> None:
    """Draw a row a recording: without deviation, original, twice, three times; ours above the truth."""
    from PIL import Image

    strips = []
    for case, made in cases:
        if not case.kind:
            continue
        middle = len(case.frames) // 2
        mask = np.any([case.changed(3.0)[middle], case.changed(0.0)[middle]], axis=0)
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if not len(rows):
            continue
        box = np.s_[max(rows[0] - 12, 0) : rows[-1] + 12, max(columns[0] - 12, 0) : columns[-1] + 12]
        for source in (made, lambda factor, case=case: case.true[factor]):
            parts = [source(0.0), case.seen, source(2.0), source(3.0)]
            tiles = [np.rint(part[middle][box]).clip(0, 255).astype(np.uint8) for part in parts]
            strip = Image.fromarray(np.concatenate(tiles, axis=1))
            strips.append(strip.resize((1000, round(1000 * strip.height / strip.width))))
    height = sum(one.height + 4 for one in strips)
    whole = Image.new("L", (1000, height), 255)
    top = 0
    for number, one in enumerate(strips):
        whole.paste(one, (0, top))
        top += one.height + (6 if number % 2 else 2)
    whole.save(path)


def measure(folder: Path, run: Path, cache: Path, sheets: Path | None, phase: bool) -> list[list[str]]:
    """Give the rows of a study."""
    cases = cases_of(folder, cache)
    made = [(case, ours(run, case)) for case in cases]
    if sheets:
        sheets.mkdir(parents=True, exist_ok=True)
        sheet(made, sheets / f"{folder.name}.png")
    size = {case.name: float(np.sqrt(((at(2.0) - case.seen) ** 2).mean())) for case, at in made}
    impaired = [case for case in cases if case.kind]
    control = np.mean([size[one.name] for one in cases if not one.kind])
    control /= np.mean([size[one.name] for one in impaired])
    rows = []
    for way, by_case in _ways(folder, run, made, phase).items():
        for factor in FACTORS:
            found = [numbers_of(one, by_case[one.name](factor), factor) for one in impaired]
            mean = {key: float(np.nanmean([one[key] for one in found])) for key in found[0]}
            cells = [f"{mean[key]:.{digits}f}" for key, digits in DIGITS.items()]
            told = f"{control:.2f}" if way == "ours" and factor == 2 else ""
            kinds = " ".join(f"{a.kind} {b['correlation']:.2f}" for a, b in zip(impaired, found, strict=True))
            rows.append([folder.name, way, f"{factor:g}", *cells, told, "" if way == "frame" else kinds])
    return rows


def _ways(
    folder: Path, run: Path, made: Sequence[tuple[Case, Way]], phase: bool
) -> dict[str, dict[str, Way]]:
    """Give all rows: what shows each recording at a factor."""
    impaired = [case for case, _ in made if case.kind]
    ways: dict[str, dict[str, Way]] = {
        "frame": {case.name: (lambda factor, case=case: case.seen) for case in impaired},
        "ours": {case.name: at for case, at in made},
        "true reference": {case.name: true_reference(run, case) for case in impaired},
    }
    flows = {case.name: oracle_flow(case) for case in impaired}
    if all(flows.values()):
        ways["true flow"] = {name: at for name, at in flows.items() if at}
    if phase:
        ways["phase"] = {one.name: by_phase(folder / "videos" / f"{one.name}.mp4", one) for one in impaired}
    return ways


def main(words: Sequence[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pairs", nargs="+", metavar="STUDY_FOLDER=RUN")
    parser.add_argument("--cache", type=Path, default=Path("magnify-truth"), help="folder of true renderings")
    parser.add_argument("--sheets", type=Path, help="folder for contact sheets")
    parser.add_argument("--phase", action="store_true", help="also phase-based magnification")
    asked = parser.parse_args(words)
    header = [
        "world",
        "what",
        "factor",
        "PSNR",
        "SSIM",
        "correlation",
        "slope",
        "off",
        "control",
        "correlation by kind",
    ]
    for text in asked.pairs:
        folder, run = (Path(part) for part in text.split("=", 1))
        print_table(
            "Magnified frames in worlds", header, measure(folder, run, asked.cache, asked.sheets, asked.phase)
        )


if __name__ == "__main__":
    main(sys.argv[1:])
