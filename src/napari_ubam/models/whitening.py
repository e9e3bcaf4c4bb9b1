"""Whitening of codes: a last layer that is fitted after the training."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FLOOR = 0.01  # of the largest variance; it limits the amplification of weak directions


class Whitening(nn.Module):
    r"""Whitens unit codes, and keeps their distance from the mean.

    Contrastive losses leave most of the variance of codes in a few directions, and rare postures differ
    little in these: a paw that is held up hardly turns the code. For unit codes :math:`u` with mean
    :math:`\mu` and covariance :math:`V \Lambda V^T`, the output is

    .. math:: z = \left((u - \mu) V (\Lambda / \lambda_1 + \epsilon)^{-1/2},\; r\right)

    The weakest component is replaced by the constant :math:`r`, the root mean square length of the other
    components. The cosine of two outputs :math:`z` then depends on direction and on distance from the mean.
    Before `fit`, the layer only normalises.

    Parameters
    ----------
    code : int
        Dimensions of a code.
    """

    def __init__(self, code: int) -> None:
        super().__init__()
        self.register_buffer("matrix", torch.eye(code))
        self.register_buffer("offset", torch.zeros(code))
        self.matrix: Tensor
        self.offset: Tensor

    def forward(self, codes: Tensor) -> Tensor:
        """Whiten codes.

        Parameters
        ----------
        codes : (n, code) tensor
            Codes of any length; only their direction counts.

        Returns
        -------
        (n, code) tensor
        """
        return F.normalize(codes, dim=-1) @ self.matrix + self.offset

    @torch.no_grad()
    def fit(self, codes: Tensor) -> None:
        """Fit mean and covariance.

        Parameters
        ----------
        codes : (n, code) tensor
            At least two codes; each recording should have equally many.
        """
        unit = F.normalize(codes.detach().cpu().double(), dim=-1)
        mean = unit.mean(0)
        variances, directions = torch.linalg.eigh(torch.cov(unit.T))
        strongest = variances[-1].clamp_min(1e-12)
        matrix = directions * (variances.clamp_min(0) / strongest + FLOOR).rsqrt()
        matrix[:, 0] = 0  # the weakest component is replaced by the constant
        offset = -mean @ matrix
        offset[0] = (unit @ matrix + offset).square().sum(1).mean().sqrt()
        self.matrix.copy_(matrix)
        self.offset.copy_(offset)
