"""The window on rows that stay on disk: opened, trained on, exported, and lost on the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from softmax_gui.data.cut import Cut
from softmax_gui.data.options import ReadOptions
from softmax_gui.data.readers import open_data
from softmax_gui.data.stored import StoredData
from softmax_gui.data.stored_split import SampledSplit
from softmax_gui.export.weights import load_model
from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.stored_view import StoredView
from softmax_gui.training.snapshot import RunState
from tests.data.stored_files import save, table
from tests.gui.windows import LONG_MS, data, newest, running, settle, trained

SMALL = ReadOptions(limit_bytes=30_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """1,000 rows of 5 features, which are too many for SMALL."""
    return save(tmp_path, *table(1000))


@pytest.fixture
def stored(qtbot: QtBot, window: MainWindow, path: Path) -> MainWindow:
    """The window with these rows in it."""
    return opened(qtbot, window, path)


def opened(qtbot: QtBot, window: MainWindow, path: Path) -> MainWindow:
    window.wishes.take((str(path), open_data(path, SMALL), SMALL))
    settle(qtbot, window)
    assert window._source == str(path)
    return window


def word(window: MainWindow) -> StoredView:
    (one,) = window.statusBar().findChildren(StoredView)
    return one


def test_that_a_file_above_the_limit_goes_through_the_dialog_onto_the_screen(
    qtbot: QtBot, window: MainWindow, path: Path
) -> None:
    window.importing.limit_bytes = SMALL.limit_bytes
    window.importing.open(path)
    dialog = window.importing.dialog
    assert dialog is not None
    qtbot.waitUntil(dialog.load_button.isEnabled, timeout=LONG_MS)
    notes = dialog.outcome.notes
    told = [notes.item(place).text() for place in range(notes.count())]
    assert any("stay on disk" in one for one in told)
    dialog.load_button.click()
    qtbot.waitUntil(lambda: window._source == str(path), timeout=LONG_MS)
    settle(qtbot, window)
    assert isinstance(data(window), SampledSplit)


def test_that_the_window_says_that_the_rows_stay_on_disk(
    qtbot: QtBot, window: MainWindow, path: Path
) -> None:
    assert word(window).isHidden()
    opened(qtbot, window, path)
    assert word(window).isVisible()
    assert "1,000 x 5 float32" in word(window).toolTip()
    assert "stay on disk" in word(window).toolTip()
    assert "800 to train, 200 to validate" in window.data._facts["n"].text()
    window.load("2x2")
    settle(qtbot, window)
    assert word(window).isHidden()


def test_that_rows_on_disk_are_learnt_and_their_weights_leave(
    qtbot: QtBot, stored: MainWindow, tmp_path: Path
) -> None:
    snapshot = trained(qtbot, stored)
    assert snapshot.validation.accuracy > 0.8
    target = tmp_path / "w.safetensors"
    stored.files.write_weights(snapshot, data(stored), target)
    qtbot.waitUntil(target.exists, timeout=LONG_MS)
    model = load_model(target)
    np.testing.assert_array_equal(model.dense.W, snapshot.model.W)
    assert model.scaling.kind == "standardise"


def test_that_another_seed_cuts_the_same_rows_anew(qtbot: QtBot, stored: MainWindow) -> None:
    before = data(stored)
    stored.wishes.change_seed(7)
    settle(qtbot, stored)
    after = data(stored)
    assert after.dataset is before.dataset
    assert after.seed == 7
    assert not np.array_equal(after.validation.X, before.validation.X)


def test_that_a_cut_holds_for_rows_on_disk(qtbot: QtBot, window: MainWindow, path: Path) -> None:
    rows = open_data(path, SMALL)
    assert isinstance(rows, StoredData)
    cut = Cut(validation_share=0.1, test_share=0.2, scaling="unit")
    request = replace(window.wishes._asked, source=str(path), dataset=rows, cut=cut)
    window.trainer.load_requested.emit(request)
    settle(qtbot, window)
    split = data(window)
    assert (split.n_train, split.validation.n) == (700, 100)
    assert split.test is not None
    np.testing.assert_allclose(np.linalg.norm(split.test.X, axis=1), 1.0)


def test_that_a_file_that_vanishes_pauses_the_run_which_goes_on_when_it_is_back(
    qtbot: QtBot, stored: MainWindow, path: Path
) -> None:
    before, aside = trained(qtbot, stored).step, path.with_name("aside")
    path.rename(aside)
    stored.wishes.change_seed(newest(stored).config.seed)  # the reader begins anew
    settle(qtbot, stored)
    assert "vanished" in stored.messages.text()
    assert data(stored).n_train == 800
    assert newest(stored).step == before
    aside.rename(path)
    assert trained(qtbot, stored).step > before


def test_that_a_file_cut_short_while_it_trains_pauses_the_run(
    qtbot: QtBot, stored: MainWindow, path: Path
) -> None:
    stored.speed.set_speed(float("inf"))
    stored.trainer.start_requested.emit()
    qtbot.waitUntil(lambda: running(stored) and newest(stored).step > 0, timeout=LONG_MS)
    with path.open("r+b") as file:
        file.truncate(5000)
    qtbot.waitUntil(lambda: stored._state is RunState.PAUSED, timeout=LONG_MS)
    settle(qtbot, stored)
    assert "x.npy changed while its rows were in use" in stored.messages.text()
    assert np.isfinite(newest(stored).model.W).all()


def test_that_a_path_of_decays_says_that_it_is_of_a_sample(
    qtbot: QtBot, stored: MainWindow
) -> None:
    with (
        qtbot.waitSignal(stored.trainer.sweep_done, timeout=LONG_MS),
        qtbot.waitSignal(stored.trainer.noticed, timeout=LONG_MS) as told,
    ):
        stored.trainer.sweep_requested.emit(1)
    assert "800 rows in memory" in told.args[0]


def test_that_the_window_closes_in_the_middle_of_a_run_on_rows_on_disk(
    qtbot: QtBot, stored: MainWindow
) -> None:
    stored.speed.set_speed(float("inf"))
    stored.trainer.start_requested.emit()
    qtbot.waitUntil(lambda: newest(stored).step > 0, timeout=LONG_MS)
    stored.projects.forget_changes()
    stored.close()
    assert not stored.trainer.is_stuck()
