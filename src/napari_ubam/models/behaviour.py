"""The behaviour encoder: from the postures around a frame to the code of what the body is doing."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .config import BehaviourConfig
from .whitening import Whitening

RECURRENT_SHARE = 0.25  # of the distance between codes


class BehaviourEncoder(nn.Module):
    """Recurrent network over a window of postures, beside the postures' own principal components.

    What is plain to see in the postures need not pass the network: the components keep it, and the network
    adds the order in which they come. The distance of two codes is the mean of both parts' distances, the
    network's weighing a quarter.

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
        self.whiten = Whitening(config.recurrent, config.recurrent)
        self.plain = Whitening(posture * config.steps, config.code - config.recurrent)

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
        plain = F.normalize(self.plain(self.laid_out(windows)), dim=-1)
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

    def fit_whitening(self, windows: Tensor) -> None:
        """Fit what is not trained to windows (n, steps, posture) of all recordings."""
        self.plain.fit(self.laid_out(windows))
        self.whiten.fit(self.raw(windows))

    @staticmethod
    def laid_out(windows: Tensor) -> Tensor:
        """Lay the unit postures of windows beside each other, (n, steps * posture)."""
        return F.normalize(windows, dim=-1).flatten(1)
