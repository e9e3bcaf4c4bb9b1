"""How true the magnified frames are: measured on rendered animals whose posture at any factor is known.

``python benchmarks/fidelity.py magnify [--seeds 3] [--steps N | --minutes M] [--preset tiny|paper]
[--json FILE]``; the preset ``paper`` is the published method, to stand beside the others. The deviation in a
magnified frame is measured by another network, which was told the joint angles of rendered animals at all
factors; what it measures on the true renderings tells how far it can be trusted.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _common import print_table, psnr
from _fidelity_data import Recipe, herd_of
from _fidelity_network import Budget, trained
from _magnify_judge import Judge, rendered
from _magnify_train import Shown, codes_of, limit_of, magnifier_of, shown_of
from _phase_based import phase_magnified
from platformdirs import user_cache_path
from skimage.metrics import structural_similarity
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from napari_ubam.families.native import Native
from napari_ubam.models.images import as_images
from napari_ubam.models.networks import MagnifierNetwork
from napari_ubam.models.splatting import splat
from napari_ubam.models.strain import limit_strain
from napari_ubam.models.ubam2021.vae import FrameVae
from napari_ubam.sample import walkers

FACTORS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
EVERY = 5  # frames of a bout: one of so many is measured
SAME = 3  # grey levels: pixels of the true renderings that differ by less did not move

BLOCK = 32  # frames that are generated together

Say = Callable[[str], None]
Numbers = dict[str, float]

NATIVE = Native()


def main(words: Sequence[str]) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="fidelity.py magnify", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--preset", choices=("tiny", "small", "base", "paper"), default="tiny")
    parser.add_argument("--steps", type=int, help="of the magnifier; as the preset says unless given")
    parser.add_argument("--minutes", type=float, help="of the magnifier, instead of steps")
    parser.add_argument("--posture-steps", type=int, help="of the posture encoder")
    parser.add_argument("--posture-minutes", type=float, help="of both encoders, instead of steps")
    parser.add_argument("--keep", type=Path, help="folder that the published networks are kept in")
    parser.add_argument("--cache", type=Path, default=user_cache_path("napari-ubam") / "fidelity")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--training", type=int, nargs=2, default=(24, 12))
    parser.add_argument("--held-out", type=int, nargs=2, default=(8, 8))
    parser.add_argument("--frames", type=int, default=450)
    asked = parser.parse_args(words)
    found = []
    for seed in range(asked.first_seed, asked.first_seed + asked.seeds):
        begin = time.monotonic()

        def say(text: str, seed: int = seed, begin: float = begin) -> None:
            print(f"[seed {seed}, {time.monotonic() - begin:4.0f} s] {text}", file=sys.stderr, flush=True)

        found.append(of_seed(seed, asked, say))
        if asked.json:
            asked.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    show(found, asked.preset)


def of_seed(seed: int, asked: argparse.Namespace, say: Say) -> dict[str, Any]:
    """Train and measure."""
    recipe = Recipe(tuple(asked.training), tuple(asked.held_out), asked.frames, 1.0, 112)
    herd = herd_of(seed, recipe, asked.cache, say)
    total = [sum(part) for part in zip(recipe.training, recipe.held_out, strict=True)]
    by_name = {one.name: one for one in walkers(healthy=total[0], impaired=total[1], seed=seed)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        budget = Budget(asked.posture_steps, asked.posture_minutes)
        network = trained(herd.training, asked.preset, budget, seed, "cpu", folder, say, asked.keep)
        say("encoding")
        codes = {film.name: codes_of(film, network) for film in herd.training + herd.held_out}
        begin = time.monotonic()
        limit = limit_of(network.config, asked.steps, asked.minutes, seed)
        magnifier = magnifier_of(herd, codes, network, limit, folder, say)
        seconds = time.monotonic() - begin
    judge = Judge.of(herd, by_name, seed, say)
    reference = [film for film in herd.training if film.healthy]
    shown = [shown_of(film, by_name[film.name], codes, reference, magnifier) for film in herd.held_out]
    say("measuring")
    return {"seed": seed, "seconds": seconds, **measure(shown, magnifier, judge)}


@torch.inference_mode()
def magnified(one: Shown, places: np.ndarray, factor: float, magnifier: MagnifierNetwork) -> np.ndarray:
    """Magnify crops at places of ``one.rows``, (n, y, x) uint8."""
    images = as_images(torch.from_numpy(one.film.crops[one.rows[places]]))
    own, change = (torch.from_numpy(part[places]) for part in (one.own, one.change))
    if isinstance(magnifier, FrameVae):
        parts = zip(images.split(BLOCK), (own + (1 - factor) * change).split(BLOCK), strict=True)
        done = torch.cat([magnifier(*part).mean(1, keepdim=True) for part in parts])
    else:
        wanted = _displacements(one, places, images, magnifier)
        done = splat(images, torch.stack([limit_strain((1 - factor) * field) for field in wanted]))
    return np.rint(done[:, 0].numpy() * 255).clip(0, 255).astype(np.uint8)


def _displacements(
    one: Shown, places: np.ndarray, images: torch.Tensor, magnifier: MagnifierNetwork
) -> list[torch.Tensor]:
    """Displacement (2, y, x) of each frame to the reference posture, as in a run; it serves every factor."""
    kept = one.displacements
    for place, image in zip(places.tolist(), images, strict=True):
        if place not in kept:
            own, change = (torch.from_numpy(part[place][None]) for part in (one.own, one.change))
            number = int(one.rows[place])
            found = NATIVE.prepare_frame(magnifier, image[None], own, change, number, one.others)
            kept[place] = torch.from_numpy(found)
    return [kept[place] for place in places.tolist()]


def measure(shown: Sequence[Shown], magnifier: MagnifierNetwork, judge: Judge) -> dict[str, Any]:
    """Measure all, by factor."""
    ill = [one for one in shown if not one.film.healthy]
    well = [one for one in shown if one.film.healthy]
    name = _namer(shown)
    result: dict[str, Any] = {"factors": {}}
    places = {one.film.name: _inside(one) for one in ill}
    sound = {one.film.name: _true(one, places[one.film.name], 0.0) for one in ill}
    base = {one.film.name: judge.angles(sound[one.film.name]) for one in ill}
    for factor in FACTORS:
        rows = []
        for one in ill:
            at = places[one.film.name]
            true, made = _true(one, at, factor), magnified(one, at, factor, magnifier)
            seen = one.film.crops[one.rows[at]]
            frames = one.rows[at]
            deviation = one.walker.angles(frames) - one.walker.angles(frames, factor=0.0)
            measured = judge.angles(made) - base[one.film.name]
            ceiling = judge.angles(true) - base[one.film.name]
            rows.append((one, true, made, seen, deviation, measured, ceiling, at))
        result["factors"][str(factor)] = _numbers(rows, factor, name)
    result |= _jerk(ill, magnifier, judge) | _controls(ill, well, places, magnifier, judge)
    return result


def _inside(one: Shown) -> np.ndarray:
    """Places of frames within bouts."""
    return np.flatnonzero(one.film.envelope[one.rows] > 0.5)[::EVERY]


def _true(one: Shown, places: np.ndarray, factor: float) -> np.ndarray:
    return rendered(one.film, one.walker, one.rows[places], factor).crops


def _numbers(rows: Sequence[tuple[Any, ...]], factor: float, name: Callable[..., float]) -> Numbers:
    deviation, measured, ceiling = (np.concatenate([row[i] for row in rows]) for i in (4, 5, 6))
    true, made, seen = (np.concatenate([row[i] for row in rows]).astype(np.float64) for i in (1, 2, 3))
    pixels = np.concatenate(
        [
            row[0].reference[row[7]] + factor * (row[3].astype(float) - row[0].reference[row[7]])
            for row in rows
        ]
    ).clip(0, 255)
    phase = np.concatenate([phase_magnified(row[0].film.crops, row[0].rows[row[7]], factor) for row in rows])
    # The same noise and belt at any factor: where the true renderings agree, nothing moved.
    still = np.abs(true - seen) < SAME
    return {
        "slope": _slope(measured, deviation),
        "slope_of_truth": _slope(ceiling, deviation),
        "direction": _direction(measured, deviation),
        "direction_of_truth": _direction(ceiling, deviation),
        "r2": _r2(measured, factor * deviation),
        "r2_of_truth": _r2(ceiling, factor * deviation),
        "psnr": psnr(made, true),
        "psnr_unmodified": psnr(seen, true),
        "psnr_pixels": psnr(pixels, true),
        "psnr_phase": psnr(phase.astype(float), true),
        "ssim_phase": _ssim(phase.astype(float), true),
        "ssim": _ssim(made, true),
        "ssim_unmodified": _ssim(seen, true),
        "ssim_pixels": _ssim(pixels, true),
        "psnr_still": psnr(made[still], seen[still]),
        "subject_named": name(rows, 2),
        "subject_named_original": name(rows, 3),
    }


def _slope(measured: np.ndarray, deviation: np.ndarray) -> float:
    """How many times the deviation is measured, least squares over frames and joints."""
    return float((measured * deviation).sum() / (deviation**2).sum())


def _direction(measured: np.ndarray, deviation: np.ndarray) -> float:
    """Mean cosine of the measured and the true deviation over frames."""
    lengths = np.linalg.norm(measured, axis=1) * np.linalg.norm(deviation, axis=1)
    return float(((measured * deviation).sum(1) / np.maximum(lengths, 1e-9)).mean())


def _r2(measured: np.ndarray, expected: np.ndarray) -> float:
    total = float((expected**2).sum())
    return 1 - float(((measured - expected) ** 2).sum()) / total if total else math.nan


def _ssim(one: np.ndarray, other: np.ndarray) -> float:
    return float(
        np.mean(
            [structural_similarity(a, b, data_range=255) for a, b in zip(one[::3], other[::3], strict=True)]
        )
    )


def _namer(shown: Sequence[Shown]) -> Callable[..., float]:
    """Give what tells which animal pictures show, learned on the originals outside of bouts."""

    def small(crops: np.ndarray) -> np.ndarray:
        images = torch.from_numpy(crops.astype(np.float32))[:, None]
        return torch.nn.functional.avg_pool2d(images, 4).flatten(1).numpy()

    outside = [one.film.crops[one.rows[one.film.envelope[one.rows] < 0.05][::4]] for one in shown]
    names = np.repeat([one.film.name for one in shown], [len(part) for part in outside])
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    classifier.fit(small(np.concatenate(outside)), names)

    def share(rows: Sequence[tuple[Any, ...]], which: int) -> float:
        right = [classifier.predict(small(row[which])) == row[0].film.name for row in rows]
        return float(np.concatenate(right).mean())

    return share


def _jerk(ill: Sequence[Shown], magnifier: MagnifierNetwork, judge: Judge) -> Numbers:
    """Third differences of the measured angles at factor 2, in those of the input and of the truth."""
    found = []
    for one in ill:
        inside = np.flatnonzero(one.film.envelope[one.rows] > 0.5)
        runs = np.split(inside, np.flatnonzero(np.diff(inside) > 1) + 1)
        run = max(runs, key=len)[:60]
        if len(run) < 8:
            continue
        pictures = (magnified(one, run, 2.0, magnifier), one.film.crops[one.rows[run]], _true(one, run, 2.0))
        found.append([np.abs(np.diff(judge.angles(part), 3, axis=0)).mean() for part in pictures])
    made, seen, true = np.mean(found, axis=0)
    return {"jerk": float(made / seen), "jerk_of_truth": float(true / seen)}


def _controls(
    ill: Sequence[Shown],
    well: Sequence[Shown],
    places: dict[str, np.ndarray],
    magnifier: MagnifierNetwork,
    judge: Judge,
) -> Numbers:
    """How much factor 2 adds in deviant and in healthy frames: degrees, root mean square over joints."""

    def added(one: Shown, at: np.ndarray) -> np.ndarray:
        seen = judge.angles(one.film.crops[one.rows[at]])
        change = judge.angles(magnified(one, at, 2.0, magnifier)) - seen
        return np.degrees(np.sqrt((change**2).mean(1)))

    deviant = np.concatenate([added(one, places[one.film.name]) for one in ill])
    healthy = np.concatenate([added(one, np.arange(len(one.rows))[:: 4 * EVERY]) for one in well])
    return {"added_deviant": float(deviant.mean()), "added_healthy": float(healthy.mean())}


def show(found: Sequence[dict[str, Any]], preset: str) -> None:
    """Print the tables."""

    def spread(values: Sequence[float], digits: int) -> str:
        text = f"{np.mean(values):.{digits}f}"
        return f"{text} ± {np.std(values):.{digits}f}" if len(values) > 1 else text

    def row(key: str, digits: int) -> list[str]:
        return [spread([one["factors"][str(f)][key] for one in found], digits) for f in FACTORS]

    lines = (
        ("deviation measured, in the true one", "slope", 2),
        ("the same on true renderings", "slope_of_truth", 2),
        ("direction, cosine", "direction", 2),
        ("the same on true renderings", "direction_of_truth", 2),
        ("R² of the deviation", "r2", 2),
        ("the same on true renderings", "r2_of_truth", 2),
        ("PSNR to the true rendering (dB)", "psnr", 1),
        ("  of the unmodified frame", "psnr_unmodified", 1),
        ("  of pixel mean and residual", "psnr_pixels", 1),
        ("  of phase-based magnification", "psnr_phase", 1),
        ("SSIM to the true rendering", "ssim", 3),
        ("  of the unmodified frame", "ssim_unmodified", 3),
        ("  of pixel mean and residual", "ssim_pixels", 3),
        ("  of phase-based magnification", "ssim_phase", 3),
        ("PSNR where nothing moves (dB)", "psnr_still", 1),
        ("subject named", "subject_named", 2),
        ("  from the unmodified frame", "subject_named_original", 2),
    )
    header = ["factor", *(f"{factor:g}" for factor in FACTORS)]
    table = [[what, *row(key, digits)] for what, key, digits in lines]
    print_table(
        f"Magnification, preset {preset}, {len(found)} seeds, bouts of held-out animals", header, table
    )
    names = (
        ("jerk at factor 2, in that of the input", "jerk"),
        ("  of the true renderings", "jerk_of_truth"),
        ("added by factor 2 in bouts (degrees)", "added_deviant"),
        ("  in healthy animals held out", "added_healthy"),
        ("training of the magnifier (s)", "seconds"),
    )
    print_table("Beside it", ["what", "value"], [[w, spread([o[k] for o in found], 2)] for w, k in names])
