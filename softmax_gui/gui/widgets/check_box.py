"""A check box whose empty box is seen on a dark ground, too."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QCheckBox, QStyle, QStyleOptionButton

from softmax_gui.gui import theme


class CheckBox(QCheckBox):
    """Qt's own, with an edge as strong as a caption: Fusion darkens the ground for it."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's call."""
        super().paintEvent(event)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        place = QStyle.SubElement.SE_CheckBoxIndicator
        box = QRectF(self.style().subElementRect(place, option, self)).adjusted(
            0.5, 0.5, -0.5, -0.5
        )
        colors = theme.current()
        painter = QPainter(self)
        painter.setPen(QColor(colors.muted if self.isEnabled() else colors.border))
        painter.drawRoundedRect(box, 2, 2)
