"""My examples in the window, in the corners: many classes, odd names, sizes that change."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QMenu, QScrollArea
from pytestqt.qtbot import QtBot

from softmax_gui.data.drawn import DrawnSet
from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.views.drawn_texts import count_text
from softmax_gui.gui.widgets.choice_field import ChoiceField
from softmax_gui.gui.widgets.number_field import NumberField
from tests.data.test_drawn import CAT, pets
from tests.gui.drawn import TOP_ROW, add, button, names
from tests.gui.windows import LEFT, find, load, press, write


def test_that_a_class_beyond_those_shown_gets_a_share_when_it_is_named(
    window: MainWindow,
) -> None:
    many = tuple(f"class {k}" for k in range(20))
    window.drawing.restore(DrawnSet((2, 2), many, np.zeros((20, 2, 2)), np.eye(20)))
    press(window, "Alt+5")
    window.drawn.label_field.setEditText("class 19")
    find(window.drawn, QCheckBox, "Soft label").setChecked(True)
    assert find(window.drawn, NumberField, "Share of class 19").value() == 1.0
    for name in ("class 18", "fox"):
        QTest.keyClicks(window.drawn.label_field, name)
        QTest.keyClick(window.drawn.label_field, Qt.Key.Key_Return)
    for name, share in (("class 19", "0"), ("class 18", "0.25"), ("fox", "0.75")):
        write(find(window.drawn, NumberField, f"Share of {name}"), share)
    press(window, "Ctrl+D")
    assert window.drawing.drawn.targets[-1].nonzero()[0].tolist() == [18, 20]
    assert window.drawing.drawn.class_names == (*many, "fox")


def test_that_a_name_which_no_file_holds_is_refused_with_a_sentence(window: MainWindow) -> None:
    window.drawing.restore(pets())
    press(window, "Alt+5")
    window.drawn.label_field.setEditText("a\0")
    window.drawn.thumbnails.choose([0])
    for name in ("Add example", "Relabel"):
        window.messages.dismiss()
        QTest.mouseClick(button(window, name), LEFT)
        assert "a text that a file can hold" in window.messages.text()
    assert window.drawing.drawn.class_names == ("cat", "dog")


def test_that_the_count_is_a_number_for_people() -> None:
    assert "cat: 1,000, dog: 1" in count_text(pets(1000, 1))
    assert "cat: 1.33, dog: 0.67" in count_text(pets(1, 0).added(CAT, (1 / 3, 2 / 3)))
    assert "cat: 1.5, dog: 0.5" in count_text(pets(1, 0).added(CAT, (0.5, 0.5)))
    many = DrawnSet((1, 1), tuple("abcdefghijklmn"), np.zeros((14, 1, 1)), np.eye(14))
    assert count_text(many).endswith("l: 1, …)")


def test_that_the_menu_of_an_example_offers_what_the_buttons_do(window: MainWindow) -> None:
    window.drawing.restore(pets())
    press(window, "Alt+5")
    thumbnails = window.drawn.thumbnails
    thumbnails.setFocus()
    thumbnails.setCurrentIndex(thumbnails.model().index(0, 0))
    window.drawn.label_field.setEditText(" ")
    thumbnails.customContextMenuRequested.emit(QPoint(5, 5))
    menu = window.drawn.findChild(QMenu)
    assert menu is not None
    can = {action.text(): action.isEnabled() for action in menu.actions()}
    assert (can["Relabel"], can["Delete"]) == (False, True)
    menu.close()


def test_that_what_was_deleted_comes_back_when_other_pictures_came(
    qtbot: QtBot, window: MainWindow
) -> None:
    press(window, "Alt+5")
    for name in ("cat", "dog"):
        add(window, name, TOP_ROW)
    window.drawing.delete([0])
    window.drawing.delete([0])
    load(qtbot, window, "digits")
    assert window.drawing.drawn.image_shape == (8, 8)
    press(window, "Ctrl+Z")
    assert names(window) == ["dog"]
    press(window, "Ctrl+Z")
    assert names(window) == ["cat", "dog"]
    assert window.drawing.drawn.image_shape == (2, 2)
    for _ in range(2):
        press(window, "Ctrl+Shift+Z")
    assert window.drawing.drawn.image_shape == (8, 8)
    for there in (["dog"], ["cat", "dog"], ["cat"], []):
        press(window, "Ctrl+Z")
        assert names(window) == there
    assert window.drawing.drawn.image_shape == (8, 8)
    press(window, "Ctrl+Shift+Z")
    assert window.drawing.drawn.pictures.tolist() == [[[1, 1], [0, 0]]]


def test_that_a_size_for_an_empty_set_is_no_edit(window: MainWindow) -> None:
    press(window, "Alt+5")
    size = find(window.drawn, ChoiceField, "Size of drawn pictures")
    size.setCurrentIndex(size.findData("5x5"))
    size.activated.emit(size.currentIndex())
    assert window.drawing.drawn.image_shape == (5, 5)
    assert not window.commands["undo"].isEnabled()


@pytest.mark.parametrize("language", ["en", "ko"])
def test_that_no_name_widens_the_panel(window: MainWindow, language: str) -> None:
    window.appearance.set_language(language)
    press(window, "Alt+5")
    area = window.docks.docks["drawn"].widget()
    assert isinstance(area, QScrollArea)
    wide = ("W" * 60, "고양이" * 30, "W W " * 20)
    window.drawing.restore(DrawnSet((2, 2), wide, np.zeros((3, 2, 2)), np.eye(3)))
    window.drawn._soft.setChecked(True)
    window.resize(1024, 640)
    QApplication.processEvents()
    assert window.drawn.minimumSizeHint().width() <= area.viewport().width()
