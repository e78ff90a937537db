"""Projects as a test makes and opens them by way of the window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QPushButton
from pytestqt.qtbot import QtBot

from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.project_dialogs import Question
from softmax_gui.gui.widgets.message_bar import Tone
from tests.gui.windows import LONG_MS, load, newest, settle

COUNT = 60


class Dialogs:
    """Answers file dialogs: with the paths given, one after the other, then with none."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.paths: list[str] = []
        self.asked: list[str] = []
        for name in ("getSaveFileName", "getOpenFileName"):
            monkeypatch.setattr(QFileDialog, name, self._answer)
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", self._folder)

    def answer(self, *paths: Path) -> None:
        self.paths = [str(path) for path in paths]

    def _answer(self, _parent: object, title: str, *_: object) -> tuple[str, str]:
        self.asked.append(title)
        return (self.paths.pop(0) if self.paths else ""), ""

    def _folder(self, *asked: object) -> str:
        return self._answer(asked[0], str(asked[1]))[0]


@pytest.fixture
def dialogs(monkeypatch: pytest.MonkeyPatch) -> Dialogs:
    return Dialogs(monkeypatch)


def a_table(path: Path, seed: int = 0) -> Path:
    """A CSV of two classes with two features."""
    random = np.random.default_rng(seed)
    rows = [
        f"{x:.3f},{y:.3f},{'pear' if x + y > 0 else 'apple'}"
        for x, y in random.normal(size=(COUNT, 2))
    ]
    path.write_text("width,height,fruit\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def open_table(qtbot: QtBot, window: MainWindow, path: Path) -> None:
    """As the import dialog does after Load."""
    from softmax_gui.data.options import ReadOptions
    from softmax_gui.data.readers import open_data

    window.wishes.take((str(path), open_data(str(path), ReadOptions()), ReadOptions()))
    loaded(qtbot, window, str(path))


def loaded(qtbot: QtBot, window: MainWindow, source: str) -> None:
    qtbot.waitUntil(lambda: window._source == source, timeout=LONG_MS)
    settle(qtbot, window)


def save(qtbot: QtBot, window: MainWindow, path: Path) -> None:
    """By the window's own way; the dialog is not in it."""
    done: list[bool] = []
    window.projects.saving.save(path, lambda: done.append(True))
    qtbot.waitUntil(lambda: bool(done), timeout=LONG_MS)
    assert window.projects.path == path


def open_project(qtbot: QtBot, window: MainWindow, path: Path) -> None:
    window.projects.open(path)
    arrived(qtbot, window, path)


def arrived(qtbot: QtBot, window: MainWindow, path: Path | None) -> None:
    """Waits until a project is open, and all of it is on the screen."""
    qtbot.waitUntil(lambda: window.messages.text().endswith("."), timeout=LONG_MS)
    qtbot.waitUntil(
        lambda: window.projects.path == path and " is open, at step " in window.messages.text(),
        timeout=LONG_MS,
    )
    settle(qtbot, window)


def again(window: MainWindow) -> None:
    """Other data and no project, asked for in silence."""
    window.projects.forget_changes()
    window.projects.new()


def asked(qtbot: QtBot, window: MainWindow) -> Question:
    """The question before work is lost, once it is there."""
    qtbot.waitUntil(lambda: window.projects.guard.question is not None, timeout=LONG_MS)
    question = window.projects.guard.question
    assert question is not None
    return question


def choose(question: Question, text: str) -> None:
    """Presses the button by keyboard."""
    button = next(one for one in question.findChildren(QPushButton) if one.text() == text)
    button.setFocus()
    QTest.keyClick(button, Qt.Key.Key_Space)


def weights(window: MainWindow) -> np.ndarray:
    """Weights and biases, (d + 1, q)."""
    model = newest(window).model
    return np.vstack([model.W, model.b])


def begin(qtbot: QtBot, window: MainWindow, source: str = "2x2") -> None:
    load(qtbot, window, source)
    assert window.messages.tone() is not Tone.ERROR
