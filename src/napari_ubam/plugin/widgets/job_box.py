"""Progress of the job that works on the run: bar, remaining time, messages and the Cancel button."""

from __future__ import annotations

from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_ubam.plugin.state.job_progress import JobProgress
from napari_ubam.plugin.state.session import Session

from .progress_row import ProgressRow

LATEST_MESSAGES = 3
ENDS = {
    "done": "{kind}: done. {text}",
    "refused": "{kind}: {text}",
    "cancelled": "{kind}: cancelled; finished parts are kept.",
    "died": "{text}",
}


class JobBox(QWidget):
    """Shows the session's job; hidden without a job.

    Parameters
    ----------
    session : Session
    kinds : tuple of str
        Jobs that the panel starts, such as ``"train"``. The end of any other job is not shown.
    """

    def __init__(self, session: Session, kinds: tuple[str, ...]) -> None:
        super().__init__()
        self._session, self._kinds = session, kinds
        self.title, self.messages = QLabel(), QLabel()
        for label in (self.title, self.messages):
            label.setWordWrap(True)
        tip = "Stop the job within two seconds. Finished parts are kept."
        self._progress = ProgressRow(tip, session.stop_job)
        self.cancel = self._progress.cancel
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.title)
        column.addWidget(self._progress)
        column.addWidget(self.messages)
        self.update_job()

    def update_job(self) -> None:
        """Show the current progress."""
        job = self._session.job_progress
        self.setVisible(job is not None and (job.is_running or job.job.kind in self._kinds))
        if job is None:
            return
        self._progress.setVisible(job.is_running)
        share = None if job.latest is None else job.latest.share
        self._progress.show_progress(share, stopping=job.stop_requested is not None)
        self.title.setText(_title(job))
        messages = [text for text in job.messages[-LATEST_MESSAGES:] if text]
        self.messages.setText("\n".join(messages))
        self.messages.setVisible(bool(messages))


def _title(job: JobProgress) -> str:
    if not job.is_running:
        return ENDS[job.state.status].format(kind=job.job.kind, text=job.state.text).strip()
    latest = job.latest
    if latest is None:
        return f"{job.job.kind}: starting …"
    parts = [f"{job.job.kind}: {latest.stage}", f"{latest.step} of {latest.of}"]
    if latest.eta is not None:
        parts.append(f"{format_duration(latest.eta)} left")
    return ", ".join(parts)


def format_duration(seconds: float) -> str:
    """Write a duration in words.

    Parameters
    ----------
    seconds : float

    Returns
    -------
    str
        Such as ``40 s``, ``12 min`` or ``3 h 20 min``.
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
