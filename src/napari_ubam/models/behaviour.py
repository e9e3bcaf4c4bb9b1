"""The behaviour encoder: from the postures around a frame to the code of what the body is doing."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from .config import BehaviourConfig
from .whitening import Whitening


class BehaviourEncoder(nn.Module):
    """Recurrent network that reads a window of posture codes in both directions.

    A linear path beside it carries the postures themselves, so that the recurrent one need not pass on what
    is plain to see in them.

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
        self.project = nn.Linear(2 * hidden, config.code)
        self.direct = nn.Linear(posture * config.steps, config.code, bias=False)
        self.whiten = Whitening(config.code)

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
        codes: Tensor = self.whiten(self.raw(windows))
        return codes

    def raw(self, windows: Tensor) -> Tensor:
        """Encode windows into the codes that are trained, which only then are whitened."""
        scaled = F.normalize(windows, dim=-1) * windows.shape[-1] ** 0.5
        states, _ = self.recurrent(F.relu(self.inside(scaled)))
        # The mean sees every step alike; the middle is the frame that the window is centred on.
        middle = states[:, states.shape[1] // 2]
        direct = self.direct(scaled.flatten(1)) / scaled.shape[1] ** 0.5
        codes: Tensor = self.project(states.mean(1) + middle) + direct
        return codes
