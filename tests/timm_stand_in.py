"""Lets timm be imported without torchvision, of which it uses nothing that backbones need.

PyPI's torchvision needs the CUDA build of torch, and the tests use the CPU build. A torchvision that is
installed is used.
"""

from __future__ import annotations

import importlib.util
import sys
from enum import Enum
from types import ModuleType

import pytest
from torch import nn


class _Anything(ModuleType):
    """A module in which every name stands for an empty class, and every module for such a module."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        made = type(name, (nn.Module,), {})
        setattr(self, name, made)
        return made


def provide_timm() -> None:
    """Make ``import timm`` work, or skip the tests where it is not installed."""
    if importlib.util.find_spec("timm") is None:
        pytest.skip("timm is not installed", allow_module_level=True)
    if "timm" in sys.modules or importlib.util.find_spec("torchvision") is not None:
        return
    stand_ins = _stand_ins()
    sys.modules.update(stand_ins)
    importlib.import_module("timm")
    for name in stand_ins:  # other packages shall not find them
        del sys.modules[name]


def _stand_ins() -> dict[str, ModuleType]:
    names = ("", ".datasets", ".ops", ".ops.misc", ".transforms", ".transforms.functional", ".utils")
    made: dict[str, ModuleType] = {f"torchvision{name}": _Anything(f"torchvision{name}") for name in names}
    for name, module in made.items():
        module.__path__ = []
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(made[parent], child, module)
    ways = {way: way.lower() for way in ("NEAREST", "BILINEAR", "BICUBIC", "BOX", "HAMMING", "LANCZOS")}
    # timm asks for its members
    made["torchvision.transforms.functional"].InterpolationMode = Enum("InterpolationMode", ways)  # type: ignore[attr-defined]
    return made
