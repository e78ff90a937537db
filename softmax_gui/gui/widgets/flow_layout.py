"""Widgets side by side, in as many rows as the width asks for."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget

GAP = 8


class FlowLayout(QLayout):
    """Like words in a line: what does not fit goes to the next row."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:
        """Qt's call."""
        self._items.append(item)

    def count(self) -> int:
        """Qt's call."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem:
        """Qt's call; None beyond the last."""
        return self._items[index] if 0 <= index < len(self._items) else None  # type: ignore[return-value]  # as Qt documents

    def takeAt(self, index: int) -> QLayoutItem:
        """Qt's call; None beyond the last."""
        inside = 0 <= index < len(self._items)
        return self._items.pop(index) if inside else None  # type: ignore[return-value]  # as above

    def expandingDirections(self) -> Qt.Orientation:
        """Qt's call: as high as the rows, no higher."""
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        """Qt's call."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Qt's call."""
        return self._place(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:
        """Qt's call."""
        super().setGeometry(rect)
        self._place(rect, move=True)

    def sizeHint(self) -> QSize:
        """Qt's call: one row."""
        hints = [item.sizeHint() for item in self._items]
        width = sum(hint.width() + GAP for hint in hints) - GAP
        return QSize(max(0, width), max((hint.height() for hint in hints), default=0))

    def minimumSize(self) -> QSize:
        """Qt's call: the largest of the widgets."""
        size = QSize(0, 0)
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size

    def _place(self, rect: QRect, *, move: bool) -> int:
        """Puts the widgets into their rows; returns the height of all rows."""
        x, y, height = rect.left(), rect.top(), 0
        for item in self._items:
            hint = item.sizeHint()
            if x > rect.left() and x + hint.width() > rect.right() + 1:
                x, y, height = rect.left(), y + height + GAP, 0
            if move:
                item.setGeometry(QRect(QPoint(x, y), hint))
            x, height = x + hint.width() + GAP, max(height, hint.height())
        return y + height - rect.top()
