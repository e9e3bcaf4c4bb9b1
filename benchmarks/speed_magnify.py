"""Speed of magnification, as ratios within one run: machines differ and are shared.

``python benchmarks/speed_magnify.py [RUN] [--recording NAME] [--reference FILTER] [--frames N]
[--rounds N]``: CPU time of the first factor against another one of the same frames, of a file side by side
against the magnified frames alone, and of layers and arrows against the first factor. Each round prepares
anew, so nothing is cached, and the table shows the best of all rounds. Without RUN, a small study is rendered
and a run trained on it for some steps, since the quality does not matter here.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from _common import print_table

from napari_ubam.magnification.export import export
from napari_ubam.magnification.magnification import Magnification
from napari_ubam.magnification.prepare import magnification
from napari_ubam.plugin.io.result_layers import magnified_layers
from napari_ubam.run import train
from napari_ubam.sample import write_sample

Prepare = Callable[[], Magnification]
FIRST, SECOND = 2.0, 3.0


def small_run(folder: Path) -> Path:
    """Render a study and train a run on it."""
    study = write_sample(folder / "study", healthy=4, impaired=1, seconds=3)
    run = train(study, folder / "run", preset="tiny", device="cpu", steps=4)
    run.embed(study, device="cpu")
    run.score(study, "group=healthy", figures=False)
    run.train_magnifier(study, device="cpu", steps=4)
    return run.folder


def cpu_of(work: Callable[[], object]) -> float:
    """CPU seconds of a call."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def one_round(prepare: Prepare, folder: Path) -> dict[str, float]:
    """Measure everything once, in CPU seconds."""
    made = prepare()
    found = {"layers": cpu_of(lambda: magnified_layers(made))}
    found["first factor"] = cpu_of(lambda: render(made))
    found["second factor"] = cpu_of(lambda: render(made.at(SECOND)))
    found["arrows"] = cpu_of(made.arrows)
    found["first preview"] = cpu_of(lambda: preview(prepare(), FIRST)) - cpu_of(prepare)
    found["second preview"] = cpu_of(lambda: preview(made, SECOND))
    for name, side_by_side in (("file", False), ("file side by side", True)):
        made = prepare()
        path = folder / f"{name}.mp4"
        found[name] = cpu_of(partial(export, made, path, side_by_side=side_by_side))
    return found


def render(made: Magnification) -> None:
    """Render all frames and keep none."""
    for _ in made.stream():
        pass


def preview(made: Magnification, factor: float) -> None:
    """Render the first frame."""
    made.renderer.render(made.numbers[:1].tolist(), factor)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", type=Path, nargs="?")
    parser.add_argument("--recording", default="impaired1")
    parser.add_argument("--reference", default="group=healthy")
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = asked.run or small_run(folder)

        def prepare() -> Magnification:
            whole = slice(10, 10 + asked.frames)
            return magnification(run, asked.recording, asked.reference, FIRST, frames=whole, device="cpu")

        best: dict[str, float] = {}
        for _ in range(asked.rounds):
            found = one_round(prepare, folder)
            best = {what: min(seconds, best.get(what, seconds)) for what, seconds in found.items()}
        height, width = prepare().renderer.video.shape[1:3]
    show(best, f"Magnification of {asked.frames} frames of {width}x{height}")


def show(best: dict[str, float], title: str) -> None:
    """Print the ratios."""
    ratios = (
        ("another factor / the first", "second factor", "first factor", "< 0.8"),
        ("preview at another factor / the first preview", "second preview", "first preview", "< 0.8"),
        ("file side by side / magnified frames alone", "file side by side", "file", ""),
        ("adding layers / rendering them", "layers", "first factor", "< 0.1"),
        ("arrows / rendering", "arrows", "first factor", ""),
    )
    rows = [
        [what, f"{best[one] / best[other]:.2f}", f"{best[one]:.2f}", f"{best[other]:.2f}", target]
        for what, one, other, target in ratios
    ]
    print_table(title, ["what", "ratio", "CPU s", "CPU s", "target"], rows)


if __name__ == "__main__":
    main()
