"""The benchmark on real recordings, on a filmed disc whose place is known."""

from __future__ import annotations

import importlib
from pathlib import Path

import av
import numpy as np
import pytest
from skimage.io import imsave

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SHAPE = (64, 80)


def picture(x: float, y: float) -> np.ndarray:
    """Draw a bright disc on a dark ground."""
    rows, columns = np.indices(SHAPE)
    return (40 + 160 / (1 + np.exp(np.hypot(rows - y, columns - x) - 8))).astype(np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Film a disc that moves, with forty labelled stills, one of them twice and one without a label."""
    made = tmp_path_factory.mktemp("disc")
    places = np.random.default_rng(0).uniform((20, 20), (60, 44), (40, 2))
    with av.open(str(made / "disc.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.height, stream.width, stream.pix_fmt = *SHAPE, "yuv420p"
        for x, y in np.repeat(places, 2, axis=0):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(x, y), format="gray")))
        container.mux(stream.encode(None))
    (made / "labeled-data").mkdir()
    lines = ["scorer,me,me,me,me", "bodyparts,disc,disc,rare,rare", "coords,x,y,x,y"]
    for number, (x, y) in enumerate(places):
        imsave(made / "labeled-data" / f"{number:02}.png", picture(x, y), check_contrast=False)
        lines.append(f"labeled-data/{number:02}.png,{x},{y},,")
    lines += [lines[-1], "labeled-data/00.png,,,1,1"]
    (made / "CollectedData.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return made


def test_only_stills_whose_points_are_labelled_count(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    data = importlib.import_module("_fidelity_real").Labelled.read(folder)
    assert data.labels == ["disc_x", "disc_y"]
    assert len(data.stills) == 40
    assert data.stills[0].shape == SHAPE


def test_codes_that_know_the_place_explain_it_and_noise_does_not(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    real = importlib.import_module("_fidelity_real")
    data = real.Labelled.read(folder)
    assert real.explained(data.places @ [[1, 2], [3, -1]], data.places).min() > 0.95
    assert real.explained(np.random.default_rng(1).normal(size=(40, 2)), data.places).max() < 0.2


def test_the_command_prints_a_row_for_each_code(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    importlib.import_module("fidelity").main(["real", str(folder), "--steps", "2"])
    printed = capsys.readouterr().out
    assert "40 stills, 2 coordinates" in printed
    rows = [line.strip("| ").split("|") for line in printed.splitlines() if line.startswith("| ")]
    found = {row[0].strip(): row[1].strip() for row in rows}
    assert float(found["pixels"]) > 0.5
    assert {"PCA 32 of the pixels", "HOG"} < set(found)
    assert any(name.startswith("napari-ubam tiny (2 steps") for name in found)
