"""Forks children that keep writing one file, and kills each at a random moment.

    python -m tests.killed WRITER FOLDER KILLS

Prints {"torn": [...], "leftovers": n, "seen": n}: contents that are neither of the two, temporary
files that the kills left, and how many of the two contents were met. All is imported before the
first fork, so a kill takes some milliseconds.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import select
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NoReturn, TypeAlias

from softmax_gui.data.dataset import Dataset, feature_names
from softmax_gui.export.checkpoints import load_checkpoint, save_checkpoint
from softmax_gui.export.datasets import dataset_npz
from softmax_gui.export.model import TrainedModel
from softmax_gui.export.project import Project, load_project, save_project
from softmax_gui.export.runs import load_run_or_model, trained_model
from softmax_gui.export.weights import load_model, save_model
from softmax_gui.files import FileProblem, atomic_write, remove_leftovers
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.course import RunCheckpoint
from softmax_gui.training.run import Run, train
from softmax_gui.training.session import TrainingSession
from tests.export.keeping import kept
from tests.export.models import a_model
from tests.training.worlds import blobs, measured

CONFIG = TrainConfig(learning_rate=0.1, batch_size=7, device="numpy")
LONGEST = 1.2  # of the time that both writes take, from the start of a child to its end
EARLIER = ".earlier"


Pair: TypeAlias = tuple[list[Callable[[], None]], Callable[[], str]]
"""What writes one content and the other, and says which of them is there."""


def checkpoint(folder: Path) -> Pair:
    """Two checkpoints of one run over each other, and what tells them apart."""
    target, session = folder / "c.safetensors", TrainingSession(blobs(d=400), CONFIG)
    writes: list[Callable[[], None]] = []
    for _ in range(2):
        session.advance(steps=5)
        state = RunCheckpoint(session.checkpoint())
        model = trained_model(measured(session), session.split)
        writes.append(partial(save_checkpoint, target, state, model))
    return writes, lambda: str(load_checkpoint(target).session.step)


def project(folder: Path) -> Pair:
    """Two states of a project over each other."""
    target, session = folder / "p.softmax", TrainingSession(blobs(d=400), CONFIG)
    writes: list[Callable[[], None]] = []
    for _ in range(2):
        session.advance(steps=5)
        one = Project("iris", CONFIG, checkpoint=session.checkpoint())
        writes.append(partial(save_project, target, one))
    return writes, lambda: str(getattr(load_project(target).checkpoint, "step", None))


def weights(folder: Path) -> Pair:
    """Two exports over each other."""
    target = folder / "w.safetensors"
    models = [replace(a_model(2_000, seed), image_shape=None) for seed in (0, 1)]
    writes = [partial(_export, model, target) for model in models]
    return list(writes), lambda: _digest(load_model(target).dense.W.tobytes())


def _export(model: TrainedModel, target: Path) -> None:
    save_model(model, target, verify=False)


def dataset(folder: Path) -> Pair:
    """Two datasets over each other."""
    target, split = folder / "d.npz", blobs(d=50)
    X, labels = split.dataset.X, split.dataset.labels
    both = [
        dataset_npz(Dataset("x", X + shift, labels, ("a", "b", "c"), feature_names(50)))
        for shift in (0.0, 1.0)
    ]
    writes = [partial(atomic_write, target, data) for data in both]
    return list(writes), lambda: _digest(target.read_bytes())


def run_folder(folder: Path) -> Pair:
    """Runs of one and of two epochs in one folder: the weights of one of them are always there."""
    place = folder / "run"
    runs = [train(blobs(), CONFIG, epochs) for epochs in (1, 2)]
    steps = {run.epochs: run.snapshot.step for run in runs}

    def write(run: Run) -> None:
        with kept(place, run) as writer:
            writer.measured(run.snapshot)
            writer.finish(run)

    def look() -> str:
        try:
            found = load_run_or_model(str(place))
        except FileProblem:  # a new run is under way: the earlier one is set aside
            found = load_model(place / EARLIER / "model.safetensors")
        settings = place / "config.json"
        if (place / "model.safetensors").exists() and settings.exists():
            epochs = json.loads(settings.read_bytes())["epochs"]
            if steps[epochs] != found.metrics["steps"]:
                return "settings of one run, weights of another"
        return _digest(found.dense.W.tobytes())

    return [partial(write, run) for run in runs], look


WRITERS = {
    "checkpoint": checkpoint, "project": project, "weights": weights, "dataset": dataset,
    "run": run_folder,
}  # fmt: skip


def main(name: str, folder: Path, kills: int) -> None:
    """Kills so many children and says what they left."""
    writes, look = WRITERS[name](folder)
    known, takes_s = set(), 0.0
    for write in writes:
        begun = time.monotonic()
        write()
        takes_s += time.monotonic() - begun
        known.add(look())
    moments, torn, met = random.Random(0), [], set()
    for kill in range(kills):
        first = kill % 2  # whichever is there, the other one is written over it
        _kill_one(writes[first:] + writes[:first], moments.uniform(0.0, LONGEST * takes_s))
        try:
            found = look()
        except Exception as error:  # noqa: BLE001 - whatever it is, the file is torn
            found = repr(error)
        met.add(found)
        if found not in known:
            torn.append(found)
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    removed = sum(len(remove_leftovers(one)) for one in folders)
    left = len(list(folder.rglob("*.tmp-softmax")))
    print(json.dumps({"torn": torn, "removed": removed, "left": left, "met": len(met)}))


def _kill_one(writes: list[Callable[[], None]], after_s: float) -> None:
    begun, ready = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(begun)
        _write_for_ever(writes, ready)
    os.close(ready)
    os.read(begun, 1)
    select.select([], [], [], after_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(begun)


def _write_for_ever(writes: list[Callable[[], None]], ready: int) -> NoReturn:
    os.write(ready, b"x")
    while True:
        for write in writes:
            write()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
