"""A field for one of a few alternatives, each with a key that no language changes."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QWidget


class ChoiceField(QComboBox):
    """Shows a text for each key; says which key the user chose."""

    key_chosen = Signal(str)  # by the user, never by set_key

    def __init__(self, characters: int = 8, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # a wheel in passing changes nothing
        self.setMinimumContentsLength(characters)  # a longer text does not widen the panel
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.activated.connect(lambda place: self.key_chosen.emit(self.itemData(place)))

    def set_choices(self, choices: Mapping[str, str]) -> None:
        """The keys and their texts; the key shown stays where it is still there."""
        key = self.key()
        keys = [self.itemData(place) for place in range(self.count())]
        if keys == list(choices):
            for place, text in enumerate(choices.values()):
                self.setItemText(place, text)
            return
        self.clear()
        for one, text in choices.items():
            self.addItem(text, one)
        self.set_key(key)

    def showPopup(self) -> None:
        """Qt's call; the list is as wide as its longest text, however narrow the field."""
        view = self.view()
        view.setMinimumWidth(view.sizeHintForColumn(0) + 24)
        super().showPopup()

    def key(self) -> str:
        """The key shown; "" without choices."""
        return str(self.currentData() or "")

    def set_key(self, key: str) -> None:
        """Shows the text of `key`, if it is one of the choices; emits nothing."""
        if (place := self.findData(key)) >= 0:
            self.setCurrentIndex(place)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Qt's call; without focus the wheel scrolls the panel instead."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
