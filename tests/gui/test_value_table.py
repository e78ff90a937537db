"""The table of features: typed entry, its limits, and that it stays lazy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QTableView, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from softmax_gui.gui import theme
from softmax_gui.gui.widgets.value_model import VALUE, ValueModel, entered, shown
from softmax_gui.gui.widgets.value_table import ValueTable
from tests.gui.hand import heard

Key = Qt.Key


@pytest.fixture
def make(qtbot: QtBot) -> Callable[..., ValueTable]:
    def made(values: Any = (0.0, 0.35, 0.5, 1.0)) -> ValueTable:
        table = ValueTable()
        qtbot.addWidget(table)
        table.set_values(values)
        with qtbot.waitActive(table):
            table.show()
            table.activateWindow()
        return table

    return made


def view(table: ValueTable) -> QTableView:
    found = table.findChild(QTableView)
    assert found is not None
    return found


def text(table: ValueTable, row: int, column: int = VALUE) -> str:
    return str(view(table).model().index(row, column).data())


def field(table: ValueTable) -> QLineEdit:
    """The field of the value now being typed."""
    found = view(table).viewport().findChild(QLineEdit)
    assert found is not None
    return found


def begin(table: ValueTable, row: int, column: int = VALUE) -> None:
    """Double-clicks a cell."""
    at = view(table).visualRect(view(table).model().index(row, column)).center()
    QTest.mouseClick(view(table).viewport(), Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseDClick(view(table).viewport(), Qt.MouseButton.LeftButton, pos=at)


def finish(table: ValueTable, key: Qt.Key = Key.Key_Return) -> None:
    """Ends the field; Qt takes its text over later, and deletes it later still."""
    QTest.keyClick(field(table), key)
    QCoreApplication.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def enter(table: ValueTable, row: int, typed: str) -> None:
    begin(table, row)
    QTest.keyClicks(field(table), typed)
    finish(table)


@pytest.mark.parametrize("typed", ["0.25", "0,25", " .25", ",25", "2.5e-1", "+0.25"])
def test_that_point_and_comma_are_both_understood(
    make: Callable[..., ValueTable], typed: str
) -> None:
    table = make()
    table.set_range(0, 1)
    edits, refusals = heard(table.value_edited), heard(table.entry_refused)
    enter(table, 2, typed)
    assert edits == [(2, 0.25)]
    assert refusals == []
    assert text(table, 2) == "0.250"


@pytest.mark.parametrize(
    ("low", "high", "typed", "sentence"),
    [
        (0, 1, "cat", "x2: “cat” is not a number. Type a value such as 0.35."),
        (None, None, "nan", "x2: “nan” is not a number. Type a value such as 0.35."),
        (None, None, "1_0", "x2: “1_0” is not a number. Type a value such as 0.35."),
        (None, None, "1,000.5", "x2: “1,000.5” is not a number. Type a value such as 0.35."),
        (None, None, "1e999", "x2: “1e999” is too large. Type a value such as 0.35."),
        (0, 1, "1.01", "x2: “1.01” is out of range. Type a value from 0 to 1."),
        (0, None, "-2", "x2: “-2” is out of range. Type a value from 0 up."),
        (None, 7.5, "8", "x2: “8” is out of range. Type a value up to 7.5."),
    ],
)
def test_that_what_is_no_value_is_refused_with_a_sentence(
    make: Callable[..., ValueTable],
    low: float | None,
    high: float | None,
    typed: str,
    sentence: str,
) -> None:
    table = make()
    table.set_range(low, high)
    edits, refusals = heard(table.value_edited), heard(table.entry_refused)
    enter(table, 1, typed)
    assert edits == []
    assert refusals == [(sentence,)]
    assert text(table, 1) == "0.350"


def test_that_setters_never_emit_and_copy(make: Callable[..., ValueTable]) -> None:
    table = make()
    said = [heard(signal) for signal in (table.value_edited, table.entry_refused)]
    mine = np.array([0.1, 0.2, 0.3, 0.4])
    table.set_values(mine)
    mine[0] = 0.9
    assert text(table, 0) == "0.100"
    table.set_range(0.5, 1)
    table.set_names(["a"])
    table.highlight(2)
    table.set_values(range(9))
    assert said == [[], []]


@pytest.mark.parametrize("values", [[np.nan], [0, np.inf], [[1.0]], 3.0])
def test_that_what_is_no_vector_is_refused(make: Callable[..., ValueTable], values: Any) -> None:
    table = make()
    with pytest.raises(ValueError, match="values"):
        table.set_values(values)
    assert text(table, 1) == "0.350"


def test_that_a_range_upside_down_is_refused(make: Callable[..., ValueTable]) -> None:
    with pytest.raises(ValueError, match="range"):
        make().set_range(1, 0)


def test_that_looking_into_a_field_does_not_cut_the_value(
    make: Callable[..., ValueTable],
) -> None:
    table = make([1 / 3])
    edits = heard(table.value_edited)
    begin(table, 0)
    assert field(table).text() == "0.3333333333"
    finish(table)
    assert edits == []


def test_that_escape_drops_what_was_typed(make: Callable[..., ValueTable]) -> None:
    table = make()
    edits = heard(table.value_edited)
    begin(table, 0)
    QTest.keyClicks(field(table), "0.9")
    finish(table, Key.Key_Escape)
    assert edits == []
    assert text(table, 0) == "0.000"


def test_that_new_values_leave_a_half_typed_one_alone(make: Callable[..., ValueTable]) -> None:
    table = make()
    edits = heard(table.value_edited)
    begin(table, 1)
    QTest.keyClicks(field(table), "0.8")
    table.set_values([0.9, 0.9, 0.9, 0.9])
    assert field(table).text() == "0.8"
    finish(table)
    assert edits == [(1, 0.8)]


def test_that_keys_alone_reach_and_change_every_value_and_tab_leaves(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    before, table, after = QLineEdit(), ValueTable(), QLineEdit()
    layout = QVBoxLayout(window)
    for widget in (before, table, after):
        layout.addWidget(widget)
    table.set_values(np.zeros(4))
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    edits = heard(table.value_edited)
    before.setFocus()
    QTest.keyClick(before, Key.Key_Tab)
    for row in range(4):
        QTest.keyClick(view(table), Key.Key_Left)  # names cannot be entered
        QTest.keyClicks(view(table), "7")
        QTest.keyClicks(field(table), f".{row}")
        finish(table)
        QTest.keyClick(view(table), Key.Key_Down)
    assert edits == [(row, 7 + row / 10) for row in range(4)]
    QTest.keyClick(view(table), Key.Key_Tab)
    assert after.hasFocus()


def test_that_a_name_is_not_edited(make: Callable[..., ValueTable]) -> None:
    table = make()
    begin(table, 0, column=0)
    assert view(table).viewport().findChild(QLineEdit) is None


def test_that_names_come_by_place_and_are_x1_to_xd_without(
    make: Callable[..., ValueTable],
) -> None:
    table = make()
    table.set_names(["petal length (cm)", "petal width (cm)"])
    names = [text(table, row, 0) for row in range(4)]
    assert names == ["petal length (cm)", "petal width (cm)", "x3", "x4"]


def test_that_highlight_lights_one_row_and_brings_it_into_view(
    make: Callable[..., ValueTable],
) -> None:
    table = make(np.zeros(784))
    model, background = view(table).model(), Qt.ItemDataRole.BackgroundRole

    def lit() -> list[int]:
        return [row for row in range(784) if model.index(row, VALUE).data(background) is not None]

    table.highlight(700)
    assert lit() == [700]
    place = view(table).visualRect(model.index(700, VALUE))
    assert view(table).viewport().rect().contains(place)
    table.highlight(3)
    assert lit() == [3]
    table.highlight(-1)
    table.highlight(5000)
    assert lit() == []


def test_that_four_rows_need_no_scroll_bar_and_784_ask_for_eight(
    make: Callable[..., ValueTable],
) -> None:
    table = make()
    assert table.height() >= table.sizeHint().height()
    assert not view(table).verticalScrollBar().isVisible()
    row = view(table).rowHeight(0)
    four = table.sizeHint().height()
    table.set_values(np.zeros(784))
    assert table.sizeHint().height() == four + 4 * row
    table.set_values([])
    assert table.sizeHint().height() == four - 3 * row


def test_that_only_rows_on_screen_are_read(
    make: Callable[..., ValueTable], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = make(np.zeros(5000))
    read: set[int] = set()
    plain_name = ValueModel.name

    def name(model: ValueModel, row: int) -> str:
        read.add(row)
        return plain_name(model, row)

    monkeypatch.setattr(ValueModel, "name", name)
    table.set_values(np.linspace(0, 1, 5000))
    table.grab()
    assert 0 < len(read) < 100


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0.000"),
        (0.35, "0.350"),
        (-3.25, "-3.250"),
        (5.1, "5.100"),
        (1e-9, "1.00e-09"),
        (-123456789.0, "-1.23e+08"),
    ],
)
def test_that_numbers_have_the_digits_that_mean_something(value: float, expected: str) -> None:
    assert shown(value) == expected
    assert entered(expected) == pytest.approx(value, rel=1e-2)


def test_that_a_larger_font_and_another_theme_are_followed(
    make: Callable[..., ValueTable],
) -> None:
    table = make()
    row, image = view(table).rowHeight(0), table.grab().toImage()
    font = table.font()
    font.setPointSize(font.pointSize() + 8)
    table.setFont(font)
    assert view(table).rowHeight(0) > row
    font.setPointSize(font.pointSize() - 8)
    table.setFont(font)
    try:
        theme.apply("dark")
        assert table.grab().toImage() != image
    finally:
        theme.apply("light")
    assert table.accessibleName() == "Values of the features"
