"""How far a reading is, and how long it still takes."""

from __future__ import annotations

import time

from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QWidget

from softmax_gui.gui.living import LivingWidget
from softmax_gui.gui.theme import tabular
from softmax_gui.gui.views.import_texts import remaining
from softmax_gui.i18n import tr

_PARTS = 1000  # of the bar
FIRST_S = 1.0  # before, the time that remains is anybody's guess


class ImportProgress(LivingWidget):
    """A bar, and from the second on the time that remains."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._began = time.monotonic()
        self.bar, self._time = QProgressBar(), QLabel()
        self.bar.setRange(0, _PARTS)
        self._time.setFont(tabular(self._time.font()))
        self._time.setMinimumWidth(self._time.fontMetrics().horizontalAdvance("0") * 20)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        layout.addWidget(self.bar, 1)
        layout.addWidget(self._time)
        self.retranslate()
        self.hide()

    def begin(self) -> None:
        """A reading begins now."""
        self._began = time.monotonic()
        self.bar.setValue(0)
        self._time.clear()
        self.show()

    def show_share(self, share: float) -> None:
        """So much is done, 0 to 1."""
        self.bar.setValue(round(_PARTS * share))
        passed = time.monotonic() - self._began
        if passed >= FIRST_S and share > 0:
            self._time.setText(remaining(passed * (1 - share) / share))

    def retranslate(self) -> None:
        """Sets the texts."""
        self.bar.setAccessibleName(tr("Share that is loaded"))
