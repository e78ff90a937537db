"""The first five minutes: what stands there, and what Train, Step, Epoch, Reset and speed do."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QSlider
from pytestqt.qtbot import QtBot

from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.widgets.message_bar import Tone
from softmax_gui.gui.widgets.number_field import NumberField
from softmax_gui.training.snapshot import RunState
from tests.gui.windows import (
    LEFT,
    LONG_MS,
    button_of,
    data,
    find,
    newest,
    press,
    running,
    settle,
    shown_texts,
    trained,
    write,
)


def until_steps(qtbot: QtBot, window: MainWindow, steps: int = 1) -> None:
    qtbot.waitUntil(lambda: newest(window).step >= steps, timeout=LONG_MS)


def test_that_the_first_start_shows_the_2x2_world_and_says_what_to_press(
    window: MainWindow,
) -> None:
    assert data(window).dataset.name == "2x2"
    assert window.windowTitle().startswith("2x2")
    assert window.messages.tone() is Tone.HINT
    assert "Train (F5)" in window.messages.text()
    assert data(window).dataset.class_names == ("cat", "chicken", "dog")
    np.testing.assert_allclose(window.prediction.probabilities(), 1 / 3)
    assert newest(window).step == 0


@pytest.mark.parametrize("by", ["mouse", "key"])
def test_that_train_makes_the_steps_rise_and_becomes_pause(
    qtbot: QtBot, window: MainWindow, by: str
) -> None:
    def act() -> None:
        if by == "mouse":
            QTest.mouseClick(button_of(window, "train"), LEFT)
        else:
            press(window, "F5")

    act()
    until_steps(qtbot, window, 50)
    assert button_of(window, "train").text() == "Pause"
    assert "F5" in window.messages.text()
    act()
    settle(qtbot, window)
    assert button_of(window, "train").text() == "Train"
    assert "Paused" in shown_texts(window)


def test_that_train_moves_every_picture(qtbot: QtBot, window: MainWindow) -> None:
    before = window.prediction.probabilities()
    snapshot = trained(qtbot, window)
    curves = window.plots.complete()
    for plot in (curves.loss, curves.accuracy):
        assert all(len(curve.points) > 1 for curve in plot._curves.values())
    assert np.abs(window.plots.weights._W).max() > 0
    assert np.abs(window.prediction.probabilities() - before).max() > 0.01
    assert f"step {snapshot.step:,}" in shown_texts(window)


def test_that_the_newest_snapshot_is_what_is_drawn(qtbot: QtBot, window: MainWindow) -> None:
    snapshot = trained(qtbot, window)
    assert (window.plots.weights._W == snapshot.model.W).all()
    assert (window.plots.weights._b == snapshot.model.b).all()
    assert window.prediction._model is snapshot.model
    last = window.plots.complete().loss._curves["train"].points.last()
    assert last == (snapshot.step, snapshot.train.loss)


def test_that_of_many_snapshots_in_a_row_only_the_newest_is_drawn(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []
    monkeypatch.setattr(window.plots, "show_snapshot", lambda one: drawn.append(one.step))
    for step in range(1, 1001):
        window.keep(replace(newest(window), step=step))
    qtbot.waitUntil(lambda: bool(drawn), timeout=LONG_MS)
    settle(qtbot, window)
    assert drawn == [1000]


def test_that_step_takes_one_minibatch(qtbot: QtBot, window: MainWindow) -> None:
    for taken in (1, 2):
        press(window, "F6")
        settle(qtbot, window)
        assert newest(window).step == taken
    assert newest(window).examples == 2 * newest(window).config.batch_size


def test_that_epoch_stops_by_itself_at_the_end_of_the_epoch(
    qtbot: QtBot, window: MainWindow
) -> None:
    write(find(window, NumberField, "Batch size"), "1000")
    press(window, "F7")
    qtbot.waitUntil(lambda: newest(window).epoch == 1.0, timeout=LONG_MS)
    settle(qtbot, window)
    assert not running(window)


@pytest.mark.parametrize("wish", ["reset", "load"])
def test_that_an_epoch_begun_before_a_new_start_ends_with_the_first_one(
    qtbot: QtBot, window: MainWindow, wish: str
) -> None:
    def until_paused() -> AbstractContextManager[object]:
        state = window.trainer.state_changed
        paused = RunState.PAUSED
        return qtbot.waitSignal(state, check_params_cb=lambda s: s is paused, timeout=LONG_MS)

    write(find(window, NumberField, "Batch size"), "1000")
    with until_paused():
        press(window, "F7")
    with until_paused():
        press(window, "F7")
        press(window, "F8") if wish == "reset" else window.load("2x2")
    settle(qtbot, window)
    assert newest(window).epoch == 1.0


def test_that_reset_goes_back_to_step_0_and_zero_weights(qtbot: QtBot, window: MainWindow) -> None:
    trained(qtbot, window)
    press(window, "F8")
    settle(qtbot, window)
    assert newest(window).step == 0
    assert not newest(window).model.W.any()
    assert window._state is RunState.READY
    assert len(window.plots.complete().loss._curves["train"].points) == 1


def test_that_reset_while_training_goes_on_from_step_0(qtbot: QtBot, window: MainWindow) -> None:
    press(window, "F5")
    until_steps(qtbot, window, 500)
    generation = newest(window).history.generation
    press(window, "F8")
    qtbot.waitUntil(lambda: newest(window).history.generation > generation, timeout=LONG_MS)
    until_steps(qtbot, window)
    assert running(window)


def test_that_the_speed_slider_and_its_keys_slow_training_down(
    qtbot: QtBot, window: MainWindow
) -> None:
    slider = find(window, QSlider, "Speed")
    QTest.keyClick(slider, Qt.Key.Key_Home)
    assert window.speed.speed() == 1
    assert "1 step/s" in shown_texts(window)
    press(window, "F5")
    until_steps(qtbot, window)
    assert newest(window).step <= 3
    for _ in range(20):
        press(window, "Ctrl+]")
    assert "full speed" in shown_texts(window)
    until_steps(qtbot, window, 500)
    press(window, "Ctrl+[")
    assert window.speed.speed() == 10_000


def test_that_the_rate_is_told_while_training_only(qtbot: QtBot, window: MainWindow) -> None:
    press(window, "F5")
    qtbot.waitUntil(
        lambda: any(text.endswith("examples/s") for text in shown_texts(window)), timeout=LONG_MS
    )
    press(window, "F5")
    settle(qtbot, window)
    assert not any(text.endswith("examples/s") for text in shown_texts(window))
