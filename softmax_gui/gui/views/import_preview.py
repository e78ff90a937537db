"""The start of a file as it was understood: its first rows or pictures."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QStackedWidget, QWidget

from softmax_gui.data.preview import Preview
from softmax_gui.gui.views.import_texts import column_place
from softmax_gui.gui.widgets.picture_strip import PictureStrip
from softmax_gui.gui.widgets.preview_table import PreviewTable
from softmax_gui.i18n import tr


class ImportPreview(QStackedWidget):
    """Rows, pictures, or a word where there is neither."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.word, self.table, self.pictures = QLabel(), PreviewTable(), PictureStrip()
        self.word.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.word.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        for page in (self.word, self.table, self.pictures):
            self.addWidget(page)
        self.setMinimumHeight(120)
        self.say(tr("Looking at the file…"))

    def say(self, text: str) -> None:
        """A word in the place of rows."""
        self.word.setText(text)
        self.setCurrentWidget(self.word)

    def show_preview(self, preview: Preview) -> None:
        """Its pictures, or else its rows, or else the arrays it holds."""
        if preview.pictures:
            self.pictures.show_pictures(preview.pictures, preview.picture_names)
            self.setCurrentWidget(self.pictures)
        elif preview.rows:
            self._show_rows(preview)
            self.setCurrentWidget(self.table)
        elif preview.keys:
            header = (tr("Array"), tr("Shape"), tr("Type"))
            rows = [(name, " × ".join(map(str, shape)), kind) for name, shape, kind in preview.keys]
            self.table.show_rows(header, rows)
            self.setCurrentWidget(self.table)
        else:
            self.say(tr("There is nothing to show of this file."))

    def _show_rows(self, preview: Preview) -> None:
        columns, guessed = preview.columns, preview.guessed
        if not columns:
            columns = tuple(f"x{place}" for place in range(1, len(preview.rows[0]) + 1))
        labels = {
            column_place(name, columns) for name in (guessed.label_column, *guessed.target_columns)
        }
        unused = {
            column_place(one, columns) for one in (guessed.group_column, guessed.split_column)
        }
        self.table.show_rows(columns, preview.rows, labels - {-1}, unused - {-1})
