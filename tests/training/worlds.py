"""Small splits to train on."""

from __future__ import annotations

import numpy as np

from softmax_gui.data.batches import split
from softmax_gui.data.dataset import Dataset, Split, feature_names
from softmax_gui.data.samples import load
from softmax_gui.training.session import TrainingSession
from softmax_gui.training.snapshot import Snapshot


def blobs(n: int = 240, d: int = 5, q: int = 3, seed: int = 1) -> Split:
    """q Gaussian classes in d features, a table."""
    random = np.random.default_rng(seed)
    labels = np.arange(n) % q
    X = random.normal(size=(n, d)) + 2.0 * random.normal(size=(q, d))[labels]
    names = tuple(f"class {k}" for k in range(q))
    return split(Dataset("blobs", X, labels, names, feature_names(d)), seed=0)


def digits() -> Split:
    """The 1,797 handwritten digits."""
    return split(load("digits"), seed=0)


def measured(session: TrainingSession) -> Snapshot:
    """A snapshot whose loss and accuracy are of its own step, however soon after the last."""
    session.measure()
    return session.snapshot()
