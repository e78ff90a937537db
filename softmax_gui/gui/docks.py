"""Panels as docks: moved, hidden and floated by the user, back in place on the next start."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtWidgets import QDockWidget, QFrame, QMainWindow, QScrollArea, QWidget

from softmax_gui.i18n import tr

_LEFT, _RIGHT = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
_VERSION = 1  # of the saved layout; another one is ignored


class Docks:
    """The four panels around the plots."""

    def __init__(self, window: QMainWindow, panels: dict[str, QWidget]) -> None:
        self._window = window
        self.docks: dict[str, QDockWidget] = {}
        for key, panel in panels.items():
            dock = QDockWidget(window)
            dock.setObjectName(key)
            dock.setWidget(_scrolled(panel) if key in {"data", "training"} else panel)
            self.docks[key] = dock
        window.setDockOptions(
            QMainWindow.DockOption.AllowTabbedDocks | QMainWindow.DockOption.AllowNestedDocks
        )
        self.reset()

    def retranslate(self) -> None:
        """Sets every title."""
        for key, text in (
            ("data", tr("Data")), ("training", tr("Training")), ("draw", tr("Draw")),
            ("prediction", tr("What the model says")),
        ):  # fmt: skip
            self.docks[key].setWindowTitle(text)

    def reset(self) -> None:
        """Every panel back to its first place and size."""
        for key, dock in self.docks.items():
            dock.setFloating(False)
            self._window.addDockWidget(_LEFT if key in {"data", "training"} else _RIGHT, dock)
            dock.show()
        left, right = ("data", "training"), ("draw", "prediction")
        for above, below in (left, right):
            self._window.splitDockWidget(
                self.docks[above], self.docks[below], Qt.Orientation.Vertical
            )
        resize = self._window.resizeDocks
        resize([self.docks["data"], self.docks["draw"]], [270, 340], Qt.Orientation.Horizontal)
        for (above, below), sizes in ((left, [315, 345]), (right, [390, 270])):
            resize([self.docks[above], self.docks[below]], sizes, Qt.Orientation.Vertical)

    def state(self) -> str:
        """Where everything is, as text for the settings."""
        return bytes(self._window.saveState(_VERSION).toBase64().data()).decode()

    def restore(self, state: str) -> None:
        """Puts everything where `state` says; nonsense leaves the first layout."""
        if state:
            self._window.restoreState(QByteArray.fromBase64(state.encode()), _VERSION)


def _scrolled(panel: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Tab scrolls to the fields in it
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(panel)
    area.setMinimumWidth(
        panel.minimumSizeHint().width() + area.verticalScrollBar().sizeHint().width()
    )
    return area
