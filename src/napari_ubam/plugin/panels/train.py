"""Train: train a model on the videos of the study, or open an earlier run."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFileDialog, QLabel, QLineEdit

from napari_ubam.jobs import JobError
from napari_ubam.plugin.io.settings import remember
from napari_ubam.plugin.state.steps import Step, train_magnifier_step, train_step
from napari_ubam.plugin.state.training_choices import is_trained, list_choices
from napari_ubam.plugin.viewer.theme import colours_of
from napari_ubam.plugin.viewer.worker import tell_error
from napari_ubam.plugin.widgets import Empty, JobBox, button, row, section
from napari_ubam.plugin.widgets.copy_box import CopyBox
from napari_ubam.plugin.widgets.loss_plot import LossPlot
from napari_ubam.plugin.widgets.stopped_training import ask_about_stopped, ask_about_trained
from napari_ubam.plugin.widgets.training_settings import TrainingSettings

from .panel import Panel

if TYPE_CHECKING:
    from napari.viewer import Viewer

TRAIN = "Train the posture and behaviour encoders on the study."
MAGNIFY = "Train the network that magnifies deviations."
CONTINUE = "Continue a training that was stopped."
LONGER = "Go on with the training of this model. It is replaced when the training has ended."
NOT_STOPPED = "No training of this run was stopped, so there is nothing to continue."
NOT_TRAINED = "Train the encoders first: the magnifier needs them."
NO_STUDY = "Fill in the Study panel first, or open an earlier run."


class TrainPanel(Panel):
    """Training of the encoders and of the magnifier.

    Parameters
    ----------
    napari_viewer : napari.Viewer
    """

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__(napari_viewer)
        self._choices = self.worker()
        self.empty = Empty(NO_STUDY)
        self.plot = LossPlot(colours_of(napari_viewer))
        self.plot.setVisible(False)
        self.job_box = JobBox(self.session, ("train",))
        self.quality = QLabel()
        self.quality.setWordWrap(True)
        self._build()
        self.observe(self.session.study_changed, self.refresh)
        self.observe(self.session.run_changed, self.refresh)
        self.observe(self.session.job_changed, self._job_changed)
        self.observe(self.link.theme_changed, self._update_theme)
        self._viewer = napari_viewer
        self.refresh()
        self._job_changed()

    def _build(self) -> None:
        self.folder = QLineEdit()
        self.folder.setPlaceholderText("folder of the run")
        self.folder.setToolTip("Folder for the model and its results.")
        browse = button("…", "Choose a folder for the run.", self.choose_folder)
        browse.setMaximumWidth(30)
        open_run = button("Open run …", "Open the folder of an earlier run.", self.open_run)
        self.column.addWidget(self.empty)
        self.column.addLayout(row("Run", self.folder, browse, open_run, stretch=1))
        box, column = section("Training")
        settings = TrainingSettings()
        self.preset, self.device = settings.preset, settings.device
        self.minutes, self.window_ms = settings.minutes, settings.window_ms
        self.whole_frame, self.backbone = settings.whole_frame, settings.backbone
        self._choices.run(list_choices, settings.offer)
        column.addWidget(settings)
        self.start = button("Train", TRAIN, self.train)
        self.resume = button("Resume", CONTINUE, self.continue_training)
        self.magnifier = button("Train magnifier", MAGNIFY, self.train_magnifier)
        column.addLayout(row(self.start, self.resume, self.magnifier))
        self.column.addWidget(box)
        self.column.addWidget(self.job_box)
        self.column.addWidget(self.plot)
        self.column.addWidget(self.quality)
        self.column.addLayout(row(CopyBox(self._steps, self.say), "", stretch=1))
        self.column.addStretch(1)

    # display --------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the study and the run of the session."""
        study, contents = self.session.study, self.session.contents
        self.empty.setVisible(study is None and contents is None)
        if contents is not None:
            self.folder.setText(str(contents.folder))
        elif not self.folder.text() and self.session.study_path is not None:
            self.folder.setText(str(self.session.study_path.parent / "run"))
        self.quality.setText(self._checks())
        self._enable()

    def _enable(self) -> None:
        study, contents = self.session.study, self.session.contents
        trained, busy = self.session.run is not None, self.session.busy
        can_train = study is not None and not busy
        stopped = contents.unfinished[0] if contents is not None and contents.unfinished else None
        more = contents.more_minutes if contents is not None and stopped is None else None
        self.start.setEnabled(can_train)
        why_not = busy or ("" if study is not None else NO_STUDY)
        self.start.setToolTip(why_not or TRAIN)
        self.resume.setEnabled(can_train and (stopped or more) is not None)
        self.resume.setText("Resume" if stopped is None else f"Resume {stopped.part}")
        tip = CONTINUE if stopped is None else f"{CONTINUE} It has {stopped.settings}."
        if more is not None:
            self.resume.setText(f"Train {more} min more")
            tip = LONGER
        self.resume.setToolTip(why_not or (tip if stopped or more is not None else NOT_STOPPED))
        self.magnifier.setEnabled(can_train and trained)
        self.magnifier.setToolTip(why_not or (MAGNIFY if trained else NOT_TRAINED))

    def _checks(self) -> str:
        contents = self.session.contents
        if contents is None or contents.run is None:
            return ""
        trained = "is trained" if contents.has_magnifier else "is not trained yet"
        magnifier = escape(contents.magnifier_fault) or f"The magnifier {trained}."
        advice = f"<p><b>{escape(contents.next_step)}</b></p>" if contents.next_step else ""
        return f"{advice}{_as_table(contents.quality)}<p>{magnifier}</p>"

    def _job_changed(self) -> None:
        self.job_box.update_job()
        job = self.session.job_progress
        seen = job is not None and job.job.kind == "train" and self.plot.show_losses(job.losses)
        self.plot.setVisible(bool(seen))
        self._enable()

    def _update_theme(self) -> None:
        self.plot.set_colours(colours_of(self._viewer))
        self._job_changed()

    # actions --------------------------------------------------------------------------------------

    def choose_folder(self) -> bool:
        """Ask for the folder of the run.

        Returns
        -------
        bool
            Whether the user chose one.
        """
        name = QFileDialog.getExistingDirectory(self, "Folder of the run", self.folder.text())
        if name:
            self.folder.setText(name)
        return bool(name)

    def open_run(self, folder: Path | None = None) -> None:
        """Open a run.

        Parameters
        ----------
        folder : Path, optional
            Folder of the run; by default a dialog asks for it.
        """
        if folder is None:
            name = QFileDialog.getExistingDirectory(self, "Open a run", self.folder.text())
            folder = Path(name) if name else None
        if folder is not None:
            self.link.open_run(folder)

    def train(self) -> None:
        """Train the encoders."""
        study, folder = self._study_csv(), self.folder.text().strip()
        if study is None:
            return
        if not folder:
            self.say("Choose a folder for the run first.")
            return
        remember(preset=self.preset.currentData(), device=self._device, minutes=self.minutes.value())
        self._start_new("encoders", study, Path(folder))

    def train_magnifier(self) -> None:
        """Train the magnifier."""
        study, run = self._study_csv(), self.session.run_folder
        if study is not None and run is not None:
            self._start_new("magnifier", study, run)

    def continue_training(self) -> None:
        """Continue the training that was stopped last, or train a model longer that needs it."""
        study, contents = self._study_csv(), self.session.contents
        if study is None or contents is None:
            return
        if contents.unfinished:
            self._resume(contents.unfinished[0].part, study, contents.folder)
        elif contents.more_minutes is not None:
            self._resume("encoders", study, contents.folder, minutes=float(contents.more_minutes))

    @property
    def _device(self) -> str:
        return str(self.device.currentData() or "auto")

    def _start_new(self, part: str, study: Path, folder: Path) -> None:
        """Start a training, after a question if an earlier one was stopped or has ended."""
        from napari_ubam.training.pipeline.training_record import unfinished_trainings

        stopped = [one for one in unfinished_trainings(folder) if one.part == part and one.begun]
        if stopped:
            answer = ask_about_stopped(stopped[0], self)
        else:
            answer = ask_about_trained(part, self) if is_trained(folder, part) else "start"
        if answer == "resume":
            self._resume(part, study, folder)
        elif answer == "folder":
            if self.choose_folder():
                self.train()
        elif answer in ("start", "restart"):
            self._launch(folder, self._step(part, study, folder, restart=answer == "restart"))

    def _resume(self, part: str, study: Path, folder: Path, minutes: float | None = None) -> None:
        """Continue a training with the settings of its start, which stand in its folder."""
        step = train_step if part == "encoders" else train_magnifier_step
        self._launch(folder, step(study, folder, device=self._device, minutes=minutes, resume=True))

    def _step(self, part: str, study: Path, folder: Path, *, restart: bool = False) -> Step:
        """Train one part with the settings of the panel."""
        device, minutes = self._device, self.minutes.value()
        if part == "magnifier":
            return train_magnifier_step(study, folder, device=device, minutes=minutes, restart=restart)
        return train_step(
            study,
            folder,
            preset=self.preset.currentData(),
            device=device,
            minutes=minutes,
            window_ms=self.window_ms.value() or None,
            restart=restart,
            whole_frame=self.whole_frame.isChecked(),
            **self.backbone.chosen,
        )

    def _launch(self, folder: Path, step: Step) -> None:
        self.say("")
        try:
            self.session.start(folder, list(step.arguments))
        except JobError as error:
            tell_error(error)

    def _study_csv(self) -> Path | None:
        """Give a file of the study; a study that is not saved is written to the run's folder."""
        try:
            return self.session.study_file(Path(self.folder.text().strip() or "."))
        except (ValueError, OSError) as error:
            tell_error(error)
            return None

    def _steps(self) -> list[Step] | str:
        study, folder = self.session.study_path, self.folder.text().strip()
        if study is None or not folder:
            return "Save the study and choose a folder for the run first."
        return [self._step(part, study, Path(folder)) for part in ("encoders", "magnifier")]


def _as_table(rows: Sequence[tuple[str, str, str]]) -> str:
    """Write the checks of a model as rich text: each with its result on the right and its meaning below."""
    lines = (
        f'<tr><td>{escape(what)}<br><i>{escape(verdict)}</i></td><td align="right">{number}</td></tr>'
        for what, number, verdict in rows
    )
    return f'<table width="100%" cellspacing="3">{"".join(lines)}</table>'
