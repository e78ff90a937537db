"""A run of another process in the window: curves, weights and state; then one's own again."""

from __future__ import annotations

import json
import os
import socket
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QToolTip
from pytestqt.qtbot import QtBot

from softmax_gui import cli
from softmax_gui.export.run_reader import RunReader
from softmax_gui.export.weights import load_model
from softmax_gui.gui import attachment, run_watch
from softmax_gui.gui.command_list import OWN_RUN_ONLY
from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.widgets.message_bar import Tone
from softmax_gui.gui.widgets.number_field import NumberField
from tests.gui.windows import LONG_MS, find, load, newest, press, running, settle, shown_texts
from tests.gui.windows import trained as trained_here


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder of the command line, with iris in it."""
    folder = tmp_path_factory.mktemp("runs") / "night run"
    code = cli.main(["train", "--data", "iris", "--epochs", "5", "--out", str(folder)])
    assert code == 0
    return folder


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_watch, "EVERY_S", 0.01)


def attach(qtbot: QtBot, window: MainWindow, folder: Path) -> None:
    window.attach(folder)
    qtbot.waitUntil(lambda: window.display.watching, timeout=LONG_MS)
    qtbot.waitUntil(lambda: not window.display.isActive(), timeout=LONG_MS)


def going_on(folder: Path, rows: int = 2) -> Path:
    """Makes a run folder look as while this very process trains in it."""
    folder.mkdir()
    settings = {"d": 4, "q": 3, "epochs": 9, "solver": "minibatch", "learning_rate": 0.25}
    (folder / "config.json").write_text(json.dumps(settings))
    header = "step,epoch,seconds,train_loss,train_accuracy,validation_loss,validation_accuracy\n"
    (folder / "metrics.csv").write_text(header)
    for row in range(rows):
        add_row(folder, row)
    say(folder, "running")
    return folder


def add_row(folder: Path, row: int) -> None:
    with (folder / "metrics.csv").open("a") as file:
        file.write(f"{10 * row},{row},{row},{1 / (row + 1)},0.5,{1 / (row + 1)},0.5\n")


def say(folder: Path, state: str, sentence: str = "") -> None:
    status = {"state": state, "sentence": sentence, "host": socket.gethostname(),
              "process": os.getpid(), "step": 10, "epoch": 1.0, "epochs": 9,
              "seconds": 1.0}  # fmt: skip
    (folder / "status.json").write_text(json.dumps(status))


def shows(window: MainWindow, state: str) -> bool:
    return any(text.endswith(f": {state}") for text in shown_texts(window.statusBar()))


def test_that_a_finished_run_is_shown_with_curves_weights_and_state(
    qtbot: QtBot, window: MainWindow, finished: Path
) -> None:
    attach(qtbot, window, finished)
    model, rows = load_model(finished / "model.safetensors"), RunReader(finished).poll().rows
    assert window.windowTitle().startswith("night run")
    assert "Attached to night run: finished" in window.messages.text()
    assert window.messages.tone() is Tone.DONE
    assert shows(window, "finished")
    np.testing.assert_array_equal(window.plots.weights._W, model.dense.W)
    last = window.plots.complete().loss._curves["train"].points.last()
    assert last == (rows[-1, 0], rows[-1, 3])
    share = f"{100 * rows[-1, 6]:.1f} %"
    assert window.plots._titles["accuracy"].text() == f"Accuracy: {share} on validation data"
    assert window.prediction.bars.table()[1]
    x = model.scaling.apply(window.draw.vector())
    np.testing.assert_allclose(
        window.prediction.probabilities(), np.asarray(model.dense.probabilities(x))
    )


def test_that_rows_and_state_come_as_they_are_written(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    folder = going_on(tmp_path / "live")
    attach(qtbot, window, folder)
    assert "Attached to live: running" in window.messages.text()
    curve = window.plots.complete().loss._curves["train"].points
    assert len(curve) == 2
    add_row(folder, 2)
    qtbot.waitUntil(lambda: len(curve) == 3, timeout=LONG_MS)
    assert curve.last() == (20, 1 / 3)
    say(folder, "finished")
    qtbot.waitUntil(lambda: shows(window, "finished"), timeout=LONG_MS)
    assert window.messages.tone() is Tone.DONE


@pytest.mark.parametrize(("state", "word"), [("interrupted", "ended early"),
                                             ("failed", "ended early")])  # fmt: skip
def test_that_a_run_that_ended_early_says_so(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, state: str, word: str
) -> None:
    folder = going_on(tmp_path / "live")
    say(folder, state, "Training diverged.")
    attach(qtbot, window, folder)
    assert shows(window, word)
    assert window.messages.tone() is Tone.WARNING


def test_that_a_run_whose_folder_goes_away_is_lost_and_its_curves_stay(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    folder = going_on(tmp_path / "live")
    attach(qtbot, window, folder)
    folder.rename(tmp_path / "gone")
    qtbot.waitUntil(lambda: shows(window, "lost"), timeout=LONG_MS)
    assert len(window.plots.complete().loss._curves["train"].points) == 2
    (tmp_path / "gone").rename(folder)
    qtbot.waitUntil(lambda: shows(window, "running"), timeout=LONG_MS)


def test_that_a_disk_that_does_not_answer_holds_up_neither_window_nor_detach(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = threading.Event()
    poll = RunReader.poll

    def hangs(self: RunReader) -> Any:
        answers.wait()
        return poll(self)

    monkeypatch.setattr(RunReader, "poll", hangs)
    monkeypatch.setattr(window.attachment._silence, "interval", lambda: 1)
    window.attachment._silence.setInterval(1)
    try:
        window.attach(going_on(tmp_path / "live"))
        qtbot.waitUntil(lambda: shows(window, "lost"), timeout=LONG_MS)
        assert "does not answer" in window.messages.text()
        thread = window.attachment._watch._thread  # type: ignore[union-attr]
        press(window, "Ctrl+Shift+D")
        assert not window.attachment.attached
        assert not window.display.watching
    finally:
        answers.set()
    thread.join(LONG_MS / 1000)
    settle(qtbot, window)
    assert not window.display.watching  # the late answer is not heard


def test_that_ones_own_run_rests_and_can_not_be_changed_meanwhile(
    qtbot: QtBot, window: MainWindow, finished: Path
) -> None:
    trained_here(qtbot, window, 50)
    press(window, "F5")
    qtbot.waitUntil(lambda: running(window))
    attach(qtbot, window, finished)
    settle(qtbot, window)
    step = newest(window).step
    for key in OWN_RUN_ONLY:
        assert not window.commands[key].isEnabled()
        assert "Detach from it first." in window.commands[key].toolTip(), key
    for keys in ("F5", "F6", "F7", "F8", "F9"):
        press(window, keys)
    settle(qtbot, window)
    assert newest(window).step == step
    assert not running(window)
    assert window.newest() is not None


def test_that_a_path_of_weight_decays_rests_meanwhile_too(
    qtbot: QtBot, window: MainWindow, finished: Path
) -> None:
    load(qtbot, window, "digits")
    press(window, "F9")
    qtbot.waitUntil(lambda: len(window.sweep.plot.points) > 0, timeout=LONG_MS)
    attach(qtbot, window, finished)
    settle(qtbot, window)
    points = len(window.sweep.plot.points)
    settle(qtbot, window)
    assert len(window.sweep.plot.points) == points < 16
    press(window, "Ctrl+Shift+D")
    with qtbot.waitSignal(window.trainer.sweep_done, timeout=LONG_MS):
        press(window, "F9")
    settle(qtbot, window)
    assert len(window.sweep.plot.points) == 16


def test_that_what_is_locked_says_why_in_its_tool_tip(
    qtbot: QtBot, window: MainWindow, finished: Path
) -> None:
    attach(qtbot, window, finished)
    field = find(window.training, NumberField, "Learning rate")
    assert not field.isEnabled()
    event = QHelpEvent(QEvent.Type.ToolTip, QPoint(2, 2), field.mapToGlobal(QPoint(2, 2)))
    QApplication.sendEvent(field, event)
    assert QToolTip.text() == attachment.locked_tip()
    QToolTip.hideText()


def test_that_detach_brings_back_ones_own_run_as_it_was(
    qtbot: QtBot, window: MainWindow, finished: Path
) -> None:
    before = trained_here(qtbot, window, 50)
    drawn = window.draw.vector()
    attach(qtbot, window, finished)
    press(window, "Ctrl+Shift+D")
    settle(qtbot, window)
    assert window.windowTitle().startswith("2x2")
    assert newest(window).step == before.step
    assert (window.plots.weights._W == before.model.W).all()
    points = window.plots.complete().loss._curves["train"].points
    assert points.last() == (before.step, before.train.loss)
    assert window.draw.vector().shape == drawn.shape
    assert window.commands["train"].isEnabled()
    assert not window.commands["detach"].isEnabled()
    assert find(window.training, NumberField, "Learning rate").isEnabled()
    assert trained_here(qtbot, window, 20).step >= before.step + 20


def test_that_data_that_arrive_meanwhile_are_there_after_detaching(
    qtbot: QtBot, window: MainWindow, finished: Path
) -> None:
    window.load("digits")
    attach(qtbot, window, finished)
    settle(qtbot, window)
    assert window.windowTitle().startswith("night run")
    press(window, "Ctrl+Shift+D")
    settle(qtbot, window)
    assert window.windowTitle().startswith("digits")
    assert window.plots.weights._W.shape == (64, 10)


def test_that_a_folder_without_a_run_is_refused_in_a_sentence(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    press(window, "Ctrl+Shift+A")
    qtbot.waitUntil(lambda: window.messages.tone() is Tone.ERROR, timeout=LONG_MS)
    assert "holds no config.json" in window.messages.text()
    assert not window.attachment.attached
    assert window.commands["train"].isEnabled()


@pytest.mark.parametrize("settings", ['{"d": "many"}', '{"d": 1e18, "q": 3}', "[1]", "{"])
def test_that_nonsense_in_the_settings_of_a_run_is_refused(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, settings: str
) -> None:
    (tmp_path / "config.json").write_text(settings)
    window.attach(tmp_path)
    qtbot.waitUntil(lambda: window.messages.tone() is Tone.ERROR, timeout=LONG_MS)
    assert window.messages.text()
    assert not window.attachment.attached


def test_that_another_folder_takes_the_place_of_the_first(
    qtbot: QtBot, window: MainWindow, finished: Path, tmp_path: Path
) -> None:
    attach(qtbot, window, finished)
    window.attach(going_on(tmp_path / "live"))
    qtbot.waitUntil(lambda: window.windowTitle().startswith("live"), timeout=LONG_MS)
    watching = [one for one in threading.enumerate() if one.name == "watching"]
    assert len(watching) == 1


def test_that_a_long_history_is_shown_whole(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    folder = going_on(tmp_path / "live", rows=500)
    attach(qtbot, window, folder)
    curve = window.plots.complete().loss._curves["validation"].points
    qtbot.waitUntil(lambda: len(curve) == 500, timeout=LONG_MS)


def test_that_the_language_changes_while_attached(
    qtbot: QtBot, window: MainWindow, finished: Path
) -> None:
    load(qtbot, window, "iris")
    attach(qtbot, window, finished)
    english = shown_texts(window.statusBar())
    press(window, "Ctrl+Alt+K")
    press(window, "Ctrl+Alt+E")
    assert shown_texts(window.statusBar()) == english
