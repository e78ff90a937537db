"""ONNX: another runtime reads the file and says the same, class names and all."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from softmax_gui.core.models import Dense
from softmax_gui.data.dataset import Scaling
from softmax_gui.export.model import ModelProblem, TrainedModel
from softmax_gui.export.onnx_graph import OnnxNotAvailable, onnx_bytes, onnx_contents
from softmax_gui.export.weights import format_of, load_model, save_model
from tests.export.models import KINDS, NAMES, a_model, scaled_as, some_models

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")


def run(data: bytes, X: np.ndarray, dtype: type = np.float32) -> tuple[list[str], np.ndarray]:
    session = runtime.InferenceSession(data, providers=["CPUExecutionProvider"])
    labels, P = session.run(["label", "probabilities"], {"features": X.astype(dtype)})
    return labels.tolist(), P


def rows(model: TrainedModel, n: int = 50) -> np.ndarray:
    X = np.random.default_rng(1).normal(size=(n, model.dense.d)) * 3.0
    return np.concatenate([X, np.zeros((1, model.dense.d))]).astype(np.float32).astype(np.float64)


@pytest.mark.parametrize("kind", KINDS)
def test_that_onnxruntime_says_the_same_in_every_scaling(kind: str) -> None:
    model = scaled_as(kind)
    X = rows(model)
    labels, P = run(onnx_bytes(model), X)
    np.testing.assert_allclose(P, model.probabilities(X), atol=1e-5)
    assert labels == [NAMES[k] for k in model.probabilities(X).argmax(axis=1)]


@settings(max_examples=25, deadline=None)
@given(model=some_models())
def test_that_any_model_and_its_names_survive(model: TrainedModel) -> None:
    X = rows(model, 10)
    labels, P = run(onnx_bytes(model, "float64"), X, np.float64)
    expected = model.probabilities(X)
    np.testing.assert_allclose(P, expected, atol=1e-12)
    assert set(labels) <= set(model.class_names)
    sure = np.sort(expected, axis=1)[:, -1] > 0.5 + 1e-9
    told = [name for name, one in zip(labels, sure, strict=True) if one]
    assert told == [model.class_names[k] for k in expected[sure].argmax(axis=1)]


def test_that_a_name_that_runtimes_would_cut_is_refused() -> None:
    names = ("cat", "a\0b", "dog")[: a_model().dense.q]
    with pytest.raises(ModelProblem, match="class 2 holds a zero character"):
        onnx_bytes(replace(a_model(), class_names=names))


def test_that_the_graph_is_of_opset_17_with_the_nodes_that_are_needed() -> None:
    file = onnx.load_model_from_string(onnx_bytes(a_model()))
    onnx.checker.check_model(file, full_check=True)
    assert [(one.domain, one.version) for one in file.opset_import] == [("", 17)]
    kinds = [node.op_type for node in file.graph.node]
    assert kinds == ["Sub", "Div", "Gemm", "Softmax", "ArgMax", "Gather"]
    plain = onnx.load_model_from_string(onnx_bytes(scaled_as("none")))
    assert [node.op_type for node in plain.graph.node][:2] == ["Gemm", "Softmax"]


def test_that_the_metadata_carry_what_the_other_formats_do() -> None:
    file = onnx.load_model_from_string(onnx_bytes(a_model()))
    texts = {entry.key: json.loads(entry.value) for entry in file.metadata_props}
    assert texts["classes"] == list(NAMES)
    assert texts["image_shape"] == [2, 2]
    assert texts["pixel_order"].startswith("row by row")
    assert texts["metrics"]["validation_accuracy"] == 0.9
    assert (texts["scaling"], texts["version"]) == ("standardise", a_model().version)
    assert "(q, d)" in texts["orientation"]


def test_that_an_onnx_file_is_opened_again(tmp_path: Path) -> None:
    model = a_model()
    save_model(model, tmp_path / "w.onnx", verify=False)
    renamed = (tmp_path / "w.onnx").rename(tmp_path / "w.bin")
    assert format_of(renamed.read_bytes()[:4096]) == "onnx"
    back = load_model(renamed)
    X = rows(model)
    np.testing.assert_allclose(back.probabilities(X), model.probabilities(X), atol=1e-5)
    assert back.class_names == NAMES
    assert (back.metrics, back.image_shape) == (model.metrics, model.image_shape)


@pytest.mark.parametrize("kind", KINDS)
def test_that_an_opened_onnx_file_has_its_scaling(tmp_path: Path, kind: str) -> None:
    model = scaled_as(kind)
    save_model(model, tmp_path / "w.onnx", verify=False)
    back = load_model(tmp_path / "w.onnx")
    assert back.scaling.kind == kind
    X = rows(model)
    np.testing.assert_allclose(back.probabilities(X), model.probabilities(X), atol=1e-5)


def test_that_features_far_from_zero_make_the_graph_compute_in_float64(tmp_path: Path) -> None:
    far = Scaling(np.full(4, 1e6), np.ones(4), "standardise")
    parity = save_model(replace(a_model(), scaling=far), tmp_path / "w.onnx")
    assert parity is not None
    assert parity.largest_difference < 1e-12
    file = onnx.load_model(tmp_path / "w.onnx")
    assert file.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.DOUBLE
    assert parity.reader == "onnxruntime"


def test_that_rows_of_any_size_are_divided_by_their_norm() -> None:
    model = scaled_as("unit length")
    X = rows(model, 5)
    for size in (1e-30, 1e30):
        _, P = run(onnx_bytes(model), X * size)
        np.testing.assert_allclose(P, model.probabilities(X), atol=1e-5)


def test_that_weights_too_large_for_float32_are_refused_by_it() -> None:
    large = replace(a_model(), dense=Dense(np.full((4, 3), 1e39), np.zeros(3)))
    with pytest.raises(ModelProblem, match="too large for float32"):
        onnx_bytes(large)


def test_that_a_cut_or_changed_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    whole = onnx_bytes(a_model())
    for size in (3, 100, len(whole) // 2, len(whole) - 1):
        (tmp_path / "w.onnx").write_bytes(whole[:size])
        with pytest.raises(ModelProblem, match=r"w\.onnx holds no usable weights"):
            load_model(tmp_path / "w.onnx")


def test_that_weights_in_another_file_are_not_fetched() -> None:
    file = onnx.load_model_from_string(onnx_bytes(a_model()))
    onnx.external_data_helper.set_external_data(file.graph.initializer[0], "/etc/hostname")
    file.graph.initializer[0].data_location = onnx.TensorProto.EXTERNAL
    with pytest.raises(ModelProblem, match="lie in another file"):
        onnx_contents(file.SerializeToString())


def test_that_without_the_package_a_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(OnnxNotAvailable, match=r'pip install "softmax-gui\[onnx\]"'):
        save_model(a_model(), tmp_path / "w.onnx")
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=20, deadline=None)
@given(model=some_models())
def test_that_the_description_comes_back_from_the_metadata(model: TrainedModel) -> None:
    arrays, description = onnx_contents(onnx_bytes(model, "float64"))
    assert tuple(description["classes"]) == model.class_names
    np.testing.assert_array_equal(arrays["weight"], model.dense.W.T)
