"""Panels are hidden, floated and moved, come back so on the next start, and go home on request."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QDockWidget, QSplitter
from pytestqt.qtbot import QtBot

from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.settings import load_settings
from tests.gui.windows import opened, press

KEYS = ("data", "training", "draw", "prediction")
LEFT, RIGHT = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
Places = dict[str, tuple[bool, bool, Qt.DockWidgetArea]]


def docks(window: MainWindow) -> dict[str, QDockWidget]:
    return window.docks.docks


def splitter(window: MainWindow) -> QSplitter:
    return window.plots.findChildren(QSplitter)[0]


def places(window: MainWindow) -> Places:
    """Of each panel: whether it is shown, whether it floats, and the side it is on."""
    return {
        key: (not dock.isHidden(), dock.isFloating(), window.dockWidgetArea(dock))
        for key, dock in docks(window).items()
    }


def in_sight(window: MainWindow) -> dict[str, QRect]:
    """Where each panel is but for the one that begins behind another."""
    return {key: dock.geometry() for key, dock in docks(window).items() if key != "drawn"}


HOME: Places = {
    "data": (True, False, LEFT), "training": (True, False, LEFT),
    "draw": (True, False, RIGHT), "prediction": (True, False, RIGHT),
    "drawn": (True, False, LEFT),
}  # fmt: skip


def shuffle(window: MainWindow) -> None:
    docks(window)["data"].hide()
    docks(window)["draw"].setFloating(True)
    window.addDockWidget(LEFT, docks(window)["prediction"])


SHUFFLED: Places = HOME | {
    "data": (False, False, LEFT), "draw": (True, True, RIGHT), "prediction": (True, False, LEFT),
}  # fmt: skip


@pytest.mark.parametrize(("place", "key"), list(enumerate(KEYS, 1)))
def test_that_a_panel_is_hidden_and_shown_by_its_keys(
    window: MainWindow, place: int, key: str
) -> None:
    for hidden in (True, False):
        press(window, f"Alt+{place}")
        assert docks(window)[key].isHidden() is hidden
        assert window.commands[f"dock_{key}"].isChecked() is not hidden


def test_that_the_window_comes_back_as_it_was_left(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    with opened(qtbot, path) as window:
        assert places(window) == HOME
        shuffle(window)
        assert places(window) == SHUFFLED
        window.resize(window.width(), 700)
        splitter(window).setSizes([400, 100, 100])
        left = splitter(window).sizes()
    with opened(qtbot, path, load_settings(path)[0]) as window:
        assert places(window) == SHUFFLED
        assert window.height() == 700
        assert splitter(window).sizes() == left


def test_that_reset_layout_brings_every_panel_home(window: MainWindow) -> None:
    home = in_sight(window)
    sizes = splitter(window).sizes()
    shuffle(window)
    window.tabifyDockWidget(docks(window)["training"], docks(window)["prediction"])
    window.commands.toolbar.hide()
    splitter(window).setSizes([400, 100, 100])
    press(window, "Ctrl+0")
    QCoreApplication.processEvents()  # Qt lays the panels out then
    assert places(window) == HOME
    assert window.tabifiedDockWidgets(docks(window)["training"]) == []
    assert in_sight(window) == home
    assert splitter(window).sizes() == sizes
    assert window.commands.toolbar.isVisible()


def test_that_a_layout_of_another_version_leaves_the_first_one(window: MainWindow) -> None:
    shuffle(window)
    other = bytes(window.saveState(99).toBase64().data()).decode()
    press(window, "Ctrl+0")
    window.docks.restore(other)
    assert places(window) == HOME


def test_that_a_window_left_on_a_screen_that_is_gone_opens_on_one_that_is_there(
    qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "settings.json"
    with opened(qtbot, path) as window:
        window.move(QPoint(9000, 9000))
    with opened(qtbot, path, load_settings(path)[0]) as window:
        assert window.screen().availableGeometry().intersects(window.geometry())


def test_that_the_window_fits_a_small_screen(window: MainWindow) -> None:
    window.resize(1024, 768)
    assert window.size() == QSize(1024, 768)
    for key, dock in docks(window).items():
        assert key == "drawn" or window.rect().contains(dock.geometry())
    press(window, "Alt+5")
    assert window.rect().contains(docks(window)["drawn"].geometry())


def test_that_closing_and_opening_panels_loses_nothing(window: MainWindow) -> None:
    home = {key: dock.geometry() for key, dock in docks(window).items()}
    for _ in range(50):
        for place in range(1, 5):
            press(window, f"Alt+{place}")
    assert places(window) == HOME
    QCoreApplication.processEvents()
    assert {key: dock.geometry() for key, dock in docks(window).items()} == home
