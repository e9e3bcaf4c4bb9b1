"""A small DINOv2 with random weights, saved in the forms in which people have such networks on disk."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from timm_stand_in import provide_timm

provide_timm()

import timm  # noqa: E402 - only now it can be imported
from timm.models import register_model  # noqa: E402
from timm.models.eva import Eva  # noqa: E402
from timm.models.vision_transformer import VisionTransformer  # noqa: E402

NAME, V3 = "vit_tiny_patch14_of_the_tests", "vit_tiny_patch16_dinov3_of_the_tests"
WIDTH, DEPTH, HEADS = 48, 2, 2
CARD = "---\nlibrary_name: transformers\nlicense: other\nlicense_name: licence-of-the-tests\n---\n# A card\n"


def vit_tiny_patch14_of_the_tests(pretrained: bool = False, **options: Any) -> VisionTransformer:
    sizes = {"embed_dim": WIDTH, "depth": DEPTH, "num_heads": HEADS, "img_size": 112}
    return timm.create_model("vit_small_patch14_dinov2", pretrained=False, **{**sizes, **options})


def vit_tiny_patch16_dinov3_of_the_tests(pretrained: bool = False, **options: Any) -> Eva:
    sizes = {"embed_dim": WIDTH, "depth": DEPTH, "num_heads": HEADS}
    return timm.create_model("vit_small_patch16_dinov3_qkvb", pretrained=False, **{**sizes, **options})


for made in (vit_tiny_patch14_of_the_tests, vit_tiny_patch16_dinov3_of_the_tests):
    register_model(made)


@cache
def tiny_network(name: str = NAME) -> nn.Module:
    """Make the network. All weights are random, also those that are 0 or 1 at the start of a training."""
    torch.manual_seed(5)
    network = timm.create_model(name, num_classes=0, dynamic_img_size=True)
    for weight in network.parameters():
        nn.init.normal_(weight, 0.0, 0.15)
    return network.eval()


def save_timm_file(path: Path, name: str = NAME) -> Path:
    """Save it as timm does."""
    save_file(tiny_network(name).state_dict(), path, {"license": "licence-of-the-tests"})
    return path


def save_torch_hub_file(path: Path, name: str = NAME) -> Path:
    """Save it as the programs of DINOv2 and DINOv3 do, whose names differ a little from those of timm."""
    torch.save(original_state(name), path)
    return path


def save_hugging_face_folder(folder: Path, name: str = NAME, card: str = CARD) -> Path:
    """Save it as transformers does."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "hidden_size": WIDTH,
        "num_hidden_layers": DEPTH,
        "num_attention_heads": HEADS,
        "layer_norm_eps": 1e-6,
        "hidden_act": "gelu",
    }
    if name == NAME:
        config |= {"model_type": "dinov2", "patch_size": 14, "image_size": 112, "mlp_ratio": 4}
        rules = _DINOV2
    else:
        config |= {
            "model_type": "dinov3_vit",
            "patch_size": 16,
            "image_size": 224,
            "intermediate_size": 4 * WIDTH,
        }
        config |= {"num_register_tokens": 4, "rope_theta": 100.0, "use_gated_mlp": False}
        rules = _DINOV3
    tensors = _renamed(_split(original_state(name)), rules)
    if name != NAME:  # DINOv3 has no bias of the keys
        tensors = {key: one for key, one in tensors.items() if not key.endswith("k_proj.bias")}
    save_file({key: one.contiguous() for key, one in tensors.items()}, folder / "model.safetensors")
    shown = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
    shown |= {"crop_size": {"height": 224, "width": 224}, "do_normalize": True}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "preprocessor_config.json").write_text(json.dumps(shown), encoding="utf-8")
    (folder / "README.md").write_text(card, encoding="utf-8")
    return folder


def original_state(name: str = NAME) -> dict[str, Tensor]:
    """Weights by the names of the programs of DINOv2 and DINOv3."""
    state = dict(tiny_network(name).state_dict())
    if name == NAME:
        return {**state, "mask_token": torch.zeros(1, WIDTH)}
    done = {"mask_token": torch.zeros(1, WIDTH), "rope_embed.periods": torch.ones(6)}
    for key, tensor in state.items():
        if key.endswith("v_bias"):
            continue
        if key.endswith("q_bias"):
            bias = [tensor, torch.zeros_like(tensor), state[key.replace("q_bias", "v_bias")]]
            done[key.replace("q_bias", "qkv.bias")] = torch.cat(bias)
            done[key.replace("q_bias", "qkv.bias_mask")] = torch.full_like(torch.cat(bias), torch.nan)
            continue
        key = re.sub(r"gamma_([12])$", r"ls\1.gamma", key)
        done[key.replace("reg_token", "storage_tokens")] = tensor
    return done


def _split(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Split query, key and value."""
    done = {}
    for key, tensor in state.items():
        if ".qkv." not in key:
            done[key] = tensor
            continue
        for part, piece in zip(("query", "key", "value"), tensor.chunk(3), strict=True):
            done[key.replace("qkv", part)] = piece
    return {key: tensor for key, tensor in done.items() if "bias_mask" not in key and "rope" not in key}


def _renamed(state: dict[str, Tensor], rules: dict[str, str]) -> dict[str, Tensor]:
    done = {}
    for key, tensor in state.items():
        for pattern, new in rules.items():
            key = re.sub(pattern, new, key)
        done[key] = tensor
    return done


_DINOV2 = {
    r"^(cls_token|mask_token)$": r"embeddings.\1",
    r"^pos_embed$": "embeddings.position_embeddings",
    r"^patch_embed\.proj\.": "embeddings.patch_embeddings.projection.",
    r"^blocks\.": "encoder.layer.",
    r"\.attn\.(query|key|value)\.": r".attention.attention.\1.",
    r"\.attn\.proj\.": ".attention.output.dense.",
    r"\.ls([12])\.gamma": r".layer_scale\1.lambda1",
    r"^norm\.": "layernorm.",
}
_DINOV3 = {
    r"^(cls_token|mask_token)$": r"embeddings.\1",
    r"^storage_tokens$": "embeddings.register_tokens",
    r"^patch_embed\.proj\.": "embeddings.patch_embeddings.",
    r"^blocks\.": "layer.",
    r"\.attn\.query\.": ".attention.q_proj.",
    r"\.attn\.key\.": ".attention.k_proj.",
    r"\.attn\.value\.": ".attention.v_proj.",
    r"\.attn\.proj\.": ".attention.o_proj.",
    r"\.mlp\.fc1\.": ".mlp.up_proj.",
    r"\.mlp\.fc2\.": ".mlp.down_proj.",
    r"\.ls([12])\.gamma": r".layer_scale\1.lambda1",
}
