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
    if "torchvision" in sys.modules or importlib.util.find_spec("torchvision") is not None:
        return
    names = ("", ".datasets", ".ops", ".ops.misc", ".transforms", ".transforms.functional", ".utils")
    for name in names:
        module = _Anything(f"torchvision{name}")
        module.__path__ = []
        sys.modules[module.__name__] = module
    ways = {way: way.lower() for way in ("NEAREST", "BILINEAR", "BICUBIC", "BOX", "HAMMING", "LANCZOS")}
    sys.modules["torchvision.transforms.functional"].InterpolationMode = Enum(  # type: ignore[attr-defined]
        "InterpolationMode", ways
    )  # timm asks for its members
    for name in names[1:]:
        parent, _, child = f"torchvision{name}".rpartition(".")
        setattr(sys.modules[parent], child, sys.modules[f"torchvision{name}"])
