"""The classes in their order, each with its colour and count; moved by hand or by keys."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QKeySequence, QPainter, QPixmap, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from softmax_gui.gui.living import LivingWidget
from softmax_gui.gui.widgets.figures import draw_swatch, one_line
from softmax_gui.i18n import tr

MOST = 500  # more classes are shown by their first, and can't be moved
_NAME = Qt.ItemDataRole.UserRole
_SWATCH = 12


class ClassOrder(LivingWidget):
    """A list to drag in, with Up and Down; says the new order."""

    order_changed = Signal(object)  # the names, in the order that the user made

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._classes: tuple[tuple[str, int], ...] = ()
        self.list = QListWidget()
        self._up, self._down = QToolButton(), QToolButton()
        self._up.setArrowType(Qt.ArrowType.UpArrow)
        self._down.setArrowType(Qt.ArrowType.DownArrow)
        self._lay_out()
        self.list.model().rowsMoved.connect(self._tell)
        self.list.currentRowChanged.connect(self._enable)
        for button, keys, way in ((self._up, "Alt+Up", -1), (self._down, "Alt+Down", 1)):
            button.clicked.connect(lambda _=False, way=way: self._move(way))
            shortcut = QShortcut(QKeySequence(keys), self.list)
            shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(lambda way=way: self._move(way))
        self.retranslate()
        self._enable()

    def show_classes(self, classes: Sequence[tuple[str, int]]) -> None:
        """Names and counts in their order; emits nothing, keeps the class that is chosen."""
        if self._classes == tuple(classes):
            return
        chosen = self._name(self.list.currentRow())
        self._classes = tuple(classes)
        self.list.clear()
        for name, count in self._classes[:MOST]:
            item = QListWidgetItem(f"{one_line(name)[:60]}: {count:,}")
            item.setData(_NAME, name)
            item.setToolTip(one_line(name))
            self.list.addItem(item)
        names = [name for name, _ in self._classes[:MOST]]
        self.list.setCurrentRow(names.index(chosen) if chosen in names else -1)
        few = 1 < len(self._classes) <= MOST
        mode = QAbstractItemView.DragDropMode
        self.list.setDragDropMode(mode.InternalMove if few else mode.NoDragDrop)
        self._color()
        self._enable()

    def names(self) -> tuple[str, ...]:
        """The names in the order shown."""
        return tuple(self._name(place) for place in range(self.list.count()))

    def retranslate(self) -> None:
        """Sets every text."""
        self.list.setAccessibleName(tr("Order of the classes"))
        tip = tr("The first class is class 0. Drag to change the order, or press Alt+Up, Alt+Down.")
        self.list.setToolTip(tip)
        self._up.setAccessibleName(tr("Move the class up"))
        self._up.setToolTip(tr("Move the class up (Alt+Up)"))
        self._down.setAccessibleName(tr("Move the class down"))
        self._down.setToolTip(tr("Move the class down (Alt+Down)"))

    def _lay_out(self) -> None:
        self.list.setUniformItemSizes(True)
        self.list.setIconSize(QSize(_SWATCH, _SWATCH))
        buttons = QVBoxLayout()
        buttons.addWidget(self._up)
        buttons.addWidget(self._down)
        buttons.addStretch(1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.list, 1)
        layout.addLayout(buttons)

    def _name(self, place: int) -> str:
        item = self.list.item(place)
        return str(item.data(_NAME)) if 0 <= place < self.list.count() else ""

    def _move(self, way: int) -> None:
        place = self.list.currentRow()
        if not self._may_move(place, way):
            return
        item = self.list.takeItem(place)
        self.list.insertItem(place + way, item)
        self.list.setCurrentRow(place + way)
        self._tell()

    def _may_move(self, place: int, way: int) -> bool:
        few = len(self._classes) <= MOST
        return few and place >= 0 and 0 <= place + way < self.list.count()

    def _tell(self) -> None:
        counts = dict(self._classes)
        names = self.names()
        self._classes = tuple((name, counts[name]) for name in names)
        self._color()
        self._enable()
        self.order_changed.emit(names)

    def _enable(self) -> None:
        place = self.list.currentRow()
        self._up.setEnabled(self._may_move(place, -1))
        self._down.setEnabled(self._may_move(place, 1))

    def _color(self) -> None:
        for place in range(self.list.count()):
            self.list.item(place).setIcon(_swatch(place))


def _swatch(place: int) -> QIcon:
    pixmap = QPixmap(2 * _SWATCH, 2 * _SWATCH)
    pixmap.setDevicePixelRatio(2.0)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    draw_swatch(painter, QRect(0, 0, _SWATCH, _SWATCH), place)
    painter.end()
    return QIcon(pixmap)
