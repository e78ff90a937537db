"""What a file holds, in JSON's types: a dataset's figures before scaling, or a model's."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from softmax_gui.data.dataset import Dataset
from softmax_gui.data.samples import SAMPLES, load
from softmax_gui.export.model import TrainedModel
from softmax_gui.export.runs import load_run_or_model
from softmax_gui.export.weights import is_model
from softmax_gui.files import read_head


def facts_of(source: str) -> dict[str, Any]:
    """The facts of a sample, a data file, a weights file or a run folder.

    Raises:
        FileProblem, ModelProblem: it can't be read; the sentence says why.
    """
    path = Path(source)
    if source not in SAMPLES and (path.is_dir() or is_model(read_head(path))):
        return model_facts(load_run_or_model(source), path.suffix.removeprefix(".") or "run")
    return dataset_facts(load(source))


def dataset_facts(dataset: Dataset) -> dict[str, Any]:
    """n, d, q, classes with counts, and sums that tell whether two readers saw the same numbers.

    labels_sha256 is of the label names of the rows, joined by newlines; weighted_sum is of
    x_ij (1 + (31 i + 17 j) mod 97), rows and columns from 0.
    """
    X, names = dataset.X, dataset.class_names
    rows, columns = np.arange(dataset.n)[:, None], np.arange(dataset.d)
    weights = 1 + (31 * rows + 17 * columns) % 97
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
            "sum": float(X.sum()),
            "sum_of_squares": float((X * X).sum()),
            "weighted_sum": float((X * weights).sum()),
            "first_row": X[0, :8].tolist(),
            "last_row": X[-1, :8].tolist(),
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
        "weight": _sums(model.dense.W),
        "bias": _sums(model.dense.b),
        "image_shape": list(model.image_shape) if model.image_shape else None,
        "scaling": model.scaling.kind,
        "data": model.data,
        "metrics": model.metrics,
        "version": model.version,
    }


def _sums(array: np.ndarray) -> dict[str, float]:
    return {"sum": float(array.sum()), "sum_of_squares": float((array * array).sum())}
