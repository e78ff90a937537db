"""Small splits to train on, and torch's own training to compare with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from softmax_gui.core.shuffling import permutation
from softmax_gui.data.batches import split
from softmax_gui.data.dataset import Dataset, Split, feature_names
from softmax_gui.data.samples import load
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.session import TrainingSession
from softmax_gui.training.snapshot import Snapshot


def blobs(n: int = 240, d: int = 5, q: int = 3, seed: int = 1, weighted: bool = False) -> Split:
    """q Gaussian classes in d features, a table."""
    random = np.random.default_rng(seed)
    labels = np.arange(n) % q
    X = random.normal(size=(n, d)) + 2.0 * random.normal(size=(q, d))[labels]
    names = tuple(f"class {k}" for k in range(q))
    weights = random.exponential(size=n) if weighted else None
    return split(Dataset("blobs", X, labels, names, feature_names(d), weights=weights), seed=0)


def soft_blobs(n: int = 240, d: int = 5, q: int = 3) -> Split:
    """Soft labels and unequal weights."""
    random = np.random.default_rng(1)
    X, targets = random.normal(size=(n, d)), random.dirichlet(np.ones(q), n)
    names = tuple(f"class {k}" for k in range(q))
    return split(
        Dataset(
            "soft", X, targets.argmax(1), names, feature_names(d),
            targets=targets, weights=random.exponential(size=n),
        ), seed=0,
    )  # fmt: skip


def rare() -> Split:
    """Three classes of which one has a tenth of the rows."""
    random = np.random.default_rng(4)
    labels = np.repeat([0, 1, 2], [100, 20, 120])
    X = random.normal(size=(240, 4)) + random.normal(size=(3, 4))[labels]
    return split(Dataset("rare", X, labels, ("a", "b", "c"), feature_names(4)), seed=0)


def digits() -> Split:
    """The 1,797 handwritten digits."""
    return split(load("digits"), seed=0)


def measured(session: TrainingSession) -> Snapshot:
    """A snapshot whose loss and accuracy are of its own step, however soon after the last."""
    session.measure()
    return session.snapshot()


def bits(session: TrainingSession) -> tuple[bytes, ...]:
    """Everything that decides how a run goes on: weights, slots, counts."""
    at = session.checkpoint()
    slots = (at.parameters.slots[name].tobytes() for name in sorted(at.parameters.slots))
    counts = at.step, at.examples, at.parameters.steps
    return at.parameters.W.tobytes(), at.parameters.b.tobytes(), *slots, repr(counts).encode()


def by_torch(parts: Split, config: TrainConfig, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """W and b after so many steps of autograd and torch's own optimizers."""
    torch = pytest.importorskip("torch")
    wanted = parts.train.X, _targets(parts, config), _weights(parts, config)
    X, Y, weights = map(torch.tensor, wanted)
    W = torch.zeros(X.shape[1], Y.shape[1], dtype=torch.float64, requires_grad=True)
    b = torch.zeros(Y.shape[1], dtype=torch.float64, requires_grad=True)
    groups = [{"params": [W], "weight_decay": config.weight_decay}, {"params": [b]}]
    if config.optimizer == "adam":
        optimizer: Any = torch.optim.Adam(groups, lr=config.learning_rate)
    else:
        optimizer = torch.optim.SGD(groups, lr=config.learning_rate, momentum=config.momentum)
    taken, epoch = 0, 0
    while taken < steps:
        order = torch.tensor(permutation(len(X), config.seed, epoch))
        for rows in order.split(config.batch_size)[: steps - taken]:
            optimizer.zero_grad()
            log_p = torch.log_softmax(X[rows] @ W + b, dim=1)
            (-weights[rows] * (Y[rows] * log_p).sum(1)).mean().backward()
            optimizer.step()
            taken += 1
        epoch += 1
    return W.detach().numpy(), b.detach().numpy()


def _targets(parts: Split, config: TrainConfig) -> np.ndarray:
    q, eps = parts.dataset.q, config.label_smoothing
    hard = parts.train.targets
    Y = np.eye(q)[parts.train.labels] if hard is None else hard
    return np.asarray((1 - eps) * Y + eps / q)


def _weights(parts: Split, config: TrainConfig) -> np.ndarray:
    own = parts.train.weights
    weights = np.ones(parts.train.n) if own is None else own.copy()
    if config.class_weight == "balanced":
        for k in range(parts.dataset.q):
            of_class = parts.train.labels == k
            weights[of_class] /= weights[of_class].sum()
    return np.asarray(weights / weights.mean())
