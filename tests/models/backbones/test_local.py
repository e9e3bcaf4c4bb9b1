"""Pretrained networks are read from local files, or refused in a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import tiny_backbone
from napari_ubam.models.backbones.choice import BackboneChoice
from napari_ubam.models.backbones.errors import BackboneError
from napari_ubam.models.backbones.local import LocalBackbone, backbone_features, load_stored
from napari_ubam.models.backbones.names import name_in, timm_name
from napari_ubam.models.backbones.network import cells_of
from napari_ubam.models.config import PostureConfig
from tiny_backbone import NAME, V3, save_hugging_face_folder, save_timm_file, save_torch_hub_file

FRAMES = np.random.default_rng(0).integers(0, 256, (3, 64, 96), np.uint8)
FORMS: dict[str, tuple[Callable[[Path, str], Path], bool]] = {
    "folder": (save_hugging_face_folder, False),
    "net.safetensors": (save_timm_file, True),
    "net.pth": (save_torch_hub_file, True),
}


def choice(folder: Path, form: str, name: str = NAME) -> BackboneChoice:
    """Save the network in a form, and choose it."""
    save, named = FORMS[form]
    return BackboneChoice(save(folder / form, name), name if named else None)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", [NAME, V3])
def test_every_form_gives_the_features_of_the_network(form: str, name: str, tmp_path: Path) -> None:
    found = backbone_features(choice(tmp_path, form, name), FRAMES)
    network = tiny_backbone.tiny_network(name)
    config = LocalBackbone.read(choice(tmp_path, form, name)).config
    rows, columns = cells_of(PostureConfig(size=(64, 96)), config)
    assert found.shape == (3, tiny_backbone.WIDTH, rows, columns)
    images = torch.from_numpy(FRAMES)[:, None].float() / 255
    size = (rows * config.stride, columns * config.stride)
    images = torch.nn.functional.interpolate(images, size, mode="bicubic", antialias=True).clamp(0, 1)
    mean, std = (torch.tensor(part).view(3, 1, 1) for part in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    with torch.no_grad():  # without the class token and the register tokens
        tokens = network.forward_features((images - mean) / std)[:, 1 if name == NAME else 5 :]
    true = tokens.transpose(1, 2).reshape(found.shape).numpy()
    np.testing.assert_allclose(found, true, atol=1e-5)


def test_the_folder_decides_how_images_are_normalised(tmp_path: Path) -> None:
    folder = save_hugging_face_folder(tmp_path / "net")
    before = backbone_features(BackboneChoice(folder), FRAMES)
    shown = {"do_normalize": True, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
    (folder / "preprocessor_config.json").write_text(json.dumps(shown), encoding="utf-8")
    assert LocalBackbone.read(BackboneChoice(folder)).config.mean == (0.5, 0.5, 0.5)
    assert np.abs(backbone_features(BackboneChoice(folder), FRAMES) - before).max() > 0.01
    (folder / "preprocessor_config.json").write_text('{"do_normalize": false}', encoding="utf-8")
    assert LocalBackbone.read(BackboneChoice(folder)).config.std == (1.0, 1.0, 1.0)


def test_grey_frames_are_the_same_as_rgb_frames_of_equal_channels(tmp_path: Path) -> None:
    chosen = choice(tmp_path, "folder")
    colour = np.repeat(FRAMES[..., None], 3, -1)
    np.testing.assert_allclose(
        backbone_features(chosen, colour), backbone_features(chosen, FRAMES), atol=1e-5
    )


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ("---\nlicense: apache-2.0\n---\n", "apache-2.0"),
        ("---\nlicense: other\nlicense_name: dinov3-license\n---\n", "dinov3-license"),
        ("# No head\nlicense: mit\n", "not stated in the file"),
    ],
)
def test_the_licence_is_that_of_the_model_card(card: str, licence: str, tmp_path: Path) -> None:
    config = LocalBackbone.read(BackboneChoice(save_hugging_face_folder(tmp_path / "net", card=card))).config
    assert config.licence.startswith(licence)


def test_what_timm_lists_is_not_said_to_stand_in_the_file(tmp_path: Path) -> None:
    licence = LocalBackbone.read(choice(tmp_path, "net.pth")).config.licence
    assert licence == f"not stated in the file; timm lists apache-2.0 for {NAME}"


def test_a_copy_in_a_run_is_checked(tmp_path: Path) -> None:
    local = LocalBackbone.read(choice(tmp_path, "folder"))
    path = local.store(tmp_path)
    stored = load_stored(tmp_path, local.config)
    assert stored.keys() == local.tensors.keys()
    path.write_bytes(b"no weights")
    with pytest.raises(BackboneError, match=r"is damaged .*weights of folder \(sha256"):
        load_stored(tmp_path, local.config)
    path.unlink()
    with pytest.raises(BackboneError, match="is missing"):
        load_stored(tmp_path, local.config)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("dinov2_vits14", "vit_small_patch14_dinov2"),
        ("dinov2_vitb14_reg", "vit_base_patch14_reg4_dinov2"),
        ("dinov3_vits16plus", "vit_small_plus_patch16_dinov3_qkvb"),
        ("dinov3_vitl16", "vit_large_patch16_dinov3_qkvb"),
        ("vit_small_patch14_dinov2.lvd142m", "vit_small_patch14_dinov2.lvd142m"),
    ],
)
def test_names_of_torch_hub_are_known(given: str, name: str) -> None:
    assert timm_name(given) == name


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        ("dinov2_vits14_pretrain.pth", "vit_small_patch14_dinov2"),
        ("dinov2_vitg14_reg4_pretrain.pth", "vit_giant_patch14_reg4_dinov2"),
        ("dinov3_vits16plus_pretrain_lvd1689m-4057cbaa.pth", "vit_small_plus_patch16_dinov3_qkvb"),
        ("dinov3_vit7b16_pretrain_lvd1689m-a955f4ea.pth", "vit_7b_patch16_dinov3"),
        ("weights.pth", ""),
    ],
)
def test_file_names_of_torch_hub_tell_the_architecture(file_name: str, name: str) -> None:
    assert name_in(file_name) == name


class Program:
    """Content of a pickle that would run a program when it is read."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return Path.touch, (Path("ran-a-program"),)  # type: ignore[return-value]


def test_a_file_that_runs_programs_is_refused_and_runs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"model": Program()}, tmp_path / "net.pth")
    with pytest.raises(BackboneError, match=r"net\.pth holds more than weights"):
        LocalBackbone.read(BackboneChoice(tmp_path / "net.pth", NAME))
    assert not (tmp_path / "ran-a-program").exists()


def _without_config(folder: Path) -> Path:
    (save_hugging_face_folder(folder) / "config.json").unlink()
    return folder


def _of_another_kind(folder: Path) -> Path:
    save_hugging_face_folder(folder)
    (folder / "config.json").write_text('{"model_type": "bert"}', encoding="utf-8")
    return folder


def _without_a_size(folder: Path) -> Path:
    save_hugging_face_folder(folder)
    (folder / "config.json").write_text('{"model_type": "dinov2", "hidden_size": 48}', encoding="utf-8")
    return folder


def _without_weights(folder: Path) -> Path:
    (save_hugging_face_folder(folder) / "model.safetensors").unlink()
    return folder


def _deeper_than_it_is(folder: Path) -> Path:
    config = json.loads((save_hugging_face_folder(folder) / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 3}), encoding="utf-8")
    return folder


def _text(path: Path) -> Path:
    path.write_text("no weights", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("file_name", "make", "name", "message"),
    [
        ("net", lambda path: path, None, "There is no backbone at"),
        ("net", _without_config, None, "holds no config.json"),
        ("net", _of_another_kind, None, "of the kind 'bert'"),
        ("net", _without_a_size, None, "lacks a size of the network"),
        ("net", _without_weights, None, "lacks model.safetensors"),
        ("net", _deeper_than_it_is, None, "lacks 'blocks.2.norm1.weight'"),
        ("net", save_hugging_face_folder, NAME, "says the architecture itself"),
        ("net.safetensors", _text, NAME, "is damaged or no file of weights"),
        ("net.pth", _text, NAME, "net.pth"),
        ("net.pdf", _text, None, "is no backbone that can be read"),
        ("net.pth", save_torch_hub_file, None, "does not say its architecture"),
        ("net.pth", save_torch_hub_file, "vit_small_patch14_dinov9", "knows no architecture"),
        ("net.pth", save_torch_hub_file, "vit_small_patch14_dinov2", "the file is not of the architecture"),
        ("net.pth", save_torch_hub_file, "hf-hub:facebook/dinov2-small", "knows no architecture"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(
    file_name: str, make: Callable[[Path], Path], name: str | None, message: str, tmp_path: Path
) -> None:
    path = make(tmp_path / file_name)
    with pytest.raises(BackboneError) as refused:
        LocalBackbone.read(BackboneChoice(path, name))
    said = str(refused.value)
    assert message in said
    assert "\n" not in said


def test_a_network_without_maps_is_refused(tmp_path: Path) -> None:
    import timm

    path = tmp_path / "net.safetensors"
    save_file(timm.create_model("test_vit_relpos", num_classes=0).state_dict(), path)
    with pytest.raises(BackboneError, match="cannot take the place of the gradient maps"):
        LocalBackbone.read(BackboneChoice(path, "test_vit_relpos"))
