"""Made-up files for the import dialog: what a look tells of them, and readings that wait."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from softmax_gui.data.dataset import Dataset
from softmax_gui.data.options import ReadOptions, Watch
from softmax_gui.data.preview import Preview
from softmax_gui.files import FileProblem
from softmax_gui.gui.import_dialog import ImportDialog
from softmax_gui.gui.main_window import MainWindow
from tests.gui.windows import LONG_MS

COLUMNS = ("width", "height", "weight", "fruit", "box")
FRUIT = ("apple", "pear", "plum")


def a_table(options: ReadOptions = ReadOptions()) -> Preview:  # noqa: B008 - frozen
    """A preview of 90 rows with the options put in; the label column "weight" is a problem."""
    rows = tuple(
        (f"{k % 3 + k / 100:.2f}", f"{k / 7:.3f}", f"{k * 1.5:.1f}", FRUIT[k % 3], f"b{k % 4}")
        for k in range(20)
    )
    label = options.label_column or "fruit"
    place = COLUMNS.index(label)
    counts = Counter(row[place] for row in rows)
    names = options.class_order or tuple(sorted(counts))
    guessed = replace(
        options, label_column=label, delimiter=options.delimiter or ";",
        decimal=options.decimal or ".", encoding=options.encoding or "cp949",
        header=options.header is not False, comment="", group_column="box",
    )  # fmt: skip
    problem = "fruit.csv: the label column has 20 different numbers. Is it a regression?"
    return Preview(
        "table", 90, 3, len(counts), classes=tuple((name, counts[name]) for name in names),
        columns=COLUMNS, rows=rows, guessed=guessed,
        notes=("The column box groups the rows; it is no feature.", "2 rows are the same."),
        problem=problem if label == "weight" else "",
    )  # fmt: skip


def some_pictures(options: ReadOptions = ReadOptions()) -> Preview:  # noqa: B008 - frozen
    """A preview of 20 pictures in colour, of phone names."""
    random = np.random.default_rng(0)
    pictures = tuple(random.integers(0, 256, (24, 32, 3), np.uint8) for _ in range(20))
    names = tuple(f"{('cat', 'dog')[k % 2]} / IMG_2024_{k:04d}.jpg" for k in range(20))
    guessed = replace(
        options, picture_size=options.picture_size or (24, 32), colour=options.colour or "rgb"
    )
    return Preview(
        "pictures", 412, 24 * 32 * 3, 2, classes=(("cat", 212), ("dog", 200)), pictures=pictures,
        picture_names=names, guessed=guessed,
        notes=("cat/IMG_0007.jpg can't be read and is left out.",),
    )  # fmt: skip


def look(path: Path, options: ReadOptions) -> Preview:
    """A folder holds pictures, a file a table; one that is not there is refused."""
    if not path.exists():
        raise FileProblem(f"{path.name} was not found.")
    return some_pictures(options) if path.is_dir() else a_table(options)


def read(path: Path, options: ReadOptions, watch: Watch) -> Dataset:
    """90 rows of three classes, in the order of the options."""
    watch(0.5)
    random = np.random.default_rng(0)
    labels = np.arange(90) % 3
    names = options.class_order or FRUIT
    X = random.normal(size=(90, 3)) + labels[:, None]
    return Dataset(path.name, X, labels, names, ("width", "height", "weight"))


class Gate:
    """A reading that goes on until it is let through or ended; says when it began and ended."""

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        self.began, self.open, self.ended = (threading.Event() for _ in range(3))
        self.threads: list[str] = []
        self._then = then

    def read(self, path: Path, options: ReadOptions, watch: Watch) -> Dataset:
        """Tells the watch of a half until the gate opens, then reads or raises."""
        self.threads.append(threading.current_thread().name)
        self.began.set()
        try:
            while not self.open.wait(0.01):
                watch(0.5)
            self._then()
            return read(path, options, watch)
        finally:
            self.ended.set()


def dialog_of(window: MainWindow) -> ImportDialog:
    """The import dialog that is open."""
    assert window.importing.dialog is not None
    return window.importing.dialog


def looked_at(qtbot: QtBot, window: MainWindow, path: Path) -> ImportDialog:
    """Opens a file and waits for what the look at it says."""
    window.importing.open(path)
    dialog = dialog_of(window)
    qtbot.waitUntil(lambda: is_told(dialog), timeout=LONG_MS)
    return dialog


def is_told(dialog: ImportDialog) -> bool:
    """Whether rows, pictures or a problem are there to be seen."""
    return dialog.load_button.isEnabled() or bool(problem(dialog))


def problem(dialog: ImportDialog) -> str:
    """The sentence in red."""
    return dialog.problem_text()


def drop(widget: QWidget, *urls: str) -> bool:
    """Drags these addresses onto a widget and lets go; whether anything took them."""
    data = QMimeData()
    data.setUrls([QUrl(url) for url in urls])
    copy, button = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(5, 5), copy, data, button, none)
    QApplication.sendEvent(widget, enter)
    if enter.isAccepted():
        let_go = QDropEvent(QPoint(5, 5).toPointF(), copy, data, button, none)
        QApplication.sendEvent(widget.window(), let_go)
    return enter.isAccepted()
