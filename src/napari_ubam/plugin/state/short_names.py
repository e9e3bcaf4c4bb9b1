"""Shorten names so that they stay different. Needs neither Qt nor napari."""

from __future__ import annotations

from collections.abc import Iterable


def short_names(names: Iterable[str], letters: int) -> dict[str, str]:
    """Shorten names that are too long, but keep the parts in which they differ.

    Parameters
    ----------
    names : iterable of str
    letters : int
        Most letters of a shortened name.

    Returns
    -------
    dict of str to str
        Shortened names by name. They are as different as the names are, even if some are then longer.
    """
    known = list(dict.fromkeys(names))
    if all(len(name) <= letters for name in known):
        return {name: name for name in known}
    start = _shared(known)
    end = _shared([name[start:][::-1] for name in known])
    cut = [_without(name, start, end) for name in known]
    for head in _heads(letters):
        short = [_middle(name, head, letters) for name in cut]
        if len(set(short)) == len(known):
            return dict(zip(known, short, strict=True))
    return dict(zip(known, cut, strict=True))


def _shared(names: list[str]) -> int:
    """Count the first letters that all names share."""
    if len(names) < 2:
        return 0
    columns = zip(*names, strict=False)
    shortest = min(len(name) for name in names)
    return next((number for number, letters in enumerate(columns) if len(set(letters)) > 1), shortest)


def _without(name: str, start: int, end: int) -> str:
    """Replace the common first and last letters by dots, where this makes the name shorter."""
    before = "…" if start > 1 else name[:start]
    after = "…" if end > 1 else name[len(name) - end :]
    return f"{before}{name[start : len(name) - end]}{after}"


def _middle(name: str, head: int, letters: int) -> str:
    return name if len(name) <= letters else f"{name[:head]}…{name[len(name) - (letters - 1 - head) :]}"


def _heads(letters: int) -> list[int]:
    """Give the numbers of first letters to try: about half of all letters at first."""
    half = max(letters - 1, 0) // 2
    return sorted(range(max(letters - 1, 1)), key=lambda head: abs(head - half))
