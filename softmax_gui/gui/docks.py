"""Panels as docks: moved, hidden and floated by the user, back in place on the next start."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QEvent, QObject, QSize, Qt, Slot
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QFrame,
    QMainWindow,
    QScrollArea,
    QTabBar,
    QWidget,
)

from softmax_gui.i18n import tr

_LEFT, _RIGHT = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
_SCROLLED = ("data", "training", "drawn")
_LEAST_HEIGHT = 60  # of a panel that is scrolled
_VERSION = 2  # of the saved layout; another one is ignored


class Docks(QObject):
    """The five panels around the plots."""

    def __init__(self, window: QMainWindow, panels: dict[str, QWidget]) -> None:
        super().__init__(window)
        self._window = window
        self.docks: dict[str, QDockWidget] = {}
        self._behind: set[str] = set()  # other panels, as tabs
        for key, panel in panels.items():
            dock = QDockWidget(window)
            dock.setObjectName(key)
            dock.setWidget(_scrolled(panel) if key in _SCROLLED else panel)
            self.docks[key] = dock
            dock.visibilityChanged.connect(lambda seen, key=key: self._note(key, seen=seen))
            dock.toggleViewAction().triggered.connect(
                lambda on, key=key: self._bring(key, shown=on)
            )
        window.setDockOptions(
            QMainWindow.DockOption.AllowTabbedDocks | QMainWindow.DockOption.AllowNestedDocks
        )
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._follow_focus)
        self.reset()

    def retranslate(self) -> None:
        """Sets every title."""
        for key, text in (
            ("data", tr("Data")), ("training", tr("Training")), ("draw", tr("Draw")),
            ("prediction", tr("What the model says")), ("drawn", tr("My examples")),
        ):  # fmt: skip
            self.docks[key].setWindowTitle(text)
        self._name_tabs()

    def reset(self) -> None:
        """Every panel back to its first place and size."""
        for key, dock in self.docks.items():
            dock.setFloating(False)
            self._window.addDockWidget(_LEFT if key in _SCROLLED else _RIGHT, dock)
            dock.show()
        left, right = ("data", "training"), ("draw", "prediction")
        for above, below in (left, right):
            self._window.splitDockWidget(
                self.docks[above], self.docks[below], Qt.Orientation.Vertical
            )
        # Beside the data, so that the editor and the bars stay in sight while examples are added.
        self._window.tabifyDockWidget(self.docks["data"], self.docks["drawn"])
        self.reveal("data")
        resize = self._window.resizeDocks
        resize([self.docks["data"], self.docks["draw"]], [270, 340], Qt.Orientation.Horizontal)
        for (above, below), sizes in ((left, [315, 345]), (right, [390, 270])):
            resize([self.docks[above], self.docks[below]], sizes, Qt.Orientation.Vertical)

    def reveal(self, key: str) -> None:
        """Brings a panel to light, closed or behind another."""
        self.docks[key].show()
        self.docks[key].raise_()

    def _note(self, key: str, *, seen: bool) -> None:
        if not self.docks[key].isHidden():  # else it was closed
            (self._behind.discard if seen else self._behind.add)(key)
        self._name_tabs()

    def _name_tabs(self) -> None:
        """Qt makes the bars of tabs when it needs them."""
        direct = Qt.FindChildOption.FindDirectChildrenOnly
        for bar in self._window.findChildren(QTabBar, options=direct):
            bar.setAccessibleName(tr("Panels in one place"))

    def _bring(self, key: str, *, shown: bool) -> None:
        """A panel's own command brings it to light before it closes it."""
        if shown or key in self._behind:
            self.reveal(key)

    @Slot(QWidget, QWidget)
    def _follow_focus(self, _old: QWidget | None, new: QWidget | None) -> None:
        """Tab goes through the panels behind, too, and brings them to light."""
        for key in [*self._behind]:
            if new is not None and self.docks[key].isAncestorOf(new):
                self.reveal(key)

    def state(self) -> str:
        """Where everything is, as text for the settings."""
        return bytes(self._window.saveState(_VERSION).toBase64().data()).decode()

    def restore(self, state: str) -> None:
        """Puts everything where `state` says; nonsense leaves the first layout."""
        if state:
            self._window.restoreState(QByteArray.fromBase64(state.encode()), _VERSION)


class _Scrolled(QScrollArea):
    """As wide as what is in it needs to be, in any language; only its height is scrolled."""

    def __init__(self, panel: QWidget) -> None:
        super().__init__()
        self._panel = panel
        self.setWidget(panel)

    def minimumSizeHint(self) -> QSize:
        """The width of the panel, and the scroll bar's."""
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(self._panel.minimumSizeHint().width() + bar, _LEAST_HEIGHT)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt's call for the panel; its layout may want another width."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)


def _scrolled(panel: QWidget) -> QScrollArea:
    area = _Scrolled(panel)
    area.setWidgetResizable(True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Tab scrolls to the fields in it
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return area
