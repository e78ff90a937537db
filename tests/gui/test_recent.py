"""Recent files: newest first, ten at most, gone ones gray, kept in the settings, cleared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.recent import MOST
from softmax_gui.gui.settings import Settings, load_settings, save_settings
from tests.gui import imports
from tests.gui.windows import LONG_MS, opened, press


def entries(window: MainWindow) -> list[str]:
    """The paths that the menu offers."""
    return [action.toolTip() for action in window.importing.recent._actions]


def test_that_at_most_ten_are_kept_newest_first_and_each_once(window: MainWindow) -> None:
    recent = window.importing.recent
    for number in [*range(13), 5]:
        recent.add(f"/data/{number}.csv")
    assert len(recent.paths) == MOST
    assert recent.paths[:3] == ("/data/5.csv", "/data/12.csv", "/data/11.csv")
    assert recent.paths.count("/data/5.csv") == 1
    assert entries(window) == list(recent.paths)


def test_that_a_file_that_is_gone_is_gray_and_one_that_came_back_is_not(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    there, gone = tmp_path / "there.csv", tmp_path / "gone.csv"
    there.touch()
    recent, menu = window.importing.recent, window.commands.menus["recent"]
    recent.add(str(gone))
    recent.add(str(there))
    menu.aboutToShow.emit()
    qtbot.waitUntil(
        lambda: [one.isEnabled() for one in recent._actions] == [True, False], timeout=LONG_MS
    )
    assert "no longer there" in recent._actions[1].toolTip()
    gone.touch()
    menu.aboutToShow.emit()
    qtbot.waitUntil(recent._actions[1].isEnabled, timeout=LONG_MS)


def test_that_a_choice_opens_the_dialog_for_that_file(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    window.importing.importer._worker._look = imports.look
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).touch()
        window.importing.recent.add(str(tmp_path / name))
    window.importing.recent._actions[1].trigger()
    dialog = imports.dialog_of(window)
    qtbot.waitUntil(lambda: imports.is_told(dialog), timeout=LONG_MS)
    assert dialog.path == tmp_path / "one.csv"


def test_that_the_list_is_cleared_by_its_command(window: MainWindow) -> None:
    window.importing.recent.add("/data/one.csv")
    press(window, "Ctrl+Alt+R")
    assert window.importing.recent.paths == ()
    assert not window.commands["clear_recent"].isEnabled()
    assert entries(window) == []


def test_that_names_with_ampersands_and_marks_are_shown_as_they_are(window: MainWindow) -> None:
    window.importing.recent.add("/data/R&D\u202egnp.csv")
    assert window.importing.recent._actions[0].text() == "&1  R&&Dgnp.csv"


def test_that_the_next_start_offers_what_this_one_opened(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    assert save_settings(path, Settings(recent=("/data/가 나.csv", "/data/b.npz"))) == ""
    settings, trouble = load_settings(path)
    assert trouble == ""
    with opened(qtbot, path, settings) as window:
        assert entries(window) == ["/data/가 나.csv", "/data/b.npz"]


@pytest.mark.parametrize("value", [7, "a.csv", ["a.csv", 3], {"a": 1}, None])
def test_that_settings_with_no_list_of_texts_give_no_recent_files(
    tmp_path: Path, value: object
) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"recent": value, "theme": "dark"}))
    assert load_settings(path) == (Settings(theme="dark"), "")


def test_that_half_a_character_among_the_recent_files_counts_as_damage(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"recent": ["\\ud800.csv"]}')
    settings, trouble = load_settings(path)
    assert settings == Settings()
    assert "damaged" in trouble
