"""What each process of a distributed test does: trains, and rank 0 writes what came of it."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import numpy as np

from softmax_gui.data.stored import open_stored
from softmax_gui.data.stored_split import StoredSplit, stored_split
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.distributed import Ranks, join
from softmax_gui.training.session import TrainingSession
from tests.training.worlds import blobs, measured


def main(folder: str, runs: str, steps: str) -> None:
    """Trains on the blobs, once for each of the runs; the results go to folder/NAME.npz."""
    ranks = join("numpy")
    try:
        for name, settings in json.loads(runs).items():
            split = on_disk(Path(folder)) if name.startswith("disk") else blobs()
            session = TrainingSession(split, TrainConfig(**settings), ranks)
            session.advance(steps=int(steps), seconds=30.0)
            _keep(Path(folder) / f"{name}.npz", session, ranks)
        if "lose" in Path(folder).name:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # torchrun's; it comes as well
            session.advance(steps=1)  # all have come here
            if ranks.rank == ranks.size - 1:
                os._exit(3)  # as a machine that loses its power
            session.advance(epochs=10**6)
    finally:
        ranks.leave()


def on_disk(folder: Path) -> StoredSplit:
    """Rows in two shards of the folder."""
    return stored_split(open_stored(folder), seed=0, scaling="none", sample_bytes=4096)


def _keep(file: Path, session: TrainingSession, ranks: Ranks) -> None:
    one = measured(session)
    if ranks.rank == 0:
        np.savez(
            file, W=one.model.W, b=one.model.b, step=one.step,
            losses=[one.train.loss, one.validation.loss],
            correct=[one.train.correct, one.validation.correct, one.train.total],
        )  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
