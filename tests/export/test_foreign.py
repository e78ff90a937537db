"""Somebody else's weights: names and sides recognised, or asked; what does not fit refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from softmax_gui.core.models import Dense
from softmax_gui.data.dataset import Scaling
from softmax_gui.export.foreign import ORIENTATIONS, Ambiguous, arranged
from softmax_gui.export.model import ModelProblem
from softmax_gui.export.weights import format_of, load_model

W = np.arange(12.0).reshape(4, 3)  # (d, q)
B = np.array([0.5, -1.0, 2.0])
NAMES = [
    ("weight", "bias"), ("W", "b"), ("coef_", "intercept_"), ("kernel", "bias"),
    ("fc.weight", "fc.bias"), ("linear.weight", "linear.bias"), ("net.3.weight", "net.3.bias"),
    ("dense/kernel", "dense/bias"),
]  # fmt: skip


def written(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    if path.suffix == ".npz":
        np.savez(path, allow_pickle=False, **arrays)
    elif path.suffix == ".json":
        path.write_text(json.dumps({name: array.tolist() for name, array in arrays.items()}))
    else:
        whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        safetensors.numpy.save_file(whole, path)
    return path


@pytest.mark.parametrize(("weight", "bias"), NAMES)
@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".json"])
@pytest.mark.parametrize("turned", [False, True])
def test_that_the_usual_names_are_found_and_the_biases_tell_the_sides(
    tmp_path: Path, weight: str, bias: str, suffix: str, turned: bool
) -> None:
    if "/" in weight and suffix == ".npz":
        pytest.skip("an archive has no such name")
    path = written(tmp_path / f"w{suffix}", {weight: W if turned else W.T, bias: B})
    model = load_model(path)
    np.testing.assert_array_equal(model.dense.W, W)
    np.testing.assert_array_equal(model.dense.b, B)


SQUARE = {"W": np.arange(9.0).reshape(3, 3), "b": np.zeros(3)}


def test_that_a_square_is_asked_about_with_both_shapes_and_the_answer_taken(tmp_path: Path) -> None:
    path = written(tmp_path / "w.npz", SQUARE)
    with pytest.raises(Ambiguous, match=r"w\.npz holds weights of 3 x 3: .* Say which") as caught:
        load_model(path)
    assert caught.value.shapes == {"(q, d)": (3, 3), "(d, q)": (3, 3)}
    for orientation, expected in zip(ORIENTATIONS, (SQUARE["W"].T, SQUARE["W"]), strict=True):
        model = load_model(path, orientation=orientation)
        np.testing.assert_array_equal(model.dense.W, expected)


def test_that_without_biases_the_data_at_hand_tell_the_sides(tmp_path: Path) -> None:
    path = written(tmp_path / "w.safetensors", {"W": W})
    with pytest.raises(Ambiguous, match="4 classes of 3 features, or 3 classes of 4 features"):
        load_model(path)
    np.testing.assert_array_equal(load_model(path, features=4).dense.W, W)
    np.testing.assert_array_equal(load_model(path, features=3).dense.W, W.T)
    with pytest.raises(ModelProblem, match="weights are 4 x 3; the data have 5 features"):
        load_model(path, features=5)


@given(rows=st.integers(1, 6), columns=st.integers(2, 6), turned=st.booleans())
def test_that_a_side_is_never_guessed(rows: int, columns: int, turned: bool) -> None:
    weight = np.arange(float(rows * columns)).reshape(rows, columns)
    bias = np.zeros(columns if turned else rows)
    contents = ({"W": weight, "b": bias}, {"classes": [str(k) for k in range(len(bias))]})
    if rows == columns:
        with pytest.raises(Ambiguous):
            arranged(contents)
        return
    arrays, _ = arranged(contents)
    np.testing.assert_array_equal(arrays["weight"], weight.T if turned else weight)


def test_that_logistic_regression_of_scikit_learn_is_opened_by_the_recipe(tmp_path: Path) -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    scaling = pytest.importorskip("sklearn.preprocessing")
    random = np.random.default_rng(0)
    for q in (2, 3):  # three classes of three features: square, and yet not ambiguous
        X = random.normal(size=(90, 3)) * [1.0, 20.0, 0.1] + 5.0
        y = np.array(["고양이", "dog", "fish"])[np.arange(90) % q]
        X[:, 0] += np.arange(90) % q
        scaler = scaling.StandardScaler().fit(X)
        model = linear.LogisticRegression().fit(scaler.transform(X), y)
        path = tmp_path / f"model{q}.npz"
        np.savez(
            path, coef_=model.coef_, intercept_=model.intercept_,
            classes_=model.classes_.astype(str), shift=scaler.mean_, scale=scaler.scale_,
        )  # fmt: skip
        ours = load_model(path)
        assert ours.class_names == tuple(sorted(set(y.tolist())))
        expected = model.predict_proba(scaler.transform(X))
        np.testing.assert_allclose(ours.probabilities(X), expected, atol=1e-12)
        assert format_of(path.read_bytes()[:4096]) == "npz"


@pytest.mark.parametrize(
    ("weight", "bias"),
    [([[1.0, -2.0]], [0.5]), ([1.0, -2.0], 0.5), ([[1.0], [-2.0]], [0.5])],
)
def test_that_one_row_of_a_binary_model_becomes_two(
    tmp_path: Path, weight: list[float], bias: list[float]
) -> None:
    arrays = {"kernel": np.array(weight), "bias": np.array(bias)}
    model = load_model(written(tmp_path / "w.npz", arrays))
    np.testing.assert_array_equal(model.dense.W, [[0.0, 1.0], [0.0, -2.0]])
    np.testing.assert_array_equal(model.dense.b, [0.0, 0.5])
    p = model.probabilities(np.array([[3.0, 1.0]]))[0, 1]
    assert p == pytest.approx(1.0 / (1.0 + np.exp(-1.5)))


@pytest.mark.parametrize(
    ("classes", "names"),
    [
        (np.array([0, 1, 7]), ("0", "1", "7")),
        (np.array([0.0, 1.0, 2.5]), ("0", "1", "2.5")),
        (np.array(["가", "b", "c"]), ("가", "b", "c")),
        (np.array([b"a", b"b", b"c"]), ("a", "b", "c")),
    ],
)
def test_that_classes_of_any_type_are_names(
    tmp_path: Path, classes: np.ndarray, names: tuple[str, ...]
) -> None:
    path = written(tmp_path / "w.npz", {"coef_": W.T, "intercept_": B, "classes_": classes})
    assert load_model(path).class_names == names


def test_that_pickled_class_names_are_refused_with_what_to_do(tmp_path: Path) -> None:
    classes = np.array(["a", "b", "c"], dtype=object)
    np.savez(tmp_path / "w.npz", coef_=W.T, intercept_=B, classes_=classes)
    with pytest.raises(ModelProblem, match=r"classes_=model\.classes_\.astype\(str\)"):
        load_model(tmp_path / "w.npz")


BAD: dict[str, tuple[dict[str, np.ndarray], str]] = {
    "nan": ({"W": np.full((4, 3), np.nan), "b": B}, "not a finite number"),
    "infinite": ({"W": W, "b": np.array([0.0, np.inf, 0.0])}, "not a finite number"),
    "no fit": ({"W": W, "b": np.zeros(5)}, "5 biases fit neither side of weights of 4 x 3"),
    "cube": ({"W": np.ones((2, 2, 2)), "b": B}, "wanted: 2 axes"),
    "text": ({"W": np.array([["a", "b"]]), "b": B}, "wanted: numbers"),
    "two": ({"W": W, "coef_": W.T, "b": B}, "more than one array of weights"),
    "layers": ({"0.weight": W, "2.weight": W}, "more than one array of weights"),
    "two biases": ({"W": W, "b": B, "bias": B}, "more than one array of biases"),
    "none": ({"V": W}, r'No array "weight" \(found: V\)'),
    "empty": ({"W": np.ones((0, 3)), "b": B}, "empty"),
    "scale": ({"W": W, "b": B, "mean_": np.zeros(3), "scale_": np.ones(4)}, "one shift and one"),
    "names": ({"W": W, "b": B, "classes_": np.array(["a", "b"])}, "2 class names, 3 expected"),
}


@pytest.mark.parametrize("kind", BAD)
def test_that_what_does_not_fit_is_refused(tmp_path: Path, kind: str) -> None:
    arrays, sentence = BAD[kind]
    with pytest.raises(ModelProblem, match=sentence) as caught:
        load_model(written(tmp_path / "w.npz", arrays))
    assert str(caught.value).startswith("w.npz holds no usable weights")


TABLES = {
    "rows are classes": "name,intercept,a,b\ncat,1,2,3\ndog,4,5,6\nfish,7,8,9\n",
    "rows are features": "term,cat,dog,fish\n(Intercept),1,4,7\na,2,5,8\nb,3,6,9\n",
}


@pytest.mark.parametrize("kind", TABLES)
def test_that_a_table_says_by_its_intercept_what_its_rows_are(tmp_path: Path, kind: str) -> None:
    (tmp_path / "w.csv").write_text(TABLES[kind])
    model = load_model(tmp_path / "w.csv", features=2)
    assert model.class_names == ("cat", "dog", "fish")
    assert model.feature_names == ("a", "b")
    np.testing.assert_array_equal(model.dense.W, [[2, 5, 8], [3, 6, 9]])
    np.testing.assert_array_equal(model.dense.b, [1, 4, 7])


def test_that_a_table_of_numbers_alone_is_read_where_data_are_at_hand(tmp_path: Path) -> None:
    np.savetxt(tmp_path / "w.csv", W, delimiter=",")
    with pytest.raises(ModelProblem, match='"class" and "bias"'):
        load_model(tmp_path / "w.csv")
    for answer in ({"features": 4}, {"orientation": "(d, q)"}):
        model = load_model(tmp_path / "w.csv", **answer)
        np.testing.assert_array_equal(model.dense.W, W)
    (tmp_path / "w.csv").write_text("1,2\n3,x\n")
    with pytest.raises(ModelProblem, match='row 2, column 2: "x" is not a number'):
        load_model(tmp_path / "w.csv", features=2)
    (tmp_path / "w.csv").write_text("1,2\n3,1_000\n")
    with pytest.raises(ModelProblem, match='"1_000" is not a number'):
        load_model(tmp_path / "w.csv", features=2)


def test_that_half_precision_of_other_programs_is_read(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch_files = pytest.importorskip("safetensors.torch")
    for dtype in (torch.bfloat16, torch.float16):
        state = {"fc.weight": torch.tensor(W.T.copy(), dtype=dtype), "fc.bias": torch.tensor(B)}
        torch_files.save_file(state, tmp_path / "w.safetensors")
        np.testing.assert_array_equal(load_model(tmp_path / "w.safetensors").dense.W, W)


def test_that_a_type_no_number_here_has_is_named(tmp_path: Path) -> None:
    header = {"weight": {"dtype": "F8_E4M3", "shape": [2, 2], "data_offsets": [0, 4]}}
    text = json.dumps(header).encode()
    content = len(text).to_bytes(8, "little") + text + bytes(4)
    (tmp_path / "w.safetensors").write_bytes(content)
    with pytest.raises(ModelProblem, match="numbers of type F8_E4M3"):
        load_model(tmp_path / "w.safetensors")


def test_that_numbers_of_json_that_are_none_are_refused(tmp_path: Path) -> None:
    for number in ("1e999", "NaN", "-Infinity", "1" + "0" * 400, '"x"'):
        (tmp_path / "w.json").write_text(f'{{"coef_": [[{number}, 1]], "intercept_": [0]}}')
        with pytest.raises(ModelProblem, match=r"w\.json holds no usable weights"):
            load_model(tmp_path / "w.json")


def test_that_an_orientation_nobody_knows_is_an_error() -> None:
    with pytest.raises(ValueError, match="orientation 'rows'"):
        arranged(({"W": W}, {}), orientation="rows")


def test_that_opened_weights_are_used_like_our_own(tmp_path: Path) -> None:
    model = load_model(written(tmp_path / "w.npz", {"coef_": W.T, "intercept_": B}))
    assert isinstance(model.dense, Dense)
    assert model.class_names == ("class 1", "class 2", "class 3")
    assert model.scaling.kind == Scaling.identity(4).kind
    assert model.probabilities(np.zeros((1, 4))).sum() == pytest.approx(1.0)
