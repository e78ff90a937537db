"""Predictions of a file: the model's own numbers, whatever the columns, safe to open anywhere."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from softmax_gui.core.information import entropy
from softmax_gui.core.models import Dense
from softmax_gui.data.dataset import Scaling, feature_names
from softmax_gui.data.samples import load
from softmax_gui.export import predictions
from softmax_gui.export.model import ModelProblem, TrainedModel
from softmax_gui.export.predictions import rows_for, write_predictions
from softmax_gui.resources import resource
from tests.export.models import NAMES, a_model


def an_iris_model() -> TrainedModel:
    iris, random = load("iris"), np.random.default_rng(2)
    dense = Dense(random.normal(size=(4, 3)), random.normal(size=3))
    scaling = Scaling.standardise(iris.X)
    return TrainedModel(dense, iris.class_names, iris.feature_names, scaling)


def written(
    model: TrainedModel, X: np.ndarray, labels: list[str] | None
) -> tuple[list[dict[str, str]], str]:
    """The table as a spreadsheet reads it, and the sentence."""
    text = io.StringIO(newline="")
    summary = write_predictions(text, model, X, labels)
    text.seek(0)
    return list(csv.DictReader(text)), summary


def iris_file(folder: Path, columns: list[int], replaced: dict[int, str] | None = None) -> str:
    """The iris sample with only some of its columns, and other labels in some rows."""
    with resource("samples", "iris.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    for row, label in (replaced or {}).items():
        rows[row][4] = label
    path = folder / "mine.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([row[at] for at in columns] for row in rows)
    return str(path)


def probabilities(table: list[dict[str, str]], names: tuple[str, ...]) -> np.ndarray:
    return np.array([[float(row[f"p({name})"]) for name in names] for row in table])


def test_that_the_table_holds_prediction_probabilities_entropy_and_surprisal() -> None:
    model = an_iris_model()
    X, labels = rows_for(model, "iris")
    assert labels is not None
    table, summary = written(model, X, labels)
    P = model.probabilities(X)
    np.testing.assert_allclose(probabilities(table, model.class_names), P, rtol=1e-11)
    best = [model.class_names[k] for k in P.argmax(axis=1)]
    assert [row["prediction"] for row in table] == best
    assert [row["row"] for row in table] == [str(i) for i in range(1, 151)]
    np.testing.assert_allclose([float(row["entropy_nat"]) for row in table], entropy(P), rtol=1e-9)
    truth = np.array([model.class_names.index(name) for name in labels])
    surprisals = [float(row["surprisal_nat"]) for row in table]
    np.testing.assert_allclose(surprisals, -np.log(P[np.arange(150), truth]), rtol=1e-9)
    correct = sum(row["prediction"] == row["label"] for row in table)
    assert summary == f"150 rows, accuracy {correct / 150:.2%} ({correct} of 150)."


def test_that_columns_are_found_by_their_names_in_any_order(tmp_path: Path) -> None:
    model = an_iris_model()
    X, labels = rows_for(model, iris_file(tmp_path, [3, 4, 0, 2, 1]))
    np.testing.assert_array_equal(X, load("iris").X)
    assert labels is not None
    assert set(labels) == set(model.class_names)


def test_that_rows_without_labels_get_neither_label_nor_surprisal(tmp_path: Path) -> None:
    model = an_iris_model()
    X, labels = rows_for(model, iris_file(tmp_path, [0, 1, 2, 3]))
    table, summary = written(model, X, labels)
    assert labels is None
    assert list(table[0]) == ["row", "prediction", *(f"p({n})" for n in model.class_names),
                              "entropy_nat"]  # fmt: skip
    assert summary == "150 rows."


def test_that_a_label_the_model_does_not_know_has_no_surprisal_and_does_not_count(
    tmp_path: Path,
) -> None:
    model = an_iris_model()
    X, labels = rows_for(model, iris_file(tmp_path, [0, 1, 2, 3, 4], {2: "=cmd()", 7: "rose"}))
    table, summary = written(model, X, labels)
    assert (table[1]["label"], table[1]["surprisal_nat"]) == ("'=cmd()", "")
    assert (table[6]["label"], table[6]["surprisal_nat"]) == ("rose", "")
    assert float(table[0]["surprisal_nat"]) > 0.0
    assert summary.endswith("of 148).")
    unknown = written(model, X[:3], ["rose"] * 3)[1]
    assert unknown == "3 rows; no label is one of the model's classes."


def test_that_no_cell_is_taken_for_a_formula_and_every_name_reads_back() -> None:
    model = a_model()
    X = np.random.default_rng(3).normal(size=(40, 4)) * 50.0
    table, _ = written(model, X, ["@home", "=SUM(1)", "dog, or\nnot", "-1"] * 10)
    cells = [*table[0], *(cell for row in table for cell in row.values())]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    read = [row["prediction"].removeprefix("'") for row in table]
    assert read == [NAMES[k] for k in model.probabilities(X).argmax(axis=1)]
    assert [f"p({name})" for name in NAMES] == list(table[0])[2:5]


def test_that_blocks_leave_no_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    model = an_iris_model()
    X, labels = rows_for(model, "iris")
    whole = written(model, X, labels)
    monkeypatch.setattr(predictions, "BLOCK_ROWS", 7)
    assert written(model, X, labels) == whole


def test_that_a_label_of_probability_zero_still_has_its_surprisal() -> None:
    dense = Dense(np.array([[2000.0, -2000.0]]), np.zeros(2))
    model = TrainedModel(dense, ("a", "b"), feature_names(1), Scaling.identity(1))
    table, _ = written(model, np.array([[1.0]]), ["b"])
    assert float(table[0]["p(b)"]) == 0.0
    assert float(table[0]["surprisal_nat"]) == pytest.approx(4000.0, rel=1e-12)
    certain, _ = written(model, np.array([[1.0]]), ["a"])
    assert certain[0]["surprisal_nat"] == "0"


def test_that_a_row_whose_logits_overflow_is_refused_by_its_number() -> None:
    dense = Dense(np.array([[1e10, -1e10]]), np.zeros(2))
    model = TrainedModel(dense, ("a", "b"), feature_names(1), Scaling.identity(1))
    with pytest.raises(ModelProblem, match="Row 3 has numbers too large"):
        written(model, np.array([[1.0], [2.0], [1e300]]), None)


def test_that_another_number_of_features_is_refused_with_both_numbers() -> None:
    with pytest.raises(ModelProblem, match="digits has 64 features, the model wants 4: sepal"):
        rows_for(an_iris_model(), "digits")
