"""Curves that grow while training runs: a million points cost what the plot has pixels."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QLineF, QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QAction, QColor, QKeySequence, QPainter, QResizeEvent
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from softmax_gui.gui import theme
from softmax_gui.gui.living import LivingWidget
from softmax_gui.gui.widgets.curve_labels import (
    EndLabel,
    EndLabels,
    draw_dot,
    draw_readout,
    line_pen,
)
from softmax_gui.gui.widgets.curves import (
    Curve,
    Reference,
    Scales,
    Series,
    hover_text,
    nearest_x,
    x_range,
    y_range,
)
from softmax_gui.gui.widgets.envelope import joined
from softmax_gui.gui.widgets.figures import one_line
from softmax_gui.gui.widgets.plot_canvas import GAP, PlotCanvas
from softmax_gui.gui.widgets.ranges import steady_range
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from softmax_gui.gui.widgets.figures import Table

__all__ = ["CurvePlot", "Reference", "Series"]

_DOTTED = Qt.PenStyle.DotLine


class CurvePlot(LivingWidget):
    """Curves of training over steps; append() only takes points, redraw() draws them.

    While nobody zoomed, the ranges follow the data in rounded steps; a double click, the Home
    key or "View all" returns to that. The owner's actions appear in the context menu.
    """

    def __init__(
        self,
        name: str,
        series: Sequence[Series],
        *,
        y_floor: float | None = 0.0,
        y_ceiling: float | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """A plot without points.

        Args:
            name: what a screen reader calls it, and the title of its SVG.
            series: the curves, in the order of the table.
            y_floor: where the axis starts unless a value lies below; None for no such place.
            y_ceiling: where it ends unless a value lies above, 1.0 for an accuracy.
            parent: Qt's parent.
        """
        super().__init__(parent)
        self.setAccessibleName(name)
        self._curves = {one.key: Curve(one) for one in series}
        self._floor, self._ceiling = y_floor, y_ceiling
        self._references: tuple[Reference, ...] = ()
        self._y_range: tuple[float, float] | None = None
        self._empty_text, self._labels = "", EndLabels()
        self._following, self._dirty = True, True
        self.canvas = PlotCanvas(self._draw_back, self._draw_front)
        for curve in self._curves.values():
            self.canvas.view.addItem(curve.line, ignoreBounds=True)
        self.view_all_action = QAction(self)
        self._build()
        self.retranslate()
        self.restyle()

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.canvas)
        self.setMinimumSize(280, 140)
        self.setFocusProxy(self.canvas)
        self.view_all_action.setShortcut(QKeySequence(Qt.Key.Key_Home))
        self.view_all_action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self.view_all_action.triggered.connect(self.view_all)
        self.addAction(self.view_all_action)
        self.canvas.view_all_requested.connect(self.view_all)
        self.canvas.zoomed.connect(self._stop_following)
        self.canvas.pointer_moved.connect(self.canvas.refresh)
        self.canvas.menu_requested.connect(self._show_menu)

    def append(self, x: ArrayLike, y: Mapping[str, ArrayLike]) -> None:
        """Takes further points of some or all curves without drawing them.

        Args:
            x: (m,), the steps; nowhere below the last one of these curves.
            y: for each curve's key (m,) values; NaN breaks its line.
        """
        for key, values in y.items():
            self._curves[key].points.extend(x, values)
        self._dirty = True

    def clear(self) -> None:
        """Forgets every point and follows again."""
        for curve in self._curves.values():
            curve.points.clear()
        self._labels = EndLabels()
        self.view_all()

    def truncate(self, x: float) -> None:
        """Forgets the points above x, for a run taken back to an earlier step."""
        for curve in self._curves.values():
            curve.points.truncate(x)
        self._change()

    def set_titles(self, y_title: str, x_title: str) -> None:
        """Names the axes; a unit stands in brackets at the end: "Loss (nat)", "Step"."""
        self.canvas.titles = (y_title, x_title)
        self._change()

    def set_series_names(self, names: Mapping[str, str]) -> None:
        """Names curves by their keys, as written at their ends."""
        for key, name in names.items():
            self._curves[key].name = one_line(name)
        self._change()

    def set_references(self, references: Sequence[Reference]) -> None:
        """Draws these levels as dotted lines, named at their right ends."""
        if tuple(references) != self._references:
            self._references = tuple(references)
            self._change()

    def set_scale(self, factor: float) -> None:
        """Shows every y times a factor, 1.442695 for bits; the points stay in nats."""
        self._set_scales(dataclasses.replace(self.canvas.scales, factor=factor))

    def set_log_x(self, on: bool) -> None:
        """A logarithmic x axis; points at or below 0 are not on it."""
        self._set_scales(dataclasses.replace(self.canvas.scales, log_x=on))

    def set_log_y(self, on: bool) -> None:
        """A logarithmic y axis; the line breaks at values at or below 0."""
        self._set_scales(dataclasses.replace(self.canvas.scales, log_y=on))

    def _set_scales(self, scales: Scales) -> None:
        if scales != self.canvas.scales:
            self.canvas.scales = scales
            self.view_all()

    def set_empty_text(self, text: str) -> None:
        """The sentence that stands in the plot while it has no point."""
        self._empty_text = text
        self._change()

    def view_all(self) -> None:
        """Shows everything and follows what comes."""
        self._following, self._y_range = True, None
        self._change()

    @property
    def following(self) -> bool:
        """Whether the ranges follow the data; False once the user zoomed or moved."""
        return self._following

    def redraw(self) -> None:
        """Draws what was appended since the last call, now; does nothing if there is none."""
        if not self._dirty:
            return
        self._dirty = False
        curves, scales = self._curves.values(), self.canvas.scales
        across = x_range(curves, scales) if self._following else self.canvas.view.viewRange()[0]
        low, high = map(scales.x_data, across)
        pixels = int(self.canvas.area.width() * self.devicePixelRatioF())
        shown = [scales.y_view(reference.value) for reference in self._references]
        for curve in curves:
            y = curve.draw(low, high, max(pixels, 1), scales)
            shown += [float(y.min()), float(y.max())] if len(y) else []
        if self._following:
            wanted = y_range(shown, scales, self._floor, self._ceiling)
            self._y_range = bottom, top = steady_range(self._y_range, wanted)
            self.canvas.show_range(across, (bottom, top + 0.02 * (top - bottom)))
        ends = [f"{c.name} {c.end_text(scales.factor)}" for c in curves if len(c.points)]
        self.setAccessibleDescription(", ".join(ends))
        self.canvas.refresh()

    def hover_text(self, x: float) -> str:
        """The exact step nearest to x, and below it each curve's value nearest to that step."""
        curves = list(self._curves.values())
        return hover_text(curves, x, self.canvas.titles, self.canvas.scales.factor)

    def table(self) -> Table:
        """Every point in the unit shown: x, then a column for each curve, empty where it has none.

        The y title stands in each column's name, so that the file says its unit.
        """
        y_title, x_title = self.canvas.titles
        names = [f"{curve.name}: {y_title}" for curve in self._curves.values()]
        points = [curve.points.points() for curve in self._curves.values()]
        rows = joined([(x, y * self.canvas.scales.factor) for x, y in points])
        return (x_title, *names), rows

    def retranslate(self) -> None:
        """Sets the texts that are the plot's own; the owner sets titles and names again."""
        self.view_all_action.setText(tr("View all"))
        self._change()

    def restyle(self) -> None:
        """Draws lines, axes and texts in the colours and the font in force."""
        self._change()

    def sizeHint(self) -> QSize:
        """Qt's call."""
        return QSize(480, 220)

    def _change(self) -> None:
        names = [curve.name for curve in self._curves.values()]
        texts = [one_line(reference.text) for reference in self._references]
        wanted = EndLabels.width(self.font(), names, texts)
        most = max(0.4 * self.width(), min(170, 0.48 * self.width()))  # narrow: names stay whole
        self.canvas.margin_right = min(wanted, int(most))
        self.canvas.lay_out()
        self._dirty = True
        self.redraw()

    def _stop_following(self) -> None:
        self._following = False
        self._change()

    def _show_menu(self, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions(self.actions())
        menu.popup(place)

    def _draw_back(self, painter: QPainter) -> None:
        area = self.canvas.area
        painter.setPen(line_pen(QColor(theme.current().muted), _DOTTED, 1.0))
        for y in self._reference_rows().values():
            painter.drawLine(QLineF(area.left(), y, area.right(), y))

    def _reference_rows(self) -> dict[Reference, float]:
        area = self.canvas.area
        rows = {r: self.canvas.pixel(0.0, r.value).y() for r in self._references}
        return {r: y for r, y in rows.items() if area.top() <= y <= area.bottom()}

    def _draw_front(self, painter: QPainter) -> None:
        area, rows, labels = self.canvas.area, self._reference_rows(), []
        for curve in self._curves.values():
            if end := curve.points.last():
                place = self.canvas.pixel(*end)
                if self.canvas.shows(place):
                    draw_dot(painter, place, curve.color)
                row = place.y() if math.isfinite(place.y()) else area.bottom()
                text = curve.end_text(self.canvas.scales.factor)
                labels.append(EndLabel(curve.name, text, curve.color, curve.style, row))
        muted = QColor(theme.current().muted)
        labels += [EndLabel(one_line(r.text), "", muted, _DOTTED, y) for r, y in rows.items()]
        column = QRectF(area.right(), area.top(), self.canvas.margin_right, area.height())
        self._labels.draw(painter, labels, column)
        if not any(len(curve.points) for curve in self._curves.values()):
            painter.setPen(muted)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(area.adjusted(GAP, 0, -GAP, 0), int(flags), self._empty_text)
        self._draw_pointer(painter)

    def _draw_pointer(self, painter: QPainter) -> None:
        curves, pointer = self._curves.values(), self.canvas.pointer
        near = nearest_x(curves, self.canvas.x_at(pointer.x())) if pointer else None
        if near is None:
            return
        points = [(c.points.nearest(near), c.color) for c in curves]
        dots = [(self.canvas.pixel(*p).y(), color) for p, color in points if p and p[0] == near]
        x = self.canvas.pixel(near, 0.0).x()
        draw_readout(painter, self.canvas.area, x, dots, self.hover_text(near))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's call; other pixels, another envelope."""
        super().resizeEvent(event)
        self._change()

    def changeEvent(self, event: QEvent) -> None:
        """Qt's call."""
        if event.type() == QEvent.Type.FontChange and hasattr(self, "canvas"):
            self._change()
        super().changeEvent(event)
