"""The locked test part: asked for, judged beside the run, counted, and kept."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from softmax_gui.core.dense import Dense
from softmax_gui.core.losses import cross_entropy
from softmax_gui.data.cut import Cut
from softmax_gui.data.dataset import Split
from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.settings import Settings, load_settings
from softmax_gui.gui.units import Unit
from softmax_gui.gui.views.look_dialog import LookDialog
from tests.gui.test_split_panel import rows, take
from tests.gui.windows import (
    LEFT,
    LONG_MS,
    data,
    find,
    load,
    newest,
    opened,
    press,
    running,
    settle,
    shown_texts,
    trained,
)

CUT = Cut(test_share=0.2)
OF_WORLD = Cut(test_share=0.1)  # four fifths of it validate


def locked(qtbot: QtBot, window: MainWindow, source: str = "iris") -> Split:
    """Data with a test part."""
    load(qtbot, window, source)
    window.data.parts.cut_changed.emit(OF_WORLD if source == "2x2" else CUT)
    settle(qtbot, window)
    return data(window)


def asked(window: MainWindow) -> LookDialog:
    """The question, opened by hand."""
    names = ("Test once…", "Test again…")
    button = next(b for b in window.data.findChildren(QPushButton) if b.text() in names)
    QTest.mouseClick(button, LEFT)
    assert window.locked.dialog is not None
    return window.locked.dialog


def looked(qtbot: QtBot, window: MainWindow) -> LookDialog:
    """The answer."""
    dialog = asked(window)
    QTest.mouseClick(dialog.look_button, LEFT)
    qtbot.waitUntil(dialog.table.isVisible, timeout=LONG_MS)
    return dialog


def said(dialog: LookDialog) -> str:
    return "\n".join(shown_texts(dialog))


def close(dialog: LookDialog) -> None:
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    QApplication.sendPostedEvents(dialog, 0)


def test_that_without_a_test_part_there_is_nothing_to_ask_for(
    qtbot: QtBot, window: MainWindow
) -> None:
    assert not window.data.locked.isVisibleTo(window)
    window.locked.ask()
    assert window.locked.dialog is None


def test_that_the_question_says_what_a_look_costs_and_costs_nothing_itself(
    qtbot: QtBot, window: MainWindow
) -> None:
    locked(qtbot, window)
    dialog = asked(window)
    assert "30 rows that training has not seen" in said(dialog)
    assert "Look once, at the end." in said(dialog)
    QTest.keyClick(dialog, Qt.Key.Key_Return)  # Enter alone does not look
    assert window.locked.dialog is None
    assert window.locked.looks == 0
    assert "Test part: 30 rows, locked" in shown_texts(window.data)


@pytest.mark.parametrize("unit", list(Unit))
def test_that_a_look_tells_loss_accuracy_and_confusion_of_the_model_on_screen(
    qtbot: QtBot, window: MainWindow, unit: Unit
) -> None:
    split = locked(qtbot, window)
    window.commands[unit.value].trigger()
    snapshot = trained(qtbot, window)
    dialog = looked(qtbot, window)
    assert split.test is not None
    logits = np.asarray(snapshot.model.logits(split.test.X))
    right = int((logits.argmax(axis=1) == split.test.labels).sum())
    loss = float(cross_entropy(logits, np.eye(3)[split.test.labels])[0])
    assert f"Test accuracy: {100 * right / 30:.1f} % ({right} of 30)" in said(dialog)
    assert f"Loss: {unit.text(loss)}, at step {snapshot.step:,}." in said(dialog)
    counts = dialog.table.counts
    cells = [[int(counts.index(i, j).data()) for j in range(3)] for i in range(3)]
    assert np.trace(cells) == right
    assert np.sum(cells) == 30
    close(dialog)
    assert any(f"1 look\nStep {snapshot.step:,}: " in text for text in shown_texts(window.data))


def test_that_soft_labels_count_as_such_and_are_told(qtbot: QtBot, window: MainWindow) -> None:
    data_rows = rows()
    soft = 0.7 * np.eye(3)[data_rows.labels] + 0.1
    take(qtbot, window, replace(data_rows, targets=soft))
    window.data.parts.cut_changed.emit(CUT)
    settle(qtbot, window)
    snapshot, test = trained(qtbot, window, 20), data(window).test
    dialog = looked(qtbot, window)
    assert test is not None
    assert test.targets is not None
    loss = float(cross_entropy(snapshot.model.logits(test.X), test.targets)[0])
    assert f"Loss: {Unit.NAT.text(loss)}," in said(dialog)
    assert "The labels are soft" in said(dialog)
    close(dialog)


def test_that_looks_are_counted_through_cuts_and_seeds_of_the_same_rows(
    qtbot: QtBot, window: MainWindow
) -> None:
    locked(qtbot, window)
    close(looked(qtbot, window))
    window.wishes.change_seed(5)
    settle(qtbot, window)
    assert "Test part: 30 rows, 1 look" in shown_texts(window.data)  # and no figure of that run
    dialog = asked(window)
    assert "They were looked at once before." in said(dialog)
    QTest.mouseClick(dialog.look_button, LEFT)
    qtbot.waitUntil(dialog.table.isVisible, timeout=LONG_MS)
    assert "This was look 2" in said(dialog)
    close(dialog)
    locked(qtbot, window, "digits")
    assert window.locked.looks == 0
    locked(qtbot, window, "iris")
    assert window.locked.looks == 2


def test_that_another_2x2_world_is_drawn_anew_and_was_not_looked_at(
    qtbot: QtBot, window: MainWindow
) -> None:
    locked(qtbot, window, "2x2")
    close(looked(qtbot, window))
    assert window.locked.looks == 1
    window.wishes.change_seed(1)
    settle(qtbot, window)
    assert window.locked.looks == 0


def test_that_a_look_leaves_the_run_as_it_goes(qtbot: QtBot, window: MainWindow) -> None:
    locked(qtbot, window)
    press(window, "F5")
    qtbot.waitUntil(lambda: newest(window).step > 0, timeout=LONG_MS)
    dialog = looked(qtbot, window)
    before = newest(window).step
    assert running(window)
    qtbot.waitUntil(lambda: newest(window).step > before, timeout=LONG_MS)
    close(dialog)


def test_that_a_question_closed_in_the_middle_still_counts_the_look(
    qtbot: QtBot, window: MainWindow
) -> None:
    locked(qtbot, window)
    dialog = asked(window)
    dialog.look_button.click()
    close(dialog)
    qtbot.waitUntil(lambda: window.locked._found is not None, timeout=LONG_MS)
    assert window.locked.looks == 1
    assert any("1 look\nStep 0: " in text for text in shown_texts(window.data))


def test_that_a_question_goes_when_other_rows_come(qtbot: QtBot, window: MainWindow) -> None:
    locked(qtbot, window)
    asked(window)
    window.wishes.change_seed(5)
    settle(qtbot, window)
    assert window.locked.dialog is None
    assert window.locked.looks == 0


def test_that_an_answer_to_the_rows_before_is_not_shown_among_others(
    qtbot: QtBot, window: MainWindow
) -> None:
    locked(qtbot, window)
    asked(window).look_button.click()
    window.wishes.change_seed(5)
    settle(qtbot, window)
    assert window.locked._found is None
    assert "Test part: 30 rows, 1 look" in shown_texts(window.data)


def test_that_a_look_that_failed_can_be_asked_for_again(qtbot: QtBot, window: MainWindow) -> None:
    split = locked(qtbot, window)
    assert split.test is not None
    dialog = asked(window)
    snapshot = newest(window)
    narrow = replace(snapshot, model=Dense(np.zeros((1, 3)), np.zeros(3)))
    window.display.newest = narrow
    with qtbot.waitSignal(window.trainer.failed):
        dialog.look_button.click()
    assert dialog.look_button.isEnabled()
    window.display.newest = snapshot
    dialog.look_button.click()
    qtbot.waitUntil(dialog.table.isVisible, timeout=LONG_MS)
    close(dialog)


def test_that_the_next_start_remembers_the_looks(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    with opened(qtbot, path) as window:
        locked(qtbot, window)
        close(looked(qtbot, window))
    settings, _ = load_settings(path)
    with opened(qtbot, path, settings) as window:
        locked(qtbot, window)
        assert window.locked.looks == 1


def test_that_a_look_is_kept_at_once_so_that_a_crash_forgets_none(
    qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "settings.json"
    with opened(qtbot, path) as window:
        locked(qtbot, window)
        looked(qtbot, window)
        assert json.loads(load_settings(path)[0].looks)  # and nothing was closed


def test_that_drawn_examples_among_the_rows_leave_their_looks_counted(
    qtbot: QtBot, window: MainWindow
) -> None:
    locked(qtbot, window, "digits")
    looked(qtbot, window).close()
    n = data(window).dataset.n
    window.drawing.add()
    window.drawing.mix()
    qtbot.waitUntil(lambda: data(window).dataset.n == n + 1, timeout=LONG_MS)
    settle(qtbot, window)
    assert window.locked.looks == 1


@pytest.mark.parametrize("state", ["", "{", "[]", '{"x": "y", "z": -1, "u": 1e9, "v": true}', "7"])
def test_that_nonsense_for_looks_is_ignored(window: MainWindow, state: str) -> None:
    window.locked.restore(state)
    assert window.locked.state() == ""
    assert Settings().looks == ""


def test_that_of_two_memories_the_one_with_more_looks_holds(window: MainWindow) -> None:
    window.locked.restore('{"a": 3, "b": 1}')
    window.locked.restore('{"a": 1, "b": 2}')
    assert window.locked.state() == '{"a": 3, "b": 2}'


def test_that_closing_the_window_in_the_middle_of_a_look_is_quiet(
    qtbot: QtBot, window: MainWindow
) -> None:
    locked(qtbot, window, "digits")
    asked(window).look_button.click()
    window.close()
    assert not window.trainer.is_stuck()


def test_that_a_class_name_that_means_no_good_is_plain_text(
    qtbot: QtBot, window: MainWindow
) -> None:
    names = ("<b>x</b>", "y" * 4000, "line\nbreak")
    take(qtbot, window, rows(class_names=names))
    window.data.parts.cut_changed.emit(CUT)
    settle(qtbot, window)
    dialog = looked(qtbot, window)
    tips = [dialog.table.counts.index(0, k).data(Qt.ItemDataRole.ToolTipRole) for k in range(3)]
    assert not any("<b>" in tip for tip in tips)
    assert dialog.width() < 1024
    title = find(dialog, QLabel, "A row is a true class, a column what the model says.")
    assert title.isVisible()
    close(dialog)
