"""The base of all refusals."""

from __future__ import annotations


class UbamError(ValueError):
    """An input that is refused; the message is one sentence: what is wrong, where, and what to do."""
