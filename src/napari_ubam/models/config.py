"""Sizes of a model and settings of its training, as stored with the weights."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, JsonValue, model_validator

Side = Annotated[int, Field(ge=32)]


class _Part(BaseModel):
    # Aliases of the fields are the names in runs of older versions.
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class BackboneConfig(_Part):
    """A pretrained network whose features take the place of the gradient maps.

    Parameters
    ----------
    architecture : str
        Name of the architecture in timm, such as ``"vit_small_patch14_dinov2"``.
    options : dict of str to JSON value
        Sizes that differ from those of the name.
    channels, stride : int
        Channels of its features, and pixels of its input for one cell of them, along each axis.
    cells : int
        Cells along each side for a square crop, as a transformer with patches of 14 pixels has for the usual
        images of 224 pixels. Other crops have about as many cells in all.
    mean, std : tuple of float
        Mean and standard deviation of each colour channel that its input is normalised with.
    tuned : bool
        True to train the network with the rest of the posture encoder, False to keep it as it is.
    file, form : str
        Name of the file that the user gave, and its form.
    sha256 : str
        Hash of that file.
    weights : str
        Hash of the weights; see `napari_ubam.models.weights.weights_hash`.
    licence : str
        What the file says about its licence.
    images, views : int
        Largest number of crops whose features a training of a frozen network keeps on disk, and how many of
        them are of one frame: the frame itself, and changes of its light, contrast and position.
    """

    architecture: str
    options: dict[str, JsonValue] = Field(default_factory=dict)
    channels: int = Field(ge=1)
    stride: int = Field(ge=1)
    cells: int = Field(16, ge=2)
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    tuned: bool = False
    file: str = ""
    form: str = ""
    sha256: str = ""
    weights: str = ""
    licence: str = ""
    images: int = Field(8000, ge=1)
    views: int = Field(4, ge=2)

    @property
    def described(self) -> str:
        """File, form, architecture and use, for the user."""
        return f"{self.file} ({self.form}), {self.architecture}, {'tuned' if self.tuned else 'frozen'}"


class PostureConfig(_Part):
    """Sizes of the posture encoder.

    Parameters
    ----------
    size : tuple of int
        Height and width of the crops in pixels. A preset gives a square; the crops of a study have as many
        pixels, and the shape of its regions (`napari_ubam.crops.shape_for`).
    stride : int
        Pixels of the crop for one cell of the gradient maps, along each axis.
    harmonics : int
        Harmonics of the orientation in the gradient maps.
    widths : tuple of int
        Channels of the stages, multiples of 8. Each stage halves height and width of the maps.
    grid : int
        Channels of the last maps, from which the code is projected.
    code : int
        Dimensions of the posture code.
    colour : bool
        True for RGB crops, False for brightness.
    backbone : BackboneConfig, optional
        Pretrained network that takes the place of the gradient maps.
    """

    size: tuple[Side, Side] = (112, 112)
    stride: int = Field(4, ge=1)
    harmonics: int = Field(2, ge=1)
    widths: tuple[int, ...] = (32, 64, 96)
    grid: int = 32
    code: int = 256
    colour: bool = False
    backbone: BackboneConfig | None = None


class BehaviourConfig(_Part):
    """Sizes of the behaviour encoder.

    Parameters
    ----------
    window_ms : float
        Length of the window in milliseconds.
    steps : int
        Number of postures in a window, both ends included. If it is odd, one of them is the centre frame.
    hidden : int
        Units of the recurrent layer, in each direction.
    code : int
        Dimensions of the behaviour code.
    recurrent : int
        Dimensions of the code that come from the recurrent network. The others are a projection of the
        postures.
    """

    window_ms: float = Field(600.0, gt=0)
    steps: int = Field(13, ge=3)
    hidden: int = 96
    code: int = 384
    recurrent: int = 64


class PostureTraining(_Part):
    """Training of the posture encoder.

    Parameters
    ----------
    steps : int
        Number of batches.
    recordings : int
        Recordings in a batch.
    runs, run_length : int
        Runs of consecutive frames from each recording, and frames in a run.
    step_ms : float
        Milliseconds between two frames of a run; at least one frame.
    learning_rate, weight_decay : float
        Settings of the optimiser AdamW. The learning rate follows one cycle and this is its maximum.
    temperature : float
        Temperature of the contrastive losses.
    head : int
        Dimensions of the projection head on which the contrastive losses work.
    contrast : float
        Weight of the loss that separates the frames of a recording.
    reconstruct : float
        Weight of the loss that reconstructs gradient maps from the code and the mean of the recording.
    align : float
        Weight of the loss that aligns nearest postures of different recordings.
    centre : float
        Weight of the loss that brings the mean codes of all recordings together.
    variance, covariance : float
        Weights of the losses that spread the codes over all dimensions, and decorrelate the dimensions.
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
    """Training of the behaviour encoder.

    Parameters
    ----------
    steps : int
        Number of batches.
    recordings, windows : int
        Recordings in a batch, and windows of each.
    learning_rate, weight_decay : float
        Settings of the optimiser AdamW. The learning rate follows one cycle and this is its maximum.
    temperature : float
        Temperature of the contrastive loss.
    contrast : float
        Weight of the loss that separates the windows of a recording.
    shuffle : float
        Weight of the loss that separates windows in order from shuffled windows.
    reconstruct : float
        Weight of the loss that reconstructs the postures of the window from the code.
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
    """Sizes of the magnifier, which displaces the pixels of a frame from one posture to another.

    Parameters
    ----------
    widths : tuple of int
        Channels of the stages, multiples of 8. Each stage halves height and width of the maps.
    components : int
        Number of coefficients that describe a posture. Each has its own displacement of the pixels.
    """

    widths: tuple[int, ...] = (16, 32, 64, 96)
    components: int = 24


class MagnifierTraining(_Part):
    """Training of the magnifier.

    Parameters
    ----------
    steps : int
        Number of batches.
    recordings, pairs : int
        Recordings in a batch, and pairs of frames of each.
    same_phase : float
        Share of the pairs whose frames are at the same phase, in different cycles of the movement.
    reach_ms : float
        Largest difference in phase of the other pairs, in milliseconds.
    cross_subject : float
        Share of the pairs in which the second posture is a cross-subject match: the code of the nearest
        frames of other subjects.
    learning_rate, weight_decay : float
        Settings of the optimiser AdamW. The learning rate follows one cycle and this is its maximum.
    smooth : float
        Weight of the loss that keeps the displacement smooth.
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


class ModelConfig(_Part):
    """Everything about a model that is not learned.

    Parameters
    ----------
    preset : str
        Name of the preset from which the model was made.
    family : str
        Name of the family of models; see `napari_ubam.families`.
    posture, behaviour, magnifier
        Sizes of the networks.
    posture_training, behaviour_training, magnifier_training
        How the networks are trained.
    family_options : dict of str to JSON value
        Further options that only this family knows.
    """

    preset: str
    family: str = "native"
    posture: PostureConfig = PostureConfig()
    behaviour: BehaviourConfig = BehaviourConfig()
    posture_training: PostureTraining = PostureTraining()
    behaviour_training: BehaviourTraining = BehaviourTraining()
    magnifier: MagnifierConfig = MagnifierConfig()
    magnifier_training: MagnifierTraining = MagnifierTraining()
    family_options: dict[str, JsonValue] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _read_older_version(cls, values: Any) -> Any:
        """Read an older version, which had no family, and a field for the sizes of the published one."""
        if not isinstance(values, dict) or "paper" not in values:
            return values
        values = dict(values)
        options = values.pop("paper")
        return values if options is None else {"family": "ubam2021", "family_options": options, **values}

    def with_crops(self, height: int, width: int) -> ModelConfig:
        """Return the same configuration for another size of the crops.

        Parameters
        ----------
        height, width : int
            Size in pixels.

        Returns
        -------
        ModelConfig
        """
        posture = self.posture.model_copy(update={"size": (height, width)})
        return self.model_copy(update={"posture": posture})

    def with_backbone(self, backbone: BackboneConfig | None) -> ModelConfig:
        """Return the same configuration with another backbone.

        Parameters
        ----------
        backbone : BackboneConfig or None
            None for gradient maps.

        Returns
        -------
        ModelConfig
        """
        posture = self.posture.model_copy(update={"backbone": backbone})
        return self.model_copy(update={"posture": posture})

    def with_window(self, window_ms: float) -> ModelConfig:
        """Return the same configuration for another length of the windows.

        Parameters
        ----------
        window_ms : float
            Length in milliseconds.

        Returns
        -------
        ModelConfig
        """
        behaviour = self.behaviour.model_copy(update={"window_ms": window_ms})
        return self.model_copy(update={"behaviour": behaviour})
