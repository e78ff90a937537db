"""What the list of sources names: a sample, the drawn examples, or a file, which is read again."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from softmax_gui.data.options import Cancelled, ReadOptions, Watch
from softmax_gui.data.readers import open_data
from softmax_gui.data.samples import SAMPLES
from softmax_gui.data.stored import Examples
from softmax_gui.files import FileProblem, shown
from softmax_gui.gui.errands import Errand, sentence
from softmax_gui.gui.widgets.message_bar import Tone
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from softmax_gui.gui.main_window import MainWindow
    from softmax_gui.gui.run_config import LoadRequest


class Sources(QObject):
    """Loads what is chosen; a file off the window's thread and the training's, told and ended."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._errand: Errand | None = None
        self._wish = 0  # an answer to an older one is not heard
        self._said = ""

    def load(self, source: str) -> None:
        """Trains on a source from now on; what is there stays until that worked."""
        window = self._window
        window.data.stop_settling()
        self.stop()
        if window.drawing.takes(source):
            return
        if source in SAMPLES:
            window.wishes.load(source)
        else:
            self._read(source, window.importing.reading_of(source)[0])

    @Slot()
    def stop(self) -> None:
        """Ends a reading without a word: something else was wished for."""
        self._wish += 1
        self._cancel()
        self._errand = None

    @Slot(object)
    def give_way(self, request: LoadRequest) -> None:
        """Other data than those at hand were asked for, say the drawn examples: they come."""
        if request.source != self._window.wishes.source:
            self.stop()

    def _read(self, source: str, options: ReadOptions) -> None:
        def work(watch: Watch) -> Examples:
            return open_data(source, options, watch)

        wish = self._wish
        self._errand = Errand(
            work, partial(self._take, wish, source, options), partial(self._refuse, wish),
            partial(self._tell, wish, source),
        )  # fmt: skip
        self._tell(wish, source, 0.0)
        self._window.errands.begin(self._errand)

    def _tell(self, wish: int, source: str, share: float) -> None:
        """How far it is, unless another message has taken the place of this one."""
        covered = self._window.messages.text() != self._said
        if wish != self._wish or (share and covered):
            return
        text = tr("{name} is being read: {share:.0%}.")
        self._said = text.format(name=shown(Path(source).name), share=share)
        self._window.narrator.say(Tone.HINT, self._said, tr("Cancel"), self._cancel)

    def _cancel(self) -> None:
        self._window.errands.cancel(self._errand)

    def _take(self, wish: int, source: str, options: ReadOptions, examples: Examples) -> None:
        if wish == self._wish:
            self._errand = None
            self._window.wishes.take((source, examples, options))

    def _refuse(self, wish: int, error: Exception) -> None:
        if wish != self._wish:
            return
        self._errand = None
        if isinstance(error, Cancelled):
            self._window.narrator.say(Tone.HINT, tr("Cancelled. The data from before stay."))
        else:
            self._window.narrator.tell_refusal(FileProblem(sentence(error)))
        self._window.show_loaded()
