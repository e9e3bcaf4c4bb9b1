"""Other views differ in light and place, repeat with the seed, and keep the posture."""

from __future__ import annotations

import numpy as np
import torch

from napari_ubam.learners.augment import augmented
from napari_ubam.models.stem import OrientedGradients


def bars(count: int) -> torch.Tensor:
    """Grey pictures with a bright bar that turns from one to the next."""
    y, x = torch.meshgrid(torch.linspace(-1, 1, 64), torch.linspace(-1, 1, 64), indexing="ij")
    angles = torch.linspace(0, 3, count)[:, None, None]
    return torch.sigmoid(40 * (0.25 - (y * angles.cos() - x * angles.sin()).abs()))[:, None] * 0.6 + 0.2


def test_the_generator_decides() -> None:
    crops = bars(5)
    views = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        views.append(augmented(crops))
    assert torch.equal(views[0], views[1])
    assert not torch.allclose(views[0], views[2], atol=0.02)
    assert views[0].shape == crops.shape


def test_each_crop_is_changed_in_its_own_way() -> None:
    torch.manual_seed(0)
    views = augmented(bars(1).expand(40, 1, 64, 64))
    light, spread = views.mean((1, 2, 3)), views.std((1, 2, 3))
    assert light.std() > 0.05
    assert spread.std() > 0.01
    assert views.min() > -0.3
    assert views.max() < 2.5


def test_repeats_share_a_change_but_not_the_noise() -> None:
    torch.manual_seed(0)
    same = bars(1).expand(7, 1, 64, 64)
    views = augmented(same, repeats=3)
    smooth = torch.nn.functional.avg_pool2d(views, 8).flatten(1)

    def apart(i: int, j: int) -> float:
        return float((smooth[i] - smooth[j]).abs().mean())

    assert max(apart(0, 1), apart(1, 2), apart(3, 5)) < 0.02
    assert min(apart(2, 3), apart(5, 6)) > 0.02
    assert not torch.equal(views[0], views[1])


def test_the_posture_can_still_be_told() -> None:
    torch.manual_seed(0)
    crops, stem = bars(6), OrientedGradients()
    maps = [stem(view).flatten(1).numpy() for view in (crops, augmented(crops))]
    alike = np.corrcoef(*maps)[:6, 6:]
    assert (alike.argmax(0) == np.arange(6)).all()
