"""Gives every direction of the codes its say: a fixed last layer, worked out after the training."""

from __future__ import annotations

import torch
from sklearn.utils.extmath import randomized_svd
from torch import Tensor, nn
from torch.nn import functional as F

FLOOR = 0.01  # of the largest variance: weaker directions are not blown up to the size of strong ones


class Whitening(nn.Module):
    r"""Whitens unit codes, and keeps how far they are from the mean.

    Contrasts leave most of the variance of codes in a few directions, in which what is rare hardly counts:
    a paw that is held up turns the code by little. With unit codes :math:`u` of mean :math:`\mu` and
    covariance :math:`V \Lambda V^T` the output is

    .. math:: z = \left((u - \mu) V (\Lambda / \lambda_1 + \epsilon)^{-1/2},\; r\right)

    for the strongest components, followed by the constant :math:`r`, the root mean square length of what
    comes before it. The cosine of two :math:`z` then tells directions apart near the mean as well as
    distances from it. Before `fit`, the first numbers of unit codes are passed on as they are.

    Parameters
    ----------
    inside : int
        Numbers in a code.
    outside : int
        Numbers in the result, at most as many.
    """

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.register_buffer("matrix", torch.eye(inside, outside))
        self.register_buffer("offset", torch.zeros(outside))
        self.matrix: Tensor
        self.offset: Tensor

    def forward(self, codes: Tensor) -> Tensor:
        """Whiten codes (n, inside); only their direction counts. Result (n, outside)."""
        return F.normalize(codes, dim=-1) @ self.matrix + self.offset

    @torch.no_grad()
    def fit(self, codes: Tensor) -> None:
        """Learn mean and covariance.

        Parameters
        ----------
        codes : (n, inside) tensor
            At least two; each recording should have as many as the others.
        """
        unit = F.normalize(codes.detach().cpu().float(), dim=-1)
        mean, wanted = unit.mean(0), self.offset.numel() - 1
        variances, directions = _components(unit - mean, wanted)
        strongest = variances.max().clamp_min(1e-12)
        matrix = torch.zeros(self.matrix.shape)
        matrix[:, : len(variances)] = directions * (variances / strongest + FLOOR).rsqrt()
        offset = -mean @ matrix
        offset[-1] = (unit @ matrix + offset).square().sum(1).mean().sqrt()
        self.matrix.copy_(matrix)
        self.offset.copy_(offset)


def _components(centred: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Variances (k,) and directions (d, k) of the strongest principal components, k at most ``count``."""
    samples, size = centred.shape
    if count < min(size // 2, samples):  # a part of many: their full decomposition would take long
        _, lengths, rows = randomized_svd(centred.numpy(), count, random_state=0)
        values = torch.from_numpy(lengths.copy()).float()
        return values.square() / max(samples - 1, 1), torch.from_numpy(rows.copy()).float().T
    variances, directions = torch.linalg.eigh(torch.cov(centred.double().T))
    kept = slice(size - count, size)
    return variances[kept].clamp_min(0).float(), directions[:, kept].float()
