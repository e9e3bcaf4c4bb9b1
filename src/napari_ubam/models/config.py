"""What a model is made of and how it is trained: the presets, and what is saved with the weights."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

PresetName = Literal["tiny", "small", "base"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PostureConfig(_Part):
    """The posture encoder.

    Parameters
    ----------
    size : int
        Width and height of the crops in pixels.
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
    """

    size: int = Field(96, ge=32)
    stride: int = Field(4, ge=1)
    harmonics: int = Field(2, ge=1)
    widths: tuple[int, ...] = (32, 64, 96)
    grid: int = 32
    code: int = 128


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
    """

    window_ms: float = Field(400.0, gt=0)
    steps: int = Field(13, ge=3)
    hidden: int = 96
    code: int = 128


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
    contrast, reconstruct, align, centre : float
        Weights of the losses: frames of one recording told apart, gradient maps drawn from the code and the
        recording's mean, nearest postures of other recordings alike, and equal mean codes of recordings.
    """

    steps: int = Field(500, ge=1)
    recordings: int = Field(6, ge=2)
    runs: int = 4
    run_length: int = 6
    step_ms: float = 33.0
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    temperature: float = 0.1
    contrast: float = 1.0
    reconstruct: float = 10.0
    align: float = 0.5
    centre: float = 1.0


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

    steps: int = Field(300, ge=1)
    recordings: int = Field(6, ge=2)
    windows: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    temperature: float = 0.1
    contrast: float = 1.0
    shuffle: float = 0.5
    reconstruct: float = 1.0


class ModelConfig(_Part):
    """Everything about a model that is not learned.

    Parameters
    ----------
    preset : str
        Name of the preset that it comes from.
    posture, behaviour
        The encoders.
    posture_training, behaviour_training
        How they are trained.
    """

    preset: str
    posture: PostureConfig = PostureConfig()
    behaviour: BehaviourConfig = BehaviourConfig()
    posture_training: PostureTraining = PostureTraining()
    behaviour_training: BehaviourTraining = BehaviourTraining()


PRESETS: dict[str, ModelConfig] = {
    "tiny": ModelConfig(preset="tiny"),
    "small": ModelConfig(
        preset="small",
        posture=PostureConfig(size=128, widths=(48, 96, 160)),
        posture_training=PostureTraining(steps=4000, recordings=8, runs=4, run_length=8),
        behaviour_training=BehaviourTraining(steps=2000, recordings=8),
    ),
    "base": ModelConfig(
        preset="base",
        posture=PostureConfig(size=192, widths=(64, 128, 192, 256), code=192),
        behaviour=BehaviourConfig(hidden=160, code=192),
        posture_training=PostureTraining(
            steps=20000, recordings=12, runs=4, run_length=8, learning_rate=1e-3
        ),
        behaviour_training=BehaviourTraining(steps=6000, recordings=12, learning_rate=1e-3),
    ),
}


def preset(name: str) -> ModelConfig:
    """Return a preset.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    if name not in PRESETS:
        raise ValueError(f"There is no preset {name!r}; choose one of {', '.join(PRESETS)}.")
    return PRESETS[name]
