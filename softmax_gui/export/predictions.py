"""What a model says of every row of a file, as a table that is safe for spreadsheets."""

from __future__ import annotations

import csv
import io

import numpy as np

from softmax_gui.core.information import entropy, surprisal
from softmax_gui.core.metrics import accuracy
from softmax_gui.data.samples import load_rows
from softmax_gui.export.model import ModelProblem, TrainedModel
from softmax_gui.files import spreadsheet_safe
from softmax_gui.i18n import tr


def rows_for(model: TrainedModel, source: str) -> tuple[np.ndarray, np.ndarray | None]:
    """The features (n, d) of a sample or file for this model, and its labels (n,) if it has them.

    A label that is none of the model's classes is -1.

    Raises:
        FileProblem: the file can't be read.
        ModelProblem: it has another number of features.
    """
    X, names = load_rows(source, model.feature_names)
    if X.shape[1] != model.dense.d:
        message = tr("{source} has {found} features, the model wants {wanted}: {names}.")
        raise ModelProblem(
            message.format(
                source=source, found=X.shape[1], wanted=model.dense.d,
                names=", ".join(model.feature_names[:8]),
            )
        )  # fmt: skip
    if names is None:
        return X, None
    places = {name: k for k, name in enumerate(model.class_names)}
    return X, np.array([places.get(name, -1) for name in names])


def predictions_csv(
    model: TrainedModel, X: np.ndarray, labels: np.ndarray | None
) -> tuple[str, str]:
    """The table as CSV (prediction, probabilities, entropy, surprisal in nats), and a summary.

    Args:
        model: the model.
        X: (n, d), in the units of the file.
        labels: (n,), -1 where unknown; None when there are none.
    """
    P = model.probabilities(X)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [spreadsheet_safe(name) for name in model.class_names]
    header = ["row", "prediction", *(f"p({name})" for name in names), "entropy_nat"]
    columns = [np.round(P, 9).tolist(), entropy(P).tolist()]
    if labels is not None:
        header += ["label", "surprisal_nat"]
    writer.writerow(header)
    for row, (p, h) in enumerate(zip(*columns, strict=True)):
        cells = [row + 1, names[int(np.argmax(P[row]))], *p, round(h, 9)]
        if labels is not None:
            known = int(labels[row])
            lost = ["", ""]
            cells += lost if known < 0 else [names[known], float(surprisal(P[row, known]))]
        writer.writerow(cells)
    return text.getvalue(), _summary(P, labels)


def _summary(P: np.ndarray, labels: np.ndarray | None) -> str:
    if labels is None:
        return tr("{n:,} rows.").format(n=len(P))
    known = labels >= 0
    if not known.any():
        return tr("{n:,} rows; no label is one of the model's classes.").format(n=len(P))
    share = float(accuracy(P[known], labels[known]))
    message = tr("{n:,} rows, accuracy {share:.2%} ({correct:,} of {known:,}).")
    total = int(known.sum())
    return message.format(n=len(P), share=share, correct=round(share * total), known=total)
