"""What the model says: the same numbers as core, at once, in nats and in bits."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from softmax_gui.core.models import Dense
from softmax_gui.core.softmax import softmax
from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.units import Unit, significant
from softmax_gui.gui.views.prediction_view import PredictionView
from tests.gui.hand import click, turn
from tests.gui.windows import (
    LONG_MS,
    find,
    load,
    newest,
    press,
    settle,
    shown_texts,
    table,
    trained,
)

NUMBER = re.compile(r"^(\S+) (nat|bit)")


def expected(window: MainWindow) -> np.ndarray:
    """softmax(x W + b) of what is drawn and of the model on the screen."""
    model, x = newest(window).model, window.draw.vector()
    return np.asarray(softmax(x @ model.W + model.b))


def told(window: MainWindow) -> list[str]:
    """The entropy and the surprisal as they stand there."""
    return [text for text in shown_texts(window.prediction) if NUMBER.match(text)]


@pytest.mark.parametrize("state", ["running", "paused"])
def test_that_the_prediction_follows_an_edit_at_once(
    qtbot: QtBot, window: MainWindow, state: str
) -> None:
    trained(qtbot, window)
    if state == "running":
        press(window, "F5")
        start = newest(window).step
        qtbot.waitUntil(lambda: newest(window).step > start, timeout=LONG_MS)
    for row, column, button in (
        (0, 0, Qt.MouseButton.LeftButton),
        (1, 1, Qt.MouseButton.RightButton),
    ):
        before = window.prediction.probabilities()
        click(window.draw.editor, row, column, button)
        # No event was handled in between: the same frame shows the drawing and its bars.
        assert not np.array_equal(window.prediction.probabilities(), before)
        assert (window.prediction.bars._probabilities == window.prediction.probabilities()).all()


def test_that_the_wheel_over_a_pixel_moves_the_bars(qtbot: QtBot, window: MainWindow) -> None:
    trained(qtbot, window)
    before = window.prediction.probabilities()
    turn(window.draw.editor, 0, 1, 120 if window.draw.vector()[1] < 0.5 else -120)
    assert not np.array_equal(window.prediction.probabilities(), before)


@pytest.mark.parametrize("source", ["2x2", "digits"])
def test_that_the_probabilities_shown_are_those_of_core(
    qtbot: QtBot, window: MainWindow, source: str
) -> None:
    load(qtbot, window, source)
    trained(qtbot, window)
    for label in range(3):
        window.draw.show_example(label)
        np.testing.assert_allclose(
            window.prediction.probabilities(), expected(window), rtol=1e-12, atol=1e-300
        )
        _, lines = window.prediction.bars.table()
        rows = np.array([line[1:] for line in lines], float)
        model = newest(window).model
        logits = window.draw.vector() @ model.W + model.b
        np.testing.assert_allclose(rows[:, 0], logits, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(rows[:, 1], expected(window), rtol=1e-12)


def test_that_a_table_is_scaled_before_the_model_is_asked(qtbot: QtBot, window: MainWindow) -> None:
    split = load(qtbot, window, "iris")
    trained(qtbot, window)
    model = newest(window).model
    x = (window.draw.vector() - split.scaling.shift) / split.scaling.scale
    np.testing.assert_allclose(
        window.prediction.probabilities(), softmax(x @ model.W + model.b), rtol=1e-12
    )


@pytest.mark.parametrize("unit", list(Unit))
def test_that_entropy_and_surprisal_are_right_in_either_unit(
    qtbot: QtBot, window: MainWindow, unit: Unit
) -> None:
    trained(qtbot, window)
    press(window, "Ctrl+Shift+B" if unit is Unit.BIT else "Ctrl+Shift+N")
    base = 2.0 if unit is Unit.BIT else math.e
    label = find(window, QComboBox, "Label")
    for place in range(3):
        label.setFocus()
        QTest.keyClick(label, Qt.Key.Key_Home)
        for _ in range(place):
            QTest.keyClick(label, Qt.Key.Key_Down)
        p = expected(window)
        entropy = -sum(one * math.log(one, base) for one in p)
        surprisal = -math.log(p[place], base)
        most = f"{significant(math.log(3, base))} {unit.value}"
        assert told(window) == [
            f"{significant(entropy)} {unit.value} (at most {most})",
            f"{significant(surprisal)} {unit.value}",
        ]


def test_that_the_unit_on_the_screen_never_touches_the_history(
    qtbot: QtBot, window: MainWindow
) -> None:
    snapshot = trained(qtbot, window)
    rows, points = snapshot.history.rows.copy(), window.plots.complete().loss.table()
    in_nats = told(window)
    press(window, "Ctrl+Shift+B")
    settle(qtbot, window)
    assert newest(window).history.rows is snapshot.history.rows
    assert (newest(window).history.rows == rows).all()
    assert all("bit" in text for text in told(window))
    assert "(bit)" in window.plots.complete().loss.canvas.titles[0]
    press(window, "Ctrl+Shift+N")
    assert told(window) == in_nats
    header, table_rows = window.plots.complete().loss.table()
    assert (header, list(table_rows)) == (points[0], list(points[1]))


def test_that_one_nat_is_one_over_ln_2_bit() -> None:
    assert Unit.BIT.per_nat / Unit.NAT.per_nat == pytest.approx(1 / math.log(2), rel=1e-15)


def test_that_a_tie_is_called_a_tie(window: MainWindow) -> None:
    assert "a tie: cat comes first" in shown_texts(window.prediction)


def test_that_the_most_probable_class_is_named(qtbot: QtBot, window: MainWindow) -> None:
    trained(qtbot, window, 500)
    for label, name in enumerate(("cat", "chicken", "dog")):
        press(window, f"Ctrl+{label + 1}")
        top = int(np.argmax(expected(window)))
        verdict = next(
            text for text in shown_texts(window.prediction) if re.search(r"\d{3}$", text)
        )
        assert verdict.split()[0] == ("cat", "chicken", "dog")[top]
        assert find(window, QComboBox, "Label").currentText() == name


def test_that_weights_that_are_no_numbers_are_called_undefined(qtbot: QtBot) -> None:
    view, split = PredictionView(), table()
    qtbot.addWidget(view)
    view.show_data(split)
    view.show_vector(np.ones(3))
    view.show_model(Dense(np.full((3, 3), np.nan), np.zeros(3)))
    assert "undefined" in shown_texts(view)
    view.show_model(Dense(np.full((3, 3), 1e308), np.zeros(3)))
    assert "undefined" in shown_texts(view)


def test_that_other_data_forget_what_the_model_before_said(qtbot: QtBot) -> None:
    view = PredictionView()
    qtbot.addWidget(view)
    view.show_data(table())
    view.show_vector(np.ones(3))
    view.show_model(Dense(np.eye(3), np.zeros(3)))
    view.show_data(table(names=("d", "e", "f")))
    view.show_unit(Unit.BIT)
    assert len(view.probabilities()) == 0
    assert [text for text in shown_texts(view) if NUMBER.match(text) or "." in text] == []


def test_that_the_class_whose_surprisal_is_told_stays_when_only_the_rows_change(
    qtbot: QtBot,
) -> None:
    view = PredictionView()
    qtbot.addWidget(view)
    view.show_data(table())
    view.show_label(2)
    view.show_data(table(n=90))
    assert find(view, QComboBox, "Label").currentText() == "c"
    view.show_data(table(names=("x", "y")))
    assert find(view, QComboBox, "Label").currentText() == "x"
