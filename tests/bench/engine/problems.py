"""The data that product and peers are given: the same arrays, from files in a temporary folder.

Needs numpy alone, so that the interpreter of jax can read them, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]
Labels = NDArray[np.int64]
SEED = 0
BLOCK = 8192  # rows at a time where a loss is summed


@dataclass(frozen=True)
class Shape:
    """One minibatch task: its sizes, and the epochs after which losses are compared."""

    n: int
    d: int
    q: int
    batch: int
    epochs: int
    learning_rate: float = 0.1

    def __str__(self) -> str:
        return f"n {self.n:,}, d {self.d}, q {self.q}, batch {self.batch}"

    def small(self) -> Shape:
        """For a look at whether everything runs."""
        n = max(2 * self.batch, min(self.n, 4000))
        return Shape(n, self.d, self.q, self.batch, min(self.epochs, 2), self.learning_rate)


SHAPES = {
    "2x2": Shape(600, 4, 3, 32, 20),
    "digits": Shape(1500, 64, 10, 64, 20),
    "mnist": Shape(60_000, 784, 10, 256, 1),
    "embeddings": Shape(200_000, 512, 100, 1024, 1),
}


def drawn(n: int, d: int, q: int, seed: int = SEED) -> tuple[Floats, Labels]:
    """Independent normal features (n, d), float32, and labels drawn from a softmax regression."""
    generator = np.random.default_rng(seed)
    X = generator.standard_normal((n, d), dtype=np.float32)
    return X, _labels(X, q, generator)


def embedded(n: int, d: int, q: int, seed: int = SEED) -> tuple[Floats, Labels]:
    """Normal features whose covariance, turned at random, has the eigenvalues c, c/2, ..., c/d.

    So do those of embeddings fall off; c is such that features have mean square 1. float32.
    """
    generator = np.random.default_rng(seed)
    turn = np.linalg.qr(generator.standard_normal((d, d)))[0]
    spectrum = 1 / np.arange(1, d + 1)
    mixing = np.sqrt(spectrum * d / spectrum.sum())[:, None] * turn
    X = generator.standard_normal((n, d), dtype=np.float32) @ mixing.astype(np.float32)
    return X, _labels(X, q, generator)


def _labels(X: Floats, q: int, generator: np.random.Generator) -> Labels:
    """Drawn from a softmax regression, (n,)."""
    n, d = X.shape
    W = (2 / np.sqrt(d) * generator.standard_normal((d, q))).astype(np.float32)
    labels = np.empty(n, np.int64)
    for start in range(0, n, BLOCK):
        logits = X[start : start + BLOCK] @ W
        # The largest of logits with Gumbel noise is a draw from their softmax.
        labels[start : start + BLOCK] = (logits + generator.gumbel(size=logits.shape)).argmax(1)
    return labels


def pixel_like(
    n: int = 12_000, d: int = 784, q: int = 10, seed: int = SEED
) -> tuple[Floats, Labels]:
    """Ill-conditioned features like pixels, float32, and labels of a true model with noise.

    X is of rank 40, its factors falling off as exp(-k / 8), plus noise of 0.05; each pixel has a
    scale exp(-3 u), u uniform, and all are clipped to [0, 1]. The logits have deviation 3.
    """
    generator = np.random.default_rng(seed)
    rank = min(40, d)
    factors = generator.normal(size=(rank, d)) * np.exp(-np.arange(rank) / 8)[:, None]
    X = generator.normal(size=(n, rank)) @ factors + 0.05 * generator.normal(size=(n, d))
    X = np.clip(0.2 + 0.15 * X * np.exp(-3 * generator.random(d)), 0, 1)
    logits = X @ generator.normal(size=(d, q))
    logits = 3 * (logits - logits.mean(axis=0)) / logits.std()
    labels = (logits + generator.gumbel(size=logits.shape)).argmax(1)
    return X.astype(np.float32), labels.astype(np.int64)


def digits() -> tuple[Floats, Labels]:
    """scikit-learn's digits, (1797, 64) in [0, 1]; float64."""
    from importlib import import_module

    bunch = import_module("sklearn.datasets").load_digits()
    return np.asarray(bunch.data, np.float64) / 16, np.asarray(bunch.target, np.int64)


def store(folder: Path, X: Floats, labels: Labels) -> str:
    """Writes both for read(); the folder's name."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "X.npy", X)
    np.save(folder / "labels.npy", labels)
    return str(folder)


def read(folder: str, dtype: str | None = None) -> tuple[Floats, Labels]:
    """X (n, d), in its own dtype or another, and labels (n,)."""
    X, labels = np.load(Path(folder) / "X.npy"), np.load(Path(folder) / "labels.npy")
    return X if dtype is None else X.astype(dtype, copy=False), labels


def mean_cross_entropy(X: Floats, labels: Labels, W: Floats, b: Floats) -> float:
    """In nats, by blocks of rows in float64: the judge of every contender."""
    total, W64, b64 = 0.0, W.astype(np.float64), b.astype(np.float64)
    for start in range(0, len(X), BLOCK):
        truth = labels[start : start + BLOCK]
        logits = X[start : start + BLOCK].astype(np.float64) @ W64 + b64
        logits -= logits.max(axis=1, keepdims=True)
        of_truth = logits[np.arange(len(truth)), truth]
        total += float((np.log(np.exp(logits).sum(axis=1)) - of_truth).sum())
    return total / len(X)


def objective(X: Floats, labels: Labels, W: Floats, b: Floats, weight_decay: float) -> float:
    """Mean cross-entropy + (weight_decay / 2) |W|^2."""
    penalty = 0.5 * weight_decay * float(np.square(W.astype(np.float64)).sum())
    return mean_cross_entropy(X, labels, W, b) + penalty
