"""What a run has: its model, codes, scores and other results. Nothing here is computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pandas as pd

from napari_ubam.analysis import Codes
from napari_ubam.embedding import Embeddings, EmbeddingStore
from napari_ubam.embedding.codes import read_codes, store_of
from napari_ubam.embedding.model_encoder import ModelEncoder, config_of
from napari_ubam.models.config import ModelConfig
from napari_ubam.models.devices import choose_device
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.log import history
from napari_ubam.runfolder.paths import BEHAVIOUR, LOG, POSTURE, QUALITY, SCORES
from napari_ubam.runfolder.table_parts import parts_of
from napari_ubam.runfolder.tables import Result, RunResults, has_result
from napari_ubam.study import Recording
from napari_ubam.training.checks.quality import Quality

from .explorer import Explorer, explore
from .score_table import read_scores


@dataclass(frozen=True)
class ReadableRun:
    """A folder with a trained model and what was computed with it.

    Parameters
    ----------
    folder : path
        Made by `train`.

    Raises
    ------
    RunError
        If there is no trained model in the folder.
    """

    folder: Path

    def __post_init__(self) -> None:
        """Check that the folder has a trained model."""
        object.__setattr__(self, "folder", Path(self.folder).absolute())
        if not self.folder.is_dir():
            raise RunError(f"There is no run at {self.folder}; check the path, or train a model into it.")
        missing = [name for name in (POSTURE, BEHAVIOUR) if not (self.folder / name).is_file()]
        if missing:
            raise RunError(
                f"{self.folder} has no {missing[0]}; end its training with --resume, train a model into it, "
                "or choose another run."
            )

    @classmethod
    def open(cls, folder: str | Path) -> Self:
        """Open a run that was trained.

        Parameters
        ----------
        folder : path

        Raises
        ------
        RunError
            If there is no trained model in the folder.
        """
        return cls(Path(folder))

    @property
    def config(self) -> ModelConfig:
        """Sizes of the model, and how it was trained."""
        return config_of(self.folder)

    @property
    def quality(self) -> Quality:
        """Whether the model means anything; see `napari_ubam.training.checks.quality`."""
        return Quality.read(self.folder / QUALITY)

    @property
    def history(self) -> pd.DataFrame:
        """Losses of the training: ``stage``, ``step``, ``seconds`` and one column a loss."""
        return history(self.folder / LOG)

    @property
    def store(self) -> EmbeddingStore:
        """Codes of the recordings."""
        return store_of(self.folder)

    def encoder(self, device: str = "auto") -> ModelEncoder:
        """Load the encoders.

        Parameters
        ----------
        device : str
            ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"mps"``.
        """
        return ModelEncoder.load(self.folder, choose_device(device))

    def embeddings(self, name: str) -> Embeddings:
        """Read the codes of a recording.

        Parameters
        ----------
        name : str
            The recording's name.

        Returns
        -------
        Embeddings
            ``posture`` (t, d) and ``behaviour`` (t, e), float32, NaN where there is none.

        Raises
        ------
        EmbeddingError
            If the recording was not embedded.
        """
        return self.store.read(name)

    def codes(self, study: Iterable[Recording]) -> list[Codes]:
        """Read the codes of recordings, sure that they are this model's and the videos' as they are now.

        Raises
        ------
        EmbeddingError
            If they are of another model or another video, or missing.
        """
        return read_codes(self.folder, study, self.encoder("cpu"))

    @property
    def scores(self) -> pd.DataFrame:
        """Scores of the last scoring, one row for each frame.

        Columns ``recording, frame, time, posture_deviation, behaviour_deviation, posture_percentile,
        behaviour_percentile, constant, episodic, constant_percentile, episodic_percentile``.

        Raises
        ------
        RunError
            If the study was not scored.
        """
        return self._scoring.tables["scores"]

    def scores_of(self, name: str) -> pd.DataFrame:
        """Read the scores of one recording; those of a long study need not fit into memory for that.

        Parameters
        ----------
        name : str
            Name of the recording.

        Returns
        -------
        DataFrame
            One row for each frame, with the columns of `scores`.

        Raises
        ------
        RunError
            If the recording was not scored.
        """
        for _, rows in parts_of(self._scoring.tables, "scores", [name]):
            return rows
        raise RunError(f"{self.folder} has no scores of {name}; score a study with this recording.")

    @property
    def subjects(self) -> pd.DataFrame:
        """Subjects of the last scoring, one row for each subject and session.

        Columns ``subject, group, session, deviation, p, q, n_reference, smallest_p, reference``, and value,
        percentile, p and q of ``constant`` and ``episodic``.

        Raises
        ------
        RunError
            If the study was not scored.
        """
        return self._scoring.tables["subjects"]

    @property
    def episodes(self) -> pd.DataFrame:
        """Episodes of the last scoring: spans above the 95th percentile, ranked within their recording.

        Raises
        ------
        RunError
            If the study was not scored.
        """
        return self._scoring.tables["episodes"]

    @property
    def results(self) -> Mapping[str, Result]:
        """Results of the run by name, such as ``"scores"`` and ``"map"``. Each is read on access."""
        return RunResults(self.folder)

    def explorer(self) -> Explorer:
        """Load the codes of all embedded recordings, to ask for neighbours and maps.

        Raises
        ------
        RunError
            If no recording is embedded.
        """
        return explore(self.folder)

    @property
    def _scoring(self) -> Result:
        if not has_result(self.folder, SCORES):
            raise RunError(f"{self.folder} has no scores; score the study first.")
        return read_scores(self.folder)
