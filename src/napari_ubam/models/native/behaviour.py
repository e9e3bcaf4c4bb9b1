"""The behaviour encoder: from the postures around a frame to a behaviour code."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_ubam.models.config import BehaviourConfig
from napari_ubam.models.networks import BehaviourNetwork
from napari_ubam.models.whitening import Whitening

RECURRENT_SHARE = 0.1  # share of the recurrent network in the distance between codes


class BehaviourEncoder(BehaviourNetwork):
    """Recurrent network over a window of postures, and a fixed projection of the same postures.

    A random orthogonal projection nearly preserves all distances between windows (Johnson & Lindenstrauss),
    also those in rare directions such as a fast tremor, which principal components would remove. The
    recurrent network adds the order of the postures. The distance between two codes is the weighted mean of
    the distances of both parts.

    Parameters
    ----------
    posture : int
        Dimensions of a posture code.
    config : BehaviourConfig
        Sizes of the network.
    """

    def __init__(self, posture: int, config: BehaviourConfig) -> None:
        super().__init__()
        self.config = config
        hidden = config.hidden
        self.inside = nn.Linear(posture, hidden)
        self.recurrent = nn.GRU(hidden, hidden, batch_first=True, bidirectional=True)
        self.project = nn.Linear(2 * hidden, config.recurrent)
        self.whiten = Whitening(config.recurrent)
        self.register_buffer("plain", _orthogonal(posture * config.steps, config.code - config.recurrent))
        self.plain: Tensor

    def forward(self, windows: Tensor) -> Tensor:
        """Encode windows.

        Parameters
        ----------
        windows : (n, steps, posture) float tensor
            Posture codes at equal time steps; only their direction counts.

        Returns
        -------
        (n, code) float tensor
            Codes are compared by their cosine.
        """
        plain = F.normalize(F.normalize(windows, dim=-1).flatten(1) @ self.plain, dim=-1)
        order = F.normalize(self.whiten(self.raw(windows)), dim=-1)
        return torch.cat([(1 - RECURRENT_SHARE) ** 0.5 * plain, RECURRENT_SHARE**0.5 * order], 1)

    def raw(self, windows: Tensor) -> Tensor:
        """Encode windows with the recurrent network, before whitening.

        Parameters
        ----------
        windows : (n, steps, posture) float tensor
            Posture codes at equal time steps; only their direction counts.

        Returns
        -------
        (n, recurrent) float tensor
        """
        scaled = F.normalize(windows, dim=-1) * windows.shape[-1] ** 0.5
        states, _ = self.recurrent(F.relu(self.inside(scaled)))
        # The mean weighs all steps equally; the middle step is the centre frame.
        middle = states[:, states.shape[1] // 2]
        codes: Tensor = self.project(states.mean(1) + middle)
        return codes


def _orthogonal(inside: int, outside: int) -> Tensor:
    """Matrix (inside, outside) of orthogonal unit columns, always the same."""
    random = torch.randn(inside, outside, generator=torch.Generator().manual_seed(0))
    columns: Tensor = torch.linalg.qr(random)[0]
    return columns
