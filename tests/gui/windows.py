"""The whole window as a test wants it: opened, waited for, found by name, used by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from PySide6.QtCore import QCoreApplication, QObject, Qt, QThread, Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from softmax_gui.data import batches
from softmax_gui.data.dataset import Dataset, Split, feature_names
from softmax_gui.gui import theme
from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.settings import Settings
from softmax_gui.gui.widgets.live_text import LiveText
from softmax_gui.i18n import set_language
from softmax_gui.training.snapshot import RunState, Snapshot

LONG_MS = 20_000  # a time-out for the slowest machine, never a measure
LEFT, PLAIN = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
W = TypeVar("W", bound=QWidget)


class Echo(QObject):
    """Answers from the training thread: what was asked of it before is done by then."""

    asked = Signal()

    def __init__(self, thread: QThread) -> None:
        super().__init__()
        self.answers = 0
        self.asked.connect(self.answer)
        self.moveToThread(thread)

    @Slot()
    def answer(self) -> None:
        self.answers += 1


@contextmanager
def opened(qtbot: QtBot, path: Path, settings: Settings | None = None) -> Iterator[MainWindow]:
    """A window on the screen with the 2x2 world in it; colours and language are put back."""
    window = MainWindow(settings or Settings(), path)
    qtbot.addWidget(window, before_close_func=forget_changes)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(lambda: window.newest() is not None, timeout=LONG_MS)
    settle(qtbot, window)
    yield window
    window.close()
    QGuiApplication.clipboard().clear()  # offscreen, it outlives Python, and the process aborts
    set_language("en")
    theme.apply("system")


def forget_changes(window: QWidget) -> None:
    """Lets the window close unasked."""
    assert isinstance(window, MainWindow)
    window.projects.forget_changes()


def settle(qtbot: QtBot, window: MainWindow) -> None:
    """Waits until all that was wished for is done, told and drawn."""
    qtbot.waitUntil(lambda: not window.errands.busy, timeout=LONG_MS)
    echo = Echo(window.trainer._thread)
    echo.asked.emit()
    qtbot.waitUntil(lambda: echo.answers == 1, timeout=LONG_MS)
    QCoreApplication.processEvents()  # what the thread told before it answered
    qtbot.waitUntil(lambda: not window.display.isActive() or running(window), timeout=LONG_MS)


def running(window: MainWindow) -> bool:
    return window._state is RunState.RUNNING


def newest(window: MainWindow) -> Snapshot:
    snapshot = window.newest()
    assert snapshot is not None
    return snapshot


def data(window: MainWindow) -> Split:
    split = window.split()
    assert split is not None
    return split


def load(qtbot: QtBot, window: MainWindow, source: str) -> Split:
    """Loads a sample or a file and waits until it is on the screen."""
    window.load(source)
    settle(qtbot, window)
    assert window._source == source, window.messages.text()
    return data(window)


def trained(qtbot: QtBot, window: MainWindow, steps: int = 200) -> Snapshot:
    """Trains so many steps at least, then pauses."""
    start_at = newest(window).step
    window.speed.set_speed(math.inf)
    window.trainer.start_requested.emit()
    qtbot.waitUntil(lambda: newest(window).step >= start_at + steps, timeout=LONG_MS)
    window.trainer.pause_requested.emit()
    settle(qtbot, window)
    return newest(window)


def stepped(qtbot: QtBot, window: MainWindow, steps: int = 3) -> Snapshot:
    """A few single steps, where it does not matter how well the model has learnt."""
    for _ in range(steps):
        window.trainer.step_requested.emit()
    settle(qtbot, window)
    return newest(window)


def find(root: QWidget, kind: type[W], name: str) -> W:
    """The one widget of a kind with this accessible name or text."""
    found = [
        one
        for one in root.findChildren(kind)
        if name in (one.accessibleName(), one.property("text"))
    ]
    assert len(found) == 1, f"{len(found)} times {name}"
    return found[0]


def button_of(window: MainWindow, key: str) -> QToolButton:
    """The button in the toolbar of a command."""
    button = window.commands.toolbar.widgetForAction(window.commands[key])
    assert isinstance(button, QToolButton)
    return button


def press(widget: QWidget, keys: str) -> None:
    """A shortcut as the user types it: "Ctrl+Shift+B"."""
    QTest.keySequence(widget, QKeySequence(keys))


def write(field: QWidget, text: str, end: Qt.Key = Qt.Key.Key_Return) -> None:
    """Replaces what stands in a field, key by key."""
    field.setFocus()
    QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(field, Qt.Key.Key_Delete)
    QTest.keyClicks(field, text)
    QTest.keyClick(field, end)


def shown_texts(root: QWidget) -> list[str]:
    """What the labels that can be seen say."""
    labels: list[QLabel | LiveText] = [*root.findChildren(QLabel), *root.findChildren(LiveText)]
    return [label.text() for label in labels if label.isVisibleTo(root)]


def actions(window: MainWindow) -> list[QAction]:
    """Every command that the menus offer now."""
    return [action for action in window.commands.all() if action.isVisible()]


def table(
    n: int = 60, names: tuple[str, ...] = ("a", "b", "c"), d: int = 3, **options: Any
) -> Split:
    """A small table with these classes, made up."""
    random = np.random.default_rng(0)
    options = {"name": "made up", "feature_names": feature_names(d), **options}
    labels = np.arange(n) % len(names)
    X = random.normal(size=(n, d)) + labels[:, None]
    return batches.split(Dataset(X=X, labels=labels, class_names=names, **options), 0)
