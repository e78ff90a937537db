"""Weights out and in again: exact in every format; a bad file is refused in a sentence."""

from __future__ import annotations

import contextlib
import csv
import json
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from softmax_gui.core.models import Dense
from softmax_gui.data.batches import split
from softmax_gui.data.dataset import Dataset, Scaling, feature_names
from softmax_gui.export.model import ModelProblem
from softmax_gui.export.tensors import safetensors_bytes
from softmax_gui.export.weights import FORMATS, load_model, save_model
from softmax_gui.files import FileProblem
from tests.export.models import NAMES, a_model

EVERY_FORMAT = pytest.mark.parametrize("suffix", FORMATS)


@EVERY_FORMAT
@pytest.mark.parametrize("d", [1, 4, 65])
def test_that_every_format_gives_the_same_model_back(tmp_path: Path, suffix: str, d: int) -> None:
    model = a_model(d)
    path = tmp_path / f"weights{suffix}"
    save_model(model, path)
    back = load_model(path)
    X = np.random.default_rng(1).normal(size=(50, d))
    np.testing.assert_array_equal(back.probabilities(X), model.probabilities(X))
    np.testing.assert_array_equal(back.dense.W, model.dense.W)
    assert back.class_names == NAMES
    assert back.feature_names == model.feature_names
    assert back.scaling.kind == "standardise"
    assert (back.image_shape, back.pixel_range) == (model.image_shape, model.pixel_range)
    assert (back.data, back.metrics) == (model.data, model.metrics)


@EVERY_FORMAT
def test_that_the_content_decides_and_not_the_name(tmp_path: Path, suffix: str) -> None:
    save_model(a_model(), tmp_path / f"weights{suffix}")
    renamed = (tmp_path / f"weights{suffix}").rename(tmp_path / "weights.bin")
    assert load_model(renamed).class_names == NAMES


def test_that_a_torch_linear_takes_the_weights_as_they_lie_in_the_file(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    model = a_model()
    save_model(model, tmp_path / "w.safetensors")
    arrays = safetensors.numpy.load_file(tmp_path / "w.safetensors")
    layer = torch.nn.Linear(4, 3, dtype=torch.float64)
    state = {"weight": torch.tensor(arrays["weight"]), "bias": torch.tensor(arrays["bias"])}
    layer.load_state_dict(state)
    X = np.random.default_rng(1).normal(size=(5, 4))
    scaled = (X - arrays["shift"]) / arrays["scale"]
    P = torch.softmax(layer(torch.tensor(scaled)), dim=1).detach().numpy()
    np.testing.assert_allclose(P, model.probabilities(X), atol=1e-12)


def test_that_a_csv_is_a_plain_table_safe_for_spreadsheets(tmp_path: Path) -> None:
    save_model(a_model(), tmp_path / "w.csv")
    lines = (tmp_path / "w.csv").read_text(encoding="utf-8").split("\n")
    assert lines[0].startswith("# softmax-gui model {")
    assert lines[1] == "class,bias,x1,x2,x3,x4"
    assert lines[3].startswith("'=SUM(1),")


def test_that_rows_sorted_in_a_spreadsheet_keep_their_classes(tmp_path: Path) -> None:
    model, path = a_model(), tmp_path / "w.csv"
    save_model(model, path)
    with path.open(encoding="utf-8", newline="") as file:
        first = file.readline()
        header, *rows = csv.reader(file)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(first)
        csv.writer(file).writerows([header, *reversed(rows)])
    back = load_model(path)
    assert back.class_names == NAMES[::-1]
    X = np.random.default_rng(1).normal(size=(5, 4))
    np.testing.assert_array_equal(back.probabilities(X)[:, ::-1], model.probabilities(X))
    with path.open("a", encoding="utf-8") as file:
        file.write("another,0,1,2,3,4\n")
    with pytest.raises(ModelProblem, match="not those of its first line"):
        load_model(path)


def test_that_json_says_what_rows_and_columns_mean(tmp_path: Path) -> None:
    save_model(a_model(), tmp_path / "w.json")
    value = json.loads((tmp_path / "w.json").read_text(encoding="utf-8"))
    assert value["classes"] == list(NAMES)
    assert "(q, d)" in value["orientation"]
    assert value["pixel_order"].startswith("row by row")
    assert np.shape(value["weight"]) == (3, 4)


def test_that_plain_tensors_of_another_program_are_read(tmp_path: Path) -> None:
    weight = np.ones((3, 4), dtype=np.float32)
    safetensors.numpy.save_file({"weight": weight}, tmp_path / "w.safetensors")
    model = load_model(tmp_path / "w.safetensors")
    assert model.class_names == ("class 1", "class 2", "class 3")
    np.testing.assert_array_equal(model.dense.b, np.zeros(3))


GOOD = {"weight": np.ones((3, 4)), "bias": np.zeros(3)}
BAD_ARRAYS: dict[str, dict[str, np.ndarray]] = {
    "nan": {**GOOD, "weight": np.full((3, 4), np.nan)},
    "shape": {**GOOD, "bias": np.zeros(2)},
    "cube": {**GOOD, "weight": np.ones((3, 4, 2))},
    "none": {"something": np.ones(3)},
    "empty-rows": {**GOOD, "weight": np.ones((0, 4))},
    "scale": {**GOOD, "shift": np.zeros(4), "scale": np.ones(3)},
    "infinite scale": {**GOOD, "shift": np.zeros(4), "scale": np.full(4, np.inf)},
    "object": {"weight": np.array([[object()]], dtype=object)},
}
BAD_BYTES = {
    "truncated": safetensors_bytes(a_model())[:-20],
    "pickle": pickle.dumps({"weight": [[1.0]]}),
    "blank": b"",
    "nested": b'{"weight": ' + b"[" * 100_000,
    "ragged": b'{"weight": [[1, 2], [3]], "bias": [0, 0]}',
    "list": b"[1, 2, 3]",
    "table": b"class,bias,x1\ncat,0.5,nothing\n",
    "short row": b"class,bias,x1\ncat,0.5\n",
    "data": b"sepal length,species\n5.1,setosa\n",
    "quote": b'class,bias,x1\n"cat,0.5,1\n',
    "noise": bytes(range(256)) * 4,
    "long weight": b'{"weight": [[1%s]]}' % (b"0" * 400),
    "long bias": b'{"weight": [[1]], "bias": [1%s]}' % (b"0" * 400),
    "long shift": b'{"weight": [[1]], "shift": [1%s], "scale": [1]}' % (b"0" * 400),
    "long metric": b'{"weight": [[1]], "metrics": {"loss": 1%s}}' % (b"0" * 400),
    "half a character": b'{"weight": [[1], [2]], "classes": ["cat", "\\ud800"]}',
    "half a feature": b'{"weight": [[1]], "features": ["\\udfff"]}',
    "half a metric": b'{"weight": [[1]], "metrics": {"\\ud800": 1}}',
    "half a data name": b'{"weight": [[1]], "data": "\\ud800"}',
    "negative picture": b'{"weight": [[1, 2, 3, 4]], "image_shape": [-2, -2]}',
    "long picture": b'{"weight": [[1]], "image_shape": [1%s, 1]}' % (b"0" * 4000),
}


def write_broken(kind: str, path: Path) -> None:
    """Writes a file with one fault."""
    if kind == "half in an NPZ":
        description = np.array('{"classes": ["a", "b", "\ud800"]}')
        np.savez(path, allow_pickle=False, softmax_gui=description, **GOOD)
    elif kind in BAD_ARRAYS:
        np.savez(path, allow_pickle=True, **BAD_ARRAYS[kind])
    elif kind == "torch":
        with zipfile.ZipFile(path, "w") as archive:  # as torch.save lays it out
            archive.writestr("archive/data.pkl", BAD_BYTES["pickle"])
    else:
        path.write_bytes(BAD_BYTES[kind])


REFUSALS = {
    "nan": "not a finite number", "shape": "2 biases fit neither side", "cube": "wanted: 2 axes",
    "none": 'No array "weight"', "empty-rows": "empty", "scale": "one shift and one scale",
    "infinite scale": "not finite", "object": "damaged", "truncated": "damaged",
    "pickle": "pickle", "torch": "pickle", "blank": "empty", "nested": "not JSON",
    "ragged": "not a table", "list": "not a JSON object", "table": 'row 2, column x1: "nothing"',
    "short row": "row 2: 2 columns, 3 expected", "data": '"class" and "bias"',
    "quote": "can't be read", "noise": "none of .safetensors",
    "long weight": '"weight" is not a table', "long bias": '"bias" is not a table',
    "long shift": '"shift" is not a table', "long metric": '"metrics" is not a table',
    "half a character": '"\N{REPLACEMENT CHARACTER}" holds half a character',
    "half a feature": "half a character", "half a metric": "half a character",
    "half a data name": "half a character", "half in an NPZ": "half a character",
    "negative picture": "sides must have from 1 to 4 pixels",
    "long picture": "sides must have from 1 to 1 pixels",
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSALS)
def test_that_a_bad_file_is_refused_with_its_name_and_the_reason(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "weights.npz"
    write_broken(kind, path)
    with pytest.raises(ModelProblem, match=r"weights\.npz holds no usable weights") as caught:
        load_model(path)
    assert REFUSALS[kind] in str(caught.value)


def test_that_an_archive_that_unpacks_beyond_the_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("softmax_gui.export.weights.LIMIT_BYTES", 100_000)
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("weight.npy", b"\0" * 10_000_000)
    with pytest.raises(ModelProblem, match="larger than 100,000 bytes"):
        load_model(tmp_path / "bomb.npz")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300))
def test_that_random_bytes_are_refused_and_nothing_else_happens(
    tmp_path: Path, data: bytes
) -> None:
    (tmp_path / "noise").write_bytes(data)
    with pytest.raises(ModelProblem):
        load_model(tmp_path / "noise")


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10_000), byte=st.integers(0, 255))
@EVERY_FORMAT
def test_that_a_flipped_byte_is_refused_or_gives_finite_weights(
    tmp_path: Path, suffix: str, place: int, byte: int
) -> None:
    path = tmp_path / f"w{suffix}"
    save_model(a_model(), path, verify=False)
    data = bytearray(path.read_bytes())
    data[place % len(data)] = byte
    path.write_bytes(data)
    with contextlib.suppress(ModelProblem):
        assert np.isfinite(load_model(path).dense.W).all()


def test_that_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelProblem, match=r"w\.pt: unknown ending"):
        save_model(a_model(), tmp_path / "w.pt")
    assert list(tmp_path.iterdir()) == []


def test_that_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="there is no folder"):
        save_model(a_model(), tmp_path / "nowhere" / "w.json")


def a_dataset(names: tuple[str, ...]) -> Dataset:
    random = np.random.default_rng(5)
    X = random.normal(size=(60, 4)) * [1.0, 20.0, 0.1, 3.0] + 7.0
    return Dataset("other", X, np.arange(60) % len(names), names, feature_names(4))


def test_that_weights_fitted_to_another_scaling_and_order_say_the_same() -> None:
    model = a_model()
    dataset = a_dataset((NAMES[2], NAMES[0], NAMES[1]))
    parts = split(dataset, seed=0)
    dense = model.fitted_to(dataset, parts.scaling)
    P = np.asarray(dense.probabilities(parts.validation.X))
    expected = model.probabilities(parts.scaling.undo(parts.validation.X))
    np.testing.assert_allclose(P, expected[:, [2, 0, 1]], atol=1e-12)


@pytest.mark.parametrize("theirs", [(1e300, 1e-300), (0.0, 1e-300), (1e308, 1.0)])
def test_that_weights_which_another_scaling_makes_infinite_are_refused(
    theirs: tuple[float, float],
) -> None:
    good = a_model()
    scaling = Scaling(np.full(4, theirs[0]), np.full(4, theirs[1]))
    model = replace(good, dense=Dense(good.dense.W * 1e10, good.dense.b), scaling=scaling)
    with pytest.raises(ModelProblem, match="become too large"):
        model.fitted_to(a_dataset(NAMES), Scaling.identity(4))


def test_that_weights_of_another_shape_or_other_classes_are_refused() -> None:
    model, identity = a_model(), Scaling.identity(4)
    with pytest.raises(ModelProblem, match=r"for 4 features and 3 classes.*have 4 and 2"):
        model.fitted_to(a_dataset(("a", "b")), identity)
    with pytest.raises(ModelProblem, match="for the classes"):
        model.fitted_to(a_dataset(("a", "b", "c")), identity)


def test_that_a_model_that_fits_itself_not_is_refused() -> None:
    good = a_model()
    with pytest.raises(ModelProblem, match="2 class names, 3 expected"):
        type(good)(good.dense, ("a", "b"), good.feature_names, good.scaling)
    bad = Dense(np.full((4, 3), np.inf), np.zeros(3))
    with pytest.raises(ModelProblem, match="not a finite number"):
        type(good)(bad, NAMES, good.feature_names, good.scaling)
