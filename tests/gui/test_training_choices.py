"""The choices of the panel Training: what reaches the run, what does not apply, and why."""

from __future__ import annotations

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from softmax_gui.core.certificate import Certificate
from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.units import Unit
from softmax_gui.gui.views import training_texts as texts
from softmax_gui.gui.widgets.choice_field import ChoiceField
from softmax_gui.gui.widgets.number_field import NumberField
from softmax_gui.training.rates import rounded_down
from softmax_gui.training.session import TrainingSession
from tests.gui.test_solver_runs import choose
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
    stepped,
    trained,
    write,
)

SOLVER_ONLY = ("Optimizer", "Learning rate", "Batch size", "Momentum", "Layer")


def field(window: MainWindow, name: str) -> QWidget:
    fields: list[QWidget] = [
        *window.training.findChildren(ChoiceField), *window.training.findChildren(NumberField),
    ]  # fmt: skip
    [found] = [one for one in fields if one.accessibleName() == name]
    return found


def safe_rate(window: MainWindow) -> QPushButton:
    return window.training._safe_rate


@pytest.mark.parametrize(
    ("name", "key", "setting"),
    [("Optimizer", "adam", "optimizer"), ("Class weights", "balanced", "class_weight"),
     ("Solver", "lbfgs", "solver")],
)  # fmt: skip
def test_that_a_choice_reaches_the_run_with_its_weights(
    qtbot: QtBot, window: MainWindow, name: str, key: str, setting: str
) -> None:
    before = trained(qtbot, window, 50)
    choose(window, name, key)
    settle(qtbot, window)
    assert getattr(newest(window).config, setting) == key
    assert newest(window).step == before.step
    assert (newest(window).model.W == before.model.W).all()
    assert stepped(qtbot, window, 1).step == before.step + 1


def test_that_label_smoothing_keeps_the_weights_small(qtbot: QtBot, window: MainWindow) -> None:
    norms = []
    for share in ("0", "0.3"):
        load(qtbot, window, "iris")
        write(find(window, NumberField, "Label smoothing"), share)
        norms.append(float((trained(qtbot, window, 500).model.W ** 2).sum()))
    assert newest(window).config.label_smoothing == 0.3
    assert norms[1] < norms[0]


def test_that_a_solver_disables_what_it_does_not_use_and_says_why(
    qtbot: QtBot, window: MainWindow
) -> None:
    load(qtbot, window, "digits")
    places = {name: field(window, name).geometry() for name in SOLVER_ONLY}
    choose(window, "Solver", "auto")
    for name in SOLVER_ONLY:
        assert not field(window, name).isEnabled(), name
        assert "solver" in field(window, name).toolTip().lower(), name
        assert field(window, name).geometry() == places[name], name  # nothing jumps
    assert not safe_rate(window).isEnabled()
    choose(window, "Solver", "minibatch")
    for name in SOLVER_ONLY:
        assert field(window, name).isEnabled(), name
        assert "solver" not in field(window, name).toolTip().lower(), name


def test_that_adam_disables_the_momentum_and_the_bound_of_sgd(
    qtbot: QtBot, window: MainWindow
) -> None:
    settle(qtbot, window)
    choose(window, "Optimizer", "adam")
    assert field(window, "Momentum").toolTip() == "Adam brings its own momentum."
    assert not field(window, "Momentum").isEnabled()
    assert not safe_rate(window).isEnabled()
    assert field(window, "Learning rate").isEnabled()


def test_that_the_reason_for_the_solver_is_told(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, "iris")
    choose(window, "Solver", "auto")
    settle(qtbot, window)
    reason = window.training._reason.text()
    assert reason.startswith("Solver: ")
    assert len(reason.split("\n")[0]) > len("Solver: chosen")
    choose(window, "Solver", "lbfgs")
    assert window.training._reason.text().startswith("Solver: chosen")


# -- the largest safe learning rate ----------------------------------------------------------------


def test_that_a_click_takes_the_safe_rate_and_training_stays_stable(
    qtbot: QtBot, window: MainWindow
) -> None:
    load(qtbot, window, "iris")
    split = data(window)
    expected = TrainingSession(split, newest(window).config).safe_learning_rate()
    rate = rounded_down(expected)
    assert safe_rate(window).text() == f"surely stable up to {rate:g}"
    QTest.mouseClick(safe_rate(window), LEFT)
    settle(qtbot, window)
    assert newest(window).config.learning_rate == rate <= expected
    assert find(window, NumberField, "Learning rate").value() == rate
    assert trained(qtbot, window, 300).train.loss < 1.1


@pytest.mark.parametrize(("name", "text"), [("Batch size", "120"), ("Momentum", "0.9"),
                                            ("Weight decay", "10")])  # fmt: skip
def test_that_the_safe_rate_follows_what_it_depends_on(
    qtbot: QtBot, window: MainWindow, name: str, text: str
) -> None:
    load(qtbot, window, "iris")
    before = safe_rate(window).text()
    write(find(window, NumberField, name), text)
    settle(qtbot, window)
    settle(qtbot, window)  # it is found after the settings are in force
    assert safe_rate(window).text() != before


def test_that_the_safe_rate_is_found_while_training_runs(qtbot: QtBot, window: MainWindow) -> None:
    settle(qtbot, window)
    press(window, "F5")
    before = safe_rate(window).text()
    write(find(window, NumberField, "Momentum"), "0.5")
    qtbot.waitUntil(lambda: safe_rate(window).text() != before, timeout=LONG_MS)
    assert running(window)


@pytest.mark.parametrize(
    ("rate", "text"),
    [(0.2799, "surely stable up to 0.27"), (1.0, "surely stable up to 1"),
     (1234.5, "surely stable up to 1200"), (3.19e-5, "surely stable up to 3.1e-05"),
     (float("nan"), "no rate is known to be stable")],
)  # fmt: skip
def test_that_the_safe_rate_is_rounded_down(rate: float, text: str) -> None:
    assert texts.safe_rate_text(rate) == text


# -- the certificate in words ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "bound", "text"),
    [("optimum", 2.1e-9,
      "Optimum to within 1e-6: no weights have a loss lower by more than 3e-9 nat."),
     ("optimum", 0.0, "Optimum to within 1e-6: no weights have a loss lower by more than 0 nat."),
     ("falling", 0.04, "Still falling, by 0.04 nat at most."),
     ("falling", float("inf"), "Still falling."),
     ("separable", float("inf"),
      "No finite optimum: the classes are separable. Add weight decay.")],
)  # fmt: skip
def test_that_a_certificate_is_one_plain_line(verdict: str, bound: float, text: str) -> None:
    certificate = Certificate(verdict, 1e-5, 0.5, bound, bound / 0.5, 1e-6)
    assert texts.certificate_text(certificate, Unit.NAT) == text


def test_that_every_field_has_a_caption_that_leads_to_it(window: MainWindow) -> None:
    captions = [label for label in window.training.findChildren(QLabel) if label.buddy()]
    assert len(captions) == len(texts.captions())
    for label in captions:
        assert label.text() == label.buddy().accessibleName()
