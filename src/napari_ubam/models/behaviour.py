"""The behaviour encoder: from the postures around a frame to the code of what the body is doing."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from .config import BehaviourConfig


class BehaviourEncoder(nn.Module):
    """Recurrent network that reads a window of posture codes in both directions.

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

    def forward(self, windows: Tensor) -> Tensor:
        """Encode windows.

        Parameters
        ----------
        windows : (n, steps, posture) float tensor
            Posture codes at equal steps of time; only their direction counts.

        Returns
        -------
        (n, code) float tensor
        """
        scaled = F.normalize(windows, dim=-1) * windows.shape[-1] ** 0.5
        states, _ = self.recurrent(F.relu(self.inside(scaled)))
        # The mean sees every step alike; the middle is the frame that the window is centred on.
        middle = states[:, states.shape[1] // 2]
        codes: Tensor = self.project(states.mean(1) + middle)
        return codes
