"""What the model says of the drawn picture: bars per class, argmax, entropy, surprisal."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from softmax_gui.core.information import entropy, surprisal
from softmax_gui.core.models import Dense
from softmax_gui.data.dataset import Split
from softmax_gui.gui import theme
from softmax_gui.gui.living import LivingWidget
from softmax_gui.gui.units import Unit
from softmax_gui.gui.widgets.figures import one_line
from softmax_gui.gui.widgets.live_text import LiveText
from softmax_gui.gui.widgets.probability_bars import ProbabilityBars
from softmax_gui.i18n import tr


class PredictionView(LivingWidget):
    """Logits, probabilities and what follows from them, for one vector and one model."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._split: Split | None = None
        self._model: Dense | None = None
        self._x = np.zeros(0)
        self._probabilities = np.zeros(0)
        self._unit = Unit.NAT
        self.bars = ProbabilityBars()
        self._verdict, self._surprisal = LiveText(), LiveText()
        self._entropy = LiveText("0.0000 nat (at most 0.0000 nat)")
        self._captions = {key: QLabel() for key in ("verdict", "entropy", "label", "surprisal")}
        self._label = QComboBox()
        self._label.activated.connect(self._tell)
        self._lay_out()
        self.retranslate()

    def show_data(self, split: Split) -> None:
        """Other rows or classes; the model of the data before is forgotten."""
        self._split, self._model, self._probabilities = split, None, np.zeros(0)
        names = split.dataset.class_names
        self.bars.set_classes(names)
        for label in (self._verdict, self._entropy, self._surprisal):
            label.set_text("")
        items = [one_line(name)[:40] for name in names]
        if items != [self._label.itemText(place) for place in range(self._label.count())]:
            self._label.clear()
            self._label.addItems(items)

    def show_model(self, model: Dense) -> None:
        """The newest weights: W (d, q), b (q,)."""
        self._model = model
        self._predict()

    def show_vector(self, x: np.ndarray) -> None:
        """The drawn vector (d,), scaled as the model wants it."""
        self._x = x
        self._predict()

    def show_label(self, label: int) -> None:
        """The class whose surprisal is told."""
        self._label.setCurrentIndex(label)
        self._tell()

    def show_unit(self, unit: Unit) -> None:
        """Entropy and surprisal in `unit` from now on."""
        self._unit = unit
        self._tell()

    def probabilities(self) -> np.ndarray:
        """(q,): as shown."""
        return self._probabilities

    def retranslate(self) -> None:
        """Sets every text."""
        for key, text in (
            ("verdict", tr("Prediction")), ("entropy", tr("Entropy")),
            ("label", tr("If the label is")), ("surprisal", tr("Surprisal")),
        ):  # fmt: skip
            self._captions[key].setText(text)
        self._label.setAccessibleName(tr("Label"))
        self._entropy.setToolTip(
            tr("H = −Σ p log p: the surprisal to expect. 0 when certain, ln q when clueless.")
        )
        self._surprisal.setToolTip(
            tr("−log p of that class: the loss of this one example if that is its label.")
        )
        self._tell()

    def _lay_out(self) -> None:
        facts = QGridLayout()
        facts.setHorizontalSpacing(12)
        facts.setVerticalSpacing(2)
        rows = (self._verdict, self._entropy, self._label, self._surprisal)
        for row, (caption, widget) in enumerate(zip(self._captions.values(), rows, strict=True)):
            facts.addWidget(caption, row, 0)
            facts.addWidget(widget, row, 1)
            caption.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        facts.setColumnStretch(1, 1)
        for label in (self._verdict, self._entropy, self._surprisal):
            label.setFont(theme.tabular(label.font()))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addWidget(self.bars, 1)
        layout.addLayout(facts)

    def _predict(self) -> None:
        if self._model is None or self._x.shape != (self._model.d,):
            return
        logits = np.asarray(self._model.logits(self._x))
        self._probabilities = np.asarray(self._model.probabilities(self._x))
        self.bars.show_prediction(logits, self._probabilities)
        self._tell()

    def _tell(self) -> None:
        p = self._probabilities
        if self._split is None or len(p) != self._split.dataset.q:
            return
        top = int(np.argmax(p))
        name = one_line(self._split.dataset.class_names[top])[:24]
        certain = np.isfinite(p).all()
        ties = int((p == p[top]).sum()) > 1
        if not certain:
            self._verdict.set_text(tr("undefined"))
        elif ties:
            self._verdict.set_text(tr("a tie: {name} comes first").format(name=name))
        else:
            self._verdict.set_text(f"{name}  {p[top]:.3f}")
        most = tr("{value} (at most {most})")
        self._entropy.set_text(
            most.format(
                value=self._unit.text(float(entropy(p))), most=self._unit.text(math.log(len(p)))
            )
        )
        label = max(0, self._label.currentIndex())
        self._surprisal.set_text(self._unit.text(float(surprisal(p[label]))))
