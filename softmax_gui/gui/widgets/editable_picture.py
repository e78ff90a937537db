"""A gray picture shown as cells, with undoable edits; what draws on it is in pixel_editor."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPointF, QSize, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QUndoStack
from PySide6.QtWidgets import QSizePolicy, QWidget

from softmax_gui.gui.living import LivingWidget
from softmax_gui.gui.widgets import picture_painter as draw
from softmax_gui.gui.widgets.strokes import ImageEdit, Stroke, picture
from softmax_gui.i18n import tr

_UNDO_BYTES = 64 * 2**20  # what all undoable pictures may take together


class EditablePicture(LivingWidget):
    """A picture (h, w) in [0, 1]: few cells with their numbers, or many as a canvas."""

    image_edited = Signal(object)  # a fresh (h, w) float64 array; by the user, undo or redo

    def __init__(self, parent: QWidget | None = None, *, undo_limit: int = 200) -> None:
        super().__init__(parent)
        self.undo_stack = QUndoStack(self)
        self._undo_limit = undo_limit
        self._image = picture(np.zeros((2, 2)))
        self._brush_value, self._brush_size = 1.0, 0.0  # size 0: as suits the picture
        self._stroke: Stroke | None = None
        self._typed = ""  # a number half typed into the cell under the cursor
        self._cell = 0  # row-major, under the cell cursor
        self._keyboard = True  # used last; a canvas shows its cell cursor only then
        self._hovered: int | None = -1  # None: unknown, since the cells changed under the mouse
        self._mouse: QPointF | None = None  # where the brush hangs
        self._limit_undo()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.retranslate()

    @property
    def brush_value(self) -> float:
        """The value, 0 to 1, that the left button and Space paint."""
        return self._brush_value

    @brush_value.setter
    def brush_value(self, value: float) -> None:
        if not 0.0 <= value <= 1.0:
            raise ValueError(f"brush value {value}, 0 to 1 expected")
        self._brush_value = float(value)

    @property
    def brush_size(self) -> float:
        """The diameter of the brush on a canvas, in cells; at most 1 paints single cells."""
        return self._brush_size or min(max(max(self._image.shape) / 12, 1.5), 8.0)

    @brush_size.setter
    def brush_size(self, size: float) -> None:
        if not (math.isfinite(size) and size > 0):
            raise ValueError(f"brush size {size}, a positive number of cells expected")
        self._brush_size = float(size)
        self.update()

    def image(self) -> np.ndarray:
        """A copy (h, w) of the picture."""
        return self._image.copy()

    @Slot(object)
    def set_image(self, image: np.ndarray) -> None:
        """Shows a copy of `image`, clipped to [0, 1]; a new shape empties the undo stack.

        Args:
            image: (h, w), at least 1 x 1.

        Raises:
            ValueError: another number of axes, no cell, or a value that is not finite.
        """
        new, old = picture(image), self._image
        if np.array_equal(new, old):  # also an edit that comes back from a listener
            return
        self._image = new
        if new.shape != old.shape:
            self._stroke, self._typed, self._cell, self._hovered = None, "", 0, None
            self._limit_undo()
            self.updateGeometry()
        elif self._stroke is not None:
            self._stroke.lay_on(new)
        self._describe()
        self.update()

    def edit_to(self, image: np.ndarray, text: str) -> None:
        """Puts `image` in place as one undoable edit named `text`, and emits image_edited.

        Args:
            image: (h, w) as shown now; clipped to [0, 1].
            text: what an undo menu says, for example tr("Invert").

        Raises:
            ValueError: another shape, or a value that is not finite.
        """
        new = picture(image)
        if new.shape != self._image.shape:
            raise ValueError(f"a picture of shape {new.shape}, {self._image.shape} expected")
        self._settle()
        self._push(new, text)

    def clear(self) -> None:
        """Sets every cell to 0; undoable."""
        self.edit_to(np.zeros(self._image.shape), tr("Clear"))

    def invert(self) -> None:
        """Sets every cell to 1 minus its value; undoable."""
        self._settle()
        self.edit_to(1.0 - self._image, tr("Invert"))

    def add_noise(self, noise: np.random.Generator | np.ndarray, deviation: float = 0.1) -> None:
        """Adds noise and clips to [0, 1]; undoable.

        Args:
            noise: (h, w) to add, or the generator that draws it from a normal distribution.
            deviation: the standard deviation of what a generator draws.
        """
        self._settle()
        if isinstance(noise, np.random.Generator):
            noise = noise.normal(0.0, deviation, self._image.shape)
        self.edit_to(self._image + noise, tr("Add noise"))

    def _settle(self) -> None:
        """Ends what is half done, before anything else happens to the picture."""
        if self._stroke is not None:
            stroke, self._stroke = self._stroke, None
            self._push(self._image, stroke.text, before=stroke.start)

    def _push(
        self, after: np.ndarray, text: str, *, before: np.ndarray | None = None, cell: int = -1
    ) -> None:
        before = self._image if before is None else before
        if not np.array_equal(before, after):
            self.undo_stack.push(ImageEdit(self._show_edit, before, after, text, cell))

    def _show_edit(self, image: np.ndarray) -> None:
        self._stroke, self._typed = None, ""  # an undo in the middle of a stroke drops it
        changed = not np.array_equal(image, self._image)
        self._image = image  # the very array: edits are merged only along such a chain
        self.update()
        if changed:
            self._describe()
            self.image_edited.emit(image.copy())

    def _limit_undo(self) -> None:
        self.undo_stack.clear()  # Qt takes a limit only while the stack is empty
        affordable = _UNDO_BYTES // self._image.nbytes
        self.undo_stack.setUndoLimit(max(1, min(self._undo_limit, affordable)))

    def _lattice(self) -> draw.Lattice:
        rows, columns = self._image.shape
        return draw.lattice(self.size(), self.devicePixelRatioF(), rows, columns)

    def retranslate(self) -> None:
        """Sets name, description and tool tip."""
        self.setAccessibleName(tr("Pixel editor"))
        self.setToolTip(
            tr("Left button paints, right button erases, the wheel or + and - change one pixel.")
        )
        self._describe()

    def _describe(self) -> None:
        row, column = divmod(self._cell, self._image.shape[1])
        text = tr("Row {row}, column {column}: {value}.").format(
            row=row + 1, column=column + 1, value=f"{self._image[row, column]:.2f}"
        )
        if text != self.accessibleDescription():  # each call is news to a screen reader
            self.setAccessibleDescription(text)

    def sizeHint(self) -> QSize:
        """A square in which a 28 x 28 picture has cells of 8 pixels."""
        return QSize(240, 240)

    def minimumSizeHint(self) -> QSize:
        """Small, but 2 x 2 cells still show their numbers."""
        return QSize(120, 120)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draws the cells, then what the user holds over them."""
        where, painter = self._lattice(), QPainter(self)
        draw.draw_picture(painter, where, self._image)
        if where.numbered:
            draw.draw_numbers(painter, where, self._image, self._cell if self._typed else -1)
        if self.hasFocus():
            draw.draw_focus(painter, where)
            if where.numbered or self._keyboard:
                draw.draw_cursor(painter, where, self._cell)
        if self._mouse is not None and where.index_at(self._mouse) >= 0:
            size = 1.0 if where.numbered else self.brush_size
            draw.draw_footprint(painter, where, where.position(self._mouse), size)
        if self._typed:
            legal = typed_value(self._typed) is not None
            draw.draw_entry(painter, where, self._cell, self._typed, legal=legal, size=self.size())
        painter.end()


def typed_value(text: str) -> float | None:
    """The pixel value that `text` names, or None: no number, or outside 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0.0 <= value <= 1.0 else None
