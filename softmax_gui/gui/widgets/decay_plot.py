"""Losses against weight decay: a point a run, its standard error, and the two to choose from."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QPolygonF,
    QResizeEvent,
)  # fmt: skip
from PySide6.QtWidgets import QWidget

from softmax_gui.gui import theme
from softmax_gui.gui.widgets.curve_labels import draw_dot, draw_readout, line_pen
from softmax_gui.gui.widgets.decay_scales import DecayPoint, DecayScales
from softmax_gui.gui.widgets.figures import PaintedFigure, Table, draw_text
from softmax_gui.gui.widgets.ranges import log_ticks, ticks
from softmax_gui.i18n import tr

GAP = 8
NEAR = 14  # pixels within which a click means a point
_RIGHT, _CENTRE = Qt.AlignmentFlag.AlignRight, Qt.AlignmentFlag.AlignHCenter


class DecayPlot(PaintedFigure):
    """Validation loss with error bars, training loss as a thin line, over a logarithmic axis.

    A click on a point, or the arrow keys and Enter, choose it.
    """

    point_chosen = Signal(int)  # by the user: its place among the points

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._points: tuple[DecayPoint, ...] = ()
        self._marks: tuple[int | None, int | None] = (None, None)
        self._in_force, self._pointed = math.nan, -1
        self._factor, self._title, self._empty_text = 1.0, "", ""
        self._area = QRectF()
        self._scales = DecayScales((), 1.0, self._area)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(280, 160)

    def show_points(
        self, points: Sequence[DecayPoint], best: int | None = None, one_se: int | None = None
    ) -> None:
        """The points in any order of their decays, and the places of the two that are marked."""
        self._points, self._marks = tuple(points), (best, one_se)
        self._pointed = min(self._pointed, len(points) - 1)
        self._lay_out()
        self.update()

    @property
    def points(self) -> tuple[DecayPoint, ...]:
        """What is shown."""
        return self._points

    @property
    def marked(self) -> bool:
        """Whether the two to choose from are known."""
        return self._marks[0] is not None

    def show_in_force(self, decay: float) -> None:
        """The weight decay of the run; it is marked on the axis where that reaches so far."""
        if decay != self._in_force:
            self._in_force = decay
            self.update()

    def set_texts(self, title: str, empty: str, factor: float) -> None:
        """The title of the y axis, the sentence while there is no point, and nats to its unit."""
        self._title, self._empty_text, self._factor = title, empty, factor
        self._lay_out()
        self.update()

    def hover_text(self, place: int) -> str:
        """What is known of a point, a line each."""
        point = self._points[place]
        unit = self._title.rpartition("(")[2].rstrip(")")
        validation, error = point.validation * self._factor, point.standard_error * self._factor
        lines = [
            tr("weight decay {decay:.4g}").format(decay=point.decay),
            tr("validation {loss:.4g} ± {error:.2g} {unit}").format(
                loss=validation, error=error, unit=unit
            ),
            tr("training {loss:.4g} {unit}").format(loss=point.training * self._factor, unit=unit),
            tr("validation accuracy {share:.1f} %").format(share=100 * point.accuracy),
        ]
        return "\n".join(lines)

    def table(self) -> Table:
        """A row a point, losses in the unit shown."""
        header = (
            tr("Weight decay"), tr("training loss"), tr("validation loss"), tr("standard error"),
            tr("validation accuracy"),
        )  # fmt: skip
        f = self._factor
        return header, [
            (p.decay, p.training * f, p.validation * f, p.standard_error * f, p.accuracy)
            for p in self._points
        ]

    def draw(self, painter: QPainter) -> None:
        """Axes, lines, bars, points, marks, and what is pointed at."""
        colors = theme.current()
        painter.fillRect(self.rect(), QColor(colors.base))
        painter.setFont(theme.tabular(self.font()))
        self._lay_out()
        if not self._points:
            painter.setPen(QColor(colors.muted))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self._area, int(flags), self._empty_text)
            return
        self._draw_axes(painter)
        self._draw_lines(painter)
        self._draw_points(painter)
        if 0 <= self._pointed < len(self._points):
            place = self._scales.pixel(self._pointed)
            dots = [(place.y(), QColor(colors.text))]
            room = QRectF(GAP, self._area.top(), self.width() - 2 * GAP, self._area.height())
            draw_readout(painter, room, place.x(), dots, self.hover_text(self._pointed))

    def _lay_out(self) -> None:
        metrics = QFontMetrics(self.font())
        names = (tr("training"), tr("validation"), tr("1 standard error"))
        left = metrics.horizontalAdvance("0.0000") + 2 * GAP
        right = max(map(metrics.horizontalAdvance, names)) + 2 * GAP
        row = metrics.height() + GAP
        self._area = QRectF(self.rect()).adjusted(left, row + GAP, -right, -row - GAP / 2)
        self._scales = DecayScales(self._points, self._factor, self._area)

    def _draw_axes(self, painter: QPainter) -> None:
        colors, area, metrics = theme.current(), self._area, painter.fontMetrics()
        across, up = self._scales.across, self._scales.up
        height, right = metrics.height(), self.width() - GAP
        title = tr("Weight decay λ")
        end = right - metrics.horizontalAdvance(title) - GAP
        most = max(3, int(area.width() / (metrics.horizontalAdvance("0") * 8)))
        for exponent, text in log_ticks(*across, most).items():
            x = self._scales.x(10.0**exponent)
            painter.setPen(QPen(QColor(colors.grid), 1))
            painter.drawLine(QLineF(x, area.top(), x, area.bottom()))
            half = metrics.horizontalAdvance(text) / 2 + 1
            if x + half < end:
                painter.setPen(QColor(colors.muted))
                place = QRectF(x - half, area.bottom() + GAP / 2, 2 * half, height)
                draw_text(painter, place, text, _CENTRE)
        for value, text in ticks(*up, max(2, int(area.height() / (2 * height)))).items():
            y = self._scales.y(value / self._factor)
            painter.setPen(QPen(QColor(colors.grid), 1))
            painter.drawLine(QLineF(area.left(), y, area.right(), y))
            painter.setPen(QColor(colors.muted))
            draw_text(painter, QRectF(0, y - height / 2, area.left() - 6, height), text, _RIGHT)
        painter.setPen(QPen(QColor(colors.border), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.setPen(QColor(colors.text))
        draw_text(painter, QRectF(GAP, GAP / 2, self.width() - 2 * GAP, height), self._title)
        draw_text(painter, QRectF(0, area.bottom() + GAP / 2, right, height), title, _RIGHT)

    def _draw_lines(self, painter: QPainter) -> None:
        colors, area = theme.current(), self._area
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        order = self._scales.ordered()
        training = [
            QPointF(self._scales.x(p.decay), self._scales.y(p.training))
            for p in map(self._points.__getitem__, order)
        ]
        painter.setPen(line_pen(QColor(colors.accent), Qt.PenStyle.SolidLine, 1.0))
        painter.drawPolyline(QPolygonF(training))
        painter.setPen(line_pen(QColor(colors.text), Qt.PenStyle.DashLine, 1.5))
        painter.drawPolyline(QPolygonF([self._scales.pixel(i) for i in order]))
        rows = [(self._scales.pixel(order[-1]).y(), tr("validation"), colors.text),
                (training[-1].y(), tr("training"), colors.accent)]  # fmt: skip
        best = self._marks[0]
        if best is not None:
            limit = self._scales.y(
                self._points[best].validation + self._points[best].standard_error
            )
            painter.setPen(line_pen(QColor(colors.muted), Qt.PenStyle.DotLine, 1.0))
            painter.drawLine(QLineF(area.left(), limit, area.right(), limit))
            rows.append((limit, tr("1 standard error"), colors.muted))
        self._name_ends(painter, rows)
        if (
            area.left() <= (x := self._scales.x(self._in_force)) <= area.right()
            and self._in_force > 0
        ):
            painter.setPen(line_pen(QColor(colors.accent), Qt.PenStyle.DotLine, 1.5))
            painter.drawLine(QLineF(x, area.top(), x, area.bottom()))

    def _name_ends(self, painter: QPainter, rows: list[tuple[float, str, str]]) -> None:
        height, taken = painter.fontMetrics().height(), -math.inf
        for y, name, color in sorted(rows):
            taken = max(y, taken + height)
            place = QRectF(self._area.right() + GAP, taken - height / 2, self.width(), height)
            place.setRight(self.width())
            painter.setPen(QColor(color))
            draw_text(painter, place, name)

    def _draw_points(self, painter: QPainter) -> None:
        colors = theme.current()
        for place, point in enumerate(self._points):
            at = self._scales.pixel(place)
            painter.setPen(QPen(QColor(colors.text), 1))
            if math.isfinite(point.standard_error):
                low, high = map(self._scales.y, point.bar)
                painter.drawLine(QLineF(at.x(), low, at.x(), high))
                for y in (low, high):
                    painter.drawLine(QLineF(at.x() - 3, y, at.x() + 3, y))
            if place in self._marks:
                painter.setPen(QPen(QColor(colors.accent), 2))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawEllipse(at, 8, 8)
                top = min(at.y(), self._scales.y(point.bar[1]))
                self._name(painter, QPointF(at.x(), top), self._mark_text(place))
            draw_dot(painter, at, QColor(colors.text))

    def _mark_text(self, place: int) -> str:
        best, one_se = self._marks
        if place == best == one_se:
            return tr("best, 1 SE")
        return tr("best") if place == best else tr("1 SE")

    def _name(self, painter: QPainter, at: QPointF, text: str) -> None:
        metrics = painter.fontMetrics()
        width, height = metrics.horizontalAdvance(text) + 2, metrics.height()
        top = max(at.y() - 12 - height, self._area.top())
        left = min(max(at.x() - width / 2, self._area.left()), self._area.right() - width)
        painter.setPen(QColor(theme.current().accent))
        draw_text(painter, QRectF(left, top, width, height), text, _CENTRE)

    # -- the user --------------------------------------------------------------------------------

    def nearest(self, at: QPointF) -> int:
        """The place of the point under the pointer, -1 where none is near."""
        far = [
            math.hypot(*(self._scales.pixel(i) - at).toTuple()) for i in range(len(self._points))
        ]
        place = min(range(len(far)), key=far.__getitem__, default=-1)
        return place if place >= 0 and far[place] <= NEAR else -1

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Qt's call; the pointer reads a point."""
        self.point_at(self.nearest(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        """Qt's call."""
        self.point_at(-1)
        super().leaveEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt's call; a click on a point chooses it."""
        place = self.nearest(event.position())
        if event.button() == Qt.MouseButton.LeftButton and place >= 0:
            self.point_chosen.emit(place)
        else:
            super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's call; arrows go from point to point, Enter chooses."""
        key, order = event.key(), self._scales.ordered()
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(key), 0)
        if step and order:
            now = order.index(self._pointed) if self._pointed in order else (-1 if step > 0 else 0)
            self.point_at(order[(now + step) % len(order)])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._pointed >= 0:
            self.point_chosen.emit(self._pointed)
        else:
            super().keyPressEvent(event)

    def point_at(self, place: int) -> None:
        """Reads the point of that place; -1 none."""
        if place != self._pointed:
            self._pointed = place
            shape = Qt.CursorShape.PointingHandCursor if place >= 0 else Qt.CursorShape.ArrowCursor
            self.setCursor(shape)
            self.setAccessibleDescription(self.hover_text(place) if place >= 0 else "")
            self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's call."""
        super().resizeEvent(event)
        self._lay_out()

    def sizeHint(self) -> QSize:
        """Qt's call."""
        return QSize(480, 320)
