"""Vision transformers as the package transformers stores them, turned into what timm reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from .errors import BackboneError

# Names of transformers as patterns, and the names of the programs of DINOv2 and DINOv3, which timm reads.
_RULES = (
    (r"^(?:dinov2|dinov2_with_registers|dinov3_vit|vit)\.", ""),
    (r"^embeddings\.cls_token$", "cls_token"),
    (r"^embeddings\.mask_token$", "mask_token"),
    (r"^embeddings\.position_embeddings$", "pos_embed"),
    (r"^embeddings\.patch_embeddings\.(?:projection\.)?", "patch_embed.proj."),
    (r"^(?:encoder\.|model\.)?layer\.", "blocks."),
    (r"\.attention\.attention\.(query|key|value)\.", r".attn.\1."),
    (r"\.attention\.q_proj\.", ".attn.query."),
    (r"\.attention\.k_proj\.", ".attn.key."),
    (r"\.attention\.v_proj\.", ".attn.value."),
    (r"\.attention\.(?:output\.dense|o_proj)\.", ".attn.proj."),
    (r"\.layer_scale([12])\.lambda1$", r".ls\1.gamma"),
    (r"\.intermediate\.dense\.", ".mlp.fc1."),
    (r"\.output\.dense\.", ".mlp.fc2."),
    (r"\.layernorm_before\.", ".norm1."),
    (r"\.layernorm_after\.", ".norm2."),
    (r"\.mlp\.weights_in\.", ".mlp.w12."),
    (r"\.mlp\.weights_out\.", ".mlp.w3."),
    (r"^layernorm\.", "norm."),
)
_GATED = (
    (r"\.mlp\.gate_proj\.", ".mlp.w1."),
    (r"\.mlp\.up_proj\.", ".mlp.w2."),
    (r"\.mlp\.down_proj\.", ".mlp.w3."),
)
_PLAIN = ((r"\.mlp\.up_proj\.", ".mlp.fc1."), (r"\.mlp\.down_proj\.", ".mlp.fc2."))
KINDS = ("dinov2", "dinov2_with_registers", "dinov3_vit", "vit")


def architecture_of(config: Mapping[str, Any], where: str) -> tuple[str, dict[str, Any]]:
    """Find the architecture that a configuration describes.

    Parameters
    ----------
    config : mapping
        Content of ``config.json`` as transformers writes it.
    where : str
        The file, for the error message.

    Returns
    -------
    name : str
        Name of an architecture in timm.
    options : dict
        Sizes that differ from those of the name.

    Raises
    ------
    BackboneError
        If the network is of another kind, or sizes are missing.
    """
    kind = str(config.get("model_type", ""))
    if kind not in KINDS:
        raise BackboneError(
            f"{where} describes a network of the kind {kind or 'unknown'!r}, and {', '.join(KINDS)} are "
            "known; use one of these, or the file that timm offers for this network."
        )
    try:
        options = {
            "embed_dim": int(config["hidden_size"]),
            "depth": int(config["num_hidden_layers"]),
            "num_heads": int(config["num_attention_heads"]),
            "patch_size": int(config["patch_size"]),
        }
        if kind == "dinov3_vit":
            return _dinov3(config, options)
        options["img_size"] = int(config["image_size"])
        return _vit(config, options) if kind == "vit" else _dinov2(config, options)
    except (KeyError, TypeError, ValueError) as error:
        raise BackboneError(
            f"{where} lacks a size of the network, or holds a wrong one ({error}); copy the folder again."
        ) from None


def _vit(config: Mapping[str, Any], options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    ratio = config["intermediate_size"] / config["hidden_size"]
    return "vit_base_patch16_224", {**options, "mlp_ratio": ratio, "qkv_bias": config.get("qkv_bias", True)}


def _dinov2(config: Mapping[str, Any], options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    if config["model_type"] == "dinov2_with_registers":
        options |= {"reg_tokens": int(config["num_register_tokens"]), "no_embed_class": True}
    if config.get("use_swiglu_ffn"):
        return "vit_giant_patch14_dinov2", options
    return "vit_small_patch14_dinov2", {**options, "mlp_ratio": float(config["mlp_ratio"])}


def _dinov3(config: Mapping[str, Any], options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    options |= {
        "mlp_ratio": config["intermediate_size"] / config["hidden_size"],
        "num_reg_tokens": int(config["num_register_tokens"]),
        "rope_temperature": _rope_theta(config),
        "qkv_bias": bool(config.get("query_bias", True)),
    }
    gated = bool(config.get("use_gated_mlp"))
    return f"vit_{'huge_plus' if gated else 'small'}_patch16_dinov3_qkvb", options


def _rope_theta(config: Mapping[str, Any]) -> float:
    """Find the base of the position embedding; newer releases of transformers keep it deeper."""
    return float(config.get("rope_theta") or (config.get("rope_parameters") or {}).get("rope_theta") or 100.0)


def original_names(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give weights the names of the programs that trained the networks.

    Parameters
    ----------
    tensors : mapping of str to Tensor
        Weights by the names of transformers.

    Returns
    -------
    dict of str to Tensor
        Weights by the names of DINOv2 and DINOv3, which timm reads, too. Query, key and value are joined.
    """
    gated = any(".mlp.gate_proj." in name for name in tensors)
    rules = _RULES + (_GATED if gated else _PLAIN)
    named: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        for pattern, new in rules:
            name = re.sub(pattern, new, name)
        named[name] = tensor
    if "embeddings.register_tokens" in named:
        # DINOv3 has no position embedding among its weights.
        new = "register_tokens" if "pos_embed" in named else "storage_tokens"
        named[new] = named.pop("embeddings.register_tokens")
    return _joined(named)


def _joined(named: dict[str, Tensor]) -> dict[str, Tensor]:
    """Join query, key and value; a part without a bias has a bias of zero."""
    done = {
        name: tensor for name, tensor in named.items() if not re.search(r"\.attn\.(query|key|value)\.", name)
    }
    for name, query in named.items():
        if not re.search(r"\.attn\.query\.", name):
            continue
        parts = [named.get(name.replace(".query.", f".{part}.")) for part in ("key", "value")]
        whole = [query, *(torch.zeros_like(query) if part is None else part for part in parts)]
        done[name.replace(".query.", ".qkv.")] = torch.cat(whole)
    return done
