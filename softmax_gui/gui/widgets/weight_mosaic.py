"""The weights as pictures: one a class, all on one diverging scale about zero, shown below."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QImage,
    QMouseEvent,
    QPaintEngine,
    QPainter,
    QPen,
    QResizeEvent,
)

from softmax_gui.gui import theme
from softmax_gui.gui.widgets.diverging import Diverging
from softmax_gui.gui.widgets.figures import LINE, PaintedFigure, draw_swatch, draw_text, one_line
from softmax_gui.gui.widgets.mosaic_layout import MosaicLayout
from softmax_gui.gui.widgets.ranges import steady_limit
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike
    from PySide6.QtWidgets import QWidget

    from softmax_gui.gui.widgets.figures import Table

_MOST_CLASSES = 24
_MOST_FEATURES = 200  # rows of a matrix
_MOST_PIXELS = 256  # a side; larger pictures show every second, third, ... pixel
_NUMBERED = 16  # cells of a picture up to which each has its number in it
_SWATCH = 10
_CENTRE = LINE | Qt.AlignmentFlag.AlignHCenter.value


class WeightMosaic(PaintedFigure):
    """W as pictures of the shape of the data, or as a matrix of features and classes."""

    cell_hovered = Signal(int, int)  # class and feature; -1, -1 when none is any more

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._features: tuple[str, ...] = ()
        self._image_shape: tuple[int, int] | None = None
        self._W, self._b = np.zeros((0, 0)), np.zeros(0)
        self._limit, self._highlighted, self._hovered = 1.0, -1, (-1, -1)
        self._image = QImage()
        self._layout: MosaicLayout | None = None
        self.setMouseTracking(True)
        self.setMinimumSize(240, 140)
        self.retranslate()
        self.restyle()

    def set_classes(
        self,
        names: Sequence[str],
        image_shape: tuple[int, int] | None,
        feature_names: Sequence[str],
    ) -> None:
        """Names q classes and d features; the weights are zero until shown.

        Args:
            names: (q,), in class order.
            image_shape: (height, width) with height * width = d, or None for a table.
            feature_names: (d,); in row order for pictures.

        Raises:
            ValueError: the shape has another number of pixels than there are features.
        """
        d, q = len(feature_names), len(names)
        if image_shape is not None and image_shape[0] * image_shape[1] != d:
            raise ValueError(f"{image_shape[0]} x {image_shape[1]} pixels, {d} features")
        self._names = tuple(map(one_line, names))
        self._features = tuple(map(one_line, feature_names))
        self._image_shape = image_shape
        self._limit, self._highlighted, self._hovered = 1.0, -1, (-1, -1)
        self.show_weights(np.zeros((d, q)), np.zeros(q))
        self._place()

    def show_weights(self, W: ArrayLike, b: ArrayLike) -> None:
        """Shows W (d, q) and b (q,), any values; the scale grows at once and shrinks late.

        Raises:
            ValueError: W is not (d, q) or b is not (q,).
        """
        weights, biases = np.asarray(W, float), np.asarray(b, float)
        expected = (len(self._features), len(self._names))
        if weights.shape != expected or biases.shape != expected[1:]:
            raise ValueError(f"W {weights.shape}, b {biases.shape}: W {expected} expected")
        self._W, self._b = weights.copy(), biases.copy()
        sizes = np.abs(weights[np.isfinite(weights)])
        largest = float(sizes.max(initial=0.0))
        self._limit = steady_limit(self._limit, largest) if largest else 1.0  # before any step
        self._colour()
        self.setAccessibleDescription(
            tr("Colours from {low} to {high}.").format(low=-self._limit, high=self._limit)
        )

    def highlight_class(self, index: int) -> None:
        """Lights the picture of a class hovered elsewhere; -1 for none."""
        self._highlighted = index
        self.update()

    def hover_text(self, index: int, feature: int) -> str:
        """The exact weight of a feature for a class: "cat, x3: w = -1.234"."""
        weight = f"{self._W[feature, index]:.4g}"
        return f"{self._names[index]}, {self._features[feature]}: w = {weight}"

    def table(self) -> Table:
        """A row for each feature with its weight for each class, then the biases."""
        rows: list[tuple[object, ...]] = [
            (name, *weights) for name, weights in zip(self._features, self._W.tolist(), strict=True)
        ]
        return (tr("feature"), *self._names), [*rows, (tr("bias"), *self._b.tolist())]

    def retranslate(self) -> None:
        """Says the texts again."""
        self.setAccessibleName(tr("Weights of the classes"))
        self.update()

    def restyle(self) -> None:
        """Colours the weights by the theme in force, and measures the font."""
        self._digits = theme.tabular(self.font())
        self._bold = QFont(self._digits)
        self._bold.setBold(True)
        self._map = Diverging()
        self._colour()
        self._place()

    def sizeHint(self) -> QSize:
        """Qt's call."""
        return QSize(480, 220)

    def _shape(self) -> tuple[int, int]:
        return self._image_shape or (min(len(self._features), _MOST_FEATURES), 1)

    def _place(self) -> None:
        count, names = min(len(self._names), _MOST_CLASSES), None
        if self._image_shape is None:
            names = self._features[:_MOST_FEATURES]
        known = count and self._features
        self._layout = (
            MosaicLayout(self.size(), self._digits, count, self._shape(), names) if known else None
        )
        self.update()

    def _colour(self) -> None:
        """Turns W into one image, the classes side by side."""
        h, w = self._shape()
        shown = self._W[: h * w, :_MOST_CLASSES]
        if shown.size:
            pictures = shown.T.reshape(-1, h, w)
            pictures = pictures[:, :: -(-h // _MOST_PIXELS), :: -(-w // _MOST_PIXELS)]
            side = pictures.transpose(1, 0, 2).reshape(pictures.shape[1], -1)
            self._image = self._map.image(side, self._limit)
        self.update()

    def draw(self, painter: QPainter) -> None:
        """Draws pictures, names, biases, and the scale."""
        painter.fillRect(self.rect(), QColor(theme.current().base))
        painter.setFont(self._digits)
        if self._layout is None:
            return
        for index in range(len(self._layout.tiles)):
            self._draw_picture(painter, self._layout, index)
            self._draw_numbers(painter, self._layout, index)
            self._draw_name(painter, self._layout, index)
        # The frames of a matrix touch: those that are lit lie above the others.
        for index in sorted(range(len(self._layout.tiles)), key=self._is_lit):
            self._draw_frame(painter, self._layout.tiles[index], self._is_lit(index))
        if self._image_shape is None:
            painter.setPen(QColor(theme.current().text))
            for feature, place in self._layout.row_labels():
                draw_text(painter, place, self._features[feature], Qt.AlignmentFlag.AlignRight)
        painter.setPen(QColor(theme.current().muted))
        rest = self._map.draw_scale(painter, self._layout.footer, self._limit)
        painter.setPen(QColor(theme.current().text))
        draw_text(painter, rest, self._sentence())

    def _draw_picture(self, painter: QPainter, layout: MosaicLayout, index: int) -> None:
        tile = layout.tiles[index]
        across = self._image.width() // len(layout.tiles)
        source = QRect(index * across, 0, across, self._image.height())
        if painter.paintEngine().type() == QPaintEngine.Type.SVG:  # viewers blur small images
            size = (tile.size() * 2).toSize()
            painter.drawImage(tile, self._image.copy(source).scaled(size))
        else:
            painter.drawImage(tile, self._image, QRectF(source))

    def _is_lit(self, index: int) -> bool:
        return index in (self._highlighted, self._hovered[0])

    @staticmethod
    def _draw_frame(painter: QPainter, tile: QRectF, lit: bool) -> None:
        colors = theme.current()
        pen = QPen(QColor(colors.accent if lit else colors.border), 2 if lit else 1)
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(tile.adjusted(-0.5, -0.5, 0.5, 0.5))

    def _draw_numbers(self, painter: QPainter, layout: MosaicLayout, index: int) -> None:
        h, w = layout.shape
        cell = layout.cell(index, 0)
        wide = painter.fontMetrics().horizontalAdvance("-0.00") + 4
        few = self._image_shape is None or h * w <= _NUMBERED
        if not few or cell.width() < wide or cell.height() < layout.line - 4:
            return
        for feature in range(h * w):
            weight = self._W[feature, index]
            painter.setPen(self._map.ink(weight, self._limit))
            painter.drawText(layout.cell(index, feature), _CENTRE, _rounded(weight))

    def _draw_name(self, painter: QPainter, layout: MosaicLayout, index: int) -> None:
        title, colors = layout.title(index), theme.current()
        middle = title.center().y()
        draw_swatch(painter, QRect(title.left(), middle - 5, _SWATCH, _SWATCH), index)
        painter.setFont(self._bold if self._is_lit(index) else self._digits)
        painter.setPen(QColor(colors.text))
        name = title.adjusted(_SWATCH + 4, 0, 0, 0)
        if name.width() >= painter.fontMetrics().horizontalAdvance(self._names[index][:2] + "…"):
            draw_text(painter, name, self._names[index])
        painter.setFont(self._digits)
        painter.setPen(QColor(colors.muted))
        below, text = layout.below(index), f"b = {_rounded(self._b[index])}"
        if painter.fontMetrics().horizontalAdvance(text) > below.width():
            text = text[4:]
        if painter.fontMetrics().horizontalAdvance(text) <= below.width():
            painter.drawText(below, LINE, text)

    def _sentence(self) -> str:
        if self._hovered != (-1, -1):
            return self.hover_text(*self._hovered)
        parts = []
        if len(self._names) > _MOST_CLASSES:
            text = tr("The first {shown} of {count} classes.")
            parts.append(text.format(shown=_MOST_CLASSES, count=len(self._names)))
        if self._image_shape is None and len(self._features) > _MOST_FEATURES:
            text = tr("The first {shown} of {count} features.")
            parts.append(text.format(shown=_MOST_FEATURES, count=len(self._features)))
        return " ".join(parts)

    def _hover(self, cell: tuple[int, int]) -> None:
        if cell != self._hovered:
            self._hovered = cell
            self.update()
            self.cell_hovered.emit(*cell)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Qt's call."""
        if self._layout is not None:
            self._hover(self._layout.cell_at(event.position()))

    def leaveEvent(self, _event: QEvent) -> None:
        """Qt's call."""
        self._hover((-1, -1))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's call."""
        self._place()
        super().resizeEvent(event)


def _rounded(value: float) -> str:
    if abs(value) >= 100 or not np.isfinite(value):
        return "NaN" if np.isnan(value) else f"{value:.3g}"
    return f"{round(value, 2) + 0.0:.2f}"  # never -0.00
