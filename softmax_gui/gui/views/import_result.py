"""What a file comes to: its size in a line, the classes in their order, what was noticed."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QListWidget, QWidget

from softmax_gui.data.preview import Preview
from softmax_gui.gui.living import LivingWidget
from softmax_gui.gui.views import import_texts as texts
from softmax_gui.gui.widgets.class_order import ClassOrder
from softmax_gui.i18n import tr


class ImportResult(LivingWidget):
    """Shows a Preview's consequences; the order of the classes can be changed."""

    order_changed = Signal(object)  # the names in their new order

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._preview = Preview("")
        self._size, self._classes_title, self._notes_title = QLabel(), QLabel(), QLabel()
        self.classes, self.notes = ClassOrder(), QListWidget()
        self.classes.order_changed.connect(self.order_changed)
        self.notes.setWordWrap(True)
        self.notes.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        self.notes.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        font = self._size.font()
        font.setBold(True)
        self._size.setFont(font)
        self._size.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(4)
        layout.setHorizontalSpacing(16)
        layout.addWidget(self._size, 0, 0, 1, 2)
        layout.setRowMinimumHeight(2, 96)  # nothing jumps where there is nothing to tell
        for column, (title, content) in enumerate(
            ((self._classes_title, self.classes), (self._notes_title, self.notes))
        ):
            layout.addWidget(title, 1, column)
            layout.addWidget(content, 2, column)
            layout.setColumnStretch(column, 2 + column)
        layout.setRowStretch(2, 1)
        self.retranslate()

    def show_preview(self, preview: Preview) -> None:
        """Shows what reading leads to; emits nothing."""
        self._preview = preview
        self.classes.show_classes(preview.classes)
        self.notes.clear()
        self.notes.addItems(list(preview.notes))
        self.classes.setVisible(bool(preview.classes))
        self._classes_title.setVisible(bool(preview.classes))
        self.notes.setVisible(bool(preview.notes))
        self._notes_title.setVisible(bool(preview.notes))
        self.retranslate()

    def retranslate(self) -> None:
        """Sets every text."""
        self._size.setText(texts.summary(self._preview))
        title = tr("Classes, in this order") if self._preview.exact else tr("Classes seen so far")
        self._classes_title.setText(title)
        self._notes_title.setText(tr("Noticed"))
        self.notes.setAccessibleName(tr("What was noticed in the file"))
