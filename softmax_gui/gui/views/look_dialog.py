"""Asks before the test part is looked at, says what that costs, and shows what it tells."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from softmax_gui.export.evaluation import wilson_interval
from softmax_gui.gui.units import Unit
from softmax_gui.gui.views.split_texts import share_text
from softmax_gui.gui.widgets.confusion_table import ConfusionTable
from softmax_gui.i18n import tr
from softmax_gui.training.snapshot import Measurement

WIDTH = 420


class LookDialog(QDialog):
    """Two pages in one place: the question, then the answer."""

    look_requested = Signal()

    def __init__(self, rows: int, looks: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Test part"))
        self._title, self._text, self._below = QLabel(), QLabel(), QLabel()
        self.table = ConfusionTable()
        self.look_button, self.close_button = QPushButton(tr("Look now")), QPushButton(tr("Cancel"))
        self._lay_out()
        self.look_button.clicked.connect(self._look)
        self.close_button.clicked.connect(self.reject)
        self._title.setText(tr("{rows:,} rows that training has not seen").format(rows=rows))
        self._text.setText(cost_text(looks))

    def show_result(
        self, measured: Measurement, step: int, unit: Unit, looks: int, *, soft: bool
    ) -> None:
        """What the look told of the model of a step; `looks` counts it too."""
        self._title.setText(tr("Test accuracy: {share}").format(share=share_text(measured)))
        low, high = wilson_interval(measured.correct, measured.total)
        lines = [
            tr("95 % confidence interval: {low:.1f} % to {high:.1f} %.")
            .format(low=100 * low, high=100 * high),
            tr("Loss: {loss}, at step {step:,}.").format(loss=unit.text(measured.loss), step=step),
        ]  # fmt: skip
        if soft:
            lines.append(tr("The labels are soft: the class with the largest share is the label."))
        if looks > 1:
            text = tr("This was look {looks:,}: take the figures for a little too good.")
            lines.append(text.format(looks=looks))
        self._text.setText("\n".join(lines))
        self.look_button.hide()
        self.close_button.setText(tr("Close"))
        self.close_button.setEnabled(True)
        self.close_button.setFocus()

    def show_confusion(self, names: tuple[str, ...], counts: np.ndarray) -> None:
        """Counts (q, q), a row a true class."""
        self.table.show_counts(names, counts)
        self.table.show()
        self._below.setText(tr("A row is a true class, a column what the model says."))
        self._below.show()
        self.adjustSize()

    def offer_again(self) -> None:
        """Nothing came of the look: it can be asked for once more."""
        self.look_button.setEnabled(True)

    def _look(self) -> None:
        self.look_button.setEnabled(False)
        self.look_requested.emit()

    def _lay_out(self) -> None:
        font = self._title.font()
        font.setPointSizeF(font.pointSizeF() * 1.2)
        font.setBold(True)
        self._title.setFont(font)
        for label in (self._title, self._text, self._below):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setMinimumWidth(WIDTH)
        self._below.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.look_button.setAutoDefault(False)  # Enter alone costs nothing
        self.close_button.setDefault(True)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        buttons.addWidget(self.look_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(8)
        for one in (self._title, self._text, self.table, self._below):
            layout.addWidget(one, 1 if one is self.table else 0)
        layout.addSpacing(8)
        layout.addLayout(buttons)
        self.table.hide()
        self._below.hide()


def cost_text(looks: int) -> str:
    """What a look costs, where there were so many before."""
    cost = tr(
        "Look once, at the end. Whoever changes settings after a look fits them to these rows too,"
        " and their figures are then too good."
    )
    if not looks:
        return cost
    before = (
        tr("They were looked at once before.")
        if looks == 1
        else tr("They were looked at {looks:,} times before.").format(looks=looks)
    )
    return f"{before} {cost}"
