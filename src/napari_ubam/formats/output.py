"""The files of an export, and what a format needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from napari_ubam.progress import Cancel, Progress, ProgressCallback, check_cancelled, silent

from .data import ExportData
from .errors import ExportError


@dataclass
class Work:
    """Progress and cancellation of an export, and what the user has to know about it.

    Parameters
    ----------
    files : int
        Number of files.
    progress, cancel : optional
        As everywhere.
    """

    files: int
    progress: ProgressCallback = silent
    cancel: Cancel | None = None
    warnings: list[str] = field(default_factory=list)
    done: int = 0
    name: str = ""

    def advance(self, part: int = 0, of: int = 1) -> None:
        """Report a part of the present file, and stop if the work was cancelled.

        Parameters
        ----------
        part, of : int
            Finished parts of the file, and their number.
        """
        check_cancelled(self.cancel)
        self.progress(Progress("export", self.done * of + part, self.files * of, detail=self.name))

    def warn(self, sentence: str) -> None:
        """Tell the user something, once.

        Parameters
        ----------
        sentence : str
        """
        if sentence not in self.warnings:
            self.warnings.append(sentence)


@dataclass(frozen=True)
class Output:
    """One file of an export.

    Parameters
    ----------
    name : str
        File name.
    write : callable
        Takes the path and the `Work`. The path is a draft, which is renamed when it is complete.
    """

    name: str
    write: Callable[[Path, Work], None]


@dataclass(frozen=True)
class Format:
    """A format of files.

    Parameters
    ----------
    name : str
        As the command takes it.
    title : str
        What is written, in a few words.
    outputs : callable
        Takes an `ExportData`, and gives the files.
    packages : tuple of str
        Modules that writing needs.
    extra : str
        Extra of this package that installs them.
    """

    name: str
    title: str
    outputs: Callable[[ExportData], Iterable[Output]]
    packages: tuple[str, ...] = ()
    extra: str = ""

    @property
    def missing(self) -> str:
        """One sentence if a package that writing needs is not installed; else empty. Imports nothing."""
        gone = next((package for package in self.packages if find_spec(package) is None), "")
        return _needs(gone, self.name, self.extra) if gone else ""

    def require(self) -> None:
        """Import what writing needs.

        Raises
        ------
        ExportError
            If a package is not installed.
        """
        for package in self.packages:
            needed(package, self.name, self.extra)


def needed(package: str, format_name: str, extra: str) -> ModuleType:
    """Import a package that only one format needs.

    Parameters
    ----------
    package, format_name, extra : str
        Name of the module, of the format, and of the extra that installs it.

    Returns
    -------
    module

    Raises
    ------
    ExportError
        If it is not installed.
    """
    try:
        return import_module(package)
    except ImportError:
        raise ExportError(_needs(package, format_name, extra)) from None


def _needs(package: str, format_name: str, extra: str) -> str:
    return f"The format {format_name} needs the package {package}; install napari-ubam[{extra}]."
