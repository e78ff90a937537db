"""Checkpoints: every bit comes back, and what can't be trusted is refused in a sentence."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from softmax_gui.export import checkpoints
from softmax_gui.export.checkpoints import (
    STATE,
    from_record,
    load_checkpoint,
    save_checkpoint,
    to_record,
)
from softmax_gui.export.runs import trained_model
from softmax_gui.export.weights import load_model
from softmax_gui.files import FileProblem
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.course import Best, RunCheckpoint
from softmax_gui.training.session import TrainingSession
from tests.training.worlds import blobs, measured

CONFIG = TrainConfig(
    learning_rate=0.1, batch_size=7, momentum=0.9, weight_decay=1e-3, seed=3, device="numpy"
)


def on_the_way(steps: int = 100, config: TrainConfig = CONFIG) -> TrainingSession:
    session = TrainingSession(blobs(), config)
    session.advance(steps=steps)
    return session


def saved(path: Path, session: TrainingSession) -> RunCheckpoint:
    now = measured(session)
    best = Best(now.model, now.step, now.examples, session.epoch, now.train, now.validation)
    state = RunCheckpoint(session.checkpoint(), best)
    save_checkpoint(path, state, trained_model(now, session.split))
    return state


def flat(value: Any) -> tuple[str, dict[str, Any]]:
    """Everything in a state: JSON's part as a text, and each array with its order in memory."""
    arrays: dict[str, np.ndarray] = {}
    record = json.dumps(to_record(value, "", arrays))
    return record, {name: (a.dtype, a.shape, a.tobytes()) for name, a in arrays.items()}


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_that_a_checkpoint_comes_back_bit_by_bit(tmp_path: Path, optimizer: str) -> None:
    state = saved(tmp_path / "c", on_the_way(config=replace(CONFIG, optimizer=optimizer)))
    again = load_checkpoint(tmp_path / "c")
    assert flat(again) == flat(state)
    assert again.session.config == state.session.config
    assert again.session.device == state.session.device


def test_that_a_resumed_session_equals_one_that_went_on(tmp_path: Path) -> None:
    session = on_the_way()
    saved(tmp_path / "c", session)
    resumed = TrainingSession.resume(session.split, load_checkpoint(tmp_path / "c").session)
    for one in (session, resumed):
        one.advance(steps=333)
    assert resumed.snapshot().model.W.tobytes() == session.snapshot().model.W.tobytes()
    assert flat(replace(resumed.checkpoint(), seconds=0.0)) == flat(
        replace(session.checkpoint(), seconds=0.0)
    )


def test_that_a_checkpoint_is_a_weights_file_too(tmp_path: Path) -> None:
    session = on_the_way()
    saved(tmp_path / "c", session)
    model = load_model(tmp_path / "c")
    np.testing.assert_array_equal(model.dense.W, session.snapshot().model.W)
    assert model.class_names == session.split.dataset.class_names
    assert model.metrics["steps"] == 100


def test_that_numbers_arrays_and_their_order_survive_json() -> None:
    value = {
        "rows": np.arange(6.0).reshape(2, 3), "columns": np.arange(6.0).reshape(2, 3).T,
        "whole": np.arange(3), "single": np.array([0.1, np.nan], np.float32),
        "flag": np.array(True),
        "numbers": [0.1, -0.0, float("inf"), float("nan"), 1 << 70, None, True, "가"],
        "pair": (1, (2.5, "x")), "scalar": np.float64(0.1), "none": {},
    }  # fmt: skip
    arrays: dict[str, np.ndarray] = {}
    again = from_record(json.loads(json.dumps(to_record(value, "v", arrays))), arrays)
    assert flat(again) == flat(value)
    assert again["columns"].flags.f_contiguous
    assert again["pair"] == (1, (2.5, "x"))
    assert again["flag"].shape == ()


def test_that_a_class_nobody_foresaw_is_not_written_and_not_made() -> None:
    with pytest.raises(TypeError, match=r"v is a \w*Path, which no checkpoint holds"):
        to_record(Path(), "v", {})
    with pytest.raises(ValueError, match='it holds a "Popen", unknown here'):
        from_record({"@": "Popen", "args": ["ls"]}, {})


def test_that_a_field_added_since_takes_its_default_and_one_without_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @dataclass(frozen=True)
    class Old:
        a: int = 1

    @dataclass(frozen=True)
    class New:
        a: int
        b: list[int] = field(default_factory=list)

    monkeypatch.setitem(checkpoints._CLASSES, "Old", Old)
    record = to_record(Old(7), "v", {})
    monkeypatch.setitem(checkpoints._CLASSES, "Old", New)
    assert from_record(record, {}) == New(7, [])
    with pytest.raises(KeyError, match=r"New\.a"):
        from_record({"@": "Old"}, {})
    with pytest.raises(ValueError, match=r'it holds "New\.c", unknown here'):
        from_record({"@": "Old", "a": 1, "c": 2}, {})


def rewritten(path: Path, change: Any) -> None:
    """The checkpoint with its JSON changed by a function of the record."""
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    metadata = json.loads(data[8 : 8 + length])["__metadata__"]
    record = json.loads(metadata[STATE])
    metadata[STATE] = json.dumps(change(record) or record)
    path.write_bytes(safetensors.numpy.save(safetensors.numpy.load(data), metadata=metadata))


DEVICE = {"@": "Device", "kind": "numpy", "label": "", "reason": ""}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda record: {"version": 99}, "it is of version 99, this program writes 1"),
        (lambda record: {"version": 1, "state": DEVICE}, "it holds no run"),
        (lambda record: [record], "list"),
        (lambda record: record["state"]["session"].pop("parameters") and {}, "Checkpoint.param"),
        (lambda record: record["state"]["session"].update(x=1), '"Checkpoint.x", unknown here'),
        (lambda record: record["state"]["session"]["watch"].pop("best") and {}, "DivergenceWatch."),
        (lambda record: record["state"]["session"]["config"].update(seed=-1), "seed is -1"),
    ],
)
def test_that_what_another_version_wrote_is_refused_in_a_sentence(
    tmp_path: Path, change: Any, sentence: str
) -> None:
    saved(tmp_path / "step.safetensors", on_the_way())
    rewritten(tmp_path / "step.safetensors", change)
    with pytest.raises(FileProblem, match=rf"step.safetensors can't be used .*{sentence}"):
        load_checkpoint(tmp_path / "step.safetensors")


def test_that_a_file_cut_short_and_one_without_a_state_are_refused(tmp_path: Path) -> None:
    session = on_the_way()
    saved(tmp_path / "c", session)
    whole = (tmp_path / "c").read_bytes()
    for size in (0, 7, 100, len(whole) // 2, len(whole) - 1):
        (tmp_path / "c").write_bytes(whole[:size])
        with pytest.raises(FileProblem, match="c can't be used to go on"):
            load_checkpoint(tmp_path / "c")
    (tmp_path / "c").write_bytes(safetensors.numpy.save({"weight": np.ones((2, 2))}))
    with pytest.raises(FileProblem, match="it lacks '__metadata__'"):
        load_checkpoint(tmp_path / "c")
