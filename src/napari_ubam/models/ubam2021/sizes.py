"""Sizes of the networks that were published in 2021."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from napari_ubam.models.config import ModelConfig
from napari_ubam.models.weights import WeightsError

FAMILY = "ubam2021"


class Ubam2021Sizes(BaseModel):
    """Options of the published networks that other families do not have.

    The default values are those of the published code (Brattoli, Büchler et al., Nature Machine Intelligence
    2021). Lengths, batch sizes and learning rates are in the parts that all families share.

    Parameters
    ----------
    side : int
        Side in pixels of the square to which crops are stretched.
    widths : tuple of int
        Channels of the five convolutions. The second, fourth and fifth are even.
    inner : int
        Units between the posture code and the recurrent layer.
    dropout : float
        Dropout of the two fully connected layers.
    momentum : float
        Momentum of the stochastic gradient descent.
    picture : int
        Side in pixels of the generated square image, a multiple of 32.
    filters : int
        Channels of the finest layers of the autoencoder. The coarsest layers have 8 and 16 times as many.
    latents : int
        Number of latents of appearance, and of posture.
    similar, between : float
        Weights of the losses that compare generated images with the frame, and with a frame half way to
        another posture.
    appearance : float
        Weight of the loss that keeps appearance constant over the frames of a recording.
    divergence : float
        Weight of the Kullback-Leibler divergence of the latents from a normal distribution.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

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

    @classmethod
    def of(cls, config: ModelConfig) -> Ubam2021Sizes:
        """Read the options of a model.

        Parameters
        ----------
        config : ModelConfig
            Configuration of a model of this family.

        Returns
        -------
        Ubam2021Sizes

        Raises
        ------
        WeightsError
            If the model is of another family.
        """
        if config.family != FAMILY:
            raise WeightsError(
                f"The preset {config.preset!r} does not have the networks published in 2021; choose the "
                "preset paper."
            )
        return cls.model_validate(config.family_options)

    @property
    def options(self) -> dict[str, JsonValue]:
        """The same as ``family_options`` of a configuration."""
        values: dict[str, JsonValue] = self.model_dump(mode="json")
        return values
