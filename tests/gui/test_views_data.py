"""Which data: samples, files, the sliders of the 2x2 world, and names that mean no good."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QFileDialog, QPushButton, QSlider
from pytestqt.qtbot import QtBot

from softmax_gui.data.synthetic import World
from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.units import Unit
from softmax_gui.gui.views.data_panel import DataPanel
from softmax_gui.gui.widgets.message_bar import Tone
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
    table,
    trained,
)

EVIL = ("=SUM(1)", "<b>x</b>", "y" * 4000, "line\nbreak", "\u202eright to left", "R&D")


def choose(window: MainWindow, name: str) -> None:
    """Picks a source in the list by keys alone."""
    box = find(window, QComboBox, "Data source")
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Home)
    for _ in range(box.findText(name)):
        QTest.keyClick(box, Qt.Key.Key_Down)


def csv(folder: Path, name: str = "mine.csv") -> str:
    path = folder / name
    rows = "\n".join(f"{k % 3 + k / 100:.2f},{k / 7:.3f},{'abc'[k % 3]}" for k in range(30))
    path.write_text(f"width,height,label\n{rows}\n")
    return str(path)


def enter(qtbot: QtBot, window: MainWindow) -> None:
    """Loads what the import dialog shows."""
    dialog = window.importing.dialog
    assert dialog is not None
    qtbot.waitUntil(dialog.load_button.isEnabled, timeout=LONG_MS)
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.importing.dialog is None, timeout=LONG_MS)
    window.activateWindow()  # no desktop does it here
    settle(qtbot, window)


@pytest.mark.parametrize(("name", "d", "q"), [("digits", 64, 10), ("iris", 4, 3), ("2x2", 4, 3)])
def test_that_a_sample_is_loaded_from_the_list(
    qtbot: QtBot, window: MainWindow, name: str, d: int, q: int
) -> None:
    load(qtbot, window, "iris" if name != "iris" else "digits")
    choose(window, name)
    settle(qtbot, window)
    dataset = data(window).dataset
    assert (dataset.name, dataset.d, dataset.q) == (name, d, q)
    assert window.windowTitle().startswith(name)
    assert newest(window).model.W.shape == (d, q)
    text = "\n".join(shown_texts(window.data))
    assert f"{data(window).train.n:,} to train" in text
    assert ", ".join(dataset.class_names[:3]) in text
    assert len(window.prediction.probabilities()) == q


def test_that_the_sliders_are_there_for_the_2x2_world_alone(
    qtbot: QtBot, window: MainWindow
) -> None:
    slider = find(window, QSlider, "Label noise")
    assert slider.isVisibleTo(window)
    load(qtbot, window, "digits")
    assert not slider.isVisibleTo(window)


def test_that_a_slider_makes_a_new_world_with_a_new_floor(qtbot: QtBot, window: MainWindow) -> None:
    before, floor = newest(window), data(window).dataset.floor
    slider = find(window, QSlider, "Label noise")
    slider.setFocus()
    for _ in range(10):
        QTest.keyClick(slider, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: newest(window) is not before, timeout=LONG_MS)
    settle(qtbot, window)
    world = World(label_noise=0.1)
    assert window.data.world() == world
    assert data(window).dataset.floor == pytest.approx(world.floor())
    assert world.floor() != floor
    for unit, keys in ((Unit.BIT, "Ctrl+Shift+B"), (Unit.NAT, "Ctrl+Shift+N")):
        press(window, keys)
        assert any(unit.text(world.floor()) in text for text in shown_texts(window.data))
    references = window.plots.complete().loss._references
    assert world.floor() in [reference.value for reference in references]


def test_that_a_slider_at_rest_asks_once(qtbot: QtBot) -> None:
    panel = DataPanel()
    qtbot.addWidget(panel)
    said = heard(panel.world_changed)
    slider = find(panel, QSlider, "Label noise")
    for _ in range(5):
        QTest.keyClick(slider, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: bool(said), timeout=LONG_MS)
    assert said == [(World(label_noise=0.05),)]


def test_that_a_slider_moved_last_of_all_does_not_take_other_data_away(
    qtbot: QtBot, window: MainWindow
) -> None:
    slider = find(window, QSlider, "Label noise")
    QTest.keyClick(slider, Qt.Key.Key_Right)
    load(qtbot, window, "digits")
    assert not window.data._settle.isActive()
    assert data(window).dataset.name == "digits"


def test_that_training_goes_on_through_new_data(qtbot: QtBot, window: MainWindow) -> None:
    press(window, "F5")
    qtbot.waitUntil(lambda: newest(window).step > 0, timeout=LONG_MS)
    choose(window, "digits")
    qtbot.waitUntil(lambda: window._source == "digits", timeout=LONG_MS)
    qtbot.waitUntil(lambda: window.newest() is not None, timeout=LONG_MS)
    qtbot.waitUntil(lambda: newest(window).step > 0, timeout=LONG_MS)
    assert running(window)
    assert newest(window).model.q == 10


def test_that_a_file_is_opened_and_chosen_again_from_the_list(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = csv(tmp_path)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (path, ""))
    QTest.mouseClick(find(window.data, QPushButton, "Open…"), LEFT)
    enter(qtbot, window)
    box = find(window, QComboBox, "Data source")
    assert (data(window).dataset.name, box.currentText()) == ("mine.csv", "mine.csv")
    assert window.windowTitle().startswith("mine.csv")
    choose(window, "iris")
    settle(qtbot, window)
    choose(window, "mine.csv")
    settle(qtbot, window)
    assert data(window).dataset.feature_names == ("width", "height")
    press(window, "Ctrl+O")
    enter(qtbot, window)
    assert [box.itemText(k) for k in range(box.count())].count("mine.csv") == 1


def test_that_two_files_of_one_name_stay_two(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    one, two = csv(tmp_path), csv(tmp_path / "other")
    box = find(window, QComboBox, "Data source")
    for path in (one, two, one):
        load(qtbot, window, path)
        assert box.currentData() == path
    assert box.count() == 5


def test_that_refused_data_are_told_and_the_list_names_what_is_loaded(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    snapshot = trained(qtbot, window)
    broken = tmp_path / "broken.csv"
    broken.write_text("a,b,label\n1,2,x\n3,y\n")
    window.load(str(broken))
    settle(qtbot, window)
    assert window.messages.tone() is Tone.ERROR
    assert "broken.csv, row 3" in window.messages.text()
    assert find(window, QComboBox, "Data source").currentText() == "2x2"
    assert (newest(window).model.W == snapshot.model.W).all()
    assert stepped(qtbot, window).step > snapshot.step


def test_that_a_lack_of_memory_is_told_in_words(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_large(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("softmax_gui.gui.loading.load", too_large)
    window.load("digits")
    settle(qtbot, window)
    assert "memory" in window.messages.text()
    assert data(window).dataset.name == "2x2"


def test_that_names_that_mean_no_good_are_shown_as_plain_short_text(
    qtbot: QtBot, window: MainWindow
) -> None:
    before = window.minimumSizeHint()
    split = table(names=EVIL, name="x" * 200 + ".csv")
    window.data.show_data(split, "file.csv")
    for view in (window.plots, window.prediction, window.draw):
        view.show_data(split)
    window.commands.name_examples(split.dataset.class_names)
    window.prediction.show_vector(np.ones(3))
    texts = [
        *shown_texts(window),
        *(button.text() for button in window.draw.findChildren(QPushButton)),
        *(action.text() for action in window.commands.examples),
        *(box.itemText(k) for box in window.findChildren(QComboBox) for k in range(box.count())),
    ]
    assert max(map(len, texts)) < 500
    assert not any("\u202e" in text for text in texts)
    assert "R&&D" in texts  # in a button or menu a single & would underline the D
    tips = [button.toolTip() for button in window.draw.findChildren(QPushButton)]
    assert not any("<b>" in tip for tip in tips)
    assert max(map(len, tips)) < 500
    assert window.minimumSizeHint().width() <= before.width()
