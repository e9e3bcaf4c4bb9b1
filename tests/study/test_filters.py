"""Filters of several conditions: any value can be selected, and every example that users read is valid."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_ubam.study import Recording, Study
from napari_ubam.study.filters import condition

ROOT = Path(__file__).parents[2]
JOINERS = st.sampled_from([",", " , ", " and ", " AND ", "  And\t"])


def of_groups(groups: list[str]) -> Study:
    """Create a study with each group in two sessions."""
    return Study(
        [
            Recording(video=Path(f"r{number}s{when}.mp4"), subject="1", group=group, session=when)
            for number, group in enumerate(groups)
            for when in ("0", "1")
        ]
    )


words = st.lists(
    st.sampled_from(["salt", "and", "pepper", "And", "session", "group", "sand", "0"]), min_size=1, max_size=6
)


@given(groups=st.lists(words.map(" ".join), min_size=1, max_size=4, unique=True), joiner=JOINERS)
def test_a_value_can_contain_the_word_and(groups: list[str], joiner: str) -> None:
    study = of_groups(groups)
    for number, group in enumerate(groups):
        assert study.select(f"group={group}").names == (f"r{number}s0", f"r{number}s1")
        assert study.select(f"session=1{joiner}group={group}{joiner}subject=1").names == (f"r{number}s1",)


signs = st.text(st.sampled_from("ab0 ,='\"\t")).map(str.strip).filter(bool)


@given(groups=st.lists(signs | words.map(" = ".join), min_size=1, max_size=4, unique=True), joiner=JOINERS)
def test_the_filter_that_is_written_for_a_value_selects_it(groups: list[str], joiner: str) -> None:
    study = of_groups(groups)
    for number, recording in enumerate(study.recordings[::2]):
        one = condition("group", recording.group)
        assert study.select(one).names == (f"r{number}s0", f"r{number}s1")
        assert study.select(f"{one}{joiner}session=0").names == (f"r{number}s0",)
        assert study.select(f"session=0{joiner}{one}").names == (f"r{number}s0",)


CONDITION = r"(?:name|subject|group|session|column)=\w+(?: and \w+(?![\w=]))?"
EXAMPLE = re.compile(rf"(?<![\w.]){CONDITION}(?:(?:, ?| and ){CONDITION})*", re.IGNORECASE)
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)


def texts(code: str) -> Iterator[str]:
    """All texts of a Python file."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield " ".join(node.value.split())


def shown(file: Path) -> Iterator[str]:
    """All filters that a file shows to the reader."""
    content = file.read_text(encoding="utf-8")
    # In code only texts count: an argument such as subject=path is no filter.
    quoted = [text for code in PYTHON.findall(content) for text in re.findall(r"\"[^\"]*\"|'[^']*'", code)]
    readable = list(texts(content)) if file.suffix == ".py" else [PYTHON.sub("", content), *quoted]
    for text in readable:
        yield from EXAMPLE.findall(text)


FILES = [
    ROOT / "README.md",
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "docs").rglob("*.py"),
    *(ROOT / "src").rglob("*.py"),
    *(ROOT / "src").rglob("*.yaml"),
]
EXAMPLES = {example: file for file in FILES for example in shown(file)}


@pytest.fixture(scope="module")
def example_study() -> Study:
    """Study with the columns and values of all examples."""
    return Study(
        [
            Recording(
                video=Path(f"{group}{session}.mp4"),
                subject=group,
                group=group,
                session=session,
                metadata={"column": "value"},
            )
            for group, session in product(("healthy", "impaired", "stroke", "salt and pepper"), ("0", "3"))
        ]
    )


@pytest.mark.parametrize("example", sorted(EXAMPLES))
def test_an_example_of_a_filter_is_valid(example: str, example_study: Study) -> None:
    assert len(example_study.select(example)) >= 1, EXAMPLES[example]


def test_the_examples_are_found() -> None:
    assert {"group=healthy", "group=healthy and session=0", "column=value"} <= EXAMPLES.keys()
    places = {file.name for file in FILES if any(shown(file))}
    assert {"README.md", "study.md", "options.py", "reference_box.py", "filters.py"} <= places
