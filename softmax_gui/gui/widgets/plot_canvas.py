"""The sheet a plot is drawn on: axes with rounded ticks, a barely visible grid, zoom and pan."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QResizeEvent,
)  # fmt: skip

from softmax_gui.gui import theme
from softmax_gui.gui.widgets.curves import Scales
from softmax_gui.gui.widgets.figures import SafePaint, draw_text
from softmax_gui.gui.widgets.ranges import log_ticks, ticks

if TYPE_CHECKING:
    from collections.abc import Callable

GAP = 8  # the grid of the app in pixels

_RIGHT = Qt.AlignmentFlag.AlignRight


class _View(pg.ViewBox):  # type: ignore[misc]  # pyqtgraph has no types
    """pyqtgraph's range with drag and wheel; a right click is told, its English menu is off."""

    def __init__(self, clicked: Callable[[Any], None]) -> None:
        super().__init__(enableMenu=False, defaultPadding=0.0)
        self.disableAutoRange()  # its ranges move at every frame and cost three times the time
        # A wheel turned on and on would end at nothing or at infinity, where setRange raises.
        self.setLimits(minXRange=1e-9, maxXRange=1e18, minYRange=1e-15, maxYRange=1e250)
        self._clicked = clicked

    def mouseClickEvent(self, ev: Any) -> None:
        """The scene's call for a press and release in one place."""
        if ev.button() == Qt.MouseButton.RightButton:
            ev.accept()
            self._clicked(ev.screenPos().toPoint())


class PlotCanvas(pg.GraphicsView):  # type: ignore[misc]  # pyqtgraph has no types
    """A pyqtgraph view with axes of our own.

    pg.PlotWidget makes 14 hidden windows for its menus and takes 46 ms; this one takes 3.
    """

    zoomed = Signal()  # by the user, never by show_range
    view_all_requested = Signal()
    menu_requested = Signal(object)  # the QPoint on the screen
    pointer_moved = Signal()

    def __init__(
        self, draw_back: Callable[[QPainter], None], draw_front: Callable[[QPainter], None]
    ) -> None:
        super().__init__(background=None)
        self.setCacheMode(self.CacheModeFlag.CacheNone)  # a cached grid is pixels in an SVG
        # The scene's own updates come late: what has changed would be painted twice a frame.
        self.setViewportUpdateMode(self.ViewportUpdateMode.NoViewportUpdate)
        self._draw_back, self._draw_front, self._paint = draw_back, draw_front, SafePaint()
        self.titles, self.scales, self.margin_right = ("", ""), Scales(), 0
        self.pointer: QPointF | None = None
        self.area = QRectF()  # where curves are
        self.view = _View(self.menu_requested.emit)
        self.view.sigRangeChanged.connect(self.refresh)
        self.view.sigRangeChangedManually.connect(self._tell_zoom)
        self.scene().addItem(self.view)

    def show_range(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        """Shows these ranges; on a log axis they are exponents."""
        if (list(x), list(y)) != tuple(self.view.viewRange()):
            self.view.setRange(xRange=x, yRange=y, padding=0)

    def lay_out(self) -> None:
        """Finds the place of the curves from the size, the font and margin_right."""
        metrics = QFontMetrics(self.font())
        left = metrics.horizontalAdvance("0.0000") + 2 * GAP
        row = metrics.height() + GAP
        room = QRectF(self.rect()).adjusted(left, row + GAP, -self.margin_right, -row)
        area = QRectF(room.topLeft(), room.size().expandedTo(room.size() * 0))
        if area != self.area:
            self.area = area
            self.view.setGeometry(area)

    def pixel(self, x: float, y: float) -> QPointF:
        """The place of a point of the data; NaN where a log axis has none."""
        return QPointF(self._x_pixel(self.scales.x_view(x)), self._y_pixel(self.scales.y_view(y)))

    def shows(self, place: QPointF) -> bool:
        """Whether a pixel lies among the curves; for NaN QRectF.contains says yes."""
        return math.isfinite(place.x() + place.y()) and self.area.contains(place)

    def x_at(self, pixel: float) -> float:
        """The x of the data at a column."""
        low, high = self.view.viewRange()[0]
        share = (pixel - self.area.left()) / max(self.area.width(), 1.0)
        return self.scales.x_data(low + share * (high - low))

    def _x_pixel(self, view: float) -> float:
        low, high = self.view.viewRange()[0]
        return float(self.area.left() + (view - low) / (high - low or 1.0) * self.area.width())

    def _y_pixel(self, view: float) -> float:
        low, high = self.view.viewRange()[1]
        return float(self.area.bottom() - (view - low) / (high - low or 1.0) * self.area.height())

    def refresh(self, *_: object) -> None:
        """Has everything painted, the margins with it; nothing else does."""
        self.viewport().update()

    def drawBackground(self, painter: QPainter, _rect: QRectF) -> None:
        """Qt's call below the curves."""
        self._paint.guard(self._back, painter)

    def drawForeground(self, painter: QPainter, _rect: QRectF) -> None:
        """Qt's call above the curves."""
        self._paint.guard(self._front, painter)

    def _back(self, painter: QPainter) -> None:
        colors, area = theme.current(), self.area
        painter.fillRect(self.rect(), QColor(colors.base))
        painter.setPen(QPen(QColor(colors.grid), 1))
        x_ticks, y_ticks = self._ticks()
        for x in map(self._x_pixel, x_ticks):
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        for y in map(self._y_pixel, y_ticks):
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        self._draw_back(painter)

    def _front(self, painter: QPainter) -> None:
        colors, area, whole = theme.current(), self.area, QRectF(self.rect())
        for strip in (  # SVG knows no clipping: a zoomed curve would run over the margins
            QRectF(0, 0, area.left(), whole.height()),
            QRectF(area.right(), 0, whole.right() - area.right(), whole.height()),
            QRectF(0, 0, whole.width(), area.top()),
            QRectF(0, area.bottom(), whole.width(), whole.bottom() - area.bottom()),
        ):
            painter.fillRect(strip, QColor(colors.base))
        painter.setPen(QPen(QColor(colors.border), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.setFont(theme.tabular(self.font()))
        painter.setPen(QColor(colors.muted))
        self._draw_ticks(painter)
        self._draw_front(painter)

    def _draw_ticks(self, painter: QPainter) -> None:
        metrics, area = painter.fontMetrics(), self.area
        x_ticks, y_ticks = self._ticks()
        height, taken = metrics.height(), -1.0
        for y, text in y_ticks.items():
            place = QRectF(0, self._y_pixel(y) - height / 2, area.left() - GAP * 3 / 4, height)
            draw_text(painter, place, text, _RIGHT)
        title = metrics.horizontalAdvance(self.titles[1])
        row = QRectF(0, area.bottom() + GAP / 2, self.width() - GAP, height)
        for x, text in x_ticks.items():
            width = metrics.horizontalAdvance(text)
            left = self._x_pixel(x) - width / 2
            if left > taken and left + width < row.right() - title:
                painter.drawText(QRectF(left, row.top(), width + 1, height), 0, text)
                taken = left + width + GAP
        painter.setPen(QColor(theme.current().text))
        draw_text(painter, row, self.titles[1], _RIGHT)
        draw_text(painter, QRectF(GAP, GAP / 2, self.width() - 2 * GAP, height), self.titles[0])

    def _ticks(self) -> tuple[dict[float, str], dict[float, str]]:
        metrics, (x, y) = QFontMetrics(self.font()), self.view.viewRange()
        across = int(self.area.width() / (metrics.horizontalAdvance("0") * 5 + 3 * GAP))
        up = int(self.area.height() / (2 * metrics.height()))
        return (
            (log_ticks if self.scales.log_x else ticks)(x[0], x[1], max(across, 1)),
            (log_ticks if self.scales.log_y else ticks)(y[0], y[1], max(up, 2)),
        )

    def _tell_zoom(self, *_: object) -> None:
        self.zoomed.emit()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Qt's call, and pyqtgraph's own from its constructor."""
        super().resizeEvent(event)
        if hasattr(self, "view"):
            self.lay_out()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Qt's call; the pointer reads values unless it drags."""
        super().mouseMoveEvent(event)
        inside = self.area.contains(event.position()) and not event.buttons()
        self._point(event.position() if inside else None)

    def leaveEvent(self, event: QEvent) -> None:
        """Qt's call."""
        super().leaveEvent(event)
        self._point(None)

    def _point(self, place: QPointF | None) -> None:
        if place != self.pointer:
            self.pointer = place
            self.pointer_moved.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Qt's call; back to the whole picture."""
        event.accept()
        self.view_all_requested.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Qt's call; a right press may start a zoom, so the mouse gets its menu on release."""
        event.accept()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            self.menu_requested.emit(event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's call; plus and minus zoom, arrows move, as wheel and drag do."""
        key, step = event.key(), Qt.Key
        moves = {step.Key_Left: (-0.1, 0), step.Key_Right: (0.1, 0),
                 step.Key_Up: (0, 0.1), step.Key_Down: (0, -0.1)}  # fmt: skip
        size = self.view.viewRect()
        if key in (step.Key_Plus, step.Key_Equal, step.Key_Minus):
            factor = 1.25 if key == step.Key_Minus else 0.8
            self.view.scaleBy((factor, factor))
        elif key in moves:
            x, y = moves[step(key)]
            self.view.translateBy(x=x * size.width(), y=y * size.height())
        else:
            event.ignore()
            return
        self.zoomed.emit()
