"""A small picture of each class: what the data look like before anything is learned."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from softmax_gui.gui import theme
from softmax_gui.gui.living import LivingWidget
from softmax_gui.gui.widgets.figures import draw_swatch, draw_text, one_line
from softmax_gui.i18n import tr

GAP, SIDE, SWATCH, COLUMNS, MOST = 8, 40, 10, 5, 10


class ClassStrip(LivingWidget):
    """Gray pictures in [0, 1], five in a row, each with its class; a click tells which."""

    class_activated = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._pictures: list[QImage] = []
        self.retranslate()

    def set_pictures(self, names: tuple[str, ...], pictures: NDArray[np.float64] | None) -> None:
        """One picture (h, w) a class, (q, h, w) in all; None shows nothing."""
        self._names = tuple(one_line(name) for name in names[:MOST])
        self._pictures = [] if pictures is None else [_image(one) for one in pictures[:MOST]]
        self.setVisible(bool(self._pictures))
        self.updateGeometry()
        self.update()

    def retranslate(self) -> None:
        """Sets the texts."""
        self.setAccessibleName(tr("Mean picture of each class"))
        self.setToolTip(tr("The mean training picture of each class; a click draws an example."))

    def sizeHint(self) -> QSize:
        """Qt's question: whole rows of five."""
        rows = -(-len(self._pictures) // COLUMNS)
        deep = SIDE + self.fontMetrics().height() + GAP
        return QSize(COLUMNS * (SIDE + GAP), max(rows * deep, 1))

    def minimumSizeHint(self) -> QSize:
        """Qt's question; as the wish."""
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Pictures, and below each its swatch and name."""
        painter = QPainter(self)
        for place, picture in enumerate(self._pictures):
            tile = self._tile(place)
            painter.drawImage(tile, picture)
            painter.setPen(QColor(theme.current().border))
            painter.drawRect(tile.adjusted(0, 0, -1, -1))
            high = self.fontMetrics().height()
            below = QRect(tile.left(), tile.bottom() + 2, self._pitch() - 4, high)
            swatch = QRect(below.left(), below.center().y() - 4, SWATCH, SWATCH)
            draw_swatch(painter, swatch, place)
            painter.setPen(QColor(theme.current().text))
            draw_text(painter, below.adjusted(SWATCH + 4, 0, 0, 0), self._names[place])

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click on a picture."""
        for place in range(len(self._pictures)):
            if event.button() == Qt.MouseButton.LeftButton and self._tile(place).contains(
                event.position().toPoint()
            ):
                self.class_activated.emit(place)

    def _pitch(self) -> int:
        return self.width() // min(max(len(self._pictures), 3), COLUMNS)

    def _tile(self, place: int) -> QRect:
        deep = SIDE + self.fontMetrics().height() + GAP
        return QRect(self._pitch() * (place % COLUMNS), deep * (place // COLUMNS), SIDE, SIDE)


def _image(picture: NDArray[np.float64]) -> QImage:
    pixels = np.ascontiguousarray(np.rint(255 * np.clip(picture, 0.0, 1.0)), dtype=np.uint8)
    h, w = pixels.shape
    gray = QImage(pixels.data, w, h, w, QImage.Format.Format_Grayscale8)
    return gray.copy()  # Qt does not keep the array alive
