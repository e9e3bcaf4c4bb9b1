"""Episodes as annotations of ELAN (https://archive.mpi.nl/tla/elan), format EAF 3.0."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

from napari_ubam.files import write_atomic

from .data import ExportData, ScoredFrames, file_stems
from .media import playback
from .output import Output, Work

SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
TYPE = "default-lt"

Annotation = tuple[int, int, str]  # from, to in milliseconds, and the text


def elan_outputs(data: ExportData) -> Iterator[Output]:
    """Give the annotation file of each recording.

    Parameters
    ----------
    data : ExportData

    Yields
    ------
    Output
    """
    stems = file_stems(one.name for one in data.recordings)
    for one in data.recordings:
        yield Output(f"{stems[one.name]}.eaf", partial(_write, data, one))


def _write(data: ExportData, one: ScoredFrames, path: Path, work: Work) -> None:
    video = playback(one, work)
    episodes = [
        (
            round(video.at(int(row["start"])) * 1000),
            round(video.at(int(row["stop"])) * 1000),
            f"percentile {row['peak_percentile']:.1f}, excess {row['excess']:.3g}",
        )
        for row in one.episodes.sort_values("start").to_dict("records")
    ]
    root = _document(data, one, path.parent)
    _add_tier(root, "deviation episodes", episodes)
    attributes = {"LINGUISTIC_TYPE_ID": TYPE, "TIME_ALIGNABLE": "true", "GRAPHIC_REFERENCES": "false"}
    ElementTree.SubElement(root, "LINGUISTIC_TYPE", attributes)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    write_atomic(path, f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode())


def _document(data: ExportData, one: ScoredFrames, folder: Path) -> ElementTree.Element:
    ElementTree.register_namespace("xsi", INSTANCE)
    root = ElementTree.Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": data.software,
            "DATE": data.created,
            "FORMAT": "3.0",
            "VERSION": "3.0",
            f"{{{INSTANCE}}}noNamespaceSchemaLocation": SCHEMA,
        },
    )
    header = ElementTree.SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    media = one.recording.video
    kind = mimetypes.guess_type(media.name)[0] or "video/mp4"
    described = {"MEDIA_URL": media.as_uri(), "MIME_TYPE": kind}
    with suppress(ValueError):  # another drive of Windows
        described["RELATIVE_MEDIA_URL"] = Path(os.path.relpath(media, folder)).as_posix()
    ElementTree.SubElement(header, "MEDIA_DESCRIPTOR", described)
    return root


def _add_tier(root: ElementTree.Element, name: str, episodes: Sequence[Annotation]) -> None:
    order = ElementTree.SubElement(root, "TIME_ORDER")
    tier = ElementTree.SubElement(root, "TIER", {"LINGUISTIC_TYPE_REF": TYPE, "TIER_ID": name})
    for number, (start, stop, text) in enumerate(episodes, 1):
        ends = [f"ts{2 * number - 1}", f"ts{2 * number}"]
        for end, time in zip(ends, (start, stop), strict=True):
            ElementTree.SubElement(order, "TIME_SLOT", {"TIME_SLOT_ID": end, "TIME_VALUE": str(time)})
        holder = ElementTree.SubElement(tier, "ANNOTATION")
        attributes = {"ANNOTATION_ID": f"a{number}", "TIME_SLOT_REF1": ends[0], "TIME_SLOT_REF2": ends[1]}
        aligned = ElementTree.SubElement(holder, "ALIGNABLE_ANNOTATION", attributes)
        ElementTree.SubElement(aligned, "ANNOTATION_VALUE").text = text
