"""Where the pictures of WeightMosaic lie: as large as the widget allows, in as few rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QFontMetrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QPointF, QSize
    from PySide6.QtGui import QFont

GAP = 8
_LARGEST_CELL = 112
_LARGEST_ENTRY = (144, 44)  # of a matrix: wide enough for its number, no wider than the eye likes


class MosaicLayout:
    """One picture of `shape` cells a class, a title above and a line below each, and a footer.

    A matrix of features and classes is the same with pictures one cell wide that touch, and
    the names of the features at their left.
    """

    def __init__(
        self,
        size: QSize,
        font: QFont,
        count: int,
        shape: tuple[int, int],
        row_names: Sequence[str] | None = None,
    ) -> None:
        """Lays out `count` pictures.

        Args:
            size: of the widget.
            font: the numbers' font.
            count: of classes, at least 1.
            shape: (height, width) of a picture in cells.
            row_names: those of the features for a matrix, None for pictures.
        """
        self.shape = shape
        self._metrics = QFontMetrics(font)
        self.line = self._metrics.height() + 4
        self.footer = QRect(GAP, size.height() - self.line - GAP, size.width() - 2 * GAP, self.line)
        room = QRect(GAP, GAP, size.width() - 2 * GAP, self.footer.top() - 2 * GAP)
        self.labels_left, self.labels_width = GAP, 0
        if row_names is None:
            self.tiles = self._pictures(room, count)
        else:
            self.tiles = self._matrix(room, count, row_names)

    def _pictures(self, room: QRect, count: int) -> list[QRectF]:
        h, w = self.shape
        best = (0.0, 1, 1)
        for rows in range(1, count + 1):
            columns = -(-count // rows)
            across = (room.width() - 2 * GAP * (columns - 1)) / columns / w
            down = ((room.height() - GAP * (rows - 1)) / rows - 2 * self.line) / h
            unit = min(across, down, _LARGEST_CELL)
            if unit > best[0] + 1e-9:
                best = (unit, rows, columns)
        unit, rows, columns = best
        unit = float(int(unit)) if unit >= 2 else max(unit, 0.5)  # whole pixels are crisp
        width, height = w * unit, h * unit
        free = room.width() - columns * width
        gap = min(free / columns, max(2 * GAP, self._text_width() - width + GAP))
        self.title_width = width + gap - GAP
        pitch, deep = width + gap, height + 2 * self.line + GAP
        left = room.left() + max((room.width() - (columns * pitch - GAP)) / 2, 0)
        top = room.top() + max((room.height() - (rows * deep - GAP)) / 2, 0) + self.line
        return [
            QRectF(int(left + i % columns * pitch), int(top + i // columns * deep), width, height)
            for i in range(count)
        ]

    def _matrix(self, room: QRect, count: int, names: Sequence[str]) -> list[QRectF]:
        advance = self._metrics.horizontalAdvance
        longest = max(map(advance, sorted(names, key=len)[-20:]), default=0) + 2
        self.labels_width = min(longest, int(0.3 * room.width()))
        across = (room.width() - self.labels_width - GAP) / count
        down = (room.height() - 2 * self.line) / self.shape[0]
        width = max(min(across, _LARGEST_ENTRY[0]), 1.0)
        height = max(min(down, _LARGEST_ENTRY[1]), 0.5)
        self.title_width = width - 4
        total = self.labels_width + GAP + count * width
        self.labels_left = int(room.left() + max((room.width() - total) / 2, 0))
        left = self.labels_left + self.labels_width + GAP
        high = self.shape[0] * height
        top = room.top() + self.line + max((room.height() - 2 * self.line - high) / 2, 0)
        return [QRectF(left + i * width, int(top), width, high) for i in range(count)]

    def _text_width(self) -> int:
        return self._metrics.horizontalAdvance("b = -0.00")

    def title(self, index: int) -> QRect:
        """The line above a picture."""
        tile = self.tiles[index]
        return QRectF(tile.left(), tile.top() - self.line, self.title_width, self.line).toRect()

    def below(self, index: int) -> QRect:
        """The line below a picture."""
        tile = self.tiles[index]
        return QRectF(tile.left(), tile.bottom(), self.title_width, self.line).toRect()

    def cell(self, index: int, feature: int) -> QRectF:
        """The area of one weight."""
        tile, (h, w) = self.tiles[index], self.shape
        width, height = tile.width() / w, tile.height() / h
        left, top = tile.left() + feature % w * width, tile.top() + feature // w * height
        return QRectF(left, top, width, height)

    def row_labels(self) -> list[tuple[int, QRect]]:
        """Features to name at the left, as many as fit, and where."""
        high = self.tiles[0].height() / self.shape[0]
        step = max(1, -int(-self.line // high))
        return [
            (i, QRectF(self.labels_left, cell.center().y() - self.line / 2,
                       self.labels_width, self.line).toRect())
            for i in range(0, self.shape[0], step)
            for cell in (self.cell(0, i),)
        ]  # fmt: skip

    def cell_at(self, place: QPointF) -> tuple[int, int]:
        """Class and feature at a place, (-1, -1) outside the pictures."""
        h, w = self.shape
        for index, tile in enumerate(self.tiles):
            if tile.contains(place):
                row = min(int((place.y() - tile.top()) / tile.height() * h), h - 1)
                column = min(int((place.x() - tile.left()) / tile.width() * w), w - 1)
                return index, row * w + column
        return -1, -1
