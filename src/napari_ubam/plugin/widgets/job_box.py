"""Progress of the job that works on the run: bar, remaining time, messages and the Cancel button."""

from __future__ import annotations

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_ubam.plugin.state.job_control import JobControl
from napari_ubam.plugin.state.job_progress import HURRY, JobProgress

from .progress_row import ProgressRow

LATEST_MESSAGES = 3
TIP = "Stop the job. What was reached is saved first, and a training can be resumed."
TIP_NOW = "End the job at once. What came after the last checkpoint is lost."
ELSEWHERE = "Another window or command works on this run"
ENDS = {
    "done": "{kind}: done. {text}",
    "refused": "{kind}: {text}",
    "cancelled": "{kind}: {text}",
    "died": "{text}",
}


class JobBox(QWidget):
    """Shows the job of a session, or of another control; hidden without a job.

    Parameters
    ----------
    session : JobControl
    kinds : tuple of str
        Jobs that the panel starts, such as ``"train"``. The end of any other job is not shown.
    others : bool
        Whether the progress of other jobs is shown.
    """

    def __init__(self, session: JobControl, kinds: tuple[str, ...], *, others: bool = True) -> None:
        super().__init__()
        self._session, self._kinds, self._others = session, kinds, others
        self._elsewhere = ""
        self.title, self.messages = QLabel(), QLabel()
        for label in (self.title, self.messages):
            label.setWordWrap(True)
        self._progress = ProgressRow(TIP, self._cancel)
        self.cancel = self._progress.cancel
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.title)
        column.addWidget(self._progress)
        column.addWidget(self.messages)
        self._hurry = QTimer(self)
        self._hurry.setSingleShot(True)
        self._hurry.timeout.connect(lambda: self.update_job())
        self.update_job()

    def _cancel(self) -> None:
        """Ask the job to stop; a second click ends it."""
        job = self._session.job_progress
        if job is not None and job.can_be_ended:
            self._session.end_job()
        else:
            self._session.stop_job()

    def leave_to_panel(self, sentence: str) -> None:
        """Do not repeat a sentence that the panel shows itself.

        Parameters
        ----------
        sentence : str
            Empty if there is none.
        """
        self._elsewhere = sentence

    def update_job(self, outdated: str = "") -> None:
        """Show the current progress.

        Parameters
        ----------
        outdated : str
            Why the panel's results are outdated. A job that is done is then hidden, since "done" would not
            be true any more.
        """
        job = self._session.job_progress
        shown = job is not None and ((job.is_running and self._others) or job.job.kind in self._kinds)
        self.setVisible(shown and not (outdated and job is not None and job.state.status == "done"))
        if job is None:
            return
        self._progress.setVisible(job.is_running)
        share = job.latest.share if job.latest is not None and job.latest.of else None
        stopping = job.stop_requested is not None
        self._progress.show_progress(share, stopping, job.can_be_ended)
        self.cancel.setToolTip(TIP_NOW if stopping else TIP)
        if stopping and job.is_running and not job.can_be_ended and not self._hurry.isActive():
            self._hurry.start(round(HURRY * 1000) + 50)
        self.title.setText(_title(job))
        messages = [text for text in job.messages[-LATEST_MESSAGES:] if text not in ("", self._elsewhere)]
        self.messages.setText("\n".join(messages))
        self.messages.setVisible(bool(messages))


def _title(job: JobProgress) -> str:
    if not job.is_running:
        return ENDS[job.state.status].format(kind=job.job.kind, text=job.state.text).strip()
    if job.stop_requested is not None:
        return f"{job.job.kind}: stopping; what was reached is being saved …"
    what = job.job.kind if job.is_own else ELSEWHERE
    left = "" if job.latest is None or job.latest.eta is None else f", {format_duration(job.latest.eta)} left"
    return f"{what}: {job.doing}{left}"


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
