"""A study while the user types it."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from napari_ubam.plugin.state.draft import COLUMNS, StudyDraft, split_clipboard
from napari_ubam.study import Roi, Study


def test_videos_are_added_once_with_their_stem_as_subject(tmp_path: Path) -> None:
    paths = [tmp_path / "rat1.mp4", tmp_path / "rat2.mp4"]
    draft = StudyDraft()
    assert draft.add_videos(paths) == [0, 1]
    assert draft.add_videos([*paths, tmp_path / "rat3.mp4"]) == [2]
    assert [row["subject"] for row in draft.rows] == ["rat1", "rat2", "rat3"]


def test_faults_stand_beside_their_rows(tmp_path: Path) -> None:
    (tmp_path / "rat1.mp4").touch()
    draft = StudyDraft()
    draft.add_videos([tmp_path / "rat1.mp4", tmp_path / "gone.mp4"])
    draft.set_cell(0, "group", "healthy")
    study, faults = draft.check()
    assert study is None
    assert set(faults) == {1}
    assert "gone.mp4" in faults[1][0]
    assert "group" in faults[1][1]
    draft.remove([1])
    study, faults = draft.check()
    assert study is not None
    assert study.subjects == ("rat1",)
    assert faults == {}


def test_a_row_can_be_shown_before_its_group_is_known(tmp_path: Path) -> None:
    (tmp_path / "rat1.mp4").touch()
    draft = StudyDraft()
    draft.add_videos([tmp_path / "rat1.mp4", tmp_path / "gone.mp4"])
    found = draft.recording(0)
    assert found is not None
    assert found.video == tmp_path / "rat1.mp4"
    assert draft.recording(1) is None


def test_a_study_goes_through_the_draft_unchanged(study: Study) -> None:
    again, faults = StudyDraft.from_study(study).check()
    assert faults == {}
    assert again is not None
    assert [one.model_dump() for one in again] == [one.model_dump() for one in study]


def test_regions_are_given_and_taken(study: Study) -> None:
    draft = StudyDraft.from_study(study)
    draft.set_roi([0, 2], Roi(x=3, y=4, width=50, height=40))
    draft.set_roi([1], None)
    again, _ = draft.check()
    assert again is not None
    assert again[0].roi == again[2].roi == Roi(x=3, y=4, width=50, height=40)
    assert again[1].roi is None
    assert again[3].roi == study[3].roi


def test_pasting_tells_what_did_not_fit(study: Study) -> None:
    draft = StudyDraft.from_study(study)
    block = split_clipboard("a\t1\r\nb\t2\r\nc\t3\r\n")
    assert block == [["a", "1"], ["b", "2"], ["c", "3"]]
    last = len(draft) - 1
    assert draft.paste(last - 1, "group", block) == 2
    assert [draft.cell(row, "group") for row in (last - 1, last)] == ["a", "b"]
    assert [draft.cell(row, "session") for row in (last - 1, last)] == ["1", "2"]


def test_typed_numbers_are_a_region_when_they_are_complete() -> None:
    draft = StudyDraft([{"video": "rat1.mp4", "x": "3", "y": "4", "width": "50"}])
    assert draft.roi(0) is None
    draft.set_cell(0, "height", "40")
    assert draft.roi(0) == Roi(x=3, y=4, width=50, height=40)
    draft.set_cell(0, "width", "wide")
    assert draft.roi(0) is None


def test_a_key_means_nothing_in_another_draft() -> None:
    first, second = (StudyDraft([{"video": "rat1.mp4"}]) for _ in range(2))
    assert first.row_of(first.key(0)) == 0
    assert second.row_of(first.key(0)) is None


cells = st.text(st.characters(exclude_characters="\t\r\n", codec="utf-8"), max_size=8)


@given(rows=st.integers(1, 4), columns=st.integers(1, 3), data=st.data())
def test_a_block_is_pasted_cell_by_cell(rows: int, columns: int, data: st.DataObject) -> None:
    block = [[data.draw(cells) for _ in range(columns)] for _ in range(rows)]
    draft = StudyDraft([{"video": str(number)} for number in range(rows)])
    text = "\n".join("\t".join(line) for line in block)
    draft.paste(0, "subject", [line.split("\t") for line in text.split("\n")])
    at = COLUMNS.index("subject")
    shown = [[draft.cell(row, COLUMNS[at + column]) for column in range(columns)] for row in range(rows)]
    assert shown == [[cell.strip() for cell in line] for line in block]


def test_one_step_is_undone_at_a_time() -> None:
    draft = StudyDraft([{"video": f"rat{number}.mp4", "subject": str(number)} for number in range(3)])
    assert not draft.can_undo
    keys = draft.keys
    draft.paste(1, "subject", [["a", "healthy"], ["b", "healthy"]])
    draft.remove([0, 2])
    draft.set_cell(0, "subject", "a")  # the same text is no change
    draft.set_roi([0], None)  # nor is no region where none was
    assert draft.undo() == [0, 2]
    assert draft.keys == keys
    assert [draft.cell(row, "subject") for row in range(3)] == ["0", "a", "b"]
    assert draft.undo() == [1, 2]
    assert [draft.cell(row, "group") for row in range(3)] == ["", "", ""]
    assert not draft.can_undo
    assert draft.undo() == []


Cells = dict[int, tuple[str, Roi | None]]  # subject and region by the key of the row, in order


class Rows(RuleBasedStateMachine):
    """Any order of edits, compared with a dict from key to the region and the subject of the row."""

    def __init__(self) -> None:
        super().__init__()
        self.draft = StudyDraft()
        self.wanted: Cells = {}
        self.before: list[Cells] = []
        self.videos = 0

    def note(self, wanted: Cells) -> None:
        """Expect other cells, and the ones of now after an undo."""
        if wanted != self.wanted:
            self.before.append(self.wanted)
        self.wanted = wanted

    def some_row(self, data: st.DataObject) -> tuple[int, int]:
        key = data.draw(st.sampled_from(sorted(self.wanted)))
        row = self.draft.row_of(key)
        assert row is not None
        return key, row

    @rule(number=st.integers(1, 3))
    def add(self, number: int) -> None:
        names = [f"rat{self.videos + one}" for one in range(number)]
        self.videos += number
        rows = self.draft.add_videos([Path(f"{name}.mp4") for name in names])
        added: Cells = {self.draft.key(row): (name, None) for row, name in zip(rows, names, strict=True)}
        self.note({**self.wanted, **added})

    @precondition(lambda self: self.wanted)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        rows = data.draw(st.sets(st.integers(0, len(self.draft) - 1), max_size=3))
        keys = {self.draft.key(row) for row in rows}
        self.draft.remove(rows)
        self.note({key: cells for key, cells in self.wanted.items() if key not in keys})

    @rule()
    def undo(self) -> None:
        assert self.draft.can_undo == bool(self.before)
        now, self.wanted = self.wanted, self.before.pop() if self.before else self.wanted
        changed = {self.draft.key(row) for row in self.draft.undo()}
        assert changed == {key for key, cells in self.wanted.items() if now.get(key) != cells}

    @precondition(lambda self: self.wanted)
    @rule(data=st.data(), text=st.sampled_from(["", "a", "b"]))
    def edit(self, data: st.DataObject, text: str) -> None:
        key, row = self.some_row(data)
        self.draft.set_cell(row, "subject", text)
        self.note({**self.wanted, key: (text, self.wanted[key][1])})

    @precondition(lambda self: self.wanted)
    @rule(
        data=st.data(),
        roi=st.none()
        | st.builds(Roi, x=st.integers(0, 9), y=st.just(0), width=st.just(4), height=st.just(4)),
    )
    def draw(self, data: st.DataObject, roi: Roi | None) -> None:
        key, row = self.some_row(data)
        self.draft.set_roi([row], roi)
        self.note({**self.wanted, key: (self.wanted[key][0], roi)})

    @invariant()
    def every_row_has_what_its_key_was_given(self) -> None:
        rows = range(len(self.draft))
        found = {self.draft.key(row): (self.draft.cell(row, "subject"), self.draft.roi(row)) for row in rows}
        assert list(found.items()) == list(self.wanted.items())
        gone = {key for cells in self.before for key in cells if key not in self.wanted}
        assert all(self.draft.row_of(key) is None for key in gone)


TestRows = Rows.TestCase
TestRows.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
