"""The learning rate of a window in which nobody has chosen one: it follows the data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot

from softmax_gui.data.options import ReadOptions
from softmax_gui.data.readers import open_data
from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.widgets.number_field import NumberField
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.rates import rounded_down, stable_rate
from tests.gui.windows import data, find, load, newest, settle, trained, write

USUAL = TrainConfig.learning_rate


def written(tmp_path: Path, name: str = "own.csv", d: int = 40) -> Path:
    """A table whose features lie far from zero."""
    rng = np.random.default_rng(3)
    labels = np.arange(90) % 3
    X = 20.0 + rng.normal(size=(90, d)) + 5.0 * (np.arange(d) % 3 == labels[:, None])
    rows = [",".join([*(f"x{place}" for place in range(d)), "class"])]
    rows += [",".join([*map(repr, x), "abc"[k]]) for x, k in zip(X.tolist(), labels, strict=True)]
    (tmp_path / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    return tmp_path / name


def take(qtbot: QtBot, window: MainWindow, path: Path) -> None:
    window.wishes.take((str(path), open_data(str(path), ReadOptions()), ReadOptions()))
    settle(qtbot, window)


def rates(window: MainWindow) -> set[float]:
    """What the run has, and what the field and the window's wish say."""
    field = find(window, NumberField, "Learning rate").value()
    return {newest(window).config.learning_rate, field, window.wishes.config.learning_rate}


def stable(window: MainWindow) -> float:
    return rounded_down(stable_rate(data(window), newest(window).config))


def test_that_own_data_begin_with_a_stable_rate_and_a_sample_with_the_usual_one(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    load(qtbot, window, "digits")
    assert rates(window) == {USUAL}
    take(qtbot, window, written(tmp_path))
    assert rates(window) == {stable(window)}
    assert stable(window) < USUAL
    assert trained(qtbot, window, 400).train.loss < 0.5
    load(qtbot, window, "iris")
    assert rates(window) == {USUAL}


def test_that_it_follows_another_scaling(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    take(qtbot, window, written(tmp_path))
    before = stable(window)
    cut = window.wishes.cut
    window.wishes.change_cut(type(cut)(scaling="none"), window.split())
    settle(qtbot, window)
    assert rates(window) == {stable(window)}
    assert stable(window) < 0.1 * before


def test_that_a_chosen_rate_stays(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    settle(qtbot, window)
    write(find(window, NumberField, "Learning rate"), "0.25")
    take(qtbot, window, written(tmp_path))
    assert rates(window) == {0.25}
    take(qtbot, window, written(tmp_path, "other.csv", 20))
    assert rates(window) == {0.25}


def test_that_a_refused_file_changes_no_rate(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    take(qtbot, window, written(tmp_path))
    before = rates(window)
    window.wishes.load(str(tmp_path / "gone.csv"), options=ReadOptions())
    settle(qtbot, window)
    assert rates(window) == before == {stable(window)}
    load(qtbot, window, "2x2")
    assert rates(window) == {USUAL}
