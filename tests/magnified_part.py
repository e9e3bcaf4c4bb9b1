"""The part of a recording that the tests of magnification work on."""

from __future__ import annotations

REFERENCE = "group=healthy"
ONE = "impaired1"
PART = slice(40, 46)
