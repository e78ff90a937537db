"""Learning rates at which SGD surely stays stable, and the one to begin with on new data."""

from __future__ import annotations

import math
from dataclasses import replace

from softmax_gui.core.stability import safe_learning_rate
from softmax_gui.data.batches import training_weights
from softmax_gui.data.dataset import Split
from softmax_gui.data.stored_split import StoredSplit
from softmax_gui.training.config import TrainConfig


def stable_rate(split: Split | StoredSplit, config: TrainConfig) -> float:
    """The largest rate at which SGD surely stays stable on these rows, whatever the labels.

    Of rows on disk a sample is looked at; see core.stability.safe_learning_rate.

    Raises:
        ValueError: numbers above 1e150, whose squares are not known.
    """
    rows = split.train.sample if isinstance(split, StoredSplit) else split.train
    weights = training_weights(rows, split.dataset.q, config.class_weight)
    return safe_learning_rate(
        rows.X, config.batch_size, config.momentum, config.weight_decay, weights
    )


def with_stable_rate(split: Split | StoredSplit, config: TrainConfig) -> TrainConfig:
    """`config` with the usual learning rate, or a stable one where that is smaller.

    As it is where no such bound is known: for Adam, a PHM layer, or a solver's own steps.
    """
    if (config.solver, config.optimizer, config.phm_order) != ("minibatch", "sgd", 0):
        return config
    try:
        rate = rounded_down(stable_rate(split, config))
    except ValueError:
        rate = 0.0
    usual = TrainConfig.learning_rate
    return replace(config, learning_rate=min(rate, usual) if rate > 0 else usual)


def rounded_down(rate: float) -> float:
    """Two digits of a rate, and not above it."""
    if not 0 < rate < math.inf:
        return rate
    unit = 10.0 ** (math.floor(math.log10(rate)) - 1)
    return float(f"{math.floor(rate / unit * (1 + 1e-12)) * unit:.2g}")
