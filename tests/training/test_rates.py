"""The learning rate that a run begins with where nobody has chosen one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from softmax_gui.data.batches import split
from softmax_gui.data.dataset import Dataset, Split
from softmax_gui.data.samples import load
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.rates import rounded_down, stable_rate, with_stable_rate
from softmax_gui.training.session import TrainingSession
from softmax_gui.training.watch import TrainingDiverged


def wide(scale: float = 1.0) -> Split:
    """Features far from zero, as in many tables: the usual rate is far too large."""
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 3, 400)
    X = 20.0 + 3.0 * rng.normal(size=(400, 60))
    X[np.arange(400), labels] += 20.0
    names = tuple(f"x{place}" for place in range(60))
    rows = Dataset("wide", scale * X, labels, ("a", "b", "c"), names)
    return split(rows, 0, 0.2, scaling="none")


def test_that_the_usual_rate_diverges_where_the_stable_one_learns() -> None:
    parts = wide()
    with pytest.raises(TrainingDiverged):
        TrainingSession(parts, TrainConfig()).advance(epochs=50)
    config = with_stable_rate(parts, TrainConfig())
    assert 0 < config.learning_rate <= stable_rate(parts, config) < TrainConfig.learning_rate
    session = TrainingSession(parts, config)
    before = session.snapshot().train.loss
    session.advance(epochs=50)
    session.measure()
    assert session.snapshot().train.loss < 0.9 * before


def test_that_the_rate_follows_batch_momentum_and_decay() -> None:
    parts, plain = wide(), TrainConfig()
    for changes in ({"batch_size": 1}, {"momentum": 0.9}, {"weight_decay": 1e5}):
        config = replace(plain, **changes)
        rate = with_stable_rate(parts, config).learning_rate
        assert rate == rounded_down(stable_rate(parts, config))
        assert rate < with_stable_rate(parts, plain).learning_rate


def test_that_a_usual_rate_that_is_stable_stays() -> None:
    parts = split(load("2x2", seed=0), 0)
    assert stable_rate(parts, TrainConfig()) > TrainConfig.learning_rate
    assert with_stable_rate(parts, TrainConfig(learning_rate=3.0)) == TrainConfig()


@pytest.mark.parametrize("scale", [1e-170, 1e151], ids=["tiny", "huge"])
def test_that_numbers_without_a_square_leave_the_usual_rate(scale: float) -> None:
    assert with_stable_rate(wide(scale), TrainConfig()) == TrainConfig()


@pytest.mark.parametrize(
    "changes", [{"optimizer": "adam"}, {"phm_order": 3}, {"solver": "newton-cg"}],
    ids=["adam", "phm", "solver"],
)  # fmt: skip
def test_that_where_no_bound_is_known_the_rate_is_left_alone(changes: dict[str, object]) -> None:
    config = TrainConfig(learning_rate=0.01, **changes)  # type: ignore[arg-type]
    assert with_stable_rate(wide(), config) is config
