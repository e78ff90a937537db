"""Layers that fit the data, and threads that leave a core to the window."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from softmax_gui.core.models import phm_parameter_count
from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.run_config import as_run, fitted, legal_orders
from softmax_gui.gui.widgets.choice_field import ChoiceField
from softmax_gui.gui.widgets.message_bar import Tone
from softmax_gui.training import compiling
from softmax_gui.training.config import TrainConfig
from tests.gui.test_solver_runs import choose
from tests.gui.windows import (
    find,
    load,
    newest,
    settle,
    shown_texts,
    stepped,
    table,
    trained,
)

# -- layers ----------------------------------------------------------------------------------------


def test_that_only_legal_orders_are_offered_with_their_numbers_of_weights(
    qtbot: QtBot, window: MainWindow
) -> None:
    layer = find(window, ChoiceField, "Layer")
    assert [layer.itemText(place) for place in range(layer.count())] == ["dense (12)"]
    assert not layer.isEnabled()
    assert "4 features and 3 classes" in layer.toolTip()
    load(qtbot, window, "digits")
    offered = [layer.itemText(place) for place in range(layer.count())]
    assert offered == ["dense (640)", f"PHM, order 2 ({phm_parameter_count(64, 10, 2)})"]
    assert layer.isEnabled()


def test_that_another_layer_starts_anew_and_learns(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, "digits")
    trained(qtbot, window, 100)
    choose(window, "Layer", "2")
    settle(qtbot, window)
    assert newest(window).step == 0
    assert newest(window).config.phm_order == 2
    assert trained(qtbot, window, 300).train.loss < 1.5
    choose(window, "Layer", "0")
    settle(qtbot, window)
    assert newest(window).step == 0
    assert not newest(window).model.W.any()


def test_that_a_layer_that_does_not_fit_other_data_becomes_dense(
    qtbot: QtBot, window: MainWindow
) -> None:
    load(qtbot, window, "digits")
    choose(window, "Layer", "2")
    load(qtbot, window, "iris")
    assert newest(window).config.phm_order == 0
    assert window.wishes.config.phm_order == 0
    assert find(window, ChoiceField, "Layer").key() == "0"
    assert stepped(qtbot, window).step == 3


def test_that_an_order_wished_for_while_other_data_load_is_refused_in_words(
    qtbot: QtBot, window: MainWindow
) -> None:
    load(qtbot, window, "digits")
    window.load("iris")
    choose(window, "Layer", "2")
    settle(qtbot, window)
    assert window.messages.tone() is Tone.WARNING
    assert "stays dense" in window.messages.text()
    assert newest(window).config.phm_order == 0


def test_that_weights_from_elsewhere_make_the_layer_dense(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, "digits")
    model = trained(qtbot, window, 50).model
    choose(window, "Layer", "2")
    window.use_weights(model, "They are here.")
    settle(qtbot, window)
    assert newest(window).config.phm_order == 0
    assert (newest(window).model.W == model.W).all()


def test_that_only_orders_that_divide_both_fit() -> None:
    split = table(d=6, names=("a", "b", "c"))
    assert legal_orders(split.dataset) == (3,)
    assert fitted(TrainConfig(phm_order=2), split.dataset).phm_order == 0
    assert fitted(TrainConfig(phm_order=3), split.dataset).phm_order == 3


def test_that_a_solver_takes_the_dense_layer(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window, "digits")
    choose(window, "Layer", "2")
    choose(window, "Solver", "lbfgs")
    settle(qtbot, window)
    assert find(window, ChoiceField, "Layer").key() == "0"
    assert (newest(window).config.solver, newest(window).config.phm_order) == ("lbfgs", 0)
    assert window.wishes.config == newest(window).config


# -- threads ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cores", "n", "asked", "expected"), [
    (1, 60, 0, 1), (2, 60, 0, 1), (8, 60, 0, 1), (2, 4000, 0, 1), (8, 4000, 0, 7),
    (8, 4000, 3, 3), (2, 4000, 2, 2),
])  # fmt: skip
def test_that_one_core_is_left_to_the_window(
    monkeypatch: pytest.MonkeyPatch, cores: int, n: int, asked: int, expected: int
) -> None:
    for module in ("training.compiled", "gui.run_config"):
        monkeypatch.setattr(f"softmax_gui.{module}.cores", lambda: cores)
    config = TrainConfig(threads=asked, batch_size=n)
    assert as_run(config, table(n=n, d=60)).threads == expected


def test_that_the_settings_on_screen_are_those_that_were_asked_for(
    qtbot: QtBot, window: MainWindow
) -> None:
    assert stepped(qtbot, window).config == window.wishes.config
    assert window.wishes.config.threads == 0
    assert window.trainer._worker.basis()[1].threads >= 1


def test_that_the_device_is_told_with_its_threads(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("numba")
    compiling.load("float64")
    window.load("2x2")
    stepped(qtbot, window)
    assert newest(window).device.kind == "compiled"
    assert "CPU (compiled), 1 thread" in shown_texts(window.statusBar())
