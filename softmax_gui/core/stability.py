"""How large a learning rate may be: bounds on the curvature of the mean cross-entropy."""

import math

import numpy as np
from numpy.typing import NDArray

from softmax_gui.core.arrays import Array, as_floating, namespace, to_numpy

_EXACT_ENTRIES = 2**22  # of X, up to which nothing is sampled: a copy of 32 MB
_EXACT_PRODUCTS = 3e8  # multiplications up to which the Gram matrix is formed: some 20 ms
_EXACT_SIDE = 300  # of the Gram matrix, up to which its eigenvalues are taken: some 10 ms
_SAMPLE_ENTRIES = 2**20  # of the rows drawn from a larger X: 8 MB
_POWER_STEPS = 20
_CHUNK_ROWS = 4096

Floats = NDArray[np.float64]


def smoothness(X: Array, weights: Array | None = None) -> float:
    """The largest curvature L that the mean cross-entropy of logits = X W + b can have.

    L = 1/2 lambda_max(Xt^T diag(s) Xt / n), where Xt is X with a column of ones and s holds the
    weights of the rows: the q x q block of every example, diag(p) - p p^T, is at most
    (I - 1 1^T / q) / 2, and so is that of soft targets. Gradient descent is stable below 2/L.

    Exact where forming the Gram matrix costs little. For a larger X (60,000 x 784) the rows are
    sampled, each with a chance in proportion to its weighted squared norm and a fixed seed, so
    that outliers are in, and 20 power steps taken on the sample: some 15 ms more than the one pass
    over X. That is within a few percent where one direction dominates, as in pictures; where none
    does, it errs to the safe side, by up to (1 + sqrt(d / rows))^2.

    Args:
        X: (n, d), n at least 1, finite; any numbers.
        weights: s (n,), at least 0 and not all 0, of mean 1; None is 1 for all.

    Raises:
        ValueError: X or weights are no such arrays.

    Source: Boehning (1992), Multinomial logistic regression algorithm; Frieze, Kannan and Vempala
        (2004), Fast Monte-Carlo algorithms for finding low-rank approximations.
    """
    X = _matrix(X)
    return _smoothness(X, _squared_norms(X), _weights(weights, len(X)))


def safe_learning_rate(
    X: Array,
    batch_size: int,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
    weights: Array | None = None,
) -> float:
    """A learning rate at which SGD with minibatches of this size stays stable.

    rate = (1 - momentum) / (2 (Lb + weight_decay)), where Lb mixes L = smoothness(X, weights) with
    the curvature L_max of the longest single row, max s_i |x_i|^2 / 2:

        Lb = n (B - 1) / (B (n - 1)) L + (n - B) / (B (n - 1)) L_max,

    and (1 - momentum) / (L + weight_decay) if the batch is all of X.

    Args:
        X: (n, d), n at least 1, finite.
        batch_size: B, at least 1.
        momentum: in [0, 1).
        weight_decay: the factor of W in the gradient, at least 0.
        weights: s (n,), as in smoothness.

    Raises:
        ValueError: an argument is out of its range.

    Source: Gower et al. (2019), SGD: General analysis and improved rates, proposition 3.8.
    """
    if batch_size < 1:
        raise ValueError(f"A batch needs at least one example, not {batch_size}.")
    if not 0.0 <= momentum < 1.0:
        raise ValueError(f"The momentum must be at least 0 and below 1, not {momentum}.")
    if not 0.0 <= weight_decay < math.inf:
        raise ValueError(f"The weight decay must be finite and not negative, not {weight_decay}.")
    X = _matrix(X)
    norms, s = _squared_norms(X), _weights(weights, len(X))
    n, B, L = len(X), batch_size, _smoothness(X, norms, s)
    if n <= B:
        return (1.0 - momentum) / (L + weight_decay)
    L_max = 0.5 * float(norms.max() if s is None else (s * norms).max())
    Lb = (n * (B - 1) * L + (n - B) * L_max) / (B * (n - 1))
    return (1.0 - momentum) / (2.0 * (Lb + weight_decay))


def _matrix(X: Array) -> Array:
    matrix = np.asarray(X) if namespace(X) is np else to_numpy(as_floating(X))
    if matrix.ndim != 2 or len(matrix) == 0:
        raise ValueError(f"X must be (n, d) with at least one example, got {matrix.shape}.")
    return matrix


def _weights(weights: Array | None, n: int) -> Floats | None:
    if weights is None:
        return None
    s = np.asarray(to_numpy(weights), np.float64)
    if s.shape != (n,) or not (np.isfinite(s) & (s >= 0.0)).all() or not s.any():
        raise ValueError(f"{n} weights are needed, finite, from 0 and not all 0.")
    return s


@np.errstate(all="ignore")
def _squared_norms(X: Array) -> Floats:
    """The squared norm of each row of Xt, 1 + sum_i x_i^2: (n,)."""
    norms = np.empty(len(X))
    for start in range(0, len(X), _CHUNK_ROWS):
        rows = slice(start, start + _CHUNK_ROWS)
        chunk = as_floating(X[rows])
        norms[rows] = np.einsum("ij,ij->i", chunk, chunk)
        if not np.isfinite(norms[rows]).all():  # 1e30 squared needs float64
            wide = chunk.astype(np.float64)
            norms[rows] = np.einsum("ij,ij->i", wide, wide)
    usable = norms < 1e300
    if not usable.all():
        row = int(np.argmin(usable))
        raise ValueError(f"Row {row} of X holds a value that is not finite or above 1e150.")
    return norms + 1.0


def _smoothness(X: Array, norms: Floats, s: Floats | None) -> float:
    n, d = X.shape
    side, count = min(n, d + 1), max(16, _SAMPLE_ENTRIES // (d + 1))
    cheap = side <= _EXACT_SIDE and n * d <= _EXACT_ENTRIES and n * d * side <= _EXACT_PRODUCTS
    if cheap or n <= count:
        rows, scale = np.arange(n), np.full(n, n**-0.5) if s is None else np.sqrt(s / n)
    elif s is None:
        rows, scale = _sample(norms, count)
    else:
        rows, scale = _sample(s * norms, count)
        scale = scale * np.sqrt(s[rows])
    Xt = np.column_stack([X[rows], np.ones(len(rows))])
    return 0.5 * _top_eigenvalue(Xt * scale[:, np.newaxis])


def _sample(norms: Floats, count: int) -> tuple[NDArray[np.intp], Floats]:
    """Rows drawn by weighted squared norm, one from each of `count` equal shares of their sum.

    Returns:
        The indices, and the factors that make the rows' Gram matrix that of all of Xt over n.
    """
    ends = np.cumsum(norms)
    points = (np.arange(count) + np.random.default_rng(0).random(count)) * (ends[-1] / count)
    rows = np.minimum(np.searchsorted(ends, points, side="right"), len(norms) - 1)
    return rows, np.sqrt(ends[-1] / (count * len(norms) * norms[rows]))


def _top_eigenvalue(A: Floats) -> float:
    """The largest eigenvalue of A^T A: exact if one side is short, else by power steps."""
    if min(A.shape) <= _EXACT_SIDE:
        gram = A.T @ A if A.shape[0] > A.shape[1] else A @ A.T
        return float(np.linalg.eigvalsh(gram)[-1])
    direction: Floats = np.random.default_rng(0).normal(size=int(A.shape[1]))
    for _ in range(_POWER_STEPS):
        direction = A.T @ (A @ (direction / float(np.linalg.norm(direction))))
    return float(np.linalg.norm(direction))  # of A^T A times a unit vector: at most the eigenvalue
