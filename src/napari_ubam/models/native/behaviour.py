"""The behaviour encoder: from the postures around a frame to the code of what the body is doing."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_ubam.models.config import BehaviourConfig
from napari_ubam.models.networks import BehaviourNetwork
from napari_ubam.models.whitening import Whitening

RECURRENT_SHARE = 0.1  # of the distance between codes


class BehaviourEncoder(BehaviourNetwork):
    """Recurrent network over a window of postures, beside a fixed projection of the postures themselves.

    What is plain to see in the postures need not pass the network: a random orthogonal projection keeps all
    distances between windows nearly (Johnson & Lindenstrauss), those in rare directions such as a fast tremor
    too, which principal components would cut off. The network adds the order in which postures come. The
    distance of two codes is the weighed mean of both parts' distances.

    Parameters
    ----------
    posture : int
        Numbers in a posture code.
    config : BehaviourConfig
        Sizes.
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
            Posture codes at equal steps of time; only their direction counts.

        Returns
        -------
        (n, code) float tensor
            Compare codes by the cosine.
        """
        plain = F.normalize(F.normalize(windows, dim=-1).flatten(1) @ self.plain, dim=-1)
        order = F.normalize(self.whiten(self.raw(windows)), dim=-1)
        return torch.cat([(1 - RECURRENT_SHARE) ** 0.5 * plain, RECURRENT_SHARE**0.5 * order], 1)

    def raw(self, windows: Tensor) -> Tensor:
        """Encode windows by the recurrent network into codes (n, recurrent), which only then are whitened."""
        scaled = F.normalize(windows, dim=-1) * windows.shape[-1] ** 0.5
        states, _ = self.recurrent(F.relu(self.inside(scaled)))
        # The mean sees every step alike; the middle is the frame that the window is centred on.
        middle = states[:, states.shape[1] // 2]
        codes: Tensor = self.project(states.mean(1) + middle)
        return codes


def _orthogonal(inside: int, outside: int) -> Tensor:
    """Matrix (inside, outside) of orthogonal unit columns, always the same one."""
    drawn = torch.randn(inside, outside, generator=torch.Generator().manual_seed(0))
    columns: Tensor = torch.linalg.qr(drawn)[0]
    return columns
