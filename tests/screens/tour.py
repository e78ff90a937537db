"""Walks one window through its states and photographs each."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEventLoop
from PySide6.QtWidgets import QApplication, QToolButton, QWidget

from softmax_gui import cli
from softmax_gui.data.cut import Cut
from softmax_gui.gui import app
from softmax_gui.gui.main_window import MainWindow
from softmax_gui.gui.settings import Settings
from softmax_gui.gui.widgets.message_bar import Tone
from softmax_gui.i18n import tr
from tests.gui.windows import find


class Tour:
    """One window, walked by hand."""

    def __init__(self, window: MainWindow, prefix: str) -> None:
        self.window, self.prefix = window, prefix
        self.count = 0

    def until(self, holds: Callable[[], bool], seconds: float = 20.0) -> None:
        """Lets the window live until something holds."""
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                raise TimeoutError(self.prefix)
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)

    def live(self, seconds: float) -> None:
        """Lets the window live for a while."""
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() >= end)

    def photograph(self, state: str) -> None:
        """The window as it is now, to PREFIX-NN-STATE.png."""
        self.live(0.3)
        self.count += 1
        self.window.grab().save(f"{self.prefix}-{self.count:02d}-{state}.png")

    def grab(self, dialog: QWidget, state: str) -> None:
        """A dialog as it is now."""
        self.live(0.3)
        self.count += 1
        dialog.grab().save(f"{self.prefix}-{self.count:02d}-{state}.png")

    def data(self, name: str) -> None:
        """Loads data and waits for them."""
        self.window.load(name)
        self.until(lambda: self.window.windowTitle().startswith(Path(name).name))
        self.until(lambda: self.window.newest() is not None)

    def train(self, steps: int) -> None:
        """Trains at least so many steps, then pauses."""
        self.window.trainer.start_requested.emit()
        self.until(lambda: (n := self.window.newest()) is not None and n.step >= steps)
        self.window.trainer.pause_requested.emit()
        self.live(0.2)


def walk(tour: Tour) -> None:
    """Every state the user guide speaks of."""
    window = tour.window
    tour.data("2x2")
    tour.photograph("first-start")
    window.trainer.start_requested.emit()
    tour.live(1.0)
    tour.photograph("training")
    tour.live(2.0)
    window.trainer.pause_requested.emit()
    window.commands["bit"].trigger()
    tour.photograph("trained-bits")
    window.commands["nat"].trigger()
    tour.data("digits")
    tour.photograph("digits-untrained")
    tour.train(6000)
    window.draw.editor.edit_to(_a_seven(), "seven")
    tour.photograph("digits-drawing")
    window.commands["log_step"].setChecked(True)
    window.commands["log_loss"].setChecked(True)
    tour.photograph("digits-logarithmic")
    window.commands["log_step"].setChecked(False)
    window.commands["log_loss"].setChecked(False)
    tested(tour)
    importing(tour)
    solved(tour)
    weight_decays(tour)
    attached(tour)
    window.training.setting_changed.emit({"solver": "minibatch", "weight_decay": 0.0})
    tour.data("iris")
    tour.train(3000)
    tour.photograph("iris")
    tour.data("2x2")
    window.training.setting_changed.emit({"learning_rate": 1e6})
    window.trainer.start_requested.emit()
    tour.until(lambda: window.messages.tone() is Tone.WARNING)
    tour.photograph("diverged")
    drawn(tour)
    window.commands["shortcuts"].trigger()
    tour.live(0.3)
    dialog = QApplication.activeModalWidget()
    if dialog is not None:
        dialog.grab().save(f"{tour.prefix}-shortcuts.png")
        dialog.close()


def tested(tour: Tour) -> None:
    """A test part, asked about, and looked at; the parts and their scaling are open."""
    window = tour.window
    window.data.parts.cut_changed.emit(Cut(test_share=0.2))
    tour.until(lambda: (split := window.split()) is not None and split.test is not None)
    tour.train(500)
    find(window.data, QToolButton, tr("More")).click()
    tour.photograph("test-part")
    window.locked.ask()
    dialog = window.locked.dialog
    if dialog is not None:
        tour.grab(dialog, "test-question")
        dialog.look_requested.emit()
        tour.until(dialog.table.isVisible)
        tour.grab(dialog, "test-looked-at")
        dialog.close()
    find(window.data, QToolButton, tr("More")).click()


def drawn(tour: Tour) -> None:
    """A set by drawing, and the question before it is lost."""
    window = tour.window
    tour.data("2x2")
    random = np.random.default_rng(0)
    for place in range(12):
        window.draw.editor.edit_to(random.random((2, 2)), "a picture")
        window.drawn.label_field.setEditText(("고양이", "dog", "cat")[place % 3])
        window.commands["add_drawn"].trigger()
    tour.photograph("my-examples")
    window.close()
    question = window.projects.guard.question
    if question is not None:
        tour.grab(question, "question")
        question.reject()


def importing(tour: Tour) -> None:
    """A file looked at before it is loaded: pictures, and a table whose label is none."""
    with tempfile.TemporaryDirectory() as folder:
        pictures, table = Path(folder) / "strokes.npz", Path(folder) / "plants.csv"
        random = np.random.default_rng(0)
        labels = np.arange(120) % 3
        np.savez(pictures, X=random.random((120, 8, 8)) ** (1 + labels[:, None, None]), y=labels)
        rows = [f"{k / 7:.2f};{k % 5};{('사과', '배', '자두')[k % 3]}" for k in range(60)]
        table.write_bytes("\n".join(["폭;높이;과일", *rows]).replace(".", ",").encode("cp949"))
        for path in (pictures, table):
            tour.window.importing.open(path)
            dialog = tour.window.importing.dialog
            tour.live(1.0)
            if dialog is not None:
                tour.grab(dialog, f"import-{path.suffix[1:]}")
                if path is table:
                    find(dialog, QToolButton, tr("More")).click()
                    tour.grab(dialog, "import-more")
                dialog.close()


def solved(tour: Tour) -> None:
    """A solver on its way, and at the optimum."""
    window = tour.window
    window.training.setting_changed.emit({"solver": "auto", "weight_decay": 1e-4})
    window.training.show_config(window.wishes.config)
    window.commands["reset"].trigger()
    window.commands["step"].trigger()
    tour.photograph("solver-one-step")
    window.commands["train"].trigger()
    tour.until(lambda: (n := window.newest()) is not None and n.finished)
    tour.photograph("solver-done")
    window.commands["train"].trigger()
    tour.photograph("solver-nothing-to-do")


def weight_decays(tour: Tour) -> None:
    """The other tab: empty, half done, done, one of them pointed at."""
    window = tour.window
    window.tabs.setCurrentWidget(window.sweep)
    tour.photograph("decays-none")
    window.commands["sweep"].trigger()
    tour.until(lambda: len(window.sweep.plot.points) >= 4)
    window.commands["sweep"].trigger()
    tour.photograph("decays-paused")
    window.commands["sweep"].trigger()
    tour.until(lambda: window.sweep.plot.marked)
    window.sweep.plot.point_at(4)
    tour.photograph("decays-done")
    window.sweep.plot.point_at(-1)
    window.tabs.setCurrentWidget(window.plots)


def attached(tour: Tour) -> None:
    """A run of the command line in the place of one's own."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "night-run"
        cli.main(["train", "--data", "iris", "--epochs", "20", "--out", str(run)])
        tour.window.attach(run)
        tour.until(lambda: tour.window.windowTitle().startswith("night-run"))
        tour.photograph("attached")
        tour.window.commands["detach"].trigger()


def _a_seven() -> np.ndarray:
    picture = np.zeros((8, 8))
    picture[1, 2:6] = picture[2, 5] = picture[3, 4] = picture[4, 4] = 1.0
    picture[5:7, 3] = 0.9
    picture[3, 5] = picture[1, 1] = 0.5
    return picture


def main(prefix: str, theme: str, language: str, width: str, height: str) -> None:
    """One look."""
    app.make_application([])
    path = Path(prefix).parent / "unused.json"
    window = MainWindow(Settings(theme=theme, language=language), path)
    window.resize(int(width), int(height))
    window.show()
    try:
        walk(Tour(window, prefix))
    finally:
        window.projects.forget_changes()
        window.close()
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
