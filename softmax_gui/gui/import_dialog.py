"""Before a file is loaded: its first rows, how they were understood, and what they come to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from softmax_gui.data.options import ReadOptions
from softmax_gui.data.preview import Preview
from softmax_gui.gui import fonts, theme
from softmax_gui.gui.importer import Importer
from softmax_gui.gui.views.import_fields import ImportFields
from softmax_gui.gui.views.import_preview import ImportPreview
from softmax_gui.gui.views.import_problem import ImportProblem
from softmax_gui.gui.views.import_progress import ImportProgress
from softmax_gui.gui.views.import_result import ImportResult
from softmax_gui.gui.views.import_texts import has_hangul, kind_text
from softmax_gui.gui.widgets.figures import one_line
from softmax_gui.gui.widgets.number_field import NumberField
from softmax_gui.i18n import tr

REST_MS = 100  # a field at rest for so long is looked at
_SIZE, _ROOM = (960, 640), (24, 64)  # of the dialog; around it on a small screen


class ImportDialog(QDialog):
    """One file or folder; nothing is loaded before Load, and nothing changes when that fails."""

    read_done = Signal(object)  # the Dataset
    limit_changed = Signal(object)  # the memory limit in bytes, by the user

    def __init__(
        self, path: Path, importer: Importer, options: ReadOptions, note: str, parent: QWidget
    ) -> None:
        """Looks at `path` at once; `note` is a sentence on how it came here, or ""."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Open {name}").format(name=one_line(path.name or str(path))))
        self._path, self._importer, self._note = path, importer, note
        self._loading, self._can_load, self._fresh = False, False, True
        self._name, self._place, self.problem = QLabel(), QLabel(), ImportProblem()
        self.fields, self.preview = ImportFields(), ImportPreview()
        self.outcome, self.progress = ImportResult(), ImportProgress()
        self.load_button, self.cancel_button = QPushButton(), QPushButton()
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self.fields.set_options(options)
        self._lay_out()
        self._connect()
        self._say_texts()
        self.cancel_button.setFocus()  # else the first field has it, which may be hidden soon
        self._look()

    @property
    def path(self) -> Path:
        """What is to be opened."""
        return self._path

    def options(self) -> ReadOptions:
        """How it is to be read."""
        return self.fields.options()

    @property
    def has_pictures(self) -> bool:
        """Whether it is a folder of pictures."""
        return self.fields.kind == "pictures"

    def problem_text(self) -> str:
        """The sentence on what is wrong, "" while nothing is."""
        return self.problem.text()

    # -- building --------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        for label in (self._name, self._place):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setMinimumWidth(1)  # a long path does not widen the dialog
        font = self._name.font()
        font.setPointSizeF(font.pointSizeF() * 1.2)
        font.setBold(True)
        self._name.setFont(font)
        self._place.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        self.load_button.setDefault(True)
        self.cancel_button.setAutoDefault(False)
        layout = QGridLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setHorizontalSpacing(16)
        layout.setVerticalSpacing(8)
        layout.addWidget(self._name, 0, 0, 1, 2)
        layout.addWidget(self._place, 1, 0, 1, 2)
        layout.addWidget(_scrolled(self.fields), 2, 0, 2, 1)
        layout.addWidget(self.preview, 2, 1)
        layout.addWidget(self.outcome, 3, 1)
        layout.addLayout(self._footer(), 4, 0, 1, 2)
        layout.setColumnStretch(1, 1)
        layout.setRowStretch(2, 3)
        layout.setRowStretch(3, 2)
        room = self.screen().availableSize()
        self.resize(*(min(one, side - edge) for one, side, edge in zip(
            _SIZE, room.toTuple(), _ROOM, strict=True)))  # fmt: skip

    def _footer(self) -> QVBoxLayout:
        buttons = QHBoxLayout()
        buttons.addWidget(self.progress, 1)
        buttons.setSpacing(8)
        buttons.addStretch(0)
        for button in (self.cancel_button, self.load_button):
            buttons.addWidget(button)
        footer = QVBoxLayout()
        footer.addWidget(self.problem)
        footer.addLayout(buttons)
        return footer

    def _connect(self) -> None:
        self.fields.options_changed.connect(self._rest.start)
        self.fields.more.changed.connect(self._tell_limit)
        self.fields.more.refused.connect(self._say)
        self.problem.raise_requested.connect(self._raise)
        self.fields.labels_wanted.connect(self._ask_labels)
        self.outcome.order_changed.connect(self.fields.set_order)
        self.load_button.clicked.connect(self._load)
        self.cancel_button.clicked.connect(self.reject)
        self._rest.timeout.connect(self._look)
        self._importer.looked.connect(self._show_preview)
        self._importer.refused.connect(self._refuse)
        self._importer.progressed.connect(self.progress.show_share)
        self._importer.loaded.connect(self._finish)

    def _say_texts(self) -> None:
        self._name.setText(one_line(self._path.name or str(self._path)))
        self._place.setText(one_line(str(self._path.parent)))
        self.load_button.setText(tr("Load"))
        self.cancel_button.setText(tr("Cancel"))
        self._tell_state()

    # -- looking ---------------------------------------------------------------------------------

    @Slot()
    def _look(self) -> None:
        self._importer.look(self._path, self.fields.options())

    @Slot(object)
    def _show_preview(self, preview: Preview) -> None:
        self._place.setText(f"{kind_text(preview.kind)}  ·  {one_line(str(self._path.parent))}")
        if has_hangul(preview):
            fonts.ensure_hangul()  # the system may have no font with it
        self.fields.show_preview(preview)
        self.preview.show_preview(preview)
        notes = (self._note, *preview.notes) if self._note else preview.notes
        self.outcome.show_preview(replace(preview, notes=notes))
        self._can_load = not preview.problem
        self._say(preview.problem, preview.wanted_bytes)
        self._tell_state()
        if self._fresh and self._can_load:
            self.load_button.setFocus()  # Enter loads what needs no question
        self._fresh = False

    @Slot(str, object)
    def _refuse(self, sentence: str, wanted: int) -> None:
        """The file could not be looked at, or not be read; what was loaded before stays."""
        if self._loading:
            self._rest_again()
        else:
            self._can_load = False
            self.preview.say(tr("There is nothing to show of this file."))
        self._say(sentence, wanted)
        self._tell_state()

    @Slot()
    def _ask_labels(self) -> None:
        folder = str(self._path if self._path.is_dir() else self._path.parent)
        path, _ = QFileDialog.getOpenFileName(self, tr("Open labels"), folder)
        if path:
            self.fields.set_labels(path)

    def _say(self, problem: str, wanted: int = 0) -> None:
        self.problem.say(problem, wanted, self.options())

    @Slot(object)
    def _raise(self, limit_bytes: int) -> None:
        self.fields.set_limit(limit_bytes)
        self.limit_changed.emit(limit_bytes)
        self._say("")
        self._tell_state()
        self.cancel_button.setFocus()
        self._look()

    @Slot(object)
    def _tell_limit(self, changes: dict[str, object]) -> None:
        if limit := changes.get("limit_bytes"):
            self.limit_changed.emit(limit)

    # -- loading ---------------------------------------------------------------------------------

    @Slot()
    def _load(self) -> None:
        if self._loading or not self._can_load:
            return
        self._rest.stop()
        self._loading = True
        self._say("")
        self.progress.begin()
        self._tell_state()
        self.cancel_button.setFocus()
        self._importer.read(self._path, self.fields.options())

    @Slot(object)
    def _finish(self, dataset: object) -> None:
        self._loading = False
        self.read_done.emit(dataset)
        self.accept()

    def _rest_again(self) -> None:
        self._loading = False
        self.progress.hide()
        self._tell_state()
        self.load_button.setFocus()

    def _tell_state(self) -> None:
        self.load_button.setEnabled(self._can_load and not self._loading)
        for part in (self.fields, self.outcome):
            part.setEnabled(not self._loading)
        tip = tr("Reads the whole file and trains on it from now on.")
        if self.problem_text():
            tip = tr("The file can't be loaded like this; the sentence in red says why.")
        self.load_button.setToolTip(tip)
        self._restyle()

    def _restyle(self) -> None:
        colors = theme.current()
        self.load_button.setStyleSheet(
            f"QPushButton {{ background: {colors.accent}; color: {colors.on_accent};"
            " border: 2px solid transparent; border-radius: 4px; padding: 4px 20px;"
            " font-weight: bold; }"
            f" QPushButton:focus {{ border-color: {colors.text}; }}"
            f" QPushButton:disabled {{ background: {colors.border}; color: {colors.muted}; }}"
        )

    # -- Qt's calls ------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter takes a number that is typed; elsewhere it loads."""
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if not (enter and isinstance(self.focusWidget(), NumberField)):
            super().keyPressEvent(event)

    def reject(self) -> None:
        """Cancel and Escape: end a reading, and back to the fields; else close."""
        if self._loading:
            self._importer.cancel()
            self._rest_again()
        else:
            super().reject()

    def done(self, result: int) -> None:
        """Closed, whichever way: nothing more is heard, and a reading ends."""
        self._rest.stop()
        self._importer.cancel()
        self._importer.disconnect(self)
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        """The window's own button closes at once, in the middle of a reading too."""
        self._loading = False
        super().closeEvent(event)


def _scrolled(panel: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Tab scrolls to the fields in it
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(panel)
    bar = area.verticalScrollBar().sizeHint().width()
    area.setFixedWidth(max(panel.sizeHint().width(), 264) + bar)
    return area
