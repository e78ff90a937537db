"""What a model says of every row of a file, as a table that is safe for spreadsheets."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, TextIO

import numpy as np

from softmax_gui.core.information import entropy
from softmax_gui.core.softmax import log_softmax
from softmax_gui.data.options import ReadOptions, Watch, unwatched
from softmax_gui.data.samples import load_rows
from softmax_gui.export.model import ModelProblem, TrainedModel
from softmax_gui.files import atomic_write, spreadsheet_safe
from softmax_gui.i18n import tr

BLOCK_ROWS = 4096  # the probabilities of 60,000 x 1,000 would take 480 MB, their text 1 GB


def rows_for(
    model: TrainedModel,
    source: str,
    options: ReadOptions | None = None,
    watch: Watch = unwatched,
) -> tuple[np.ndarray, list[str] | None]:
    """The features (n, d) of a sample or file for this model, and the n labels it has, or None.

    Raises:
        FileProblem: the file can't be read.
        ModelProblem: it has another number of features.
        Cancelled: by the watch.
    """
    X, labels = load_rows(source, model.feature_names, options or ReadOptions(), watch)
    if X.shape[1] != model.dense.d:
        message = tr("{source} has {found} features, the model wants {wanted}: {names}.")
        raise ModelProblem(
            message.format(
                source=source, found=X.shape[1], wanted=model.dense.d,
                names=", ".join(model.feature_names[:8]),
            )
        )  # fmt: skip
    return X, labels


def save_predictions(
    path: Path, model: TrainedModel, source: str, options: ReadOptions, watch: Watch = unwatched
) -> str:
    """Writes what a model says of every row of a sample or file as a CSV file, whole or not at all.

    Returns:
        A sentence, see write_predictions.

    Raises:
        FileProblem: the rows can't be read, or the predictions not be written.
        ModelProblem: the rows do not fit the model.
        Cancelled: by the watch.
    """
    X, labels = rows_for(model, source, options, watch)
    watch(0.0)
    summary = ""

    def write(file: BinaryIO) -> None:
        nonlocal summary
        text = TextIOWrapper(file, encoding="utf-8", newline="")
        summary = write_predictions(text, model, X, labels, watch)
        text.detach()

    atomic_write(path, write)
    return summary


def write_predictions(
    file: TextIO, model: TrainedModel, X: np.ndarray, labels: Sequence[str] | None,
    watch: Watch = unwatched,
) -> str:  # fmt: skip
    """Writes a row of CSV a row of X: prediction, probabilities, entropy, surprisal in nats.

    Args:
        file: open for text.
        model: the model.
        X: (n, d), in the units of the data file.
        labels: n names; one that is no class of the model is written without a surprisal. None
            leaves both columns out.
        watch: told the share done; may end the writing.

    Returns:
        A sentence: how many rows there are and, of those whose label is known, how many are right.

    Raises:
        ModelProblem: a row is too large for float64 to hold its logits.
        OSError: the file can't be written.
    """
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_header(model, labelled=labels is not None))
    places = {name: k for k, name in enumerate(model.class_names)}
    judged = correct = 0
    for start in range(0, len(X), BLOCK_ROWS):
        watch(start / len(X))
        block = slice(start, start + BLOCK_ROWS)
        log_P = log_probabilities(model, X[block], start)
        rows = _cells(model, log_P, start)
        if labels is not None:
            truth = np.array([places.get(name, -1) for name in labels[block]])
            rows = _with_labels(rows, labels[block], truth, log_P)
            judged += int((truth >= 0).sum())
            correct += int((truth == log_P.argmax(axis=1)).sum())
        writer.writerows(rows)
    if labels is None:
        return tr("{n:,} rows.").format(n=len(X))
    return _summary(len(X), judged, correct)


def _header(model: TrainedModel, *, labelled: bool) -> list[str]:
    probabilities = [f"p({name})" for name in model.class_names]  # begins with p: no formula
    known = ["label", "surprisal_nat"] if labelled else []
    return ["row", "prediction", *probabilities, "entropy_nat", *known]


def log_probabilities(model: TrainedModel, X: np.ndarray, start: int) -> np.ndarray:
    """(n, q), where log P(0) would be -inf: a label this unlikely still has a surprisal."""
    with np.errstate(over="ignore", invalid="ignore"):
        logits = np.asarray(model.dense.logits(model.scaling.apply(X)))
    finite = np.isfinite(logits).all(axis=1)
    if not finite.all():
        row = start + int(finite.argmin()) + 1
        raise ModelProblem(tr("Row {row:,} has numbers too large for this model.").format(row=row))
    return np.asarray(log_softmax(logits))


def _cells(model: TrainedModel, log_P: np.ndarray, start: int) -> list[list[object]]:
    """Twelve digits: of a probability of 1e-30 too, and no more than a float64 can vouch for."""
    names = [spreadsheet_safe(name) for name in model.class_names]
    P = np.exp(log_P)
    best, entropies = log_P.argmax(axis=1).tolist(), entropy(P).tolist()
    return [
        [start + i + 1, names[best[i]], *(f"{p:.12g}" for p in row), f"{entropies[i]:.12g}"]
        for i, row in enumerate(P.tolist())
    ]


def _with_labels(
    rows: list[list[object]], labels: Sequence[str], truth: np.ndarray, log_P: np.ndarray
) -> list[list[object]]:
    """The label as in the file and its surprisal, empty where it is no class of the model."""
    surprisals = [
        f"{0.0 - log_p[k]:.12g}" if k >= 0 else ""  # 0.0 - x, since -x would show -0
        for k, log_p in zip(truth.tolist(), log_P, strict=True)
    ]
    return [
        [*row, spreadsheet_safe(label), surprisal]
        for row, label, surprisal in zip(rows, labels, surprisals, strict=True)
    ]


def _summary(n: int, judged: int, correct: int) -> str:
    if not judged:
        return tr("{n:,} rows; no label is one of the model's classes.").format(n=n)
    message = tr("{n:,} rows, accuracy {share:.2%} ({correct:,} of {known:,}).")
    return message.format(n=n, share=correct / judged, correct=correct, known=judged)
