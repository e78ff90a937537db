"""The training thread: obeys between slices, throttles, and ends cleanly in every state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from softmax_gui.data.synthetic import World
from softmax_gui.gui.run_config import LoadRequest
from softmax_gui.gui.trainer import TrainingWorker
from softmax_gui.gui.training_thread import Trainer
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.session import TrainingSession
from softmax_gui.training.snapshot import RunState, Snapshot


@pytest.fixture
def trainer(qtbot: QtBot) -> Iterator[Trainer]:
    """A trainer with iris loaded, ready to start."""
    owner = Trainer()
    with qtbot.waitSignals([owner.data_loaded, owner.snapshot_ready, owner.state_changed]):
        owner.load_requested.emit(LoadRequest("iris", TrainConfig()))
    yield owner
    owner.shutdown()
    assert not owner.is_stuck()
    owner.deleteLater()


def started(qtbot: QtBot, trainer: Trainer) -> None:
    with qtbot.waitSignal(trainer.snapshot_ready, check_params_cb=lambda s: s.step > 0):
        trainer.start_requested.emit()


def paused(qtbot: QtBot, trainer: Trainer) -> Snapshot:
    last: list[Snapshot] = []
    trainer.snapshot_ready.connect(last.append)
    with qtbot.waitSignal(
        trainer.state_changed, check_params_cb=lambda state: state is RunState.PAUSED
    ):
        trainer.pause_requested.emit()
    return last[-1]


def test_that_a_running_session_obeys_pause(qtbot: QtBot, trainer: Trainer) -> None:
    started(qtbot, trainer)
    assert paused(qtbot, trainer).step > 0
    with qtbot.assertNotEmitted(trainer.snapshot_ready, wait=60):
        pass


def test_that_what_is_shown_at_rest_was_measured_at_that_very_step(
    qtbot: QtBot, trainer: Trainer
) -> None:
    started(qtbot, trainer)
    last = paused(qtbot, trainer)
    assert last.measured_at == last.step == last.history.column("step")[-1]


def test_that_a_step_is_one_minibatch(qtbot: QtBot, trainer: Trainer) -> None:
    with qtbot.waitSignal(trainer.snapshot_ready) as told:
        trainer.step_requested.emit()
    assert told.args[0].step == 1


def test_that_an_epoch_ends_where_its_last_example_was_seen(qtbot: QtBot, trainer: Trainer) -> None:
    with qtbot.waitSignal(trainer.snapshot_ready, check_params_cb=lambda s: s.epoch == 1.0):
        trainer.epoch_requested.emit()


def test_that_snapshots_come_at_most_thirty_times_a_second(qtbot: QtBot, trainer: Trainer) -> None:
    told: list[Snapshot] = []
    trainer.snapshot_ready.connect(told.append)
    started(qtbot, trainer)
    qtbot.waitUntil(lambda: told[-1].seconds > 0.3)
    last = paused(qtbot, trainer)
    # Training time is at most wall time, so the bound holds on a slow machine too.
    assert len(told) <= 30 * max(last.seconds * 3, 1.0) + 3


def test_that_settings_change_while_it_runs(qtbot: QtBot, trainer: Trainer) -> None:
    started(qtbot, trainer)
    changed = {"learning_rate": 0.01, "batch_size": 7}
    with qtbot.waitSignal(
        trainer.snapshot_ready, check_params_cb=lambda s: s.config.batch_size == 7
    ):
        trainer.adjust_requested.emit(changed)
    assert paused(qtbot, trainer).config.learning_rate == 0.01


def test_that_one_step_a_second_takes_its_first_step_at_once(
    qtbot: QtBot, trainer: Trainer
) -> None:
    trainer.speed_requested.emit(1.0)
    with qtbot.waitSignal(trainer.snapshot_ready, check_params_cb=lambda s: s.step == 1):
        trainer.start_requested.emit()
    assert paused(qtbot, trainer).step <= 2


def test_that_a_diverging_rate_pauses_with_the_good_weights_back(
    qtbot: QtBot, trainer: Trainer
) -> None:
    with qtbot.waitSignal(trainer.diverged) as told:
        trainer.adjust_requested.emit({"learning_rate": 1e6})
        trainer.start_requested.emit()
    assert told.args[0].restored_step == 0
    assert told.args[0].safe_rate > 0


def test_that_refused_data_leave_the_run_as_it_was(
    qtbot: QtBot, trainer: Trainer, tmp_path: Path
) -> None:
    started(qtbot, trainer)
    broken = tmp_path / "broken.csv"
    broken.write_text("a,b,label\n1,2\n")
    with qtbot.waitSignal(trainer.data_refused) as told:
        trainer.load_requested.emit(LoadRequest(str(broken), TrainConfig()))
    request, error = told.args[0]
    assert request.source == str(broken)
    assert "broken.csv, row 2" in str(error)
    before = paused(qtbot, trainer).step
    assert before > 0


def test_that_new_data_go_on_running(qtbot: QtBot, trainer: Trainer) -> None:
    started(qtbot, trainer)
    with qtbot.waitSignal(trainer.data_loaded) as told:
        trainer.load_requested.emit(LoadRequest("2x2", TrainConfig(), World(distinctness=2.0)))
    with qtbot.waitSignal(trainer.snapshot_ready, check_params_cb=lambda s: s.model.q == 3):
        pass
    assert told.args[0][1].dataset.floor > 0.3
    paused(qtbot, trainer)


def test_that_an_error_in_a_step_is_told_and_training_starts_again(
    qtbot: QtBot, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    advance, calls = TrainingSession.advance, [0]

    def fails_once(self: TrainingSession, **limits: Any) -> None:
        calls[0] += 1
        if calls[0] == 3:
            raise ZeroDivisionError("step 3")
        advance(self, **limits)

    monkeypatch.setattr(TrainingSession, "advance", fails_once)
    with qtbot.waitSignal(trainer.failed) as told:
        trainer.start_requested.emit()
    assert isinstance(told.args[0], ZeroDivisionError)
    started(qtbot, trainer)
    paused(qtbot, trainer)


def test_that_a_change_of_device_keeps_step_and_weights(qtbot: QtBot, trainer: Trainer) -> None:
    pytest.importorskip("torch")
    started(qtbot, trainer)
    before = paused(qtbot, trainer)
    with qtbot.waitSignal(trainer.snapshot_ready) as told:
        trainer.device_requested.emit("cpu")
    after = told.args[0]
    assert (after.device.kind, after.step) == ("cpu", before.step)
    assert (after.model.W == before.model.W).all()


@pytest.mark.parametrize("state", ["ready", "running", "paused", "unloaded"])
def test_that_the_thread_ends_in_every_state(qtbot: QtBot, state: str) -> None:
    trainer = Trainer()
    if state != "unloaded":
        with qtbot.waitSignal(trainer.snapshot_ready):
            trainer.load_requested.emit(LoadRequest("iris", TrainConfig()))
    if state in {"running", "paused"}:
        started(qtbot, trainer)
    if state == "paused":
        paused(qtbot, trainer)
    trainer.shutdown()
    assert not trainer.is_stuck()
    trainer.deleteLater()


WISHES = ("start", "toggle", "pause", "step", "epoch", "reset", "speed")


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wishes=st.lists(st.sampled_from(WISHES), max_size=40))
def test_that_any_hammering_ends_in_the_state_of_the_last_wish(
    qtbot: QtBot, trainer: Trainer, wishes: list[str]
) -> None:
    for wish in wishes:
        if wish == "speed":
            trainer.speed_requested.emit(1000.0)
        elif wish == "reset":
            trainer.reset_requested.emit(None)
        else:
            getattr(trainer, f"{wish}_requested").emit()
    states: list[RunState] = []
    trainer.state_changed.connect(states.append)
    trainer.start_requested.emit()
    trainer.pause_requested.emit()
    qtbot.waitUntil(lambda: bool(states) and states[-1] is RunState.PAUSED)
    trainer.state_changed.disconnect(states.append)


def test_that_a_worker_without_data_stays_quiet() -> None:
    worker = TrainingWorker()
    for act in (worker.start, worker.pause, worker.step, worker.epoch):
        act()
    worker.reset(None)
    worker.adjust({"learning_rate": 1.0})
    assert worker.thread().isRunning()  # the test's own thread: nothing was started
    worker.deleteLater()


def test_that_two_toggles_at_once_end_where_they_began(qtbot: QtBot, trainer: Trainer) -> None:
    states: list[RunState] = []
    trainer.state_changed.connect(states.append)
    trainer.toggle_requested.emit()
    trainer.toggle_requested.emit()
    qtbot.waitUntil(lambda: len(states) == 2)
    assert states == [RunState.RUNNING, RunState.PAUSED]
