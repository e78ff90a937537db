"""Hundreds of actions in any order leave one thread, one state, the newest numbers, no growth."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThread, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QSlider
from pytestqt.qtbot import QtBot

from softmax_gui.core.softmax import softmax
from softmax_gui.gui.main_window import MainWindow
from softmax_gui.training.snapshot import RunState
from tests.gui.hand import LEFT, RIGHT
from tests.gui.windows import button_of, data, find, load, newest, press, settle, write

KEYS = ("F5", "F5", "F6", "F7", "F8", "F9", "Ctrl+[", "Ctrl+]", "Ctrl+Shift+N", "Ctrl+Shift+B",
        "Ctrl+Alt+L", "Ctrl+Alt+D", "Ctrl+Alt+E", "Ctrl+Alt+K", "Ctrl+Z", "Ctrl+Shift+Z",
        "Ctrl+Backspace", "Ctrl+I", "Ctrl+J", "Ctrl+1", "Ctrl+3", "Ctrl+9", "Ctrl+L",
        "Ctrl+Shift+L", "Alt+1", "Alt+3", "Ctrl+0")  # fmt: skip
SOURCES = ("2x2", "digits", "iris")


class Monkey:
    """Does anything a user could do, in an order that a seed decides."""

    def __init__(self, window: MainWindow, seed: int) -> None:
        self._window, self._random = window, np.random.default_rng(seed)
        self._others: list[Callable[[], None]] = [
            self._choose_data, self._draw, self._move_slider, self._change_rate, self._change_seed,
            self._choose_setting, self._wait,
        ]  # fmt: skip

    def act(self) -> None:
        place = int(self._random.integers(len(KEYS) + 3 * len(self._others)))
        if place < len(KEYS):
            press(self._window, KEYS[place])
        else:
            self._others[place % len(self._others)]()

    def _choose_data(self) -> None:
        box = self._window.data._source
        box.setCurrentIndex(int(self._random.integers(len(SOURCES))))
        box.activated.emit(box.currentIndex())

    def _choose_setting(self) -> None:
        boxes = [self._window.training._choices[name]
                 for name in ("solver", "optimizer", "class_weight", "phm_order")]  # fmt: skip
        box = boxes[int(self._random.integers(len(boxes)))]
        if box.isEnabled():
            box.setCurrentIndex(int(self._random.integers(box.count())))
            box.activated.emit(box.currentIndex())

    def _draw(self) -> None:
        editor = self._window.draw.editor
        button = LEFT if self._random.random() < 0.7 else RIGHT
        x, y = self._random.random(2)
        place = editor.rect().center()
        place.setX(int(x * editor.width()))
        place.setY(int(y * editor.height()))
        if editor.isVisible():
            QTest.mouseClick(editor, button, pos=place)

    def _move_slider(self) -> None:
        sliders = self._window.findChildren(QSlider)
        slider = sliders[int(self._random.integers(len(sliders)))]
        if slider.isVisible():
            slider.setValue(int(self._random.integers(slider.maximum() + 1)))

    def _change_rate(self) -> None:
        field = self._window.training._fields["learning_rate"]
        write(field, str(self._random.choice(["0.001", "0,1", "1", "1e6", "0", "nan", "x"])))

    def _change_seed(self) -> None:
        write(self._window.training._fields["seed"], str(self._random.integers(3)))

    def _wait(self) -> None:
        for _ in range(int(self._random.integers(20))):
            QCoreApplication.processEvents()


def threads_of_qt() -> list[str]:
    return [
        one.objectName()
        for one in shiboken6.getAllValidWrappers()
        if isinstance(one, QThread) and one.isRunning() and one is not QThread.currentThread()
    ]


def rest(qtbot: QtBot, window: MainWindow) -> None:
    """Until the sliders have settled, the data are there and training has paused."""
    window.speed.set_speed(math.inf)
    qtbot.waitUntil(lambda: not window.data._settle.isActive())
    settle(qtbot, window)
    window.trainer.pause_requested.emit()
    settle(qtbot, window)
    settle(qtbot, window)  # and the frame that the last snapshot asked for


@pytest.mark.parametrize("seed", [0, 1])
def test_that_any_hammering_ends_in_one_consistent_state(
    qtbot: QtBot, window: MainWindow, seed: int
) -> None:
    monkey = Monkey(window, seed)
    for _ in range(150):
        monkey.act()
    rest(qtbot, window)
    press(window, "Ctrl+Alt+E")
    snapshot, split = newest(window), data(window)
    assert threads_of_qt() == ["training"]
    assert window._state is window.trainer._worker._state is not RunState.RUNNING
    assert button_of(window, "train").text() == "Train"
    assert find(window, QComboBox, "Data source").currentText() == split.dataset.name
    assert window.windowTitle().startswith(split.dataset.name)
    assert snapshot.model.W.shape == (split.dataset.d, split.dataset.q)
    assert np.isfinite(snapshot.model.W).all()
    assert window.wishes.config == snapshot.config
    for name in ("learning_rate", "seed"):
        assert window.training._fields[name].value() == getattr(snapshot.config, name)
    assert (window.plots.weights._W == snapshot.model.W).all()
    x = window.draw.vector()
    if split.dataset.image_shape is None:
        x = split.scaling.apply(x)
    logits = x @ snapshot.model.W + snapshot.model.b
    np.testing.assert_allclose(window.prediction.probabilities(), softmax(logits), rtol=1e-9)
    write(window.training._fields["learning_rate"], "0.1")  # it may be one that diverges
    press(window, "F8")
    press(window, "F6")
    settle(qtbot, window)
    assert newest(window).step == 1


def private_mb() -> float:
    """Memory that this process shares with no other and no file."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def counted(window: MainWindow) -> dict[str, int]:
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    timers = [one for one in shiboken6.getAllValidWrappers() if isinstance(one, QTimer)]
    return {
        "threads": threading.active_count(),
        "threads of Qt": len(threads_of_qt()),
        "active timers": sum(timer.isActive() for timer in timers),
        "top-level widgets": len(QApplication.topLevelWidgets()),
        "objects in the window": len(window.findChildren(QObject)),
    }


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc")
def test_that_loading_data_again_and_again_grows_nothing(qtbot: QtBot, window: MainWindow) -> None:
    def round_trip() -> None:
        for source in SOURCES:
            load(qtbot, window, source)

    for _ in range(3):
        round_trip()
    before, memory = counted(window), private_mb()
    for _ in range(20):
        round_trip()
    assert counted(window) == before
    assert private_mb() - memory < 20  # one 2x2 world kept at each turn would be 60
