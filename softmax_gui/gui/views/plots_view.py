"""The pictures that move while it learns: loss, accuracy and the weights of each class."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from softmax_gui.data.dataset import Split
from softmax_gui.gui import theme
from softmax_gui.gui.living import LivingWidget
from softmax_gui.gui.units import Unit, significant
from softmax_gui.gui.views.split_texts import weights_title
from softmax_gui.gui.widgets.live_text import LiveText
from softmax_gui.gui.widgets.weight_mosaic import WeightMosaic
from softmax_gui.i18n import tr
from softmax_gui.training.snapshot import Measurement, Snapshot

if TYPE_CHECKING:
    from softmax_gui.gui.views.curves_view import Curves

SHARES = [255, 175, 280]  # of the height: loss, accuracy, weights


class PlotsView(LivingWidget):
    """Draws snapshots of one run, newest only, with a line above each plot that says it in words.

    The curves come with `complete`, after the window's first paint: pyqtgraph takes 0.2 s to
    import, a third of the whole start.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._split: Split | None = None
        self._snapshot: Snapshot | None = None
        self._unit = Unit.NAT
        self._curves: Curves | None = None
        self.weights = WeightMosaic()
        self._titles = {key: LiveText() for key in ("loss", "accuracy", "weights")}
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._boxes = {key: self._titled(label) for key, label in self._titles.items()}
        self._put("weights", self.weights)
        self._splitter.setChildrenCollapsible(False)
        self.reset_layout()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._splitter)
        self.retranslate()

    def complete(self) -> Curves:
        """Adds the plots of loss and accuracy, once."""
        if self._curves is None:
            from softmax_gui.gui.views.curves_view import Curves  # noqa: PLC0415 - see the class

            self._curves = Curves()
            self._put("loss", self._curves.loss)
            self._put("accuracy", self._curves.accuracy)
            self._curves.show_unit(self._unit)
            if self._split is not None:
                self._curves.show_data(self._split)
        return self._curves

    def show_data(self, split: Split) -> None:
        """Other data: empty curves, other classes and reference lines."""
        self._split, self._snapshot = split, None
        data = split.dataset
        self.weights.set_classes(data.class_names, data.image_shape, data.feature_names)
        self.complete().show_data(split)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Appends what was measured since the last one, and draws."""
        self._snapshot = snapshot
        self.complete().show_solver(snapshot.config.solver != "minibatch")
        self.complete().show_history(snapshot.history)
        self.weights.show_weights(snapshot.model.W, snapshot.model.b)
        self._caption()

    def show_unit(self, unit: Unit) -> None:
        """Losses in `unit` from now on; the measurements themselves stay as they are."""
        self._unit = unit
        if self._curves is not None:
            self._curves.show_unit(unit)
        self._caption()

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
        if self._curves is not None:
            self._curves.retranslate()
        self.weights.setAccessibleName(tr("Weights"))
        self._caption()

    def _titled(self, title: LiveText) -> QWidget:
        box = QWidget()
        layout = QVBoxLayout(box)
        layout.setContentsMargins(8, 4, 8, 0)
        layout.setSpacing(2)
        layout.addWidget(title)
        title.setFont(theme.tabular(self.font()))
        self._splitter.addWidget(box)
        return box

    def _put(self, key: str, figure: QWidget) -> None:
        layout = self._boxes[key].layout()
        assert isinstance(layout, QVBoxLayout)  # noqa: S101 - set in _titled
        layout.addWidget(figure, 1)
        figure.setMinimumHeight(90)

    def _caption(self) -> None:
        self._titles["weights"].set_text(weights_title(self._split))
        if self._snapshot is None:
            self._titles["loss"].set_text(tr("Loss"))
            self._titles["accuracy"].set_text(tr("Accuracy"))
            return
        self._titles["loss"].set_text(self._loss_text(self._snapshot))
        text = tr("Accuracy: {share} on validation data")
        self._titles["accuracy"].set_text(text.format(share=_counted(self._snapshot.validation)))

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


def _share(measured: Measurement) -> str:
    share = measured.accuracy
    return f"{100 * share:.1f} %" if math.isfinite(share) else tr("no examples")


def _counted(measured: Measurement) -> str:
    counts = tr("{correct:,} of {total:,}").format(correct=measured.correct, total=measured.total)
    return f"{_share(measured)} ({counts})" if measured.total else _share(measured)
