"""A run whose results can be written as one HTML page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from napari_ubam.progress import Cancel, ProgressCallback

from .clips import CLIPS
from .contents import ReadableRun
from .reporting import write_report


@dataclass(frozen=True)
class ReportedRun(ReadableRun):
    """A run whose results can be written as one HTML page.

    Parameters
    ----------
    folder : path
        Made by `train`.
    """

    def report(
        self,
        *,
        clips: int = CLIPS,
        device: str = "auto",
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
    ) -> Path:
        """Write what was found as one HTML file that needs nothing beside it.

        Parameters
        ----------
        clips : int
            Number of subjects whose strongest episode is shown as a clip, beside its magnification if the
            run has a magnifier. Clips are kept in ``figures/episodes`` and made again when outdated.
        device : str
            Compute device of the magnification, as `encoder` takes it.
        progress : callable, optional
            Called with the progress of the stage ``"clips"``.
        cancel : object with ``is_set()``, optional
            Stops the work when set.

        Returns
        -------
        Path
            ``report.html`` of the run: what was found, subjects, episodes, analyses, checks of the model,
            paragraphs for a methods section, and the origin of the results.

        Raises
        ------
        RunError
            If nothing was scored yet.
        Cancelled
            When ``cancel`` is set. Finished clips are kept.
        """
        return write_report(self.folder, clips=clips, device=device, progress=progress, cancel=cancel)
