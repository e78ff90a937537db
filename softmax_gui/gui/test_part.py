"""The locked test part: asks before a look, shows what it told, counts the looks and keeps them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from softmax_gui.data.dataset import Split
from softmax_gui.data.samples import SAMPLES
from softmax_gui.gui.judging import Look
from softmax_gui.gui.run_config import LoadRequest
from softmax_gui.gui.training_thread import Trainer
from softmax_gui.gui.units import Unit
from softmax_gui.gui.views.locked_box import LockedBox
from softmax_gui.gui.views.look_dialog import LookDialog
from softmax_gui.training.judgement import Judgement
from softmax_gui.training.snapshot import Snapshot

MOST_KEPT = 500  # data sets whose looks are remembered, the newest


class LockedPart(QObject):
    """The test part of the data at hand.

    Looks are counted by data, not by cut or seed: another cut of the same rows, too, draws its
    test part from rows that were looked at.

    Attributes:
        dialog: the one open now.
    """

    def __init__(
        self, window: QWidget, box: LockedBox, trainer: Trainer,
        newest: Callable[[], Snapshot | None], unit: Callable[[], Unit],
    ) -> None:  # fmt: skip
        super().__init__(window)
        self._window, self._box, self._trainer = window, box, trainer
        self._newest, self._unit = newest, unit
        self._split: Split | None = None
        self._data = self._source = ""  # which data they are, as far as looks are counted
        self._counts: dict[str, int] = {}
        self._found: tuple[Look, Judgement] | None = None
        self.dialog: LookDialog | None = None
        box.test_requested.connect(self.ask)
        trainer.data_loaded.connect(self.show_data)
        trainer.judged.connect(self._show_judgement)
        trainer.failed.connect(self._give_up)
        self._refresh()

    @property
    def looks(self) -> int:
        """How often the test part of the data at hand was looked at."""
        return self._counts.get(self._data, 0)

    def state(self) -> str:
        """The looks at all data, as text for settings and projects."""
        newest = [*self._counts.items()][-MOST_KEPT:]
        return json.dumps(dict(newest)) if newest else ""

    def restore(self, state: str) -> None:
        """Takes over the looks of `state` where they are more; nonsense is ignored."""
        try:
            told = json.loads(state) if state else {}
        except (ValueError, RecursionError):
            return
        for data, count in _counts_in(told):
            self._counts[data] = max(count, self._counts.get(data, 0))
        self._refresh()

    @Slot(object)
    def show_data(self, loaded: tuple[LoadRequest, Split]) -> None:
        """Other data, or another cut of them; what a look told of the run before is gone."""
        request, self._split = loaded
        looks, source = self.looks, self._source
        self._data, self._found = _name_of(request, self._split), None
        self._source = request.source
        if request.mixed and source == request.source and looks > self.looks:
            self._counts[self._data] = looks  # the same rows, with drawn ones among them
        if self.dialog is not None:  # it speaks of other rows
            self.dialog.reject()
        self._refresh()

    @Slot()
    def ask(self) -> None:
        """Says what a look costs, and takes it if the user says so."""
        split = self._split
        if split is None or split.test is None or self.dialog is not None:
            return
        self.dialog = LookDialog(split.test.n, self.looks, self._window)
        self.dialog.look_requested.connect(self._look)
        self.dialog.finished.connect(self._forget_dialog)
        self.dialog.open()

    @Slot()
    def _look(self) -> None:
        split, snapshot = self._split, self._newest()
        if split is None or split.test is None or snapshot is None:
            self._give_up()
            return
        self._counts[self._data] = self._counts.pop(self._data, 0) + 1  # the newest comes last
        look = Look(split, split.test, snapshot.model, snapshot.step)
        self._trainer.judge_requested.emit(look)

    @Slot(object)
    def _show_judgement(self, judged: tuple[Look, Judgement]) -> None:
        look, judgement = judged
        if look.split is not self._split:  # other data came meanwhile
            return
        self._found = judged
        self._refresh()
        if self.dialog is not None:
            soft = look.part.targets is not None
            unit = self._unit()
            self.dialog.show_result(judgement.measured, look.step, unit, self.looks, soft=soft)
            self.dialog.show_confusion(look.split.dataset.class_names, judgement.confusion)

    @Slot()
    def _give_up(self) -> None:
        """What was asked for does not come."""
        if self.dialog is not None:
            self.dialog.offer_again()

    @Slot()
    def _forget_dialog(self) -> None:
        self.dialog = None

    def _refresh(self) -> None:
        test = None if self._split is None else self._split.test
        found = None
        if self._found is not None:
            look, judgement = self._found
            found = look.step, judgement.measured
        self._box.show_part(0 if test is None else test.n, self.looks, found)


def _name_of(request: LoadRequest, split: Split) -> str:
    """Tells data apart: a source with its size and classes; of drawn worlds each is another."""
    data = split.dataset
    told = [request.source, f"{data.n} x {data.d}", *data.class_names]
    if request.source == SAMPLES[0]:
        told += [repr(request.world), str(request.config.seed)]
    return hashlib.sha256("\0".join(told).encode(errors="backslashreplace")).hexdigest()[:16]


def _counts_in(told: Any) -> list[tuple[str, int]]:
    items = told.items() if isinstance(told, dict) else ()
    return [(data, count) for data, count in items if type(count) is int and 0 < count < 1 << 31]
