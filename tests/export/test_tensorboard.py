"""Event files: what TensorBoard reads is what was measured."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from softmax_gui.export.tensorboard import TAGS, EventsNotAvailable, EventWriter
from softmax_gui.training.history import COLUMNS


def rows(*steps: int) -> np.ndarray:
    """Measurements of two parts, of which the second has no rows."""
    numbers = {"train_loss": 0.5, "train_accuracy": 0.75}
    return np.array([[numbers.get(name, np.nan) for name in COLUMNS[1:]] for _ in steps]).reshape(
        -1, len(COLUMNS) - 1
    )


def history(*steps: int) -> np.ndarray:
    return np.column_stack([steps, rows(*steps)])


def scalars(folder: Path) -> list[tuple[int, str, float]]:
    """(step, tag, value) of every event in the folder, in the order of the file."""
    reader = pytest.importorskip("tensorboardX.record_writer")
    assert reader is not None
    from tensorboardX.proto.event_pb2 import Event

    found = []
    (file,) = folder.iterdir()
    data = file.read_bytes()
    while data:  # length, its checksum, the event, its checksum
        length = int.from_bytes(data[:8], "little")
        event = Event.FromString(data[12 : 12 + length])
        found += [(event.step, value.tag, value.simple_value) for value in event.summary.value]
        data = data[16 + length :]
    return found


def test_that_each_measurement_is_there_once_under_its_tag_and_step(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    writer = EventWriter(tmp_path / "events")
    writer.add(history(0, 5))
    writer.add(history(0, 5, 9))  # a run that went back repeats what it keeps
    writer.close()
    assert scalars(tmp_path / "events") == [
        (step, TAGS[name], value)
        for step in (0, 5, 9)
        for name, value in (("train_loss", 0.5), ("train_accuracy", 0.75))
    ]


def test_that_without_the_package_the_sentence_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(EventsNotAvailable, match=r"softmax-gui\[tensorboard\]"):
        EventWriter(tmp_path)
