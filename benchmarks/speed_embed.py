"""Speed and memory of embedding, end to end.

``python benchmarks/speed_embed.py [MINUTES]``: rates of the decoder alone, of the decoder with the crops, of
the encoder of the preset ``tiny`` alone and of all together, for videos of some minutes (2 unless given; 60
for an hour), with one thread of torch. The target is 0.85 of the slower of decoder and encoder; they need a
core each, and the crops take a part of a third, so the table names the cores and what else ran. Memory is
that of a process of its own.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from _common import film, print_table, repeat
from torch import nn

from napari_ubam.crops import iter_crops, shape_for
from napari_ubam.embedding import EmbeddingStore, embed_recording
from napari_ubam.embedding.model_encoder import ModelEncoder
from napari_ubam.families import family_of, preset
from napari_ubam.study import Recording
from napari_ubam.video import open_video

ROUNDS = 5
BATCH = 256
SIZES = {"720p": (720, 1280), "480p": (480, 640)}
MINUTE = 60


def encoder_for(height: int, width: int) -> ModelEncoder:
    """Give the encoders of the preset ``tiny`` for whole frames of this size, with random weights."""
    config = preset("tiny")
    config = config.with_crops(*shape_for([(height, width)], config.posture.size[0]))
    torch.manual_seed(0)
    family = family_of(config)
    return ModelEncoder(config, family.posture_encoder(config), family.behaviour_encoder(config))


def operations(encoder: ModelEncoder) -> float:
    """Count the multiplications of a frame in convolutions, in millions."""
    counts: list[int] = []
    network = encoder.family.posture_encoder(encoder.config)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(
                lambda conv, _, out: counts.append(out[0].numel() * conv.weight[0].numel())
            )
    network(torch.zeros(1, 1, *encoder.config.posture.size))
    return sum(counts) / 1e6


def recording_of(path: Path) -> Recording:
    return Recording(video=path, subject="a", group="g", session="0")


def rate(work: Callable[[], int]) -> tuple[float, float]:
    """Frames a second by the clock, and CPU milliseconds a frame."""
    clock, cpu = time.perf_counter(), time.process_time()
    frames = work()
    return frames / (time.perf_counter() - clock), (time.process_time() - cpu) / frames * 1e3


def rates(path: Path, folder: Path) -> list[list[str]]:
    """Measure each part and the whole in turn, some rounds, and give the medians."""
    one, video = recording_of(path), open_video(path)
    encoder = encoder_for(*video.shape[1:3])
    times = np.arange(2 * BATCH) / video.fps
    crops = np.concatenate([block[1] for block in iter_crops(one, encoder.spec, range(2 * BATCH))])

    def decode() -> int:
        video.close()
        for number in range(len(video)):
            video.source.read_luma(number, False)
        return len(video)

    def crop() -> int:
        return sum(len(numbers) for numbers, _, _ in iter_crops(one, encoder.spec))

    def encode() -> int:
        for _ in range(len(video) // len(crops) + 1):
            halves = [encoder.posture(crops[start : start + BATCH]) for start in (0, BATCH)]
            encoder.behaviour(np.concatenate(halves), times, [range(len(crops))])
        return (len(video) // len(crops) + 1) * len(crops)

    def whole() -> int:
        embed_recording(one, encoder, EmbeddingStore(folder / "embeddings.zarr"))
        return len(video)

    works = {"decoder": decode, "decoder and crops": crop, "encoder": encode, "end to end": whole}
    rounds = [{name: rate(work) for name, work in works.items()} for _ in range(ROUNDS)]
    rows = []
    for name in works:
        speed, cpu = (statistics.median(found[name][which] for found in rounds) for which in (0, 1))
        # Compared within a round, since the machine may be slower in another one.
        parts = [found[name][0] / min(found["decoder"][0], found["encoder"][0]) for found in rounds]
        spread = f"{statistics.median(parts):.2f} ({min(parts):.2f} to {max(parts):.2f})"
        rows.append([path.stem, name, f"{speed:.0f}", f"{cpu:.2f}", spread])
    return rows


def megabytes() -> float:
    """Largest memory that this process has held."""
    status = Path("/proc/self/status")
    if status.exists():  # elsewhere what the parent process held may count, too
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    import resource  # not on Windows

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def embed_and_tell_memory(path: Path, folder: Path) -> None:
    """Embed in this process, which was started for it, and print its memory before and after."""
    encoder = encoder_for(*open_video(path).shape[1:3])
    encoder.posture(np.zeros((1, *encoder.spec.shape), np.uint8))
    before = megabytes()
    embed_recording(recording_of(path), encoder, EmbeddingStore(folder / "memory.zarr"))
    print(before, megabytes())


def memory(path: Path, folder: Path) -> list[str]:
    command = [sys.executable, __file__, "--memory", str(path), str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    before, after = map(float, done.stdout.split())
    minutes = len(open_video(path)) / open_video(path).fps / 60
    return [f"{path.stem}, {minutes:.0f} min", f"{after:.0f}", f"{after - before:.0f}"]


def main() -> None:
    """Run all."""
    torch.set_num_threads(1)
    if sys.argv[1:2] == ["--memory"]:
        embed_and_tell_memory(*map(Path, sys.argv[2:4]))
        return
    minutes = float(sys.argv[1]) if sys.argv[1:] else 2.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["NAPARI_UBAM_CACHE"] = str(folder / "index")
        files = []
        for size, (height, width) in SIZES.items():
            short = film(folder / "short.mp4", 20, height, width)
            files.append(repeat(short, folder / f"{size}.mp4", max(round(minutes * MINUTE / 20), 1)))
        rows = [row for path in files for row in rates(path, folder)]
        header = ["video", "what", "frames/s", "CPU ms a frame", "of the slower"]
        work = operations(encoder_for(*SIZES["720p"]))
        print_table(f"Embedding, preset tiny, {work:.0f} M multiplications a frame", header, rows)
        print_table(
            "Memory of embedding (MB)", ["video", "peak", "above the start"], [memory(files[0], folder)]
        )
        if hasattr(os, "getloadavg"):
            print(f"Processes that ran: {os.getloadavg()[1]:.1f}, mean of some minutes, with this one.")


if __name__ == "__main__":
    main()
