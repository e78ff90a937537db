"""The certificate: another process reads the export, and one that differs is not written."""

from __future__ import annotations

import ast
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from softmax_gui.core.models import Dense
from softmax_gui.data.dataset import Scaling
from softmax_gui.export import independent, parity, weights
from softmax_gui.export.model import ModelProblem, TrainedModel
from softmax_gui.export.parity import LIMIT, Differs, Parity, certificate, drawn_inputs
from softmax_gui.export.tables import json_bytes
from softmax_gui.export.weights import EXPORTS, load_model, save_model
from tests.export.models import KINDS, a_model, scaled_as

READERS = {
    ".safetensors": "safetensors", ".pt.safetensors": "safetensors", ".npz": "numpy",
    ".json": "json", ".csv": "csv", ".py": "the predictor itself", ".onnx": "onnx",
}  # fmt: skip


@pytest.mark.parametrize("suffix", EXPORTS)
def test_that_every_export_carries_its_certificate(tmp_path: Path, suffix: str) -> None:
    if suffix == ".onnx":
        pytest.importorskip("onnx")
    path = tmp_path / f"w{suffix}"
    X = np.random.default_rng(3).normal(size=(7, 4))
    found = save_model(a_model(), path, test_inputs=X)
    assert found is not None
    assert found.reader.startswith(READERS[suffix])
    assert found.rows == 7 + len(drawn_inputs(a_model()))
    assert 0.0 <= found.largest_difference <= LIMIT
    stored = load_model(path).parity
    assert stored is not None
    assert stored == {
        "largest_difference": found.largest_difference, "rows": found.rows,
        "reader": found.reader, "versions": found.versions, "limit": LIMIT,
    }  # fmt: skip
    assert "numpy" in found.versions
    assert found.reader in found.sentence()
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("suffix", [".safetensors", ".csv", ".py"])
def test_that_every_scaling_is_read_alike(tmp_path: Path, suffix: str, kind: str) -> None:
    model = scaled_as(kind)
    path = tmp_path / f"w{suffix}"
    save_model(model, path, verify=False)
    found = certificate(model, path)
    assert found.largest_difference < 1e-12


def wrong(model: TrainedModel) -> bytes:
    """A writer with a fault: its biases move by a little."""
    dense = Dense(model.dense.W, model.dense.b + np.array([1e-3, 0.0, 0.0]))
    return json_bytes(replace(model, dense=dense))


def test_that_an_export_that_differs_is_refused_and_the_old_file_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "w.json"
    path.write_bytes(b"precious")
    monkeypatch.setitem(weights.EXPORTS, ".json", wrong)
    with pytest.raises(Differs, match=r"refused: read back by json, a probability differs by \d"):
        save_model(a_model(), path)
    assert path.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [path]


def test_that_an_export_that_cannot_be_read_back_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(weights.EXPORTS, ".npz", lambda _: b"nothing")
    with pytest.raises(ModelProblem, match="refused: it could not be read back"):
        save_model(a_model(), tmp_path / "w.npz")
    assert list(tmp_path.iterdir()) == []


def test_that_a_python_that_cannot_start_refuses_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no python"))
    with pytest.raises(ModelProblem, match="could not be read back"):
        save_model(a_model(), tmp_path / "w.npz")


def test_that_an_app_without_a_python_of_its_own_reads_in_its_own_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", os.devnull)
    found = save_model(a_model(), tmp_path / "w.safetensors")
    assert found is not None
    assert found.reader == "safetensors in this process"


def test_that_python_which_is_no_predictor_of_ours_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "w.py"
    save_model(a_model(), path, verify=False)
    path.write_bytes(path.read_bytes() + b"\nopen('ran', 'w')\n")
    with pytest.raises(ModelProblem, match="no export that can be checked"):
        certificate(a_model(), path)
    with pytest.raises(ModelProblem, match="no export that can be checked"):
        certificate(a_model(), tmp_path / "w.txt")


def test_that_the_reader_imports_nothing_of_this_program() -> None:
    tree = ast.parse(Path(independent.__file__).read_text(encoding="utf-8"))
    found = [
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else
                     [alias.name for alias in node.names])
    ]  # fmt: skip
    assert "numpy" in found
    assert not [name for name in found if name.startswith("softmax_gui")]


def test_that_the_inputs_have_zeros_ones_and_extremes_and_are_the_same_again() -> None:
    model = a_model()
    X = drawn_inputs(model)
    for row in np.array([0.0, 1.0, 16.0]):
        assert np.equal(X, row).all(axis=1).any()
    np.testing.assert_array_equal(X, drawn_inputs(model))
    assert (np.abs(X - model.scaling.shift) >= 9.9 * model.scaling.scale).all(axis=1).any()


def test_that_a_wide_model_takes_few_inputs() -> None:
    d = 1 << 20
    wide = Scaling.identity(d)
    model = TrainedModel(Dense(np.zeros((d, 2)), np.zeros(2)), ("a", "b"), ("x",) * d, wide)
    assert len(drawn_inputs(model)) < 12


@pytest.mark.parametrize(
    ("ours", "theirs", "largest"),
    [
        ([[0.25, 0.75]], [[0.25, 0.75]], 0.0),
        ([[0.25, 0.75]], [[0.5, 0.5]], 0.25),
        ([[np.nan, np.nan]], [[np.nan, np.nan]], 0.0),
        ([[0.5, 0.5]], [[np.nan, np.nan]], np.inf),
        ([[0.5, 0.5]], [[0.5, 0.3, 0.2]], np.inf),
    ],
)
def test_that_a_difference_is_never_hidden_by_a_nan(
    ours: list[list[float]], theirs: list[list[float]], largest: float
) -> None:
    assert parity._largest_difference(np.array(ours), np.array(theirs)) == largest


def test_that_the_certificate_of_an_older_export_is_not_copied(tmp_path: Path) -> None:
    model = replace(a_model(), parity={"largest_difference": 0.0, "reader": "somebody"})
    assert save_model(model, tmp_path / "w.json", verify=False) is None
    assert json.loads((tmp_path / "w.json").read_text(encoding="utf-8"))["parity"] is None


def test_that_onnx_without_a_runtime_is_read_by_the_reference_evaluator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    model = scaled_as("unit length")
    save_model(model, tmp_path / "w.onnx", verify=False)
    X = drawn_inputs(model)
    P, reader, _ = independent.answer(str(tmp_path / "w.onnx"), ".onnx", X)
    assert reader == "onnx reference evaluator"
    np.testing.assert_allclose(P, model.probabilities(X), atol=1e-5)


def test_that_a_sentence_tells_the_difference() -> None:
    found = Parity(2.5e-7, 38, "onnxruntime", "onnxruntime 1.2")
    assert found.sentence() == (
        "Read back by onnxruntime (onnxruntime 1.2): probabilities of 38 test inputs differ by"
        " 2.5e-07 at most."
    )
