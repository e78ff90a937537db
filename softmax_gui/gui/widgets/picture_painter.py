"""Draws a gray picture as crisp square cells: where each lies, and what is drawn over it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontInfo, QFontMetricsF, QImage, QPainter, QPen

from softmax_gui.gui import theme

if TYPE_CHECKING:
    from softmax_gui.gui.widgets.strokes import Position

MARGIN = 4.0  # logical pixels around the picture, room for the focus frame
MOST_NUMBERED = 4  # rows or columns up to which each cell shows its number
MOST_RULED = 32  # rows or columns up to which a canvas has a grid

_SNAPPED_FROM = 4.0  # device pixels: below, whole cells would waste too much of the widget
_LARGEST_NUMBER = 30.0  # pixels of type
_GRID, _FAINT = QColor(128, 128, 128), QColor(128, 128, 128, 56)  # seen on black and white


@dataclass(frozen=True)
class Lattice:
    """Where the cells of a picture lie in its widget, in logical pixels."""

    left: float
    top: float
    cell: float  # the side of a cell
    rows: int
    columns: int

    @property
    def rect(self) -> QRectF:
        """The whole picture."""
        return QRectF(self.left, self.top, self.columns * self.cell, self.rows * self.cell)

    @property
    def numbered(self) -> bool:
        """Whether cells are few enough to be big and to show their numbers."""
        return max(self.rows, self.columns) <= MOST_NUMBERED

    def position(self, point: QPointF) -> Position:
        """(x, y) of `point` in cells; outside the picture it goes on."""
        return (point.x() - self.left) / self.cell, (point.y() - self.top) / self.cell

    def index_at(self, point: QPointF) -> int:
        """The row-major index of the cell under `point`, -1 outside the picture."""
        x, y = self.position(point)
        if not (0 <= x < self.columns and 0 <= y < self.rows):
            return -1
        return math.floor(y) * self.columns + math.floor(x)

    def cell_rect(self, index: int) -> QRectF:
        """The square of the cell with that row-major index."""
        row, column = divmod(index, self.columns)
        return QRectF(
            self.left + column * self.cell, self.top + row * self.cell, self.cell, self.cell
        )


def lattice(size: QSize, ratio: float, rows: int, columns: int) -> Lattice:
    """Square cells, centred in a widget of `size`; edges on device pixels where cells are big.

    Args:
        size: of the widget, in logical pixels.
        ratio: device pixels a logical pixel.
        rows: h.
        columns: w.
    """
    wide, high = size.width() - 2 * MARGIN, size.height() - 2 * MARGIN
    cell = max(min(wide / columns, high / rows), 1.0 / ratio)
    if cell * ratio >= _SNAPPED_FROM:
        cell = math.floor(cell * ratio) / ratio
    left = round((size.width() - columns * cell) / 2 * ratio) / ratio
    top = round((size.height() - rows * cell) / 2 * ratio) / ratio
    return Lattice(left, top, cell, rows, columns)


def draw_picture(painter: QPainter, where: Lattice, image: np.ndarray) -> None:
    """The cells of `image` (h, w) in [0, 1], 0 black and 1 white, with a thin frame."""
    gray = np.ascontiguousarray(np.rint(image * 255.0), dtype=np.uint8)
    shape = QImage(
        gray.data, where.columns, where.rows, where.columns, QImage.Format.Format_Grayscale8
    )
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, on=False)
    painter.drawImage(where.rect, shape)  # nearest neighbour
    if max(where.rows, where.columns) <= MOST_RULED:
        painter.drawImage(where.rect.topLeft(), _grid(where, painter.device().devicePixelRatio()))
    painter.setPen(QPen(QColor(theme.current().border), 1))
    painter.drawRect(where.rect.adjusted(-0.5, -0.5, 0.5, 0.5))


@lru_cache(maxsize=8)
def _grid(where: Lattice, ratio: float) -> QImage:
    """The lines between cells as a see-through image: blending each line took 3 ms a frame."""
    rect, cell = where.rect, where.cell
    image = QImage(
        round(rect.width() * ratio),
        round(rect.height() * ratio),
        QImage.Format.Format_ARGB32_Premultiplied,
    )
    image.fill(Qt.GlobalColor.transparent)
    image.setDevicePixelRatio(ratio)
    painter = QPainter(image)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
    color, thickness = _GRID if where.numbered else _FAINT, 1.0 / ratio
    for i in range(1, where.columns):
        painter.fillRect(QRectF(i * cell, 0, thickness, rect.height()), color)
    for i in range(1, where.rows):
        painter.fillRect(QRectF(0, i * cell, rect.width(), thickness), color)
    painter.end()
    return image


def draw_numbers(painter: QPainter, where: Lattice, image: np.ndarray, hidden: int) -> None:
    """In each cell its value, and its name x1..xd in the corner; none in the cell `hidden`."""
    plain, large = theme.tabular(painter.font()), _number_font(painter.font(), where.cell)
    tight = QFontMetricsF(large).horizontalAdvance("0.00") + 6 > where.cell
    named = where.cell >= 4 * QFontInfo(plain).pixelSize()  # else it would touch the number
    for index, value in enumerate(image.flat):
        if index == hidden:
            continue
        rect, number = where.cell_rect(index), f"{value:.2f}"
        painter.setPen(_ink(float(value)))
        painter.setFont(large)
        painter.drawText(
            rect, Qt.AlignmentFlag.AlignCenter, number.removeprefix("0") if tight else number
        )
        if named:
            painter.setFont(plain)
            painter.drawText(rect.adjusted(6, 4, 0, 0), 0, f"x{index + 1}")
    painter.setFont(plain)


def _number_font(font: QFont, cell: float) -> QFont:
    """Figures that fill a cell well, never smaller than `font`."""
    figures = theme.tabular(font)
    smallest = QFontInfo(font).pixelSize()
    figures.setPixelSize(round(min(max(cell * 0.24, smallest), _LARGEST_NUMBER)))
    return figures


def _ink(gray: float) -> QColor:
    """What reads best on that gray: at least 4.5 to 1, softer where there is more to spare."""
    if gray > 0.46:  # where black and white have the same contrast
        return QColor(theme.LIGHT.text if gray > 0.65 else "#000000")
    return QColor(theme.DARK.text if gray < 0.25 else "#FFFFFF")


def draw_cursor(painter: QPainter, where: Lattice, index: int) -> None:
    """A frame around the cell that the keyboard changes, seen on every gray."""
    colors, rect = theme.current(), where.cell_rect(index)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if where.numbered:
        _draw_frame(painter, rect.adjusted(3.5, 3.5, -3.5, -3.5), colors.on_accent, 1)
        _draw_frame(painter, rect.adjusted(2, 2, -2, -2), colors.accent, 2)
    else:
        _draw_frame(painter, rect.adjusted(-2.5, -2.5, 2.5, 2.5), colors.on_accent, 1)
        _draw_frame(painter, rect.adjusted(-1, -1, 1, 1), colors.accent, 2)


def draw_focus(painter: QPainter, where: Lattice) -> None:
    """The accent frame around the picture that says where the keys go."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    _draw_frame(painter, where.rect.adjusted(-2, -2, 2, 2), theme.current().accent, 2)


def _draw_frame(painter: QPainter, rect: QRectF, color: str, width: int) -> None:
    pen = QPen(QColor(color), width)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    painter.setPen(pen)
    painter.drawRect(rect)


def draw_footprint(painter: QPainter, where: Lattice, at: Position, size: float) -> None:
    """The outline of the brush at (x, y) in cells: a circle, or one cell for a brush of one."""
    painter.save()
    painter.setClipRect(where.rect)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=size > 1)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    x, y = where.left + at[0] * where.cell, where.top + at[1] * where.cell
    for color, shrink in ((QColor(0, 0, 0, 150), 0.0), (QColor(255, 255, 255, 210), 1.0)):
        painter.setPen(QPen(color, 1))
        if size > 1:
            radius = size / 2 * where.cell - shrink
            painter.drawEllipse(QPointF(x, y), radius, radius)
        else:
            cell = where.cell_rect(math.floor(at[1]) * where.columns + math.floor(at[0]))
            inset = shrink + 0.5
            painter.drawRect(cell.adjusted(inset, inset, -inset, -inset))
    painter.restore()


def draw_entry(
    painter: QPainter, where: Lattice, index: int, text: str, *, legal: bool, size: QSize
) -> None:
    """The number being typed, over its cell; wider than a small cell, but inside the widget."""
    colors, shown, cell = theme.current(), f"{text}|", where.cell_rect(index)
    font = _number_font(painter.font(), where.cell if where.numbered else 0.0)
    metrics = QFontMetricsF(font)
    box = QRectF(0, 0, metrics.horizontalAdvance(f" {shown} "), metrics.height() + 4)
    box.moveCenter(cell.center())
    if where.numbered:
        box = box.united(cell.adjusted(4, 4, -4, -4))
    box.moveLeft(min(max(box.left(), 1.0), max(size.width() - box.width() - 1, 1.0)))
    box.moveTop(min(max(box.top(), 1.0), max(size.height() - box.height() - 1, 1.0)))
    painter.fillRect(box, QColor(colors.base))
    if not cell.contains(box):
        _draw_frame(painter, box, colors.accent, 1)
    painter.setFont(font)
    painter.setPen(QColor(colors.text if legal else colors.error))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, shown)
