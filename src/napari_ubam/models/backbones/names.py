"""Names of architectures: those of torch.hub, and what a file name tells."""

from __future__ import annotations

import re

SIZES = {
    "s": "small",
    "splus": "small_plus",
    "b": "base",
    "l": "large",
    "g": "giant",
    "hplus": "huge_plus",
    "7b": "7b",
}
_HUB = re.compile(r"(dinov[23])_?vit(splus|hplus|7b|[sblg])(14|16)(_?reg4?)?(?![a-z0-9])")


def timm_name(name: str) -> str:
    """Turn the name of an architecture into the one that timm has for it.

    Parameters
    ----------
    name : str
        Name in torch.hub, such as ``"dinov2_vits14_reg"`` or ``"dinov3_vitb16"``, or in timm.

    Returns
    -------
    str
        Name in timm. A name that is not of torch.hub is returned as it is.
    """
    found = _HUB.fullmatch(_plain(name))
    return name if found is None else _of(found)


def name_in(file_name: str) -> str:
    """Find the name of an architecture in the name of a file.

    Parameters
    ----------
    file_name : str
        Such as ``"dinov2_vits14_reg4_pretrain.pth"``, as torch.hub stores it.

    Returns
    -------
    str
        Name in timm; empty if the file name has none.
    """
    found = _HUB.search(_plain(file_name))
    return "" if found is None else _of(found)


def _plain(name: str) -> str:
    """Write the whole size before the patch: DINOv3 says vits16plus and vith16plus."""
    return re.sub(r"vit([sh])(16)plus", r"vit\1plus\2", name.lower())


def _of(found: re.Match[str]) -> str:
    family, size, patch, registers = found.groups()
    if family == "dinov3":
        # The weights of Meta hold biases; timm's plain names are without.
        return f"vit_{SIZES[size]}_patch{patch}_dinov3{'' if size == '7b' else '_qkvb'}"
    return f"vit_{SIZES[size]}_patch{patch}{'_reg4' if registers else ''}_dinov2"
