"""Work with files on a thread of its own, one errand after the other; the window never waits."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QThread, Signal, Slot

from softmax_gui.data.options import Cancelled, Watch
from softmax_gui.export.model import ModelProblem
from softmax_gui.files import FileProblem
from softmax_gui.gui.widgets.message_bar import Tone
from softmax_gui.i18n import tr

Work = Callable[[Watch], Any]
"""What is done on the thread: touches no widget, tells the watch the share done, may be ended."""

PATIENCE_S = 0.4  # an errand that takes longer tells how far it is
TELL_S = 0.1  # and so often at most
JOIN_MS = 2000  # closing waits so long for a file that is being written
END_MS = 500  # and then, told to stop, so long
log = logging.getLogger("softmax_gui")


@dataclass(frozen=True, eq=False)
class Errand:
    """One piece of work, and who hears of it on the window's thread.

    Attributes:
        work: what is done.
        then: told what came of it.
        otherwise: told the exception, which is a Cancelled where it was cancelled.
        progressed: told the share done, of an errand that takes its time.
        writes: whether it makes a file, which closing waits for.
        yields: whether it is given up as soon as anything else is wanted.
    """

    work: Work
    then: Callable[[Any], None]
    otherwise: Callable[[Exception], None]
    progressed: Callable[[float], None] | None = None
    writes: bool = False
    yields: bool = False


class ErrandWorker(QObject):
    """Does one errand after the other on the thread it was moved to."""

    done = Signal(object, object)  # the Errand, and what came of it
    refused = Signal(object, object)  # the Errand, and the exception
    progressed = Signal(object, float)  # the Errand, and the share done

    def __init__(self, cancelled: set[Errand]) -> None:
        super().__init__()  # no parent: Qt moves no child on its own
        self._cancelled = cancelled

    @Slot()
    def end(self) -> None:
        """Ends the thread: what was asked for before is done by then, be it only just begun."""
        QThread.currentThread().quit()

    @Slot(object)
    def do(self, errand: Errand) -> None:
        """Does it, unless it was cancelled meanwhile."""
        told_at = time.monotonic() + PATIENCE_S - TELL_S

        def watch(share: float) -> None:
            nonlocal told_at
            if errand in self._cancelled:
                raise Cancelled
            if (now := time.monotonic()) - told_at >= TELL_S:
                told_at = now
                self.progressed.emit(errand, share)

        try:
            watch(0.0)
            self.done.emit(errand, errand.work(watch))
        except Exception as error:  # noqa: BLE001 - past this edge Qt would only print it
            self.refused.emit(errand, error)


class Errands(QObject):
    """Owns the thread and its worker; lives on the window's thread."""

    _wanted = Signal(object)
    _ended = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._waiting: list[Errand] = []
        self._cancelled: set[Errand] = set()  # the worker reads it, and never waits for it
        self._thread = QThread(self)
        self._thread.setObjectName("errands")
        self._worker = ErrandWorker(self._cancelled)
        self._worker.moveToThread(self._thread)
        self._thread.finished.connect(self._worker.deleteLater)
        self._wanted.connect(self._worker.do)
        self._ended.connect(self._worker.end)
        self._worker.done.connect(self._hear_done)
        self._worker.refused.connect(self._hear_refusal)
        self._worker.progressed.connect(self._hear_progress)

    @property
    def busy(self) -> bool:
        """Whether something is under way or waits for its turn."""
        return bool(self._waiting)

    def begin(self, errand: Errand) -> None:
        """Does it after all that was asked for before, but for what gives way to it."""
        self._cancelled.update(one for one in self._waiting if one.yields)
        if not self._thread.isRunning():  # the first start of the app has no use for it
            self._thread.start()
        self._waiting.append(errand)
        self._wanted.emit(errand)

    def cancel(self, errand: Errand | None) -> None:
        """Ends it where that can be done; it then hears of a Cancelled."""
        if errand in self._waiting:
            self._cancelled.add(errand)

    def shutdown(self) -> None:
        """Cancels what reads, lets what writes end, and ends the thread, waiting some seconds."""
        if not self._thread.isRunning():
            return
        self._cancelled.update(errand for errand in self._waiting if not errand.writes)
        self._ended.emit()  # in turn: a quit() would overtake an errand that waits to be begun
        if not self._thread.wait(JOIN_MS):
            self._cancelled.update(self._waiting)
            self._thread.wait(END_MS)

    def is_stuck(self) -> bool:
        """Whether the thread outlived shutdown(), in a call that does not return."""
        return self._thread.isRunning()

    @Slot(object, object)
    def _hear_done(self, errand: Errand, result: object) -> None:
        self._forget(errand)
        errand.then(result)

    @Slot(object, object)
    def _hear_refusal(self, errand: Errand, error: Exception) -> None:
        self._forget(errand)
        errand.otherwise(error)

    @Slot(object, float)
    def _hear_progress(self, errand: Errand, share: float) -> None:
        if errand.progressed is not None and errand not in self._cancelled:
            errand.progressed(share)

    def _forget(self, errand: Errand) -> None:
        self._waiting.remove(errand)
        self._cancelled.discard(errand)


def unwritten(error: Exception) -> tuple[Tone, str]:
    """How the user hears that no file was made."""
    if isinstance(error, Cancelled):
        return Tone.HINT, tr("Cancelled. Nothing was written.")
    return Tone.ERROR, tr("{error} Nothing was lost.").format(error=sentence(error))


def sentence(error: Exception) -> str:
    """What went wrong in an errand, for the user."""
    if isinstance(error, (FileProblem, ModelProblem)):
        return str(error)
    if isinstance(error, MemoryError):
        return tr("There is not enough memory for it.")
    log.error("errand", exc_info=error)
    text = tr("It could not be done ({kind}: {error}).")
    return text.format(kind=type(error).__name__, error=error)
