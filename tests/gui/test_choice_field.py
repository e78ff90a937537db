"""A choice says its key, not its text; rows of widgets flow into the width there is."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from softmax_gui.gui.widgets.choice_field import ChoiceField
from softmax_gui.gui.widgets.flow_layout import GAP, FlowLayout


@pytest.fixture
def field(qtbot: QtBot) -> ChoiceField:
    widget = ChoiceField()
    qtbot.addWidget(widget)
    widget.set_choices({"a": "one", "b": "two", "c": "three"})
    widget.show()
    return widget


def test_that_the_user_alone_is_told_of(qtbot: QtBot, field: ChoiceField) -> None:
    with qtbot.assertNotEmitted(field.key_chosen):
        field.set_key("b")
        field.set_choices({"b": "two", "d": "four"})
    with qtbot.waitSignal(field.key_chosen) as told:
        QTest.keyClick(field, Qt.Key.Key_Down)
    assert told.args == ["d"]


def test_that_a_key_that_is_still_there_stays_and_an_unknown_one_changes_nothing(
    field: ChoiceField,
) -> None:
    field.set_key("c")
    field.set_choices({"a": "eins", "b": "zwei", "c": "drei"})
    assert (field.key(), field.currentText()) == ("c", "drei")
    field.set_key("z")
    assert field.key() == "c"
    field.set_choices({"a": "one"})
    assert field.key() == "a"


def test_that_the_wheel_in_passing_changes_nothing(field: ChoiceField) -> None:
    middle = QPointF(field.rect().center())
    turn = QWheelEvent(middle, field.mapToGlobal(middle), QPoint(), QPoint(0, -120),
                       Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
                       Qt.ScrollPhase.NoScrollPhase, False)  # fmt: skip
    field.clearFocus()
    QApplication.sendEvent(field, turn)
    assert field.key() == "a"
    assert not turn.isAccepted()


def test_that_the_list_shows_its_longest_text_whole(field: ChoiceField) -> None:
    field.set_choices({"a": "a text that is much longer than the field"})
    field.resize(80, field.height())
    field.showPopup()
    assert field.view().minimumWidth() > field.view().sizeHintForColumn(0)
    field.hidePopup()


@pytest.mark.parametrize(("across", "rows"), [(4, 1), (2, 2), (1, 4)])
def test_that_what_does_not_fit_goes_to_the_next_row(qtbot: QtBot, across: int, rows: int) -> None:
    box = QWidget()
    qtbot.addWidget(box)
    outer, flow = QVBoxLayout(box), FlowLayout()
    outer.setContentsMargins(0, 0, 0, 0)
    outer.addLayout(flow)
    outer.addStretch(1)
    buttons = [QPushButton("four") for _ in range(4)]
    for button in buttons:
        flow.addWidget(button)
    width = buttons[0].sizeHint().width()
    box.resize(across * (width + GAP), 300)
    box.show()
    assert len({button.y() for button in buttons}) == rows
    assert all(box.rect().contains(button.geometry()) for button in buttons)
    assert flow.minimumSize().width() == width
    assert flow.itemAt(9) is None
