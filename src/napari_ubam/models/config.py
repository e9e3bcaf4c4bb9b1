"""Sizes of a model and of its training, as saved with the weights."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

Side = Annotated[int, Field(ge=32)]


class _Part(BaseModel):
    # The other names are those of runs of earlier versions.
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class PostureConfig(_Part):
    """The posture encoder.

    Parameters
    ----------
    size : tuple of int
        Height and width of the crops in pixels; of a preset, a square of as many pixels as the
        crops of a study (`napari_ubam.crops.shape_for`).
    stride : int
        Pixels for one cell of the gradient maps.
    harmonics : int
        How finely the maps tell orientation.
    widths : tuple of int
        Channels of the stages, multiples of 8; each stage halves the maps.
    grid : int
        Channels of the grid that the code is projected from.
    code : int
        Numbers in the code.
    colour : bool
        Whether crops are RGB; otherwise brightness.
    """

    size: tuple[Side, Side] = (112, 112)
    stride: int = Field(4, ge=1)
    harmonics: int = Field(2, ge=1)
    widths: tuple[int, ...] = (32, 64, 96)
    grid: int = 32
    code: int = 256
    colour: bool = False


class BehaviourConfig(_Part):
    """The behaviour encoder.

    Parameters
    ----------
    window_ms : float
        Length of the window in milliseconds.
    steps : int
        Times at which posture is read in the window, both ends included; odd, so that one is
        the frame itself.
    hidden : int
        Units of the recurrent layer, each direction.
    code : int
        Numbers in the code.
    recurrent : int
        How many of them come from the recurrent network; the others are a projection of the postures.
    """

    window_ms: float = Field(400.0, gt=0)
    steps: int = Field(13, ge=3)
    hidden: int = 96
    code: int = 384
    recurrent: int = 64


class PostureTraining(_Part):
    """How the posture encoder is trained.

    Parameters
    ----------
    steps : int
        Batches.
    recordings : int
        Recordings in a batch.
    runs, run_length : int
        Runs of frames of each, and frames a run.
    step_ms : float
        Milliseconds between the frames of a run; at least one frame.
    learning_rate, weight_decay : float
        Of AdamW, with one cycle of the learning rate.
    temperature : float
        Of the contrasts.
    head : int
        Numbers in the code that the contrasts see, a small network away from the posture code.
    contrast, reconstruct, align, centre, variance, covariance : float
        Weights of the losses: frames of one recording told apart, gradient maps drawn from the code and the
        recording's mean, nearest postures of other recordings alike, equal mean codes of recordings, and all
        directions of the code used, each for something else.
    """

    steps: int = Field(800, ge=1)
    recordings: int = Field(6, ge=2)
    runs: int = 4
    run_length: int = 6
    step_ms: float = 33.0
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    temperature: float = 0.2
    head: int = 64
    contrast: float = 1.0
    reconstruct: float = 10.0
    align: float = 0.5
    centre: float = 1.0
    variance: float = 1.0
    covariance: float = 0.05


class BehaviourTraining(_Part):
    """How the behaviour encoder is trained.

    Parameters
    ----------
    steps : int
        Batches.
    recordings, windows : int
        Recordings in a batch, and windows of each.
    learning_rate, weight_decay : float
        Of AdamW, with one cycle of the learning rate.
    temperature : float
        Of the contrast.
    contrast, shuffle, reconstruct : float
        Weights of the losses: windows of one recording told apart, true order told from shuffled, and the
        postures of the window read from the code.
    """

    steps: int = Field(400, ge=1)
    recordings: int = Field(6, ge=2)
    windows: int = 32
    learning_rate: float = 4e-3
    weight_decay: float = 1e-2
    temperature: float = 0.3
    contrast: float = 0.1
    shuffle: float = 0.3
    reconstruct: float = 1.0


class MagnifierConfig(_Part):
    """The network that moves the pixels of a frame from one posture to another.

    Parameters
    ----------
    widths : tuple of int
        Channels of the stages, multiples of 8; each stage halves the maps.
    components : int
        Numbers that a posture code is turned into; each moves the picture in its own way.
    """

    widths: tuple[int, ...] = (16, 32, 64, 96)
    components: int = 24


class MagnifierTraining(_Part):
    """How the magnifier is trained.

    Parameters
    ----------
    steps : int
        Batches.
    recordings, pairs : int
        Recordings in a batch, and pairs of frames of each.
    same_phase : float
        Share of pairs that are at the same phase of the movement, in different cycles of it.
    reach_ms : float
        The other pairs are off that phase by at most this.
    cross_subject : float
        Share of pairs whose second posture is told by the nearest frames of other subjects.
    learning_rate, weight_decay : float
        Of AdamW, with one cycle of the learning rate.
    smooth : float
        Weight of the smoothness of what is moved.
    """

    steps: int = Field(1500, ge=1)
    recordings: int = Field(8, ge=1)
    pairs: int = 4
    same_phase: float = Field(0.5, validation_alias=AliasChoices("same_phase", "alike"))
    reach_ms: float = 170.0
    cross_subject: float = Field(0.5, validation_alias=AliasChoices("cross_subject", "borrowed"))
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    smooth: float = 0.15


class PaperConfig(_Part):
    """What the published networks and their trainings have that the others do not.

    Lengths, batches and learning rates are among those of the trainings that all presets have. The numbers
    are those of the published code (Brattoli, Büchler et al., Nature Machine Intelligence 2021).

    Parameters
    ----------
    side : int
        Pixels of the square that crops are stretched to.
    widths : tuple of int
        Channels of the five convolutions; the second, fourth and fifth are even.
    inner : int
        Units between the posture code and the recurrent layer.
    dropout : float
        Of the two fully connected layers.
    momentum : float
        Of the stochastic gradient descent.
    picture : int
        Pixels of the square that is painted, a multiple of 32.
    filters : int
        Channels of the finest layers of the painter; the coarsest have 8 and 16 times as many.
    latents : int
        Numbers that appearance is told by, and as many that posture is told by.
    similar, between, appearance, divergence : float
        Weights of the painter's losses: the frame and one half way to another are painted right, appearance
        is the same in other frames of the recording, and latents are distributed normally.
    """

    side: int = Field(227, ge=67)
    widths: tuple[int, int, int, int, int] = (96, 256, 384, 384, 256)
    inner: int = 4096
    dropout: float = 0.5
    momentum: float = 0.9
    picture: int = Field(128, multiple_of=32)
    filters: int = 128
    latents: int = 50
    similar: float = 1.0
    between: float = 1.0
    appearance: float = 1.0
    divergence: float = 1e-3


class ModelConfig(_Part):
    """Everything about a model that is not learned.

    Parameters
    ----------
    preset : str
        Name of the preset that it comes from.
    family : str
        Name of the family of models; see `napari_ubam.families`.
    posture, behaviour, magnifier
        The networks.
    posture_training, behaviour_training, magnifier_training
        How they are trained.
    paper : PaperConfig, optional
        Given for the published networks, which then take the place of the others.
    """

    preset: str
    family: str = "native"
    posture: PostureConfig = PostureConfig()
    behaviour: BehaviourConfig = BehaviourConfig()
    posture_training: PostureTraining = PostureTraining()
    behaviour_training: BehaviourTraining = BehaviourTraining()
    magnifier: MagnifierConfig = MagnifierConfig()
    magnifier_training: MagnifierTraining = MagnifierTraining()
    paper: PaperConfig | None = None

    @model_validator(mode="before")
    @classmethod
    def _name_family(cls, values: Any) -> Any:
        """Name the family of a run of an earlier version: only the published one has these sizes."""
        if isinstance(values, dict) and values.get("paper") is not None:
            return {"family": "ubam2021", **values}
        return values

    @property
    def published(self) -> PaperConfig:
        """Sizes of the published networks.

        Raises
        ------
        ValueError
            If the preset has none.
        """
        if self.paper is None:
            raise ValueError(f"The preset {self.preset!r} has no published networks; choose 'paper'.")
        return self.paper

    def with_crops(self, height: int, width: int) -> ModelConfig:
        """Return the same for crops of another shape."""
        posture = self.posture.model_copy(update={"size": (height, width)})
        return self.model_copy(update={"posture": posture})

    def with_window(self, window_ms: float) -> ModelConfig:
        """Return the same for windows of another length."""
        behaviour = self.behaviour.model_copy(update={"window_ms": window_ms})
        return self.model_copy(update={"behaviour": behaviour})
