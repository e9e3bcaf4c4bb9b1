"""The network runs once for each frame, and each frame is read once, whatever is asked for."""

from __future__ import annotations

import pickle
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from magnified_part import ONE, PART, REFERENCE
from napari_ubam.magnification import renderer as rendering
from napari_ubam.magnification.export import export
from napari_ubam.run import MagnifiedFrames, Run
from napari_ubam.video.decoder import FrameDecoder
from napari_ubam.video.video_file import VideoFile

pytestmark = pytest.mark.filterwarnings("ignore::napari_ubam.run.MagnificationWarning")
NUMBERS = list(range(40, 46))


@pytest.fixture
def made(run: Run) -> MagnifiedFrames:
    """Give frames of which nothing is rendered yet."""
    return run.magnify(ONE, REFERENCE, 2.0, frames=PART, device="cpu")


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give a list of the frames that are read from the video."""
    read, numbers = VideoFile.read, []

    def noted(self: VideoFile, frame: int, keep: bool = True) -> Any:
        numbers.append(frame)
        return read(self, frame, keep)

    monkeypatch.setattr(VideoFile, "read", noted)
    return numbers


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give a list of the frames that are decoded, also on the way to those that are read."""
    send, numbers = FrameDecoder._send, []

    def noted(*arguments: Any) -> Iterator[Any]:
        for number, frame in send(*arguments):
            numbers.append(number)
            yield number, frame

    monkeypatch.setattr(FrameDecoder, "_send", staticmethod(noted))
    return numbers


def test_an_export_side_by_side_reads_decodes_and_computes_once(
    made: MagnifiedFrames,
    network_runs: list[int],
    reads: list[int],
    decoded: list[int],
    tmp_path: Path,
) -> None:
    export(made, tmp_path / "out.tif", side_by_side=True, label=True)
    assert len(network_runs) == 6
    assert reads == NUMBERS
    assert max(Counter(decoded).values()) == 1
    assert set(NUMBERS) <= set(decoded)


def test_another_factor_runs_no_network(made: MagnifiedFrames, network_runs: list[int]) -> None:
    first = made.compute()
    assert len(network_runs) == 6
    second = made.at(3.0).compute()
    assert made.reference.compute().shape == made.originals.compute().shape
    assert len(network_runs) == 6
    assert (first != second).any()


def test_factor_one_runs_no_network_at_all(made: MagnifiedFrames, network_runs: list[int]) -> None:
    made.originals.compute()
    made.at(1.0).compute()
    assert network_runs == []


def test_arrows_and_a_sweep_use_the_same_results(made: MagnifiedFrames, network_runs: list[int]) -> None:
    made.compute()
    made.magnification.arrows()
    assert len(network_runs) == 6
    made.magnification.sweep(42)  # the mean posture of the reference is another change
    assert len(network_runs) == 7


def test_threads_share_the_results(made: MagnifiedFrames, network_runs: list[int]) -> None:
    renderer, barrier = made.magnification.renderer, threading.Barrier(4)

    def ask(factor: float) -> list[np.ndarray]:
        barrier.wait()
        return renderer.render(NUMBERS, factor)

    with ThreadPoolExecutor(4) as pool:
        images = list(pool.map(ask, (2.0, 2.0, 3.0, 0.0)))
    assert len(network_runs) == 6
    np.testing.assert_array_equal(images[0], images[1])
    assert (np.stack(images[0]) != np.stack(images[2])).any()


def test_a_copy_in_another_process_renders_the_same_with_a_cache_of_its_own(
    made: MagnifiedFrames, network_runs: list[int]
) -> None:
    renderer = made.magnification.renderer
    first = renderer.render(NUMBERS, 2.0)
    copy = pickle.loads(pickle.dumps(renderer))
    np.testing.assert_array_equal(copy.render(NUMBERS, 2.0), first)
    assert len(network_runs) == 12


def test_a_copy_with_another_change_shares_nothing(made: MagnifiedFrames, network_runs: list[int]) -> None:
    renderer = made.magnification.renderer
    first = renderer.render(NUMBERS, 2.0)
    still = replace(renderer, change=np.zeros_like(renderer.change))
    other = still.render(NUMBERS, 2.0)
    assert len(network_runs) == 12
    assert (np.stack(first) != np.stack(other)).any()
    np.testing.assert_array_equal(renderer.render(NUMBERS, 2.0), first)
    assert len(network_runs) == 12


@pytest.mark.parametrize(("share", "again"), [(2.0, 2), (0.9, 4)], ids=["two frames", "less than a frame"])
def test_the_cache_is_limited_in_bytes(
    run: Run, network_runs: list[int], monkeypatch: pytest.MonkeyPatch, share: float, again: int
) -> None:
    height, width = run.config.posture.size
    monkeypatch.setattr(rendering, "CACHE_BYTES", int(share * 2 * height * width * 4))
    renderer = run.magnify(ONE, REFERENCE, 2.0, frames=PART, device="cpu").magnification.renderer
    renderer.render(NUMBERS, 2.0)
    assert len(network_runs) == 6
    renderer.render(NUMBERS[2:], 3.0)
    assert len(network_runs) == 6 + again
