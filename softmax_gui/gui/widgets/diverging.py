"""The diverging map of weights: numbers to colours, the ink to write on them, and the scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from softmax_gui.gui import theme
from softmax_gui.gui.widgets.figures import draw_text
from softmax_gui.gui.widgets.ranges import short

if TYPE_CHECKING:
    from numpy.typing import NDArray

_UNDEFINED = 256  # the place of NaN after the 256 colours
_BAR = 120  # pixels of the scale


class Diverging:
    """The map of one theme; ask for a new one when the theme changes."""

    def __init__(self) -> None:
        self._lut = np.full((257, 4), 255, np.uint8)
        self._lut[:_UNDEFINED, :3] = theme.diverging_lut()
        muted = QColor(theme.current().muted)
        self._lut[_UNDEFINED, :3] = muted.red(), muted.green(), muted.blue()
        self._bright = (self._lut[:, :3] @ (0.2126, 0.7152, 0.0722) > 127.5).tolist()
        self._dark, self._light = QColor(theme.LIGHT.text), QColor(theme.LIGHT.base)

    def _codes(self, values: NDArray[np.float64], limit: float) -> NDArray[np.intp]:
        share = np.clip(np.asarray(values) / limit, -1.0, 1.0)
        unknown = np.isnan(share)
        share[unknown] = 0.0
        codes = np.rint(127.5 + 127.5 * share).astype(np.intp)
        codes[unknown] = _UNDEFINED
        return codes

    def image(self, values: NDArray[np.float64], limit: float) -> QImage:
        """Numbers (h, w) as an image of h by w pixels; beyond +-limit the end colours."""
        pixels = np.ascontiguousarray(self._lut[self._codes(values, limit)])
        h, w = values.shape
        picture = QImage(pixels.data, w, h, 4 * w, QImage.Format.Format_RGBA8888)
        return picture.copy()  # Qt does not keep the array alive

    def ink(self, value: float, limit: float) -> QColor:
        """Dark or light, whichever is read better on the colour of the value."""
        share = max(-1.0, min(1.0, value / limit)) if value == value else 0.0  # NaN is not itself
        return self._dark if self._bright[round(127.5 + 127.5 * share)] else self._light

    def draw_scale(self, painter: QPainter, area: QRect, limit: float) -> QRect:
        """Draws the scale at the right of an area and returns what is left of the area."""
        text, colors = short(limit), theme.current()
        wide = painter.fontMetrics().horizontalAdvance(f"+{text}") + 4
        bar = QRect(area.right() - wide - _BAR, area.center().y() - 4, _BAR, 9)
        painter.drawImage(bar, self.image(np.linspace(-1.0, 1.0, 256)[None], 1.0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QColor(colors.border))
        painter.drawRect(bar)
        painter.setPen(QColor(colors.muted))
        painter.drawLine(bar.center().x(), bar.top() - 2, bar.center().x(), bar.bottom() + 3)
        left = QRect(bar.left() - wide - 4, area.top(), wide, area.height())
        draw_text(painter, left, f"-{text}", Qt.AlignmentFlag.AlignRight)
        draw_text(painter, QRect(bar.right() + 5, area.top(), wide, area.height()), f"+{text}")
        return area.adjusted(0, 0, left.left() - area.right() - 8, 0)
