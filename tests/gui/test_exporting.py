"""Files are written off the window's thread, one at a time; a file of rows is predicted."""

from __future__ import annotations

import csv
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFileDialog, QPushButton
from pytestqt.qtbot import QtBot

from softmax_gui.data.options import ReadOptions, Watch
from softmax_gui.data.reuse import suited
from softmax_gui.export import predictions
from softmax_gui.files import FileProblem
from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.widgets.message_bar import Tone
from tests.gui.test_errands import Waiting
from tests.gui.test_files_menu import refused, written
from tests.gui.windows import LONG_MS, data, find, load, newest, press, trained

Answer = Callable[[Path, Path], None]
FRUIT = "kind;width;height\n" + "".join(
    f"{'apple' if k % 2 else 'pear'};{k % 2 + k / 100:.2f};{k % 3:.1f}\n".replace(".", ",")
    for k in range(40)
)


@pytest.fixture
def waiting() -> Iterator[Waiting]:
    """Work that never outlives the test."""
    one = Waiting("It is written.")
    yield one
    one.open.set()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Answer:
    """Answers the dialogs of Predict a file with these paths."""

    def answer(source: Path, path: Path) -> None:
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(source), ""))
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))

    return answer


def predict(window: MainWindow) -> None:
    """Ctrl+P, and what comes of it."""
    press(window, "Ctrl+P")
    written(window)


def import_fruit(qtbot: QtBot, window: MainWindow, folder: Path, options: ReadOptions) -> None:
    """Loads FRUIT as a dialog with these options would."""
    path = folder / "fruit.csv"
    path.write_text(FRUIT)
    window.importing._options[str(path)] = options
    load(qtbot, window, str(path))


def test_that_the_window_goes_on_while_a_file_is_written(
    qtbot: QtBot, window: MainWindow, waiting: Waiting
) -> None:
    assert window.files.exporting.begin("a.csv is being written.", waiting)
    qtbot.waitUntil(waiting.began.is_set, timeout=LONG_MS)
    with qtbot.waitCallback() as beat:
        QTimer.singleShot(0, window, beat)
    press(window, "F6")
    qtbot.waitUntil(lambda: newest(window).step == 1, timeout=LONG_MS)
    assert window.files.exporting.busy
    waiting.open.set()
    written(window)
    assert window.messages.text() == "It is written."


def test_that_a_second_file_is_refused_in_words_while_one_is_written(
    qtbot: QtBot, window: MainWindow, waiting: Waiting, tmp_path: Path
) -> None:
    window.files.exporting.begin("a.csv is being written.", waiting)
    window.files.write_weights(newest(window), data(window), tmp_path / "weights.npz")
    assert "still being written" in refused(window, Tone.WARNING)
    buttons = window.messages.findChildren(QPushButton)
    assert not [button for button in buttons if button.isVisible()]  # nothing to cancel
    waiting.open.set()
    written(window)
    assert window.messages.text() == "It is written."
    assert not (tmp_path / "weights.npz").exists()


def test_that_a_message_covered_by_another_does_not_take_the_way_to_cancel(
    qtbot: QtBot, window: MainWindow, waiting: Waiting
) -> None:
    exporting = window.files.exporting
    exporting.begin("a.csv is being written.", waiting, long=True)
    qtbot.waitUntil(waiting.began.is_set, timeout=LONG_MS)
    press(window, "F6")  # the hint for a paused run covers the message
    qtbot.waitUntil(lambda: "is being" not in window.messages.text(), timeout=LONG_MS)
    assert not exporting.begin("b.csv is being written.", waiting, long=True)
    find(window.messages, QPushButton, "Cancel").click()
    written(window)
    assert window.messages.text() == "Cancelled. Nothing was written."
    assert waiting.ended.is_set()


@pytest.mark.parametrize(
    ("error", "words"), [(FileProblem("The disk is full."), "full"), (OSError(5, "bad"), "bad")]
)
def test_that_an_error_while_writing_is_a_sentence_and_the_next_file_is_written(
    window: MainWindow, error: Exception, words: str
) -> None:
    def fail(_: Watch) -> str:
        raise error

    window.files.exporting.begin("a.csv is being written.", fail)
    written(window)
    assert window.messages.tone() is Tone.ERROR
    assert words in window.messages.text()
    assert window.messages.text().endswith("Nothing was lost.")
    window.files.exporting.begin("b.csv is being written.", lambda _: "It is written.")
    written(window)
    assert window.messages.text() == "It is written."


def test_that_the_predictions_of_a_file_are_those_of_the_model(
    qtbot: QtBot, window: MainWindow, asked: Answer, tmp_path: Path
) -> None:
    load(qtbot, window, "iris")
    trained(qtbot, window, 300)
    source, path = tmp_path / "new.csv", tmp_path / "said.csv"
    dataset = data(window).dataset
    rows = [",".join(map(str, row)) for row in dataset.X[::10].tolist()]
    source.write_text("\n".join([",".join(dataset.feature_names), *rows]) + "\n")
    asked(source, path)
    predict(window)
    assert window.messages.tone() is Tone.DONE
    assert str(path) in window.messages.text()
    assert "15 rows." in window.messages.text()
    with path.open(newline="") as file:
        found = list(csv.DictReader(file))
    P = np.array([[float(row[f"p({name})"]) for name in dataset.class_names] for row in found])
    X = data(window).scaling.apply(dataset.X[::10])
    np.testing.assert_allclose(P, newest(window).model.probabilities(X), atol=1e-9)
    said = [row["prediction"] for row in found]
    assert said == [dataset.class_names[k] for k in P.argmax(axis=1).tolist()]


def test_that_a_file_of_other_columns_is_refused_and_leaves_no_file(
    qtbot: QtBot, window: MainWindow, asked: Answer, tmp_path: Path
) -> None:
    load(qtbot, window, "iris")
    source, path = tmp_path / "new.csv", tmp_path / "said.csv"
    source.write_text("a,b\n1,2\n3,4\n")
    asked(source, path)
    predict(window)
    text = refused(window)
    assert "the model wants 4" in text
    assert "sepal" in text
    assert not path.exists()
    source.unlink()
    predict(window)
    assert "was not found" in refused(window)
    assert not path.exists()


def test_that_predictions_are_never_written_over_their_rows(
    qtbot: QtBot, window: MainWindow, asked: Answer, tmp_path: Path
) -> None:
    load(qtbot, window, "iris")
    source = tmp_path / "new.csv"
    source.write_text("a,b,c,d\n1,2,3,4\n")
    (tmp_path / "also.csv").symlink_to(source)
    for path in (source, tmp_path / "also.csv"):
        asked(source, path)
        predict(window)
        assert "holds the rows" in refused(window)
    assert source.read_text() == "a,b,c,d\n1,2,3,4\n"


def test_that_predicting_is_cancelled_by_its_button_and_leaves_no_file(
    qtbot: QtBot, window: MainWindow, asked: Answer, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    load(qtbot, window, "iris")
    began, go_on = threading.Event(), threading.Event()
    real = predictions.log_probabilities

    def slow(*arguments: object) -> np.ndarray:
        began.set()
        go_on.wait(LONG_MS / 1000)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(predictions, "log_probabilities", slow)
    monkeypatch.setattr(predictions, "BLOCK_ROWS", 2)
    source, path = tmp_path / "new.csv", tmp_path / "said.csv"
    source.write_text("1,2,3,4\n" * 9)
    path.write_text("precious")
    asked(source, path)
    press(window, "Ctrl+P")
    qtbot.waitUntil(began.is_set, timeout=LONG_MS)
    find(window.messages, QPushButton, "Cancel").click()
    go_on.set()
    written(window)
    assert window.messages.text() == "Cancelled. Nothing was written."
    assert path.read_text() == "precious"
    assert sorted(one.suffix for one in tmp_path.iterdir()) == [".csv", ".csv"]


def test_that_rows_are_read_as_the_data_of_the_model_were(
    qtbot: QtBot, window: MainWindow, asked: Answer, tmp_path: Path
) -> None:
    said = ReadOptions(label_column="kind", delimiter=";", decimal=",", encoding="cp949")
    import_fruit(qtbot, window, tmp_path, said)
    source, path = tmp_path / "new.csv", tmp_path / "said.csv"
    source.write_text(FRUIT)
    asked(source, path)
    predict(window)
    assert "40 rows, accuracy" in window.messages.text()  # the label in the first column
    source.write_text("height;width\n1,5;0,25\n")  # no label; without the marks no number
    predict(window)
    assert "1 rows." in window.messages.text()
    with path.open(newline="") as file:
        (found,) = csv.DictReader(file)
    X = data(window).scaling.apply(np.array([[0.25, 1.5]]))
    P = np.asarray(newest(window).model.probabilities(X))
    assert float(found["p(apple)"]) == pytest.approx(P[0, 0], abs=1e-9)


def test_that_only_what_another_file_has_too_is_asked_of_it(tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    path.write_text("a,b,box\n1,2,x\n3,4,y\n")
    said = ReadOptions(
        label_column="kind", group_column="box", delimiter=",", labels="labels.csv",
        class_order=("b", "a"), missing="mean",
    )  # fmt: skip
    assert suited(path, said) == ReadOptions(group_column="box", delimiter=",", missing="mean")
    targets = ReadOptions(target_columns=("a", "b"))
    assert suited(path, targets) == targets
    assert suited(path, ReadOptions(target_columns=("a", "c"))) == ReadOptions()
    np.savez(tmp_path / "new.npz", rows=np.ones((2, 2)))
    assert suited(tmp_path / "new.npz", ReadOptions(x_key="rows", y_key="kinds")) == ReadOptions(
        x_key="rows"
    )


def test_that_a_model_of_pictures_asks_for_a_folder_and_brings_them_to_its_size(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import Image

    random = np.random.default_rng(0)
    for folder, side in (("own", 4), ("new", 9)):
        for kind in ("cat", "dog"):
            (tmp_path / folder / kind).mkdir(parents=True)
            for k in range(6):
                picture = Image.fromarray(random.integers(0, 256, (side, side), np.uint8))
                picture.save(tmp_path / folder / kind / f"{k}.png")
    own = str(tmp_path / "own")
    window.importing._options[own] = ReadOptions()
    window.importing._pictures.add(own)
    load(qtbot, window, own)
    path = tmp_path / "said.csv"
    new = str(tmp_path / "new")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: new)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    predict(window)
    assert "12 rows, accuracy" in window.messages.text()
    assert len(path.read_text().splitlines()) == 13


def test_that_without_weights_or_with_second_thoughts_nothing_is_predicted(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.files.predict_file(None, data(window), ReadOptions())
    assert "no weights yet" in refused(window, Tone.WARNING)
    for source in ("", str(tmp_path / "new.csv")):
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, path=source: (path, ""))
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
        press(window, "Ctrl+P")
        assert not window.files.exporting.busy
    assert "no weights yet" in window.messages.text()
