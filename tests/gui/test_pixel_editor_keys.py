"""Drawing in the pixel editor with keys alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from softmax_gui.gui.widgets.pixel_editor import PixelEditor
from tests.gui.hand import (
    CONTROL,
    PLAIN,
    black_editor,
    heard,
    press,
)

Key = Qt.Key


@pytest.fixture
def make(qtbot: QtBot) -> Callable[..., PixelEditor]:
    return partial(black_editor, qtbot)


def test_that_keys_alone_reach_every_cell(make: Callable[..., PixelEditor]) -> None:
    editor = make((3, 5))
    press(editor, *[Key.Key_Up] * 9, *[Key.Key_Left] * 9)
    wanted = np.indices((3, 5)).sum(axis=0) % 2
    for row in range(3):
        for column in range(5):
            if wanted[row, column]:
                press(editor, Key.Key_Space)
            press(editor, Key.Key_Right)
        press(editor, Key.Key_Down, *[Key.Key_Left] * 9)
    np.testing.assert_array_equal(editor.image(), wanted)


def test_that_keys_step_and_erase(make: Callable[..., PixelEditor]) -> None:
    editor = make()
    press(editor, Key.Key_PageUp, Key.Key_PageUp, Key.Key_Plus, Key.Key_Minus)
    press(editor, Key.Key_Minus)
    assert editor.image()[0, 0] == 0.45
    assert editor.undo_stack.count() == 1
    press(editor, Key.Key_PageDown)
    assert editor.image()[0, 0] == 0.2
    press(editor, Key.Key_Delete)
    assert editor.image()[0, 0] == 0
    press(editor, Key.Key_Space, Key.Key_Backspace)
    assert editor.image()[0, 0] == 0
    QTest.keyClick(editor, Key.Key_Z, CONTROL)
    assert editor.image()[0, 0] == 1


def test_that_a_typed_number_counts_after_enter_and_escape_drops_it(
    make: Callable[..., PixelEditor],
) -> None:
    editor = make()
    edits = heard(editor.image_edited)
    QTest.keyClicks(editor, "0.357")
    press(editor, Key.Key_Backspace)
    assert len(edits) == 0
    press(editor, Key.Key_Return)
    assert editor.image()[0, 0] == 0.35
    assert len(edits) == 1
    QTest.keyClicks(editor, ",9")
    press(editor, Key.Key_Escape, Key.Key_Right)
    QTest.keyClicks(editor, ",25")
    press(editor, Key.Key_Down)  # another cell: what was typed counts
    np.testing.assert_array_equal(editor.image(), [[0.35, 0.25], [0, 0]])


@pytest.mark.parametrize("text", ["1.01", "7", ".", "00002"])
def test_that_what_is_no_pixel_value_is_refused_with_a_sentence(
    qtbot: QtBot, make: Callable[..., PixelEditor], text: str
) -> None:
    editor = make()
    QTest.keyClicks(editor, text)
    with qtbot.waitSignal(editor.entry_refused) as refusal:
        press(editor, Key.Key_Enter)
    assert refusal.args == [f"“{text}” is no pixel value. Type a number from 0 to 1."]
    assert editor.undo_stack.count() == 0
    press(editor, *[Key.Key_Backspace] * len(text), Key.Key_1, Key.Key_Enter)
    assert editor.image()[0, 0] == 1


def test_that_typing_takes_no_second_point_and_no_end(make: Callable[..., PixelEditor]) -> None:
    editor = make()
    QTest.keyClicks(editor, "0.2.5" + "1" * 30)
    press(editor, Key.Key_Space, Key.Key_Enter)
    assert editor.image()[0, 0] == 0.251111


def test_that_plain_keys_are_claimed_before_shortcuts_of_the_window_and_others_are_not(
    make: Callable[..., PixelEditor],
) -> None:
    editor = make()

    def claimed(key: Qt.Key, text: str = "", modifiers: Any = PLAIN) -> bool:
        event = QKeyEvent(QEvent.Type.ShortcutOverride, key, modifiers, text)
        event.ignore()
        QCoreApplication.sendEvent(editor, event)
        return event.isAccepted()

    assert claimed(Key.Key_Space, " ")
    assert claimed(Key.Key_Plus, "+")
    assert claimed(Key.Key_3, "3")
    assert not claimed(Key.Key_3, "3", CONTROL)
    assert not claimed(Key.Key_Escape)
    assert not claimed(Key.Key_F5)
    assert not claimed(Key.Key_T, "t")


def test_that_tab_leaves_and_takes_what_was_typed(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    editor, field = PixelEditor(), QLineEdit()
    layout = QVBoxLayout(window)
    layout.addWidget(editor)
    layout.addWidget(field)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    editor.setFocus()
    QTest.keyClicks(editor, "0.5")
    QTest.keyClick(editor, Key.Key_Tab)
    assert field.hasFocus()
    assert editor.image()[0, 0] == 0.5


def test_that_a_screen_reader_hears_cell_and_value(make: Callable[..., PixelEditor]) -> None:
    editor = make()
    assert editor.accessibleName() == "Pixel editor"
    assert editor.toolTip()
    press(editor, Key.Key_Right, Key.Key_PageUp)
    assert editor.accessibleDescription() == "Row 1, column 2: 0.25."
    editor.set_image(np.full((2, 2), 0.75))
    assert editor.accessibleDescription() == "Row 1, column 2: 0.75."
