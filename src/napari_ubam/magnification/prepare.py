"""From codes to magnified frames: choose the reference, align it, and note what must be known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ubam.analysis import Codes
from napari_ubam.analysis.phase_alignment import usable_references
from napari_ubam.embedding.codes import read_codes
from napari_ubam.embedding.model_encoder import ModelEncoder
from napari_ubam.models.networks import coefficients_of
from napari_ubam.models.weights import weights_hash
from napari_ubam.progress import Cancel
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.recordings import read_recording
from napari_ubam.study import Recording
from napari_ubam.versions import versions

from .change import ReferenceChange, changes_to_reference
from .defaults import FACTOR, SMOOTHING_MS
from .in_distribution import Support
from .magnification import Magnification, refuse_factor
from .reference_recordings import choose_reference
from .renderer import Renderer, load_magnifier


def magnification(
    folder: Path,
    recording: str,
    reference: str,
    factor: float = FACTOR,
    *,
    frames: slice | None = None,
    smoothing_ms: float = SMOOTHING_MS,
    device: str = "auto",
    cancel: Cancel | None = None,
) -> Magnification:
    """Prepare the magnification of a recording. What must be known about it is in ``metadata["warnings"]``.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    recording, reference, factor, frames, smoothing_ms, device, cancel
        As `napari_ubam.Run.magnify` takes them.

    Returns
    -------
    Magnification

    Raises
    ------
    RunError
        If the recording is unknown, it has not such frames, or a number is not usable.
    WeightsError
        If the run has no magnifier.
    EmbeddingError, DeviationError
        If codes are missing, or the reference cannot be used.
    Cancelled
        When ``cancel`` is set.
    """
    refuse_factor(factor)
    if not 0 <= smoothing_ms < np.inf:
        raise RunError(f"Smoothing over {smoothing_ms} ms makes no sense; give 0 or more milliseconds.")
    one = read_recording(folder, recording)
    encoder = ModelEncoder.load(folder)
    network, _ = load_magnifier(folder, encoder.hashes["posture"])
    own = read_codes(folder, [one], encoder)[0]
    numbers = _frame_numbers(own, frames)
    chosen = choose_reference(folder, reference, encoder)
    used = usable_references(own, chosen.codes)
    coefficients = {codes.name: coefficients_of(network, codes.posture) for codes in (own, *used)}
    first = int(own.frames[0])
    rows = slice(int(numbers[0]) - first, int(numbers[-1]) + 1 - first)
    changes = changes_to_reference(
        own, used, coefficients, rows=rows, smoothing_ms=smoothing_ms, cancel=cancel
    )
    renderer = _renderer(folder, one, encoder, weights_hash(network.state_dict()), device, changes)
    of_reference = [coefficients[codes.name][codes.valid] for codes in used]
    facts = {
        "recording": one.name,
        "video": str(one.video),
        "reference": reference,
        "reference_recordings": [{"name": codes.name, "codes": chosen.hashes[codes.name]} for codes in used],
        "frames": [int(numbers[0]), int(numbers[-1]) + 1],
        "smoothing_ms": smoothing_ms,
        "weights": {**encoder.hashes, "magnifier": renderer.weights},
        "versions": versions(),
    }
    return Magnification(
        renderer=renderer,
        numbers=numbers,
        factor=float(factor),
        changes=tuple(changes),
        mean=np.mean([values.mean(0) for values in of_reference], 0),
        support=Support.fit([coefficients[own.name][own.valid], *of_reference]),
        facts=facts,
        notes=tuple(_notes(chosen.note, renderer, numbers)),
    )


def _frame_numbers(own: Codes, frames: slice | None) -> NDArray[np.int64]:
    """Numbers of the wanted frames; all of the recording by default."""
    if not own.valid.any():
        raise RunError(
            f"{own.name} has no complete behaviour window, so it cannot be magnified; choose another "
            "recording."
        )
    first, last = int(own.frames[0]), int(own.frames[-1])
    wanted = frames or slice(None)
    if wanted.step not in (None, 1):
        raise RunError(f"Frames are magnified one after the other; give a range such as {first}:{last + 1}.")
    start = first if wanted.start is None else wanted.start
    stop = last + 1 if wanted.stop is None else wanted.stop
    if not first <= start < stop <= last + 1:
        raise RunError(
            f"{own.name} has frames {first} to {last}, so {start}:{stop} is no range of them; the second "
            "number is the frame after the last."
        )
    return np.arange(start, stop)


def _renderer(
    folder: Path,
    recording: Recording,
    encoder: ModelEncoder,
    weights: str,
    device: str,
    changes: Sequence[ReferenceChange],
) -> Renderer:
    def joined(name: str, empty: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate([getattr(part, name) for part in changes] or [empty])

    return Renderer(
        folder=folder,
        posture=encoder.hashes["posture"],
        weights=weights,
        recording=recording,
        spec=encoder.spec,
        device=device,
        frames=joined("frames", np.empty(0, np.int64)),
        own=joined("own", np.empty((0, 1), np.float32)),
        change=joined("change", np.empty((0, 1), np.float32)),
    )


def _notes(of_reference: str | None, renderer: Renderer, numbers: NDArray[np.int64]) -> list[str]:
    """Warnings that do not depend on the factor."""
    sentences = [of_reference] if of_reference else []
    missing = int((~np.isin(numbers, renderer.frames)).sum())
    if missing:
        sentences.append(
            f"{renderer.recording.name}: frames without a complete behaviour window are shown unchanged "
            f"({missing} of {len(numbers)})."
        )
    return sentences
