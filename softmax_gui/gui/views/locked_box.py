"""The test part in the data panel: how many rows are locked, and what a look has told."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from softmax_gui.gui.living import LivingWidget
from softmax_gui.gui.views.split_texts import share_text
from softmax_gui.i18n import tr
from softmax_gui.training.snapshot import Measurement


class LockedBox(LivingWidget):
    """There only while there is a test part."""

    test_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows, self._looks = 0, 0
        self._found: tuple[int, Measurement] | None = None
        self._text, self._button = QLabel(wordWrap=True), QPushButton()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._text, 1)
        layout.addWidget(self._button)
        self._button.clicked.connect(self.test_requested)
        self.retranslate()

    def show_part(
        self, rows: int, looks: int, found: tuple[int, Measurement] | None = None
    ) -> None:
        """So many rows, looked at so often; what the last look told of this run, at which step."""
        self._rows, self._looks, self._found = rows, looks, found
        self.setVisible(rows > 0)
        self.retranslate()

    def retranslate(self) -> None:
        """Sets every text."""
        lines, tip = [_state(self._rows, self._looks)], ""
        if self._found is not None:
            step, measured = self._found
            text = tr("Step {step:,}: {share:.1f} %")
            lines.append(text.format(step=step, share=100 * measured.accuracy))
            tip = tr("Test accuracy: {share}").format(share=share_text(measured))
        self._text.setText("\n".join(lines))
        self._text.setToolTip(tip)
        self._button.setText(tr("Test again…") if self._looks else tr("Test once…"))
        self._button.setToolTip(tr("How good the model is on rows that nobody has looked at."))


def _state(rows: int, looks: int) -> str:
    if not looks:
        return tr("Test part: {rows:,} rows, locked").format(rows=rows)
    text = (
        tr("Test part: {rows:,} rows, 1 look")
        if looks == 1
        else tr("Test part: {rows:,} rows, {looks:,} looks")
    )
    return text.format(rows=rows, looks=looks)
