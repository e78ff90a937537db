"""Round trips of any model in any format, and files that lie about what is in them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from softmax_gui.core.models import Dense
from softmax_gui.data.dataset import Dataset, Scaling, feature_names
from softmax_gui.export.model import ModelProblem, TrainedModel, Transposed
from softmax_gui.export.weights import EXPORTS, FORMATS, load_model, save_model
from tests.export.models import KINDS, NAMES, a_model, scaled_as, some_models

EVERY_FORMAT = pytest.mark.parametrize("suffix", FORMATS)


def a_dataset(names: tuple[str, ...]) -> Dataset:
    random = np.random.default_rng(5)
    X = random.normal(size=(60, 4)) * [1.0, 20.0, 0.1, 3.0] + 7.0
    return Dataset("other", X, np.arange(60) % len(names), names, feature_names(4))


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(model=some_models())
@pytest.mark.parametrize("suffix", EXPORTS)
def test_that_any_model_predicts_the_same_after_a_round_trip(
    tmp_path: Path, suffix: str, model: TrainedModel
) -> None:
    if suffix == ".onnx":
        pytest.importorskip("onnx")
    save_model(model, tmp_path / f"w{suffix}", verify=False)
    back = load_model(tmp_path / f"w{suffix}")
    X = np.random.default_rng(2).normal(size=(20, model.dense.d))
    exact = suffix in FORMATS or suffix == ".py"
    np.testing.assert_allclose(
        back.probabilities(X), model.probabilities(X), atol=0.0 if exact else 1e-5, rtol=0.0
    )
    assert (back.class_names, back.metrics) == (model.class_names, model.metrics)
    assert (back.feature_names, back.version) == (model.feature_names, model.version)
    assert back.scaling.per_row == model.scaling.per_row


@pytest.mark.parametrize("kind", KINDS)
@EVERY_FORMAT
def test_that_the_kind_of_scaling_comes_back(tmp_path: Path, suffix: str, kind: str) -> None:
    model = scaled_as(kind)
    save_model(model, tmp_path / f"w{suffix}", verify=False)
    back = load_model(tmp_path / f"w{suffix}")
    assert back.scaling.kind == kind
    X = np.random.default_rng(2).normal(size=(20, 4))
    np.testing.assert_array_equal(back.probabilities(X), model.probabilities(X))


def test_that_a_file_of_the_first_version_is_read(tmp_path: Path) -> None:
    description: dict[str, object] = {
        "format": "softmax-gui model", "version": "0.1.0", "classes": ["a", "b"],
        "features": ["x1", "x2"], "image_shape": None, "pixel_order": None, "pixel_range": None,
        "orientation": "weight is (q, d)", "scaling": "standardise", "data": "d", "metrics": {},
    }  # fmt: skip
    arrays = {"weight": [[1.0, 2.0], [3.0, 4.0]], "bias": [0.0, 1.0], "shift": [1.0, 1.0]}
    text = json.dumps({**description, **arrays, "scale": [2.0, 2.0]})
    (tmp_path / "old.json").write_text(text)
    model = load_model(tmp_path / "old.json")
    np.testing.assert_array_equal(model.dense.W, [[1.0, 3.0], [2.0, 4.0]])
    assert (model.version, model.scaling.kind, model.parity) == ("0.1.0", "standardise", None)


def test_that_weights_for_rows_of_unit_length_want_data_scaled_so() -> None:
    dataset = a_dataset(NAMES)
    model = scaled_as("unit length")
    same = model.fitted_to(dataset, Scaling.unit_length(4))
    np.testing.assert_array_equal(same.W, model.dense.W)
    with pytest.raises(ModelProblem, match="for the scaling unit length, the data here have none"):
        model.fitted_to(dataset, Scaling.identity(4))


def test_that_transposed_weights_are_told_and_turned() -> None:
    d, q = 3, 4
    dense = Dense(np.arange(12.0).reshape(d, q), np.zeros(q))
    names = tuple("abcd")
    model = TrainedModel(dense, names, feature_names(d), Scaling.identity(d))
    with pytest.raises(Transposed, match="They fit when they are transposed"):
        model.fitted_to(a_dataset(("a", "b", "c")), Scaling.identity(4))
    turned = model.transposed()
    np.testing.assert_array_equal(turned.dense.W, dense.W.T)
    fitted = turned.fitted_to(a_dataset(("a", "b", "c")), Scaling.identity(4))
    assert fitted.W.shape == (4, 3)
    with pytest.raises(ModelProblem, match="can't be transposed"):
        a_model().transposed()


def test_that_a_name_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "w.json").write_text('{"weight": [[1, 2]], "bias": [0], "weight": [[3, 4]]}')
    with pytest.raises(ModelProblem, match='It has "weight" twice'):
        load_model(tmp_path / "w.json")


def test_that_a_header_that_lies_takes_no_memory(tmp_path: Path) -> None:
    head = b"{'descr': '<f8', 'fortran_order': False, 'shape': (100000, 1000000), }"
    head += b" " * (118 - len(head) - 1) + b"\n"
    array = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + bytes(64)
    with zipfile.ZipFile(tmp_path / "w.npz", "w") as archive:
        archive.writestr("weight.npy", array)
    with pytest.raises(ModelProblem, match="its header speaks of more than is there"):
        load_model(tmp_path / "w.npz")


def safetensors_file(header: Mapping[str, object], data: bytes) -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def tensor(shape: list[int], start: int, end: int) -> dict[str, object]:
    return {"dtype": "F64", "shape": shape, "data_offsets": [start, end]}


@pytest.mark.parametrize(
    ("second", "size"),
    [
        (tensor([2], 40, 56), 56),  # a hole of 8 bytes
        (tensor([2], 24, 40), 40),  # an overlap
        (tensor([2], 32, 48), 40),  # cut off
        (tensor([2], 32, 48), 56),  # more than is spoken of
        (tensor([3], 32, 48), 48),  # a shape that is not its bytes
        (tensor([1 << 62, 8], 32, 48), 48),  # a product that wraps round
    ],
)
def test_that_holes_overlaps_and_ends_of_a_safetensors_file_are_refused(
    tmp_path: Path, second: dict[str, object], size: int
) -> None:
    good = {"weight": tensor([2, 2], 0, 32), "bias": tensor([2], 32, 48)}
    (tmp_path / "w.safetensors").write_bytes(safetensors_file(good, bytes(48)))
    assert load_model(tmp_path / "w.safetensors").dense.q == 2
    data = safetensors_file({**good, "bias": second}, bytes(size))
    (tmp_path / "w.safetensors").write_bytes(data)
    with pytest.raises(ModelProblem, match=r"w\.safetensors holds no usable weights"):
        load_model(tmp_path / "w.safetensors")
