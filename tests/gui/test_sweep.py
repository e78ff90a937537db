"""The tab of weight decays: one button, and the run is untouched until the user takes one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from softmax_gui.core.softmax import log_sum_exp
from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.settings import Settings
from softmax_gui.gui.widgets.message_bar import Tone
from softmax_gui.gui.widgets.number_field import NumberField
from softmax_gui.gui.widgets.ranges import short
from softmax_gui.training import sweep
from softmax_gui.training.snapshot import RunState
from tests.gui.windows import (
    LEFT,
    LONG_MS,
    data,
    find,
    load,
    newest,
    press,
    running,
    settle,
    trained,
)


def begun(qtbot: QtBot, window: MainWindow, points: int = 1) -> None:
    """Presses F9 and waits for the first points."""
    press(window, "F9")
    qtbot.waitUntil(lambda: len(window.sweep.plot.points) >= points, timeout=LONG_MS)


def done(qtbot: QtBot, window: MainWindow) -> None:
    """Tries all weight decays."""
    with qtbot.waitSignal(window.trainer.sweep_done, timeout=LONG_MS):
        press(window, "F9")
    settle(qtbot, window)


def click(window: MainWindow, text: str) -> None:
    [button] = [one for one in window.sweep.findChildren(QPushButton) if text in one.text()]
    QTest.mouseClick(button, LEFT)


@pytest.fixture
def iris(qtbot: QtBot, window: MainWindow) -> MainWindow:
    load(qtbot, window, "iris")
    return window


def test_that_one_button_tries_sixteen_and_names_the_best(qtbot: QtBot, iris: MainWindow) -> None:
    iris.tabs.setCurrentWidget(iris.sweep)
    with qtbot.waitSignal(iris.trainer.sweep_done, timeout=LONG_MS):
        click(iris, "Try 16 weight decays")
    settle(qtbot, iris)
    points = iris.sweep.plot.points
    assert len(points) == 16
    best = min(points, key=lambda point: point.validation)
    assert iris.sweep.plot.marked
    assert f"Best: weight decay {short(best.decay)}, " in iris.sweep._words.text()
    assert iris.messages.tone() is Tone.DONE
    assert "16 weight decays are tried" in iris.messages.text()


def test_that_the_run_is_paused_and_untouched(qtbot: QtBot, iris: MainWindow) -> None:
    trained(qtbot, iris, 50)
    press(iris, "F5")
    qtbot.waitUntil(lambda: running(iris))
    done(qtbot, iris)
    assert not running(iris)
    before = newest(iris)
    done(qtbot, iris)
    after = newest(iris)
    assert (after.step, after.config) == (before.step, before.config)
    assert (after.model.W == before.model.W).all()
    assert trained(qtbot, iris, 10).step >= before.step + 10


def test_that_pause_and_cancel_act_at_once(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, "digits")
    begun(qtbot, window)
    with qtbot.waitSignal(window.trainer.sweep_state_changed, timeout=LONG_MS):
        press(window, "F9")
    settle(qtbot, window)
    points = len(window.sweep.plot.points)
    assert 1 <= points < 16
    settle(qtbot, window)
    assert len(window.sweep.plot.points) == points
    click(window, "Go on")
    qtbot.waitUntil(lambda: len(window.sweep.plot.points) > points, timeout=LONG_MS)
    click(window, "Cancel")
    settle(qtbot, window)
    assert window.sweep.plot.points == ()
    assert find(window.sweep, QPushButton, "Try 16 weight decays").isEnabled()
    assert not find(window.sweep, QPushButton, "Cancel").isEnabled()


def test_that_training_pauses_the_path_and_it_goes_on_later(
    qtbot: QtBot, window: MainWindow
) -> None:
    load(qtbot, window, "digits")
    begun(qtbot, window)
    press(window, "F5")
    qtbot.waitUntil(lambda: newest(window).step > 20, timeout=LONG_MS)
    assert running(window)
    assert find(window.sweep, QPushButton, "Go on").isEnabled()
    with qtbot.waitSignal(window.trainer.sweep_done, timeout=LONG_MS):
        press(window, "F9")
    settle(qtbot, window)
    assert window._state is RunState.PAUSED
    assert len(window.sweep.plot.points) == 16


def test_that_other_data_end_the_path(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, "digits")
    begun(qtbot, window)
    load(qtbot, window, "iris")
    assert window.sweep.plot.points == ()
    assert find(window.sweep, QPushButton, "Try 16 weight decays").isEnabled()


def test_that_the_button_of_the_best_sets_the_weight_decay(qtbot: QtBot, iris: MainWindow) -> None:
    done(qtbot, iris)
    best = min(iris.sweep.plot.points, key=lambda point: point.validation)
    click(iris, "(best)")
    settle(qtbot, iris)
    assert find(iris, NumberField, "Weight decay").value() == best.decay
    assert newest(iris).config.weight_decay == best.decay
    assert newest(iris).step == 0
    assert not newest(iris).model.W.any()


def test_that_a_click_on_a_point_sets_its_weight_decay(qtbot: QtBot, iris: MainWindow) -> None:
    done(qtbot, iris)
    plot = iris.sweep.plot
    QTest.mouseClick(plot, LEFT, pos=plot._scales.pixel(3).toPoint())
    settle(qtbot, iris)
    assert newest(iris).config.weight_decay == plot.points[3].decay
    assert plot._in_force == plot.points[3].decay


def test_that_the_weights_of_a_point_are_shown_with_its_losses(
    qtbot: QtBot, iris: MainWindow
) -> None:
    done(qtbot, iris)
    point = min(iris.sweep.plot.points, key=lambda one: one.validation)
    click(iris, "Show these weights")
    settle(qtbot, iris)
    snapshot, held_out = newest(iris), data(iris).validation
    assert snapshot.step == 0
    assert snapshot.config.weight_decay == point.decay
    logits = np.asarray(snapshot.model.logits(held_out.X))
    loss = log_sum_exp(logits) - logits[np.arange(held_out.n), held_out.labels]
    assert np.mean(np.asarray(loss)) == pytest.approx(point.validation)
    assert snapshot.train.loss == pytest.approx(point.training)


def test_that_folds_judge_by_every_row(
    qtbot: QtBot, iris: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    real = sweep.held_out

    def held_out(n: int, folds: int, seed: int):  # type: ignore[no-untyped-def]
        asked.append(folds)
        return real(n, folds, seed)

    monkeypatch.setattr(sweep, "held_out", held_out)
    iris.sweep._folds.set_key("5")
    done(qtbot, iris)
    assert asked == [5]
    assert len(iris.sweep.plot.points) == 16


def test_that_an_error_in_the_path_is_told_and_the_next_one_works(
    qtbot: QtBot, iris: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise ValueError("All rows to train on have the weight 0.")

    with monkeypatch.context() as patch:
        patch.setattr(sweep, "sweep_steps", refuses)
        press(iris, "F9")
        settle(qtbot, iris)
    assert iris.messages.text() == "All rows to train on have the weight 0."
    done(qtbot, iris)
    assert len(iris.sweep.plot.points) == 16


def test_that_losses_follow_the_unit_and_texts_the_language(qtbot: QtBot, iris: MainWindow) -> None:
    done(qtbot, iris)
    press(iris, "Ctrl+Shift+B")
    assert " bit" in iris.sweep._words.text()
    _, rows = iris.sweep.plot.table()
    best = min(iris.sweep.plot.points, key=lambda point: point.validation)
    assert min(float(str(row[2])) for row in rows) == pytest.approx(best.validation / np.log(2))
    press(iris, "Ctrl+Alt+K")
    assert iris.tabs.tabText(1) == "가중치 감쇠"


def test_that_a_path_without_data_is_answered_in_words(
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
    press(window, "F9")
    settle(qtbot, window)
    assert "no data yet" in window.messages.text()


def test_that_the_folds_can_be_chosen_by_keys(iris: MainWindow) -> None:
    iris.tabs.setCurrentWidget(iris.sweep)
    folds = iris.sweep._folds
    folds.setFocus()
    QTest.keyClick(folds, Qt.Key.Key_Down)
    assert iris.sweep.folds() == 5
