"""Where a weight decay and a loss lie on the plot of a path of weight decays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF

from softmax_gui.gui.widgets.ranges import outward, outward_log


@dataclass(frozen=True)
class DecayPoint:
    """One weight decay and what came of it; losses in nats, the accuracy in [0, 1]."""

    decay: float
    training: float
    validation: float
    standard_error: float  # of the validation loss; NaN where there is none
    accuracy: float

    @property
    def bar(self) -> tuple[float, float]:
        """The ends of its error bar."""
        error = self.standard_error if math.isfinite(self.standard_error) else 0.0
        return self.validation - error, self.validation + error


class DecayScales:
    """A logarithmic axis of decays and a plain one of losses, rounded around the points."""

    def __init__(self, points: Sequence[DecayPoint], factor: float, area: QRectF) -> None:
        self._points, self._factor, self._area = points, factor, area
        decays = [p.decay for p in points if p.decay > 0]
        losses = [factor * loss for p in points for loss in (p.training, *p.bar)]
        finite = [loss for loss in losses if math.isfinite(loss)] or [0.0, 1.0]
        self.across = outward_log(min(decays), max(decays)) if decays else (-1.0, 0.0)
        self.up = outward(min(finite), max(finite))

    def x(self, decay: float) -> float:
        """The column of a decay; that of 0 is the first."""
        low, high = self.across
        exponent = math.log10(decay) if decay > 0 else low
        return float(self._area.left() + (exponent - low) / (high - low) * self._area.width())

    def y(self, nats: float) -> float:
        """The row of a loss; one that is not finite is drawn at the top."""
        low, high = self.up
        share = (self._factor * nats - low) / (high - low)
        share = share if math.isfinite(share) else 1.0
        return float(self._area.bottom() - share * self._area.height())

    def pixel(self, place: int) -> QPointF:
        """The place of a point's validation loss."""
        return QPointF(self.x(self._points[place].decay), self.y(self._points[place].validation))

    def ordered(self) -> list[int]:
        """The places of the points by ascending decay."""
        return sorted(range(len(self._points)), key=lambda place: self._points[place].decay)
