"""Small stored data to test on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from softmax_gui.data.stored import open_stored
from softmax_gui.files import FileProblem

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def table(n: int = 1000, d: int = 5, q: int = 3, seed: int = 0) -> tuple[Any, Any]:
    """X (n, d) float32 and labels (n,)."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, q, n)
    labels[:q] = np.arange(q)
    X = random.normal(size=(n, d)) + 2.0 * random.normal(size=(q, d))[labels]
    return X.astype(np.float32), labels


def save(folder: Path, X: NDArray[Any], labels: NDArray[Any], name: str = "") -> Path:
    """x{name}.npy and y{name}.npy; returns the path of the first."""
    np.save(folder / f"x{name}.npy", X)
    np.save(folder / f"y{name}.npy", labels)
    return folder / f"x{name}.npy"


def save_shards(folder: Path, X: NDArray[Any], labels: NDArray[Any], cuts: list[int]) -> Path:
    """x-00000.npy, y-00000.npy and on, cut before these rows; returns the folder."""
    parts = zip(np.split(X, cuts), np.split(labels, cuts), strict=True)
    for i, (rows, their_labels) in enumerate(parts):
        save(folder, rows, their_labels, f"-{i:05d}")
    return folder


def problem_with(path: Path, **keywords: Any) -> str:
    """Why it cannot be opened."""
    with pytest.raises(FileProblem) as problem:
        open_stored(path, **keywords)
    return str(problem.value)
