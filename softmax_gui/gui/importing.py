"""Opening data: by menu, drop or Recent, through one dialog, to a Dataset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from softmax_gui.data.options import LIMIT_BYTES, ReadOptions
from softmax_gui.data.readers import open_data, preview
from softmax_gui.export.project import ENDING
from softmax_gui.gui.commands import Commands
from softmax_gui.gui.drops import DropTarget
from softmax_gui.gui.files_menu import FilesMenu
from softmax_gui.gui.import_dialog import ImportDialog
from softmax_gui.gui.importer import Importer, Look, Read
from softmax_gui.gui.recent import RecentFiles
from softmax_gui.gui.widgets.message_bar import Tone
from softmax_gui.i18n import tr


class Importing(QObject):
    """One dialog at a time; what comes of it is told, and how it was read is remembered."""

    project_chosen = Signal(object)  # the Path of a project
    imported = Signal(object)  # (the path as text, the Examples, their ReadOptions)

    def __init__(
        self, window: QWidget, commands: Commands, files: FilesMenu,
        say: Callable[[Tone, str], None], recent: tuple[str, ...] = (),
        look: Look = preview, read: Read = open_data, limit_bytes: int = LIMIT_BYTES,
    ) -> None:  # fmt: skip
        super().__init__(window)
        self._window, self._command, self._files, self._say = (
            window, commands["open_data"], files, say,
        )  # fmt: skip
        self.importer = Importer(look, read, self)
        self.recent = RecentFiles(
            commands.menus["recent"], commands["clear_recent"], recent, self.importer, self.open
        )
        self.dialog: ImportDialog | None = None
        self.limit_bytes = limit_bytes  # of memory for the numbers of a file
        self._options: dict[str, ReadOptions] = {}
        self._pictures: set[str] = set()  # folders
        DropTarget(window, self.take)

    @Slot()
    def ask_file(self) -> None:
        """Asks for a file and opens it."""
        if path := self._files.ask_data():
            self.open(Path(path))

    @Slot()
    def ask_folder(self) -> None:
        """Asks for a folder of pictures and opens it."""
        if path := self._files.ask_folder():
            self.open(Path(path))

    def take(self, paths: tuple[str, ...]) -> None:
        """Opens what was dropped: the first of several."""
        if not paths:
            text = tr("What was dropped is no file of this computer. Save it in a folder first.")
            self._say(Tone.WARNING, text)
            return
        note = ""
        if len(paths) > 1:
            text = tr("{count} files were dropped; this is the first. Open the others one by one.")
            note = text.format(count=len(paths))
        self.open(Path(paths[0]), note)

    def open(self, path: Path, note: str = "") -> None:
        """Shows the dialog for a file or folder, in the place of one that is open."""
        if not self._command.isEnabled():
            self._say(Tone.WARNING, self._command.statusTip())
            return
        self._leave()
        if path.suffix.lower() == ENDING:
            self.project_chosen.emit(path)
            return
        source = str(path.absolute())
        options, _ = self.reading_of(source)
        self.dialog = dialog = ImportDialog(path.absolute(), self.importer, options, note,
                                            self._window)  # fmt: skip
        dialog.read_done.connect(self._take_dataset)
        dialog.limit_changed.connect(self._keep_limit)
        dialog.finished.connect(self._forget)
        DropTarget(dialog, self.take)
        dialog.open()

    def remember(self, source: str, options: ReadOptions) -> None:
        """How a file was read, for the next time."""
        self._options[source] = options

    def usual(self) -> ReadOptions:
        """How a file is read of which nothing is known yet."""
        return ReadOptions(limit_bytes=self.limit_bytes)

    def reading_of(self, source: str) -> tuple[ReadOptions, bool]:
        """How a source was read, and whether it is a folder of pictures."""
        options = self._options.get(source, self.usual())
        return replace(options, limit_bytes=self.limit_bytes), source in self._pictures

    def shutdown(self) -> None:
        """Ends the thread, waiting for it up to 2 s."""
        self._leave()
        self.importer.shutdown()

    def is_stuck(self) -> bool:
        """Whether the thread outlived shutdown()."""
        return self.importer.is_stuck()

    def _leave(self) -> None:
        if self.dialog is not None:
            self.dialog.close()

    @Slot(object)
    def _keep_limit(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes

    @Slot()
    def _forget(self) -> None:
        self.dialog = None

    @Slot(object)
    def _take_dataset(self, dataset: object) -> None:
        if self.dialog is None:
            return
        source, options = str(self.dialog.path), self.dialog.options()
        self.remember(source, options)
        (self._pictures.add if self.dialog.has_pictures else self._pictures.discard)(source)
        self.recent.add(source)
        self.imported.emit((source, dataset, options))
