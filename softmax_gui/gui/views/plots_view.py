"""The pictures that move while it learns: loss, accuracy and the weights of each class."""

from __future__ import annotations

import math

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtWidgets import QLabel, QSplitter, QVBoxLayout, QWidget

from softmax_gui.data.dataset import Split
from softmax_gui.gui import theme
from softmax_gui.gui.living import LivingWidget
from softmax_gui.gui.units import Unit, significant
from softmax_gui.gui.widgets.curve_plot import CurvePlot, Reference, Series
from softmax_gui.gui.widgets.weight_mosaic import WeightMosaic
from softmax_gui.i18n import tr
from softmax_gui.training.history import HistoryView
from softmax_gui.training.snapshot import Measurement, Snapshot

SHARES = [270, 190, 240]  # of the height: loss, accuracy, weights
_SERIES = (Series("train", "training"), Series("validation", "validation"))


class PlotsView(LivingWidget):
    """Draws snapshots of one run, newest only; keeps every measured point."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._split: Split | None = None
        self._snapshot: Snapshot | None = None
        self._unit = Unit.NAT
        self._drawn_rows, self._generation, self._source = 0, -1, None
        self.loss = CurvePlot("loss", _SERIES, y_floor=0.0)
        self.accuracy = CurvePlot("accuracy", _SERIES, y_floor=0.0, y_ceiling=1.0)
        self.weights = WeightMosaic()
        self._titles = {key: QLabel() for key in ("loss", "accuracy", "weights")}
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        for key, figure in (("loss", self.loss), ("accuracy", self.accuracy),
                            ("weights", self.weights)):  # fmt: skip
            self._splitter.addWidget(self._titled(key, figure))
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setSizes(SHARES)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._splitter)
        self.retranslate()

    def show_data(self, split: Split) -> None:
        """Other data: empty curves, other classes and reference lines."""
        self._split, self._snapshot = split, None
        self._forget_curves()
        data = split.dataset
        self.weights.set_classes(data.class_names, data.image_shape, data.feature_names)
        self._refer()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Appends what was measured since the last one, and draws."""
        self._snapshot = snapshot
        self._append(snapshot.history)
        self.weights.show_weights(snapshot.model.W, snapshot.model.b)
        self.loss.redraw()
        self.accuracy.redraw()
        self._caption()

    def show_unit(self, unit: Unit) -> None:
        """Losses in `unit` from now on; the measurements themselves stay as they are."""
        self._unit = unit
        self.loss.set_scale(unit.per_nat)
        self.retranslate()
        self.loss.redraw()

    def set_log_step(self, on: bool) -> None:
        """Both step axes logarithmic or even."""
        for plot in (self.loss, self.accuracy):
            plot.set_log_x(on)
            plot.redraw()

    def set_log_loss(self, on: bool) -> None:
        """The loss axis logarithmic or even."""
        self.loss.set_log_y(on)
        self.loss.redraw()

    def layout_state(self) -> str:
        """How the space is shared, as text for the settings."""
        return bytes(self._splitter.saveState().toBase64().data()).decode()

    def restore_layout(self, state: str) -> None:
        """Shares the space as layout_state said; nonsense is ignored."""
        self._splitter.restoreState(QByteArray.fromBase64(state.encode()))

    def reset_layout(self) -> None:
        """Shares the space as on the first start."""
        self._splitter.setSizes(SHARES)

    def retranslate(self) -> None:
        """Sets every text."""
        self.loss.set_titles(
            tr("Loss ({unit})").format(unit=self._unit.value), tr("Step (minibatches)")
        )
        self.accuracy.set_titles(tr("Accuracy"), tr("Step (minibatches)"))
        names = {"train": tr("training"), "validation": tr("validation")}
        for plot in (self.loss, self.accuracy):
            plot.set_series_names(names)
            plot.set_empty_text(tr("Press Train to see it fall."))
        self.accuracy.set_empty_text(tr("Press Train to see it rise."))
        self.weights.setAccessibleName(tr("Weights"))
        self._refer()
        self._caption()

    def _titled(self, key: str, figure: QWidget) -> QWidget:
        box = QWidget()
        layout = QVBoxLayout(box)
        layout.setContentsMargins(8, 4, 8, 0)
        layout.setSpacing(2)
        layout.addWidget(self._titles[key])
        layout.addWidget(figure, 1)
        self._titles[key].setTextFormat(Qt.TextFormat.PlainText)
        self._titles[key].setFont(theme.tabular(self.font()))
        figure.setMinimumHeight(90)
        return box

    def _forget_curves(self) -> None:
        self.loss.clear()
        self.accuracy.clear()
        self._drawn_rows = 0

    def _append(self, history: HistoryView) -> None:
        if history.generation != self._generation:
            self._forget_curves()
            self._generation = history.generation
        start = self._drawn_rows
        if len(history) > start:
            step = history.column("step", start)
            for plot, what in ((self.loss, "loss"), (self.accuracy, "accuracy")):
                plot.append(step, {
                    "train": history.column(f"train_{what}", start),
                    "validation": history.column(f"validation_{what}", start),
                })  # fmt: skip
            self._drawn_rows = len(history)

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
        self.accuracy.set_references([Reference(share, tr("largest class"))])

    def _caption(self) -> None:
        self._titles["weights"].setText(
            tr("Weights: one picture a class, one scale") if self._has_pictures()
            else tr("Weights: a column a class, one scale")
        )  # fmt: skip
        if self._snapshot is None:
            self._titles["loss"].setText(tr("Loss"))
            self._titles["accuracy"].setText(tr("Accuracy"))
            return
        self._titles["loss"].setText(self._loss_text(self._snapshot))
        text = tr("Accuracy: {train} on training, {validation} on validation data")
        self._titles["accuracy"].setText(
            text.format(
                train=_accuracy(self._snapshot.train),
                validation=_accuracy(self._snapshot.validation),
            )
        )

    def _loss_text(self, snapshot: Snapshot) -> str:
        floor = self._split.dataset.floor if self._split else None
        validation = self._unit.text(snapshot.validation.loss)
        if floor is None:
            return tr("Loss: {validation} on validation data").format(validation=validation)
        gap = (snapshot.validation.loss - floor) * self._unit.per_nat
        text = (
            tr("Loss: {validation} on validation data, {gap} above the floor")
            if gap >= 0
            else tr("Loss: {validation} on validation data, {gap} below the floor, by luck")
        )
        return text.format(validation=validation, gap=significant(abs(gap), 2))

    def _has_pictures(self) -> bool:
        return self._split is not None and self._split.dataset.image_shape is not None


def _accuracy(measured: Measurement) -> str:
    if not measured.total:
        return tr("no examples")
    return f"{100 * measured.accuracy:.1f} % ({measured.correct:,} / {measured.total:,})"
