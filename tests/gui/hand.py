"""What a hand does to a pixel editor, as events of mouse, wheel and keyboard."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication, QPoint, QPointF, Qt, SignalInstance
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from softmax_gui.gui.widgets.pixel_editor import PixelEditor

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
PLAIN, CONTROL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier


def black_editor(qtbot: QtBot, shape: tuple[int, int] = (2, 2), **options: Any) -> PixelEditor:
    editor = PixelEditor(**options)
    qtbot.addWidget(editor)
    editor.resize(240, 240)
    editor.set_image(np.zeros(shape))
    editor.show()
    return editor


def center(editor: PixelEditor, row: int, column: int) -> QPoint:
    columns = editor.image().shape[1]
    return editor._lattice().cell_rect(row * columns + column).center().toPoint()


def click(editor: PixelEditor, row: int, column: int, button: Any = LEFT) -> None:
    QTest.mouseClick(editor, button, pos=center(editor, row, column))


def drag(editor: PixelEditor, *points: QPoint, button: Any = LEFT) -> None:
    QTest.mousePress(editor, button, pos=points[0])
    for point in points[1:]:
        QTest.mouseMove(editor, point)
    QTest.mouseRelease(editor, button, pos=points[-1])


def turn(
    editor: PixelEditor, row: int, column: int, delta: int = 120, modifiers: Any = PLAIN
) -> bool:
    at = QPointF(center(editor, row, column))
    event = QWheelEvent(
        at,
        QPointF(editor.mapToGlobal(at)),
        QPoint(),
        QPoint(0, delta),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QCoreApplication.sendEvent(editor, event)
    return event.isAccepted()


def press(editor: PixelEditor, *keys: Qt.Key) -> None:
    for key in keys:
        QTest.keyClick(editor, key)


def heard(signal: SignalInstance) -> list[tuple[Any, ...]]:
    """A list that grows with what the signal says."""
    said: list[tuple[Any, ...]] = []
    signal.connect(lambda *arguments: said.append(arguments))
    return said
