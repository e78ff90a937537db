"""A file on its way in: looked at first, read on a thread of its own, ended when that is asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from softmax_gui.data.dataset import Dataset
from softmax_gui.data.options import ReadOptions
from softmax_gui.data.preview import Preview
from softmax_gui.files import FileProblem
from softmax_gui.gui.importer import Importer, Look, Read
from softmax_gui.gui.main_window import MainWindow
from tests.gui import imports
from tests.gui.imports import Gate, dialog_of, looked_at, problem
from tests.gui.windows import LEFT, LONG_MS, data, press, settle

Using = Callable[[Look, Read], None]


@pytest.fixture
def using(window: MainWindow) -> Using:
    """Takes these functions for the readers from now on."""

    def take(look: Look, read: Read) -> None:
        worker = window.importing.importer._worker
        worker._look, worker._read = look, read

    take(imports.look, imports.read)
    return take


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that is there; what is in it is made up."""
    path = tmp_path / "fruit.csv"
    path.write_text("made up")
    return path


@pytest.fixture
def gate() -> Iterator[Gate]:
    """A reading that waits; it never outlives the test."""
    one = Gate()
    yield one
    one.open.set()


def test_that_enter_loads_what_needs_no_question(
    qtbot: QtBot, window: MainWindow, using: Using, file: Path
) -> None:
    dialog = looked_at(qtbot, window, file)
    assert dialog.focusWidget() is dialog.load_button
    QTest.keyClick(dialog.load_button, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window._source == str(file), timeout=LONG_MS)
    settle(qtbot, window)
    assert data(window).dataset.class_names == imports.FRUIT
    assert window.importing.dialog is None
    assert window.windowTitle().startswith("fruit.csv")
    assert window.importing.recent.paths == (str(file),)


def test_that_another_seed_splits_the_same_data_and_reads_no_file(
    qtbot: QtBot, window: MainWindow, using: Using, file: Path
) -> None:
    dialog = looked_at(qtbot, window, file)
    QTest.mouseClick(dialog.load_button, LEFT)
    qtbot.waitUntil(lambda: window._source == str(file), timeout=LONG_MS)
    settle(qtbot, window)
    before = data(window)
    file.unlink()
    window.wishes.change_seed(7)
    settle(qtbot, window)
    assert data(window).seed == 7
    assert data(window).dataset is before.dataset


def test_that_the_window_is_not_held_up_while_a_file_is_read(
    qtbot: QtBot, window: MainWindow, using: Using, file: Path, gate: Gate
) -> None:
    using(imports.look, gate.read)
    dialog = looked_at(qtbot, window, file)
    QTest.mouseClick(dialog.load_button, LEFT)
    qtbot.waitUntil(gate.began.is_set, timeout=LONG_MS)
    qtbot.waitUntil(lambda: dialog.progress.bar.value() == 500, timeout=LONG_MS)
    assert dialog.progress.isVisible()
    assert not dialog.fields.isEnabled()
    assert gate.threads != [threading.main_thread().name]
    gate.open.set()
    qtbot.waitUntil(lambda: window._source == str(file), timeout=LONG_MS)


@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, None])
def test_that_cancel_ends_a_reading_and_leaves_the_dialog_and_the_old_data(
    qtbot: QtBot, window: MainWindow, using: Using, file: Path, gate: Gate, key: Qt.Key | None
) -> None:
    before = data(window)
    using(imports.look, gate.read)
    dialog = looked_at(qtbot, window, file)
    QTest.mouseClick(dialog.load_button, LEFT)
    qtbot.waitUntil(gate.began.is_set, timeout=LONG_MS)
    if key is None:
        QTest.mouseClick(dialog.cancel_button, LEFT)
    else:
        QTest.keyClick(dialog, key)
    assert not dialog.progress.isVisible()
    assert dialog.load_button.isEnabled()
    qtbot.waitUntil(gate.ended.is_set, timeout=LONG_MS)
    settle(qtbot, window)
    assert data(window) is before
    assert window.importing.dialog is dialog
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert window.importing.dialog is None


def test_that_a_reading_that_was_cancelled_can_begin_anew(
    qtbot: QtBot, window: MainWindow, using: Using, file: Path, gate: Gate
) -> None:
    using(imports.look, gate.read)
    dialog = looked_at(qtbot, window, file)
    QTest.mouseClick(dialog.load_button, LEFT)
    qtbot.waitUntil(gate.began.is_set, timeout=LONG_MS)
    QTest.mouseClick(dialog.cancel_button, LEFT)
    gate.open.set()
    QTest.mouseClick(dialog.load_button, LEFT)
    qtbot.waitUntil(lambda: window._source == str(file), timeout=LONG_MS)
    assert len(gate.threads) == 2


def test_that_closing_the_window_in_the_middle_of_a_reading_joins_its_thread(
    qtbot: QtBot, window: MainWindow, using: Using, file: Path, gate: Gate
) -> None:
    using(imports.look, gate.read)
    dialog = looked_at(qtbot, window, file)
    QTest.mouseClick(dialog.load_button, LEFT)
    qtbot.waitUntil(gate.began.is_set, timeout=LONG_MS)
    window.close()
    assert gate.ended.is_set()
    assert not window.importing.is_stuck()


def test_that_closing_the_dialog_in_the_middle_of_a_reading_ends_it(
    qtbot: QtBot, window: MainWindow, using: Using, file: Path, gate: Gate
) -> None:
    using(imports.look, gate.read)
    dialog = looked_at(qtbot, window, file)
    QTest.mouseClick(dialog.load_button, LEFT)
    qtbot.waitUntil(gate.began.is_set, timeout=LONG_MS)
    dialog.close()
    assert window.importing.dialog is None
    qtbot.waitUntil(gate.ended.is_set, timeout=LONG_MS)
    settle(qtbot, window)
    assert window._source == "2x2"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (FileProblem("fruit.csv, row 7: 4 columns, 5 expected."), "row 7"),
        (MemoryError(), "memory"),
        (OSError("the disk is away"), "the disk is away"),
        (KeyError("no reader expects this"), "no reader expects this"),
    ],
)
def test_that_a_failed_reading_says_why_in_the_dialog_and_keeps_the_old_data(
    qtbot: QtBot, window: MainWindow, using: Using, file: Path, error: Exception, sentence: str
) -> None:
    def fail() -> None:
        raise error

    before, gate = data(window), Gate(then=fail)
    gate.open.set()
    using(imports.look, gate.read)
    dialog = looked_at(qtbot, window, file)
    QTest.mouseClick(dialog.load_button, LEFT)
    qtbot.waitUntil(lambda: sentence in problem(dialog), timeout=LONG_MS)
    assert not dialog.progress.isVisible()
    assert dialog.fields.isEnabled()
    assert data(window) is before
    assert window.importing.recent.paths == ()


def test_that_a_file_that_vanishes_is_told_before_and_after_the_look(
    qtbot: QtBot, window: MainWindow, using: Using, file: Path
) -> None:
    def gone(path: Path, *_: object) -> Dataset:
        raise FileProblem(f"{path.name} was not found.")

    using(imports.look, gone)
    dialog = looked_at(qtbot, window, file)
    QTest.mouseClick(dialog.load_button, LEFT)
    qtbot.waitUntil(lambda: "not found" in problem(dialog), timeout=LONG_MS)
    file.unlink()
    dialog = looked_at(qtbot, window, file)
    assert "not found" in problem(dialog)
    assert not dialog.load_button.isEnabled()


def test_that_the_newest_look_wins_and_older_ones_are_left_out(
    qtbot: QtBot, tmp_path: Path
) -> None:
    began, go_on = threading.Event(), threading.Event()
    looks: list[str | None] = []

    def slow(_: Path, options: ReadOptions) -> Preview:
        looks.append(options.label_column)
        began.set()
        go_on.wait(LONG_MS / 1000)
        return imports.a_table(options)

    importer = Importer(slow, imports.read)
    seen: list[Preview] = []
    importer.looked.connect(seen.append)
    importer.look(tmp_path, ReadOptions())
    qtbot.waitUntil(began.is_set, timeout=LONG_MS)
    for label in ("width", "height", "box"):
        importer.look(tmp_path, ReadOptions(label_column=label))
    go_on.set()
    qtbot.waitUntil(lambda: bool(seen), timeout=LONG_MS)
    importer.shutdown()
    assert [preview.guessed.label_column for preview in seen] == ["box"]
    assert looks == [None, "box"]


def test_that_a_folder_is_asked_for_by_its_command(
    window: MainWindow, using: Using, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    press(window, "Ctrl+Shift+F")
    assert dialog_of(window).path == tmp_path
    assert window.files.folder == str(tmp_path.parent)


def test_that_no_file_is_opened_when_the_user_thinks_better_of_it(
    window: MainWindow, using: Using, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    press(window, "Ctrl+Shift+F")
    press(window, "Ctrl+O")
    assert QApplication.activeModalWidget() is None


def test_that_a_real_archive_goes_the_whole_way_in(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    path = tmp_path / "shapes.npz"
    random = np.random.default_rng(0)
    np.savez(path, X=random.normal(size=(60, 5)), y=np.arange(60) % 4)
    dialog = looked_at(qtbot, window, path)
    assert problem(dialog) == ""
    QTest.mouseClick(dialog.load_button, LEFT)
    qtbot.waitUntil(lambda: window._source == str(path), timeout=LONG_MS)
    settle(qtbot, window)
    assert (data(window).dataset.d, data(window).dataset.q) == (5, 4)


def test_that_the_paths_opened_are_in_the_settings_after_closing(
    qtbot: QtBot, window: MainWindow, using: Using, file: Path
) -> None:
    dialog = looked_at(qtbot, window, file)
    QTest.mouseClick(dialog.load_button, LEFT)
    qtbot.waitUntil(lambda: window._source == str(file), timeout=LONG_MS)
    window.close()
    assert json.loads(window._settings_path.read_bytes())["recent"] == [str(file)]
