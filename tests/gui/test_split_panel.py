"""Parts and scaling in the window: what "More" opens, and the run that follows from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QScrollArea, QToolButton
from pytestqt.qtbot import QtBot

from softmax_gui.data.cut import Cut
from softmax_gui.data.dataset import Dataset, feature_names
from softmax_gui.data.options import ReadOptions
from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.views.split_panel import SplitPanel
from softmax_gui.gui.widgets.choice_field import ChoiceField
from softmax_gui.gui.widgets.message_bar import Tone
from softmax_gui.gui.widgets.number_field import NumberField
from tests.gui.hand import heard
from tests.gui.windows import (
    LEFT,
    LONG_MS,
    data,
    find,
    load,
    newest,
    press,
    running,
    settle,
    shown_texts,
    stepped,
    write,
)

MORE, VALIDATION, TEST_SHARE, SCALE = (
    "More on parts and scaling", "Validation share", "Test share", "Scale features",
)  # fmt: skip


def rows(n: int = 60, **options: object) -> Dataset:
    labels = np.arange(n) % 3
    X = np.random.default_rng(0).random((n, 4)) + labels[:, None]
    plain = Dataset("made up", X, labels, ("a", "b", "c"), feature_names(4))
    return replace(plain, **options)  # type: ignore[arg-type]  # any field of it


def take(qtbot: QtBot, window: MainWindow, dataset: Dataset) -> None:
    """Loads data that were read from a file that is gone by now."""
    window.wishes.take(("/nowhere/made up.csv", dataset, ReadOptions()))
    settle(qtbot, window)


def opened_more(window: MainWindow) -> None:
    QTest.mouseClick(find(window.data, QToolButton, MORE), LEFT)


def enter(qtbot: QtBot, window: MainWindow, name: str, text: str) -> None:
    """Types a share and waits for the run with it."""
    write(find(window.data, NumberField, name), text)
    qtbot.waitUntil(lambda: not window.data.parts._settle.isActive(), timeout=LONG_MS)
    settle(qtbot, window)


def scale(qtbot: QtBot, window: MainWindow, key: str) -> None:
    """Chooses a scaling in the list."""
    field = find(window.data, ChoiceField, SCALE)
    field.setFocus()
    QTest.keyClick(field, Qt.Key.Key_Home)
    for _ in range(field.findData(key)):
        QTest.keyClick(field, Qt.Key.Key_Down)
    settle(qtbot, window)


def test_that_the_fields_are_closed_until_they_are_wanted(window: MainWindow) -> None:
    field = find(window.data, NumberField, TEST_SHARE)
    assert not field.isVisibleTo(window)
    opened_more(window)
    assert field.isVisibleTo(window)
    opened_more(window)
    assert not field.isVisibleTo(window)


def test_that_shares_are_those_of_the_data_until_others_are_typed(
    qtbot: QtBot, window: MainWindow
) -> None:
    opened_more(window)
    field = find(window.data, NumberField, VALIDATION)
    assert field.value() == 0.8
    load(qtbot, window, "digits")
    assert field.value() == 0.2
    enter(qtbot, window, VALIDATION, "0,5")
    split = data(window)
    assert split.validation.n == pytest.approx(split.dataset.n / 2, abs=10)
    assert window.wishes.cut == Cut(validation_share=0.5)
    load(qtbot, window, "iris")  # other data, their own share
    assert (field.value(), window.wishes.cut) == (0.2, Cut())


def test_that_a_test_share_locks_rows_and_training_never_sees_them(
    qtbot: QtBot, window: MainWindow
) -> None:
    load(qtbot, window, "iris")
    stepped(qtbot, window)
    opened_more(window)
    enter(qtbot, window, TEST_SHARE, "0.2")
    split = data(window)
    assert split.test is not None
    assert (split.test.n, split.train.n + split.validation.n) == (30, 120)
    assert newest(window).step == 0
    assert "Test part: 30 rows, locked" in shown_texts(window.data)
    enter(qtbot, window, TEST_SHARE, "0")
    assert data(window).test is None
    assert not window.data.locked.isVisibleTo(window)


@pytest.mark.parametrize(
    ("key", "kind", "shown"),
    [
        ("none", "none", "none"),
        ("range", "[0, 1]", "to [0, 1]"),
        ("standardise", "standardise", "mean 0, deviation 1 (on the training part)"),
        ("unit", "unit length", "each row to length 1"),
    ],
)
def test_that_each_scaling_is_in_force_and_told(
    qtbot: QtBot, window: MainWindow, key: str, kind: str, shown: str
) -> None:
    load(qtbot, window, "digits")
    opened_more(window)
    scale(qtbot, window, key)
    assert data(window).scaling.kind == kind
    assert shown in shown_texts(window.data)
    picture = window.draw.vector()
    assert (picture >= 0.0).all()
    assert picture.max() == pytest.approx(1.0)
    seen = window.prediction._x
    rows_seen = data(window).validation.X
    assert np.isclose(rows_seen, seen, atol=1e-9).all(axis=1).any()


def test_that_the_automatic_scaling_says_what_it_chose(qtbot: QtBot, window: MainWindow) -> None:
    field = find(window.data, ChoiceField, SCALE)
    load(qtbot, window, "digits")
    assert field.currentText() == "automatic: to [0, 1]"
    load(qtbot, window, "iris")
    assert field.currentText() == "automatic: standardise"


def test_that_the_weights_say_their_unit(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, "digits")
    titles = {"Weights: one picture a class, one scale"}
    for key in ("none", "standardise", "unit"):
        scale(qtbot, window, key)
        titles |= {text for text in shown_texts(window.plots) if text.startswith("Weights")}
    assert titles == {
        "Weights: one picture a class, one scale",
        "Weights per unit of the file: one picture a class",
        "Weights per standard deviation: one picture a class",
        "Weights at length 1: one picture a class",
    }


def test_that_a_file_is_not_read_again(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    lines = "\n".join(f"{k % 7},{k % 5},{'ab'[k % 2]}" for k in range(40))
    path.write_text(f"u,v,label\n{lines}\n")
    before = load(qtbot, window, str(path)).dataset
    path.unlink()
    scale(qtbot, window, "range")
    assert data(window).scaling.kind == "[0, 1]"
    assert data(window).dataset is before
    assert window.messages.tone() is not Tone.ERROR


def test_that_the_2x2_world_can_still_be_moved_after_another_cut(
    qtbot: QtBot, window: MainWindow
) -> None:
    scale(qtbot, window, "standardise")
    before = data(window).dataset
    window.data.world_changed.emit(replace(window.data.world(), label_noise=0.3))
    settle(qtbot, window)
    assert data(window).dataset.floor != before.floor
    assert data(window).scaling.kind == "standardise"


def test_that_a_running_run_goes_on_with_the_new_parts(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, "iris")
    press(window, "F5")
    qtbot.waitUntil(lambda: newest(window).step > 0, timeout=LONG_MS)
    scale(qtbot, window, "unit")
    qtbot.waitUntil(lambda: newest(window).step > 0, timeout=LONG_MS)
    assert running(window)
    assert data(window).scaling.per_row


def test_that_shares_that_leave_nothing_are_refused_in_words(
    qtbot: QtBot, window: MainWindow
) -> None:
    load(qtbot, window, "iris")
    opened_more(window)
    before = data(window)
    write(find(window.data, NumberField, TEST_SHARE), "0.8")
    assert "nothing would be left to train on" in window.messages.text()
    assert find(window.data, NumberField, TEST_SHARE).value() == 0.0
    settle(qtbot, window)
    assert data(window) is before


def test_that_a_cut_that_cannot_be_made_leaves_panel_and_run_as_they_were(
    qtbot: QtBot, window: MainWindow
) -> None:
    take(qtbot, window, rows(groups=tuple("xy"[k % 2] for k in range(60))))
    before = data(window)
    opened_more(window)
    enter(qtbot, window, TEST_SHARE, "0.2")  # three parts of two groups
    assert window.messages.tone() is Tone.ERROR
    assert "groups" in window.messages.text()
    assert data(window) is before
    assert find(window.data, NumberField, TEST_SHARE).value() == 0.0
    assert window.wishes.cut == Cut()


def test_that_parts_marked_in_the_file_hold_and_their_fields_say_so(
    qtbot: QtBot, window: MainWindow
) -> None:
    parts = np.array([0, 0, 0, 1, 2, 2] * 10, np.int8)
    take(qtbot, window, rows(parts=parts))
    opened_more(window)
    validation = find(window.data, NumberField, VALIDATION)
    test = find(window.data, NumberField, TEST_SHARE)
    assert (validation.isEnabled(), test.isEnabled()) == (False, False)
    assert (validation.value(), test.value()) == (0.167, 0.333)
    assert validation.toolTip() == "The file says which rows these are."
    assert "Test part: 20 rows, locked" in shown_texts(window.data)
    scale(qtbot, window, "none")  # the shares shown are no wishes
    assert window.wishes.cut == Cut(scaling="none")


def test_that_notes_on_the_parts_are_shown(qtbot: QtBot, window: MainWindow) -> None:
    take(qtbot, window, rows(n=9, notes=("Said by the reader.",)))
    notes = "\n".join(shown_texts(window.data))
    assert "Said by the reader." in notes
    assert "Under 5 rows to train on" in notes


def test_that_what_is_typed_counts_before_a_command(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, "iris")
    opened_more(window)
    field = find(window.data, NumberField, TEST_SHARE)
    field.setFocus()
    QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(field, "0.2")
    press(window, "F6")
    settle(qtbot, window)
    assert data(window).test is not None
    assert newest(window).step == 1


def test_that_a_share_being_typed_does_not_reach_other_data(
    qtbot: QtBot, window: MainWindow
) -> None:
    opened_more(window)
    write(find(window.data, NumberField, TEST_SHARE), "0.1")
    load(qtbot, window, "iris")
    assert not window.data.parts._settle.isActive()
    assert data(window).test is None


def test_that_setters_emit_nothing(qtbot: QtBot, window: MainWindow) -> None:
    panel = SplitPanel()
    qtbot.addWidget(panel)
    said = heard(panel.cut_changed)
    panel.show_cut(Cut(0.3, 0.1, "unit"), data(window))
    panel.retranslate()
    panel.commit()
    assert said == []
    assert find(panel, NumberField, TEST_SHARE).value() == 0.1
    assert find(panel, ChoiceField, SCALE).key() == "unit"
    assert find(panel, QLabel, SCALE).buddy() is find(panel, ChoiceField, SCALE)


def test_that_opening_the_fields_scrolls_to_them(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, "iris")
    window.resize(1024, 640)
    opened_more(window)
    area, field = window.docks.docks["data"].widget(), find(window.data, ChoiceField, SCALE)
    assert isinstance(area, QScrollArea)
    qtbot.waitUntil(lambda: area.verticalScrollBar().value() > 0, timeout=LONG_MS)
    below = field.mapTo(area.viewport(), field.rect().bottomLeft()).y()
    assert below < area.viewport().height()
