"""Nothing is lost unasked: questions before it, data that moved or changed, work after a crash."""

from __future__ import annotations

import signal
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from softmax_gui.data.drawn import DRAWN_SOURCE, DrawnSet
from softmax_gui.data.options import ReadOptions
from softmax_gui.data.readers import open_data
from softmax_gui.export import project_data
from softmax_gui.export.project import load_project, save_project
from softmax_gui.export.recovery import Recovery, list_abandoned
from softmax_gui.gui import autosave, project_guard
from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.project_dialogs import Question
from softmax_gui.gui.widgets.message_bar import Tone
from softmax_gui.training.devices import Device
from tests.gui.drawn import LEFT_COLUMN, TOP_ROW, add, names
from tests.gui.project_files import (
    Dialogs,
    a_table,
    again,
    arrived,
    asked,
    choose,
    dialogs,
    loaded,
    open_table,
    save,
    weights,
)
from tests.gui.test_close import ended, ready, run, start
from tests.gui.windows import LONG_MS, newest, press, settle, stepped

__all__ = ["dialogs"]
posix = pytest.mark.skipif(sys.platform == "win32", reason="no such signals there")


@pytest.fixture
def own(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> MainWindow:
    """Own data and a run on them that nothing has saved."""
    open_table(qtbot, window, a_table(tmp_path / "fruit.csv"))
    stepped(qtbot, window)
    return window


def test_that_a_short_run_of_a_sample_closes_unasked(qtbot: QtBot, window: MainWindow) -> None:
    stepped(qtbot, window)
    assert window.close()


def test_that_a_long_run_of_a_sample_is_asked_about(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project_guard, "ASK_AFTER_S", 0.0)
    stepped(qtbot, window)
    assert not window.close()
    choose(asked(qtbot, window), "Cancel")


def test_that_cancel_keeps_the_window_and_its_run(qtbot: QtBot, own: MainWindow) -> None:
    assert not own.close()
    question = asked(qtbot, own)
    assert question.text() == "Save the changes to fruit.csv?"
    QTest.keyClick(question, Qt.Key.Key_Escape)
    assert own.projects.guard.question is None
    assert own.isVisible()
    stepped(qtbot, own, 1)
    assert newest(own).step == 4


def test_that_dont_save_closes_and_leaves_nothing_behind(
    qtbot: QtBot, own: MainWindow, tmp_path: Path
) -> None:
    assert not own.close()
    choose(asked(qtbot, own), "Don't save")
    qtbot.waitUntil(lambda: not own.isVisible(), timeout=LONG_MS)
    assert not list_abandoned(tmp_path / "recovery")
    assert not [*tmp_path.glob("*.softmax")]


def test_that_save_saves_then_closes(
    qtbot: QtBot, own: MainWindow, tmp_path: Path, dialogs: Dialogs
) -> None:
    dialogs.answer(tmp_path / "work.softmax")
    assert not own.close()
    choose(asked(qtbot, own), "Save")
    qtbot.waitUntil(lambda: not own.isVisible(), timeout=LONG_MS)
    kept = load_project(tmp_path / "work.softmax")
    assert kept.checkpoint is not None
    assert kept.checkpoint.step == 3


def test_that_a_save_that_fails_does_not_close(
    qtbot: QtBot, own: MainWindow, tmp_path: Path, dialogs: Dialogs
) -> None:
    dialogs.answer(tmp_path / "gone" / "work.softmax")
    assert not own.close()
    choose(asked(qtbot, own), "Save")
    qtbot.waitUntil(lambda: own.messages.tone() is Tone.ERROR, timeout=LONG_MS)
    assert own.isVisible()


def test_that_other_data_are_loaded_only_when_the_run_may_go(
    qtbot: QtBot, own: MainWindow, tmp_path: Path
) -> None:
    choice = own.data._source
    for answer, source in (("Cancel", str(tmp_path / "fruit.csv")), ("Don't save", "iris")):
        choice.setCurrentIndex(choice.findData("iris"))
        choice.activated.emit(choice.currentIndex())
        choose(asked(qtbot, own), answer)
        loaded(qtbot, own, source)
        assert choice.currentData() == source


def test_that_a_save_that_comes_to_nothing_loads_no_other_data(
    qtbot: QtBot, own: MainWindow, tmp_path: Path, dialogs: Dialogs
) -> None:
    choice = own.data._source
    choice.setCurrentIndex(choice.findData("iris"))
    choice.activated.emit(choice.currentIndex())
    choose(asked(qtbot, own), "Save")  # and no file is named
    settle(qtbot, own)
    assert dialogs.asked == ["Save project"]
    assert choice.currentData() == own._source == str(tmp_path / "fruit.csv")


def test_that_a_run_of_a_device_that_is_not_here_goes_on_with_another_and_says_so(
    qtbot: QtBot, own: MainWindow, tmp_path: Path
) -> None:
    save(qtbot, own, tmp_path / "work.softmax")
    kept, before = load_project(tmp_path / "work.softmax"), weights(own)
    assert kept.checkpoint is not None
    device = Device("mps" if sys.platform != "darwin" else "cuda", "a GPU", "it was there")
    elsewhere = replace(kept, checkpoint=replace(kept.checkpoint, device=device))
    save_project(tmp_path / "elsewhere.softmax", elsewhere)
    again(own)
    loaded(qtbot, own, "2x2")
    own.projects.open(tmp_path / "elsewhere.softmax")
    qtbot.waitUntil(lambda: "training goes on with" in own.messages.text(), timeout=LONG_MS)
    np.testing.assert_array_equal(weights(own), before)
    stepped(qtbot, own)
    assert newest(own).step == 6


def test_that_training_on_drawn_examples_asks_for_the_run_on_other_data_alone(
    qtbot: QtBot, own: MainWindow
) -> None:
    own.drawing.restore(DrawnSet((2, 2)))
    for name, cells in (("cat", TOP_ROW), ("dog", LEFT_COLUMN)):
        grown, target = own.drawing.drawn.with_label({name: 1.0})
        picture = np.zeros((2, 2))
        for cell in cells:
            picture[cell] = 1.0
        own.drawing.restore(grown.added(picture, target))
    press(own, "Ctrl+Shift+T")
    choose(asked(qtbot, own), "Don't save")
    loaded(qtbot, own, DRAWN_SOURCE)
    qtbot.waitUntil(lambda: newest(own).step > 0, timeout=LONG_MS)
    press(own, "Ctrl+Shift+T")
    assert own.projects.guard.question is None
    loaded(qtbot, own, DRAWN_SOURCE)


def test_that_drawn_examples_are_asked_about(qtbot: QtBot, window: MainWindow) -> None:
    add(window, "cat", TOP_ROW)
    assert not window.close()
    choose(asked(qtbot, window), "Cancel")
    assert names(window) == ["cat"]


# -- data that are elsewhere ---------------------------------------------------------------------


@pytest.fixture
def kept(
    qtbot: QtBot, own: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> np.ndarray:
    """A project that names its data, which are too many to be in it; its weights."""
    monkeypatch.setattr(project_data, "EMBEDDED_BYTES", 100)
    save(qtbot, own, tmp_path / "work.softmax")
    before = weights(own)
    again(own)
    loaded(qtbot, own, "2x2")
    return before


def question_of(qtbot: QtBot, window: MainWindow) -> Question:
    qtbot.waitUntil(lambda: window.projects.opening.question is not None, timeout=LONG_MS)
    question = window.projects.opening.question
    assert question is not None
    return question


def test_that_data_in_their_place_are_taken_unasked(
    qtbot: QtBot, window: MainWindow, kept: np.ndarray, tmp_path: Path
) -> None:
    assert load_project(tmp_path / "work.softmax").dataset is None
    window.projects.open(tmp_path / "work.softmax")
    arrived(qtbot, window, tmp_path / "work.softmax")
    np.testing.assert_array_equal(weights(window), kept)
    assert not window.isWindowModified()


def test_that_data_that_moved_are_found_by_the_user(
    qtbot: QtBot, window: MainWindow, kept: np.ndarray, tmp_path: Path, dialogs: Dialogs
) -> None:
    (tmp_path / "elsewhere").mkdir()
    there = (tmp_path / "fruit.csv").replace(tmp_path / "elsewhere" / "obst.csv")
    other = a_table(tmp_path / "elsewhere" / "other.csv", seed=5)
    window.projects.open(tmp_path / "work.softmax")
    assert "fruit.csv is no longer in" in question_of(qtbot, window).text()
    dialogs.answer(other)
    choose(question_of(qtbot, window), "Find the file…")
    qtbot.waitUntil(
        lambda: "other.csv is not the data" in question_of(qtbot, window).text(), timeout=LONG_MS
    )
    dialogs.answer(there)
    choose(question_of(qtbot, window), "Find the file…")
    arrived(qtbot, window, tmp_path / "work.softmax")
    assert window._source == str(there)
    np.testing.assert_array_equal(weights(window), kept)
    assert window.isWindowModified()  # the new place is not in the file yet


def test_that_data_that_changed_are_trained_on_anew_or_not_at_all(
    qtbot: QtBot, window: MainWindow, kept: np.ndarray, tmp_path: Path
) -> None:
    a_table(tmp_path / "fruit.csv", seed=5)
    window.projects.open(tmp_path / "work.softmax")
    assert "has changed since the project was saved" in question_of(qtbot, window).text()
    choose(question_of(qtbot, window), "Cancel")
    settle(qtbot, window)
    assert window._source == "2x2"
    window.projects.open(tmp_path / "work.softmax")
    choose(question_of(qtbot, window), "Train from step 0")
    arrived(qtbot, window, tmp_path / "work.softmax")
    assert newest(window).step == 0
    assert not weights(window).any()
    assert kept.any()


def test_that_data_changed_behind_the_run_are_not_taken_for_its_own(
    qtbot: QtBot, own: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project_data, "EMBEDDED_BYTES", 100)
    a_table(tmp_path / "fruit.csv", seed=5)  # another program, while it trains
    with (tmp_path / "fruit.csv").open("a") as stream:
        stream.write("1,2,pear\n")
    save(qtbot, own, tmp_path / "work.softmax")
    again(own)
    loaded(qtbot, own, "2x2")
    own.projects.open(tmp_path / "work.softmax")
    assert "has changed" in question_of(qtbot, own).text()
    choose(question_of(qtbot, own), "Cancel")


def test_that_rows_on_disk_are_named_and_go_on(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    random = np.random.default_rng(0)
    np.save(tmp_path / "x-train.npy", random.normal(size=(400, 30)).astype(np.float32))
    np.save(tmp_path / "y-train.npy", random.integers(0, 3, 400))
    path, options = tmp_path / "x-train.npy", ReadOptions(limit_bytes=20_000)
    window.wishes.take((str(path), open_data(str(path), options), options))
    loaded(qtbot, window, str(path))
    stepped(qtbot, window)
    save(qtbot, window, tmp_path / "work.softmax")
    stepped(qtbot, window)
    before = weights(window)
    again(window)
    loaded(qtbot, window, "2x2")
    window.projects.open(tmp_path / "work.softmax")
    arrived(qtbot, window, tmp_path / "work.softmax")
    stepped(qtbot, window)
    np.testing.assert_array_equal(weights(window), before)


# -- after a crash -------------------------------------------------------------------------------


def test_that_the_autosave_keeps_what_changed_and_only_that(
    qtbot: QtBot, own: MainWindow, tmp_path: Path
) -> None:
    keeper = own.projects.saving.autosave
    assert keeper.timer.isActive()
    assert keeper.timer.interval() == autosave.EVERY_MS
    keeper.timer.timeout.emit()
    qtbot.waitUntil(lambda: keeper.mark is not None, timeout=LONG_MS)
    (slot,) = (tmp_path / "recovery").glob("*.softmax")
    written = slot.stat().st_mtime_ns
    keeper.timer.timeout.emit()  # nothing has changed since
    settle(qtbot, own)
    assert not own.projects.saving.busy
    assert slot.stat().st_mtime_ns == written
    save(qtbot, own, tmp_path / "work.softmax")
    qtbot.waitUntil(lambda: not own.errands.busy, timeout=LONG_MS)
    assert not slot.exists()


@posix
@pytest.mark.parametrize("end", ["abort", "SIGKILL"])
def test_that_work_is_recovered_after_a_crash(tmp_path: Path, end: str) -> None:
    if end == "abort":
        assert run(tmp_path, "unsaved", "abort").code != 0
    else:
        process = start(tmp_path, "unsaved", "stay")
        ready(process)
        process.send_signal(signal.SIGKILL)
        ended(process)
    again = run(tmp_path, "recovered")
    assert again.code == 0, again.errors
    assert "examples 1" in again.said
    assert "is open, at step" in again.said
    assert not [*tmp_path.rglob("recovery-*.softmax")]  # closed: its user let it go


def test_that_work_that_could_not_be_recovered_is_offered_again(
    qtbot: QtBot, own: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project_data, "EMBEDDED_BYTES", 100)
    other = Recovery(tmp_path / "recovery")  # of another window, which crashes
    save(qtbot, own, tmp_path / "work.softmax")
    other.keep(load_project(tmp_path / "work.softmax"), None)
    other._open.close()  # the system frees the lock
    (found,) = list_abandoned(tmp_path / "recovery")
    (tmp_path / "fruit.csv").unlink()
    own.projects.forget_changes()
    own.projects.recover(found)
    choose(question_of(qtbot, own), "Cancel")
    settle(qtbot, own)
    own.close()
    assert list_abandoned(tmp_path / "recovery") == [found]


def test_that_a_new_project_takes_the_place_of_one_that_is_being_opened(
    qtbot: QtBot, own: MainWindow, tmp_path: Path
) -> None:
    save(qtbot, own, tmp_path / "work.softmax")
    own.projects.open(tmp_path / "work.softmax")
    own.projects.new()
    loaded(qtbot, own, "2x2")
    qtbot.waitUntil(lambda: not own.errands.busy, timeout=LONG_MS)
    settle(qtbot, own)
    assert own._source == "2x2"
    assert own.projects.path is None


@posix
def test_that_work_discarded_is_not_offered_again(tmp_path: Path) -> None:
    run(tmp_path, "unsaved", "abort")
    assert run(tmp_path, "discarded").code == 0
    assert not [*tmp_path.rglob("recovery-*.softmax")]


@posix
def test_that_a_process_told_to_end_keeps_its_work_for_the_next_start(tmp_path: Path) -> None:
    process = start(tmp_path, "drawn", "stay")
    ready(process)
    process.send_signal(signal.SIGTERM)
    assert ended(process).code == 0
    again = run(tmp_path, "recovered")
    assert "examples 1" in again.said
    assert again.code == 0, again.errors


@posix
def test_that_an_offer_waits_until_somebody_takes_it(tmp_path: Path) -> None:
    run(tmp_path, "unsaved", "abort")
    for _ in range(2):
        assert "can be recovered" in run(tmp_path, "offered").said
    assert len([*tmp_path.rglob("recovery-*.softmax")]) == 1
