"""My examples in the window: drawn, labelled, trained on, mixed, saved; by mouse and by keys."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QInputDialog
from pytestqt.qtbot import QtBot

from softmax_gui.data.drawn import DRAWN_SOURCE, DrawnSet
from softmax_gui.data.readers import read_dataset
from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.widgets.choice_field import ChoiceField
from softmax_gui.gui.widgets.message_bar import Tone
from softmax_gui.gui.widgets.number_field import NumberField
from tests.data.test_drawn import CAT, DOG, assert_equal, pets
from tests.gui.drawn import LEFT_COLUMN, TOP_ROW, add, button, draw, loaded, names
from tests.gui.hand import click
from tests.gui.test_files_menu import written
from tests.gui.windows import LEFT, LONG_MS, data, find, load, newest, press, running, settle, write


def test_that_five_cats_and_five_dogs_by_mouse_move_the_bars(
    qtbot: QtBot, window: MainWindow
) -> None:
    press(window, "Alt+5")
    for _ in range(5):
        add(window, "cat", TOP_ROW)
        add(window, "dog", LEFT_COLUMN)
    assert names(window) == ["cat", "dog"] * 5
    assert window.prediction.probabilities() == pytest.approx([1 / 3] * 3)
    QTest.mouseClick(button(window, "Train on my examples"), LEFT)
    qtbot.waitUntil(lambda: window._source == DRAWN_SOURCE, timeout=LONG_MS)
    qtbot.waitUntil(lambda: newest(window).step >= 100, timeout=LONG_MS)
    assert running(window)
    press(window, "F5")
    settle(qtbot, window)
    assert data(window).dataset.class_names == ("cat", "dog")
    assert window.windowTitle().startswith("My examples")
    assert window.prediction.probabilities()[1] > 0.9  # a dog is in the editor
    draw(window, TOP_ROW)
    assert window.prediction.probabilities()[0] > 0.9


def test_that_keys_alone_make_and_train_a_set(qtbot: QtBot, window: MainWindow) -> None:
    press(window, "Alt+5")
    window.draw.editor.setFocus()
    for name, keys in (("cat", "1"), ("dog", "0")):
        QTest.keyClicks(window.draw.editor, keys)
        QTest.keyClick(window.draw.editor, Qt.Key.Key_Return)
        field = window.drawn.label_field
        field.setFocus()
        QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClicks(field, name)
        QTest.keyClick(field, Qt.Key.Key_Return)
        press(window, "Ctrl+D")
        window.draw.editor.setFocus()
    assert names(window) == ["cat", "cat", "dog", "dog"]
    press(window, "Ctrl+Shift+T")
    loaded(qtbot, window, DRAWN_SOURCE)
    assert running(window)
    assert data(window).train.n + data(window).validation.n == 4


def test_that_training_is_off_and_says_why_until_two_classes_have_an_example(
    window: MainWindow,
) -> None:
    train, command = button(window, "Train on my examples"), window.commands["train_drawn"]
    assert "There is no example yet" in train.toolTip()
    add(window, "cat")
    for off in (train, command):
        assert not off.isEnabled()
        assert "All examples belong to cat" in off.toolTip()
    add(window, "dog")
    assert train.isEnabled()
    assert command.isEnabled()
    assert "All examples" not in command.toolTip()
    window.appearance.set_language("en")
    press(window, "Ctrl+Z")
    window._retranslate()
    assert "All examples belong to cat" in command.toolTip()


def test_that_undo_takes_back_what_was_done_last_in_either_panel(window: MainWindow) -> None:
    press(window, "Alt+5")
    start = window.draw.editor.image()
    click(window.draw.editor, 0, 0)
    add(window, "cat")
    click(window.draw.editor, 1, 1)
    add(window, "dog")
    window.drawn.thumbnails.choose([0])
    QTest.mouseClick(button(window, "Delete"), LEFT)
    assert names(window) == ["dog"]
    expected = [["cat", "dog"], ["cat"], ["cat"], [], []]
    for there in expected:
        press(window, "Ctrl+Z")
        assert names(window) == there
    np.testing.assert_array_equal(window.draw.editor.image(), start)
    assert not window.commands["undo"].isEnabled()
    for there in [*reversed(expected[:-1]), ["dog"]]:
        press(window, "Ctrl+Shift+Z")
        assert names(window) == there
    assert not window.commands["redo"].isEnabled()


def test_that_examples_are_selected_relabelled_and_deleted_by_keys(window: MainWindow) -> None:
    press(window, "Alt+5")
    for name in ("cat", "cat", "dog", "dog"):
        add(window, name)
    thumbnails = window.drawn.thumbnails
    thumbnails.setFocus()
    QTest.keyClick(thumbnails, Qt.Key.Key_Home)
    QTest.keyClick(thumbnails, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert thumbnails.chosen() == [0, 1]
    window.drawn.label_field.setEditText("lion")
    button(window, "Relabel").click()
    assert names(window) == ["lion", "lion", "dog", "dog"]
    assert thumbnails.chosen() == [0, 1]
    QTest.keyClick(thumbnails, Qt.Key.Key_Delete)
    assert names(window) == ["dog", "dog"]
    assert window.drawing.drawn.class_names == ("dog",)
    assert not button(window, "Delete").isEnabled()
    assert "Select examples first" in button(window, "Delete").toolTip()


def test_that_a_soft_label_is_added_when_its_shares_sum_to_1(window: MainWindow) -> None:
    press(window, "Alt+5")
    window.drawn.label_field.setEditText("cat")
    find(window.drawn, QCheckBox, "Soft label").setChecked(True)
    cat, dog = (find(window.drawn, NumberField, f"Share of {name}") for name in ("cat", "dog"))
    assert cat.value() == 1.0
    write(cat, "0,7")
    assert not button(window, "Add example").isEnabled()
    assert "sum to 0.7" in button(window, "Add example").toolTip()
    press(window, "Ctrl+D")
    assert "sum to 0.7" in window.messages.text()
    write(dog, "0.3")
    press(window, "Ctrl+D")
    assert window.drawing.drawn.class_names == ("cat", "dog")
    assert window.drawing.drawn.targets.tolist() == [[0.7, 0.3]]


def test_that_a_soft_label_takes_a_new_class(window: MainWindow) -> None:
    window.drawing.restore(DrawnSet((2, 2)))
    press(window, "Alt+5")
    find(window.drawn, QCheckBox, "Soft label").setChecked(True)
    QTest.keyClicks(window.drawn.label_field, "fox")
    QTest.keyClick(window.drawn.label_field, Qt.Key.Key_Return)
    for name, share in (("cat", "0"), ("dog", "0.5"), ("fox", "0.5")):
        write(find(window.drawn, NumberField, f"Share of {name}"), share)
    press(window, "Ctrl+D")
    assert window.drawing.drawn.class_names == ("dog", "fox")


def test_that_saved_examples_read_back_equal(window: MainWindow, tmp_path: Path) -> None:
    window.drawing.restore(pets().added(CAT, (0.2, 0.8)))
    window.drawing.write(tmp_path / "pets.npz")
    assert window.files.exporting.busy  # on a thread of its own
    written(window)
    assert window.messages.tone() is Tone.DONE
    assert_equal(read_dataset(tmp_path / "pets.npz"), window.drawing.drawn.dataset("pets"))
    window.drawing.write(tmp_path / "nowhere" / "pets.npz")
    written(window)
    assert window.messages.tone() is Tone.ERROR
    assert "there is no folder" in window.messages.text()


def test_that_examples_of_another_size_have_a_pad_of_their_own(
    qtbot: QtBot, window: MainWindow
) -> None:
    press(window, "Alt+5")
    add(window, "cat", TOP_ROW)
    assert not window.drawn.pad.isVisible()
    load(qtbot, window, "digits")
    assert window.drawn.pad.isVisible()
    click(window.drawn.pad, 1, 1)
    add(window, "dog")
    drawn = window.drawing.drawn
    assert drawn.image_shape == (2, 2)
    assert drawn.pictures[1].tolist() == [[0, 0], [0, 1]]
    assert "8 × 8" in button(window, "Add to the data").toolTip()
    for _ in range(2):  # the example, then the stroke on the pad
        press(window, "Ctrl+Z")
    assert window.drawn.pad.image().tolist() == [[0, 0], [0, 0]]
    assert names(window) == ["cat"]


def test_that_a_table_asks_for_pictures_and_loads_them(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, "iris")
    press(window, "Alt+5")
    assert "are no pictures" in window.drawn._where.text()
    click(window.drawn.pad, 0, 0)
    add(window, "cat")
    assert window.drawing.drawn.pictures.tolist() == [[[1, 0], [0, 0]]]
    QTest.mouseClick(button(window, "Load the 2x2 sample"), LEFT)
    loaded(qtbot, window, "2x2")
    assert not window.drawn.pad.isVisible()
    assert not button(window, "Load the 2x2 sample").isVisible()


def test_that_an_empty_set_has_the_size_of_the_pictures_on_the_screen(
    qtbot: QtBot, window: MainWindow
) -> None:
    load(qtbot, window, "digits")
    assert window.drawing.drawn.image_shape == (8, 8)
    window.draw.show_example(3)
    press(window, "Ctrl+D")
    np.testing.assert_array_equal(window.drawing.drawn.pictures[0], window.draw.editor.image())


def test_that_another_size_begins_a_new_set_that_undo_takes_back(window: MainWindow) -> None:
    press(window, "Alt+5")
    add(window, "cat")
    size = find(window.drawn, ChoiceField, "Size of drawn pictures")
    size.setCurrentIndex(size.findData("5x5"))
    size.activated.emit(size.currentIndex())
    assert window.drawing.drawn.image_shape == (5, 5)
    assert "Examples put away: 1." in window.messages.text()
    assert window.drawn.pad.image().shape == (5, 5)
    press(window, "Ctrl+Z")
    assert window.drawing.drawn.image_shape == (2, 2)
    assert names(window) == ["cat"]


def test_that_enter_puts_an_example_into_the_editor(window: MainWindow) -> None:
    window.drawing.restore(pets(1, 1))
    press(window, "Alt+5")
    window.drawn.thumbnails.setFocus()
    QTest.keyClick(window.drawn.thumbnails, Qt.Key.Key_End)
    QTest.keyClick(window.drawn.thumbnails, Qt.Key.Key_Return)
    np.testing.assert_array_equal(window.draw.editor.image(), DOG)
    press(window, "Ctrl+Z")
    assert not np.array_equal(window.draw.editor.image(), DOG)


def test_that_a_class_is_renamed_but_not_to_one_that_is_there(window: MainWindow) -> None:
    window.drawing.restore(pets(1, 1))
    for name in ("lion", "dog"):

        def answer(name: str = name) -> None:
            dialog = QApplication.activeModalWidget()
            assert isinstance(dialog, QInputDialog)
            dialog.setTextValue(name)
            dialog.accept()

        QTimer.singleShot(0, answer)
        window.drawn.rename_requested.emit(0)
    assert window.drawing.drawn.class_names == ("lion", "dog")
    assert "Two classes" in window.messages.text()


def test_that_a_name_has_one_colour_on_the_screen(window: MainWindow) -> None:
    add(window, "dog")
    add(window, "fox")
    examples = window.drawn.thumbnails._examples
    assert window.drawing.drawn.class_names == ("dog", "fox")
    assert examples.colors == (2, 3)  # after cat, chicken and dog of the data


def test_that_nothing_is_added_without_a_label(window: MainWindow) -> None:
    window.drawn.label_field.setEditText("  ")
    press(window, "Ctrl+D")
    assert window.drawing.drawn.m == 0
    assert "as the label" in window.messages.text()
    assert window.drawn.isVisible()
