"""Facts of a file: sums checked by plain Python, JSON without NaN, formats told by content."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from softmax_gui.core.models import Dense
from softmax_gui.data.dataset import Dataset, Scaling, feature_names
from softmax_gui.data.options import ReadOptions
from softmax_gui.data.samples import load
from softmax_gui.export import info
from softmax_gui.export.info import dataset_facts, facts_of
from softmax_gui.export.model import ModelProblem, TrainedModel
from softmax_gui.export.runs import MODEL
from softmax_gui.export.weights import FORMATS, save_model
from softmax_gui.files import FileProblem
from softmax_gui.resources import resource
from tests.export.models import NAMES, a_model


def sums_by_hand(rows: list[list[float]]) -> dict[str, float]:
    """The sums as the definition has them, exactly rounded."""
    numbered = [(i, j, x) for i, row in enumerate(rows) for j, x in enumerate(row)]
    return {
        "sum": math.fsum(x for _, _, x in numbered),
        "sum_of_squares": math.fsum(x * x for _, _, x in numbered),
        "weighted_sum": math.fsum(x * (1 + (31 * i + 17 * j) % 97) for i, j, x in numbered),
    }


def sums(facts: dict[str, object]) -> dict[str, float]:
    features = facts["features"]
    assert isinstance(features, dict)
    return {name: features[name] for name in ("sum", "sum_of_squares", "weighted_sum")}


def test_that_the_facts_of_iris_are_those_of_its_text() -> None:
    facts = facts_of("iris")
    with resource("samples", "iris.csv").open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    numbers = [[float(cell) for cell in row[:4]] for row in rows]
    labels = [row[4] for row in rows]
    assert sums(facts) == pytest.approx(sums_by_hand(numbers), rel=1e-13)
    assert (facts["kind"], facts["n"], facts["d"], facts["q"]) == ("dataset", 150, 4, 3)
    assert facts["classes"] == [
        {"name": name, "count": labels.count(name)} for name in sorted(set(labels))
    ]
    assert facts["labels_sha256"] == hashlib.sha256("\n".join(labels).encode()).hexdigest()
    assert facts["features"]["first_row"] == numbers[0]
    assert facts["features"]["last_row"] == numbers[-1]
    assert (facts["image_shape"], facts["soft_labels"]) == (None, False)


def test_that_the_facts_of_digits_are_exact_before_scaling() -> None:
    facts, digits = facts_of("digits"), load("digits")
    numbers = [[float(int(x)) for x in row] for row in digits.X.tolist()]
    assert sums(facts) == sums_by_hand(numbers)  # whole numbers: no rounding anywhere
    assert facts["image_shape"] == [8, 8]
    assert facts["features"]["first_row"] == numbers[0][:8]
    assert sum(one["count"] for one in facts["classes"]) == facts["n"] == 1797


@pytest.mark.parametrize("numbers", [1, 5, 64, 1000])
def test_that_blocks_leave_no_mark(numbers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sums(facts_of("digits"))
    monkeypatch.setattr(info, "BLOCK_NUMBERS", numbers)
    assert sums(facts_of("digits")) == whole


def test_that_the_sums_take_little_memory_beside_the_data() -> None:
    n, d = 12_000, 784
    X = np.ones((n, d))
    dataset = Dataset("m", X, np.arange(n) % 2, ("a", "b"), feature_names(d))
    tracemalloc.start()
    try:
        dataset_facts(dataset)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < X.nbytes / 2


def test_that_sums_too_large_for_a_number_are_left_out_and_json_stays_json() -> None:
    X = np.full((4, 2), 1e308)
    facts = dataset_facts(Dataset("large", X, np.arange(4) % 2, ("a", "b"), feature_names(2)))
    assert sums(facts) == dict.fromkeys(("sum", "sum_of_squares", "weighted_sum"))
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts


def test_that_what_a_reader_did_is_among_the_notes(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b,label\n1,2,x\n3,2,y\n", encoding="utf-8")
    (note,) = facts_of(str(tmp_path / "t.csv"))["notes"]
    assert "onstant" in note


def test_that_one_hot_targets_are_hard_and_fractions_are_soft(tmp_path: Path) -> None:
    for name, Y in (("hard", np.eye(3)), ("soft", np.full((3, 3), 1 / 3))):
        np.savez(tmp_path / f"{name}.npz", X=np.eye(3), y=Y)
        assert facts_of(str(tmp_path / f"{name}.npz"))["soft_labels"] is (name == "soft")


def test_that_rows_on_disk_have_the_facts_of_rows_in_memory(tmp_path: Path) -> None:
    X = np.arange(3000.0).reshape(500, 6) % 17
    np.save(tmp_path / "x-a.npy", X.astype(np.float32))
    np.save(tmp_path / "y-a.npy", np.arange(500) % 3)
    whole, stored = (facts_of(str(tmp_path / "x-a.npy"), options)
                     for options in (ReadOptions(), ReadOptions(limit_bytes=1000)))  # fmt: skip
    assert stored["notes"] != whole["notes"]
    for name in ("n", "d", "q", "classes", "labels_sha256", "features"):
        assert stored[name] == whole[name], name


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("d", [4, 784])
def test_that_a_weights_file_is_known_by_its_content_and_summed(
    tmp_path: Path, suffix: str, d: int
) -> None:
    model = a_model(d)
    save_model(model, tmp_path / f"w{suffix}")
    renamed = (tmp_path / f"w{suffix}").rename(tmp_path / "w.bin")
    facts = facts_of(str(renamed))
    assert (facts["kind"], facts["format"]) == ("model", suffix[1:])
    assert (facts["q"], facts["d"], facts["classes"]) == (3, d, list(NAMES))
    W, b = model.dense.W.ravel().tolist(), model.dense.b.tolist()
    for name, numbers in (("weight", W), ("bias", b)):
        assert facts[name]["sum"] == pytest.approx(math.fsum(numbers), rel=1e-12, abs=1e-12)
        squares = math.fsum(x * x for x in numbers)
        assert facts[name]["sum_of_squares"] == pytest.approx(squares, rel=1e-12)
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts


def test_that_arrays_of_another_program_are_a_model_and_data_are_none(tmp_path: Path) -> None:
    np.savez(tmp_path / "model.npz", weight=np.ones((2, 3)))
    np.savez(tmp_path / "data.npz", X=np.ones((4, 3)), y=np.arange(4) % 2)
    assert facts_of(str(tmp_path / "model.npz"))["kind"] == "model"
    assert facts_of(str(tmp_path / "data.npz"))["kind"] == "dataset"


def test_that_a_run_folder_tells_of_its_weights(tmp_path: Path) -> None:
    save_model(a_model(), tmp_path / MODEL)
    facts = facts_of(str(tmp_path))
    assert (facts["kind"], facts["format"], facts["q"]) == ("model", "safetensors", 3)


def test_that_json_written_by_hand_is_a_model_too(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_bytes(b'\xef\xbb\xbf\n {"weight": [[1, -2]], "metrics": {"loss": NaN}}')
    facts = facts_of(str(path))
    assert facts["weight"] == {"sum": -1.0, "sum_of_squares": 5.0}
    assert facts["metrics"] == {"loss": None}


def test_that_a_model_with_huge_weights_has_no_square(tmp_path: Path) -> None:
    dense = Dense(np.full((2, 2), 1e200), np.zeros(2))
    model = TrainedModel(dense, ("a", "b"), feature_names(2), Scaling.identity(2))
    save_model(model, tmp_path / "w.json")
    facts = facts_of(str(tmp_path / "w.json"))
    assert facts["weight"] == {"sum": pytest.approx(4e200), "sum_of_squares": None}


def test_that_neither_data_nor_weights_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(bytes(range(256)))
    (tmp_path / "no.json").write_bytes(b'{"weight": []}')
    with pytest.raises(FileProblem, match="noise"):
        facts_of(str(tmp_path / "noise"))
    with pytest.raises(ModelProblem, match=r"no\.json holds no usable weights"):
        facts_of(str(tmp_path / "no.json"))
    with pytest.raises(FileProblem, match="holds no model"):
        facts_of(str(tmp_path))
