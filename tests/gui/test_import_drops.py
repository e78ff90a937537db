"""Files and folders dropped onto the window: the first is looked at, what can't be is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.widgets.message_bar import Tone
from tests.gui import imports
from tests.gui.imports import dialog_of, drop, looked_at
from tests.gui.windows import LONG_MS


@pytest.fixture(autouse=True)
def _made_up(window: MainWindow) -> None:
    """What a look tells of a file is made up."""
    window.importing.importer._worker._look = imports.look


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that is there; what is in it is made up."""
    path = tmp_path / "fruit.csv"
    path.write_text("made up")
    return path


def test_that_a_folder_dropped_anywhere_on_the_window_is_looked_at(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    assert drop(window.plots, tmp_path.as_uri())
    dialog = dialog_of(window)
    qtbot.waitUntil(lambda: imports.is_told(dialog), timeout=LONG_MS)
    assert dialog.path == tmp_path
    assert dialog.preview.pictures.count() == 20
    assert dialog.preview.currentWidget() is dialog.preview.pictures


def test_that_of_two_files_dropped_the_first_is_opened_and_the_other_told(
    qtbot: QtBot, window: MainWindow, file: Path, tmp_path: Path
) -> None:
    assert drop(window, file.as_uri(), (tmp_path / "other.csv").as_uri())
    dialog = dialog_of(window)
    qtbot.waitUntil(lambda: imports.is_told(dialog), timeout=LONG_MS)
    assert dialog.path == file
    assert dialog.outcome.notes.item(0).text().startswith("2 files were dropped")


def test_that_a_file_dropped_on_the_dialog_takes_the_place_of_the_first(
    qtbot: QtBot, window: MainWindow, file: Path, tmp_path: Path
) -> None:
    first = looked_at(qtbot, window, file)
    assert drop(first, tmp_path.as_uri())
    assert dialog_of(window) is not first
    assert dialog_of(window).path == tmp_path


def test_that_what_is_no_local_file_is_told(window: MainWindow) -> None:
    assert drop(window, "https://example.org/data.csv")
    assert window.importing.dialog is None
    assert window.messages.tone() is Tone.WARNING


def test_that_nothing_is_opened_while_another_run_is_watched(
    window: MainWindow, file: Path
) -> None:
    window.commands.show_attached(True)
    drop(window, file.as_uri())
    assert window.importing.dialog is None
    assert "Detach" in window.messages.text()
    window.commands.show_attached(False)
