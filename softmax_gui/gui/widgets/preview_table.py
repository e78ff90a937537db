"""The first rows of a table as they were understood: the labels tinted, what is unused gray."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QEvent, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QTableView, QWidget

from softmax_gui.gui import theme
from softmax_gui.gui.widgets.figures import one_line
from softmax_gui.i18n import tr

LONGEST = 60  # characters of a cell
_WIDTH, _WIDEST, _MEASURED = 88, 220, 60  # pixels of a column; columns that are measured
_PADDING = 18  # of a cell, both sides
_NUMBER = re.compile(r"\s*[-+]?[\d.,]+([eE][-+]?\d+)?\s*")
_Index = QModelIndex | QPersistentModelIndex
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class PreviewModel(QAbstractTableModel):
    """Texts of cells, asked for one by one: a hundred thousand columns cost nothing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._columns: Sequence[str] = ()
        self._rows: Sequence[Sequence[str]] = ()
        self._labels: frozenset[int] = frozenset()
        self._unused: frozenset[int] = frozenset()

    def show(
        self, columns: Sequence[str], rows: Sequence[Sequence[str]],
        labels: Collection[int] = (), unused: Collection[int] = (),
    ) -> None:  # fmt: skip
        """Rows of texts; the places of label columns and of columns that are no features."""
        self.beginResetModel()
        self._columns, self._rows = columns, rows
        self._labels, self._unused = frozenset(labels), frozenset(unused)
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Qt's question."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Qt's question."""
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt's question: text, alignment and colours of a cell."""
        place, colors = index.column(), theme.current()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return one_line(self._cell(index))[: LONGEST if role == 0 else None]
        if role == Qt.ItemDataRole.TextAlignmentRole and _NUMBER.fullmatch(self._cell(index)):
            return _RIGHT
        if role == Qt.ItemDataRole.BackgroundRole and place in self._labels:
            return theme.mixed(colors.accent, colors.base, 0.8)
        if role == Qt.ItemDataRole.ForegroundRole and place in self._unused:
            return QColor(theme.mixed(colors.muted, colors.base, 0.35))
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Qt's question: the names of the columns with what they are for; rows count from 1."""
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        if orientation == Qt.Orientation.Vertical:
            return str(section + 1)
        name = one_line(self._columns[section])[:LONGEST]
        if section in self._labels:
            return tr("{name} (label)").format(name=name)
        if section in self._unused:
            return tr("{name} (not used)").format(name=name)
        return name

    def _cell(self, index: _Index) -> str:
        row = self._rows[index.row()]
        return row[index.column()] if index.column() < len(row) else ""


class PreviewTable(QTableView):
    """Shows a PreviewModel; to be looked at, not to be edited."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model_of_rows = PreviewModel(self)
        self.setModel(self.model_of_rows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setWordWrap(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.horizontalHeader().setDefaultSectionSize(_WIDTH)
        self.horizontalHeader().setSectionsClickable(False)
        self.verticalHeader().setSectionsClickable(False)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        self.setAccessibleName(tr("First rows"))

    def show_rows(
        self, columns: Sequence[str], rows: Sequence[Sequence[str]],
        labels: Collection[int] = (), unused: Collection[int] = (),
    ) -> None:  # fmt: skip
        """As PreviewModel.show, with columns as wide as they need to be."""
        self.model_of_rows.show(columns, rows, labels, unused)
        for place in range(min(len(columns), _MEASURED)):
            header = self.horizontalHeader().sectionSizeHint(place)
            # Qt's own measure asks for each role of each cell: 80 ms for 60 columns.
            longest = max((row[place] for row in rows if place < len(row)), key=len, default="")
            cell = self.fontMetrics().horizontalAdvance(one_line(longest[:LONGEST]))
            wanted = max(cell + _PADDING, header)
            self.setColumnWidth(place, min(max(wanted, 48), _WIDEST))

    def changeEvent(self, event: QEvent) -> None:
        """Qt's call; headers and cells are asked for their texts and colours again anyway."""
        if event.type() == QEvent.Type.LanguageChange:
            self.setAccessibleName(tr("First rows"))
        super().changeEvent(event)
