"""The window: puts the panels in place and connects them with the trainer. It only wires."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QEvent, QTimer, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QMainWindow, QTabWidget, QVBoxLayout, QWidget

from softmax_gui.core.models import Dense
from softmax_gui.data.dataset import Split
from softmax_gui.gui.appearance import Appearance
from softmax_gui.gui.attachment import Attachment
from softmax_gui.gui.commands import Commands
from softmax_gui.gui.docks import Docks
from softmax_gui.gui.drawing import Drawing
from softmax_gui.gui.errands import Errands
from softmax_gui.gui.files_menu import FilesMenu
from softmax_gui.gui.importing import Importing
from softmax_gui.gui.narrator import Narrator
from softmax_gui.gui.projects import Projects
from softmax_gui.gui.run_config import LoadRequest
from softmax_gui.gui.screen import Screen
from softmax_gui.gui.settings import Settings, save_settings
from softmax_gui.gui.sources import Sources
from softmax_gui.gui.speed import SpeedControl
from softmax_gui.gui.status_line import StatusLine
from softmax_gui.gui.sweep_control import SweepControl
from softmax_gui.gui.test_part import LockedPart
from softmax_gui.gui.training_thread import Trainer
from softmax_gui.gui.units import Unit
from softmax_gui.gui.views.data_panel import DataPanel
from softmax_gui.gui.views.draw_view import DrawView
from softmax_gui.gui.views.drawn_view import DrawnView
from softmax_gui.gui.views.plots_view import PlotsView
from softmax_gui.gui.views.prediction_view import PredictionView
from softmax_gui.gui.views.sweep_view import SweepView
from softmax_gui.gui.views.training_panel import TrainingPanel
from softmax_gui.gui.widgets.message_bar import MessageBar, Tone
from softmax_gui.gui.wiring import connect_commands, connect_trainer, connect_views
from softmax_gui.gui.wishes import Wishes
from softmax_gui.i18n import tr
from softmax_gui.training.snapshot import RunState, Snapshot

log = logging.getLogger("softmax_gui")


class MainWindow(QMainWindow):
    """Softmax GUI's one window."""

    def __init__(self, settings: Settings, settings_path: Path) -> None:
        super().__init__()
        self._settings_path = settings_path
        self._source = ""  # the sample or file that is loaded
        self._state = RunState.READY
        self._build(settings)
        connect_views(self)
        connect_trainer(self)
        connect_commands(self)
        self._restore(settings)

    # -- building --------------------------------------------------------------------------------

    def _build(self, settings: Settings) -> None:
        self.trainer = Trainer(self)
        self.messages = MessageBar()
        self.plots, self.data, self.training = PlotsView(), DataPanel(), TrainingPanel()
        self.draw, self.prediction, self.sweep = DrawView(), PredictionView(), SweepView()
        self.drawn = DrawnView()
        self.tabs = QTabWidget(documentMode=True)
        self.tabs.addTab(self.plots, "")
        self.tabs.addTab(self.sweep, "")
        centre = QWidget()
        layout = QVBoxLayout(centre)
        layout.setContentsMargins(8, 8, 8, 0)
        layout.addWidget(self.messages)
        layout.addWidget(self.tabs, 1)
        self.setCentralWidget(centre)
        self.docks = Docks(self, {
            "data": self.data, "training": self.training,
            "draw": self.draw, "prediction": self.prediction, "drawn": self.drawn,
        })  # fmt: skip
        self.commands = Commands(self)
        self.speed = SpeedControl()
        self.commands.finish_toolbar(self.speed)
        for place, (key, dock) in enumerate(self.docks.docks.items(), 1):
            self.commands.adopt(f"dock_{key}", "view", dock.toggleViewAction(), f"Alt+{place}")
        self.status = StatusLine(self.statusBar())
        self.narrator = Narrator(self.messages, self.status, self)
        self.wishes = Wishes(self.trainer, self.training.known_device(settings.device))
        self.errands = Errands(self)
        self.files = FilesMenu(self, self.errands, self.narrator.say, settings.folder)
        self.importing = Importing(self, self.commands, self.files, self.narrator.say,
                                   settings.recent, limit_bytes=settings.limit_bytes)  # fmt: skip
        self.drawing, self.sources = Drawing(self), Sources(self)
        self.appearance = Appearance(self, self.commands, settings, self._show_unit)
        self.locked = LockedPart(self, self.data.locked, self.trainer, self.newest,
                                 self.appearance.unit)  # fmt: skip
        views = (self.plots, self.prediction, self.draw)
        self.display = Screen(self, views, self.status, self.commands)
        say = self.narrator.say
        self.sweeping = SweepControl(
            self.sweep, self.trainer, say, self.adjust, self.use_weights, self
        )
        locked = (self.data, self.training, self.sweep, self.speed)
        self.attachment = Attachment(self.display, self.status, say, locked, self)
        self.projects = Projects(self, self._settings_path.parent / "recovery")

    def _restore(self, settings: Settings) -> None:
        self.appearance.restore()
        self.locked.restore(settings.looks)
        self.training.show_config(self.wishes.config)
        self.trainer.speed_requested.emit(self.speed.speed())
        self.resize(1280, 800)
        self.restoreGeometry(QByteArray.fromBase64(settings.geometry.encode()))
        self.docks.restore(settings.layout)
        self.plots.restore_layout(settings.plots)
        # The window first: making 50,000 pictures would hold up its first paint.
        QTimer.singleShot(0, self, self.wishes.load)

    # -- what the user wants ---------------------------------------------------------------------

    @Slot(str)
    def load(self, source: str) -> None:
        """Trains on a sample or a file from now on; what is there stays until that worked."""
        self.sources.load(source)

    def newest(self) -> Snapshot | None:
        """The newest snapshot of the run."""
        return self.display.newest

    def split(self) -> Split | None:
        """The data of the run."""
        return self.display.split

    def obey(self, slot: Callable[[], object]) -> None:
        """Does what a command says."""
        self.data.commit()  # a number typed and not yet entered counts first
        self.training.commit()
        slot()

    def open_weights(self) -> None:
        """Asks for a file of weights and starts from them."""
        if found := self.files.open_weights(self.split):
            self.use_weights(*found)

    def use_weights(self, model: Dense, text: str) -> None:
        """Goes on from these weights (W (d, q), b (q,)) and says `text`."""
        if self.wishes.config.phm_order:  # a dense W is no sum of Kronecker products
            self.adjust({"phm_order": 0})
        self.trainer.reset_requested.emit(model)
        self.narrator.say(Tone.DONE, text)

    @Slot()
    def ask_for_run(self) -> None:
        """Asks for a run folder and watches it."""
        if folder := self.files.ask_run():
            self.attach(folder)

    def attach(self, folder: Path) -> None:
        """Shows a run folder instead of one's own run, which rests."""
        self.trainer.pause_requested.emit()
        self.tabs.setCurrentWidget(self.plots)
        self.attachment.attach(folder)

    def try_decays(self) -> None:
        """Shows the tab of weight decays and does what its one button would."""
        self.tabs.setCurrentWidget(self.sweep)
        self.sweep.begin_or_pause()

    def adjust(self, changes: dict[str, Any]) -> None:
        """Changes settings by something else than their fields."""
        self.wishes.adjust(changes)
        self.training.show_config(self.wishes.config)

    def reset_layout(self) -> None:
        """Every panel back to its first place."""
        self.commands.toolbar.show()
        self.docks.reset()
        self.plots.reset_layout()

    # -- what the trainer says -------------------------------------------------------------------

    @Slot(object)
    def show_data(self, loaded: tuple[LoadRequest, Split]) -> None:
        """Other data are loaded, with their Split."""
        request, split = loaded
        self.wishes.grant(request)
        self._source = request.source
        self.data.show_data(split, request.source, request.cut)
        self.training.show_data(split)
        self.training.show_config(self.wishes.config)
        self.sweeping.forget()
        self.sweep.show_data(split)
        self.display.show_data(split)

    @Slot(object)
    def refuse_data(self, refused: tuple[LoadRequest, Exception]) -> None:
        """Data could not be loaded; what is there stays."""
        request, error = refused
        self.narrator.tell_refusal(error)
        self.wishes.refuse(request)
        self.show_loaded()

    def show_loaded(self) -> None:
        """Puts the panels back to what is really loaded."""
        if (split := self.split()) is not None:
            self.data.show_data(split, self._source, self.wishes.cut)
            self.data.show_world(self.wishes.world)
            self.training.show_config(self.wishes.config)

    @Slot(object)
    def keep(self, snapshot: Snapshot) -> None:
        """The newest snapshot, for the next frame."""
        self.display.keep(snapshot)
        self.training.show_device(snapshot.device)
        self.training.show_certificate(snapshot.certificate)
        self.sweep.show_in_force(snapshot.config.weight_decay)

    @Slot(object)
    def show_state(self, state: RunState) -> None:
        """Running, paused, ..."""
        self._state = state
        self.status.show_state(state)
        self.commands.show_running(state is RunState.RUNNING)
        if not self.attachment.attached:  # else a hint would cover the word on the other run
            self.narrator.show_state(state)

    def _show_unit(self, unit: Unit) -> None:
        for view in (self.plots, self.data, self.prediction, self.training, self.sweep):
            view.show_unit(unit)

    @Slot(bool)
    def show_attached(self, attached: bool) -> None:
        """Whether another run is watched now."""
        self.commands.show_attached(attached)
        self.show_state(self._state)

    def _retranslate(self) -> None:
        self.commands.retranslate()
        self.commands.show_running(self._state is RunState.RUNNING)
        self.status.retranslate()
        self.docks.retranslate()
        self.narrator.retranslate()
        self.attachment.retranslate()
        self.drawing.retranslate()
        self.tabs.setTabText(0, tr("Training run"))
        self.tabs.setTabText(1, tr("Weight decay"))
        self.tabs.tabBar().setAccessibleName(tr("Training run or weight decays"))

    # -- Qt's calls ------------------------------------------------------------------------------

    def changeEvent(self, event: QEvent) -> None:
        """Language and colours; the panels hear of them by themselves."""
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()
        elif event.type() == QEvent.Type.PaletteChange:
            self.commands.restyle(self._state is RunState.RUNNING)
        super().changeEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keeps the settings and ends the threads, once no work is lost by it."""
        if not self.projects.may_close():
            event.ignore()
            return
        self.display.stop()
        self.attachment.shutdown()
        self.importing.shutdown()
        self.errands.shutdown()
        self.projects.shutdown()
        self.keep_settings()
        self.trainer.shutdown()
        event.accept()

    def keep_settings(self) -> None:
        """Writes what the next start begins with."""
        settings = replace(
            self.appearance.settings,
            geometry=bytes(self.saveGeometry().toBase64().data()).decode(),
            layout=self.docks.state(),
            plots=self.plots.layout_state(),
            folder=self.files.folder,
            device=self.wishes.config.device,
            recent=self.importing.recent.paths,
            looks=self.locked.state(),
            limit_bytes=self.importing.limit_bytes,
        )
        if trouble := save_settings(self._settings_path, settings):
            log.warning(trouble)
