"""Projects to write and read back, and what is in them to compare."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from softmax_gui.core.dense import Dense
from softmax_gui.data.cut import Cut
from softmax_gui.data.dataset import Dataset
from softmax_gui.data.drawn import DrawnSet
from softmax_gui.data.options import ReadOptions
from softmax_gui.data.synthetic import World
from softmax_gui.export.project import Fingerprint, Project, save_project
from softmax_gui.export.runs import trained_model
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.session import TrainingSession
from softmax_gui.training.solving import _COUNTS
from tests.training.worlds import blobs, measured

CONFIG = TrainConfig(learning_rate=0.1, batch_size=7, momentum=0.9, seed=3, device="numpy")


def every_kind() -> Dataset:
    """Two pictures of each of two classes, with all that a Dataset can have."""
    random = np.random.default_rng(5)
    targets = np.array([[0.9, 0.1], [0.25, 0.75], [1.0, 0.0], [0.1, 0.9]])
    return Dataset(
        name="my own set",
        X=random.normal(size=(4, 6)),
        labels=targets.argmax(axis=1),
        class_names=("1", "고양이"),  # a number, which is no place in the list
        feature_names=tuple("abcdef"),
        image_shape=(2, 3),
        pixel_range=(-1.0, 255.5),
        floor=0.1 + 0.2,
        validation_share=1 / 3,
        truth=Dense(random.normal(size=(6, 2)), random.normal(size=2)),
        notes=("One.", "둘."),
        targets=targets,
        weights=np.array([1.0, 2.0, 0.0, 0.1]),
        groups=("x", "y", "x", ""),
        parts=np.array([0, 1, 2, 0], np.int8),
    )


def drawn() -> DrawnSet:
    """Two drawn examples, one of them soft, and a class without any."""
    pictures = np.array([[[0.0, 1.0], [0.3, 0.1]], [[1.0, 1.0], [0.0, 0.7]]])
    targets = np.array([[1.0, 0.0, 0.0], [0.3, 0.7, 0.0]])
    return DrawnSet((2, 2), ("cat", "개", "2"), pictures, targets)


def a_session(config: TrainConfig = CONFIG) -> TrainingSession:
    session = TrainingSession(blobs(), config)
    session.advance(steps=100)
    return session


def a_project() -> Project:
    """Every field with a value of its own."""
    session = a_session()
    now = measured(session)
    return Project(
        source=str(Path("/data", "꽃 \udcff.csv")),
        config=TrainConfig(learning_rate=0.1 + 0.2, solver="lbfgs", seed=1 << 70),
        cut=Cut(validation_share=0.3, test_share=0.1, scaling="unit"),
        world=World(3.5, 0.25),
        options=ReadOptions(
            label_column="종류", group_column="g", header=True, delimiter=";", decimal=",",
            encoding="cp949", picture_size=(28, 30), class_order=("b", "a"), limit_bytes=1 << 33,
        ),
        dataset=None,
        fingerprint=Fingerprint(12, "0123456789abcdef" * 4, 1_700_000_000_123_456_789),
        checkpoint=session.checkpoint(),
        history=now.history.rows,
        drawn=drawn(),
        view={"layout": "AAAA/w==", "unit": "bit", "이름": "값"},
        model=trained_model(now, session.split),
    )  # fmt: skip


def contents(value: Any) -> Any:
    """All that is in a project, an array as its type, shape, order and bytes."""
    if isinstance(value, np.ndarray):
        turned = value.flags.f_contiguous and not value.flags.c_contiguous
        return str(value.dtype), value.shape, turned, value.tobytes()
    if isinstance(value, dict):
        return {name: contents(one) for name, one in value.items()}
    if isinstance(value, tuple):
        return tuple(map(contents, value))
    if hasattr(value, "__dataclass_fields__"):
        return {field.name: contents(getattr(value, field.name)) for field in fields(value)}
    return value


def state_of(session: TrainingSession) -> tuple[object, ...]:
    """All that decides how a run goes on.

    Not the passes of a solver, which prepares itself again with some when it is resumed.
    """
    at = session.checkpoint()
    slots = {name: slot.tobytes() for name, slot in at.parameters.slots.items()}
    minibatches = at.config.solver == "minibatch"
    if not minibatches:
        slots.pop(_COUNTS)
    weights = at.parameters.W.tobytes(), at.parameters.b.tobytes()
    counted = (at.examples, at.parameters.steps, at.watch) if minibatches else ()
    return *weights, slots, at.step, at.config, at.device, *counted


def members_of(path: Path) -> dict[str, bytes]:
    """With the standard library alone, as anybody can."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def rewritten(path: Path, change: Any) -> None:
    """The project with its JSON changed by a function of the record."""
    members = members_of(path)
    record = json.loads(members["project.json"])
    record = change(record) or record
    members["project.json"] = json.dumps(record).encode()
    path.write_bytes(zipped(members))


def saved(path: Path, project: Project | None = None) -> Project:
    project = a_project() if project is None else project
    save_project(path, project)
    return project


def bytes_of(project: Project) -> bytes:
    """The file of a project."""
    with tempfile.TemporaryDirectory() as folder:
        save_project(Path(folder, "p.softmax"), project)
        return Path(folder, "p.softmax").read_bytes()


SMALL = Project("", TrainConfig(), dataset=every_kind())
