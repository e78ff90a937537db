"""The training thread: a worker that advances one session in slices, and its owner."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QThread, QTimer, Signal, Slot

from softmax_gui.core.models import Dense
from softmax_gui.data.batches import split
from softmax_gui.data.samples import load
from softmax_gui.data.synthetic import World
from softmax_gui.i18n import tr
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import DEVICE_ERRORS
from softmax_gui.training.session import TrainingSession
from softmax_gui.training.snapshot import RunState
from softmax_gui.training.watch import TrainingDiverged

FULL_SPEED = math.inf


@dataclass(frozen=True)
class LoadRequest:
    """Which data to train on from now, and how; `world` describes the 2x2 world."""

    source: str  # a sample's name or a file's path
    config: TrainConfig
    world: World | None = None


class TrainingWorker(QObject):
    """Advances one TrainingSession in short slices, on the thread it was moved to."""

    snapshot_ready = Signal(object)  # a frozen Snapshot, at most one per FRAME_S
    state_changed = Signal(object)  # the new RunState
    data_loaded = Signal(object)  # the LoadRequest that worked, and its Split
    data_refused = Signal(object)  # the LoadRequest and the exception; the data before stay
    noticed = Signal(str)  # a sentence the user should see
    diverged = Signal(object)  # the TrainingDiverged; the run is paused
    failed = Signal(object)  # the exception that ended the run
    SLICE_S, FRAME_S = 0.010, 1 / 30

    def __init__(self) -> None:
        super().__init__()  # no parent: Qt moves no child on its own
        self._session: TrainingSession | None = None
        self._state = RunState.READY
        self._published_at = -math.inf
        self._steps_per_s = FULL_SPEED
        self._goal_epoch: int | None = None  # where to pause by itself
        self._owed = 0.0  # steps due at a limited speed
        self._sliced_at = 0.0
        self._pulse = QTimer(self)  # a child: moves, and dies, with the worker
        self._pulse.timeout.connect(self._run_slice)

    # -- slots, called from the window through queued signals ------------------------------------

    @Slot(object)
    def load(self, request: LoadRequest) -> None:
        """Replaces data and run; a run in progress goes on with the new data."""
        with self._edge():
            try:
                dataset = load(request.source, seed=request.config.seed, world=request.world)
                parts = split(dataset, seed=request.config.seed)
                session = TrainingSession(parts, request.config)
            except (OSError, ValueError, MemoryError, *DEVICE_ERRORS) as error:
                self.data_refused.emit((request, error))
                return
            self._session = session
            self._begin_epoch_anew()
            self.data_loaded.emit((request, parts))
            self._publish()
            self._set_state(RunState.RUNNING if self._state is RunState.RUNNING else RunState.READY)
            self._tell_notice()

    @Slot()
    def start(self) -> None:
        """Trains until paused."""
        with self._edge():
            if not self._has_data() or self._state is RunState.RUNNING:
                return
            self._owed, self._sliced_at = 1.0, time.monotonic()  # at a slow speed, a step at once
            self._pulse.start(self._pulse_ms())
            self._set_state(RunState.RUNNING)

    @Slot()
    def toggle(self) -> None:
        """Starts or pauses; decided here, because the window may show an older state."""
        self.pause() if self._state is RunState.RUNNING else self.start()

    @Slot()
    def pause(self) -> None:
        """Stops between two steps."""
        with self._edge():
            if self._state is RunState.RUNNING:
                self._stop()

    @Slot()
    def step(self) -> None:
        """One minibatch, then pauses."""
        with self._edge():
            if self._has_data():
                self._need_session().advance(steps=1)
                self._stop()
                self._tell_notice()

    @Slot()
    def epoch(self) -> None:
        """Trains to the end of the epoch, then pauses; in slices, so that Pause still works."""
        if self._has_data():
            self._goal_epoch = self._need_session().epoch + 1
            self.start()

    @Slot(object)
    def reset(self, model: Dense | None) -> None:
        """Back to step 0 with zero weights or those of `model`; a run in progress goes on."""
        with self._edge():
            if self._has_data() and self._takes(model):
                self._need_session().reset(model)
                self._begin_epoch_anew()
                self._publish()
                if self._state is not RunState.RUNNING:
                    self._set_state(RunState.READY)

    @Slot(object)
    def adjust(self, changes: dict[str, Any]) -> None:
        """Changes settings of TrainConfig between two steps."""
        with self._edge():
            if self._session is not None:
                self._session.adjust(**changes)
                if self._state is not RunState.RUNNING:
                    self._publish()

    @Slot(str)
    def use_device(self, device: str) -> None:
        """Goes on with the same weights on another device."""
        with self._edge():
            if self._session is not None:
                self._session.use_device(device)
                self._tell_notice()
                self._publish()

    @Slot(float)
    def set_speed(self, steps_per_s: float) -> None:
        """Steps a second from now on; FULL_SPEED is as fast as it goes."""
        self._steps_per_s, self._owed = steps_per_s, 0.0
        self._sliced_at = time.monotonic()
        if self._pulse.isActive():
            self._pulse.start(self._pulse_ms())

    # -- slices ----------------------------------------------------------------------------------

    def _run_slice(self) -> None:
        with self._edge():
            session = self._need_session()
            epochs = None if self._goal_epoch is None else self._goal_epoch - session.epoch
            session.advance(steps=self._due(), epochs=epochs, seconds=self.SLICE_S)
            self._tell_notice()
            if self._goal_epoch is not None and session.epoch >= self._goal_epoch:
                self._stop()
            elif time.monotonic() - self._published_at >= self.FRAME_S:
                self._publish()

    def _due(self) -> int | None:
        """Steps to take in this slice; None at full speed."""
        if math.isinf(self._steps_per_s):
            return None
        now = time.monotonic()
        # After a stall (a laptop that slept) a quarter of a second is made up, not hours.
        self._owed += self._steps_per_s * min(now - self._sliced_at, 0.25)
        self._sliced_at = now
        due = int(self._owed)
        self._owed -= due
        return due

    def _pulse_ms(self) -> int:
        if math.isinf(self._steps_per_s):
            return 0
        return round(max(1000 * self.SLICE_S, min(100, 250 / self._steps_per_s)))

    def _stop(self) -> None:
        self._pulse.stop()
        self._goal_epoch = None
        self._need_session().measure()  # what is on screen at rest is measured at that step
        self._publish()  # the last snapshot is never throttled away
        self._set_state(RunState.PAUSED)

    def _publish(self) -> None:
        self._published_at = time.monotonic()
        self.snapshot_ready.emit(self._need_session().snapshot())

    def _begin_epoch_anew(self) -> None:
        """After a start at step 0: an epoch that was under way ends with the first one."""
        if self._goal_epoch is not None:
            self._goal_epoch = self._need_session().epoch + 1

    def _tell_notice(self) -> None:
        session = self._need_session()
        if session.notice:
            self.noticed.emit(session.notice)
            session.notice = ""

    def _set_state(self, state: RunState) -> None:
        self._state = state
        self.state_changed.emit(state)

    def _has_data(self) -> bool:
        """Whether there are any; says so if not."""
        if self._session is None:
            self.noticed.emit(tr("There are no data yet. Choose a source first."))
        return self._session is not None

    def _takes(self, model: Dense | None) -> bool:
        """Whether the weights fit; other data may have come between their check and now."""
        data = self._need_session().split.dataset
        fits = model is None or (model.d, model.q) == (data.d, data.q)
        if not fits:
            self.noticed.emit(tr("The weights do not fit the data that were loaded meanwhile."))
        return fits

    def _need_session(self) -> TrainingSession:
        if self._session is None:
            raise RuntimeError("no data loaded")
        return self._session

    @contextmanager
    def _edge(self) -> Iterator[None]:
        try:
            yield
        except TrainingDiverged as divergence:
            self._stop()
            self.diverged.emit(divergence)
        except Exception as error:  # noqa: BLE001 - past this edge Qt would only print it
            self._pulse.stop()
            self._goal_epoch = None
            self._set_state(RunState.FAILED)
            self.failed.emit(error)


class Trainer(QObject):
    """Owns the thread and its worker; lives on the window's thread."""

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
    failed = Signal(object)

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
                     "noticed", "diverged", "failed"):  # fmt: skip
            getattr(self._worker, fact).connect(getattr(self, fact))
        self._thread.start()

    def shutdown(self) -> None:
        """Ends the thread after the slice in progress, waiting for it up to 1.5 s."""
        self._thread.quit()
        self._thread.wait(1500)

    def is_stuck(self) -> bool:
        """Whether the thread outlived shutdown(), in a call that does not return."""
        return self._thread.isRunning()
