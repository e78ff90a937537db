"""What the model says: for each class its logit, its probability as a bar, and which is largest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QPolygonF,
    QResizeEvent,
)

from softmax_gui.gui import theme
from softmax_gui.gui.widgets.bar_layout import GAP, MARK, SWATCH, BarLayout
from softmax_gui.gui.widgets.figures import (
    LINE,
    PaintedFigure,
    class_brush,
    draw_swatch,
    draw_text,
    one_line,
)
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike
    from PySide6.QtWidgets import QWidget

    from softmax_gui.gui.widgets.figures import Table

_MOST = 20  # classes with a row of their own
_RIGHT = Qt.AlignmentFlag.AlignRight
_NUMBER = LINE | _RIGHT.value | Qt.TextFlag.TextDontClip.value  # a rare long one spills left


class ProbabilityBars(PaintedFigure):
    """A row a class; more than 20 classes show the 20 most probable and the sum of the others."""

    class_hovered = Signal(int)  # by pointer or keys; -1 when none is any more
    class_activated = Signal(int)  # clicked, or Enter on it

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._logits = self._probabilities = np.empty(0)
        self._order: list[int] = []  # the classes shown, from the top
        self._highlighted = self._hovered = -1
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.retranslate()
        self.restyle()

    def set_classes(self, names: Sequence[str]) -> None:
        """Names the q classes, in class order; forgets the prediction."""
        self._names = tuple(map(one_line, names))
        self._logits = self._probabilities = np.empty(0)
        self._order = list(range(min(len(names), _MOST)))
        self._highlighted = self._hovered = -1
        self._measure()
        self.updateGeometry()
        self._describe()

    def show_prediction(self, logits: ArrayLike, probabilities: ArrayLike) -> None:
        """Shows one prediction.

        Args:
            logits: (q,), any values.
            probabilities: (q,), in [0, 1]; NaN is shown as undefined.

        Raises:
            ValueError: a shape is not (q,).
        """
        scores, shares = np.asarray(logits, float), np.asarray(probabilities, float)
        expected = (len(self._names),)
        if scores.shape != expected or shares.shape != expected:
            raise ValueError(f"logits {scores.shape}, probabilities {shares.shape}: {expected}")
        self._logits, self._probabilities = scores.copy(), shares.copy()
        if len(shares) > _MOST:
            # Largest first, ties in class order; NaN sinks to the end.
            self._order = np.argsort(-shares, kind="stable")[:_MOST].tolist()
        self._describe()

    def highlight_class(self, index: int) -> None:
        """Lights the row of a class hovered elsewhere; -1 for none."""
        self._highlighted = index
        self.update()

    def top_class(self) -> int:
        """The most probable class, the first of equals; -1 while there is none or one is NaN."""
        known = len(self._probabilities) and not np.isnan(self._probabilities).any()
        return int(np.argmax(self._probabilities)) if known else -1

    def table(self) -> Table:
        """Class, logit and probability of every class, shown or not."""
        header = (tr("class"), tr("logit"), tr("probability"))
        rows = zip(self._names, self._logits.tolist(), self._probabilities.tolist(), strict=False)
        return header, list(rows)

    def retranslate(self) -> None:
        """Says the texts again; the widths of the columns depend on them."""
        self.setAccessibleName(tr("Probabilities of the classes"))
        self._measure()
        self._describe()

    def restyle(self) -> None:
        """Measures again: the font may be another."""
        self._measure()

    def sizeHint(self) -> QSize:
        """Qt's call: as high as the rows want."""
        return QSize(340, self._layout.best_height)

    def minimumSizeHint(self) -> QSize:
        """Qt's call; less would cut rows."""
        return QSize(240, self._layout.least_height)

    def _describe(self) -> None:
        top = self.top_class()
        if top >= 0:
            text = tr("Most probable: {name}, probability {probability:.3f}.").format(
                name=self._names[top], probability=self._probabilities[top]
            )
        elif len(self._probabilities):
            text = tr("The probabilities are undefined.")
        else:
            text = tr("There is no prediction.")
        self.setAccessibleDescription(text)
        self.update()

    def _measure(self) -> None:
        rows = len(self._order) + (len(self._names) > _MOST)
        self._layout = BarLayout(self.size(), self.font(), self._names, rows)

    def draw(self, painter: QPainter) -> None:
        """Draws header, scale and rows."""
        painter.fillRect(self.rect(), QColor(theme.current().base))
        painter.setFont(self._layout.digits)
        self._draw_scale(painter)
        top = self.top_class()
        for row, index in enumerate(self._order):
            self._draw_row(painter, self._layout.row(row), index, index == top)
        if len(self._names) > _MOST:
            self._draw_others(painter, self._layout.row(_MOST))
        if self.hasFocus() and self._hovered in self._order:
            painter.setPen(QPen(QColor(theme.current().accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            row_area = self._layout.row(self._order.index(self._hovered))
            painter.drawRect(row_area.adjusted(2, 0, -3, -1))

    def _draw_scale(self, painter: QPainter) -> None:
        header = self._layout.header
        bars = self._layout.cell("bar", header)
        painter.setPen(QColor(theme.current().muted))
        draw_text(painter, self._layout.cell("logit", header), tr("logit"), _RIGHT)
        caption = header.adjusted(bars.right() + GAP, 0, -GAP, 0)
        draw_text(painter, caption, tr("probability"), _RIGHT)
        bottom = self._layout.row(len(self._order) + (len(self._names) > _MOST) - 1).bottom()
        for share, text in ((0.0, "0"), (0.5, "0.5" if bars.width() > 64 else ""), (1.0, "1")):
            x = bars.left() + round(share * bars.width())
            painter.setPen(QColor(theme.current().muted))
            place = QRect(x - 20, 0, 40, header.height())
            draw_text(painter, place, text, Qt.AlignmentFlag.AlignHCenter)
            painter.setPen(QColor(theme.current().grid))
            painter.drawLine(x, header.bottom() - 1, x, bottom)

    def _draw_row(self, painter: QPainter, area: QRect, index: int, top: bool) -> None:
        colors = theme.current()
        if index in (self._highlighted, self._hovered):
            painter.fillRect(area, theme.mixed(colors.base, colors.accent, 0.12))
        middle = area.center().y()
        draw_swatch(painter, QRect(GAP, middle - SWATCH // 2 + 1, SWATCH, SWATCH), index)
        painter.setFont(self._layout.bold if top else self._layout.digits)
        painter.setPen(QColor(colors.text))
        painter.drawText(self._layout.cell("name", area), LINE, self._layout.name(index))
        if not len(self._probabilities):
            return
        logit, share = float(self._logits[index]), float(self._probabilities[index])
        painter.drawText(self._layout.cell("logit", area), _NUMBER, _signed(logit))
        self._draw_share(painter, area, share, index)
        if top:
            self._draw_mark(painter, middle)

    def _draw_share(self, painter: QPainter, area: QRect, share: float, index: int) -> None:
        """Draws bar and number; an index of -1 is the sum of the others, in no class's colour."""
        bars = self._layout.cell("bar", area)
        text = tr("undefined") if np.isnan(share) else f"{share:.3f}"
        painter.drawText(self._layout.cell("probability", area), _NUMBER, text)
        if np.isnan(share):
            return
        thickness = min(max(area.height() - 10, 4), 16)
        top = area.center().y() - thickness // 2 + 1
        width = max(min(share, 1.0), 0.0) * bars.width()
        bar = QRectF(bars.left(), top, width, thickness)
        if index >= 8:  # the stripes of repeated colours need a ground
            color = theme.class_color(index).name()
            painter.fillRect(bar, theme.mixed(color, theme.current().base, 0.6))
        muted = QColor(theme.current().muted)
        painter.fillRect(bar, class_brush(index) if index >= 0 else muted)

    def _draw_mark(self, painter: QPainter, middle: int) -> None:
        """Draws the arrow head that points at the largest: no font has to have it."""
        x, y = self.width() - GAP - MARK + 6.0, middle + 1.0
        head = QPolygonF([QPointF(x, y), QPointF(x + 7, y - 4.5), QPointF(x + 7, y + 4.5)])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.current().text))
        painter.drawPolygon(head)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)

    def _draw_others(self, painter: QPainter, area: QRect) -> None:
        painter.setFont(self._layout.digits)
        painter.setPen(QColor(theme.current().muted))
        place = self._layout.cell("name", area) | self._layout.cell("logit", area)
        text = tr("{count} others").format(count=len(self._names) - _MOST)
        draw_text(painter, place, text)
        if len(self._probabilities):
            rest = np.delete(self._probabilities, self._order)
            self._draw_share(painter, area, float(rest.sum()), -1)

    def class_at(self, place: QPointF) -> int:
        """The class whose row is there, -1 where none is."""
        row = self._layout.row_at(place.y())
        return self._order[row] if 0 <= row < len(self._order) else -1

    def _hover(self, index: int) -> None:
        if index != self._hovered:
            self._hovered = index
            self.update()
            self.class_hovered.emit(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Qt's call."""
        self._hover(self.class_at(event.position()))

    def leaveEvent(self, _event: QEvent) -> None:
        """Qt's call."""
        self._hover(-1)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Qt's call."""
        index = self.class_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and index >= 0:
            self.class_activated.emit(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's call; up and down hover, Enter and space activate."""
        key, keys = event.key(), Qt.Key
        row = self._order.index(self._hovered) if self._hovered in self._order else -1
        if key in (keys.Key_Up, keys.Key_Down) and self._order:
            step = 1 if key == keys.Key_Down else -1
            self._hover(self._order[min(max(row + step, 0), len(self._order) - 1)])
        elif key in (keys.Key_Return, keys.Key_Enter, keys.Key_Space) and row >= 0:
            self.class_activated.emit(self._hovered)
        else:
            event.ignore()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's call."""
        self._measure()
        super().resizeEvent(event)


def _signed(logit: float) -> str:
    if not np.isfinite(logit):
        return "NaN" if np.isnan(logit) else f"{logit:+}"
    if abs(logit) < 999.9995:
        return f"{logit:+.3f}"
    return f"{logit:+.0f}" if abs(logit) < 1e7 else f"{logit:+.1e}"
