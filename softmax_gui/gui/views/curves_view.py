"""Loss and accuracy over the steps of one run: every measured point, reference lines, units."""

from __future__ import annotations

import math

from softmax_gui.data.dataset import Split
from softmax_gui.gui.units import Unit
from softmax_gui.gui.widgets.curve_plot import CurvePlot, Reference, Series
from softmax_gui.i18n import tr
from softmax_gui.training.history import HistoryView

_SERIES = (Series("train", "training"), Series("validation", "validation"))


class Curves:
    """The two plots, fed with the same history; importing this module imports pyqtgraph."""

    def __init__(self) -> None:
        self.loss = CurvePlot("loss", _SERIES, y_floor=0.0)
        self.accuracy = CurvePlot("accuracy", _SERIES, y_floor=0.0, y_ceiling=1.0)
        self._split: Split | None = None
        self._unit, self._solving = Unit.NAT, False
        self._rows, self._generation = 0, -1  # of the history, on the plots already

    def show_data(self, split: Split) -> None:
        """Other data: empty curves, other reference lines."""
        self._split = split
        self._forget()
        self._refer()

    def show_history(self, history: HistoryView) -> None:
        """Takes what was measured since the last call, and draws."""
        if history.generation != self._generation or len(history) < self._rows:
            self._forget()
            self._generation = history.generation
        start, self._rows = self._rows, len(history)
        if len(history) > start:
            step = history.column("step", start)
            for plot, what in ((self.loss, "loss"), (self.accuracy, "accuracy")):
                series = ("train", "validation")
                plot.append(step, {key: history.column(f"{key}_{what}", start) for key in series})
        self.loss.redraw()
        self.accuracy.redraw()

    def show_unit(self, unit: Unit) -> None:
        """Losses in `unit` from now on; the measurements themselves stay as they are."""
        self._unit = unit
        self.loss.set_scale(unit.per_nat)
        self.retranslate()

    def show_solver(self, solving: bool) -> None:
        """Whether a step is an iteration of a solver or a minibatch."""
        if solving != self._solving:
            self._solving = solving
            self.retranslate()

    def set_log_step(self, on: bool) -> None:
        """Both step axes logarithmic or even."""
        self.loss.set_log_x(on)
        self.accuracy.set_log_x(on)

    def set_log_loss(self, on: bool) -> None:
        """The loss axis logarithmic or even."""
        self.loss.set_log_y(on)

    def retranslate(self) -> None:
        """Sets every text."""
        names = {"train": tr("training"), "validation": tr("validation")}
        step = tr("Step (iterations)") if self._solving else tr("Step (minibatches)")
        for plot, title, name in (
            (self.loss, tr("Loss ({unit})").format(unit=self._unit.value), tr("Loss")),
            (self.accuracy, tr("Accuracy"), tr("Accuracy")),
        ):
            plot.set_titles(title, step)
            plot.set_series_names(names)
            plot.setAccessibleName(name)
            plot.canvas.setAccessibleName(name)  # it is the canvas that has the focus
        self.loss.set_empty_text(tr("Press Train to see it fall."))
        self.accuracy.set_empty_text(tr("Press Train to see it rise."))
        self._refer()

    def _forget(self) -> None:
        self.loss.clear()
        self.accuracy.clear()
        self._rows = 0

    def _refer(self) -> None:
        if self._split is None:
            return
        data = self._split.dataset
        log = "ln" if self._unit is Unit.NAT else "log₂"
        lines = [Reference(math.log(data.q), f"{log} {data.q}")] if data.q > 1 else []
        if data.floor is not None:
            lines.append(Reference(data.floor, tr("floor H(Y|X)")))
        self.loss.set_references(lines)
        share = float(data.counts.max()) / data.n
        known = self._split.train.n > 0  # of a run that is watched there are no rows
        self.accuracy.set_references([Reference(share, tr("largest class"))] if known else [])
