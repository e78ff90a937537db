"""Settings survive damage, a newer version, a folder that is no folder, and a second process."""

from __future__ import annotations

import errno
import json
import logging
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from softmax_gui.gui.app import make_window
from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.settings import LIMIT_BYTES, Settings, load_settings, save_settings
from tests.gui.windows import opened, press, stepped

DAMAGED = {
    "empty": b"",
    "cut": json.dumps(asdict(Settings())).encode()[:40],
    "binary": bytes(range(256)),
    "no object": b"[1, 2, 3]",
    "nested": b"[" * 100_000,
    "too large": b'{"theme": "' + b"x" * LIMIT_BYTES + b'"}',
    "half a character": b'{"geometry": "\\ud800"}',
}

WRITER = """
import sys
from pathlib import Path
from softmax_gui.gui.settings import Settings, load_settings, save_settings
path, name = Path(sys.argv[1]), sys.argv[2]
for turn in range(100):
    trouble = save_settings(path, Settings(folder=name * 200 + str(turn)))
    settings, damage = load_settings(path)
    if trouble or damage or len(settings.folder) < 200:
        sys.exit(f"{trouble} {damage} {settings}")
"""


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED.keys())
def test_that_damaged_settings_give_the_defaults_are_kept_and_told(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    settings, trouble = load_settings(path)
    assert settings == Settings()
    assert str(tmp_path / "settings.bad") in trouble
    assert (tmp_path / "settings.bad").read_bytes() == content
    assert not path.exists()
    assert load_settings(path) == (Settings(), "")


def test_that_a_folder_in_place_of_the_settings_is_told(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.mkdir()
    settings, trouble = load_settings(path)
    assert settings == Settings()
    assert trouble


def test_that_settings_of_a_newer_version_keep_what_is_known(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"theme": "dark", "hologram": True, "unit": 7, "device": None}))
    assert load_settings(path) == (replace(Settings(), theme="dark"), "")


def test_that_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "one folder 한글" / "settings.json"
    settings = Settings(theme="dark", language="ko", unit="bit", folder="/가 나/b", device="cpu")
    assert save_settings(path, settings) == ""
    assert load_settings(path) == (settings, "")


def test_that_settings_nobody_may_look_at_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "settings.json"

    def denied(*_: object, **__: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "open", denied)
    monkeypatch.setattr(os, "stat", denied)  # a folder that may not be entered
    monkeypatch.setattr(Path, "replace", denied)
    settings, trouble = load_settings(path)
    assert settings == Settings()
    assert str(path) in trouble


def test_that_a_place_where_nothing_can_be_written_costs_the_settings_only(
    qtbot: QtBot, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("no folder")
    path = blocked / "settings.json"
    assert "settings" in save_settings(path, Settings())
    with opened(qtbot, path) as window, caplog.at_level(logging.WARNING):
        stepped(qtbot, window)
        press(window, "Ctrl+Alt+D")
        window.close()
        assert not window.trainer.is_stuck()
        assert "The settings could not be saved." in caplog.text
    assert blocked.read_text() == "no folder"


def test_that_the_window_opens_with_damaged_settings(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(DAMAGED["half a character"])
    window, trouble = make_window(path)
    qtbot.addWidget(window)
    window.close()
    assert "settings.bad" in trouble
    assert load_settings(path)[1] == ""


def test_that_the_first_start_finds_nothing_and_says_nothing(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "none" / "settings.json") == (Settings(), "")


def test_that_two_processes_that_save_at_once_leave_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), name], stderr=subprocess.PIPE)
        for name in "ab"
    ]
    for writer in writers:
        _, errors = writer.communicate(timeout=60)
        assert (writer.returncode, errors.decode()) == (0, "")
    settings, trouble = load_settings(path)
    assert trouble == ""
    assert settings.folder in {"a" * 200 + "99", "b" * 200 + "99"}
    assert [one.name for one in tmp_path.iterdir()] == ["settings.json"]


def test_that_the_window_remembers_folder_and_device(window: MainWindow) -> None:
    window.files.folder = "/somewhere"
    window.wishes.use_device("numpy")
    window.close()
    settings, _ = load_settings(window._settings_path)
    assert (settings.folder, settings.device) == ("/somewhere", "numpy")
