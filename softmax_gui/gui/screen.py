"""Which run is on the screen, one's own or one that is watched; draws its newest snapshot."""

from __future__ import annotations

import time

import numpy as np
from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QMainWindow

from softmax_gui.data.dataset import Split
from softmax_gui.gui import fonts
from softmax_gui.gui.commands import Commands
from softmax_gui.gui.pixels import model_input
from softmax_gui.gui.status_line import StatusLine
from softmax_gui.gui.views.draw_view import DrawView
from softmax_gui.gui.views.plots_view import PlotsView
from softmax_gui.gui.views.prediction_view import PredictionView
from softmax_gui.training.snapshot import Snapshot

FRAME_MS = 33


class Screen(QTimer):
    """The pictures of one run at a time; a frame is drawn when it fires.

    Attributes:
        split: the data of one's own run.
        newest: its newest snapshot.
    """

    presented = Signal(str)  # the name of the data on the screen

    def __init__(
        self, window: QMainWindow, views: tuple[PlotsView, PredictionView, DrawView],
        status: StatusLine, commands: Commands,
    ) -> None:  # fmt: skip
        super().__init__(window, singleShot=True)
        self._window, self._status, self._commands = window, status, commands
        self._plots, self._prediction, self._draw = views
        self.split: Split | None = None
        self.newest: Snapshot | None = None
        self._watched: tuple[Split, Snapshot] | None = None
        self._shown: Split | None = None  # of the two, whose names and shapes the views have
        self._drawn_at = 0.0
        self.timeout.connect(self.draw_frame)
        self._draw.vector_edited.connect(self._predict)

    @property
    def watching(self) -> bool:
        """Whether the run on the screen is not one's own."""
        return self._watched is not None

    def show_data(self, split: Split) -> None:
        """Other data of one's own; the run begins anew."""
        self.split, self.newest = split, None
        if not self.watching:
            self._present(split)

    def keep(self, snapshot: Snapshot) -> None:
        """The newest of one's own run, for the next frame."""
        self.newest = snapshot
        if not self.watching:
            self._ask_for_frame()

    def watch(self, split: Split, snapshot: Snapshot) -> None:
        """The newest of a run that is watched, for the next frame."""
        self._watched = split, snapshot
        if split is not self._shown:
            self._present(split)
        self._ask_for_frame()

    def return_home(self) -> None:
        """One's own run is on the screen again, as it was."""
        self._watched = None
        if self.split is not None:
            self._present(self.split)
        self.draw_frame()

    @Slot()
    def draw_frame(self) -> None:
        """Draws the newest there is."""
        self._drawn_at = time.monotonic()
        snapshot = self._watched[1] if self._watched else self.newest
        if snapshot is None:
            return
        self._commands.show_solving(snapshot.config.solver != "minibatch")
        self._plots.show_snapshot(snapshot)
        self._prediction.show_model(snapshot.model)
        self._status.show_snapshot(snapshot)

    def _ask_for_frame(self) -> None:
        if not self.isActive():
            waited_ms = 1000 * (time.monotonic() - self._drawn_at)
            self.start(max(0, round(FRAME_MS - waited_ms)))

    def _present(self, split: Split) -> None:
        self._shown = split
        if any(map(fonts.has_hangul, split.dataset.class_names)):
            fonts.ensure_hangul()
        for view in (self._plots, self._prediction, self._draw):
            view.show_data(split)
        self._commands.name_examples(split.dataset.class_names if split.validation.n else ())
        self._commands.show_picture(self._draw.is_picture())
        self._predict(self._draw.vector())
        self.presented.emit(split.dataset.name)

    @Slot(object)
    def _predict(self, vector: np.ndarray) -> None:
        if self._shown is not None:
            self._prediction.show_vector(model_input(self._shown, vector))
