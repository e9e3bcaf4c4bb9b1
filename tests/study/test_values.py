"""Numbers, names and lists in sentences."""

from __future__ import annotations

import pytest

from napari_ubam.study.values import counted


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        (0, "subject", "0 subjects"),
        (1, "subject", "1 subject"),
        (2, "video", "2 videos"),
        (2, "body", "2 bodies"),
        (2, "day", "2 days"),
    ],
)
def test_a_counted_noun_agrees_with_its_number(number: int, noun: str, text: str) -> None:
    assert counted(number, noun) == text


def test_an_irregular_plural_is_given_with_the_noun() -> None:
    assert counted(2, "mouse", "mice") == "2 mice"
    assert counted(1, "mouse", "mice") == "1 mouse"
