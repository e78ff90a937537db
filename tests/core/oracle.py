"""Reference values at 50 digits, and the arrays that every test of core meets."""

import functools
import importlib.util
from collections.abc import Callable, Iterable
from typing import Any

import mpmath
import numpy as np
import pytest

mpmath.mp.dps = 50

HAS_TORCH = importlib.util.find_spec("torch") is not None
LIBRARIES = [
    pytest.param("numpy"),
    pytest.param("torch", marks=pytest.mark.skipif(not HAS_TORCH, reason="torch is absent")),
]
both_libraries = pytest.mark.parametrize("library", LIBRARIES)
both_precisions = pytest.mark.parametrize("dtype", ["float32", "float64"])
RELATIVE = {"float32": 1e-5, "float64": 1e-12}


def make(library: str, values: Any, dtype: str = "float64") -> Any:
    """An array of the library that holds `values`, rounded to dtype."""
    array = np.array(values, dtype=dtype)
    return array if library == "numpy" else pytest.importorskip("torch").from_numpy(array)


def numpy_of(array: Any) -> np.ndarray[Any, Any]:
    """Whatever core returned, as a numpy array."""
    return np.asarray(array if isinstance(array, np.ndarray | np.generic) else array.detach())


def exact(values: Any) -> tuple[Any, ...]:
    """The floats themselves, without a rounding more."""
    return tuple(mpmath.mpf(float(value)) for value in np.ravel(values))


def assert_right(computed: Any, wanted: Iterable[Any] | Any, dtype: str) -> None:
    """Every number right to the promised relative error, or to two steps of the denormals."""
    flat = np.ravel(numpy_of(computed))
    targets = list(wanted) if isinstance(wanted, Iterable) else [wanted]
    assert len(flat) == len(targets)
    assert flat.dtype == dtype
    step = mpmath.mpf(float(np.finfo(dtype).smallest_subnormal))
    for value, want in zip(exact(flat), targets, strict=True):
        if mpmath.isnan(want) or mpmath.isinf(want):
            assert str(value) == str(want)
        else:
            allowed = RELATIVE[dtype] * abs(want) + 2 * step
            assert abs(value - want) <= allowed, (value, want)


@functools.cache  # numpy and torch are asked the same
def log_sum_exp(logits: tuple[Any, ...], scale: float = 1.0) -> Any:
    """(1/scale) log sum exp(scale o); many digits, since it may be as small as e^-745."""
    factor = mpmath.mpf(scale)
    with mpmath.workdps(350 if len(logits) < 20 else 50):
        return mpmath.log(mpmath.fsum(mpmath.exp(factor * o) for o in logits)) / factor


@functools.cache
def softmax(logits: tuple[Any, ...], temperature: float = 1.0) -> list[Any]:
    """Probabilities of one row."""
    top, divisor = max(logits), mpmath.mpf(temperature)
    terms = [mpmath.exp((o - top) / divisor) for o in logits]
    total = mpmath.fsum(terms)
    return [term / total for term in terms]


@functools.cache
def log_softmax(logits: tuple[Any, ...]) -> list[Any]:
    """Log-probabilities of one row, to as many digits."""
    with mpmath.workdps(350):
        total = log_sum_exp(logits)
        return [o - total for o in logits]


def central_difference(
    function: Callable[[np.ndarray[Any, Any]], Any], point: Any, step: float = 1e-5
) -> np.ndarray[Any, Any]:
    """Derivatives of `function` in each entry of `point`, along a new first axis."""
    point = np.asarray(point, dtype=float)
    slopes = []
    for index in np.ndindex(point.shape):
        offset = np.zeros_like(point)
        offset[index] = step
        slopes.append((function(point + offset) - function(point - offset)) / (2 * step))
    return np.array(slopes).reshape(*point.shape, *np.shape(slopes[0]))


def extreme_rows() -> list[list[float]]:
    """Logits that broke somebody's softmax: large, tied, excluded, nearly certain, one, many."""
    rng = np.random.default_rng(0)
    inf = float("inf")
    rows: list[list[float]] = [
        [0.0],
        [1e4],
        [-1e4, 1e4],
        [1e4, 1e4, 1e4],
        [1000.0, 1001.0, 1002.0],
        [0.0, -40.0],
        [0.0, -700.0, -710.0],
        [0.0, -740.0],
        [0.0, -80.0, -87.0, -95.0, -103.0],
        [-inf, 0.0, 1.0],
        [-1e4, -inf, -1e4],
        [-inf, -inf, 3.0],
        [5e-324, 0.0, -5e-324],
        [1e-20, 0.0],
        [-1e-10, -23.0],
        [43.6, -43.7, 0.1],
    ]
    rows += [list(scale * rng.normal(size=q)) for q in (2, 3, 10) for scale in (1e-3, 1, 30, 5e3)]
    rows.append(list(np.round(rng.normal(size=12))))  # ties in every place
    return rows


EXTREME_ROWS = extreme_rows()
MANY_CLASSES = 20 * np.random.default_rng(1).normal(size=1000)
