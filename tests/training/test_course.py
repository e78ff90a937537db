"""The course of a run: its ends, what is kept on the way, its best weights, and going on."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from softmax_gui.data.batches import split
from softmax_gui.data.dataset import Dataset, Split, feature_names
from softmax_gui.training.course import Plan, RunCheckpoint
from softmax_gui.training.run import train
from softmax_gui.training.session import TrainingSession
from softmax_gui.training.snapshot import Snapshot
from tests.training.test_run import FOR_EVER, NUMPY, after, singles
from tests.training.worlds import blobs, measured


class Kept:
    """A keeper that keeps in memory."""

    def __init__(self) -> None:
        self.rows: list[np.ndarray] = []
        self.states: list[RunCheckpoint] = []

    def measured(self, snapshot: Snapshot) -> None:
        self.rows.append(snapshot.history.rows)

    def checkpoint(self, state: RunCheckpoint, snapshot: Snapshot) -> None:
        assert state.session.step == snapshot.step
        self.states.append(state)


def epochs_of(kept: Kept, parts: Split) -> list[float]:
    return [state.session.examples / parts.train.n for state in kept.states]


def test_that_a_run_ends_by_the_clock_as_if_it_were_done() -> None:
    run = train(blobs(), NUMPY, Plan(FOR_EVER, stop_after_s=0.05))
    assert (run.ended, run.interrupted, run.problem) == ("time", False, "")
    assert 0 < run.snapshot.step == run.snapshot.measured_at


def test_that_checkpoints_are_taken_after_the_epochs_wished_for_and_at_the_end() -> None:
    kept, parts = Kept(), blobs()
    train(parts, NUMPY, Plan(7, checkpoint_epochs=3), keeper=kept)
    assert epochs_of(kept, parts) == [3.0, 6.0, 7.0]
    kept = Kept()
    train(parts, NUMPY, Plan(6, checkpoint_epochs=3), keeper=kept)
    assert epochs_of(kept, parts) == [3.0, 6.0]
    kept = Kept()
    train(parts, NUMPY, Plan(2), keeper=kept)
    assert epochs_of(kept, parts) == [2.0]


def test_that_checkpoints_by_the_clock_come_between_two_slices() -> None:
    kept = Kept()
    train(blobs(), NUMPY, Plan(FOR_EVER, checkpoint_s=0.0), keeper=kept, stopped=after(3))
    assert len(kept.states) == 3


def test_that_who_is_asked_to_end_keeps_what_it_needs_to_go_on() -> None:
    kept = Kept()
    run = train(blobs(), NUMPY, FOR_EVER, keeper=kept, stopped=after(1))
    assert run.interrupted
    epochs = int(run.snapshot.epoch) + 2
    again = train(blobs(), NUMPY, epochs, resume=kept.states[-1])
    whole = train(blobs(), NUMPY, epochs)
    assert again.snapshot.model.W.tobytes() == whole.snapshot.model.W.tobytes()
    assert run.snapshot.step < again.snapshot.step == whole.snapshot.step


def test_that_a_run_that_has_done_its_epochs_says_how_to_go_on() -> None:
    kept = Kept()
    train(blobs(), NUMPY, 2, keeper=kept)
    with pytest.raises(ValueError, match=r"has done its 2 epochs\. --epochs with more goes on"):
        train(blobs(), NUMPY, 2, resume=kept.states[-1])


def overfitting() -> Split:
    """Labels that nothing explains: the validation loss rises from the first steps on."""
    random = np.random.default_rng(0)
    X, labels = random.normal(size=(60, 30)), np.arange(60) % 3
    return split(Dataset("noise", X, labels, ("a", "b", "c"), feature_names(30)), seed=0)


def test_that_early_stopping_ends_after_the_patience_with_the_weights_of_the_best_epoch() -> None:
    parts, config = overfitting(), replace(NUMPY, learning_rate=0.01, batch_size=4)
    losses = []
    session = TrainingSession(parts, config)
    for _ in range(30):
        losses.append(measured(session).validation.loss)
        session.advance(epochs=1)
    best = int(np.argmin(losses))
    run = train(parts, config, Plan(1000, patience=4))
    assert run.ended == "early"
    assert run.snapshot.epoch == best
    assert run.snapshot.validation.loss == losses[best]
    assert run.snapshot.history.column("epoch")[-1] == best + 4
    there = TrainingSession(parts, config)
    there.advance(epochs=best)
    assert run.snapshot.model.W.tobytes() == there.snapshot().model.W.tobytes()


def test_that_early_stopping_resumed_from_anywhere_ends_where_it_would_have() -> None:
    parts, config = overfitting(), replace(NUMPY, learning_rate=0.01, batch_size=4)
    kept, plan = Kept(), Plan(1000, patience=6, checkpoint_epochs=1)
    whole = train(parts, config, plan, keeper=kept)
    for state in kept.states[:-1]:
        again = train(parts, config, plan, resume=state)
        assert again.ended == "early"
        assert again.snapshot.step == whole.snapshot.step
        assert again.snapshot.model.W.tobytes() == whole.snapshot.model.W.tobytes()


def test_that_early_stopping_needs_rows_to_validate_with() -> None:
    with pytest.raises(ValueError, match="Early stopping needs rows to validate with"):
        train(singles(), NUMPY, Plan(9, patience=2))


@pytest.mark.parametrize("solver", ["newton-cg", "lbfgs", "auto"])
def test_that_a_solver_ends_by_itself_with_a_certificate(solver: str) -> None:
    run = train(blobs(), replace(NUMPY, solver=solver, weight_decay=1e-2), FOR_EVER)
    summary = json.loads(json.dumps(run.summary(), allow_nan=False))
    assert run.ended == "solved"
    assert summary["certificate"]["verdict"] == "optimum"
    assert summary["certificate"]["relative"] <= 1e-6
    assert summary["solver"] == ("newton-cg" if solver == "auto" else solver)
    assert summary["solver_reason"]


@pytest.mark.parametrize("solver", ["newton-cg", "lbfgs"])
def test_that_a_solver_resumed_from_any_iteration_equals_one_that_was_never_stopped(
    solver: str,
) -> None:
    config, kept = replace(NUMPY, solver=solver, weight_decay=1e-2), Kept()
    whole = train(blobs(), config, Plan(FOR_EVER, checkpoint_epochs=1), keeper=kept)
    assert len(kept.states) > 3
    for state in kept.states[:-1]:
        again = train(blobs(), config, FOR_EVER, resume=state)
        assert again.snapshot.model.W.tobytes() == whole.snapshot.model.W.tobytes()
        assert again.snapshot.step == whole.snapshot.step


def test_that_who_is_asked_to_end_measures_no_more_where_that_takes_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("softmax_gui.training.course.COSTLY_S", -1.0)
    monkeypatch.setattr("softmax_gui.training.cadence.MOST_SHARE", 1e-9)  # not due
    monkeypatch.setattr("softmax_gui.training.cadence.EARLY_STEPS", 0)
    run = train(blobs(), NUMPY, FOR_EVER, stopped=after(1))
    assert run.snapshot.measured_at < run.snapshot.step
