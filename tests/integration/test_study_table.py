"""The table of the study in a real window: what is typed, removed and drawn can be undone by a click."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QLineEdit

from napari_ubam.study import Roi
from real_window import Window
from study_rows import choose_cell

pytestmark = pytest.mark.slow


def write(window: Window, panel: Any, row: int, column: str, text: str) -> None:
    """Double-click a cell, type a text and press Enter."""
    place = choose_cell(panel, row, column)
    QTest.mouseDClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    editor = panel.table.viewport().findChild(QLineEdit)
    editor.selectAll()
    QTest.keyClicks(editor, text)
    QTest.keyClick(editor, Qt.Key.Key_Return)
    window.wait(lambda: panel.session.draft.cell(row, column) == text)


def test_removed_rows_cells_and_regions_come_back(run_window: Window) -> None:
    panel = run_window.open("Study")
    session, before = panel.session, panel.session.study
    assert not panel.undo_button.isEnabled()
    choose_cell(panel, 1, "subject")
    run_window.click(panel, "Remove")
    write(run_window, panel, 0, "group", "other")
    session.draft.set_roi([0], Roi(x=2, y=3, width=40, height=30))
    session.draft_edited()
    choose_cell(panel, 0, "session")
    run_window.click(panel, "No region")
    assert session.study[0].roi is None
    run_window.click(panel, "Undo")
    assert session.study[0].roi == Roi(x=2, y=3, width=40, height=30)
    QTest.keyClick(panel.table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert session.study[0].roi == before[0].roi
    assert session.study[0].group == "other"
    run_window.click(panel, "Undo")
    run_window.click(panel, "Undo")
    assert session.study == before
    assert panel.table.chosen_rows() == [1]
    assert not panel.undo_button.isEnabled()
    assert run_window.errors == []


def test_widths_and_selection_stay_while_the_study_changes(run_window: Window) -> None:
    panel = run_window.open("Study")
    table, columns = panel.table, panel.table.rows.columns
    shown = [number for number in range(len(columns)) if not table.isColumnHidden(number)]
    assert [columns[number] for number in shown] == ["problem", "video", "subject", "group", "session"]
    assert sum(map(table.columnWidth, shown)) <= table.viewport().width()
    table.setColumnWidth(columns.index("group"), 91)
    choose_cell(panel, 2, "subject")
    session = columns.index("session")
    QTest.mouseClick(
        table.viewport(),
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.ControlModifier,
        table.visualRect(table.rows.index(4, session)).center(),
    )
    panel.session.draft.remove([0])
    panel.session.draft_edited()
    assert {(one.row(), columns[one.column()]) for one in table.selectionModel().selectedIndexes()} == {
        (1, "subject"),
        (3, "session"),
    }
    assert table.columnWidth(columns.index("group")) == 91
    run_window.tick(panel.all_columns)
    assert not any(table.isColumnHidden(number) for number in range(len(columns)))
    assert table.columnWidth(columns.index("group")) == 91
    run_window.shoot("study-all-columns")


def test_a_check_of_an_earlier_study_is_said_to_be_old(run_window: Window) -> None:
    panel = run_window.open("Study")
    run_window.click(panel, "Check videos")
    run_window.wait(lambda: "5 videos checked" in panel._foot.text())
    assert panel.found.isVisible()
    assert not panel.found.note.isVisible()
    choose_cell(panel, 1, "subject")
    run_window.click(panel, "Remove")
    assert panel.found.note.isVisible()
    assert panel.found.note.text() == "The study has changed since this check; press Check videos again."
    assert panel.found.found.graphicsEffect() is not None
    assert "checked" not in panel._foot.text()
    run_window.shoot("study-old-check")
    run_window.click(panel, "Undo")
    assert not panel.found.note.isVisible()
    assert panel.found.found.graphicsEffect() is None
