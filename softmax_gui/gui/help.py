"""The Help menu: the guide, every shortcut, and what this app is."""

from __future__ import annotations

import platform
import sys

import numpy as np
import PySide6
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QMessageBox,
    QTableWidget,
    QTableWidgetItem,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from softmax_gui import __version__
from softmax_gui.files import read_bounded
from softmax_gui.i18n import language, tr
from softmax_gui.resources import resource


def show_guide(parent: QWidget) -> QDialog:
    """The user guide in the chosen language."""
    text = read_bounded(resource("guide", f"{language()}.md"), 1 << 20).decode()
    browser = QTextBrowser(openExternalLinks=False, openLinks=False)
    browser.setMarkdown(text)
    browser.setAccessibleName(tr("User guide"))
    return _dialog(parent, tr("User guide"), browser, 720, 640)


def show_shortcuts(parent: QWidget, rows: list[tuple[str, str]]) -> QDialog:
    """Every command with its shortcut."""
    table = QTableWidget(len(rows), 2)
    table.setHorizontalHeaderLabels([tr("Command"), tr("Shortcut")])
    table.verticalHeader().hide()
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setAccessibleName(tr("Keyboard shortcuts"))
    for row, (text, keys) in enumerate(rows):
        table.setItem(row, 0, QTableWidgetItem(text))
        table.setItem(row, 1, QTableWidgetItem(keys))
    header = table.horizontalHeader()
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
    return _dialog(parent, tr("Keyboard shortcuts"), table, 460, 640)


def show_about(parent: QWidget) -> QMessageBox:
    """Version, licences, and what a bug report needs."""
    text = tr("See, touch, check and use softmax regression.")
    sources = tr(
        "After the chapter “Softmax Regression” of Dive into Deep Learning. Handwritten digits:"
        " E. Alpaydin and C. Kaynak, UCI, CC BY 4.0. Iris: R. A. Fisher, 1936. Font: Pretendard,"
        " Kil Hyung-jin, OFL 1.1."
    )
    versions = (
        f"Python {platform.python_version()} · Qt {PySide6.__version__} · numpy {np.__version__}"
        f" · {sys.platform}"
    )
    box = QMessageBox(parent)
    box.setWindowTitle(tr("About Softmax GUI"))
    box.setText(f"Softmax GUI {__version__}")
    box.setInformativeText(f"{text}\n\n{sources}\n\n{versions}")
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
    return box


def _dialog(parent: QWidget, title: str, content: QWidget, width: int, height: int) -> QDialog:
    dialog = QDialog(parent)
    dialog.setWindowTitle(title)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.close)
    layout = QVBoxLayout(dialog)
    layout.addWidget(content)
    layout.addWidget(buttons)
    dialog.resize(min(width, parent.width()), min(height, parent.height()))
    dialog.open()
    return dialog
