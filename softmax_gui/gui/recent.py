"""Recent files: the menu of what was opened last, newest first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from softmax_gui.gui.importer import Importer
from softmax_gui.gui.widgets.figures import one_line
from softmax_gui.i18n import tr

MOST = 10


class RecentFiles(QObject):
    """At most ten paths; one that is gone is grayed when the menu opens, and kept."""

    def __init__(
        self, menu: QMenu, clear: QAction, paths: tuple[str, ...], importer: Importer,
        chosen: Callable[[Path], None],
    ) -> None:  # fmt: skip
        """Fills `menu` above its action `clear`; calls chosen(path)."""
        super().__init__(menu)
        self._menu, self._clear, self._chosen = menu, clear, chosen
        self._importer = importer
        self._actions: list[QAction] = []
        self._paths = paths[:MOST]
        menu.setToolTipsVisible(True)
        menu.aboutToShow.connect(self._look)
        importer.found.connect(self._show_found)
        clear.triggered.connect(self.clear)
        self._fill()

    @property
    def paths(self) -> tuple[str, ...]:
        """Newest first."""
        return self._paths

    def add(self, path: str) -> None:
        """Puts a path first; one that is no text could not be kept and is left out."""
        try:
            path.encode()
        except UnicodeEncodeError:
            return
        self._paths = (path, *(one for one in self._paths if one != path))[:MOST]
        self._fill()

    @Slot()
    def clear(self) -> None:
        """Forgets every path."""
        self._paths = ()
        self._fill()

    def _fill(self) -> None:
        for action in self._actions:
            self._menu.removeAction(action)
            action.deleteLater()
        self._actions = [self._action(place, path) for place, path in enumerate(self._paths)]
        self._clear.setEnabled(bool(self._paths))

    def _action(self, place: int, path: str) -> QAction:
        name = one_line(Path(path).name or path)[:60].replace("&", "&&")
        number = f"&{(place + 1) % 10}  " if place < MOST else ""
        action = QAction(f"{number}{name}", self._menu)
        action.setToolTip(one_line(path))
        action.triggered.connect(lambda: self._chosen(Path(path)))
        self._menu.insertAction(self._clear, action)
        return action

    @Slot()
    def _look(self) -> None:
        if self._paths:
            self._importer.find(self._paths)

    @Slot(object)
    def _show_found(self, found: frozenset[str]) -> None:
        for path, action in zip(self._paths, self._actions, strict=True):
            there = path in found
            action.setEnabled(there)
            tip = "" if there else tr("{path} is no longer there.").format(path=one_line(path))
            action.setToolTip(tip or one_line(path))
