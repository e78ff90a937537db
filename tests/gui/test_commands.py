"""Every command has one action, one shortcut, one place in the menus, and does something."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from PySide6.QtCore import SIGNAL, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QMenu, QMessageBox, QTableWidget, QTextBrowser
from pytestqt.qtbot import QtBot

from softmax_gui import __version__
from softmax_gui.gui.command_list import COMMANDS
from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.settings import Settings
from tests.gui.windows import actions, load, press, stepped

LANGUAGES = ("en", "ko")


def keys(action: QAction) -> str:
    return action.shortcut().toString(QKeySequence.SequenceFormat.PortableText)


def dialog(window: MainWindow, shortcut: str) -> QDialog:
    """Opens one by its keys."""
    press(window, shortcut)
    found = QApplication.activeModalWidget()
    assert isinstance(found, QDialog)
    return found


def rows(table: QTableWidget) -> dict[str, list[str]]:
    """Command and shortcuts, as they stand in the help."""
    found: dict[str, list[str]] = {}
    for row in range(table.rowCount()):
        name, shortcut = table.item(row, 0), table.item(row, 1)
        assert name is not None
        assert shortcut is not None
        found.setdefault(name.text().rpartition(" › ")[2], []).append(shortcut.text())
    return found


def test_that_every_command_has_a_shortcut_of_its_own(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, "digits")
    shortcuts = Counter(map(keys, window.commands.all()))
    assert shortcuts[""] == 0
    assert [one for one, count in shortcuts.items() if count > 1] == []
    assert len(window.commands.all()) == len(COMMANDS) + 9 + 5  # examples, docks


def test_that_every_command_does_something(window: MainWindow) -> None:
    idle = [
        action.text()
        for action in window.commands.all()
        if not action.receivers(SIGNAL("triggered(bool)"))
        and not action.receivers(SIGNAL("toggled(bool)"))
    ]
    assert idle == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_that_no_command_menu_or_tool_tip_is_without_a_text(
    window: MainWindow, language: str
) -> None:
    window.appearance.set_language(language)
    for action in actions(window):
        assert action.text().strip(), keys(action)
        assert action.toolTip().strip(), keys(action)
    for menu in window.commands.menus.values():
        assert menu.title().strip()
        assert menu.actions()
    titles = [menu.title() for menu in window.commands.menus.values()]
    mnemonics = [title.partition("&")[2][:1].upper() for title in titles if "&" in title]
    assert len(set(mnemonics)) == len(mnemonics)


def test_that_every_command_stands_in_one_menu(window: MainWindow) -> None:
    places = Counter(
        id(action) for menu in window.menuBar().findChildren(QMenu) for action in menu.actions()
    )
    assert {places[id(action)] for action in window.commands.all()} == {1}


@pytest.mark.parametrize("language", LANGUAGES)
def test_that_the_help_lists_every_command_with_its_keys(
    qtbot: QtBot, window: MainWindow, language: str
) -> None:
    load(qtbot, window, "digits")
    window.appearance.set_language(language)
    shown = dialog(window, "Ctrl+/")
    listed = rows(shown.findChildren(QTableWidget)[0])
    native = QKeySequence.SequenceFormat.NativeText
    for action in actions(window):
        assert action.shortcut().toString(native) in listed[action.text().replace("&&", "&")]
    assert shown.findChildren(QTableWidget)[0].rowCount() == len(actions(window))
    QTest.keyClick(shown, Qt.Key.Key_Escape)
    assert QApplication.activeModalWidget() is None


def test_that_a_command_before_any_data_has_a_text_or_is_hidden(
    qtbot: QtBot, tmp_path: Path
) -> None:
    window = MainWindow(Settings(), tmp_path / "settings.json")
    qtbot.addWidget(window)
    assert [keys(action) for action in actions(window) if not action.text()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_that_f1_opens_the_guide_in_the_language(window: MainWindow, language: str) -> None:
    window.appearance.set_language(language)
    shown = dialog(window, "F1")
    text = shown.findChildren(QTextBrowser)[0].toPlainText()
    assert "Softmax GUI" in text
    assert ("학습" in text) == (language == "ko")
    assert shown.height() <= window.height()
    QTest.keyClick(shown, Qt.Key.Key_Escape)


def test_that_about_tells_version_licences_and_sources(window: MainWindow) -> None:
    shown = dialog(window, "Ctrl+F1")
    assert isinstance(shown, QMessageBox)
    text = shown.text() + shown.informativeText()
    for word in (__version__, "CC BY 4.0", "OFL 1.1", "Python", "Qt", "numpy"):
        assert word in text
    QTest.keyClick(shown, Qt.Key.Key_Escape)


def test_that_the_logarithmic_axes_are_switched_by_keys(qtbot: QtBot, window: MainWindow) -> None:
    def axes() -> list[bool]:
        scales = [plot.canvas.scales for plot in (curves.loss, curves.accuracy)]
        return [scales[0].log_x, scales[1].log_x, scales[0].log_y, scales[1].log_y]

    stepped(qtbot, window)
    curves = window.plots.complete()
    press(window, "Ctrl+L")
    press(window, "Ctrl+Shift+L")
    assert axes() == [True, True, True, False]
    press(window, "Ctrl+L")
    assert axes() == [False, False, True, False]
    assert not window.commands["log_step"].isChecked()


def test_that_quit_closes_the_window(window: MainWindow) -> None:
    press(window, "Ctrl+Q")
    assert window.isHidden()
    assert not window.trainer.is_stuck()


def test_that_alternatives_are_ticked_one_at_a_time(window: MainWindow) -> None:
    for group in (("nat", "bit"), ("light", "dark", "theme_system")):
        for key in group:
            press(window, keys(window.commands[key]))
            assert [one for one in group if window.commands[one].isChecked()] == [key]
