"""The window: puts the panels in place and connects them with the trainer. It only wires."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QByteArray, QEvent, QTimer, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QMainWindow, QVBoxLayout, QWidget

from softmax_gui.core.models import Dense
from softmax_gui.data.dataset import Split
from softmax_gui.gui import fonts
from softmax_gui.gui.appearance import Appearance
from softmax_gui.gui.commands import Commands
from softmax_gui.gui.docks import Docks
from softmax_gui.gui.files_menu import FilesMenu
from softmax_gui.gui.help import show_about, show_guide, show_shortcuts
from softmax_gui.gui.narrator import Narrator
from softmax_gui.gui.settings import Settings, save_settings
from softmax_gui.gui.speed import SpeedControl
from softmax_gui.gui.status_line import StatusLine
from softmax_gui.gui.trainer import LoadRequest, Trainer
from softmax_gui.gui.units import Unit
from softmax_gui.gui.views.data_panel import DataPanel
from softmax_gui.gui.views.draw_view import DrawView
from softmax_gui.gui.views.plots_view import PlotsView
from softmax_gui.gui.views.prediction_view import PredictionView
from softmax_gui.gui.views.training_panel import TrainingPanel
from softmax_gui.gui.widgets.message_bar import MessageBar, Tone
from softmax_gui.gui.wishes import Wishes
from softmax_gui.training.snapshot import RunState, Snapshot
from softmax_gui.training.watch import TrainingDiverged

FRAME_MS = 33
log = logging.getLogger("softmax_gui")


class MainWindow(QMainWindow):
    """Softmax GUI's one window."""

    def __init__(self, settings: Settings, settings_path: Path) -> None:
        super().__init__()
        self._settings_path = settings_path
        self._split: Split | None = None
        self._source = ""  # the sample or file that is loaded
        self._newest: Snapshot | None = None  # of the run; drawn on the next frame
        self._state = RunState.READY
        self._frame = QTimer(self, singleShot=True)
        self._drawn_at = 0.0
        self._build(settings)
        self._connect_views()
        self._connect_trainer()
        self._connect_commands()
        self._restore(settings)

    # -- building --------------------------------------------------------------------------------

    def _build(self, settings: Settings) -> None:
        self.trainer = Trainer(self)
        self.messages = MessageBar()
        self.plots, self.data, self.training = PlotsView(), DataPanel(), TrainingPanel()
        self.draw, self.prediction = DrawView(), PredictionView()
        centre = QWidget()
        layout = QVBoxLayout(centre)
        layout.setContentsMargins(8, 8, 8, 0)
        layout.addWidget(self.messages)
        layout.addWidget(self.plots, 1)
        self.setCentralWidget(centre)
        self.docks = Docks(self, {
            "data": self.data, "training": self.training,
            "draw": self.draw, "prediction": self.prediction,
        })  # fmt: skip
        self.commands = Commands(self)
        self.speed = SpeedControl()
        self.commands.finish_toolbar(self.speed)
        for place, (key, dock) in enumerate(self.docks.docks.items(), 1):
            self.commands.adopt(f"dock_{key}", "view", dock.toggleViewAction(), f"Alt+{place}")
        self.status = StatusLine(self.statusBar())
        self.narrator = Narrator(self.messages, self.status, self)
        self.wishes = Wishes(self.trainer, self.training.known_device(settings.device))
        self.files = FilesMenu(self, self.narrator.say, settings.folder)
        self.appearance = Appearance(self, self.commands, settings, self._show_unit)

    def _connect_views(self) -> None:
        self.data.source_chosen.connect(self.load)
        self.data.open_requested.connect(self._open_data)
        self.data.classes.class_activated.connect(self.draw.show_example)
        self.data.world_changed.connect(lambda world: self.wishes.load(world=world))
        self.training.setting_changed.connect(self.wishes.adjust)
        self.training.seed_changed.connect(self.wishes.change_seed)
        self.training.device_changed.connect(self.wishes.use_device)
        self.training.refused.connect(self.narrator.warn)
        self.draw.refused.connect(self.narrator.warn)
        self.draw.vector_edited.connect(self._predict)
        self.draw.example_shown.connect(self.prediction.show_label)
        self.speed.speed_changed.connect(self.trainer.speed_requested)

    def _connect_trainer(self) -> None:
        self.trainer.data_loaded.connect(self._show_data)
        self.trainer.data_refused.connect(self._refuse_data)
        self.trainer.snapshot_ready.connect(self._keep)
        self.trainer.state_changed.connect(self._show_state)
        self.trainer.noticed.connect(self.narrator.warn)
        self.trainer.diverged.connect(self._tell_divergence)
        self.trainer.failed.connect(self.narrator.tell_training_failure)
        self._frame.timeout.connect(self._draw_frame)

    def _connect_commands(self) -> None:
        plots, save = self.plots, self.files.save_figure
        for key, slot in {
            "open_data": self._open_data,
            "open_weights": self._open_weights,
            "export_weights": lambda: self.files.export_weights(self._newest, self._split),
            "save_loss": lambda: save(plots.complete().loss, "loss"),
            "save_accuracy": lambda: save(plots.complete().accuracy, "accuracy"),
            "save_weights_plot": lambda: save(plots.weights, "weights"),
            "save_probabilities": lambda: save(self.prediction.bars, "probabilities"),
            "quit": self.close,
            "undo": self.draw.undo_stack.undo,
            "redo": self.draw.undo_stack.redo,
            "clear": self.draw.clear,
            "invert": self.draw.invert,
            "noise": self.draw.add_noise,
            "train": self.trainer.toggle_requested.emit,
            "step": self.trainer.step_requested.emit,
            "epoch": self.trainer.epoch_requested.emit,
            "reset": lambda: self.trainer.reset_requested.emit(None),
            "slower": self.speed.slower,
            "faster": self.speed.faster,
            "reset_layout": self._reset_layout,
            "guide": lambda: show_guide(self),
            "shortcuts": lambda: show_shortcuts(self, self.commands.paths()),
            "about": lambda: show_about(self),
        }.items():
            self.commands[key].triggered.connect(lambda _=False, slot=slot: self._obey(slot))
        self.commands["log_step"].toggled.connect(lambda on: plots.complete().set_log_step(on))
        self.commands["log_loss"].toggled.connect(lambda on: plots.complete().set_log_loss(on))
        self.commands.connect_examples(self.draw.show_example)
        self.commands.follow(self.draw.undo_stack)
        self.commands.menus["language"].aboutToShow.connect(fonts.ensure_hangul)

    def _restore(self, settings: Settings) -> None:
        self.appearance.restore()
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
        self.data.stop_settling()
        self.wishes.load(source)

    def newest(self) -> Snapshot | None:
        """The newest snapshot of the run."""
        return self._newest

    def _obey(self, slot: Callable[[], object]) -> None:
        self.training.commit()  # a number typed and not yet entered counts first
        slot()

    @Slot()
    def _open_data(self) -> None:
        if path := self.files.ask_data():
            self.load(path)

    def _open_weights(self) -> None:
        if found := self.files.open_weights(lambda: self._split):
            self.use_weights(*found)

    def use_weights(self, model: Dense, text: str) -> None:
        """Goes on from these weights (W (d, q), b (q,)) and says `text`."""
        self.trainer.reset_requested.emit(model)
        self.narrator.say(Tone.DONE, text)

    def _reset_layout(self) -> None:
        self.commands.toolbar.show()
        self.docks.reset()
        self.plots.reset_layout()

    # -- what the trainer says -------------------------------------------------------------------

    @Slot(object)
    def _show_data(self, loaded: tuple[LoadRequest, Split]) -> None:
        request, split = loaded
        self.wishes.grant(request)
        self._source, self._split, self._newest = request.source, split, None
        if any(map(fonts.has_hangul, split.dataset.class_names)):
            fonts.ensure_hangul()
        self.data.show_data(split, request.source)
        self.training.show_config(self.wishes.config)
        for view in (self.plots, self.prediction, self.draw):
            view.show_data(split)
        self.commands.name_examples(split.dataset.class_names)
        self.commands.show_picture(self.draw.is_picture())
        self._predict(self.draw.vector())
        self.setWindowTitle(f"{split.dataset.name} – Softmax GUI")

    @Slot(object)
    def _refuse_data(self, refused: tuple[LoadRequest, Exception]) -> None:
        request, error = refused
        self.narrator.tell_refusal(error)
        self.wishes.refuse(request)
        if self._split is not None:  # what is really loaded
            self.data.show_data(self._split, self._source)
            self.data.show_world(self.wishes.world)
            self.training.show_config(self.wishes.config)

    @Slot(object)
    def _keep(self, snapshot: Snapshot) -> None:
        self._newest = snapshot
        if not self._frame.isActive():
            waited_ms = 1000 * (time.monotonic() - self._drawn_at)
            self._frame.start(max(0, round(FRAME_MS - waited_ms)))

    @Slot()
    def _draw_frame(self) -> None:
        self._drawn_at = time.monotonic()
        snapshot = self._newest
        if snapshot is None:
            return
        self.plots.show_snapshot(snapshot)
        self.prediction.show_model(snapshot.model)
        self.status.show_snapshot(snapshot)
        self.training.show_device(snapshot.device)

    @Slot(object)
    def _show_state(self, state: RunState) -> None:
        self._state = state
        self.status.show_state(state)
        self.commands.show_running(state is RunState.RUNNING)
        self.narrator.show_state(state)

    @Slot(object)
    def _predict(self, vector: np.ndarray) -> None:
        if self._split is not None:
            picture = self._split.dataset.image_shape is not None
            x = vector if picture else self._split.scaling.apply(vector)
            self.prediction.show_vector(x)

    def _show_unit(self, unit: Unit) -> None:
        for view in (self.plots, self.data, self.prediction):
            view.show_unit(unit)

    @Slot(object)
    def _tell_divergence(self, divergence: TrainingDiverged) -> None:
        self.narrator.tell_divergence(divergence, self._use_rate)

    def _use_rate(self, rate: float) -> None:
        self.wishes.adjust({"learning_rate": rate})
        self.training.show_config(self.wishes.config)
        self.trainer.start_requested.emit()

    def _retranslate(self) -> None:
        self.commands.retranslate()
        self.commands.show_running(self._state is RunState.RUNNING)
        self.status.retranslate()
        self.docks.retranslate()
        self.narrator.retranslate()

    # -- Qt's calls ------------------------------------------------------------------------------

    def changeEvent(self, event: QEvent) -> None:
        """Language and colours; the panels hear of them by themselves."""
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()
        elif event.type() == QEvent.Type.PaletteChange:
            self.commands.restyle(self._state is RunState.RUNNING)
        super().changeEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keeps the settings and ends the thread, whatever it is doing."""
        self._frame.stop()
        settings = replace(
            self.appearance.settings,
            geometry=bytes(self.saveGeometry().toBase64().data()).decode(),
            layout=self.docks.state(),
            plots=self.plots.layout_state(),
            folder=self.files.folder,
            device=self.wishes.config.device,
        )
        if trouble := save_settings(self._settings_path, settings):
            log.warning(trouble)
        self.trainer.shutdown()
        event.accept()
