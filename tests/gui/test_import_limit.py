"""A file above the memory limit: the way out is offered where this machine has the room."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from softmax_gui.data.options import LIMIT_BYTES, ReadOptions
from softmax_gui.data.readers import preview
from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.settings import Settings, load_settings, save_settings
from softmax_gui.gui.views import import_more
from softmax_gui.gui.widgets.number_field import NumberField
from tests.gui.imports import dialog_of, looked_at, problem
from tests.gui.windows import LEFT, LONG_MS, data, find, opened, settle, write

ROWS = 200
RAISE = "Raise the limit to 134 MB and look again"
Make = Callable[[Path], Path]


def table(folder: Path) -> Path:
    """Refused when it is read: a look does not count the rows."""
    path = folder / "large.csv"
    rows = "".join(f"{k % 7},{k * 0.5},{'ab'[k % 2]}\n" for k in range(ROWS))
    path.write_text("x,y,kind\n" + rows)
    return path


def archive(folder: Path) -> Path:
    """Refused when it is looked at."""
    path = folder / "large.npz"
    np.savez(path, X=np.arange(2.0 * ROWS).reshape(ROWS, 2), y=np.arange(ROWS) % 2)
    return path


@pytest.mark.parametrize("make", [table, archive])
def test_that_the_limit_is_raised_by_one_button_and_the_file_is_read(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, make: Make
) -> None:
    path = make(tmp_path)
    window.importing.limit_bytes = 1000
    dialog = looked_at(qtbot, window, path)
    if dialog.load_button.isEnabled():
        dialog.load_button.click()
    qtbot.waitUntil(lambda: bool(problem(dialog)), timeout=LONG_MS)
    assert "1 kB" in problem(dialog)
    button = find(dialog, QPushButton, RAISE)
    assert button.isVisibleTo(dialog)
    QTest.mouseClick(button, LEFT)
    qtbot.waitUntil(lambda: dialog.load_button.isEnabled() and not problem(dialog), timeout=LONG_MS)
    assert not button.isVisibleTo(dialog)
    with qtbot.waitSignal(window.importing.imported, timeout=LONG_MS):
        dialog.load_button.click()
    settle(qtbot, window)
    assert data(window).dataset.n == ROWS
    assert window.importing.limit_bytes == 1 << 27


def test_that_a_file_for_which_this_machine_has_no_room_is_told_so(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_more, "physical_memory", lambda: 5000.0)
    window.importing.limit_bytes = 1000
    dialog = looked_at(qtbot, window, archive(tmp_path))
    assert "this machine has room for: 2.5 kB of its 5 kB" in problem(dialog)
    assert not dialog.problem.raise_button.isVisibleTo(dialog)
    assert not dialog.load_button.isEnabled()


def test_that_another_problem_offers_no_more_memory(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    (tmp_path / "bad.csv").write_text("x,y\n1,a\n2\n")
    dialog = looked_at(qtbot, window, tmp_path / "bad.csv")
    assert problem(dialog)
    assert not dialog.problem.raise_button.isVisibleTo(dialog)


def test_that_the_limit_is_typed_holds_for_every_file_and_is_kept(
    qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "settings.json"
    with opened(qtbot, path) as window:
        dialog = looked_at(qtbot, window, table(tmp_path))
        limit = find(dialog.fields, NumberField, "Memory limit (GB)")
        assert limit.value() == round(LIMIT_BYTES / 1e9, 3)
        dialog.fields.more._more.click()
        write(limit, "0.25")
        assert dialog.options().limit_bytes == 250_000_000
        dialog.reject()
        looked_at(qtbot, window, archive(tmp_path))
        assert dialog_of(window).options().limit_bytes == 250_000_000
    settings, trouble = load_settings(path)
    assert trouble == ""
    assert settings.limit_bytes == 250_000_000
    with opened(qtbot, path, settings) as window:
        assert window.importing.usual().limit_bytes == 250_000_000


def test_that_what_is_no_limit_is_refused_and_the_old_one_stays(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    dialog = looked_at(qtbot, window, table(tmp_path))
    dialog.fields.more._more.click()
    write(dialog.fields.more.limit, "-3")
    assert '"-3" is not' in problem(dialog)
    assert dialog.options().limit_bytes == LIMIT_BYTES
    assert window.importing.limit_bytes == LIMIT_BYTES


@pytest.mark.parametrize("limit", ["0", "-5", "true", "1.5", '"much"', "9e99", str(10**30)])
def test_that_settings_without_or_with_a_senseless_limit_still_load(
    tmp_path: Path, limit: str
) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"theme": "dark"}')
    assert load_settings(path) == (Settings(theme="dark"), "")
    path.write_text(f'{{"theme": "dark", "limit_bytes": {limit}}}')
    assert load_settings(path) == (Settings(theme="dark"), "")
    save_settings(path, Settings(limit_bytes=123))
    assert load_settings(path) == (Settings(limit_bytes=123), "")


def test_that_a_look_says_how_much_memory_would_do(tmp_path: Path) -> None:
    seen = preview(archive(tmp_path), ReadOptions(limit_bytes=ROWS * 10))
    assert seen.wanted_bytes == ROWS * 2 * 8
    assert preview(archive(tmp_path), ReadOptions(limit_bytes=seen.wanted_bytes)).problem == ""
