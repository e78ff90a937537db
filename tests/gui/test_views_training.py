"""The fields of the panel Training reach the run; a refused number says why above the plots."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QToolButton
from pytestqt.qtbot import QtBot

from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.widgets.message_bar import Tone
from softmax_gui.gui.widgets.number_field import NumberField
from softmax_gui.training import devices
from softmax_gui.training.config import DEVICES, TrainConfig
from softmax_gui.training.devices import DeviceError
from tests.gui.windows import (
    LEFT,
    LONG_MS,
    data,
    find,
    newest,
    press,
    running,
    settle,
    shown_texts,
    stepped,
    trained,
    write,
)

FIELDS = [
    ("Learning rate", "0,05", "learning_rate", 0.05),
    ("Learning rate", "1e6", "learning_rate", 1e6),
    ("Batch size", "7", "batch_size", 7),
    ("Batch size", "999999999", "batch_size", 999_999_999),
    ("Momentum", "0.9", "momentum", 0.9),
    ("Weight decay", "1e-3", "weight_decay", 1e-3),
]


@pytest.mark.parametrize(("field", "text", "name", "value"), FIELDS)
def test_that_a_number_typed_is_in_force_from_the_next_step(
    qtbot: QtBot, window: MainWindow, field: str, text: str, name: str, value: float
) -> None:
    write(find(window, NumberField, field), text)
    press(window, "F6")
    settle(qtbot, window)
    assert getattr(newest(window).config, name) == value


def test_that_a_number_typed_while_training_is_in_force_at_once(
    qtbot: QtBot, window: MainWindow
) -> None:
    press(window, "F5")
    qtbot.waitUntil(lambda: newest(window).step > 0, timeout=LONG_MS)
    write(find(window, NumberField, "Learning rate"), "0.01")
    qtbot.waitUntil(lambda: newest(window).config.learning_rate == 0.01, timeout=LONG_MS)
    assert running(window)


REFUSED = {
    "Learning rate": ("0", "-1", "nan", "inf", "fast", "1_000"),
    "Batch size": ("0", "2.5", "1,000", "1e30"),
    "Momentum": ("1",), "Weight decay": ("-0.1",), "Seed": ("-1",),
}  # fmt: skip


def test_that_a_refused_number_is_told_above_the_plots_and_the_last_one_stays(
    qtbot: QtBot, window: MainWindow
) -> None:
    config = newest(window).config
    for field, texts in REFUSED.items():
        box = find(window, NumberField, field)
        before = box.text()
        for text in texts:
            window.messages.dismiss()
            write(box, text)
            assert window.messages.tone() is Tone.WARNING
            assert f'"{text}"' in window.messages.text()
            assert f"{before} stays" in window.messages.text()
            assert box.text() == before
    press(window, "F6")
    settle(qtbot, window)
    assert newest(window).config == config


@pytest.mark.parametrize("by", ["typed", "button"])
def test_that_another_seed_begins_a_new_run(qtbot: QtBot, window: MainWindow, by: str) -> None:
    trained(qtbot, window)
    before = data(window)
    if by == "typed":
        write(find(window, NumberField, "Seed"), "17")
    else:
        QTest.mouseClick(find(window.training, QToolButton, "New seed"), LEFT)
    settle(qtbot, window)
    seed = 17 if by == "typed" else 1
    assert data(window) is not before
    assert (newest(window).config.seed, data(window).seed, newest(window).step) == (seed, seed, 0)
    assert find(window, NumberField, "Seed").text() == str(seed)


def test_that_the_same_seed_repeats_a_run_in_the_window(qtbot: QtBot, window: MainWindow) -> None:
    seed, weights = find(window, NumberField, "Seed"), []
    for text in ("3", "4", "3"):
        write(seed, text)
        for _ in range(5):
            press(window, "F6")
        settle(qtbot, window)
        assert newest(window).step == 5
        weights.append(newest(window).model.W)
    assert np.array_equal(weights[0], weights[2])
    assert not np.array_equal(weights[0], weights[1])


def test_that_a_seed_whose_data_were_refused_is_taken_back(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise ValueError("digits.csv was not found.")

    monkeypatch.setattr("softmax_gui.gui.loading.load", gone)
    write(find(window, NumberField, "Seed"), "5")
    settle(qtbot, window)
    assert "digits.csv was not found." in window.messages.text()
    assert find(window, NumberField, "Seed").text() == "0"
    assert window.wishes.config.seed == data(window).seed == 0


def test_that_the_device_is_chosen_and_told_with_its_reason(
    qtbot: QtBot, window: MainWindow
) -> None:
    box = find(window, QComboBox, "Device")
    assert [box.itemData(place) for place in range(box.count())] == list(DEVICES)
    box.setCurrentIndex(DEVICES.index("compiled"))  # without a key: compiling takes seconds
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Down)
    settle(qtbot, window)
    assert newest(window).config.device == "numpy"
    assert newest(window).device.kind == "numpy"
    assert any(text.startswith("CPU (numpy)") for text in shown_texts(window.training))
    assert "CPU (numpy)" in shown_texts(window)


def test_that_a_device_that_is_not_there_is_told_and_another_one_is_used(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_torch() -> None:
        raise DeviceError("torch could not be loaded (it is broken).")

    monkeypatch.setattr(devices, "import_torch", no_torch)
    snapshot = trained(qtbot, window)
    box = find(window, QComboBox, "Device")
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_End)
    settle(qtbot, window)
    assert window.messages.tone() is Tone.WARNING
    assert "torch could not be loaded (it is broken)" in window.messages.text()
    assert newest(window).device.kind == "numpy"
    assert newest(window).step == snapshot.step
    assert stepped(qtbot, window).step > snapshot.step


def test_that_what_is_half_typed_stays_when_another_field_changes(window: MainWindow) -> None:
    rate = find(window, NumberField, "Learning rate")
    rate.setFocus()
    QTest.keyClicks(rate, "0.0")
    half = rate.text()
    window.training.show_config(TrainConfig(momentum=0.5))
    assert rate.text() == half
    assert find(window, NumberField, "Momentum").text() == "0.5"
