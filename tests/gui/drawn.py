"""What a hand does to the panel of drawn examples."""

from __future__ import annotations

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from softmax_gui.gui.main_window import MainWindow
from tests.gui.hand import RIGHT, click
from tests.gui.windows import LEFT, LONG_MS, find, settle

Cells = tuple[tuple[int, int], ...]
TOP_ROW: Cells = ((0, 0), (0, 1))
LEFT_COLUMN: Cells = ((0, 0), (1, 0))


def draw(window: MainWindow, cells: Cells) -> None:
    """White cells on black, by mouse."""
    for row in range(2):
        for column in range(2):
            button = LEFT if (row, column) in cells else RIGHT
            click(window.draw.editor, row, column, button)


def button(window: MainWindow, text: str) -> QPushButton:
    return find(window.drawn, QPushButton, text)


def add(window: MainWindow, name: str, cells: Cells | None = None) -> None:
    """One example by mouse, its label typed."""
    if cells is not None:
        draw(window, cells)
    window.drawn.label_field.setEditText(name)
    QTest.mouseClick(button(window, "Add example"), LEFT)


def names(window: MainWindow) -> list[str]:
    drawn = window.drawing.drawn
    return [drawn.class_names[label] for label in drawn.labels]


def loaded(qtbot: QtBot, window: MainWindow, source: str) -> None:
    qtbot.waitUntil(lambda: window._source == source, timeout=LONG_MS)
    settle(qtbot, window)
