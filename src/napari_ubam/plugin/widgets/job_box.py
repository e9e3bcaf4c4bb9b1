"""Progress of the job that works on the run: bar, time left, messages, and how to stop it."""

from __future__ import annotations

from qtpy.QtWidgets import QLabel, QProgressBar, QVBoxLayout, QWidget

from napari_ubam.plugin.state.job_view import JobView
from napari_ubam.plugin.state.session import Session

from .sections import button, row

STEPS = 1000
SAID = 3  # latest messages


class JobBox(QWidget):
    """Shows the session's job; hidden where there is none.

    Parameters
    ----------
    session : Session
    kinds : tuple of str
        Jobs that this panel starts; those of other panels are named without their details.
    """

    def __init__(self, session: Session, kinds: tuple[str, ...]) -> None:
        super().__init__()
        self._session, self._kinds = session, kinds
        self.title, self.messages = QLabel(), QLabel()
        for label in (self.title, self.messages):
            label.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setRange(0, STEPS)
        self.cancel = button("Cancel", "Stop within two seconds; what is finished is kept.", session.stop_job)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.title)
        column.addLayout(row(self.bar, self.cancel, stretch=0))
        column.addWidget(self.messages)
        self.update_job()

    def update_job(self) -> None:
        """Show how far the job is."""
        view = self._session.job
        self.setVisible(view is not None and (view.state.status == "running" or view.job.kind in self._kinds))
        if view is None:
            return
        running = view.state.status == "running"
        self.bar.setVisible(running)
        self.cancel.setVisible(running)
        self.title.setText(self._title(view))
        progress = view.progress
        if progress is None or not progress.of:
            self.bar.setRange(0, 0)  # busy, since nothing is known yet
        else:
            self.bar.setRange(0, STEPS)
            self.bar.setValue(round(STEPS * progress.share))
        said = [text for text in view.messages[-SAID:] if text]
        self.messages.setText("\n".join(said))
        self.messages.setVisible(bool(said))
        self.cancel.setText("Cancel" if view.stopping is None else "Stopping …")
        self.cancel.setEnabled(view.stopping is None)

    def _title(self, view: JobView) -> str:
        if view.state.status != "running":
            return ENDS[view.state.status].format(kind=view.job.kind, text=view.state.text).strip()
        progress = view.progress
        if progress is None:
            return f"{view.job.kind}: starting …"
        parts = [f"{view.job.kind}: {progress.stage}"]
        if progress.of:
            parts.append(f"{progress.step} of {progress.of}")
        if progress.eta is not None:
            parts.append(f"{duration(progress.eta)} left")
        return ", ".join(parts)


ENDS = {
    "done": "{kind}: done. {text}",
    "refused": "{kind}: {text}",
    "cancelled": "{kind}: cancelled; what was finished is kept.",
    "died": "{text}",
}


def duration(seconds: float) -> str:
    """Seconds in words: ``40 s``, ``12 min``, ``3 h 20 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
