"""Reading and writing studies: valid tables, invalid tables, and round trips without loss."""

from __future__ import annotations

import pickle
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ubam.study import Fault, Interval, Recording, Roi, Study, StudyError, Track

HEADER = "video,subject,group,session"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Folder with dummy files a.mp4, b.mp4 and c.mp4; their content is not read here."""
    (tmp_path / "videos").mkdir()
    for name in "abc":
        (tmp_path / "videos" / f"{name}.mp4").write_bytes(b"-")
    return tmp_path


def read(folder: Path, text: str | bytes) -> Study:
    path = folder / "study.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Study.from_csv(path)


def faults(folder: Path, text: str | bytes) -> tuple[Fault, ...]:
    with pytest.raises(StudyError) as caught:
        read(folder, text)
    return caught.value.faults


def test_a_plain_study(folder: Path) -> None:
    study = read(folder, f"{HEADER},weight\nvideos/a.mp4,007,healthy,0.0,21\nvideos/b.mp4,8,stroke,3,\n")
    first = study["a"]
    assert first.video == folder / "videos" / "a.mp4"
    assert (first.subject, first.group, first.session) == ("007", "healthy", "0")
    assert first.metadata == {"weight": "21"}
    assert study["b"].metadata == {"weight": ""}
    assert (study.names, study.subjects, study.groups) == (("a", "b"), ("007", "8"), ("healthy", "stroke"))
    assert study.sessions == ("0", "3")
    assert study.rows == (2, 3)
    assert study.path == folder / "study.csv"
    assert len(study) == 2
    assert list(study) == [study[0], study[1]]
    assert "a" in study
    assert "z" not in study


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tables_as_spreadsheets_write_them(folder: Path, separator: str, encoding: str) -> None:
    rows = [
        ["Video ", " SUBJECT", "group", "Session", "intervals", "Note"],
        ["videos\\a.mp4", " Zoë ", "healthy", "0", '"light:1,5-3; dark:4-5"', "x"],
        ["", "", "", "", "", ""],
        [" videos/b.mp4", "M2", "stroke", "0", "", '"a ""quoted"" word"'],
        ["", "", "", "", "", ""],
        [""],
    ]
    study = read(folder, "\r\n".join(separator.join(row) for row in rows).encode(encoding))
    assert study.rows == (2, 4)
    assert study[0].subject == "Zoë"
    assert study[0].intervals == (
        Interval(label="light", start=1.5, stop=3),
        Interval(label="dark", start=4, stop=5),
    )
    assert study[1].metadata == {"Note": 'a "quoted" word'}


def test_the_separator_line_of_excel_does_not_count(folder: Path) -> None:
    study = read(folder, f"sep=;\r\n{HEADER.replace(',', ';')}\r\nvideos/a.mp4;1;g;0\r\n")
    assert study.rows == (2,)


def test_all_faults_are_listed_with_row_column_and_remedy(folder: Path) -> None:
    found = faults(
        folder,
        f"{HEADER},name,x,y,width,height,start,stop,intervals\n"
        "videos/d.mp4,1,,0,,1,2,a,0,,,\n"
        "videos/a.mp4,1,g,,,1,2,,,-1,x,light:3-2\n"
        ",1,g,0,,,,,,5,2,l:1-3;l:2-4\n"
        "videos/b.mp4,1,g,0,nul,,,,,,,nonsense\n",
    )
    assert [(fault.row, fault.column) for fault in found] == [
        (2, "width"),
        (2, "height"),
        (2, "video"),
        (2, "group"),
        (3, "width"),
        (3, "intervals"),
        (3, "session"),
        (3, "start"),
        (3, "stop"),
        (4, "intervals"),
        (4, "video"),
        (4, "stop"),
        (5, "intervals"),
        (5, "name"),
    ]
    assert all(fault.problem and fault.remedy for fault in found)
    lines = str(StudyError(found, "study.csv")).splitlines()
    assert lines[0] == "study.csv: 14 faults."
    assert (
        lines[2]
        == "  row 2, column height: 0 is not positive; make the region at least 1 pixel wide and high."
    )


def test_a_single_fault_is_one_sentence(folder: Path) -> None:
    (fault,) = faults(folder, f"{HEADER}\nvideos/aa.mp4,1,g,0\n")
    assert fault.remedy.startswith("did you mean a.mp4")
    assert str(fault).endswith("?")
    assert str(fault).startswith("row 2, column video: aa.mp4 is not in ")


def test_an_equal_extension_does_not_make_names_similar(folder: Path) -> None:
    (fault,) = faults(folder, f"{HEADER}\nvideos/none.mp4,1,g,0\n")
    assert fault.remedy == "correct the path or copy the file there"


def test_missing_videos_can_be_allowed(folder: Path) -> None:
    (folder / "study.csv").write_text(f"{HEADER}\nelsewhere/x.mp4,1,g,0\n")
    with pytest.raises(StudyError, match="has no folder elsewhere"):
        Study.from_csv(folder / "study.csv")
    assert Study.from_csv(folder / "study.csv", check_files=False)["x"].subject == "1"


def test_equal_names_are_refused_with_both_rows(folder: Path) -> None:
    (folder / "A.mp4").write_bytes(b"-")
    (fault,) = faults(folder, f"{HEADER}\nvideos/a.mp4,1,g,0\nvideos/b.mp4,1,g,0\nA.mp4,1,g,0\n")
    assert (fault.row, fault.column) == (4, "name")
    assert "row 2" in fault.problem
    assert "same folder on Windows" in fault.problem
    assert "name" in fault.remedy
    assert len(read(folder, f"{HEADER},name\nvideos/a.mp4,1,g,0,\nA.mp4,1,g,0,late\n")) == 2


@pytest.mark.parametrize("stem", ["con", ".", "a.", "__x", ".x", "LPT1.left", "x" * 101, "a:b", "a?"])
def test_names_that_no_folder_can_have_are_refused(stem: str) -> None:
    with pytest.raises(ValueError, match="write another name in the column name") as caught:
        Recording(video=Path("x.mp4"), subject="1", group="g", session="0", name=stem)
    assert "write another name in the column name, such as" in str(caught.value)


def test_two_animals_in_one_video_are_fine_but_not_the_same_frames_twice(folder: Path) -> None:
    columns = f"{HEADER},name,x,y,width,height,start,stop\n"
    left, right = "0,0,10,10", "10,0,10,10"
    study = read(folder, f"{columns}videos/a.mp4,1,g,0,l,{left},,\nvideos/a.mp4,2,g,0,r,{right},,\n")
    assert study["r"].roi == Roi(x=10, y=0, width=10, height=10)
    assert len(read(folder, f"{columns}videos/a.mp4,1,g,0,l,,,,,,50\nvideos/a.mp4,1,g,1,r,,,,,50,\n")) == 2
    (fault,) = faults(folder, f"{columns}videos/a.mp4,1,g,0,l,{left},0,50\nvideos/a.mp4,2,g,0,r,{left},49,\n")
    assert (fault.row, fault.column) == (3, "video")
    assert "row 2 has the same frames" in fault.problem


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "the file is empty; start with a header: video, subject, group, session"),
        (f"{HEADER}\n\n", "the study has no recordings"),
        ("video,subjects,group\nx,1,g\n", "there is no column subject; rename the column subjects"),
        (f"{HEADER},Group\nvideos/a.mp4,1,g,0,h\n", "row 1: the column group appears twice"),
        (f"{HEADER}\nvideos/a.mp4,1,g,0,9\n", "row 2: the value '9' is in column number 5"),
        (b"PK\x03\x04....", 'an Excel or OpenDocument workbook; save it as "CSV UTF-8"'),
        (HEADER.encode() + b"\nvideos/a.mp4,M\xfcller,g,0\n", "row 2: a character is not valid UTF-8"),
    ],
)
def test_tables_that_cannot_be_read(folder: Path, content: str | bytes, sentence: str) -> None:
    with pytest.raises(StudyError) as caught:
        read(folder, content)
    assert sentence in str(caught.value)


def test_the_error_of_a_missing_study_names_similar_files(folder: Path) -> None:
    (folder / "study.csv").write_text("")
    with pytest.raises(StudyError, match=r"did you mean study\.csv\?"):
        Study.from_csv(folder / "studi.csv")
    with pytest.raises(StudyError, match="cannot be read"):
        Study.from_csv(folder)


def test_faults_of_a_track_and_of_intervals_name_their_own_rows(folder: Path) -> None:
    (folder / "t.csv").write_text("frame,x,y,width,height\n0,1,1,9,9\n0,1,1,-9,9\n")
    (folder / "i.csv").write_text("label;start;stop\nlight;1,5;2,5\nlight;2;3\n")
    found = faults(
        folder, f"{HEADER},track,intervals\nvideos/a.mp4,1,g,0,t.csv,i.csv\nvideos/b.mp4,1,g,0,u.csv,\n"
    )
    texts = [str(fault) for fault in found]
    assert "row 2, column track: in t.csv, row 3, column width, '-9' is not positive" in texts[0]
    assert "in t.csv, row 3, column frame, frame 0 is already in row 2" in texts[1]
    assert "column intervals: in i.csv, row 3, column start, the intervals light:1.5-2.5" in texts[2]
    assert texts[3].startswith("row 3, column track: u.csv is not in")


def test_region_and_track_exclude_each_other(folder: Path) -> None:
    (folder / "t.csv").write_text("frame,x,y,width,height\n0,1,1,9,9\n")
    (fault,) = faults(folder, f"{HEADER},x,y,width,height,track\nvideos/a.mp4,1,g,0,1,1,5,5,t.csv\n")
    assert fault.column == "track"


def test_all_recordings_get_the_same_metadata_and_column_names_are_reserved() -> None:
    one = Recording(video=Path("a.mp4"), subject="1", group="g", session="0", metadata={"sex": "f"})
    two = Recording(video=Path("b.mp4"), subject="2", group="g", session="0", metadata={"age": "3"})
    study = Study([one, two])
    assert study["a"].metadata == {"sex": "f", "age": ""}
    assert study.metadata_columns == ("sex", "age")
    with pytest.raises(ValueError, match="the metadata name 'Start' is reserved"):
        Recording(video=Path("a.mp4"), subject="1", group="g", session="0", metadata={"Start": "1"})


def test_python_values_become_texts() -> None:
    data = {"video": "a.mp4", "subject": 7, "group": "g", "session": 0.0, "start": 3.0}
    recording = Recording.model_validate(data)
    assert (recording.subject, recording.session, recording.start) == ("7", "0", 3)
    assert recording.video.is_absolute()
    with pytest.raises(ValueError, match="'True' is not a whole number"):
        Recording.model_validate(data | {"start": True})


def test_an_empty_study_is_refused() -> None:
    with pytest.raises(StudyError, match="the study has no recordings"):
        Study([])


def test_invalid_items_of_a_study_are_listed_together() -> None:
    good = {"video": "a.mp4", "subject": 7, "group": "g", "session": 0}
    assert Study([good]) == Study([Recording.model_validate(good)])
    with pytest.raises(StudyError) as caught:
        Study([good, "b.mp4", good | {"group": "", "fps": 0}])
    assert [(fault.row, fault.column) for fault in caught.value.faults] == [
        (1, None),
        (2, "group"),
        (2, "fps"),
    ]


def test_the_frame_rate_of_the_camera(folder: Path) -> None:
    rows = [
        'videos/a.mp4,1,g,0,"29,97"',
        "videos/b.mp4,1,g,1,2.5e2",
        "videos/c.mp4,1,g,2,",
    ]
    study = read(folder, "\n".join([f"{HEADER},FPS", *rows]))
    assert [recording.fps for recording in study] == [29.97, 250.0, None]
    assert study.metadata_columns == ()
    lines = study.to_csv(folder / "out.csv").read_text().splitlines()
    assert [line.split(",")[4] for line in lines] == ["fps", "29.97", "250", ""]
    frame = study.to_dataframe().assign(fps=[29.97, 250, None])
    assert Study.from_dataframe(frame) == study
    assert "fps" not in Study([study[2]]).to_dataframe()


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("0", "'0' is not a valid frame rate"),
        ("-30", "'-30' is not a valid frame rate"),
        ("1e-320", "'1e-320' is not a valid frame rate"),
        ("1e400", "'1e400' is not a number"),
        ("inf", "'inf' is not a number"),
        ("nan", "'nan' is not a number"),
        ("250 fps", "'250 fps' is not a number"),
        ('"1,000"', "'1,000' can mean 1000 or 1"),
        ('"29,970"', "'29,970' can mean 29970 or 29.97"),
    ],
)
def test_frame_rates_that_are_refused(folder: Path, cell: str, problem: str) -> None:
    (fault,) = faults(folder, f"{HEADER},fps\nvideos/a.mp4,1,g,0,{cell}\n")
    assert (fault.row, fault.column, fault.problem) == (2, "fps", problem)
    assert fault.remedy.startswith("write ")


def test_data_frames(folder: Path) -> None:
    frame = pd.DataFrame(
        {
            "Video": ["videos/a.mp4", Path("videos") / "b.mp4"],
            "subject": ["007", 8],
            "group": "g",
            "session": [0, 1.0],
            "start": [None, 5],
            "age": [float("nan"), 2.5],
        }
    )
    study = Study.from_dataframe(frame, folder)
    assert (study["a"].subject, study["a"].start, study["b"].start) == ("007", None, 5)
    assert study["b"].metadata == {"age": "2.5"}
    assert Study.from_dataframe(study.to_dataframe()) == study
    with pytest.raises(StudyError) as caught:
        Study.from_dataframe(frame.assign(start=[-1, 2]), folder)
    assert caught.value.faults[0].row == 0


def test_pickle_and_json_keep_the_study(folder: Path) -> None:
    track = Track(frames=[0, 1, 5], boxes=[[0, 0, 5, 5.5]] * 3)
    study = Study(
        [Recording(video=folder / "videos" / "a.mp4", subject="1", group="g", session="0", track=track)]
    )
    assert pickle.loads(pickle.dumps(study)) == study
    assert Study.model_validate_json(study.model_dump_json()) == study
    error = StudyError([Fault("a", "b", 2, "video")], "study.csv")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_a_track_without_a_file_is_written_beside_the_study(folder: Path) -> None:
    track = Track(frames=[0, 1, 5], boxes=[[-1.5, 0, 5, 5.25]] * 3)
    video = folder / "videos" / "a.mp4"
    study = Study([Recording(video=video, subject="1", group="g", session="0", track=track)])
    text = study.to_csv(folder / "out.csv").read_text()
    assert text.splitlines()[1] == "videos/a.mp4,1,g,0,out_tracks/a.csv"
    assert Study.from_csv(folder / "out.csv")["a"].track == track
    absolute = study.to_csv(folder / "out.csv", relative=False).read_text()
    assert str(video) in absolute


words = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff"), min_size=1, max_size=8
).map(str.strip)
some_words = words.filter(bool)
labels = some_words.filter(lambda word: not set(word) & set(":;\x85\u2028\u2029"))
seconds = st.floats(-1e6, 1e6, allow_nan=False)
intervals = st.builds(
    lambda label, start, length: Interval(label=label, start=start, stop=start + length),
    labels,
    seconds,
    st.floats(0.001, 1e3),
)
rois = st.builds(Roi, x=st.integers(0, 99), y=st.integers(0, 99), width=st.integers(1, 9), height=st.just(4))
tracks = st.lists(st.integers(0, 99), min_size=1, max_size=5, unique=True).map(
    lambda frames: Track(frames=sorted(frames), boxes=[[-0.5, 1 / 3, 7, 1e-7]] * len(frames))
)
known = {"video", "subject", "group", "session", "name", "x", "y", "width", "height", "start", "stop", "fps"}
columns = some_words.filter(lambda word: word.casefold() not in known | {"track", "intervals"})
rates = st.one_of(st.none(), st.floats(1e-6, 1e9), st.integers(1, 2000))
crops = st.one_of(st.just({}), rois.map(lambda roi: {"roi": roi}), tracks.map(lambda track: {"track": track}))
spans = st.one_of(
    st.just({}),
    st.tuples(st.integers(0, 9), st.integers(10, 99)).map(lambda s: {"start": s[0], "stop": s[1]}),
)


@st.composite
def studies(draw: st.DrawFn) -> Study:
    folder = Path(tempfile.gettempdir()) / "napari-ubam-no-such-folder"
    keys = draw(st.lists(columns, max_size=2, unique_by=str.casefold))
    count = draw(st.integers(1, 3))
    recordings = [
        Recording(
            video=folder / f"v{i}.mp4",
            subject=draw(some_words),
            group=draw(some_words),
            session=draw(some_words),
            name=draw(st.sampled_from(["", f"name {i}"])),
            fps=draw(rates),
            intervals=tuple(draw(st.lists(intervals, max_size=2, unique_by=lambda item: item.label))),
            metadata={key: draw(words) for key in keys},
            **draw(crops),
            **draw(spans),
        )
        for i in range(count)
    ]
    return Study(recordings)


@settings(max_examples=80)
@given(studies())
def test_writing_and_reading_loses_nothing(study: Study) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = study.to_csv(Path(name) / "study.csv")
        again = Study.from_csv(path, check_files=False)
        assert again == study
        assert again.to_csv(Path(name) / "again.csv").read_bytes() == path.read_bytes()


def test_a_file_with_key_points_is_relative_to_the_table(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4", "poses/a.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    table = tmp_path / "study.csv"
    table.write_text("video,subject,group,session,keypoints\na.mp4,1,x,0,poses/a.csv\nb.mp4,2,x,0,\n")
    study = Study.from_csv(table)
    assert [one.keypoints for one in study] == [(tmp_path / "poses" / "a.csv").resolve(), None]
    assert "poses/a.csv" in study.to_csv(tmp_path / "copy.csv").read_text()
    assert Study.from_csv(tmp_path / "copy.csv") == study
    table.write_text("video,subject,group,session,keypoints\na.mp4,1,x,0,poses/c.csv\n")
    with pytest.raises(StudyError, match=r"row 2, column keypoints: .*c.csv"):
        Study.from_csv(table)
