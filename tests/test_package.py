"""What the package promises as a whole: light imports, a manifest that napari finds, and its own budgets."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import entry_points, metadata, requires, version
from pathlib import Path

import pytest

import napari_ubam

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "napari_ubam"
FILES = sorted(SOURCE.rglob("*.py"))
GUI = {"napari", "magicgui", "qtpy", "superqt", "PyQt5", "PyQt6", "PySide2", "PySide6"}
QT_BINDINGS = {"pyqt5", "pyqt6", "pyside2", "pyside6"}


def module_name(file: Path) -> str:
    """Dotted name of a source file."""
    parts = file.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def in_plugin(file: Path) -> bool:
    """Whether a source file belongs to the room that may use napari."""
    return "plugin" in file.relative_to(SOURCE).parts


CORE = [module_name(file) for file in FILES if not in_plugin(file)]


def loaded_after(code: str, folder: Path) -> set[str]:
    """Top-level packages that a fresh interpreter has loaded after running the code."""
    report = "import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    command = [sys.executable, "-c", f"{code}\n{report}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_the_package_loads_nothing_heavy(tmp_path: Path) -> None:
    loaded = loaded_after("import napari_ubam; dir(napari_ubam); napari_ubam.__version__", tmp_path)
    assert "napari_ubam" in loaded
    assert not loaded & (GUI | {"torch", "lightning", "dask", "pandas", "av", "numpy"})


def test_no_core_module_loads_a_window(tmp_path: Path) -> None:
    code = f"""
import importlib, sys
for name in {CORE!r}:
    importlib.import_module(name)
    found = {GUI!r} & set(sys.modules)
    assert not found, f"{{name}} loads {{found}}"
"""
    assert "av" in loaded_after(code, tmp_path)


def test_reading_and_checking_do_not_load_torch(tmp_path: Path) -> None:
    learning = {"Run", "export", "train", "train_magnifier"}  # these need it
    public = [name for name in napari_ubam.__all__ if name not in {"__version__", *learning}]
    loaded = loaded_after(
        "import napari_ubam\n" + "\n".join(f"napari_ubam.{name}" for name in public), tmp_path
    )
    assert {"av", "pydantic"} <= loaded
    assert not loaded & (GUI | {"torch", "lightning"})


def test_only_a_training_loads_lightning(tmp_path: Path) -> None:
    loaded = loaded_after(
        "import napari_ubam\nnapari_ubam.Run, napari_ubam.export, napari_ubam.train", tmp_path
    )
    assert "torch" in loaded
    assert not loaded & {"lightning", "skimage", "sklearn", "umap"}  # they take more seconds than all others


def test_the_command_line_starts_light(tmp_path: Path) -> None:
    assert not loaded_after("import napari_ubam.cli", tmp_path) & (GUI | {"torch", "lightning"})


def test_public_names_are_listed_and_load() -> None:
    assert dir(napari_ubam) == sorted(napari_ubam.__all__)
    for name in napari_ubam.__all__:
        assert getattr(napari_ubam, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'no_such_name'"):
        napari_ubam.no_such_name  # noqa: B018


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse((SOURCE / "__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == napari_ubam._MODULES
    assert set(seen) | {"__version__"} == set(napari_ubam.__all__)


def public_objects() -> Iterator[tuple[str, object]]:
    """Name and object of everything that the package and its core rooms export."""
    rooms = [name for name in CORE if name.count(".") <= 1]
    for name in rooms:
        module = importlib.import_module(name)
        for public in getattr(module, "__all__", []):
            value = getattr(module, public)
            if inspect.isclass(value) or inspect.isfunction(value):
                yield f"{name}.{public}", value


def test_public_names_are_documented() -> None:
    objects = dict(public_objects())
    assert len(objects) >= len(napari_ubam.__all__) - 1
    assert not [name for name, value in objects.items() if not (value.__doc__ or "").strip()]
    taking = [
        name
        for name, value in objects.items()
        if inspect.isfunction(value) and inspect.signature(value).parameters
    ]
    assert not [name for name in taking if "Parameters\n" not in (objects[name].__doc__ or "")]


def test_version_has_one_source() -> None:
    assert version("napari-ubam") == napari_ubam.__version__


def test_only_the_extra_all_brings_a_qt_binding() -> None:
    requirements = [line for line in requires("napari-ubam") or [] if "extra ==" not in line]
    names = {re.split(r"[\s\[<>=!~;(]", line.lower(), maxsplit=1)[0] for line in requirements}
    assert {"napari", "qtpy"} <= names
    assert not names & QT_BINDINGS
    assert not [line for line in requirements if line.lower().startswith("napari[")]
    assert "napari[all]; extra == 'all'" in (requires("napari-ubam") or [])


def test_dependencies_have_lower_bounds_only() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert [line for line in project["dependencies"] if not re.fullmatch(r"[\w\[\]-]+>=[\d.]+", line)] == []


def test_napari_lists_the_plugin() -> None:
    assert "Framework :: napari" in metadata("napari-ubam").get_all("Classifier", [])
    (point,) = entry_points(group="napari.manifest", name="napari-ubam")
    assert point.value == "napari_ubam:napari.yaml"


def test_manifest_is_valid_by_name(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "npe2", "validate", "napari-ubam"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "valid" in done.stdout


def test_manifest_at_the_top_is_the_one_in_the_package() -> None:
    shown = ROOT / "napari.yaml"
    inside = SOURCE / "napari.yaml"
    # A checkout without symbolic links holds the path instead.
    text = shown.read_text(encoding="utf-8")
    assert text == inside.read_text(encoding="utf-8") or text.strip() == "src/napari_ubam/napari.yaml"


def test_commands_of_the_manifest_exist() -> None:
    from npe2 import PluginManifest

    manifest = PluginManifest.from_distribution("napari-ubam")
    for command in manifest.contributions.commands or []:
        module, _, name = command.python_name.partition(":")
        assert callable(getattr(importlib.import_module(module), name)), command.id


def lines(file: Path) -> int:
    """Count the lines of a file."""
    return len(file.read_text(encoding="utf-8").splitlines())


def function_lengths() -> Iterator[tuple[str, int]]:
    """Name and length in lines, without its docstring, of every function of the package."""
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                first = node.body[0]
                if ast.get_docstring(node) is not None:
                    length -= (first.end_lineno or 0) - first.lineno + 1
                yield f"{module_name(file)}.{node.name}", length


def test_files_are_short() -> None:
    assert {module_name(file): lines(file) for file in FILES if lines(file) >= 400} == {}


def test_functions_are_short() -> None:
    lengths = list(function_lengths())
    assert [(name, length) for name, length in lengths if length >= 80] == []
    assert statistics.median(length for _, length in lengths) < 20


def test_the_plugin_is_the_smaller_part() -> None:
    total = sum(map(lines, FILES))
    assert sum(lines(file) for file in FILES if in_plugin(file)) < total / 3
