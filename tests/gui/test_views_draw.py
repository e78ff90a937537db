"""Draw or type x: examples, presets, undo, table entry, and what survives new data."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QPushButton, QTableView
from pytestqt.qtbot import QtBot

from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.widgets.message_bar import Tone
from tests.gui.hand import RIGHT, click
from tests.gui.windows import LEFT, data, find, load, press, settle, trained


def type_value(window: MainWindow, row: int, text: str) -> None:
    """Types into the table as a user does: a click on the value, the keys, Enter."""
    view = find(window, QTableView, "Values of the features")
    index = view.model().index(row, 1)
    view.scrollTo(index)
    QTest.mouseClick(view.viewport(), LEFT, pos=view.visualRect(index).center())
    QTest.keyClicks(view, text[0])
    field = view.viewport().findChild(QLineEdit)
    assert isinstance(field, QLineEdit)
    QTest.keyClicks(field, text[1:])
    QTest.keyClick(field, Qt.Key.Key_Return)
    QCoreApplication.processEvents()  # Qt takes it over once the field has seen the key


def shown(window: MainWindow) -> list[str]:
    """The values as they stand in the table."""
    model = find(window, QTableView, "Values of the features").model()
    return [model.index(row, 1).data() for row in range(model.rowCount())]


def test_that_paint_and_erase_reach_the_vector_and_the_table(window: MainWindow) -> None:
    press(window, "Ctrl+Backspace")
    click(window.draw.editor, 0, 1)
    click(window.draw.editor, 1, 0)
    assert window.draw.vector().tolist() == [0, 1, 1, 0]
    assert [float(text) for text in shown(window)] == [0, 1, 1, 0]
    click(window.draw.editor, 1, 0, RIGHT)
    assert window.draw.vector().tolist() == [0, 1, 0, 0]


def test_that_undo_and_redo_take_strokes_back_and_forth(window: MainWindow) -> None:
    press(window, "Ctrl+Backspace")
    click(window.draw.editor, 0, 0)
    press(window, "Ctrl+I")
    assert window.draw.vector().tolist() == [0, 1, 1, 1]
    press(window, "Ctrl+Z")
    assert window.draw.vector().tolist() == [1, 0, 0, 0]
    press(window, "Ctrl+Z")
    assert window.draw.vector().tolist() == [0, 0, 0, 0]
    press(window, "Ctrl+Shift+Z")
    assert window.draw.vector().tolist() == [1, 0, 0, 0]
    assert window.commands["redo"].isEnabled()
    press(window, "Ctrl+J")
    assert not window.commands["redo"].isEnabled()
    assert (window.draw.vector() >= 0).all()
    assert (window.draw.vector() <= 1).all()


def test_that_undo_moves_the_bars_too(qtbot: QtBot, window: MainWindow) -> None:
    trained(qtbot, window)
    before = window.prediction.probabilities()
    click(window.draw.editor, 0, 0, RIGHT)
    assert not np.array_equal(window.prediction.probabilities(), before)
    press(window, "Ctrl+Z")
    assert np.array_equal(window.prediction.probabilities(), before)


@pytest.mark.parametrize("by", ["key", "button"])
def test_that_an_example_of_each_class_is_shown(qtbot: QtBot, window: MainWindow, by: str) -> None:
    split = load(qtbot, window, "digits")
    for label in range(9):
        if by == "key":
            press(window, f"Ctrl+{label + 1}")
        else:
            name = split.dataset.class_names[label]
            QTest.mouseClick(find(window.draw, QPushButton, f"Example of {name}"), LEFT)
        rows = (window.draw.vector() == split.validation.X).all(axis=1)
        assert label in split.validation.labels[rows]
        assert find(window, QComboBox, "Label").currentIndex() == label
    press(window, "Ctrl+Z")
    assert window.draw.vector().any()


def test_that_only_the_examples_there_are_have_a_command(qtbot: QtBot, window: MainWindow) -> None:
    assert [action.text() for action in window.commands.examples if action.isVisible()] == [
        "cat", "chicken", "dog",
    ]  # fmt: skip
    before = window.draw.vector()
    press(window, "Ctrl+4")
    assert np.array_equal(window.draw.vector(), before)
    load(qtbot, window, "digits")
    assert sum(action.isVisible() for action in window.commands.examples) == 9


@pytest.mark.parametrize("text", ["0.25", "0,25", ".25"])
def test_that_a_pixel_is_typed_into_the_table(window: MainWindow, text: str) -> None:
    type_value(window, 2, text)
    assert window.draw.vector()[2] == window.draw.editor.image()[1, 0] == 0.25
    press(window, "Ctrl+Z")
    assert window.draw.vector()[2] != 0.25


def test_that_a_value_no_pixel_can_have_is_refused_above_the_plots(window: MainWindow) -> None:
    before = window.draw.vector()
    type_value(window, 0, "1.5")
    assert window.messages.tone() is Tone.WARNING
    assert "1.5" in window.messages.text()
    QTest.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Escape)
    assert np.array_equal(window.draw.vector(), before)


def test_that_a_table_takes_any_number_in_the_units_of_its_file(
    qtbot: QtBot, window: MainWindow
) -> None:
    split = load(qtbot, window, "iris")
    assert not window.draw.editor.isVisibleTo(window)
    trained(qtbot, window)
    before = window.prediction.probabilities()
    type_value(window, 2, "-12.5")
    assert window.draw.vector()[2] == -12.5
    assert not np.array_equal(window.prediction.probabilities(), before)
    x = split.scaling.apply(window.draw.vector())
    assert np.array_equal(window.prediction._x, x)


def test_that_presets_of_pictures_are_off_for_a_table(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, "iris")
    before = window.draw.vector()
    for name in ("Clear", "Invert", "Noise"):
        assert not find(window.draw, QPushButton, name).isEnabled()
    for keys in ("Ctrl+Backspace", "Ctrl+I", "Ctrl+J", "Ctrl+Z"):
        press(window, keys)
    assert np.array_equal(window.draw.vector(), before)


def test_that_a_drawing_survives_new_data_of_its_shape(qtbot: QtBot, window: MainWindow) -> None:
    press(window, "Ctrl+Backspace")
    click(window.draw.editor, 1, 1)
    before = data(window)
    window.load("2x2")
    settle(qtbot, window)
    assert data(window) is not before
    assert window.draw.vector().tolist() == [0, 0, 0, 1]
    assert window.draw.editor.image().tolist() == [[0, 0], [0, 1]]


def test_that_a_drawing_is_there_again_after_a_table_in_between(
    qtbot: QtBot, window: MainWindow
) -> None:
    press(window, "Ctrl+Backspace")
    click(window.draw.editor, 1, 1)
    load(qtbot, window, "iris")
    load(qtbot, window, "2x2")
    assert window.draw.vector().tolist() == [0, 0, 0, 1]
    assert [float(text) for text in shown(window)] == [0, 0, 0, 1]


def test_that_another_shape_begins_with_an_example(qtbot: QtBot, window: MainWindow) -> None:
    split = load(qtbot, window, "digits")
    assert (window.draw.vector() == split.validation.X).all(axis=1).any()
    assert window.draw.editor.image().shape == (8, 8)
    assert not window.commands["undo"].isEnabled()
