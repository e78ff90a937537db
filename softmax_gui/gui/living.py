"""What every widget with texts or colours of its own shares: it follows language and theme."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QWidget


class LivingWidget(QWidget):
    """A widget that says its texts again when the language changes, and its colours likewise.

    A subclass sets every text in `retranslate` and every colour it does not look up while
    painting in `restyle`, and calls both at the end of its constructor.
    """

    def retranslate(self) -> None:
        """Sets every text the widget shows, its accessible name among them."""

    def restyle(self) -> None:
        """Takes over the colours of theme.current()."""

    def changeEvent(self, event: QEvent) -> None:
        """Qt's call; a language or palette change reaches the two methods above."""
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        elif event.type() == QEvent.Type.PaletteChange:
            self.restyle()
            self.update()
        super().changeEvent(event)
