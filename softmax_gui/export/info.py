"""What a file holds, in JSON's types: a dataset's figures before scaling, or a model's."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from softmax_gui.data.contents import holds_data
from softmax_gui.data.dataset import Dataset
from softmax_gui.data.options import ReadOptions
from softmax_gui.data.samples import SAMPLES, load
from softmax_gui.data.stored import StoredData, is_stored, open_stored
from softmax_gui.export.model import TrainedModel
from softmax_gui.export.runs import MODEL, load_run_or_model
from softmax_gui.export.weights import format_of
from softmax_gui.files import read_head

BLOCK_NUMBERS = 1 << 20  # the weights of the weighted sum of 60,000 x 784 would take 376 MB


def facts_of(source: str, options: ReadOptions | None = None) -> dict[str, Any]:
    """The facts of a sample, a data file, a weights file or a run folder.

    Args:
        source: a sample's name, or the path of a file or folder.
        options: what the user says of a data file.

    Raises:
        FileProblem, ModelProblem: it can't be read; the sentence says why.
    """
    options = options or ReadOptions()
    path = Path(source)
    if source in SAMPLES or (path.is_dir() and holds_data(path)):
        return dataset_facts(load(source, options=options))
    if path.is_dir():
        model = load_run_or_model(source)
        return model_facts(model, format_of(read_head(path / MODEL)) or "")
    file_format = format_of(read_head(path))
    if file_format is not None:
        return model_facts(load_run_or_model(source), file_format)
    if is_stored(path) and path.stat().st_size > options.limit_bytes:
        return stored_facts(open_stored(path, options.labels))
    return dataset_facts(load(source, options=options))


def dataset_facts(dataset: Dataset) -> dict[str, Any]:
    """n, d, q, classes with counts, and sums that tell whether two readers saw the same numbers.

    labels_sha256 is of the label names of the rows, joined by newlines; weighted_sum is of
    x_ij (1 + (31 i + 17 j) mod 97), rows and columns from 0. A sum above 1e308 is None.
    """
    targets = dataset.targets
    soft = targets is not None and bool(((targets > 0.0) & (targets < 1.0)).any())
    rows = max(1, BLOCK_NUMBERS // dataset.d)
    blocks = (dataset.X[start : start + rows] for start in range(0, dataset.n, rows))
    return _facts(dataset, blocks, soft_labels=soft)


def stored_facts(stored: StoredData) -> dict[str, Any]:
    """The same of rows that stay on disk: one pass over them, a block in memory at a time."""

    def blocks() -> Iterator[np.ndarray]:
        step = max(1, BLOCK_NUMBERS // stored.d)
        for start in range(0, stored.n, step):
            block = np.empty((min(step, stored.n - start), stored.d), stored.rows.dtype)
            stored.rows.read(start, start + len(block), block)
            yield block.astype(np.float64)

    return _facts(stored, blocks(), soft_labels=False)


def _facts(
    data: Dataset | StoredData, blocks: Iterable[np.ndarray], *, soft_labels: bool
) -> dict[str, Any]:
    names = data.class_names
    digest = hashlib.sha256()
    for start in range(0, data.n, BLOCK_NUMBERS):
        part = data.labels[start : start + BLOCK_NUMBERS].tolist()
        digest.update(("\n" * bool(start) + "\n".join(names[label] for label in part)).encode())
    return {
        "kind": "dataset",
        "name": data.name,
        "n": data.n,
        "d": data.d,
        "q": data.q,
        "classes": [
            {"name": name, "count": int(count)}
            for name, count in zip(names, data.counts, strict=True)
        ],
        "labels_sha256": digest.hexdigest(),
        "image_shape": list(data.image_shape) if data.image_shape else None,
        "soft_labels": soft_labels,
        "features": _feature_facts(blocks, data.d),
        "floor": data.floor,
        "notes": list(data.notes),
    }


def model_facts(model: TrainedModel, file_format: str) -> dict[str, Any]:
    """q, d, class names, and sums over weight (q, d) and bias (q,)."""
    return {
        "kind": "model",
        "format": file_format,
        "q": model.dense.q,
        "d": model.dense.d,
        "classes": list(model.class_names),
        "weight": _sums(model.dense.W.T),
        "bias": _sums(model.dense.b),
        "image_shape": list(model.image_shape) if model.image_shape else None,
        "scaling": model.scaling.kind,
        "data": model.data,
        "metrics": {name: _finite(value) for name, value in model.metrics.items()},
        "version": model.version,
        "notes": [],
    }


@np.errstate(over="ignore", invalid="ignore")
def _feature_facts(blocks: Iterable[np.ndarray], d: int) -> dict[str, Any]:
    columns, start, parts = 17 * np.arange(d), 0, []
    first: list[float] = []
    last: list[float] = []
    for block in blocks:
        weights = 1 + (31 * np.arange(start, start + len(block))[:, None] + columns) % 97
        parts.append((block.sum(), np.vdot(block, block), np.vdot(block, weights)))
        first, last = first or block[0, :8].tolist(), block[-1, :8].tolist()
        start += len(block)
    sums = np.array(parts).sum(axis=0).tolist()
    names = ("sum", "sum_of_squares", "weighted_sum")
    known = {name: _finite(value) for name, value in zip(names, sums, strict=True)}
    return {**known, "first_row": first, "last_row": last}


@np.errstate(over="ignore", invalid="ignore")
def _sums(array: np.ndarray) -> dict[str, float | None]:
    flat = np.ravel(array)
    return {"sum": _finite(flat.sum()), "sum_of_squares": _finite(flat @ flat)}


def _finite(value: float) -> float | None:
    """JSON has neither NaN nor infinity."""
    return float(value) if math.isfinite(value) else None
