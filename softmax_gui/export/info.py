"""What a file holds, in JSON's types: a dataset's figures before scaling, or a model's."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any

import numpy as np

from softmax_gui.data.dataset import Dataset
from softmax_gui.data.samples import SAMPLES, load
from softmax_gui.export.model import TrainedModel
from softmax_gui.export.runs import MODEL, load_run_or_model
from softmax_gui.export.weights import format_of
from softmax_gui.files import read_head

BLOCK_NUMBERS = 1 << 20  # the weights of the weighted sum of 60,000 x 784 would take 376 MB


def facts_of(source: str) -> dict[str, Any]:
    """The facts of a sample, a data file, a weights file or a run folder.

    Raises:
        FileProblem, ModelProblem: it can't be read; the sentence says why.
    """
    if source in SAMPLES:
        return dataset_facts(load(source))
    path = Path(source)
    if path.is_dir():
        model = load_run_or_model(source)
        return model_facts(model, format_of(read_head(path / MODEL)) or "")
    file_format = format_of(read_head(path))
    if file_format is None:
        return dataset_facts(load(source))
    return model_facts(load_run_or_model(source), file_format)


def dataset_facts(dataset: Dataset) -> dict[str, Any]:
    """n, d, q, classes with counts, and sums that tell whether two readers saw the same numbers.

    labels_sha256 is of the label names of the rows, joined by newlines; weighted_sum is of
    x_ij (1 + (31 i + 17 j) mod 97), rows and columns from 0. A sum above 1e308 is None.
    """
    names = dataset.class_names
    written = "\n".join(names[label] for label in dataset.labels.tolist())
    return {
        "kind": "dataset",
        "name": dataset.name,
        "n": dataset.n,
        "d": dataset.d,
        "q": dataset.q,
        "classes": [
            {"name": name, "count": int(count)}
            for name, count in zip(names, dataset.counts, strict=True)
        ],
        "labels_sha256": hashlib.sha256(written.encode()).hexdigest(),
        "image_shape": list(dataset.image_shape) if dataset.image_shape else None,
        "soft_labels": False,
        "features": {
            **_feature_sums(dataset.X),
            "first_row": dataset.X[0, :8].tolist(),
            "last_row": dataset.X[-1, :8].tolist(),
        },
        "floor": dataset.floor,
        "notes": list(dataset.notes),
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
def _feature_sums(X: np.ndarray) -> dict[str, float | None]:
    n, d = X.shape
    rows, columns = max(1, BLOCK_NUMBERS // d), 17 * np.arange(d)
    parts = []
    for start in range(0, n, rows):
        block = X[start : start + rows]
        weights = 1 + (31 * np.arange(start, start + len(block))[:, None] + columns) % 97
        parts.append((block.sum(), np.vdot(block, block), np.vdot(block, weights)))
    sums = np.array(parts).sum(axis=0).tolist()
    names = ("sum", "sum_of_squares", "weighted_sum")
    return {name: _finite(value) for name, value in zip(names, sums, strict=True)}


@np.errstate(over="ignore", invalid="ignore")
def _sums(array: np.ndarray) -> dict[str, float | None]:
    flat = np.ravel(array)
    return {"sum": _finite(flat.sum()), "sum_of_squares": _finite(flat @ flat)}


def _finite(value: float) -> float | None:
    """JSON has neither NaN nor infinity."""
    return float(value) if math.isfinite(value) else None
