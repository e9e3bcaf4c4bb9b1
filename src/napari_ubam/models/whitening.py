"""Gives every direction of the codes its say: a fixed last layer, worked out after the training."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FLOOR = 0.01  # of the largest variance: weaker directions are not blown up to the size of strong ones


class Whitening(nn.Module):
    r"""Whitens unit codes, and keeps how far they are from the mean.

    Contrasts leave most of the variance of codes in a few directions, in which what is rare hardly counts:
    a paw that is held up turns the code by little. With unit codes :math:`u` of mean :math:`\mu` and
    covariance :math:`V \Lambda V^T` the output is

    .. math:: z = \left((u - \mu) V (\Lambda / \lambda_1 + \epsilon)^{-1/2},\; r\right)

    without its weakest component, whose place takes the constant :math:`r`, the root mean square length of
    the others. The cosine of two :math:`z` then tells directions apart near the mean as well as distances
    from it. Before `fit` unit codes are passed on as they are.

    Parameters
    ----------
    code : int
        Numbers in a code.
    """

    def __init__(self, code: int) -> None:
        super().__init__()
        self.register_buffer("matrix", torch.eye(code))
        self.register_buffer("offset", torch.zeros(code))
        self.matrix: Tensor
        self.offset: Tensor

    def forward(self, codes: Tensor) -> Tensor:
        """Whiten codes (n, code); only their direction counts. Result (n, code)."""
        return F.normalize(codes, dim=-1) @ self.matrix + self.offset

    @torch.no_grad()
    def fit(self, codes: Tensor) -> None:
        """Learn mean and covariance.

        Parameters
        ----------
        codes : (n, code) tensor
            At least two; each recording should have as many as the others.
        """
        unit = F.normalize(codes.detach().cpu().double(), dim=-1)
        mean = unit.mean(0)
        variances, directions = torch.linalg.eigh(torch.cov(unit.T))
        strongest = variances[-1].clamp_min(1e-12)
        matrix = directions * (variances.clamp_min(0) / strongest + FLOOR).rsqrt()
        matrix[:, 0] = 0  # the weakest one gives its place to the constant
        offset = -mean @ matrix
        offset[0] = (unit @ matrix + offset).square().sum(1).mean().sqrt()
        self.matrix.copy_(matrix)
        self.offset.copy_(offset)
