"""Two and four processes train as one does, and a lost one ends the run with a sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from softmax_gui.data.stored_split import StoredSplit
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.distributed import launched
from softmax_gui.training.session import TrainingSession
from tests.training.rank import on_disk
from tests.training.worlds import blobs, measured

pytest.importorskip("torch.distributed")
ROOT = Path(__file__).parents[2]
STEPS = 40
RUNS = {
    "sgd": {"momentum": 0.5, "weight_decay": 1e-3, "learning_rate": 0.1},
    "adam": {"optimizer": "adam", "class_weight": "balanced", "label_smoothing": 0.1},
    "newton-cg": {"solver": "newton-cg", "weight_decay": 1e-2},
    "lbfgs": {"solver": "lbfgs", "weight_decay": 1e-2, "class_weight": "balanced"},
    "disk-newton-cg": {"solver": "newton-cg", "weight_decay": 1e-2},
    # as many rows a step as there are: the order in which each reads its own does not matter then
    "disk-sgd": {"batch_size": 4096, "learning_rate": 0.1, "momentum": 0.5},
}


def write_shards(folder: Path) -> None:
    """550 rows, of which 448 are left to train on: 2 and 4 ranks have as many each."""
    random = np.random.default_rng(5)
    labels = np.arange(550) % 3
    X = random.normal(size=(550, 5)) + random.normal(size=(3, 5))[labels]
    for number, rows in enumerate((slice(0, 300), slice(300, 550))):
        np.save(folder / f"x-{number}.npy", X[rows])
        np.save(folder / f"y-{number}.npy", labels[rows])


def start(folder: Path, ranks: int, *names: str) -> subprocess.CompletedProcess[str]:
    """torchrun with so many processes on this machine, which do these of the RUNS."""
    runs = json.dumps({name: RUNS[name] for name in names})
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={ranks}",
        "-m", "tests.training.rank", str(folder), runs, str(STEPS),
    ]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=55, check=False
    )


@pytest.mark.parametrize("ranks", [2, 4])
def test_that_many_ranks_find_what_one_process_finds(tmp_path: Path, ranks: int) -> None:
    write_shards(tmp_path)
    done = start(tmp_path, ranks, *RUNS)  # all at once: torch takes seconds to load
    assert done.returncode == 0, done.stderr
    for name, settings in RUNS.items():
        split = on_disk(tmp_path) if name.startswith("disk") else blobs()
        assert not isinstance(split, StoredSplit) or split.train.n % ranks == 0
        alone = TrainingSession(split, TrainConfig(device="numpy", **settings))  # type: ignore[arg-type]
        alone.advance(steps=STEPS)
        one = measured(alone)
        with np.load(tmp_path / f"{name}.npz") as kept:
            np.testing.assert_allclose(kept["W"], one.model.W, rtol=1e-6, atol=1e-6)
            np.testing.assert_allclose(kept["b"], one.model.b, rtol=1e-6, atol=1e-6)
            assert kept["step"] == one.step
            assert kept["losses"] == pytest.approx([one.train.loss, one.validation.loss], rel=1e-6)
            totals = [one.train.correct, one.validation.correct, one.train.total]
            assert kept["correct"].tolist() == totals


def test_that_a_lost_rank_ends_the_run_with_a_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "lose"
    folder.mkdir()
    done = start(folder, 2, "sgd")
    assert done.returncode != 0
    assert (folder / "sgd.npz").exists()
    assert "A process of this run has gone" in done.stderr
    assert "--resume" in done.stderr


def test_that_a_process_knows_whether_torchrun_started_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not launched()
    for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.setenv(name, "0")
    assert launched()
