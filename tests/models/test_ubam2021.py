"""The networks of 2021 have the published shapes, and load original checkpoints and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from napari_ubam.families import preset
from napari_ubam.learners.ubam2021.order import Ubam2021Learner
from napari_ubam.models.ubam2021.checkpoint import (
    BEHAVIOUR_LAYERS,
    POSTURE_LAYERS,
    VAE_LAYERS,
    load_layers,
    read_checkpoint,
)
from napari_ubam.models.ubam2021.image_losses import PixelLoss, VggLoss
from napari_ubam.models.ubam2021.networks import Ubam2021Behaviour, Ubam2021Posture
from napari_ubam.models.ubam2021.vae import FrameVae
from napari_ubam.models.weights import WeightsError
from small_paper import checkpoint, checkpoint_of_encoders, checkpoint_of_vae, small_paper, vgg_weights


@pytest.fixture(scope="module")
def learner() -> Ubam2021Learner:
    """Give the published networks at their size."""
    return Ubam2021Learner(preset("paper")).eval()


def test_the_networks_have_78_million_parameters(learner: Ubam2021Learner) -> None:
    assert sum(one.numel() for one in learner.parameters()) == 77_849_986
    assert learner.posture.fc6.weight.shape == (4096, 9216)
    assert learner.encoder.lstm.hidden_size == 1024


@torch.inference_mode()
def test_grey_and_colour_of_any_size_are_encoded(learner: Ubam2021Learner) -> None:
    grey = torch.rand(1, 1, 60, 130)
    codes = learner.posture(grey)
    assert codes.shape == (1, 4096)
    assert (codes >= 0).all()
    torch.testing.assert_close(learner.posture(grey.expand(-1, 3, -1, -1)), codes)
    red = torch.cat([torch.rand(1, 1, 60, 130), torch.zeros(1, 2, 60, 130)], 1)
    assert not torch.allclose(learner.posture(red), learner.posture(red.flip(1)))
    assert learner.encoder(codes.expand(1, 8, 4096)).shape == (1, 1024)


def test_other_presets_have_no_published_networks() -> None:
    for network in (Ubam2021Posture, Ubam2021Behaviour, FrameVae):
        with pytest.raises(WeightsError, match="choose the preset paper"):
            network(preset("tiny"))


@pytest.mark.parametrize("prefix", ["", "module."])
def test_an_original_checkpoint_is_taken_over(prefix: str, tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "lstm_checkpoint.pth.tar", checkpoint_of_encoders(prefix))
    learner = Ubam2021Learner(small_paper())
    assert learner.load_checkpoint(path) == "All layers were loaded from lstm_checkpoint.pth.tar."
    theirs = checkpoint_of_encoders()
    torch.testing.assert_close(learner.posture.convolutions[8].weight, theirs["conv.conv3.weight"])
    torch.testing.assert_close(learner.posture.fc6.bias, theirs["fc6.fc6.bias"])
    torch.testing.assert_close(learner.encoder.lstm.weight_hh_l0, theirs["lstm.weight_hh_l0"])
    torch.testing.assert_close(learner.order.weight, theirs["classifier.fc8_permute.weight"])


def test_a_caffenet_without_an_lstm_gives_what_it_has(tmp_path: Path) -> None:
    numbers = {"conv1": 0, "conv2": 4, "conv3": 8, "conv4": 10, "conv5": 12}
    plain = {}
    for name, tensor in checkpoint_of_encoders().items():
        layer, _, rest = name.partition(".")
        which, _, kind = rest.partition(".")
        if layer == "conv":
            plain[f"features.{numbers[which]}.{kind}"] = tensor
        elif layer in ("fc6", "fc7"):
            plain[f"classifier.{0 if layer == 'fc6' else 3}.{kind}"] = tensor
    learner = Ubam2021Learner(small_paper())
    before = learner.encoder.lstm.weight_hh_l0.detach().clone()
    assert "have random" in learner.load_checkpoint(checkpoint(tmp_path / "caffe.pth.tar", plain))
    torch.testing.assert_close(learner.posture.fc6.weight, checkpoint_of_encoders()["fc6.fc6.weight"])
    torch.testing.assert_close(learner.encoder.lstm.weight_hh_l0.detach(), before)


def test_the_autoencoder_of_an_original_checkpoint(tmp_path: Path) -> None:
    theirs = checkpoint_of_vae()
    without = {name: tensor for name, tensor in theirs.items() if not name.endswith("num_batches_tracked")}
    vae = FrameVae(small_paper()).eval()
    path = checkpoint(tmp_path / "checkpoint.pth.tar", without)
    assert load_layers(vae, read_checkpoint(path), VAE_LAYERS, path)
    torch.testing.assert_close(vae.first.weight.detach(), theirs["d1.weight"])
    torch.testing.assert_close(vae.paint[22].weight.detach(), theirs["de_app.22.weight"])


class Stranger:
    """Something that only pickle could bring back."""


def test_what_could_run_a_program_is_refused(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "bad.pth.tar", checkpoint_of_encoders(), model=Stranger())
    with pytest.raises(WeightsError, match=r"bad\.pth\.tar holds more than tensors .* save its state_dict"):
        read_checkpoint(path)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 broken"])
def test_files_that_are_none_are_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "some.pth.tar"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"some\.pth\.tar"):
        read_checkpoint(path)
    with pytest.raises(WeightsError, match="There is no checkpoint at"):
        read_checkpoint(tmp_path / "none.pth.tar")


def test_lists_and_empty_checkpoints_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.pth.tar"
    torch.save([1, 2], path)
    with pytest.raises(WeightsError, match="holds no weights under 'state_dict'"):
        read_checkpoint(path)
    with pytest.raises(WeightsError, match="holds no weights"):
        read_checkpoint(checkpoint(path, {}))


def test_missing_layers_and_other_shapes_are_named(tmp_path: Path) -> None:
    weights = checkpoint_of_encoders()
    weights["conv.conv2.weight"] = weights["conv.conv2.weight"][:4]
    path = tmp_path / "odd.pth.tar"
    learner = Ubam2021Learner(small_paper())
    with pytest.raises(WeightsError, match=r"holds 'convolutions\.4\.weight' in the shape \(4, 4, 5, 5\)"):
        load_layers(learner.posture, weights, POSTURE_LAYERS, path)
    del weights["lstm.bias_hh_l0"]
    with pytest.raises(WeightsError, match=r"has no layer for 'lstm\.bias_hh_l0'"):
        load_layers(learner.encoder, weights, BEHAVIOUR_LAYERS, path)
    with pytest.raises(WeightsError, match="no layer of CaffeNet"):
        learner.load_checkpoint(checkpoint(path, checkpoint_of_vae()))


@torch.inference_mode()
def test_the_autoencoder_works_at_its_own_size_and_scales_back() -> None:
    torch.manual_seed(0)
    vae = FrameVae(preset("paper")).eval()
    codes = torch.rand(1, 4096)
    latents = vae.coefficients(codes)
    assert latents.shape == (1, 50)
    assert vae.decode(latents, latents).shape == (1, 3, 128, 128)
    picture = vae(torch.rand(1, 1, 40, 90), latents)
    assert picture.shape == (1, 3, 40, 90)
    assert 0 <= picture.min() <= picture.max() <= 1


@pytest.mark.parametrize("kind", ["pth", "safetensors"])
def test_pictures_are_compared_by_given_weights(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"vgg16.{kind}"
    if kind == "pth":
        torch.save(vgg_weights(), path)
    else:
        save_file(vgg_weights(), path)
    loss_of = VggLoss(path)
    one = torch.rand(1, 3, 32, 32, requires_grad=True)
    assert loss_of(one, one).item() == 0
    loss = loss_of(one, torch.rand(1, 3, 32, 32))
    loss.backward()
    assert loss > 0
    assert one.grad is not None
    assert not any(parameter.requires_grad for parameter in loss_of.parameters())


def test_weights_that_are_not_of_vgg_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"has no 'features\.0\.weight' of the right shape for VGG-16"):
        VggLoss(checkpoint(tmp_path / "vgg.pth", checkpoint_of_encoders()))


def test_pixels_and_edges_tell_pictures_apart() -> None:
    one = torch.rand(1, 3, 32, 32)
    assert float(PixelLoss()(one, one)) == 0
    assert PixelLoss()(one, one.roll(1, 3)) > PixelLoss()(one, one * 0.99) > 0
