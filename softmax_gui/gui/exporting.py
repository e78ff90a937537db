"""Writes files for other programs: one at a time, and what came of it is told in the end."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from softmax_gui.data.options import Watch
from softmax_gui.gui.errands import Errand, Errands, unwritten
from softmax_gui.gui.widgets.message_bar import Tone
from softmax_gui.i18n import tr

Write = Callable[[Watch], str]
"""Makes and writes a file, and gives the sentence that tells of it; the watch may end it."""


class Exporting(QObject):
    """What the user has asked to be written; lives on the window's thread."""

    changed = Signal(bool)  # whether a file is being written now

    def __init__(self, errands: Errands, say: Callable[..., None], parent: QObject) -> None:
        super().__init__(parent)
        self._errands, self._say = errands, say
        self._errand: Errand | None = None
        self._long = False

    @property
    def busy(self) -> bool:
        """Whether a file is being written."""
        return self._errand is not None

    def begin(self, doing: str, write: Write, *, long: bool = False) -> bool:
        """Does `write` on the thread of the errands and says what comes of it.

        Args:
            doing: the sentence until then.
            write: touches no widget.
            long: offers to cancel it.

        Returns:
            Whether it was begun; what is under way goes first, and that is said.
        """
        if self.busy:
            text = tr("Another file is still being written. Try again when that is done.")
            self._say(Tone.WARNING, text, *self._way_out())
            return False
        self._errand = Errand(write, self._tell, self._tell_trouble, writes=True)
        self._long = long
        self._say(Tone.HINT, doing, *self._way_out())
        self.changed.emit(True)
        self._errands.begin(self._errand)
        return True

    def cancel(self) -> None:
        """Ends what is under way, where that can be ended; the old file stays."""
        self._errands.cancel(self._errand)

    def _way_out(self) -> tuple[str, Callable[[], None]] | tuple[()]:
        """The button of the message; a later one may have covered the first."""
        return (tr("Cancel"), self.cancel) if self._long else ()

    def _tell(self, text: str) -> None:
        self._end(Tone.DONE, text)

    def _tell_trouble(self, error: Exception) -> None:
        self._end(*unwritten(error))

    def _end(self, tone: Tone, text: str) -> None:
        self._errand = None
        self._say(tone, text)
        self.changed.emit(False)
