"""What goes wrong inside is said once, in words, with a way on; window, data and weights stay."""

from __future__ import annotations

import logging
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from softmax_gui.gui import app
from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.settings import Settings
from softmax_gui.gui.widgets.message_bar import Tone
from softmax_gui.gui.widgets.number_field import NumberField
from softmax_gui.training.session import TrainingSession
from softmax_gui.training.snapshot import RunState
from tests.gui.windows import (
    LEFT,
    LONG_MS,
    find,
    newest,
    press,
    running,
    settle,
    shown_texts,
    stepped,
    trained,
    write,
)


@pytest.fixture
def caught(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The app's own net under every slot, timer and paint event; what falls in is listed."""
    messages: list[str] = []
    show = window.messages.show_message

    def listen(tone: Tone, text: str, *more: Any) -> None:
        if tone is Tone.ERROR:
            messages.append(text)
        show(tone, text, *more)

    monkeypatch.setattr(window.messages, "show_message", listen)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # put back afterwards
    monkeypatch.setattr(sys, "__excepthook__", lambda *_: None)
    app._catch_exceptions(window)
    return messages


def until_told(qtbot: QtBot, messages: list[str], count: int = 1) -> None:
    qtbot.waitUntil(lambda: len(messages) >= count, timeout=LONG_MS)
    QApplication.processEvents()


@pytest.mark.parametrize("rate", ["1e6", "1e30"])
def test_that_a_diverging_rate_pauses_and_a_button_mends_it(
    qtbot: QtBot, window: MainWindow, rate: str
) -> None:
    trained(qtbot, window, 100)
    before = newest(window)
    write(find(window, NumberField, "Learning rate"), rate)
    press(window, "F5")
    qtbot.waitUntil(lambda: window.messages.tone() is Tone.WARNING, timeout=LONG_MS)
    settle(qtbot, window)
    assert not running(window)
    assert newest(window).step <= before.step
    assert np.isfinite(newest(window).model.W).all()
    assert newest(window).validation.loss < np.log(3)
    assert "Training diverged" in window.messages.text()
    assert QApplication.activeModalWidget() is None
    button = find(window.messages, QPushButton, window.messages._button.text())
    wanted = float(button.text().removeprefix("Use "))
    QTest.mouseClick(button, LEFT)
    qtbot.waitUntil(lambda: newest(window).step > before.step + 500, timeout=LONG_MS)
    assert find(window, NumberField, "Learning rate").value() == wanted
    assert newest(window).config.learning_rate == wanted
    press(window, "F5")
    settle(qtbot, window)
    assert newest(window).validation.loss < 0.7 * np.log(3)  # far from where it began anew


def test_that_single_steps_that_diverge_say_so_within_a_hundred(
    qtbot: QtBot, window: MainWindow
) -> None:
    write(find(window, NumberField, "Learning rate"), "1e30")
    for _ in range(100):
        press(window, "F6")
        settle(qtbot, window)
        if window.messages.tone() is Tone.WARNING:
            break
    assert "Training diverged" in window.messages.text()
    assert np.isfinite(newest(window).model.W).all()
    assert not running(window)


@pytest.mark.parametrize("wish", ["start", "step", "epoch"])
def test_that_an_error_in_a_step_is_told_with_details_and_training_starts_again(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture, wish: str,
) -> None:  # fmt: skip
    before = stepped(qtbot, window)

    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError("<b>step</b> k" + "k" * 5000)

    with monkeypatch.context() as patch, caplog.at_level(logging.ERROR):
        patch.setattr(TrainingSession, "advance", fails)
        press(window, {"start": "F5", "step": "F6", "epoch": "F7"}[wish])
        qtbot.waitUntil(lambda: window.messages.tone() is Tone.ERROR, timeout=LONG_MS)
        settle(qtbot, window)
    assert "ZeroDivisionError: <b>step</b> k" in window.messages.text()
    assert len(window.messages.text()) < 400
    assert "Traceback" in caplog.text
    assert "Stopped by an error" in shown_texts(window)
    QTest.mouseClick(find(window.messages, QPushButton, "Copy details"), LEFT)
    assert "ZeroDivisionError" in QGuiApplication.clipboard().text()
    assert newest(window).step == before.step
    assert trained(qtbot, window, 50).step >= before.step + 50


def test_that_a_failing_load_is_told_and_the_next_one_works(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise KeyError("inside")

    with monkeypatch.context() as patch:
        patch.setattr("softmax_gui.gui.loading.load", fails)
        window.load("digits")
        settle(qtbot, window)
    assert "KeyError" in window.messages.text()
    assert window._state is RunState.FAILED
    window.load("iris")
    settle(qtbot, window)
    assert newest(window).model.q == 3
    assert stepped(qtbot, window).step == 3


def test_that_an_error_in_a_slot_is_told_once_and_the_window_lives(
    qtbot: QtBot, window: MainWindow, caught: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise ZeroDivisionError("in a slot")

    window.commands["clear"].triggered.connect(fails)
    for _ in range(5):
        press(window, "Ctrl+Backspace")
    until_told(qtbot, caught)
    assert len(caught) == 1
    assert "ZeroDivisionError: in a slot" in caught[0]
    assert window.messages._button.text() == "Copy details"
    assert QApplication.activeModalWidget() is None
    assert stepped(qtbot, window).step == 3


def test_that_an_error_in_a_timer_is_told_once(
    qtbot: QtBot, window: MainWindow, caught: list[str]
) -> None:
    timer, ticks = QTimer(window, interval=1), []

    def fails() -> None:
        ticks.append(1)
        raise ValueError("in a timer")

    timer.timeout.connect(fails)
    timer.start()
    qtbot.waitUntil(lambda: len(ticks) > 20, timeout=LONG_MS)
    timer.stop()
    until_told(qtbot, caught)
    assert len(caught) == 1


@pytest.mark.parametrize("view", ["bars", "weights", "loss"])
def test_that_an_error_while_painting_is_told_once_and_not_at_every_frame(
    qtbot: QtBot, window: MainWindow, caught: list[str], monkeypatch: pytest.MonkeyPatch, view: str
) -> None:
    def fails(_painter: QPainter) -> None:
        raise ValueError("while painting")

    curves = window.plots.complete()
    figure = {"bars": window.prediction.bars, "weights": window.plots.weights}.get(view)
    if figure is not None:
        monkeypatch.setattr(figure, "draw", fails)
    else:
        monkeypatch.setattr(curves.loss.canvas, "_draw_front", fails)
    press(window, "F5")
    start = newest(window).step
    qtbot.waitUntil(lambda: newest(window).step > start + 100, timeout=LONG_MS)
    until_told(qtbot, caught)
    assert len(caught) == 1
    assert "while painting" in caught[0]
    press(window, "F5")
    settle(qtbot, window)
    assert not running(window)


def test_that_two_faults_in_two_places_are_both_told(
    qtbot: QtBot, window: MainWindow, caught: list[str]
) -> None:
    class Teller(QObject):
        told = Signal(int)

    def one(number: int) -> None:
        if number:
            raise ValueError("one")
        raise ValueError("two")

    teller = Teller()
    teller.told.connect(one)
    for number in (1, 0, 1, 0):
        teller.told.emit(number)
    until_told(qtbot, caught, 2)
    assert [text.count("one") for text in caught] == [1, 0]


def test_that_an_error_on_the_training_thread_outside_a_step_is_told_in_the_window(
    qtbot: QtBot, window: MainWindow, caught: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> int:
        raise ValueError("on the thread")

    worker = window.trainer._worker
    monkeypatch.setattr(worker, "_pulse_ms", fails)
    worker._pulse.isActive  # noqa: B018 - the wrapper exists before the thread asks for it
    press(window, "F5")
    until_told(qtbot, caught)
    assert "on the thread" in caught[0]


def test_that_a_signal_in_the_middle_of_painting_closes_the_window_after_it(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_while_painting: list[bool] = []

    def draw(_painter: QPainter) -> None:
        signal.raise_signal(signal.SIGINT)
        open_while_painting.append(window.isVisible())

    monkeypatch.setattr(window.prediction.bars, "draw", draw)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        app._close_on_signals(window)
        window.prediction.bars.repaint()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert open_while_painting == [True]
    qtbot.waitUntil(window.isHidden, timeout=LONG_MS)
    assert not window.trainer.is_stuck()


def test_that_a_word_about_the_last_run_outlives_the_first_data(
    qtbot: QtBot, tmp_path: Path
) -> None:
    window = MainWindow(Settings(), tmp_path / "settings.json")
    qtbot.addWidget(window)
    window.show()
    window.messages.show_message(Tone.WARNING, "The last run ended in a crash.")
    qtbot.waitUntil(lambda: window.newest() is not None, timeout=LONG_MS)
    settle(qtbot, window)
    assert window.messages.text() == "The last run ended in a crash."
    window.load("iris")
    settle(qtbot, window)
    assert window.messages.tone() is Tone.HINT


def test_that_wishes_without_data_are_answered_in_words(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_large(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("softmax_gui.gui.loading.load", too_large)
    window = MainWindow(Settings(), tmp_path / "settings.json")
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(lambda: window.messages.tone() is Tone.ERROR, timeout=LONG_MS)
    assert window.messages.text() == "There is not enough memory for these data."
    for keys in ("F5", "F6", "F7", "F8", "Ctrl+E", "Ctrl+Shift+O"):
        window.messages.dismiss()
        press(window, keys)
        settle(qtbot, window)
        assert "no data yet" in window.messages.text(), keys
    assert not running(window)
