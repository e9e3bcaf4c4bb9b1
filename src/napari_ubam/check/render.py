"""Format a check report as text: with colours and wrapped lines for a terminal, plain for a file."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import TextIO

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from napari_ubam.study.values import counted

from .facts import Findings, GroupFacts, Proposal, RecordingFacts, Severity

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_UNWRAPPED = 10_000


def render_text(report: Findings, width: int | None = None) -> str:
    """Format a report as plain text.

    Parameters
    ----------
    report : Findings
        The report.
    width : int, optional
        Characters per line. Default: lines are not wrapped.

    Returns
    -------
    str
        Text without a line break at the end.
    """
    stream = StringIO()
    print_report(report, Console(file=stream, width=width or _UNWRAPPED, color_system=None))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def show(report: Findings, stream: TextIO) -> None:
    """Print a report: wrapped and coloured on a terminal, plain into a file.

    Parameters
    ----------
    report : Findings
        The report.
    stream : TextIO
        Output stream, such as ``sys.stdout``.
    """
    if stream.isatty():
        print_report(report, Console(file=stream))
    else:
        stream.write(render_text(report) + "\n")


def print_report(report: Findings, console: Console) -> None:
    """Print a report on a console, wrapped to its width.

    Parameters
    ----------
    report : Findings
        The report.
    console : rich.console.Console
        Output console.
    """
    for part in _parts(report):
        console.print(part)


def _parts(report: Findings) -> Iterator[RenderableType]:
    seconds = sum(facts.seconds for facts in report.recordings)
    subjects = len({facts.subject for facts in report.recordings})
    amounts = ", ".join(
        (
            counted(len(report.recordings), "recording"),
            counted(subjects, "subject"),
            counted(len(report.groups), "group"),
            f"{seconds:.0f} s of video",
        )
    )
    yield Text.assemble((report.study, "bold"), f": {amounts}")
    if report.recordings:
        yield _heading("Recordings")
        yield _recordings(report.recordings)
        yield _heading("Groups")
        yield _groups(report.groups)
    if report.problems:
        yield _heading("Problems")
        yield from _problems(report)
    if report.proposal is not None:
        yield _heading("Proposed settings")
        yield from _proposal(report.proposal)
    yield Text("\n" + conclusion(report), style="bold green" if report.ok else "bold red")


def conclusion(report: Findings) -> str:
    """Return the last sentence of a report: what to do next.

    Parameters
    ----------
    report : Findings
        The report.

    Returns
    -------
    str
        One sentence.
    """
    if not report.ok:
        them = "it" if len(report.errors) == 1 else "them"
        return f"{report.study} has {counted(len(report.errors), 'error')}; correct {them} and check again."
    if report.warnings:
        return (
            f"No errors, but {counted(len(report.warnings), 'warning')}: the study can be used with caution."
        )
    return "No errors and no warnings: the study can be used."


def _heading(text: str) -> Text:
    return Text(f"\n{text}", style="bold")


def _table(*columns: tuple[str, bool]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name, number in columns:
        table.add_column(name, justify="right" if number else "left", overflow="fold", no_wrap=number)
    return table


def _recordings(recordings: tuple[RecordingFacts, ...]) -> RenderableType:
    cropped = any((f.crop_height, f.crop_width) != (f.height, f.width) for f in recordings)
    region = (("region", True),) if cropped else ()
    table = _table(
        ("row", True), ("recording", False), ("frames", True), ("seconds", True), ("fps", True),
        ("size", True), *region, ("grey", True), ("period", True),
    )  # fmt: skip
    for facts in recordings:
        table.add_row(
            str(facts.row),
            Text(facts.name),
            str(facts.frames),
            f"{facts.seconds:.1f}",
            f"{facts.fps:.4g}",
            f"{facts.width}x{facts.height}",
            *([f"{facts.crop_width}x{facts.crop_height}"] if cropped else []),
            "-" if facts.brightness is None else f"{facts.brightness:.0f}",
            "-" if facts.period is None else f"{facts.period * 1000:.0f} ms",
        )
    return Padding(table, (0, 0, 0, 2))


def _groups(groups: tuple[GroupFacts, ...]) -> RenderableType:
    table = _table(
        ("group", False), ("subjects", True), ("recordings", True), ("seconds per subject", True),
        ("smallest p as reference", True),
    )  # fmt: skip
    for group in groups:
        low, high = f"{group.shortest:.0f}", f"{group.longest:.0f}"
        table.add_row(
            Text(group.group),
            str(group.subjects),
            str(group.recordings),
            low if low == high else f"{low} to {high}",
            f"1/{group.subjects + 1} = {group.smallest_p:.2g}",
        )
    return Padding(table, (0, 0, 0, 2))


def _problems(report: Findings) -> Iterator[RenderableType]:
    for problem in report.problems:
        yield _item(problem.severity.value, str(problem), _STYLES[problem.severity])


def _proposal(proposal: Proposal) -> Iterator[RenderableType]:
    low, high = proposal.window_frames
    frames = counted(low, "frame") if low == high else f"{low} to {high} frames"
    yield _item("preset", f"{proposal.preset}: {proposal.preset_reason}.", "bold")
    yield _item("window", f"{proposal.window_ms} ms ({frames}): {proposal.window_reason}.", "bold")


def _item(label: str, sentence: str, style: str) -> RenderableType:
    """Format a line with a hanging indent."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=7, no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(Text(label, style=style), Text(sentence))
    return Padding(table, (0, 0, 0, 2))
