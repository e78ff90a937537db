"""The model behind a ValueTable: names and values, read only for the rows on screen."""

from __future__ import annotations

import math
import re

import numpy as np
from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor

from softmax_gui.gui import theme
from softmax_gui.i18n import tr

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole

NAME, VALUE = 0, 1  # the columns
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter

_NUMBER = re.compile(r"[+-]?([0-9]+[.,]?[0-9]*|[.,][0-9]+)([eE][+-]?[0-9]+)?")


def shown(value: float) -> str:
    """Three decimals, or three significant digits where three decimals say nothing."""
    return f"{value:.3f}" if value == 0 or 1e-3 <= abs(value) < 1e5 else f"{value:.2e}"


def entered(text: str) -> float | None:
    """The number that `text` names, with decimal point or comma; None if there is none."""
    stripped = text.strip()
    if not _NUMBER.fullmatch(stripped):
        return None
    return float(stripped.replace(",", "."))


class ValueModel(QAbstractTableModel):
    """Two columns, NAME and VALUE; only the second can be edited, within low to high."""

    edited = Signal(int, float)  # the row and its new value; by the user
    refused = Signal(str)  # a sentence: what was typed is no value, and what would be

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.values = np.zeros(0)
        self.names: tuple[str, ...] = ()
        self.low, self.high = -math.inf, math.inf
        self.lit = -1

    def name(self, row: int) -> str:
        """The feature's name; x1..xd by its place where it has none."""
        return self.names[row] if row < len(self.names) else f"x{row + 1}"

    def take(self, values: np.ndarray) -> None:
        """Puts `values` (d,) in place; the caller gives the array away."""
        if values.shape != self.values.shape:
            self.beginResetModel()
            self.values, self.lit = values, -1
            self.endResetModel()
            return
        changed = np.flatnonzero(values != self.values)
        self.values = values
        if changed.size:
            first, last = int(changed[0]), int(changed[-1])
            self.dataChanged.emit(self.index(first, VALUE), self.index(last, VALUE))

    def repaint_row(self, row: int) -> None:
        """Shows a row again; one that is not there is no error."""
        if 0 <= row < len(self.values):
            self.dataChanged.emit(self.index(row, NAME), self.index(row, VALUE))

    def rowCount(self, parent: Index | None = None) -> int:
        """The number of features."""
        return 0 if parent is not None and parent.isValid() else len(self.values)

    def columnCount(self, parent: Index | None = None) -> int:
        """Name and value."""
        return 0 if parent is not None and parent.isValid() else 2

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Only values can be edited."""
        plain = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return plain | Qt.ItemFlag.ItemIsEditable if index.column() == VALUE else plain

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> object:
        """The titles of the two columns."""
        if orientation == Qt.Orientation.Vertical:
            return None
        if role == Role.TextAlignmentRole:
            return RIGHT if section == VALUE else Qt.AlignmentFlag.AlignLeft
        if role == Role.DisplayRole:
            return tr("Value") if section == VALUE else tr("Feature")
        return None

    def data(self, index: Index, role: int = Role.DisplayRole) -> object:
        """Text, exact text for editing and tool tip, alignment and colours of one cell."""
        row, is_value = index.row(), index.column() == VALUE
        colors = theme.current()
        if role == Role.DisplayRole:
            return shown(float(self.values[row])) if is_value else self.name(row)
        if role == Role.EditRole:
            return f"{self.values[row]:.10g}" if is_value else self.name(row)
        if role == Role.ToolTipRole:
            return f"{self.name(row)} = {self.values[row]:.10g}"
        if role == Role.TextAlignmentRole:
            return RIGHT if is_value else Qt.AlignmentFlag.AlignVCenter
        if role == Role.ForegroundRole and not is_value and row != self.lit:
            return QColor(colors.muted)
        if role == Role.BackgroundRole and row == self.lit:
            return theme.mixed(colors.base, colors.accent, 0.22)
        return None

    def setData(self, index: Index, value: object, role: int = Role.EditRole) -> bool:
        """Takes what the user typed, or says in `refused` why not."""
        if role != Role.EditRole or index.column() != VALUE:
            return False
        row, number = index.row(), entered(str(value))
        if number is None or math.isinf(number) or not self.low <= number <= self.high:
            self.refused.emit(self._why_not(row, str(value).strip(), number))
            return False
        if number != self.values[row]:
            self.values = self.values.copy()
            self.values[row] = number
            self.dataChanged.emit(index, index)
            self.edited.emit(row, number)
        return True

    def _why_not(self, row: int, text: str, number: float | None) -> str:
        if number is None:
            sentence = tr("{name}: “{text}” is not a number. Type a value such as 0.35.")
        elif math.isinf(self.low) and math.isinf(self.high):
            sentence = tr("{name}: “{text}” is too large. Type a value such as 0.35.")
        elif math.isinf(self.high):
            sentence = tr("{name}: “{text}” is out of range. Type a value from {low} up.")
        elif math.isinf(self.low):
            sentence = tr("{name}: “{text}” is out of range. Type a value up to {high}.")
        else:
            sentence = tr("{name}: “{text}” is out of range. Type a value from {low} to {high}.")
        return sentence.format(
            name=self.name(row), text=text, low=f"{self.low:g}", high=f"{self.high:g}"
        )
