"""How many rows of each class are predicted as which: a small table of counts."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from softmax_gui.gui import theme
from softmax_gui.gui.widgets.figures import one_line
from softmax_gui.i18n import tr

LONGEST = 24  # characters of a class name
_SHOWN = 10  # classes the table asks room for; more are scrolled
_CIVIDIS = ((0, 32, 76), (65, 77, 107), (124, 123, 120), (188, 175, 111), (255, 234, 70))
_Index = QModelIndex | QPersistentModelIndex
_CENTRE = Qt.AlignmentFlag.AlignCenter


class ConfusionModel(QAbstractTableModel):
    """Counts (q, q), a row a true class, a column a predicted one; asked for cell by cell."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._counts = np.zeros((0, 0), np.int64)
        self._rows = np.zeros(0, np.int64)

    def show(self, names: tuple[str, ...], counts: np.ndarray) -> None:
        """The names of q classes and their counts (q, q)."""
        self.beginResetModel()
        self._names, self._counts, self._rows = names, counts, counts.sum(axis=1)
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Qt's question."""
        return 0 if parent.isValid() else len(self._names)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Qt's question."""
        return self.rowCount(parent)

    def share(self, row: int, column: int) -> float:
        """Of the rows of a class, those that are predicted as another or the same."""
        return float(self._counts[row, column] / max(1, self._rows[row]))

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt's question: count, sentence and colours of a cell."""
        row, column = index.row(), index.column()
        count, share = int(self._counts[row, column]), self.share(row, column)
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{count:,}"
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            text = tr("{count:,} of {rows:,} rows of {truth} are predicted as {said}.")
            truth, said = one_line(self._names[row]), one_line(self._names[column])
            sentence = text.format(count=count, rows=int(self._rows[row]), truth=truth, said=said)
            plain = role == Qt.ItemDataRole.AccessibleTextRole
            return sentence if plain else sentence.replace("<", "&lt;")
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _CENTRE
        if role == Qt.ItemDataRole.BackgroundRole and count:
            return _color(share)
        if role == Qt.ItemDataRole.ForegroundRole:
            if not count:
                return QColor(theme.current().muted)
            return QColor("#FFFFFF" if share < 0.48 else "#000000")
        return None

    def headerData(
        self, section: int, _orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Qt's question: the names of the classes."""
        if role == Qt.ItemDataRole.DisplayRole:
            return one_line(self._names[section])[:LONGEST]
        if role == Qt.ItemDataRole.ToolTipRole:
            return one_line(self._names[section]).replace("<", "&lt;")
        return None


class _Delegate(QStyledItemDelegate):
    """Fills a cell with its colour, which some styles leave to the text's line."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        color = index.data(Qt.ItemDataRole.BackgroundRole)
        rect = option.rect
        if isinstance(color, QColor):
            painter.fillRect(rect, color)
        painter.setPen(index.data(Qt.ItemDataRole.ForegroundRole))
        painter.drawText(rect, _CENTRE, index.data())


class ConfusionTable(QTableView):
    """Shows a ConfusionModel; to be looked at."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.counts = ConfusionModel(self)
        self.setModel(self.counts)
        self.setItemDelegate(_Delegate(self))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setWordWrap(False)
        self.setFont(theme.tabular(self.font()))
        for header in (self.horizontalHeader(), self.verticalHeader()):
            header.setSectionsClickable(False)
            header.setHighlightSections(False)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        self.setAccessibleName(tr("Confusion of the classes"))

    def show_counts(self, names: tuple[str, ...], counts: np.ndarray) -> None:
        """The names of q classes and counts (q, q), a row a true class."""
        self.counts.show(names, counts)
        metrics = self.fontMetrics()
        widest = max(metrics.horizontalAdvance(f"{counts.max(initial=0):,}"), 24)
        for place in range(min(len(names), _SHOWN)):
            header = self.horizontalHeader().sectionSizeHint(place)
            self.setColumnWidth(place, max(widest + 16, min(header, 120)))
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """Qt's question: room for ten classes at most."""
        shown = min(self.counts.rowCount(), _SHOWN)
        side = self.verticalHeader().sizeHint().width()
        wide = side + sum(map(self.columnWidth, range(shown)))
        above = self.horizontalHeader().sizeHint().height()
        high = above + shown * self.verticalHeader().defaultSectionSize()
        bar = self.verticalScrollBar().sizeHint().width()
        more = bar if self.counts.rowCount() > _SHOWN else 0
        return QSize(wide + more + 4, high + more + 4)


def _color(share: float) -> QColor:
    place = np.linspace(0.0, 1.0, len(_CIVIDIS))
    return QColor(*(int(np.interp(share, place, ends)) for ends in zip(*_CIVIDIS, strict=True)))
