"""What was saved comes back as it was; what goes wrong is a sentence, and nothing is lost."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from softmax_gui.data.drawn import DRAWN_SOURCE
from softmax_gui.export.project import load_project
from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.units import Unit
from softmax_gui.gui.widgets.message_bar import Tone
from tests.gui.drawn import LEFT_COLUMN, TOP_ROW, add, names
from tests.gui.imports import drop
from tests.gui.project_files import (
    Dialogs,
    a_table,
    again,
    arrived,
    dialogs,
    loaded,
    open_project,
    open_table,
    save,
    weights,
)
from tests.gui.windows import LONG_MS, data, load, newest, press, settle, stepped, trained

__all__ = ["dialogs"]


@pytest.mark.parametrize("changes", [
    {"momentum": 0.9, "batch_size": 7},
    {"optimizer": "adam", "learning_rate": 0.01},
    {"solver": "lbfgs", "weight_decay": 0.001},
])  # fmt: skip
def test_that_a_project_goes_on_bit_by_bit(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, changes: dict[str, object]
) -> None:
    load(qtbot, window, "iris")
    window.adjust(changes)
    stepped(qtbot, window, 4)
    save(qtbot, window, tmp_path / "work.softmax")
    stepped(qtbot, window, 4)
    uninterrupted, history = weights(window), newest(window).history.rows
    again(window)
    loaded(qtbot, window, "2x2")
    open_project(qtbot, window, tmp_path / "work.softmax")
    assert newest(window).step == 4
    for name, value in changes.items():
        assert getattr(window.wishes.config, name) == value
    stepped(qtbot, window, 4)
    np.testing.assert_array_equal(weights(window), uninterrupted)
    np.testing.assert_array_equal(newest(window).history.rows[:, 0], history[:, 0])


def test_that_own_data_drawn_examples_and_the_look_of_the_window_come_back(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    add(window, "cat", TOP_ROW)
    add(window, "dog", LEFT_COLUMN)
    open_table(qtbot, window, a_table(tmp_path / "fruit.csv"))
    stepped(qtbot, window)
    window.appearance.set_unit("bit")
    window.speed.set_speed(5)
    window.docks.docks["prediction"].hide()
    window.commands["log_loss"].setChecked(True)
    save(qtbot, window, tmp_path / "work.softmax")
    before, rows = weights(window), data(window).train.X
    (tmp_path / "fruit.csv").unlink()  # small data are in the project
    again(window)
    loaded(qtbot, window, "2x2")
    window.appearance.set_unit("nat")
    window.speed.set_speed(100)
    window.docks.docks["prediction"].show()
    window.commands["log_loss"].setChecked(False)
    assert not names(window)
    open_project(qtbot, window, tmp_path / "work.softmax")
    np.testing.assert_array_equal(weights(window), before)
    np.testing.assert_array_equal(data(window).train.X, rows)
    assert names(window) == ["cat", "dog"]
    assert data(window).dataset.class_names == ("apple", "pear")
    assert window.appearance.unit() is Unit.BIT
    assert window.speed.speed() == 5
    assert window.docks.docks["prediction"].isHidden()
    assert window.commands["log_loss"].isChecked()
    assert window.windowTitle().startswith("work.softmax")


def test_that_drawn_examples_alone_are_data_of_a_project(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    add(window, "cat", TOP_ROW)
    add(window, "dog", LEFT_COLUMN)
    window.drawing.train()
    loaded(qtbot, window, DRAWN_SOURCE)
    trained(qtbot, window, 20)
    save(qtbot, window, tmp_path / "drawn.softmax")
    before = weights(window)
    again(window)
    loaded(qtbot, window, "2x2")
    open_project(qtbot, window, tmp_path / "drawn.softmax")
    np.testing.assert_array_equal(weights(window), before)
    assert names(window) == ["cat", "dog"]


def test_that_mixed_data_are_in_the_project_and_stay_in_it(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    n = data(window).dataset.n
    add(window, "cat", TOP_ROW)
    window.drawing.mix()
    qtbot.waitUntil(lambda: data(window).dataset.n == n + 1, timeout=LONG_MS)
    stepped(qtbot, window)
    for path in (tmp_path / "one.softmax", tmp_path / "two.softmax"):
        save(qtbot, window, path)
        before = weights(window)
        again(window)
        qtbot.waitUntil(lambda: data(window).dataset.n == n, timeout=LONG_MS)
        settle(qtbot, window)
        open_project(qtbot, window, path)
        assert data(window).dataset.n == n + 1
        np.testing.assert_array_equal(weights(window), before)


def test_that_saving_goes_on_beside_training(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    load(qtbot, window, "digits")
    window.speed.set_speed(float("inf"))
    window.trainer.start_requested.emit()
    qtbot.waitUntil(lambda: newest(window).step > 10, timeout=LONG_MS)
    save(qtbot, window, tmp_path / "work.softmax")
    at = newest(window).step
    qtbot.waitUntil(lambda: newest(window).step > at, timeout=LONG_MS)
    kept = load_project(tmp_path / "work.softmax")
    assert kept.checkpoint is not None
    assert kept.checkpoint.step > 0
    assert kept.history[-1, 0] <= kept.checkpoint.step
    assert window.isWindowModified()  # it has learnt more since


def test_that_the_keys_save_and_open(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, dialogs: Dialogs
) -> None:
    stepped(qtbot, window, 5)
    dialogs.answer(tmp_path / "by keys")
    press(window, "Ctrl+S")
    file = tmp_path / "by keys.softmax"
    qtbot.waitUntil(lambda: window.projects.path == file, timeout=LONG_MS)
    assert window.messages.text() == f"The project is in {file}."
    stepped(qtbot, window, 2)
    press(window, "Ctrl+S")  # no dialog: it has a file
    qtbot.waitUntil(lambda: not window.isWindowModified(), timeout=LONG_MS)
    assert len(dialogs.asked) == 1
    stepped(qtbot, window, 2)
    window.projects.forget_changes()
    press(window, "Ctrl+N")
    qtbot.waitUntil(lambda: window.projects.path is None, timeout=LONG_MS)
    settle(qtbot, window)
    assert newest(window).step == 0
    dialogs.answer(file)
    press(window, "Ctrl+Shift+P")
    arrived(qtbot, window, file)
    assert newest(window).step == 7
    dialogs.answer(tmp_path / "another.softmax")
    press(window, "Ctrl+Shift+S")
    qtbot.waitUntil(lambda: window.projects.path == tmp_path / "another.softmax", timeout=LONG_MS)


def test_that_the_title_says_what_is_not_saved(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    assert not window.isWindowModified()
    window.adjust({"learning_rate": 0.123})
    settle(qtbot, window)
    assert window.isWindowModified()
    save(qtbot, window, tmp_path / "work.softmax")
    assert not window.isWindowModified()
    assert window.windowTitle() == "work.softmax[*] – Softmax GUI"
    stepped(qtbot, window, 1)
    assert window.isWindowModified()
    save(qtbot, window, tmp_path / "work.softmax")
    add(window, "cat", TOP_ROW)
    assert window.isWindowModified()
    press(window, "Ctrl+Z")
    assert not window.isWindowModified()


def test_that_a_dropped_project_opens_and_is_recent(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    stepped(qtbot, window, 5)
    save(qtbot, window, tmp_path / "work.softmax")
    again(window)
    qtbot.waitUntil(lambda: window.projects.path is None, timeout=LONG_MS)
    settle(qtbot, window)
    drop(window, (tmp_path / "work.softmax").as_uri())
    arrived(qtbot, window, tmp_path / "work.softmax")
    assert newest(window).step == 5
    assert window.importing.dialog is None
    assert window.importing.recent.paths[0] == str(tmp_path / "work.softmax")


@pytest.mark.parametrize("spoil", ["none", "cut", "other"])
def test_that_what_is_no_project_is_refused_and_what_is_there_stays(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, spoil: str
) -> None:
    path = tmp_path / "work.softmax"
    stepped(qtbot, window, 5)
    if spoil == "cut":
        save(qtbot, window, path)
        path.write_bytes(path.read_bytes()[:-200])
        window.projects.path = None
    elif spoil == "other":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("project.json", "{}")
    window.projects.forget_changes()
    window.projects.open(path)
    qtbot.waitUntil(lambda: window.messages.tone() is Tone.ERROR, timeout=LONG_MS)
    assert "work.softmax" in window.messages.text()
    assert newest(window).step == 5
    assert window.projects.path is None


def test_that_a_save_that_fails_loses_nothing(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    stepped(qtbot, window, 5)
    window.projects.saving.save(tmp_path / "gone" / "work.softmax", None)
    qtbot.waitUntil(lambda: window.messages.tone() is Tone.ERROR, timeout=LONG_MS)
    assert window.messages.text().endswith("Nothing was lost.")
    assert window.isWindowModified()
    assert window.projects.path is None


def test_that_a_cancelled_dialog_saves_nothing(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, dialogs: Dialogs
) -> None:
    stepped(qtbot, window, 5)
    press(window, "Ctrl+S")
    settle(qtbot, window)
    assert dialogs.asked == ["Save project"]
    assert window.isWindowModified()
    assert not [*tmp_path.glob("*.softmax")]


def test_that_an_own_name_without_ending_never_replaces_a_file_unasked(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, dialogs: Dialogs
) -> None:
    (tmp_path / "mine.softmax").write_bytes(b"old")
    stepped(qtbot, window, 5)
    dialogs.answer(tmp_path / "mine")
    press(window, "Ctrl+S")
    settle(qtbot, window)
    assert "mine.softmax is there already" in window.messages.text()
    assert (tmp_path / "mine.softmax").read_bytes() == b"old"


def test_that_a_project_keeps_its_parts_and_scaling(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    from softmax_gui.data.cut import Cut

    open_table(qtbot, window, a_table(tmp_path / "fruit.csv"))
    cut = Cut(validation_share=0.25, test_share=0.2, scaling="unit")
    window.wishes.change_cut(cut, window.split())
    qtbot.waitUntil(lambda: data(window).test is not None, timeout=LONG_MS)
    settle(qtbot, window)
    stepped(qtbot, window)
    before, parts = weights(window), data(window)
    save(qtbot, window, tmp_path / "work.softmax")
    again(window)
    loaded(qtbot, window, "2x2")
    open_project(qtbot, window, tmp_path / "work.softmax")
    assert window.wishes.cut == cut
    np.testing.assert_array_equal(weights(window), before)
    now = data(window)
    assert now.test is not None
    assert parts.test is not None
    np.testing.assert_array_equal(now.test.X, parts.test.X)


def test_that_escape_and_new_leave_an_open_project_as_it_was(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    stepped(qtbot, window, 5)
    save(qtbot, window, tmp_path / "work.softmax")
    before = (tmp_path / "work.softmax").read_bytes()
    stepped(qtbot, window, 5)
    press(window, "Ctrl+N")
    question = window.projects.guard.question
    assert question is not None
    QTest.keyClick(question, Qt.Key.Key_Escape)
    settle(qtbot, window)
    assert newest(window).step == 10
    assert (tmp_path / "work.softmax").read_bytes() == before
