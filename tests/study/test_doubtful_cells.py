"""Cells that can be read in two ways, or not as they look: quotes, thousands, Unicode forms, copied paths."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pandas as pd
import pytest

from napari_ubam.study import Fault, Interval, Recording, Study, StudyError, Track
from napari_ubam.study.table import has_columns

HEADER = "video,subject,group,session"
NFC, NFD = (
    unicodedata.normalize(form, "M\N{LATIN SMALL LETTER U WITH DIAERESIS}ller") for form in ("NFC", "NFD")
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Folder with dummy files a.mp4, b.mp4 and c.mp4; their content is not read here."""
    for name in "abc":
        (tmp_path / f"{name}.mp4").write_bytes(b"-")
    return tmp_path


def read(folder: Path, text: str) -> Study:
    (folder / "study.csv").write_text(text, encoding="utf-8")
    return Study.from_csv(folder / "study.csv")


def faults(folder: Path, text: str) -> list[tuple[int | None, str | None, str]]:
    with pytest.raises(StudyError) as caught:
        read(folder, text)
    assert all(fault.remedy for fault in caught.value.faults)
    return [(fault.row, fault.column, fault.problem) for fault in caught.value.faults]


OPEN = "a quote opens here that is never closed"
LATE = "a quote opens here and closes in a later line, so the value contains the rows between"


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ('a.mp4,"r1,x,0\nb.mp4,r2,x,0', (2, "subject", OPEN)),
        ('a.mp4,"r1,x,0\nb.mp4,r2,x,0\n', (2, "subject", OPEN)),
        ('a.mp4,r1,x,0\nb.mp4,r2,x,"0', (3, "session", OPEN)),
        ('a.mp4, "r1,x,0\nb.mp4,r2,x,0\n', (2, "subject", OPEN)),
        ('a.mp4,"r1,x,0\nb.mp4,r2,x,0\nc.mp4,"r3,x,0\n', (2, "subject", LATE)),
        ('a.mp4,"r1,x,0\nb.mp4,r2,x,0\nc.mp4,r3",x,0\n', (2, "subject", LATE)),
        ('a.mp4,"r1\nx",x,0\n', (2, "subject", LATE)),
    ],
)
def test_a_quote_that_swallows_rows_is_refused_where_it_opens(
    folder: Path, rows: str, found: tuple[int, str, str]
) -> None:
    assert faults(folder, f"{HEADER}\n{rows}") == [found]
    assert faults(folder, f"{HEADER}\n{rows}".replace(",", ";")) == [found]


def test_a_note_that_swallows_rows_is_refused_but_lines_of_text_stay(folder: Path) -> None:
    header = f"{HEADER},note\n"
    swallowed = 'a.mp4,r1,x,0,"first\nb.mp4,r2,x,0,\nc.mp4,r3,x,0,last"\n'
    assert faults(folder, header + swallowed) == [(2, "note", LATE)]
    assert faults(folder, header + 'a.mp4,r1,x,0,"first\nb.mp4,r2,x,0,\n') == [(2, "note", OPEN)]
    study = read(folder, header + 'a.mp4,r1,x,0,"limped,\nthen ""ran"""\nb.mp4,"r2",x,0,5" tall\n')
    assert [one.metadata["note"] for one in study] == ['limped,\nthen "ran"', '5" tall']
    assert study.rows == (2, 3)


def test_a_quote_in_the_header_or_in_a_huge_cell_is_refused(folder: Path) -> None:
    assert faults(folder, f'video,"subject,group,session\n{"x" * 40}\n') == [(1, None, OPEN)]
    ((row, _, problem),) = faults(folder, f'{HEADER}\na.mp4,"r1,x,0\n' + "x" * 2**24)
    assert row == 2
    assert "more than 16777216 characters" in problem


def test_open_quotes_of_tracks_and_intervals_are_refused(folder: Path) -> None:
    (folder / "t.csv").write_text('frame,x,y,width,height\n0,1,1,9,9\n1,"1,1,9,9\n2,1,1,9,9\n')
    (folder / "i.csv").write_text('label,start,stop\n"light,1,2\ndark,3,4\n')
    found = faults(folder, f"{HEADER},track,intervals\na.mp4,1,g,0,t.csv,i.csv\n")
    assert found == [
        (2, "track", f"in t.csv, row 3, column x, {OPEN}"),
        (2, "intervals", f"in i.csv, row 2, column label, {OPEN}"),
    ]


@pytest.mark.parametrize(
    ("column", "cell", "small"),
    [
        ("stop", "1.000", "1"),
        ("stop", "1,000", "1"),
        ("stop", "12.500", "12.5"),
        ("fps", "1.000", "1"),
        ("fps", "1.024", "1.024"),
        ("fps", "2.500", "2.5"),
        ("fps", "29,970", "29.97"),
        ("session", "1.000", "1"),
        ("session", "1,000", "1"),
    ],
)
def test_thousands_are_asked_back(folder: Path, column: str, cell: str, small: str) -> None:
    cells = {"video": "a.mp4", "subject": "r1", "group": "x", "session": "0", "start": "0", column: cell}
    large = cell.replace(".", "").replace(",", "")
    text = ";".join(cells) + "\n" + ";".join(cells.values())
    assert faults(folder, text) == [(2, column, f"{cell!r} can mean {large} or {small}")]


def test_thousands_in_every_column_of_a_german_table_are_asked_back(folder: Path) -> None:
    found = faults(folder, "video;subject;group;session;start;stop;fps\na.mp4;r1;a;0;0;1.000;1.000")
    assert [column for _, column, _ in found] == ["stop", "fps"]


@pytest.mark.parametrize("cell", ["23.976", "29.970", "59.94", "33.333", "1000", "1.0", "0.125", "1.0240"])
def test_frame_rates_that_mean_one_number_are_read(folder: Path, cell: str) -> None:
    assert read(folder, f"{HEADER},fps\na.mp4,1,g,0,{cell}\n")[0].fps == float(cell)


@pytest.mark.parametrize("fps", [1.024, 2.5, 1.5, 9.125])
def test_numbers_of_python_are_never_asked_back(folder: Path, fps: float) -> None:
    study = Study([Recording(video=folder / "a.mp4", subject="1", group="g", session="0", fps=fps, stop=3.0)])
    assert Study.from_csv(study.to_csv(folder / "out.csv")) == study
    assert Study.from_dataframe(study.to_dataframe()) == study
    assert Study.from_dataframe(pd.DataFrame([{"video": folder / "a.mp4", "subject": 1, "group": "g",
                                               "session": 1.0, "fps": fps}]))[0].fps == fps  # fmt: skip


def track_faults(folder: Path, text: str) -> list[tuple[int | None, str | None, str]]:
    (folder / "t.csv").write_text(text)
    with pytest.raises(StudyError) as caught:
        Track.from_csv(folder / "t.csv")
    return [(fault.row, fault.column, fault.problem) for fault in caught.value.faults]


def test_thousands_in_tracks_are_asked_back(folder: Path) -> None:
    header = "frame;x;y;width;height\n"
    comma = header + "0;998;80;64;64\n1;1,024;80;64;64\n"
    assert track_faults(folder, comma) == [(3, "x", "'1,024' can mean 1024 or 1.024")]
    point = header + "0;998;80;64;64\n1;1.024;80;64;64\n"
    assert track_faults(folder, point) == [(3, "x", "'1.024' can mean 1024 or 1.024")]
    mixed = header + "0;998,5;80;64;64\n1;1.024;80;64;64\n"
    assert track_faults(folder, mixed) == [(3, "x", "'1.024' can mean 1024 or 1.024")]
    frames = header + "998;1;1;64;64\n999;1;1;64;64\n1.000;1;1;64;64\n"
    assert (4, "frame", "'1.000' can mean 1000 or 1") in track_faults(folder, frames)


@pytest.mark.parametrize(
    ("rows", "x"),
    [
        ("0;80,5;80;64;64\n1;81,125;80;64;64", [80.5, 81.125]),
        ("0;80.125;80;64;64\n1;81.250;80;64;64", [80.125, 81.25]),
        ("0;80;80;64;64\n1;81.125;80;64;64", [80, 81.125]),
    ],
)
def test_tracks_that_mean_one_number_are_read(folder: Path, rows: str, x: list[float]) -> None:
    (folder / "t.csv").write_text(f"frame;x;y;width;height\n{rows}\n")
    track = Track.from_csv(folder / "t.csv")
    assert track.boxes[:, 0].tolist() == x
    assert Track.from_csv(track.to_csv(folder / "again.csv")) == track


def test_thousands_in_intervals_are_asked_back(folder: Path) -> None:
    (folder / "i.csv").write_text("label;start;stop\nlight;998;1,002\n")
    found = faults(folder, f'{HEADER},intervals\na.mp4,1,g,0,"light:2-1,500"\nb.mp4,1,g,0,i.csv\n')
    assert found[0] == (2, "intervals", "'1,500' can mean 1500 or 1.5")
    assert (3, "intervals", "in i.csv, row 2, column stop, '1,002' can mean 1002 or 1.002") in found
    study = read(folder, f'{HEADER},intervals\na.mp4,1,g,0,"light:1,5-2,125"\n')
    assert study[0].intervals == (Interval(label="light", start=1.5, stop=2.125),)


@pytest.mark.parametrize("width", ["0.1", "1.01"], ids=["inside", "beyond the frame"])
def test_normalised_boxes_are_told(folder: Path, width: str) -> None:
    rows = "".join(f"{i},0.4{i},-0.01,{width},0.125\n" for i in range(5))
    found = track_faults(folder, f"frame,x,y,width,height\n{rows}")
    assert found == [
        (None, None, "no box is larger than about 1 pixel, so they are probably fractions of the frame")
    ]


def test_one_session_with_a_decimal_comma(folder: Path) -> None:
    study = read(folder, f'{HEADER}\na.mp4,1,g,"1,0"\nb.mp4,1,g,1\nc.mp4,1,g,1.0\n')
    assert study.sessions == ("1",)
    assert len(study.select('session="1,0"')) == 3


@pytest.mark.parametrize(("on_disk", "written"), [(NFC, NFD), (NFD, NFC)])
def test_composed_and_decomposed_accents_are_one(tmp_path: Path, on_disk: str, written: str) -> None:
    (tmp_path / on_disk).mkdir()
    (tmp_path / on_disk / f"{on_disk}.mp4").write_bytes(b"-")
    (tmp_path / "b.mp4").write_bytes(b"-")
    header = f"video,subject,group,session,{written}"
    study = read(
        tmp_path,
        f"{header}\n{written}/{written}.mp4,{on_disk},{on_disk},{on_disk},{on_disk}\n"
        f"b.mp4,{written},{written},{written},{written}\n",
    )
    assert study[0].video.is_file()
    assert study.names == (NFC, "b")
    assert (study.subjects, study.groups, study.sessions) == ((NFC,), (NFC,), (NFC,))
    assert study.metadata_columns == (NFC,)
    assert study[NFD] == study[NFC] == study[0]
    assert NFD in study
    assert len(study.select(f"{NFD}={NFD} and group={NFD}")) == 2
    assert Study.from_csv(study.to_csv(tmp_path / "again.csv")) == study
    again = study.to_csv(tmp_path / f"{on_disk}.csv")
    assert Study.from_csv(again.with_name(f"{written}.csv")) == study
    one = Recording(video=tmp_path / written / f"{written}.mp4", subject="1", group="g", session="0")
    assert one.video.is_file()


@pytest.mark.parametrize(
    "cell",
    [
        '"""{}"""',
        "'{}'",
        "\N{LEFT DOUBLE QUOTATION MARK}{}\N{RIGHT DOUBLE QUOTATION MARK}",
        '"""\N{LEFT-TO-RIGHT EMBEDDING}{}"""',
        "\N{LEFT-TO-RIGHT EMBEDDING}{}",
    ],
)
def test_copied_paths_lose_their_quotes(folder: Path, cell: str) -> None:
    (folder / "t.csv").write_text("frame,x,y,width,height\n0,1,1,9,9\n")
    (folder / "i.csv").write_text("label,start,stop\nlight,1,2\n")
    video, track, intervals = (cell.format(folder / name) for name in ("a.mp4", "t.csv", "i.csv"))
    study = read(folder, f"{HEADER},track,intervals\n{video},1,g,0,{track},{intervals}\n")
    assert (study[0].video, study[0].name) == (folder / "a.mp4", "a")
    assert study[0].track is not None
    assert study[0].intervals == (Interval(label="light", start=1, stop=2),)


def test_vertical_bars_between_cells(folder: Path) -> None:
    study = read(folder, f"sep=|\n{HEADER.replace(',', '|')}\na.mp4|1, left|g|0\n")
    assert study.subjects == ("1, left",)


def test_utf_32_is_refused(folder: Path) -> None:
    path = folder / "study.csv"
    path.write_bytes(f"{HEADER}\na.mp4,1,g,0\n".encode("utf-32"))
    with pytest.raises(StudyError, match="this is not a text file; choose a CSV file"):
        Study.from_csv(path)


def test_a_copied_path_that_is_missing_is_told_without_quotes(folder: Path) -> None:
    ((_, _, problem),) = faults(folder, f'{HEADER}\n"""videos\\d.mp4""",1,g,0\n')
    assert problem.startswith(f"{folder / 'videos' / 'd.mp4'} does not exist")


def test_chapters_in_one_cell_are_refused_with_how_to_join_them(folder: Path) -> None:
    ((row, column, problem),) = faults(folder, f"{HEADER}\na.mp4+b.mp4,1,g,0\n")
    assert (row, column, problem) == (2, "video", "a.mp4+b.mp4 names several files")
    ((_, _, problem),) = faults(folder, f"{HEADER}\na.mp4+x.mp4,1,g,0\n")
    assert problem.startswith("a.mp4+x.mp4 is not in ")


def test_headers_with_invisible_or_wide_characters_are_known(folder: Path) -> None:
    study = read(folder, "\N{ZERO WIDTH SPACE}video,\uff53ubject,gr\N{SOFT HYPHEN}oup,session\na.mp4,1,g,0\n")
    assert study.metadata_columns == ()


def test_names_that_mean_missing_elsewhere_stay_names(folder: Path) -> None:
    words = ["NA", "None", "nan", "NULL", "<NA>", "NaT", "N/A"]
    rows = "".join(f"a.mp4,{word},{word},{word},{i},{i},{i + 1},{word}\n" for i, word in enumerate(words))
    study = read(folder, f"{HEADER},name,start,stop,note\n{rows}")
    assert study.subjects == study.groups == study.sessions == tuple(words)
    assert [one.metadata["note"] for one in study] == words
    assert Study.from_dataframe(study.to_dataframe()) == study
    frame = study.to_dataframe().assign(note=[pd.NA, pd.NaT, None, float("nan"), *words[4:]])
    assert [one.metadata["note"] for one in Study.from_dataframe(frame)] == [*[""] * 4, *words[4:]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("first", ["", "sep=;\r\n", '"sep=;"\r\n'])
def test_a_study_is_recognised_as_spreadsheets_write_it(folder: Path, encoding: str, first: str) -> None:
    path = folder / "study.csv"
    path.write_bytes(f"{first}\r\nVideo;Subject;group;session\r\na.mp4;1;g;0\r\n".encode(encoding))
    required = ("video", "subject", "group", "session")
    assert has_columns(path, required)
    assert not has_columns(path, (*required, "track"))
    assert not has_columns(folder / "none.csv", required)
    assert Study.from_csv(path).subjects == ("1",)


def test_a_fault_says_what_is_wrong_and_what_to_do() -> None:
    assert str(Fault(OPEN, "remove the quote", 2, "subject")) == (
        f"row 2, column subject: {OPEN}; remove the quote."
    )
