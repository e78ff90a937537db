"""What the window asks for, and what of it fits data and machine: threads, PHM order."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np

from softmax_gui.core.models import phm_orders
from softmax_gui.data.cut import Cut
from softmax_gui.data.dataset import Split
from softmax_gui.data.options import ReadOptions
from softmax_gui.data.stored import Examples
from softmax_gui.data.stored_split import StoredSplit
from softmax_gui.data.synthetic import World
from softmax_gui.training.checkpoint import Checkpoint
from softmax_gui.training.compiled import threads_for
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import cores
from softmax_gui.training.snapshot import Snapshot

Stamp = tuple[int, int]
"""Bytes of a file and when it was changed: cheap to ask, unlike a fingerprint."""

RATE_DEPENDS_ON = {"batch_size", "momentum", "weight_decay", "class_weight"}


@dataclass(frozen=True, eq=False)
class Start:
    """Where a run that was kept goes on.

    Attributes:
        checkpoint: its state, bit by bit.
        history: (m, len(history.COLUMNS)), what was measured up to there.
    """

    checkpoint: Checkpoint
    history: np.ndarray


@dataclass(frozen=True, eq=False)
class Kept:
    """A run at one moment, between two steps.

    Attributes:
        checkpoint: its state, bit by bit.
        snapshot: of the same step, with the settings as the user made them.
        split: what the window sees of its data.
    """

    checkpoint: Checkpoint
    snapshot: Snapshot
    split: Split


@dataclass(frozen=True)
class LoadRequest:
    """Which data to train on from now, and how.

    Attributes:
        source: a sample's name or a file's path.
        config: the settings of the run.
        world: describes the 2x2 world.
        dataset: what was read already; the source names it.
        options: how the file is to be read, or was.
        cut: shares of the parts and scaling.
        start: where to go on; None begins at step 0.
        mixed: whether `dataset` is more than the source holds.
        stamp: of the source when it was read; None for what is no file.
        rate_open: whether nobody has chosen a learning rate, so that it follows the data.
    """

    source: str
    config: TrainConfig
    world: World | None = None
    dataset: Examples | None = None
    options: ReadOptions | None = None
    cut: Cut = field(default_factory=Cut)
    start: Start | None = None
    mixed: bool = False
    stamp: Stamp | None = None
    rate_open: bool = False


class SweepState(Enum):
    """Where a path of weight decays stands."""

    IDLE = "idle"
    RUNNING = "running"
    PAUSED = "paused"


def as_run(config: TrainConfig, split: Split | StoredSplit) -> TrainConfig:
    """The config with the number of threads that a run in the window takes.

    As many as pay, but for one core, which the window needs to draw; or as the config says.
    """
    threads = max(1, min(threads_for(split, config), cores() - 1))
    return replace(config, threads=config.threads or threads)


def legal_orders(dataset: Examples) -> tuple[int, ...]:
    """The orders of a PHM layer that saves weights; order 1 is the dense layer, and a factor."""
    return tuple(order for order in phm_orders(dataset.d, dataset.q) if order > 1)


def fitted(config: TrainConfig, dataset: Examples) -> TrainConfig:
    """The config with a dense layer where its PHM order does not fit the data."""
    fits = config.phm_order in (0, *legal_orders(dataset))
    return config if fits else replace(config, phm_order=0)
