"""A run that was saved in a project goes on bit by bit, whatever trains it on whatever data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from softmax_gui.data.cut import Cut
from softmax_gui.data.dataset import Dataset
from softmax_gui.data.options import ReadOptions
from softmax_gui.data.readers import read_dataset
from softmax_gui.data.samples import load
from softmax_gui.export.project import Project, load_project, look_at_fit, save_project
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.session import TrainingSession
from tests.export.projects import a_project, drawn, saved, state_of
from tests.training.worlds import blobs, digits, rare, soft_blobs


def two_of_each() -> Dataset:
    """Eight drawn pictures."""
    more = drawn()
    for picture in np.random.default_rng(0).uniform(size=(6, 2, 2)):
        more = more.added(picture, [0.2, 0.3, 0.5])
    return more.dataset("mine")


SGD = TrainConfig(learning_rate=0.1, batch_size=7, seed=3, device="numpy")
CUT = Cut(validation_share=0.3, test_share=0.1, scaling="standardise")
CONFIGS = {
    "sgd": SGD,
    "momentum": replace(SGD, momentum=0.9, weight_decay=1e-3),
    "adam": replace(SGD, optimizer="adam", learning_rate=0.01),
    "smoothed": replace(SGD, label_smoothing=0.1, class_weight="balanced"),
    "lbfgs": TrainConfig(solver="lbfgs", weight_decay=1e-3, device="numpy", tolerance=1e-12),
    "newton-cg": TrainConfig(solver="newton-cg", weight_decay=1e-3, device="numpy",
                             tolerance=1e-14),
    "float32": replace(SGD, dtype="float32", optimizer="adam"),
}  # fmt: skip
SETS: dict[str, Callable[[], Dataset]] = {
    "table": lambda: blobs(weighted=True).dataset,
    "soft labels": lambda: soft_blobs().dataset,
    "pictures": lambda: digits().dataset,
    "uneven": lambda: rare().dataset,
    "drawn": two_of_each,
}


def in_the_middle(
    data: Dataset, config: TrainConfig, steps: int
) -> tuple[TrainingSession, Project]:
    session = TrainingSession(CUT.of(data, config.seed), config)
    session.advance(steps=steps)
    project = Project(
        "", config, CUT, dataset=data, checkpoint=session.checkpoint(),
        history=session.snapshot().history.rows,
    )  # fmt: skip
    return session, project


def resumed(project: Project, data: Dataset) -> TrainingSession:
    assert project.checkpoint is not None
    parts = project.cut.of(data, project.config.seed)
    return TrainingSession.resume(parts, project.checkpoint, history=project.history)


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("kind", SETS)
def test_that_a_saved_run_goes_on_as_if_it_had_never_stopped(
    tmp_path: Path, kind: str, name: str
) -> None:
    data, config = SETS[kind](), CONFIGS[name]
    steps = 3 if config.solver != "minibatch" else 53  # in the middle of an epoch
    session, project = in_the_middle(data, config, steps)
    save_project(tmp_path / "p.softmax", project)
    again = load_project(tmp_path / "p.softmax")
    assert again.dataset is not None
    other = resumed(again, again.dataset)
    for one in (session, other):
        one.advance(steps=2 * steps + 1)
    assert state_of(other) == state_of(session)
    rows = session.snapshot().history.rows
    shared = len(project.history)
    np.testing.assert_array_equal(other.snapshot().history.rows[:shared], rows[:shared])


def test_that_a_compiled_run_goes_on_bit_by_bit(tmp_path: Path, loop_compiled: None) -> None:
    config = replace(CONFIGS["adam"], device="compiled", threads=2)
    session, project = in_the_middle(SETS["pictures"](), config, 777)
    save_project(tmp_path / "p.softmax", project)
    again = load_project(tmp_path / "p.softmax")
    assert again.dataset is not None
    assert again.checkpoint is not None
    assert again.checkpoint.device is not None
    assert again.checkpoint.device.threads == 2
    other = resumed(again, again.dataset)
    for one in (session, other):
        one.advance(steps=500)
    assert state_of(other) == state_of(session)


def test_that_a_run_on_a_file_goes_on_when_the_file_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "fruit.csv").write_text(
        "a;b;kind\n" + "".join(f"{i},5;{i * i % 7};{'AB'[i % 3 == 0]}\n" for i in range(60)),
        "utf-8",
    )
    options = ReadOptions(delimiter=";", decimal=",", class_order=("B", "A"))
    data = read_dataset(tmp_path / "fruit.csv", options)
    session, project = in_the_middle(data, CONFIGS["momentum"], 40)
    source = str(tmp_path / "fruit.csv")
    save_project(
        tmp_path / "p.softmax", replace(project, source=source, options=options, dataset=None)
    )
    again = load_project(tmp_path / "p.softmax")
    assert again.options is not None
    other = resumed(again, read_dataset(again.source, again.options))
    for one in (session, other):
        one.advance(steps=40)
    assert state_of(other) == state_of(session)


def test_that_a_run_on_the_2x2_world_goes_on_from_its_seed(tmp_path: Path) -> None:
    config = replace(SGD, seed=11)
    session = TrainingSession(Cut().of(load("2x2", seed=11), 11), config)
    session.advance(steps=64)
    save_project(tmp_path / "p.softmax", Project("2x2", config, checkpoint=session.checkpoint()))
    again = load_project(tmp_path / "p.softmax")
    other = resumed(again, load("2x2", again.config.seed, again.world))
    for one in (session, other):
        one.advance(steps=64)
    assert state_of(other) == state_of(session)


def test_that_a_phm_run_goes_on_bit_by_bit(tmp_path: Path) -> None:
    config = replace(SGD, phm_order=2, optimizer="adam", learning_rate=0.01)
    data = blobs(d=6, q=4).dataset
    session, project = in_the_middle(data, config, 50)
    save_project(tmp_path / "p.softmax", project)
    other = resumed(load_project(tmp_path / "p.softmax"), data)
    for one in (session, other):
        one.advance(steps=50)
    assert state_of(other) == state_of(session)


def test_that_a_run_is_held_to_the_sizes_of_its_data(tmp_path: Path) -> None:
    saved(tmp_path / "p.softmax")
    checkpoint = load_project(tmp_path / "p.softmax").checkpoint
    assert checkpoint is not None
    look_at_fit(checkpoint, 5, 3)
    with pytest.raises(ValueError, match="for 5 features and 3 classes, the data have 3 and 5"):
        look_at_fit(checkpoint, 3, 5)
    assert a_project().model is not None
