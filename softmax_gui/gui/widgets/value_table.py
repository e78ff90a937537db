"""The features of one example as a table of names and values, with typed entry."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QLineEdit,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from softmax_gui.gui import theme
from softmax_gui.gui.living import LivingWidget
from softmax_gui.gui.widgets.value_model import NAME, RIGHT, VALUE, Index, Role, ValueModel
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from collections.abc import Sequence


_MOST_ROWS = 8  # that the table asks room for; more are scrolled
_FEWEST_ROWS = 3
_MOST_MEASURED = 100  # names whose width is looked at
_NARROWEST_NAME, _WIDEST_NAME = 56, 160  # pixels


class _Delegate(QStyledItemDelegate):
    """A plain field for one value; new values do not overwrite what is half typed."""

    def __init__(self, view: QTableView) -> None:
        super().__init__(view)
        self._view = view

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        if self._view.hasFocus() and index == self._view.currentIndex():
            pen = QPen(QColor(theme.current().accent), 2)
            pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
            painter.setPen(pen)
            painter.drawRect(
                self._view.visualRect(self._view.currentIndex()).adjusted(1, 1, -1, -1)
            )

    def createEditor(
        self, parent: QWidget, _option: QStyleOptionViewItem, _index: Index
    ) -> QWidget:
        editor = QLineEdit(parent, frame=False, alignment=RIGHT)
        editor.setAutoFillBackground(True)
        return editor

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        if isinstance(editor, QLineEdit) and not editor.isModified():
            editor.setText(str(index.data(Role.EditRole)))
            editor.selectAll()

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        # Untouched, it would still cut the value to the digits shown.
        if isinstance(editor, QLineEdit) and editor.isModified():
            model.setData(index, editor.text())


class ValueTable(LivingWidget):
    """The vector x1..xd: a row a feature, its value typed with decimal point or comma."""

    value_edited = Signal(int, float)  # the feature's index from 0 and its value; by the user
    entry_refused = Signal(str)  # a sentence: what was typed is no value, and what would be

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model, self._view = ValueModel(self), QTableView(self)
        self._model.edited.connect(self.value_edited)
        self._model.refused.connect(self.entry_refused)
        self._set_up_view()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._view)
        self.setFocusProxy(self._view)
        self.retranslate()
        self.restyle()
        self._fit()

    def _set_up_view(self) -> None:
        view, triggers = self._view, QAbstractItemView.EditTrigger
        view.setItemDelegate(_Delegate(view))
        view.setModel(self._model)
        view.setFrameShape(QFrame.Shape.NoFrame)
        view.setShowGrid(False)
        view.setTabKeyNavigation(False)  # Tab leaves the table
        view.setWordWrap(False)
        view.setSelectionMode(
            QAbstractItemView.SelectionMode.NoSelection
        )  # the focus frame tells enough
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setEditTriggers(
            triggers.DoubleClicked | triggers.EditKeyPressed | triggers.AnyKeyPressed
        )
        view.verticalHeader().hide()
        view.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = view.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(VALUE, QHeaderView.ResizeMode.Fixed)
        view.selectionModel().currentChanged.connect(self._stay_on_values)

    @Slot(object)
    def set_values(self, values: Sequence[float] | np.ndarray) -> None:
        """Shows a copy of `values` (d,); a value half typed stays as it is.

        Raises:
            ValueError: more than one axis, or a value that is not finite.
        """
        copy = np.array(values, dtype=np.float64)
        if copy.ndim != 1:
            raise ValueError(f"values of shape {copy.shape}, (d,) expected")
        if not np.isfinite(copy).all():
            index = int(np.flatnonzero(~np.isfinite(copy))[0])
            raise ValueError(f"values, index {index}: {copy[index]}")
        resized = len(copy) != len(self._model.values)
        self._model.take(copy)
        if resized:
            self._fit()

    @Slot(object)
    def set_names(self, names: Sequence[str]) -> None:
        """Names the features; those beyond the last name are called x1..xd by their place."""
        self._model.names = tuple(names)
        last = len(self._model.values) - 1
        if last >= 0:
            self._model.dataChanged.emit(self._model.index(0, NAME), self._model.index(last, NAME))

    def set_range(self, low: float | None, high: float | None) -> None:
        """Bounds what may be typed, both ends included; None leaves an end open.

        Raises:
            ValueError: low above high.
        """
        bottom, top = -math.inf if low is None else low, math.inf if high is None else high
        if not bottom <= top:
            raise ValueError(f"range from {low} to {high}")
        self._model.low, self._model.high = bottom, top
        self.restyle()

    @Slot(int)
    def highlight(self, index: int) -> None:
        """Lights one row and scrolls to it; -1 lights none."""
        before, self._model.lit = self._model.lit, index
        self._model.repaint_row(before)
        self._model.repaint_row(index)
        if 0 <= index < len(self._model.values):
            self._view.scrollTo(self._model.index(index, VALUE))

    @Slot(QModelIndex)
    def _stay_on_values(self, current: QModelIndex) -> None:
        if current.isValid() and current.column() == NAME:  # where typing would do nothing
            self._view.setCurrentIndex(current.siblingAtColumn(VALUE))

    def retranslate(self) -> None:
        """Sets the headers and the accessible name."""
        self.setAccessibleName(tr("Values of the features"))
        self._view.setAccessibleName(tr("Values of the features"))
        self._model.headerDataChanged.emit(Qt.Orientation.Horizontal, NAME, VALUE)

    def restyle(self) -> None:
        """Takes over font and row height."""
        self._view.setFont(theme.tabular(self.font()))
        metrics = QFontMetrics(self._view.font())
        self._view.verticalHeader().setDefaultSectionSize(metrics.height() + 8)
        pixel = self._model.low >= 0.0 and self._model.high <= 1.0
        widest = max("0.000" if pixel else "-0.00e+00", tr("Value"), key=metrics.horizontalAdvance)
        self._view.setColumnWidth(VALUE, metrics.horizontalAdvance(widest) + 14)

    def changeEvent(self, event: QEvent) -> None:
        """Qt's call; another font, for example for Korean, changes the row height."""
        if event.type() == QEvent.Type.FontChange:
            self.restyle()
            self._fit()
        super().changeEvent(event)

    def _fit(self) -> None:
        grows = len(self._model.values) > _MOST_ROWS
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Preferred, policy.Expanding if grows else policy.Maximum)
        self.updateGeometry()

    def _height(self, rows: int) -> int:
        row = self._view.verticalHeader().defaultSectionSize()
        return rows * row + self._view.horizontalHeader().sizeHint().height() + 2

    def sizeHint(self) -> QSize:
        """Room for every row, but for at most eight."""
        rows = min(max(len(self._model.values), 1), _MOST_ROWS)
        names = [
            self._model.name(row) for row in range(min(self._model.rowCount(), _MOST_MEASURED))
        ]
        metrics = QFontMetrics(self._view.font())
        widest = max((metrics.horizontalAdvance(name) for name in names), default=0)
        room = min(max(widest, _NARROWEST_NAME), _WIDEST_NAME) + 16
        bar = self._view.verticalScrollBar().sizeHint().width()
        return QSize(room + self._view.columnWidth(VALUE) + bar, self._height(rows))

    def minimumSizeHint(self) -> QSize:
        """Room for three rows, or for all if there are fewer."""
        rows = min(max(len(self._model.values), 1), _FEWEST_ROWS)
        return QSize(self._view.columnWidth(VALUE) + 32, self._height(rows))
