"""Says at the bottom of the window that the rows of a run stay on disk, and how many they are."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStatusBar

from softmax_gui.data.dataset import Split
from softmax_gui.data.stored_split import SampledSplit
from softmax_gui.gui.living import LivingWidget
from softmax_gui.gui.run_config import LoadRequest
from softmax_gui.i18n import tr


class StoredView(LivingWidget):
    """A word in the status bar, there only while rows are read from disk."""

    def __init__(self, bar: QStatusBar) -> None:
        super().__init__()
        self._split: Split | None = None
        self._word = QLabel()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._word)
        bar.addPermanentWidget(self)
        self.hide()
        self.retranslate()

    @Slot(object)
    def show_data(self, loaded: tuple[LoadRequest, Split]) -> None:
        """Other data are loaded, with their Split."""
        self._split = loaded[1]
        self.setVisible(isinstance(self._split, SampledSplit))
        self.retranslate()

    def retranslate(self) -> None:
        """Sets the word and its tool tip."""
        self._word.setText(tr("Rows on disk"))
        if isinstance(self._split, SampledSplit):
            self.setToolTip("\n".join((*self._split.dataset.notes, *self._split.notes)))
