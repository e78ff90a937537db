"""What is written on a plot: names and values at the ends of its lines, and under the pointer."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen

from softmax_gui.gui import theme
from softmax_gui.gui.widgets.figures import draw_text
from softmax_gui.gui.widgets.ranges import spread

GAP = 8
_SAMPLE = 20  # pixels of line before a name
DASHES = (5.0, 3.0)  # in pen widths: short enough for a sample to show two


@dataclass(frozen=True)
class EndLabel:
    """A line's name, and the value at its end or "" for a reference line."""

    name: str
    value: str
    color: QColor
    style: Qt.PenStyle
    y: float  # the pixel row of the line's end


def line_pen(color: QColor, style: Qt.PenStyle, width: float) -> QPen:
    """A pen whose width and dashes are pixels, whatever the axes."""
    pen = QPen(color, width, style)
    pen.setCosmetic(True)
    if style == Qt.PenStyle.DashLine:
        pen.setDashPattern(DASHES)
    elif style == Qt.PenStyle.DotLine:
        pen.setDashPattern((1.0, 3.0))
    return pen


class EndLabels:
    """The column right of a plot; a label holds still until its line has moved half a row."""

    def __init__(self) -> None:
        self._held: dict[str, float] = {}

    @staticmethod
    def width(font: QFont, names: list[str], references: list[str]) -> int:
        """Pixels the column wants: as wide as the widest value a curve will likely have."""
        metrics = QFontMetrics(theme.tabular(font))
        value = metrics.horizontalAdvance(" 0.0001234")  # the longest there is of four digits
        texts = [metrics.horizontalAdvance(name) + value for name in names]
        texts += [metrics.horizontalAdvance(text) for text in references]
        return max(texts, default=0) + _SAMPLE + 3 * GAP

    def places(self, labels: list[EndLabel], row: float, low: float, high: float) -> list[float]:
        """The row of each label: near its line, none over another, in the order of the lines."""
        for label in labels:
            held = self._held.get(label.name, label.y)
            self._held[label.name] = label.y if abs(label.y - held) > row / 2 else held
        order = sorted(range(len(labels)), key=lambda i: self._held[labels[i].name])
        wanted = [self._held[labels[i].name] for i in order]
        found = dict(zip(order, spread(wanted, row, low, high), strict=True))
        return [found[i] for i in range(len(labels))]

    def draw(self, painter: QPainter, labels: list[EndLabel], column: QRectF) -> None:
        """Draws the labels into the column, whose height is that of the curves."""
        row = float(painter.fontMetrics().height())
        # Half a row above the bottom: the title of the x axis stands right below.
        places = self.places(labels, row, column.top(), column.bottom() - row / 2)
        text = column.adjusted(GAP + _SAMPLE + GAP / 2, 0, -GAP, 0)
        for label, y in zip(labels, places, strict=True):
            self._draw_sample(painter, label, column, y)
            painter.setPen(label.color)
            place = QRectF(text.left(), y - row / 2, text.width(), row)
            draw_text(painter, place, label.value, Qt.AlignmentFlag.AlignRight)
            value = painter.fontMetrics().horizontalAdvance(label.value + " ") if label.value else 0
            draw_text(painter, place.adjusted(0, 0, -value, 0), label.name)

    @staticmethod
    def _draw_sample(painter: QPainter, label: EndLabel, column: QRectF, y: float) -> None:
        end = QPointF(column.left() + GAP + _SAMPLE, y)
        if label.value:  # of a curve: its end may lie further left
            start, width = QPointF(column.left() + GAP, y), 1.75
        else:
            start, width = QPointF(column.left(), label.y), 1.0
        painter.setPen(line_pen(label.color, label.style, width))
        painter.drawLine(QLineF(start, end))


def draw_readout(
    painter: QPainter, area: QRectF, x: float, points: list[tuple[float, QColor]], text: str
) -> None:
    """Draws the pointer's line at column x, a dot at each (row, colour), and the text in a box."""
    colors, lines = theme.current(), text.split("\n")
    metrics = painter.fontMetrics()
    painter.setPen(QPen(QColor(colors.muted), 1))
    painter.drawLine(QLineF(x, area.top(), x, area.bottom()))
    for y, color in points:
        if area.top() <= y <= area.bottom():  # which NaN is not
            draw_dot(painter, QPointF(x, y), color)
    width = max(metrics.horizontalAdvance(line) for line in lines) + 2 * GAP
    box = QRectF(x + GAP, area.top() + GAP / 2, width, len(lines) * metrics.height() + GAP)
    if box.right() > area.right():
        fits = x - GAP - width >= area.left()
        box.moveRight(x - GAP if fits else max(area.right(), area.left() + width))
    painter.setPen(QPen(QColor(colors.border), 1))
    painter.setBrush(QColor(colors.base))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.drawRoundedRect(box, 4, 4)
    painter.setPen(QColor(colors.text))
    painter.drawText(box.adjusted(GAP, GAP / 2, 0, 0), 0, text)


def draw_dot(painter: QPainter, place: QPointF, color: QColor) -> None:
    """Draws a point of a curve, with a rim that sets it off the line."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(theme.current().base), 1))
    painter.setBrush(color)
    painter.drawEllipse(place, 3.5, 3.5)
