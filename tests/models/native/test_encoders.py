"""The native encoders accept crops of any size, and learn from what they should."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from napari_ubam.models.config import BehaviourConfig, PostureConfig
from napari_ubam.models.native.behaviour import BehaviourEncoder
from napari_ubam.models.native.map_decoder import MapDecoder
from napari_ubam.models.native.posture import PostureEncoder


@pytest.mark.parametrize("size", [32, 33, 50, 97, 101])
@pytest.mark.parametrize("widths", [(8,), (8, 16, 24, 32)])
def test_odd_sizes(size: int, widths: tuple[int, ...]) -> None:
    encoder = PostureEncoder(PostureConfig(size=(size, size), widths=widths, grid=4, code=10))
    assert encoder(torch.rand(3, 1, size, size)).shape == (3, 10)


def test_every_weight_of_the_posture_encoder_learns() -> None:
    encoder = PostureEncoder(PostureConfig(size=(48, 48), widths=(8, 16), grid=4, code=10))
    encoder(torch.rand(4, 1, 48, 48)).square().sum().backward()
    assert all(one.grad is not None and one.grad.abs().sum() > 0 for one in encoder.parameters())


def test_the_code_of_a_frame_does_not_depend_on_its_batch() -> None:
    encoder = PostureEncoder(PostureConfig(size=(40, 40), widths=(8, 16), grid=4, code=10)).eval()
    crops = torch.rand(20, 1, 40, 40)
    torch.testing.assert_close(encoder(crops)[7:8], encoder(crops[7:8]), atol=1e-5, rtol=1e-4)


def test_place_is_kept() -> None:
    torch.manual_seed(0)
    encoder = PostureEncoder(PostureConfig(size=(64, 64), widths=(8, 16), grid=8, code=32))
    crops = torch.zeros(2, 1, 64, 64)
    crops[0, 0, 10:20, 10:20] = crops[1, 0, 40:50, 40:50] = 1
    one, other = encoder(crops)
    assert torch.nn.functional.cosine_similarity(one, other, dim=0) < 0.95


@pytest.mark.parametrize("shape", [(1, 1), (2, 5), (8, 17), (12, 12)])
def test_the_decoder_draws_maps_and_ignores_the_length_of_codes(shape: tuple[int, int]) -> None:
    decoder = MapDecoder(code=10, channels=5, shape=shape).eval()
    codes, means = torch.randn(3, 10), torch.randn(3, 5, *shape)
    drawn = decoder(codes, means)
    assert drawn.shape == means.shape
    torch.testing.assert_close(decoder(codes * 7, means), drawn, atol=1e-5, rtol=1e-4)


def test_the_behaviour_encoder_reads_order_but_not_the_length_of_codes() -> None:
    torch.manual_seed(0)
    encoder = BehaviourEncoder(10, BehaviourConfig(steps=7, hidden=16, code=12, recurrent=6)).eval()
    windows = torch.randn(5, 7, 10)
    codes = encoder(windows)
    assert codes.shape == (5, 12)
    torch.testing.assert_close(encoder(windows * 3), codes, atol=1e-5, rtol=1e-4)
    assert (encoder(windows.flip(1)) - codes).abs().max() > 0.05


def test_windows_keep_their_distances() -> None:
    config = BehaviourConfig(steps=9, hidden=16, code=264, recurrent=8)
    encoder = BehaviourEncoder(40, config).eval()
    windows = F.normalize(torch.randn(60, 9, 40, generator=torch.Generator().manual_seed(3)), dim=-1)
    windows = windows + windows.mean(0)
    flat = F.normalize(F.normalize(windows, dim=-1).flatten(1), dim=-1)
    plain = F.normalize(encoder(windows)[:, :256], dim=-1)
    pairs = torch.triu_indices(60, 60, 1)
    true, kept = ((1 - codes @ codes.T)[pairs[0], pairs[1]] for codes in (flat, plain))
    assert torch.corrcoef(torch.stack([true, kept]))[0, 1] > 0.5
    assert ((kept - true).abs() / true).mean() < 0.1
