"""The strip of class pictures shows each in its gray, and tells which one was clicked."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from softmax_gui.gui.widgets.class_strip import MOST, ClassStrip
from tests.gui.hand import heard


def strip(qtbot: QtBot, q: int = 3) -> ClassStrip:
    widget = ClassStrip()
    qtbot.addWidget(widget)
    pictures = np.stack([np.full((2, 2), k / max(q - 1, 1)) for k in range(q)])
    widget.set_pictures(tuple(f"class {k}" for k in range(q)), pictures)
    widget.resize(250, widget.sizeHint().height())
    widget.show()
    return widget


def test_that_each_picture_has_its_gray(qtbot: QtBot) -> None:
    widget = strip(qtbot)
    image = widget.grab().toImage()
    grays = [QColor(image.pixel(widget._tile(k).center())).red() for k in range(3)]
    assert grays == [0, 128, 255]


def test_that_a_click_tells_the_class_and_one_beside_it_nothing(qtbot: QtBot) -> None:
    widget = strip(qtbot)
    told = heard(widget.class_activated)
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=widget._tile(1).center())
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=widget._tile(1).topRight() * 1.2)
    assert told == [(1,)]


def test_that_a_thousand_classes_show_the_first_ten_and_a_table_shows_nothing(
    qtbot: QtBot,
) -> None:
    widget = strip(qtbot, q=1000)
    assert len(widget._pictures) == MOST
    widget.set_pictures(("a", "b"), None)
    assert widget.isHidden()
