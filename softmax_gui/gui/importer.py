"""Looks at files and reads them on a thread of its own: one at a time, the newest wish wins."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QThread, Signal, Slot

from softmax_gui.data.options import Cancelled, ReadOptions, Watch
from softmax_gui.data.preview import Preview
from softmax_gui.data.problems import wanted_bytes
from softmax_gui.data.stored import Examples
from softmax_gui.files import FileProblem, shown
from softmax_gui.i18n import tr

Look = Callable[[Path, ReadOptions], Preview]
Read = Callable[[Path, ReadOptions, Watch], Examples]

TELL_S = 0.05  # progress is told so often at most
JOIN_MS = 2000  # closing waits so long for a reading to hear of it
log = logging.getLogger("softmax_gui")


@dataclass(frozen=True)
class Job:
    """One wish; a later one has a higher ticket, and ends it."""

    ticket: int
    path: Path
    options: ReadOptions


class ImportWorker(QObject):
    """Does one job after the other on the thread it was moved to; old ones not at all."""

    looked = Signal(int, object)  # ticket, Preview
    refused = Signal(int, str, object)  # ticket, why, the bytes of memory wanted or 0
    progressed = Signal(int, float)  # ticket, the share done
    loaded = Signal(int, object)  # ticket, Examples
    found = Signal(object)  # which of the paths asked for are there

    def __init__(self, look: Look, read: Read, newest: Callable[[], int]) -> None:
        super().__init__()  # no parent: Qt moves no child on its own
        self._look, self._read, self._newest = look, read, newest
        self._told_at = 0.0

    @Slot(object)
    def look(self, job: Job) -> None:
        """Previews a file, unless something newer is wished for by now."""
        self._do(job, lambda: self.looked.emit(job.ticket, self._look(job.path, job.options)))

    @Slot(object)
    def read(self, job: Job) -> None:
        """Reads a file until the end or until something newer is wished for."""
        self._told_at = 0.0

        def watch(share: float) -> None:
            self._watch(job.ticket, share)

        self._do(
            job, lambda: self.loaded.emit(job.ticket, self._read(job.path, job.options, watch))
        )

    @Slot(object)
    def find(self, paths: tuple[str, ...]) -> None:
        """Looks which of these paths are there; a share that is away may take its time."""
        self.found.emit(frozenset(path for path in paths if _is_there(path)))

    def _watch(self, ticket: int, share: float) -> None:
        if ticket != self._newest():
            raise Cancelled
        if (now := time.monotonic()) - self._told_at >= TELL_S:
            self._told_at = now
            self.progressed.emit(ticket, share)

    def _do(self, job: Job, work: Callable[[], None]) -> None:
        if job.ticket != self._newest():
            return
        try:
            work()
        except Cancelled:
            return
        except Exception as error:  # noqa: BLE001 - past this edge Qt would only print it
            self.refused.emit(job.ticket, _sentence(job.path, error), wanted_bytes(error))


class Importer(QObject):
    """Owns the thread and its worker; lives on the window's thread, hears only the newest job."""

    looked = Signal(object)  # Preview
    refused = Signal(str, object)  # why nothing came of it; the memory wanted in bytes, or 0
    progressed = Signal(float)  # the share done, 0 to 1
    loaded = Signal(object)  # Examples
    found = Signal(object)  # a frozenset of the paths that are there
    _look_wanted = Signal(object)
    _read_wanted = Signal(object)
    _find_wanted = Signal(object)

    def __init__(self, look: Look, read: Read, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ticket = 0  # written here alone; the worker reads it, and never waits for it
        self._thread = QThread(self)
        self._thread.setObjectName("import")
        self._worker = ImportWorker(look, read, lambda: self._ticket)
        self._worker.moveToThread(self._thread)
        self._thread.finished.connect(self._worker.deleteLater)
        self._look_wanted.connect(self._worker.look)
        self._read_wanted.connect(self._worker.read)
        self._find_wanted.connect(self._worker.find)
        self._worker.looked.connect(self._hear_look)
        self._worker.refused.connect(self._hear_refusal)
        self._worker.progressed.connect(self._hear_progress)
        self._worker.loaded.connect(self._hear_dataset)
        self._worker.found.connect(self.found)

    def look(self, path: Path, options: ReadOptions) -> None:
        """Asks for a preview, in the place of everything asked for before."""
        self._look_wanted.emit(self._next(path, options))

    def read(self, path: Path, options: ReadOptions) -> None:
        """Asks for the data, in the place of everything asked for before."""
        self._read_wanted.emit(self._next(path, options))

    def find(self, paths: tuple[str, ...]) -> None:
        """Asks which of these paths are there."""
        self._start()
        self._find_wanted.emit(paths)

    def cancel(self) -> None:
        """Ends what is under way; nothing more is heard of it from this moment on."""
        self._ticket += 1

    def shutdown(self) -> None:
        """Ends the thread, waiting for a reading in progress up to 2 s."""
        self.cancel()
        self._thread.quit()
        self._thread.wait(JOIN_MS)

    def is_stuck(self) -> bool:
        """Whether the thread outlived shutdown(), in a call that does not return."""
        return self._thread.isRunning()

    def _start(self) -> None:
        if not self._thread.isRunning():  # the first start of the app has no use for it
            self._thread.start()

    def _next(self, path: Path, options: ReadOptions) -> Job:
        self._start()
        self._ticket += 1
        return Job(self._ticket, path, options)

    @Slot(int, object)
    def _hear_look(self, ticket: int, preview: Preview) -> None:
        if ticket == self._ticket:
            self.looked.emit(preview)

    @Slot(int, str, object)
    def _hear_refusal(self, ticket: int, sentence: str, wanted: int) -> None:
        if ticket == self._ticket:
            self.refused.emit(sentence, wanted)

    @Slot(int, float)
    def _hear_progress(self, ticket: int, share: float) -> None:
        if ticket == self._ticket:
            self.progressed.emit(share)

    @Slot(int, object)
    def _hear_dataset(self, ticket: int, dataset: Examples) -> None:
        if ticket == self._ticket:
            self.loaded.emit(dataset)


def _is_there(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


def _sentence(path: Path, error: Exception) -> str:
    if isinstance(error, FileProblem):
        return str(error)
    file = shown(path.name)
    if isinstance(error, MemoryError):
        return tr("{file}: there is not enough memory for these data.").format(file=file)
    if not isinstance(error, (OSError, ValueError)):
        log.error("import", exc_info=error)
    text = tr("{file} can't be read. {error}")
    return text.format(file=file, error=str(error) or type(error).__name__)
