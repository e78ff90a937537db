"""A line of text that changes at every frame."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from softmax_gui.gui.widgets.figures import draw_text


class LiveText(QWidget):
    """One line of plain text in a place that never moves, elided where it does not fit.

    A QLabel asks for a new layout at every text, up to the whole window, which is then laid out
    and painted twice a frame.
    """

    def __init__(self, sample: str = "", parent: QWidget | None = None) -> None:
        """As wide as `sample` at least, or as narrow as need be."""
        super().__init__(parent)
        self._text, self._sample = "", sample
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)

    def text(self) -> str:
        """What it shows."""
        return self._text

    def set_text(self, text: str) -> None:
        """Shows one line of plain text, and tells it to screen readers."""
        if text != self._text:
            self._text = text
            self.setAccessibleName(text)
            self.update()

    def sizeHint(self) -> QSize:
        """Qt's call."""
        return self.minimumSizeHint()

    def minimumSizeHint(self) -> QSize:
        """Qt's call."""
        metrics = self.fontMetrics()
        return QSize(max(1, metrics.horizontalAdvance(self._sample)), metrics.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Qt's call."""
        painter = QPainter(self)
        draw_text(painter, self.rect(), self._text)
        painter.end()
