"""The worker of the training thread: advances one session in slices."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from softmax_gui.core.models import Dense
from softmax_gui.data.dataset import Split
from softmax_gui.files import FileProblem
from softmax_gui.gui.loading import session_for, shown_split
from softmax_gui.gui.pace import Pace
from softmax_gui.gui.run_config import RATE_DEPENDS_ON, Kept, LoadRequest, as_run, fitted
from softmax_gui.i18n import tr
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import DEVICE_ERRORS
from softmax_gui.training.session import TrainingSession
from softmax_gui.training.snapshot import RunState, Snapshot
from softmax_gui.training.watch import TrainingDiverged


class TrainingWorker(QObject):
    """Advances one TrainingSession in short slices, on the thread it was moved to."""

    snapshot_ready = Signal(object)  # a frozen Snapshot, at most one per FRAME_S
    state_changed = Signal(object)  # the new RunState
    data_loaded = Signal(object)  # the LoadRequest that worked, and its Split
    data_refused = Signal(object)  # the LoadRequest and the exception; the data before stay
    noticed = Signal(str)  # a sentence the user should see
    diverged = Signal(object)  # the TrainingDiverged; the run is paused
    solved = Signal(object)  # the Snapshot in which a solver came to its end; the run is paused
    safe_rate_found = Signal(float)  # the largest rate that is surely stable; NaN: none is known
    failed = Signal(object)  # the exception that ended the run
    SLICE_S, FRAME_S = 1 / 60, 1 / 30  # a frame is due where its second slice ends

    def __init__(self) -> None:
        super().__init__()  # no parent: Qt moves no child on its own
        self._session: TrainingSession | None = None
        self._state = RunState.READY
        self._published_at = -math.inf
        self._goal_epoch: int | None = None  # where to pause by itself
        self._pace = Pace()
        self._threads = 0  # as the user asked for; the session is told how many that makes
        self._pulse = QTimer(self)  # a child: moves, and dies, with the worker
        self._pulse.timeout.connect(self._run_slice)
        self._rate_wanted = QTimer(self, singleShot=True)  # of many changes in a row, the last
        self._rate_wanted.timeout.connect(self._find_safe_rate)

    # -- slots, called from the window through queued signals ------------------------------------

    @Slot(object)
    def load(self, request: LoadRequest) -> None:
        """Replaces data and run; a run in progress goes on with the new data."""
        with self._edge():
            try:
                request, session = session_for(request)
            except (OSError, ValueError, MemoryError, *DEVICE_ERRORS) as error:
                self.data_refused.emit((request, error))
                return
            self._session, self._threads = session, request.config.threads
            self._begin_epoch_anew()
            self.data_loaded.emit((request, shown_split(session.split)))
            self._publish()
            self._set_state(RunState.RUNNING if self._state is RunState.RUNNING else RunState.READY)
            self._tell_notice()
            self._rate_wanted.start(0)

    @Slot()
    def start(self) -> None:
        """Trains until paused."""
        with self._edge():
            if not self._has_work() or self._state is RunState.RUNNING:
                return
            self._pace.begin()
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
        """One minibatch, or one iteration of a solver, then pauses."""
        with self._edge():
            if self._has_work():
                self._need_session().advance(steps=1)
                self._stop()
                self._tell_notice()
                self._tell_end()

    @Slot()
    def epoch(self) -> None:
        """Trains to the end of the epoch, then pauses; in slices, so that Pause still works."""
        if self._has_work():
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
                self._put_in_force(self._session, changes)
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
        """Steps a second from now on; infinite: as fast as it goes."""
        self._pace.set_speed(steps_per_s)
        if self._pulse.isActive():
            self._pulse.start(self._pulse_ms())

    @property
    def has_run(self) -> bool:
        """Whether there are data and a run of them."""
        return self._session is not None

    def kept(self) -> Kept:
        """The run as it is now, to be written."""
        session = self._need_session()
        return Kept(session.checkpoint(), self._snapshot(), shown_split(session.split))

    def forget(self) -> None:
        """Lets the run go when the thread has ended, and with it who reads rows from disk."""
        self._session = None

    def basis(self) -> tuple[Split, TrainConfig]:
        """The data and the settings in force, for work beside the run on the same thread."""
        session = self._need_session()
        return shown_split(session.split), session.config

    # -- slices ----------------------------------------------------------------------------------

    def _run_slice(self) -> None:
        with self._edge():
            session = self._need_session()
            epochs = None if self._goal_epoch is None else self._goal_epoch - session.epoch
            self._advance(session, epochs)
            self._tell_notice()
            if session.finished:
                self._stop()
                self._tell_end()
            elif self._goal_epoch is not None and session.epoch >= self._goal_epoch:
                self._stop()
            elif time.monotonic() - self._published_at >= self.FRAME_S:
                self._publish()

    def _advance(self, session: TrainingSession, epochs: int | None) -> None:
        due = self._pace.due()
        solving = due is not None and session.config.solver != "minibatch"
        before = session.snapshot().step if solving else 0
        session.advance(steps=due, epochs=epochs, seconds=self.SLICE_S)
        if due is not None and solving:
            self._pace.give_back(due - (session.snapshot().step - before))
            self._pulse.setInterval(self._pulse_ms())

    def _pulse_ms(self) -> int:
        return self._pace.interval_ms(self.SLICE_S)

    def _stop(self) -> None:
        self._pulse.stop()
        self._goal_epoch = None
        self._need_session().measure()  # what is on screen at rest is measured at that step
        self._publish()  # the last snapshot is never throttled away
        self._set_state(RunState.PAUSED)

    def _publish(self) -> None:
        self._published_at = time.monotonic()
        self.snapshot_ready.emit(self._snapshot())

    def _snapshot(self) -> Snapshot:
        """Of the session, with the settings as the user made them."""
        one = self._need_session().snapshot()
        return replace(one, config=replace(one.config, threads=self._threads))

    def _tell_end(self) -> None:
        if self._need_session().finished:
            self.solved.emit(self._snapshot())

    def _put_in_force(self, session: TrainingSession, changes: dict[str, Any]) -> None:
        layer = session.config.phm_order
        asked = replace(session.config, threads=self._threads, **changes)
        if fitted(asked, session.split.dataset) != asked:  # other data were loaded meanwhile
            self.noticed.emit(tr("The layer stays dense: the order does not fit these data."))
            asked = fitted(asked, session.split.dataset)
        run = as_run(asked, session.split)
        session.adjust(**{name: getattr(run, name) for name in {*changes, "threads"}})
        if session.config.phm_order != layer:  # its weights are no start for another layer
            session.reset(None)
            self._begin_epoch_anew()
            if self._state is not RunState.RUNNING:
                self._set_state(RunState.READY)
        self._tell_notice()
        if RATE_DEPENDS_ON & changes.keys():
            self._rate_wanted.start(0)

    def _find_safe_rate(self) -> None:
        with self._edge():
            try:
                rate = self._need_session().safe_learning_rate()
            except ValueError:  # of numbers above 1e150 no square is known
                rate = math.nan
            self.safe_rate_found.emit(rate)

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

    def _has_work(self) -> bool:
        """Whether there are data and something left to do; says so if not."""
        if not self._has_data():
            return False
        if self._need_session().finished:
            self.noticed.emit(
                tr("Nothing is left to do: the solver is done. Change a setting, or press Reset.")
            )
            return False
        return True

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
        except FileProblem as problem:  # of rows on disk: once they are back, the run can go on
            self._stop()
            self.noticed.emit(str(problem))
        except Exception as error:  # noqa: BLE001 - past this edge Qt would only print it
            self._pulse.stop()
            self._goal_epoch = None
            self._set_state(RunState.FAILED)
            self.failed.emit(error)
