"""Keys alone are enough, and a screen reader has a name for everything."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDockWidget,
    QLabel,
    QLineEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.widgets.number_field import NumberField
from tests.gui.windows import find, load

PARTS_OF_QT = ("qt_", "QComboBox", "QTableCorner")  # with names or owners of their own


def is_part_of_qt(widget: QWidget) -> bool:
    kind = widget.metaObject().className()
    return f"{widget.objectName()} {kind}".startswith("qt_") or kind.startswith(PARTS_OF_QT[1:])


def interactive(window: MainWindow) -> list[QWidget]:
    return [
        one
        for one in window.findChildren(QWidget)
        if (one.focusPolicy() != Qt.FocusPolicy.NoFocus or isinstance(one, QAbstractButton))
        and not isinstance(one, QLabel)
        and (type(one) is QComboBox or not is_part_of_qt(one))
        and one.focusProxy() is None
    ]


def named(widget: QWidget) -> str:
    text = widget.property("text") if isinstance(widget, QAbstractButton) else ""
    return (widget.accessibleName() or text or "").strip()


def walk(window: MainWindow, key: Qt.Key) -> list[QWidget]:
    """What has the focus, one after the other, until it comes round again."""
    window.setFocus()
    reached: list[QWidget] = []
    for _ in range(200):
        QTest.keyClick(QApplication.focusWidget() or window, key)
        now = QApplication.focusWidget()
        if now is None or now in reached:
            break
        reached.append(now)
    return reached


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("source", ["2x2", "digits", "iris"])
def test_that_everything_that_can_be_used_has_a_name(
    qtbot: QtBot, window: MainWindow, source: str, language: str
) -> None:
    load(qtbot, window, source)
    window.appearance.set_language(language)
    nameless = [
        f"{type(one).__name__} in {type(one.parent()).__name__}"
        for one in interactive(window)
        if one.isVisibleTo(window) and not named(one)
    ]
    assert nameless == []


def test_that_no_two_fields_have_one_name(window: MainWindow) -> None:
    names = [named(one) for one in interactive(window) if one.isVisibleTo(window)]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


@pytest.mark.parametrize("key", [Qt.Key.Key_Tab, Qt.Key.Key_Backtab])
@pytest.mark.parametrize("source", ["2x2", "digits", "iris"])
def test_that_tab_reaches_everything_in_every_panel(
    qtbot: QtBot, window: MainWindow, source: str, key: Qt.Key
) -> None:
    load(qtbot, window, source)
    reached = walk(window, key)
    wanted = [
        one
        for one in interactive(window)
        if one.isVisibleTo(window)
        and one.isEnabled()
        and one.focusPolicy() & Qt.FocusPolicy.TabFocus
        and not isinstance(one, QLineEdit)  # Tab reaches the field around it
    ]
    missed = [named(one) for one in wanted if one not in reached]
    assert missed == []
    panels = list(window.findChildren(QDockWidget))
    for panel in (*panels, window.plots, window.messages, window.commands.toolbar):
        assert any(panel.isAncestorOf(one) for one in reached), panel


def test_that_the_examples_come_after_the_table_and_before_the_presets(
    qtbot: QtBot, window: MainWindow
) -> None:
    load(qtbot, window, "digits")
    load(qtbot, window, "2x2")
    names = [named(one) for one in walk(window, Qt.Key.Key_Tab)]
    start = names.index("Values of the features")
    assert names[start + 1 : start + 5] == [
        "Example of cat", "Example of chicken", "Example of dog", "Clear",
    ]  # fmt: skip


def test_that_a_caption_leads_to_its_field_by_its_key(window: MainWindow) -> None:
    captions = window.training.findChildren(QLabel)
    buddies = [label.buddy() for label in captions if isinstance(label.buddy(), NumberField)]
    assert len(buddies) == 6
    assert find(window, NumberField, "Learning rate") in buddies
