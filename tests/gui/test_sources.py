"""A file chosen again from the list is read off both threads, tells how far, and can be ended."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QComboBox, QPushButton
from pytestqt.qtbot import QtBot

from softmax_gui.data.dataset import Dataset
from softmax_gui.data.options import ReadOptions, Watch
from softmax_gui.gui import errands, sources
from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.widgets.message_bar import Tone
from tests.gui.imports import Gate
from tests.gui.windows import LONG_MS, data, find, load, newest, press, settle, stepped


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Stands for the reading of files; it never outlives the test."""
    one = Gate()

    def read(source: str, options: ReadOptions, watch: Watch) -> Dataset:
        return one.read(Path(source), options, watch)

    monkeypatch.setattr(sources, "open_data", read)
    yield one
    one.open.set()


def chosen(window: MainWindow) -> str:
    return find(window, QComboBox, "Data source").currentText()


def begin_reading(qtbot: QtBot, window: MainWindow, gate: Gate) -> None:
    """Until the reader is in the file, where it stays."""
    window.load("fruit.csv")
    qtbot.waitUntil(gate.began.is_set, timeout=LONG_MS)


def test_that_a_file_is_read_on_neither_thread_and_training_goes_on(
    qtbot: QtBot, window: MainWindow, gate: Gate
) -> None:
    begin_reading(qtbot, window, gate)
    assert "fruit.csv is being read" in window.messages.text()
    press(window, "F6")
    qtbot.waitUntil(lambda: newest(window).step == 1, timeout=LONG_MS)
    assert data(window).dataset.name == "2x2"
    assert threading.current_thread().name not in gate.threads
    gate.open.set()
    settle(qtbot, window)
    assert data(window).dataset.name == "fruit.csv"
    assert "is being read" not in window.messages.text()


def test_that_the_share_is_told_until_another_message_covers_it(
    qtbot: QtBot, window: MainWindow, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errands, "PATIENCE_S", 0.0)
    monkeypatch.setattr(errands, "TELL_S", 0.0)
    window.load("fruit.csv")
    text = "fruit.csv is being read: 50%."
    qtbot.waitUntil(lambda: window.messages.text() == text, timeout=LONG_MS)
    window.narrator.say(Tone.WARNING, "Something else.")
    told: list[float] = []
    window.errands._worker.progressed.connect(lambda _, share: told.append(share))
    qtbot.waitUntil(lambda: len(told) > 5, timeout=LONG_MS)
    assert window.messages.text() == "Something else."


def test_that_cancel_keeps_the_data_and_puts_the_list_back(
    qtbot: QtBot, window: MainWindow, gate: Gate
) -> None:
    before = stepped(qtbot, window)
    begin_reading(qtbot, window, gate)
    find(window.messages, QPushButton, "Cancel").click()
    settle(qtbot, window)
    assert window.messages.text() == "Cancelled. The data from before stay."
    assert gate.ended.is_set()
    assert chosen(window) == "2x2"
    assert (newest(window).model.W == before.model.W).all()


@pytest.mark.parametrize("source", ["iris", "other.csv"])
def test_that_the_newest_choice_wins_and_ends_the_reading_before(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    gate: Gate, source: str,
) -> None:  # fmt: skip
    begin_reading(qtbot, window, gate)
    window.load(source)
    if source != "iris":
        gate.open.set()
    settle(qtbot, window)
    assert data(window).dataset.name == source
    assert window.messages.tone() is not Tone.ERROR
    assert "Cancelled" not in window.messages.text()


def test_that_another_seed_leaves_a_reading_alone_and_other_data_end_it(
    qtbot: QtBot, window: MainWindow, gate: Gate
) -> None:
    begin_reading(qtbot, window, gate)
    window.wishes.change_seed(7)
    qtbot.waitUntil(lambda: newest(window).config.seed == 7, timeout=LONG_MS)
    assert not gate.ended.is_set()
    window.wishes.load("digits")  # as the drawn examples come, by a way of their own
    settle(qtbot, window)
    assert gate.ended.is_set()
    assert data(window).dataset.name == "digits"


def test_that_attaching_to_another_run_ends_the_reading(
    qtbot: QtBot, window: MainWindow, gate: Gate
) -> None:
    begin_reading(qtbot, window, gate)
    window.attachment.changed.emit(True)
    settle(qtbot, window)
    assert gate.ended.is_set()
    assert data(window).dataset.name == "2x2"


def test_that_closing_in_the_middle_of_a_reading_ends_it(
    qtbot: QtBot, window: MainWindow, gate: Gate
) -> None:
    begin_reading(qtbot, window, gate)
    window.close()
    assert gate.ended.is_set()
    assert not window.errands.is_stuck()


def test_that_a_file_is_read_again_with_its_options_and_its_changes(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    path = tmp_path / "fruit.csv"
    path.write_text("kind;x\n" + "".join(f"{'ab'[k % 2]};{k},5\n" for k in range(20)))
    window.importing._options[str(path)] = ReadOptions(label_column="kind", decimal=",")
    assert load(qtbot, window, str(path)).dataset.n == 20
    load(qtbot, window, "2x2")
    path.write_text(path.read_text() + "a;0,25\n")
    split = load(qtbot, window, str(path))
    assert split.dataset.n == 21
    np.testing.assert_array_equal(split.dataset.X[-1], [0.25])
    path.unlink()
    window.load(str(path))
    settle(qtbot, window)
    assert window.messages.tone() is Tone.ERROR
    assert "was not found" in window.messages.text()
    assert "stay" in window.messages.text()
    assert chosen(window) == "fruit.csv"
