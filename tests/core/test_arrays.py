"""What differs between numpy and torch, and that neither is imported for the other's sake."""

import subprocess
import sys

import numpy as np
import pytest

from softmax_gui.core import arrays
from softmax_gui.core.arrays import (
    as_floating,
    as_type_of,
    namespace,
    row_max,
    row_sum,
    to_numpy,
    widened,
)
from softmax_gui.core.information import entropy, kl_divergence
from softmax_gui.core.losses import cross_entropy
from softmax_gui.core.softmax import log_softmax, log_sum_exp, real_softmax, softmax
from tests.core.oracle import both_libraries, make, numpy_of


def test_that_core_never_imports_torch() -> None:
    code = (
        "import sys\n"
        "from softmax_gui.core import information, losses, metrics, models, softmax, stability\n"
        "softmax.softmax([1.0, 2.0])\n"
        "assert 'torch' not in sys.modules and 'PySide6' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], check=False, timeout=50)
    assert done.returncode == 0


def test_that_an_array_is_recognised_while_torch_is_half_imported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "torch", type(sys)("torch"))  # no Tensor in it yet
    assert namespace([1.0]) is np
    assert namespace(np.zeros(1)) is np


def test_that_each_array_gets_its_own_namespace() -> None:
    torch = pytest.importorskip("torch")
    assert namespace(torch.zeros(1)) is torch
    assert namespace(np.zeros(1)) is np
    assert namespace(np.float64(1)) is np


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("int8", "float64"),
        ("uint8", "float64"),
        ("int64", "float64"),
        ("bool", "float64"),
        ("float16", "float32"),
        ("float32", "float32"),
        ("float64", "float64"),
        (">f4", ">f4"),
        (">f2", "float32"),
        ("longdouble", "longdouble"),
    ],
)
def test_that_numpy_types_become_fit_for_formulas(given: str, wanted: str) -> None:
    array = np.ones(3, given)
    assert as_floating(array).dtype == np.dtype(wanted)
    assert (as_floating(array) is array) == (given == wanted)


@pytest.mark.parametrize("given", ["complex128", "str", "object", "datetime64[s]"])
def test_that_what_is_no_number_is_refused(given: str) -> None:
    with pytest.raises(TypeError, match=r"^Real numbers are needed, not "):
        as_floating(np.zeros(3, given))


def test_that_torch_types_become_fit_for_formulas() -> None:
    torch = pytest.importorskip("torch")
    for given in (torch.uint8, torch.int64, torch.bool):
        assert as_floating(torch.ones(3, dtype=given)).dtype == torch.float64
    for given in (torch.float16, torch.bfloat16):
        assert as_floating(torch.ones(3, dtype=given)).dtype == torch.float32
    for given in (torch.float32, torch.float64):
        tensor = torch.ones(3, dtype=given)
        assert as_floating(tensor) is tensor
    with pytest.raises(TypeError, match="Real numbers are needed"):
        as_floating(torch.ones(3, dtype=torch.complex64))


def test_that_a_device_without_float64_computes_in_float32(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(arrays, "_has_float64", lambda tensor: False)
    assert as_floating(torch.ones(3, dtype=torch.int64)).dtype == torch.float32
    logits = torch.tensor([1.0, 2.0, 3.0])
    assert widened(logits) is logits
    np.testing.assert_allclose(softmax(logits, 2.0), softmax(numpy_of(logits), 2.0), rtol=1e-6)
    np.testing.assert_allclose(log_sum_exp(logits), log_sum_exp(numpy_of(logits)), rtol=1e-6)


@both_libraries
def test_that_half_precision_is_computed_in_single_precision(library: str) -> None:
    logits = np.random.default_rng(0).normal(size=(70, 300)).astype(np.float16)
    narrow = logits if library == "numpy" else pytest.importorskip("torch").from_numpy(logits)
    wide = make(library, logits, "float32")
    targets = softmax(wide)
    for function in (softmax, log_softmax, log_sum_exp, real_softmax, entropy):
        assert numpy_of(function(narrow)).dtype == np.float32
        np.testing.assert_array_equal(numpy_of(function(narrow)), numpy_of(function(wide)))
    for one, other in zip(
        cross_entropy(narrow, targets), cross_entropy(wide, targets), strict=True
    ):
        np.testing.assert_array_equal(numpy_of(one), numpy_of(other))
    assert numpy_of(kl_divergence(narrow, narrow)).dtype == np.float32


def test_that_bfloat16_is_computed_in_single_precision() -> None:
    torch = pytest.importorskip("torch")
    logits = torch.linspace(-3, 3, 10).to(torch.bfloat16)
    assert torch.equal(softmax(logits), softmax(logits.to(torch.float32)))


@both_libraries
@pytest.mark.parametrize("shape", [(3,), (0, 3), (5, 3), (100, 3), (100, 40), (2, 3, 4)])
def test_that_rows_are_reduced_along_the_last_axis(library: str, shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).normal(size=shape)
    array = make(library, values)
    np.testing.assert_array_equal(numpy_of(row_max(array)), values.max(-1, keepdims=True))
    np.testing.assert_allclose(numpy_of(row_sum(array)), values.sum(-1, keepdims=True), rtol=1e-13)


@pytest.mark.parametrize("rows", [1, 100])
def test_that_a_maximum_over_nan_is_nan(rows: int) -> None:
    assert np.isnan(row_max(np.tile([1.0, np.nan, 2.0], (rows, 1)))).all()


@both_libraries
def test_that_conversions_keep_what_fits(library: str) -> None:
    array = make(library, [1.0, 2.0], "float32")
    assert as_type_of(array, array) is array
    assert widened(widened(array)) is not array
    assert numpy_of(widened(array)).dtype == np.float64
    assert np.shares_memory(to_numpy(array), numpy_of(array))
