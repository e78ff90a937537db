"""Files and folders that are dropped onto a window."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QMimeData, QObject
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QLineEdit, QWidget


class DropTarget(QObject):
    """Hears what is dropped anywhere on a window; texts and pictures from elsewhere pass by."""

    def __init__(self, window: QWidget, take: Callable[[tuple[str, ...]], None]) -> None:
        """Calls take(paths) with the local paths of a drop; () where none of it is local."""
        super().__init__(window)
        self._take = take
        window.setAcceptDrops(True)
        for field in window.findChildren(QLineEdit):
            field.setAcceptDrops(False)  # it would take the address of a file as text
        window.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Qt's call; True ends the way of an event that was taken."""
        if isinstance(event, (QDragEnterEvent, QDragMoveEvent)) and event.mimeData().hasUrls():
            event.acceptProposedAction()
            return True
        if event.type() == QEvent.Type.Drop and isinstance(event, QDropEvent):
            event.acceptProposedAction()
            self._take(paths_in(event.mimeData()))
            return True
        return False


def paths_in(data: QMimeData) -> tuple[str, ...]:
    """The local paths among what is dragged, in their order."""
    return tuple(url.toLocalFile() for url in data.urls() if url.isLocalFile())
