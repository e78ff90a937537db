"""Drawn examples side by side, each with its class; only what is seen is painted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from softmax_gui.gui import theme
from softmax_gui.gui.widgets.figures import class_brush, draw_text, one_line
from softmax_gui.i18n import tr

SIDE, GAP, BAR = 44, 6, 5  # logical pixels: a picture, around it, the bar of its classes
_Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class Examples(QAbstractListModel):
    """The rows that the thumbnails show."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures, self._targets = np.zeros((0, 1, 1)), np.zeros((0, 0))
        self._names: tuple[str, ...] = ()
        self.colors: tuple[int, ...] = ()

    def show(
        self, pictures: np.ndarray, targets: np.ndarray, names: Sequence[str], colors: Sequence[int]
    ) -> None:
        """Pictures (m, h, w), their targets (m, q), and the name and colour of each class."""
        self.beginResetModel()
        self._pictures, self._targets = pictures, targets
        self._names, self.colors = tuple(map(one_line, names)), tuple(colors)
        self.endResetModel()

    def rowCount(self, parent: _Index = _NOWHERE) -> int:
        """Qt's question."""
        return 0 if parent.isValid() else len(self._pictures)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Qt's question: the label as text; the picture is asked for by the delegate."""
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.label(index.row())
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            text = tr("Example {number}: {label}")
            tip = text.format(number=index.row() + 1, label=self._whole_label(index.row()))
            return tip.replace("<", "&lt;") if role == Qt.ItemDataRole.ToolTipRole else tip
        return None

    def label(self, row: int) -> str:
        """The class of an example; of a soft label the largest share first."""
        shares = self.shares(row)
        name, share = max(shares, key=lambda one: one[1])
        return self._names[name] if share == 1.0 else f"{self._names[name]} {share:.2g}"

    def shares(self, row: int) -> list[tuple[int, float]]:
        """The classes of an example and their shares, those without one left out."""
        target = self._targets[row]
        return [(int(k), float(target[k])) for k in np.flatnonzero(target)]

    def image(self, row: int) -> QImage:
        """The picture in 256 grays."""
        gray = np.ascontiguousarray(np.rint(self._pictures[row] * 255.0), dtype=np.uint8)
        h, w = gray.shape
        return QImage(gray.data, w, h, w, QImage.Format.Format_Grayscale8).copy()

    def _whole_label(self, row: int) -> str:
        shares = self.shares(row)
        if len(shares) == 1:
            return self._names[shares[0][0]]
        return ", ".join(f"{self._names[k]} {share:.3g}" for k, share in shares)


class ExampleDelegate(QStyledItemDelegate):
    """Paints a picture, below it the bar of its classes and the name of the first."""

    def sizeHint(self, option: QStyleOptionViewItem, _index: _Index) -> QSize:
        """Qt's question: all are alike."""
        metrics = option.fontMetrics
        return QSize(SIDE + 2 * GAP, SIDE + BAR + metrics.height() + 2 * GAP + 2)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Qt's call."""
        model = index.model()
        if not isinstance(model, Examples):
            return
        area: QRect = option.rect
        state: QStyle.StateFlag = option.state
        colors = theme.current()
        painter.save()
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        if chosen:
            painter.fillRect(
                area.adjusted(1, 1, -1, -1), theme.mixed(colors.accent, colors.base, 0.7)
            )
        if chosen or state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(QColor(colors.accent), 2 if chosen else 1))
            painter.drawRect(area.adjusted(2, 2, -2, -2))
        tile = QRect(area.left() + GAP, area.top() + GAP, SIDE, SIDE)
        self._draw_picture(painter, tile, model.image(index.row()))
        self._draw_bar(
            painter, QRect(tile.left(), tile.bottom() + 3, SIDE, BAR), model, index.row()
        )
        painter.setPen(QColor(colors.text))
        below = QRect(tile.left(), tile.bottom() + BAR + 4, SIDE, option.fontMetrics.height())
        draw_text(painter, below, model.label(index.row()))
        painter.restore()

    @staticmethod
    def _draw_picture(painter: QPainter, tile: QRect, image: QImage) -> None:
        size = image.size().scaled(tile.size(), Qt.AspectRatioMode.KeepAspectRatio)
        inner = QRect(0, 0, max(1, size.width()), max(1, size.height()))
        inner.moveCenter(tile.center())
        crisp = max(image.width(), image.height()) <= SIDE
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, on=not crisp)
        painter.drawImage(inner, image)
        painter.setPen(QColor(theme.current().border))
        painter.drawRect(inner.adjusted(0, 0, -1, -1))

    @staticmethod
    def _draw_bar(painter: QPainter, bar: QRect, model: Examples, row: int) -> None:
        """As wide as the share of each class: one colour where the label is hard."""
        left, done = bar.left(), 0.0
        for k, share in model.shares(row):
            done += share
            right = bar.left() + round(done * bar.width())
            painter.fillRect(
                QRect(left, bar.top(), right - left, BAR), class_brush(model.colors[k])
            )
            left = right


class Thumbnails(QListView):
    """Says which examples are to be deleted or looked at."""

    delete_requested = Signal()
    example_activated = Signal(int)  # by double click or Enter
    choice_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._examples = Examples(self)
        self.setModel(self._examples)
        self.setItemDelegate(ExampleDelegate(self))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.setUniformItemSizes(True)
        self.setMouseTracking(False)
        self.activated.connect(lambda index: self.example_activated.emit(index.row()))
        self.selectionModel().selectionChanged.connect(lambda *_: self.choice_changed.emit())
        self._name()

    def show_examples(
        self, pictures: np.ndarray, targets: np.ndarray, names: Sequence[str], colors: Sequence[int]
    ) -> None:
        """Pictures (m, h, w) with targets (m, q); a choice stays where none came or went.

        Where examples came the last of them is scrolled to.
        """
        before, chosen, current = (
            self._examples.rowCount(),
            self.chosen(),
            self.currentIndex().row(),
        )
        self._examples.show(pictures, targets, names, colors)
        after = self._examples.rowCount()
        if after == before:
            self.choose(chosen)
        if after:
            place = after - 1 if after > before else min(max(current, 0), after - 1)
            index = self._examples.index(place)
            self.selectionModel().setCurrentIndex(
                index, self.selectionModel().SelectionFlag.NoUpdate
            )
            self.executeDelayedItemsLayout()  # else nobody knows yet where the place is
            self.scrollTo(index)
        self.choice_changed.emit()

    def chosen(self) -> list[int]:
        """The rows that are selected, in order."""
        return sorted(index.row() for index in self.selectionModel().selectedIndexes())

    def choose(self, rows: Sequence[int]) -> None:
        """Selects these rows alone."""
        flag = self.selectionModel().SelectionFlag
        self.selectionModel().clearSelection()
        for row in rows:
            self.selectionModel().select(self._examples.index(row), flag.Select)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete and Backspace delete; Enter looks at an example; the rest is Qt's."""
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self.chosen():
            self.delete_requested.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            if self.currentIndex().isValid():
                self.example_activated.emit(self.currentIndex().row())
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Qt's call."""
        if event.type() == QEvent.Type.LanguageChange:
            self._name()
        super().changeEvent(event)

    def sizeHint(self) -> QSize:
        """Qt's question: one row; a layout that has more gives more."""
        return QSize(4 * (SIDE + 2 * GAP), self._row_height() + 4)

    def minimumSizeHint(self) -> QSize:
        """Qt's question: one row."""
        return QSize(SIDE + 2 * GAP + 24, self._row_height() + 4)

    def _row_height(self) -> int:
        return SIDE + BAR + self.fontMetrics().height() + 2 * GAP + 2

    def _name(self) -> None:
        self.setAccessibleName(tr("My examples"))
