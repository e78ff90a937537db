"""Plots to the clipboard: as a picture, pixels and SVG, or as their numbers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from PySide6.QtCore import QEvent, QMimeData, QObject, Qt, Slot
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QWidget

from softmax_gui.gui.widgets.figures import (
    figure_bytes,
    figure_image,
    table_csv,
    table_of,
    table_text,
)
from softmax_gui.gui.widgets.message_bar import Tone
from softmax_gui.i18n import tr

MOST_ROWS = 100_000  # more take seconds, and no program likes them
Figures = Callable[[], dict[str, QWidget]]


def picture_data(figure: QWidget) -> QMimeData:
    """A figure for another program to paste: pixels at twice the size, and lines that scale.

    No text is among it: many a program would rather paste that.

    Raises:
        ValueError: the figure has no area.
    """
    data = QMimeData()
    data.setImageData(figure_image(figure))
    data.setData("image/svg+xml", figure_bytes(figure, "svg"))
    return data


def numbers_data(figure: QWidget) -> tuple[QMimeData, int]:
    """The numbers of a figure as a table for spreadsheets, and how many rows there are.

    Raises:
        ValueError: there are more than MOST_ROWS.
    """
    header, every = table_of(figure)
    rows = list(islice(every, MOST_ROWS + 1))
    if len(rows) > MOST_ROWS:
        text = tr("These are more than {most:,} rows. Save the plot as CSV instead.")
        raise ValueError(text.format(most=MOST_ROWS))
    data = QMimeData()
    data.setText(table_text((header, rows)))
    data.setData("text/csv", table_csv((header, rows)))
    return data, len(rows)


class Copying(QObject):
    """Copies figures by command, and by the context menu that each of them gets."""

    def __init__(self, figures: Figures, say: Callable[..., None], parent: QObject) -> None:
        """`figures` gives those that are there, by their keys."""
        super().__init__(parent)
        self._figures, self._say = figures, say
        self._actions: dict[QWidget, tuple[QAction, QAction]] = {}
        parent.installEventFilter(self)

    @Slot()
    def attach(self) -> None:
        """Gives a context menu to the figures that have none yet."""
        for figure in self._figures().values():
            if figure not in self._actions:
                self._actions[figure] = (
                    self._action(figure, "Ctrl+C", self.copy_picture),
                    self._action(figure, "Ctrl+Shift+C", self.copy_numbers),
                )
        self._retranslate()

    def picture(self, key: str) -> None:
        """Copies a figure by its key."""
        self.copy_picture(self._figures()[key])

    def numbers(self, key: str) -> None:
        """Copies the numbers of a figure by its key."""
        self.copy_numbers(self._figures()[key])

    def copy_picture(self, figure: QWidget) -> None:
        """Puts a figure into the clipboard and says so."""
        try:
            data = picture_data(figure)
        except ValueError:
            text = tr("The plot has no room on the screen. Make its panel larger first.")
            self._say(Tone.WARNING, text)
            return
        QGuiApplication.clipboard().setMimeData(data)
        self._say(Tone.DONE, tr("The plot is in the clipboard, as a picture."))

    def copy_numbers(self, figure: QWidget) -> None:
        """Puts the numbers of a figure into the clipboard and says so."""
        try:
            data, rows = numbers_data(figure)
        except ValueError as error:
            self._say(Tone.WARNING, str(error))
            return
        QGuiApplication.clipboard().setMimeData(data)
        text = tr("The numbers of the plot are in the clipboard. Rows: {rows:,}.")
        self._say(Tone.DONE, text.format(rows=rows))

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Qt's call; another language of the window is one for the menus."""
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()
        return False

    def _retranslate(self) -> None:
        for picture, numbers in self._actions.values():
            picture.setText(tr("Copy"))
            numbers.setText(tr("Copy the numbers"))

    def _action(self, figure: QWidget, keys: str, copy: Callable[[QWidget], None]) -> QAction:
        action = QAction(figure)
        action.setShortcut(QKeySequence(keys))
        # Of the figure that has the focus: elsewhere these keys copy text.
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.triggered.connect(lambda: copy(figure))
        figure.addAction(action)
        return action
