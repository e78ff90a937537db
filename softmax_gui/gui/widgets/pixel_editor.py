"""Draws on a gray picture by mouse, wheel and keys; keys alone are enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence, QMouseEvent, QWheelEvent

from softmax_gui.gui.widgets.editable_picture import EditablePicture, typed_value
from softmax_gui.gui.widgets.strokes import Stroke, picture
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

_STEP, _FINE_STEP, _BIG_STEP = 0.05, 0.01, 0.25
_NOTCH = 120  # of a wheel, in eighths of a degree
_DIGITS = 9  # kept after a step, so that 0.1 + 0.05 is 0.15
_LONGEST_ENTRY = 8

_Key = Qt.Key
_MOVES = {
    _Key.Key_Left: (0, -1), _Key.Key_Right: (0, 1), _Key.Key_Up: (-1, 0), _Key.Key_Down: (1, 0),
}  # fmt: skip
_STEPS = {
    _Key.Key_Plus: _STEP, _Key.Key_Equal: _STEP, _Key.Key_Minus: -_STEP,
    _Key.Key_PageUp: _BIG_STEP, _Key.Key_PageDown: -_BIG_STEP,
}  # fmt: skip
_ERASERS = (_Key.Key_Delete, _Key.Key_Backspace)
_ENTERS = (_Key.Key_Return, _Key.Key_Enter)
_COMMANDS = (
    Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.AltModifier
    | Qt.KeyboardModifier.MetaModifier
)


class PixelEditor(EditablePicture):
    """An EditablePicture that the user draws on."""

    cell_hovered = Signal(int)  # row-major, by mouse or cell cursor; -1 when it leaves
    entry_refused = Signal(str)  # a sentence: what was typed is no value

    def __init__(self, parent: QWidget | None = None, *, undo_limit: int = 200) -> None:
        super().__init__(parent, undo_limit=undo_limit)
        self._button = Qt.MouseButton.NoButton  # that holds the stroke
        self._wheel_rest = (-1, 0)  # a cell, and the part of a notch turned over it
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        # The right button erases; without this the main window would open its menu of docks.
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)

    # Mouse and wheel

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Starts a stroke: left paints, right erases."""
        paints = event.button() == Qt.MouseButton.LeftButton
        index = self._lattice().index_at(event.position())
        if index < 0 or not (paints or event.button() == Qt.MouseButton.RightButton):
            event.ignore()
            return
        if self._stroke is not None:  # a second button in the middle of a stroke
            return
        self._settle()
        self._keyboard = False
        self._go_to(index)
        value, text = (self._brush_value, tr("Paint")) if paints else (0.0, tr("Erase"))
        size = 1.0 if self._lattice().numbered else self.brush_size
        self._stroke, self._button = Stroke(self._image, value, size, text), event.button()
        self._draw_to(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Goes on with the stroke; without one only says which cell is under the mouse."""
        if not event.buttons() & self._button:
            super()._settle()  # the release was lost, for example to a dialog
        self._mouse = event.position()
        self._point_at(self._lattice().index_at(event.position()))
        if self._stroke is not None:
            self._draw_to(event.position())
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Ends the stroke: from here on it is one undoable edit."""
        if event.button() == self._button:
            super()._settle()

    def leaveEvent(self, event: QEvent) -> None:
        """The brush goes away with the mouse."""
        self._mouse = None
        self._point_at(-1)
        self.update()
        super().leaveEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Changes the cell under the mouse by whole notches."""
        index, turned = self._lattice().index_at(event.position()), event.angleDelta().y()
        if index < 0 or turned == 0:
            event.ignore()  # a scroll area around may have it
            return
        rest = self._wheel_rest[1] if self._wheel_rest[0] == index else 0
        notches = int((rest + turned) / _NOTCH)  # toward zero: the rest keeps its sign
        self._wheel_rest = (index, rest + turned - notches * _NOTCH)
        fine = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        self._settle()
        self._change_cell(index, notches * (_FINE_STEP if fine else _STEP))
        event.accept()

    # Keys

    def event(self, event: QEvent) -> bool:
        """Claims the plain keys it understands before a shortcut of the window gets them."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and not event.modifiers() & _COMMANDS
            and self._understands(event)
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Typed numbers, cursor, steps, Space, Delete; undo and redo where no menu has them."""
        if event.matches(QKeySequence.StandardKey.Undo):
            self._settle()
            self.undo_stack.undo()
        elif event.matches(QKeySequence.StandardKey.Redo):
            self._settle()
            self.undo_stack.redo()
        elif event.modifiers() & _COMMANDS or not self._understands(event):
            super().keyPressEvent(event)
        else:
            self._keyboard = True
            if not self._type(event):
                self._settle()
                self._act(event.key())
            self.update()

    def _understands(self, event: QKeyEvent) -> bool:
        key = event.key()
        acts = key in _MOVES or key in _STEPS or key in _ERASERS or key == _Key.Key_Space
        ends = bool(self._typed) and (key in _ENTERS or key == _Key.Key_Escape)
        return acts or ends or _is_part_of_number(event.text())

    def _act(self, key: int) -> None:
        if key in _MOVES:
            rows, columns = self._image.shape
            row, column = divmod(self._cell, columns)
            down, right = _MOVES[_Key(key)]
            row, column = (
                min(max(row + down, 0), rows - 1),
                min(max(column + right, 0), columns - 1),
            )
            self._go_to(row * columns + column)
        elif key in _STEPS:
            self._change_cell(self._cell, _STEPS[_Key(key)])
        elif key in _ERASERS:
            self._set_cell(self._cell, 0.0, tr("Erase"))
        elif key == _Key.Key_Space:
            self._set_cell(self._cell, self._brush_value, tr("Paint"))

    def _type(self, event: QKeyEvent) -> bool:
        """Whether the key belonged to a number being typed; then it has been dealt with."""
        key = event.key()
        if _is_part_of_number(event.text()):
            if not self._typed:
                super()._settle()
            typed = self._typed + event.text().replace(",", ".")
            if typed.count(".") <= 1 and len(typed) <= _LONGEST_ENTRY:
                self._typed = typed
        elif not self._typed:
            return False
        elif key == _Key.Key_Backspace:
            self._typed = self._typed[:-1]
        elif key in (_Key.Key_Escape, _Key.Key_Delete):
            self._typed = ""
        elif key in _ENTERS:
            self._enter()
        elif key != _Key.Key_Space:  # which would paint over what was typed
            return False
        return True

    def _enter(self) -> None:
        """Sets what was typed; what is no value stays, to be corrected, with a sentence why."""
        value = typed_value(self._typed)
        if value is None:
            text = tr("“{text}” is no pixel value. Type a number from 0 to 1.")
            self.entry_refused.emit(text.format(text=self._typed))
        else:
            self._typed = ""
            self._set_cell(self._cell, value, tr("Change a pixel"))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """A focus that came by key shows the cell cursor."""
        self._keyboard = event.reason() != Qt.FocusReason.MouseFocusReason
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Takes over what was typed, as a field does."""
        self._settle()
        if self._mouse is None:
            self._point_at(-1)
        super().focusOutEvent(event)

    # What both do

    def _settle(self) -> None:
        if self._typed:
            self._enter()
            self._typed = ""
        super()._settle()

    def _draw_to(self, point: QPointF) -> None:
        if self._stroke is None:
            return
        image = self._stroke.to(self._lattice().position(point))
        if not np.array_equal(image, self._image):
            self._image = image
            self._describe()
            self.update()
            self.image_edited.emit(image.copy())

    def _change_cell(self, index: int, by: float) -> None:
        """Steps on one cell in a row become one undoable edit."""
        value = round(float(self._image.flat[index]) + by, _DIGITS)
        self._set_cell(index, min(max(value, 0.0), 1.0), tr("Change a pixel"), merge=True)

    def _set_cell(self, index: int, value: float, text: str, *, merge: bool = False) -> None:
        after = self._image.copy()
        after.flat[index] = value
        self._push(picture(after), text, cell=index if merge else -1)

    def _go_to(self, index: int) -> None:
        self._cell = index
        self._describe()
        self._point_at(index)
        self.update()

    def _point_at(self, index: int) -> None:
        if index != self._hovered:
            self._hovered = index
            self.cell_hovered.emit(index)


def _is_part_of_number(text: str) -> bool:
    return len(text) == 1 and text in "0123456789.,"
