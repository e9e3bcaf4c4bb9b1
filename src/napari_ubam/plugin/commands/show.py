"""Functions for scripts that add a run's results to a viewer."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from napari_ubam.magnification.defaults import FACTOR, SMOOTHING_MS
from napari_ubam.plugin.io.convert import path_of, recording_layer
from napari_ubam.plugin.io.regions import region_of
from napari_ubam.plugin.io.result_layers import arrow_layer, magnified_layers, score_overlay
from napari_ubam.plugin.viewer.navigation import image_frame
from napari_ubam.plugin.viewer.overlay import add_score_layer, show_score
from napari_ubam.plugin.viewer.own_layers import add_own
from napari_ubam.run import Run
from napari_ubam.runfolder.recordings import read_recording, read_recordings, require_video
from napari_ubam.runfolder.scored_recordings import read_scored
from napari_ubam.video import open_video

if TYPE_CHECKING:
    from napari.layers import Image, Layer, Shapes
    from napari.viewer import Viewer


def show_recording(viewer: Viewer, run: Run, recording: str) -> Image:
    """Add a recording of a run to a viewer as a lazy layer, with time in seconds.

    Parameters
    ----------
    viewer : napari.Viewer
    run : Run
    recording : str
        Name of the recording.

    Returns
    -------
    Image
        The new layer, or the one that shows the recording already.

    Raises
    ------
    RunError
        If the run does not know the recording.
    VideoError
        If the video cannot be read.
    """
    one = read_recording(run.folder, recording)
    for layer in viewer.layers:
        if layer.ndim > 2 and path_of(layer) == one.video:
            return layer
    require_video(run.folder, one)
    data, arguments, _ = recording_layer(one.open_with(open_video, warn=False))
    return viewer.add_image(data, **{**arguments, "name": recording})


def show_scores(viewer: Viewer, run: Run, recording: str) -> Shapes:
    """Draw the scores of a recording over it: an outline of its region, coloured by the percentile.

    The colour goes from blue over white to red, and the score is written above. Both follow the slider. A
    star marks frames over the 95th percentile.

    Parameters
    ----------
    viewer : napari.Viewer
    run : Run
        Run with scores, see `Run.score`.
    recording : str
        Name of the recording.

    Returns
    -------
    Shapes
        The layer with the outline. Its metadata hold the scores and their reference.

    Raises
    ------
    RunError
        If the run does not know the recording, or it was not scored.

    Warns
    -----
    UserWarning
        If the study of the run is not the one that was scored.
    """
    one, scores = read_recording(run.folder, recording), run.scores_of(recording)
    image = show_recording(viewer, run, recording)
    height, width = image.data.shape[1:3]
    overlay = score_overlay(scores, region_of(one, height, width))
    scored = read_scored(run.folder)
    reference = scored.reference if scored else ""
    layer = add_score_layer(viewer, overlay, recording, scores, reference, video=one.video)
    difference = scored.study_difference(read_recordings(run.folder).names) if scored else None
    if difference:
        warnings.warn(difference, stacklevel=2)

    def follow(_: object = None) -> None:
        show_score(layer, overlay, image_frame(viewer, image))

    def forget(event: Any) -> None:
        if event.value in (layer, image):
            viewer.dims.events.current_step.disconnect(follow)
            viewer.layers.events.removed.disconnect(forget)

    viewer.dims.events.current_step.connect(follow)
    viewer.layers.events.removed.connect(forget)
    follow()
    return layer


def show_magnified(
    viewer: Viewer,
    run: Run,
    recording: str,
    reference: str,
    factor: float = FACTOR,
    *,
    frames: slice | None = None,
    smoothing_ms: float = SMOOTHING_MS,
    device: str = "auto",
    arrows: bool = False,
) -> list[Layer]:
    """Add magnified frames to a viewer: magnified, reference, difference and, if wanted, arrows.

    Parameters
    ----------
    viewer : napari.Viewer
    run : Run
        Run with a magnifier.
    recording, reference, factor, frames, smoothing_ms, device
        As `Run.magnify` takes them.
    arrows : bool
        Whether to compute the arrows of all frames now, which takes some time.

    Returns
    -------
    list of Layer
        The magnified frames, and the arrows, are shown. The other layers are hidden at first.

    Raises
    ------
    RunError, WeightsError, EmbeddingError, DeviationError
        As `Run.magnify` raises them.
    FamilyError
        If arrows are wanted, but the magnifier displaces no pixels.
    """
    made = run.magnify(
        recording, reference, factor, frames=frames, smoothing_ms=smoothing_ms, device=device
    ).magnification
    layers = magnified_layers(made)
    if arrows:
        layers.append(arrow_layer(made, made.arrows()))
    return [add_own(viewer, layer, replace=False) for layer in layers]
