"""The predictor: one file of Python that needs numpy alone, and in which no name is code."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from softmax_gui.export.model import ModelProblem, TrainedModel
from softmax_gui.export.predictor import is_predictor, predictor_bytes, predictor_contents
from softmax_gui.export.weights import format_of, load_model, save_model
from softmax_gui.files import spreadsheet_safe
from tests.export.models import KINDS, NAMES, a_model, scaled_as, some_models

NASTY = (
    '"""\nimport os; raise SystemExit("injected")\n"""',
    "'); raise SystemExit('injected'); ('",
    "\\\n# \N{RIGHT-TO-LEFT OVERRIDE}\0\x7f${x}%s{0}",
)


def run(path: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-I", str(path), *arguments]
    return subprocess.run(command, capture_output=True, check=False, timeout=50)


def namespace(model: TrainedModel) -> dict[str, object]:
    names: dict[str, object] = {"__name__": "predictor"}
    exec(compile(predictor_bytes(model).decode(), "predictor.py", "exec"), names)
    return names


@pytest.mark.parametrize("kind", KINDS)
def test_that_it_says_what_the_model_says(tmp_path: Path, kind: str) -> None:
    model = scaled_as(kind)
    path, table = tmp_path / "predictor.py", tmp_path / "rows.csv"
    path.write_bytes(predictor_bytes(model))
    X = np.random.default_rng(1).normal(size=(5, 4)) * 3.0
    X[2] = 0.0
    table.write_text("\n".join(",".join(map(repr, row)) for row in X.tolist()))
    done = run(path, str(table))
    assert done.returncode == 0, done.stderr
    header, *rows = csv.reader(io.StringIO(done.stdout.decode(), newline=""))
    assert header == ["label", *(f"p({name})" for name in NAMES)]
    expected = model.probabilities(X)
    told = [[float(cell) for cell in row[1:]] for row in rows]
    np.testing.assert_allclose(told, expected, atol=1e-11)
    best = [spreadsheet_safe(NAMES[k]) for k in expected.argmax(axis=1)]
    assert [row[0] for row in rows] == best


def test_that_columns_are_found_by_the_names_of_the_features(tmp_path: Path) -> None:
    model = a_model()
    (tmp_path / "p.py").write_bytes(predictor_bytes(model))
    (tmp_path / "r.csv").write_text("label,x4,x3,x2,x1\na,4,3,2,1\n", encoding="utf-8-sig")
    *_, row = csv.reader(
        io.StringIO(run(tmp_path / "p.py", str(tmp_path / "r.csv")).stdout.decode())
    )
    expected = model.probabilities(np.array([[1.0, 2.0, 3.0, 4.0]]))[0]
    np.testing.assert_allclose([float(cell) for cell in row[1:]], expected, atol=1e-11)


@pytest.mark.parametrize("text", ["1,2,3,4\n1,2,x,4\n", "1,2,3,4\n1,2\n", "1,2,3,4\n1,2,nan,4\n"])
def test_that_a_row_that_is_no_numbers_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.py").write_bytes(predictor_bytes(a_model()))
    (tmp_path / "r.csv").write_text(text)
    done = run(tmp_path / "p.py", str(tmp_path / "r.csv"))
    assert done.returncode == 1
    assert b"line 2: not 4 numbers" in done.stderr


def test_that_names_of_any_content_run_nothing(tmp_path: Path) -> None:
    model = replace(a_model(), class_names=NASTY, feature_names=(*NASTY, "x4"), data=NASTY[0])
    data = predictor_bytes(model)
    assert is_predictor(data)
    assert data.isascii()
    names = namespace(model)
    assert names["CLASSES"] == list(NASTY)
    predict = names["predict"]
    assert callable(predict)
    assert predict(np.eye(4))[0] in NASTY


@settings(max_examples=40, deadline=None)
@given(model=some_models())
def test_that_any_model_comes_back_bit_by_bit_without_being_run(model: TrainedModel) -> None:
    data = predictor_bytes(model)
    assert is_predictor(data)
    arrays, description = predictor_contents(data)
    np.testing.assert_array_equal(arrays["weight"], model.dense.W.T)
    assert tuple(description["classes"]) == model.class_names
    probabilities = namespace(model)["probabilities"]
    assert callable(probabilities)
    X = np.random.default_rng(0).normal(size=(5, model.dense.d))
    np.testing.assert_allclose(probabilities(X), model.probabilities(X), atol=1e-12)


def test_that_it_is_opened_again_under_any_name(tmp_path: Path) -> None:
    save_model(a_model(), tmp_path / "w.py", verify=False)
    renamed = (tmp_path / "w.py").rename(tmp_path / "w.bin")
    assert format_of(renamed.read_bytes()[:4096]) == "py"
    back = load_model(renamed)
    np.testing.assert_array_equal(back.dense.W, a_model().dense.W)
    assert (back.class_names, back.metrics) == (NAMES, a_model().metrics)


def test_that_a_predictor_cut_or_changed_is_refused_and_not_run(tmp_path: Path) -> None:
    whole, path = predictor_bytes(a_model()), tmp_path / "w.py"
    for size in (70, whole.index(b"WEIGHT = ") + 60):
        path.write_bytes(whole[:size])
        with pytest.raises(ModelProblem, match=r"w\.py holds no usable weights. It lacks its line"):
            load_model(path)
    path.write_bytes(whole.replace(b'WEIGHT = "', b'WEIGHT = "!'))
    with pytest.raises(ModelProblem, match="damaged"):
        load_model(path)


def test_that_a_line_of_code_makes_it_no_predictor() -> None:
    whole = predictor_bytes(a_model())
    for change in (
        whole.replace(b"BIAS = ", b"import os\nBIAS = "),
        whole.replace(b'BIAS = "', b'BIAS = os.system("ls") or "'),
        whole.replace(b'BIAS = "', b'BIAS = "" "\\N{BULLET}'),
        whole + b"print()\n",
        b"print()\n" + whole,
        whole.replace(b"import csv", b"import os "),
    ):
        assert change != whole
        assert not is_predictor(change)


def test_that_it_imports_numpy_and_the_standard_library_alone(tmp_path: Path) -> None:
    (tmp_path / "p.py").write_bytes(predictor_bytes(a_model()))
    text = "import sys, runpy; runpy.run_path(sys.argv[1]); print(*sys.modules)"
    command = [sys.executable, "-I", "-c", text, str(tmp_path / "p.py")]
    done = subprocess.run(command, capture_output=True, check=True, timeout=50, env={**os.environ})
    modules = done.stdout.decode().split()
    assert "numpy" in modules
    foreign = {name.partition(".")[0] for name in modules} - set(sys.stdlib_module_names)
    assert not foreign & {"softmax_gui", "safetensors", "PySide6", "torch"}
    assert "pickle" not in predictor_bytes(a_model()).decode().replace("allow_pickle=False", "")
