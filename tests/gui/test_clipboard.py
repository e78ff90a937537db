"""A plot is copied as a picture or as its numbers: by menu, by keys, by its context menu."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from PySide6.QtCore import QMimeData
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from softmax_gui.gui import clipboard
from softmax_gui.gui.clipboard import numbers_data, picture_data
from softmax_gui.gui.command_list import FIGURES
from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.widgets.message_bar import Tone
from softmax_gui.gui.widgets.weight_mosaic import WeightMosaic
from softmax_gui.gui.wiring import _figures
from softmax_gui.i18n import tr
from tests.gui.test_files_menu import refused
from tests.gui.windows import press, stepped

KEYS = dict(zip(FIGURES, "67890", strict=True))


def figure(window: MainWindow, key: str) -> QWidget:
    return _figures(window)[key]


def copied() -> QMimeData:
    return QGuiApplication.clipboard().mimeData()


@pytest.mark.parametrize("key", FIGURES)
def test_that_a_plot_is_copied_by_its_keys_as_pixels_and_lines_but_no_text(
    qtbot: QtBot, window: MainWindow, key: str
) -> None:
    stepped(qtbot, window)
    if key == "decays":
        window.tabs.setCurrentWidget(window.sweep)
    QGuiApplication.clipboard().setText("before")
    press(window, f"Ctrl+Alt+{KEYS[key]}")
    assert window.messages.text() == "The plot is in the clipboard, as a picture."
    assert not copied().hasText()
    assert not copied().hasHtml()
    image = copied().imageData()
    assert isinstance(image, QImage)
    assert image.size() == figure(window, key).size() * 2
    assert b"</svg>" in bytes(copied().data("image/svg+xml").data())


@pytest.mark.parametrize("key", FIGURES)
def test_that_the_numbers_of_a_plot_are_copied_by_its_keys(
    qtbot: QtBot, window: MainWindow, key: str
) -> None:
    stepped(qtbot, window)
    QGuiApplication.clipboard().setText("before")
    press(window, f"Ctrl+Alt+Shift+{KEYS[key]}")
    assert window.messages.tone() is Tone.DONE
    lines = copied().text().splitlines()
    assert window.messages.text().endswith(f"Rows: {len(lines) - 1}.")
    assert all(line.count("\t") == lines[0].count("\t") for line in lines)
    assert not copied().hasImage()


def test_that_both_texts_hold_the_numbers_exactly_and_no_formula(qtbot: QtBot) -> None:
    plot = WeightMosaic()
    qtbot.addWidget(plot)
    W = np.array([[1 / 3, -2e-17], [1e300, 0.1]])
    names = ("=cat()", "two\twords, one")
    plot.set_classes(names, None, ("a", "b\nc"))
    plot.show_weights(W, np.zeros(2))
    data, rows = numbers_data(plot)
    table = [line.split("\t") for line in data.text().splitlines()]
    found = list(csv.reader(io.StringIO(bytes(data.data("text/csv").data()).decode())))
    assert rows == 3
    for cells in (table, found):
        assert cells[0] == ["feature", "'=cat()", "two words, one"]
        assert [[float(cell) for cell in row[1:]] for row in cells[1:3]] == W.tolist()


def test_that_more_rows_than_a_clipboard_likes_are_refused_with_a_way_out(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    stepped(qtbot, window, 5)
    QGuiApplication.clipboard().setText("before")
    monkeypatch.setattr(clipboard, "MOST_ROWS", 2)
    press(window, "Ctrl+Alt+Shift+6")
    assert "more than 2 rows" in refused(window, Tone.WARNING)
    assert "CSV" in window.messages.text()
    assert copied().text() == "before"


def test_that_a_plot_without_room_is_not_copied_and_that_is_said(
    qtbot: QtBot, window: MainWindow
) -> None:
    QGuiApplication.clipboard().setText("before")
    plot = figure(window, "weights")
    plot.setMinimumSize(0, 0)
    plot.setFixedHeight(0)
    with pytest.raises(ValueError, match="picture of"):
        picture_data(plot)
    press(window, "Ctrl+Alt+8")
    assert "no room" in refused(window, Tone.WARNING)
    assert copied().text() == "before"


@pytest.mark.parametrize("key", sorted(FIGURES.keys() - {"weights"}))  # which takes no focus
def test_that_the_plot_with_the_focus_is_copied_by_the_usual_keys(
    qtbot: QtBot, window: MainWindow, key: str
) -> None:
    stepped(qtbot, window)
    if key == "decays":
        window.tabs.setCurrentWidget(window.sweep)
    plot = figure(window, key)
    parts = (plot, *plot.findChildren(QWidget))
    target = next(one for one in parts if one.focusPolicy() and one.isVisible())
    target.setFocus()
    QGuiApplication.clipboard().setText("before")
    press(target, "Ctrl+Shift+C")
    assert copied().text() != "before"
    press(target, "Ctrl+C")
    assert copied().hasImage()
    assert copied().imageData().size() == plot.size() * 2


def test_that_the_context_menu_of_each_plot_says_copy_in_the_language_of_the_window(
    window: MainWindow,
) -> None:
    for language, picture in (("en", "Copy"), ("ko", "복사"), ("en", "Copy")):
        window.commands[language].trigger()
        for key in FIGURES:
            texts = [action.text() for action in figure(window, key).actions()]
            assert texts.count(picture) == 1, key
            assert texts.count(tr("Copy the numbers")) == 1, key
