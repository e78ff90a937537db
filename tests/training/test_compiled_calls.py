"""A call of the compiled loop can't look at the clock: it makes so few steps that it is in time."""

from __future__ import annotations

import pytest

from softmax_gui.training.compiled import CompiledEngine
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.session import TrainingSession
from tests.bench.engine.problems import drawn
from tests.bench.engine.product import whole_split


@pytest.mark.parametrize(("left_s", "steps"), [(1.0, 20), (0.0071, 7), (0.0, 1), (-1.0, 1)])
def test_that_a_call_is_no_longer_than_what_is_left_of_its_slice(
    monkeypatch: pytest.MonkeyPatch, left_s: float, steps: int
) -> None:
    pytest.importorskip("numba")
    config = TrainConfig(device="compiled", batch_size=10)
    engine = TrainingSession(whole_split(*drawn(100, 4, 3)), config)._engine
    assert isinstance(engine, CompiledEngine)
    monkeypatch.setattr(engine, "_step_s", lambda _config: 0.001)
    monkeypatch.setattr(engine, "now", lambda: 50.0)
    assert engine.run(0, 1000, config, 50.0 + left_s).steps == steps
