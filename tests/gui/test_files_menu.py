"""Weights go out and come in again the same; what goes wrong is one sentence, nothing is lost."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEventLoop
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from softmax_gui.export.weights import FORMATS, load_model
from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.widgets.message_bar import Tone
from softmax_gui.training.snapshot import Snapshot
from tests.gui.windows import (
    LONG_MS,
    data,
    load,
    newest,
    press,
    running,
    settle,
    stepped,
    trained,
)

Answer = Callable[..., None]


@pytest.fixture
def dialogs(monkeypatch: pytest.MonkeyPatch) -> Answer:
    """Answers every file dialog with one path and one filter from now on."""

    def answer(path: str, chosen: str = "") -> None:
        for name in ("getSaveFileName", "getOpenFileName"):
            monkeypatch.setattr(QFileDialog, name, lambda *_: (path, chosen))

    return answer


def probabilities(window: MainWindow) -> np.ndarray:
    """Of the first hundred rows to validate with."""
    return np.asarray(newest(window).model.probabilities(data(window).validation.X[:100]))


def export(window: MainWindow, path: Path) -> None:
    window.files.write_weights(newest(window), data(window), path)
    written(window)


def written(window: MainWindow) -> None:
    """Waits until no file is being written."""
    loop = QEventLoop()
    window.files.exporting.changed.connect(loop.quit)
    if window.files.exporting.busy:
        loop.exec()


def refused(window: MainWindow, tone: Tone = Tone.ERROR) -> str:
    """The one sentence of the refusal."""
    assert window.messages.tone() is tone
    text = window.messages.text()
    assert "\n" not in text
    assert "Errno" not in text
    assert text.endswith(".")
    return text


def assert_kept(qtbot: QtBot, window: MainWindow, before: Snapshot) -> None:
    """The model is as it was, and training goes on from there."""
    settle(qtbot, window)
    assert newest(window).step == before.step
    assert (newest(window).model.W == before.model.W).all()
    assert stepped(qtbot, window).step > before.step


@pytest.mark.parametrize(
    ("source", "suffix"),
    [*(("2x2", suffix) for suffix in FORMATS), ("digits", ".safetensors"), ("iris", ".json")],
)
def test_that_exported_weights_opened_again_give_the_same_probabilities(
    qtbot: QtBot, window: MainWindow, dialogs: Answer, tmp_path: Path, source: str, suffix: str
) -> None:
    load(qtbot, window, source)
    step = stepped(qtbot, window).step
    before, path = probabilities(window), tmp_path / f"weights{suffix}"
    dialogs(str(path))
    press(window, "Ctrl+E")
    written(window)
    assert window.messages.tone() is Tone.DONE
    assert f"step {step:,}" in window.messages.text()
    assert str(path) in window.messages.text()
    press(window, "F8")
    settle(qtbot, window)
    assert np.abs(probabilities(window) - before).max() > 1e-3
    press(window, "Ctrl+Shift+O")
    assert window.messages.tone() is Tone.DONE
    assert f"weights{suffix}" in window.messages.text()
    settle(qtbot, window)
    np.testing.assert_allclose(probabilities(window), before, atol=1e-6)
    assert (window.plots.weights._W == newest(window).model.W).all()
    assert window.files.folder == str(tmp_path)
    model = load_model(path)
    assert model.class_names == data(window).dataset.class_names
    assert model.image_shape == data(window).dataset.image_shape


def test_that_opened_weights_are_trained_on_while_training_runs(
    qtbot: QtBot, window: MainWindow, dialogs: Answer, tmp_path: Path
) -> None:
    trained(qtbot, window, 300)
    path = tmp_path / "weights.json"
    export(window, path)
    dialogs(str(path))
    press(window, "F5")
    generation = newest(window).history.generation
    press(window, "Ctrl+Shift+O")
    qtbot.waitUntil(lambda: newest(window).history.generation > generation, timeout=LONG_MS)
    assert running(window)
    assert newest(window).validation.loss < np.log(3) / 2


@pytest.mark.parametrize("suffix", FORMATS)
def test_that_the_filter_chosen_gives_a_name_without_ending_its_format(
    window: MainWindow, dialogs: Answer, tmp_path: Path, suffix: str
) -> None:
    dialogs(str(tmp_path / "mine"), f"a format (*{suffix})")
    press(window, "Ctrl+E")
    written(window)
    assert [one.name for one in tmp_path.glob("mine*")] == [f"mine{suffix}"]


def test_that_an_ending_put_on_by_the_app_replaces_no_file_that_was_not_asked_about(
    window: MainWindow, dialogs: Answer, tmp_path: Path
) -> None:
    (tmp_path / "mine.csv").write_text("precious")
    dialogs(str(tmp_path / "mine"), "CSV (*.csv)")
    press(window, "Ctrl+E")
    written(window)
    assert (tmp_path / "mine.csv").read_text() == "precious"
    assert "mine.csv" in refused(window)


def test_that_a_dialog_given_up_changes_nothing(
    qtbot: QtBot, window: MainWindow, dialogs: Answer
) -> None:
    text, before = window.messages.text(), newest(window)
    dialogs("")
    for keys in ("Ctrl+E", "Ctrl+Shift+O", "Ctrl+O", *(f"Ctrl+Alt+{k}" for k in range(1, 5))):
        press(window, keys)
    assert window.messages.text() == text
    assert_kept(qtbot, window, before)


BROKEN: dict[str, tuple[bytes, str]] = {
    "empty.safetensors": (b"", "empty"),
    "pickled.pt": (b"PK\x03\x04" + b"archive/data.pkl" + bytes(100), "pickle"),
    "pickled.pkl": (b"\x80\x04\x95" + bytes(100), "pickle"),
    "text.json": (b'{"weight": 1', ""),
    "nan.json": (b'{"weight": [[NaN, 1]], "bias": [0]}', ""),
    "noise.npz": (b"PK\x03\x04" + bytes(range(256)), ""),
    "binary.bin": (bytes(range(1, 256)) * 4 + b"\0", ""),
}


@pytest.mark.parametrize("name", BROKEN)
def test_that_a_file_that_holds_no_weights_is_refused_by_name(
    qtbot: QtBot, window: MainWindow, dialogs: Answer, tmp_path: Path, name: str
) -> None:
    before, (content, word) = stepped(qtbot, window), BROKEN[name]
    (tmp_path / name).write_bytes(content)
    dialogs(str(tmp_path / name))
    press(window, "Ctrl+Shift+O")
    text = refused(window)
    assert name in text
    assert word in text
    assert_kept(qtbot, window, before)


@pytest.mark.parametrize("suffix", FORMATS)
def test_that_a_damaged_export_is_refused(
    qtbot: QtBot, window: MainWindow, dialogs: Answer, tmp_path: Path, suffix: str
) -> None:
    before, path = stepped(qtbot, window), tmp_path / f"weights{suffix}"
    export(window, path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    dialogs(str(path))
    press(window, "Ctrl+Shift+O")
    assert path.name in refused(window)
    assert_kept(qtbot, window, before)


def test_that_weights_of_another_shape_or_class_are_refused_with_both_sizes(
    qtbot: QtBot, window: MainWindow, dialogs: Answer, tmp_path: Path
) -> None:
    load(qtbot, window, "digits")
    export(window, tmp_path / "digits.npz")
    load(qtbot, window, "iris")
    export(window, tmp_path / "iris.npz")
    load(qtbot, window, "2x2")
    before = stepped(qtbot, window)
    dialogs(str(tmp_path / "digits.npz"))
    press(window, "Ctrl+Shift+O")
    text = refused(window)
    assert re.findall(r"\d+", text) == ["64", "10", "4", "3"]
    dialogs(str(tmp_path / "iris.npz"))
    press(window, "Ctrl+Shift+O")
    text = refused(window)
    assert "setosa" in text
    assert "cat" in text
    assert_kept(qtbot, window, before)


def test_that_weights_for_data_that_were_replaced_meanwhile_are_refused(
    qtbot: QtBot, window: MainWindow
) -> None:
    model = newest(window).model
    window.load("digits")
    window.use_weights(model, "The weights are in place.")
    settle(qtbot, window)
    assert "do not fit" in refused(window, Tone.WARNING)
    assert newest(window).model.W.shape == (64, 10)
    assert stepped(qtbot, window, 5).step == 5


def test_that_the_classes_of_a_file_are_put_into_the_order_of_the_data(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    trained(qtbot, window, 300)
    before, path = probabilities(window), tmp_path / "weights.json"
    export(window, path)
    value = json.loads(path.read_text())
    for key in ("weight", "bias", "classes"):
        value[key] = [value[key][place] for place in (2, 0, 1)]
    path.write_text(json.dumps(value))
    found = window.files.read_weights(path, data(window))
    assert found is not None, window.messages.text()
    window.use_weights(*found)
    settle(qtbot, window)
    np.testing.assert_allclose(probabilities(window), before, atol=1e-6)
