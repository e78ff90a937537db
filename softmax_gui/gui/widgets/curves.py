"""One curve of a plot, from its points to its line, and the ranges that hold all of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from softmax_gui.gui import theme
from softmax_gui.gui.widgets.curve_labels import line_pen
from softmax_gui.gui.widgets.envelope import Envelope
from softmax_gui.gui.widgets.ranges import outward, outward_log, significant
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

_SMOOTH = 2000  # points up to which thick, antialiased lines are cheap
_NOISY = 6  # times its height a line goes up and down before a thick pen becomes a blot
_HUGE = 1e200  # beyond, the arithmetic of an axis overflows


@dataclass(frozen=True)
class Series:
    """One curve of a plot."""

    key: str
    role: Literal["training", "validation"]  # solid in the accent colour, dashed in the text's


@dataclass(frozen=True)
class Reference:
    """A level a curve is to be compared with, such as ln q; value in the unit of the data."""

    value: float
    text: str


@dataclass(frozen=True)
class Scales:
    """How data becomes view coordinates: a factor on y, then log10 where an axis is so."""

    factor: float = 1.0
    log_x: bool = False
    log_y: bool = False

    def x_view(self, x: float) -> float:
        """The view coordinate of an x; NaN where a log axis has none."""
        return _log10(x) if self.log_x else x

    def x_data(self, view: float) -> float:
        """The x at a view coordinate."""
        return 10.0 ** min(max(view, -300.0), 300.0) if self.log_x else view

    def y_view(self, y: float) -> float:
        """The view coordinate of a y; NaN where a log axis has none."""
        return _log10(y * self.factor) if self.log_y else y * self.factor


def _log10(value: float) -> float:
    return float(np.log10(value)) if value > 0 else float("nan")


class Curve:
    """A series: its name, its points, and its line on the plot."""

    def __init__(self, series: Series) -> None:
        self.name, self.points, self.line = series.key, Envelope(), pg.PlotCurveItem()
        self._trains = series.role == "training"

    @property
    def style(self) -> Qt.PenStyle:
        """Solid for training, dashed for validation: the colour is not all that tells."""
        return Qt.PenStyle.SolidLine if self._trains else Qt.PenStyle.DashLine

    @property
    def color(self) -> QColor:
        """Its colour in the theme in force."""
        return QColor(theme.current().accent if self._trains else theme.current().text)

    def end_text(self, factor: float) -> str:
        """The last value times the factor of the unit shown, or that it is undefined."""
        end = self.points.last()
        text = significant(end[1] * factor) if end else ""
        return text if text[-1:].isdigit() else tr("undefined")

    def draw(self, low: float, high: float, pixels: int, scales: Scales) -> NDArray[np.float64]:
        """Draws what lies between two x of the data; returns the finite y drawn, as viewed."""
        x, y = self.points.visible(low, high, pixels, log_x=scales.log_x)
        y = np.clip(y * scales.factor, -_HUGE, _HUGE)
        if scales.log_x:
            x, y = np.log10(x[x > 0]), y[x > 0]
        if scales.log_y:
            y = np.log10(np.where(y > 0, y, np.nan))
        finite = np.isfinite(y)
        kept = y[finite]
        whole, smooth = bool(finite.all()), len(x) < _SMOOTH
        self.line.setData(
            x, y, connect="all" if whole else "finite", skipFiniteCheck=whole, antialias=smooth
        )
        calm = smooth and bool(np.abs(np.diff(kept)).sum() < _NOISY * np.ptp([0.0, *kept]))
        pen = line_pen(self.color, self.style, 1.75 if calm else 1.0)
        if pen != self.line.opts["pen"]:
            self.line.setPen(pen)
        return kept


def x_range(curves: Iterable[Curve], scales: Scales) -> tuple[float, float]:
    """The rounded view range of every x; from 0 on where that is not far."""
    above = 0.0 if scales.log_x else -np.inf
    spans = [span for curve in curves if (span := curve.points.span(above))]
    if not spans:
        return (0.0, 1.0 if scales.log_x else 10.0)  # up to step 10 in either case
    low, high = min(s[0] for s in spans), max(s[1] for s in spans)
    if scales.log_x:
        return outward_log(low, high)
    return outward(0.0 if 0 <= low <= max(1.0, 0.2 * high) else low, high)


def y_range(
    shown: Sequence[float], scales: Scales, floor: float | None, ceiling: float | None
) -> tuple[float, float]:
    """The rounded view range of the y shown, given as view coordinates.

    Args:
        shown: least and largest y of each line and reference.
        scales: the axes.
        floor: a plain axis starts here unless a y is lower.
        ceiling: and ends here unless a y is higher.
    """
    finite = [y for y in shown if np.isfinite(y)]
    if scales.log_y:
        return outward_log(10 ** min(finite), 10 ** max(finite)) if finite else (-1.0, 0.0)
    start = None if floor is None else floor * scales.factor
    end = None if ceiling is None else ceiling * scales.factor
    low = min([*finite, *([] if start is None else [start])], default=0.0)
    high = max([*finite, *([] if end is None else [end])], default=low + 1.0)
    rounded = outward(low, high)
    return (low if low == start else rounded[0], high if high == end else rounded[1])


def nearest_x(curves: Iterable[Curve], x: float) -> float | None:
    """The x closest to `x` at which some curve has a point, None without any."""
    points = (curve.points.nearest(x) for curve in curves)
    return min((p[0] for p in points if p), key=lambda known: abs(known - x), default=None)


def hover_text(curves: Sequence[Curve], x: float, titles: tuple[str, str], factor: float) -> str:
    """The exact step nearest to x, and below it each curve's value nearest to that step.

    Args:
        curves: what to read.
        x: where, as in the data.
        titles: of y, its unit in brackets at the end, and of x.
        factor: of the unit shown.
    """
    near = nearest_x(curves, x)
    if near is None:
        return ""
    found = re.search(r"\(([^()]*)\)\s*$", titles[0])
    unit = f" {found[1]}" if found else ""
    lines = [f"{titles[1]} {near:.15g}"]
    for curve in curves:
        if point := curve.points.nearest(near):
            line = f"{curve.name} {point[1] * factor:.6g}{unit}"
            if point[0] != near:
                line = tr("{line} (at {x})").format(line=line, x=f"{point[0]:.15g}")
            lines.append(line)
    return "\n".join(lines)
