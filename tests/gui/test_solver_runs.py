"""Solvers in the window: they end by themselves, say so, and start again after a change."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.run_config import LoadRequest
from softmax_gui.gui.training_thread import Trainer
from softmax_gui.gui.units import Unit
from softmax_gui.gui.views.training_texts import certificate_text
from softmax_gui.gui.widgets.choice_field import ChoiceField
from softmax_gui.gui.widgets.message_bar import Tone
from softmax_gui.gui.widgets.number_field import NumberField
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.snapshot import RunState
from tests.gui.windows import (
    LONG_MS,
    find,
    load,
    newest,
    press,
    running,
    settle,
    shown_texts,
    trained,
    write,
)


def choose(window: MainWindow, field: str, key: str) -> None:
    """What a click in the list of a field does."""
    box = find(window, ChoiceField, field)
    box.set_key(key)
    box.activated.emit(box.currentIndex())


def solved(qtbot: QtBot, window: MainWindow) -> str:
    """Presses Train and waits for the end; returns what is said above the plots."""
    with qtbot.waitSignal(window.trainer.solved, timeout=LONG_MS):
        press(window, "F5")
    settle(qtbot, window)
    return window.messages.text()


@pytest.fixture
def solving(qtbot: QtBot, window: MainWindow) -> MainWindow:
    """Iris with a weight decay, to be solved."""
    load(qtbot, window, "iris")
    write(find(window, NumberField, "Weight decay"), "0.01")
    choose(window, "Solver", "auto")
    settle(qtbot, window)
    return window


@pytest.mark.parametrize("solver", ["auto", "newton-cg", "lbfgs"])
def test_that_a_solver_pauses_at_the_optimum_and_says_so(
    qtbot: QtBot, solving: MainWindow, solver: str
) -> None:
    choose(solving, "Solver", solver)
    text = solved(qtbot, solving)
    assert not running(solving)
    assert newest(solving).config.solver == solver
    assert newest(solving).finished
    assert solving.messages.tone() is Tone.DONE
    assert "The solver is done" in text
    assert "Optimum to within 1e-6" in text
    certificate = newest(solving).certificate
    assert certificate is not None
    assert certificate_text(certificate, Unit.NAT) in shown_texts(solving.training)


def test_that_nothing_left_to_do_is_said(qtbot: QtBot, solving: MainWindow) -> None:
    solved(qtbot, solving)
    before = newest(solving)
    for keys in ("F5", "F6", "F7"):
        solving.messages.dismiss()
        press(solving, keys)
        settle(qtbot, solving)
        assert "Nothing is left to do" in solving.messages.text(), keys
        assert not running(solving)
    assert newest(solving).step == before.step
    assert (newest(solving).model.W == before.model.W).all()


def test_that_another_weight_decay_is_solved_from_where_the_last_one_ended(
    qtbot: QtBot, solving: MainWindow
) -> None:
    solved(qtbot, solving)
    first = newest(solving)
    write(find(solving, NumberField, "Weight decay"), "0.1")
    settle(qtbot, solving)
    assert "On the way to the optimum." in shown_texts(solving.training)
    assert "Optimum to within" in solved(qtbot, solving)
    second = newest(solving)
    assert second.step > first.step
    assert second.train.loss > first.train.loss
    assert (second.model.W**2).sum() < (first.model.W**2).sum()


def test_that_reset_lets_a_solver_begin_anew(qtbot: QtBot, solving: MainWindow) -> None:
    solved(qtbot, solving)
    press(solving, "F8")
    settle(qtbot, solving)
    assert newest(solving).step == 0
    assert newest(solving).certificate is None
    assert "Optimum to within" in solved(qtbot, solving)


def test_that_separable_classes_are_told_and_a_button_adds_weight_decay(
    qtbot: QtBot, window: MainWindow
) -> None:
    load(qtbot, window, "digits")
    choose(window, "Solver", "auto")
    text = solved(qtbot, window)
    assert window.messages.tone() is Tone.WARNING
    assert "the classes are separable" in text
    window.messages._button.click()
    settle(qtbot, window)
    assert find(window, NumberField, "Weight decay").value() == 0.001
    assert "Optimum to within" in solved(qtbot, window)


def test_that_minibatches_go_on_with_the_weights_of_a_solver(
    qtbot: QtBot, solving: MainWindow
) -> None:
    solved(qtbot, solving)
    W, step = newest(solving).model.W, newest(solving).step
    choose(solving, "Solver", "minibatch")
    settle(qtbot, solving)
    assert (newest(solving).model.W == W).all()
    assert trained(qtbot, solving, 20).step >= step + 20


def test_that_a_step_of_a_solver_is_one_iteration_and_is_counted_in_passes(
    qtbot: QtBot, solving: MainWindow
) -> None:
    press(solving, "F6")
    settle(qtbot, solving)
    assert newest(solving).step == 1
    assert not running(solving)
    assert any(text.endswith(" passes") for text in shown_texts(solving))
    assert solving.plots.complete().loss.canvas.titles[1] == "Step (iterations)"
    assert solving.commands["step"].text() == "Step (one iteration)"


def test_that_the_bound_follows_the_unit(qtbot: QtBot, solving: MainWindow) -> None:
    solved(qtbot, solving)
    press(solving, "Ctrl+Shift+B")
    assert any(text.endswith(" bit.") for text in shown_texts(solving.training))


@pytest.fixture
def trainer(qtbot: QtBot) -> Iterator[Trainer]:
    owner = Trainer()
    yield owner
    owner.shutdown()
    assert not owner.is_stuck()
    owner.deleteLater()


def test_that_a_slow_speed_limits_the_iterations(qtbot: QtBot, trainer: Trainer) -> None:
    steps: list[int] = []
    trainer.snapshot_ready.connect(lambda snapshot: steps.append(snapshot.step))
    trainer.load_requested.emit(LoadRequest("iris", TrainConfig(solver="newton-cg")))
    trainer.speed_requested.emit(1.0)
    with qtbot.waitSignal(trainer.snapshot_ready, check_params_cb=lambda s: s.step == 1):
        trainer.start_requested.emit()
    with qtbot.waitSignal(
        trainer.state_changed, check_params_cb=lambda state: state is RunState.PAUSED
    ):
        trainer.pause_requested.emit()
    assert steps[-1] <= 2
