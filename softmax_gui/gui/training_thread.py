"""The training thread: owns it and its workers, from the window's side."""

from __future__ import annotations

from PySide6.QtCore import QObject, QThread, Signal

from softmax_gui.gui.judging import JudgeWorker
from softmax_gui.gui.keeping import KeepWorker
from softmax_gui.gui.sweeper import SweepWorker
from softmax_gui.gui.trainer import TrainingWorker


class Trainer(QObject):
    """Owns the thread and its workers; lives on the window's thread."""

    load_requested = Signal(object)
    start_requested = Signal()
    toggle_requested = Signal()
    pause_requested = Signal()
    step_requested = Signal()
    epoch_requested = Signal()
    reset_requested = Signal(object)
    adjust_requested = Signal(object)
    device_requested = Signal(str)
    speed_requested = Signal(float)
    snapshot_ready = Signal(object)
    state_changed = Signal(object)
    data_loaded = Signal(object)
    data_refused = Signal(object)
    noticed = Signal(str)
    diverged = Signal(object)
    solved = Signal(object)
    safe_rate_found = Signal(float)
    failed = Signal(object)
    sweep_requested = Signal(int)
    sweep_toggled = Signal()
    sweep_cancelled = Signal()
    sweep_row_done = Signal(object)
    sweep_done = Signal(object)
    sweep_state_changed = Signal(object)
    judge_requested = Signal(object)
    judged = Signal(object)
    keep_requested = Signal(int)
    state_kept = Signal(int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread = QThread(self)
        self._thread.setObjectName("training")
        self._worker = TrainingWorker()
        self._worker.moveToThread(self._thread)
        self._thread.finished.connect(self._worker.deleteLater)
        for wish in ("load", "start", "toggle", "pause", "step", "epoch", "reset", "adjust"):
            getattr(self, f"{wish}_requested").connect(getattr(self._worker, wish))
        self.speed_requested.connect(self._worker.set_speed)
        self.device_requested.connect(self._worker.use_device)
        for fact in ("snapshot_ready", "state_changed", "data_loaded", "data_refused",
                     "noticed", "diverged", "solved", "safe_rate_found", "failed"):  # fmt: skip
            getattr(self._worker, fact).connect(getattr(self, fact))
        self._connect_sweeper()
        self._connect_judge()
        self._connect_keeper()
        self._thread.start()

    def _connect_sweeper(self) -> None:
        self._sweeper = sweeper = SweepWorker(self._worker)
        sweeper.moveToThread(self._thread)
        self._thread.finished.connect(sweeper.deleteLater)
        self.sweep_requested.connect(sweeper.begin)
        self.sweep_toggled.connect(sweeper.toggle)
        self.pause_requested.connect(sweeper.pause)  # who asks for rest means all of the thread
        self.sweep_cancelled.connect(sweeper.cancel)
        sweeper.row_done.connect(self.sweep_row_done)
        sweeper.done.connect(self.sweep_done)
        sweeper.state_changed.connect(self.sweep_state_changed)
        sweeper.noticed.connect(self.noticed)
        sweeper.failed.connect(self.failed)

    def _connect_judge(self) -> None:
        self._judge = judge = JudgeWorker()
        judge.moveToThread(self._thread)
        self._thread.finished.connect(judge.deleteLater)
        self.judge_requested.connect(judge.judge)
        judge.judged.connect(self.judged)
        judge.failed.connect(self.failed)

    def _connect_keeper(self) -> None:
        self._keeper = keeper = KeepWorker(self._worker)
        keeper.moveToThread(self._thread)
        self._thread.finished.connect(keeper.deleteLater)
        self.keep_requested.connect(keeper.keep)
        keeper.kept.connect(self.state_kept)

    def shutdown(self) -> None:
        """Ends the thread after the slice in progress, waiting for it up to 1.5 s."""
        self._thread.quit()
        if self._thread.wait(1500):
            self._worker.forget()

    def is_stuck(self) -> bool:
        """Whether the thread outlived shutdown(), in a call that does not return."""
        return self._thread.isRunning()
