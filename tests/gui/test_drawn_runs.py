"""What becomes of drawn examples in the window: trained on, added to other data, a source."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot

from softmax_gui.data.drawn import DRAWN_SOURCE, DrawnSet
from softmax_gui.data.options import ReadOptions
from softmax_gui.data.readers import read_dataset
from softmax_gui.export.datasets import dataset_npz
from softmax_gui.gui.main_window import MainWindow
from tests.data.test_drawn import CAT, pets
from tests.gui.drawn import add, button, loaded
from tests.gui.windows import data, load, newest, press, settle, stepped


def test_that_soft_labels_reach_the_run(qtbot: QtBot, window: MainWindow) -> None:
    window.drawing.restore(pets(2, 2).added(CAT, (0.5, 0.5)))
    press(window, "Ctrl+Shift+T")
    loaded(qtbot, window, DRAWN_SOURCE)
    targets = data(window).dataset.targets
    assert targets is not None
    assert targets[-1].tolist() == [0.5, 0.5]


def test_that_examples_are_added_to_the_data_once(qtbot: QtBot, window: MainWindow) -> None:
    n = data(window).dataset.n
    window.drawing.restore(pets(1, 0))
    for more in (1, 2):
        press(window, "Ctrl+Shift+M")
        settle(qtbot, window)
        assert data(window).dataset.n == n + more
        assert "among the data" in window.messages.text()
        add(window, "bird")
    assert data(window).dataset.class_names == ("cat", "chicken", "dog", "bird")
    assert window._source == "2x2"
    assert load(qtbot, window, "2x2").dataset.n == n


def test_that_examples_among_the_data_are_known_when_these_come_back_from_a_file(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    window.drawing.restore(pets(2, 1))
    press(window, "Ctrl+Shift+M")
    settle(qtbot, window)
    path, n = tmp_path / "both.npz", data(window).dataset.n
    path.write_bytes(dataset_npz(data(window).dataset))
    window.wishes.take((str(path), read_dataset(path), ReadOptions()))
    loaded(qtbot, window, str(path))
    press(window, "Ctrl+Shift+M")
    settle(qtbot, window)
    assert "already: nothing was added" in window.messages.text()
    assert data(window).dataset.n == n
    add(window, "bird")
    press(window, "Ctrl+Shift+M")
    settle(qtbot, window)
    assert "not added again: 3" in window.messages.text()
    assert data(window).dataset.n == n + 1


def test_that_a_second_wish_for_the_same_mixture_begins_nothing_anew(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.drawing.restore(pets(1, 0))
    press(window, "Ctrl+Shift+M")
    settle(qtbot, window)
    step = stepped(qtbot, window).step
    press(window, "Ctrl+Shift+M")
    settle(qtbot, window)
    assert newest(window).step == step
    assert "nothing was added" in window.messages.text()


def test_that_an_example_deleted_meanwhile_goes_from_the_mixture(
    qtbot: QtBot, window: MainWindow
) -> None:
    n = data(window).dataset.n
    window.drawing.restore(pets(1, 1))
    press(window, "Ctrl+Shift+M")
    settle(qtbot, window)
    assert data(window).dataset.n == n + 2
    window.drawing.delete([0])
    press(window, "Ctrl+Shift+M")
    settle(qtbot, window)
    assert data(window).dataset.n == n + 1
    assert "among the data now: 1." in window.messages.text()


def test_that_examples_are_not_added_to_themselves(qtbot: QtBot, window: MainWindow) -> None:
    window.drawing.restore(pets())
    press(window, "Ctrl+Shift+T")
    loaded(qtbot, window, DRAWN_SOURCE)
    assert not window.commands["mix_drawn"].isEnabled()
    assert "drawn examples themselves" in button(window, "Add to the data").toolTip()


def test_that_a_new_set_can_be_trained_on_at_its_size(qtbot: QtBot, window: MainWindow) -> None:
    drawn = DrawnSet((3, 3)).with_class("x").with_class("o")
    cross, ring = np.eye(3), 1.0 - np.eye(3)
    window.drawing.restore(drawn.added(cross, (1, 0)).added(ring, (0, 1)))
    press(window, "Ctrl+Shift+T")
    loaded(qtbot, window, DRAWN_SOURCE)
    assert window.draw.editor.image().shape == (3, 3)
    assert data(window).validation.n == 0
    assert not window.drawn.pad.isVisibleTo(window.drawn)


def test_that_other_data_come_and_the_drawn_ones_are_found_again_as_a_source(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.drawing.restore(pets())
    press(window, "Ctrl+Shift+T")
    loaded(qtbot, window, DRAWN_SOURCE)
    load(qtbot, window, "2x2")
    window.data.source_chosen.emit(DRAWN_SOURCE)
    loaded(qtbot, window, DRAWN_SOURCE)
    assert data(window).dataset.n == 4
    window.drawing.begin_anew()
    load(qtbot, window, "2x2")
    window.data.source_chosen.emit(DRAWN_SOURCE)
    assert "There is no example yet" in window.messages.text()
    assert window._source == "2x2"


def test_that_another_seed_splits_the_drawn_examples_anew(qtbot: QtBot, window: MainWindow) -> None:
    window.drawing.restore(pets(5, 5))
    press(window, "Ctrl+Shift+T")
    loaded(qtbot, window, DRAWN_SOURCE)
    window.training.seed_changed.emit(7)
    settle(qtbot, window)
    assert data(window).seed == 7
    assert data(window).dataset.n == 10
