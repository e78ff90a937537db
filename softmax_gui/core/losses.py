"""Cross-entropy of softmax and its derivatives, written out as in the chapter."""

import numpy as np

from softmax_gui.core.arrays import Array, as_floating, as_type_of, namespace
from softmax_gui.core.softmax import exponentials

_BLOCK = 2**15  # entries at a time in numpy: temporaries stay in the cache, 3 times faster


@np.errstate(all="ignore")  # a logit of -inf is allowed
def cross_entropy(logits: Array, targets: Array) -> tuple[Array, Array]:
    """Mean cross-entropy of P = softmax(logits) against Y = targets, and its gradient.

    loss = -(1/n) sum_ik Y_ik log P_ik,    dlogits = (1/n) (P - Y)

    Args:
        logits: (n, q), any values.
        targets: (n, q), one-hot or soft; each row sums to 1.

    Returns:
        The loss in nats, a 0-d array left on its device, and dlogits (n, q). A target of 0
        contributes 0 also at a logit of -inf; a positive one there makes the loss inf. A row
        without probabilities (see softmax) makes the loss and its row of dlogits NaN.

    Raises:
        ValueError: the two shapes differ, are not (n, q), or there is no example or no class.

    Source: Bishop (2006), Pattern Recognition and Machine Learning, eqs. 4.108-4.109.
    """
    logits = as_floating(logits)
    Y = as_type_of(targets, logits)
    if logits.ndim != 2 or logits.shape != Y.shape:
        raise ValueError(
            f"logits {tuple(logits.shape)} and targets {tuple(Y.shape)} must have one shape (n, q)."
        )
    n, xp = len(logits), namespace(logits)
    if n == 0:
        raise ValueError("The mean cross-entropy of no examples is undefined.")
    if xp is not np or logits.size <= _BLOCK:
        total, dlogits = _summed(logits, Y, n)
        return total / n, dlogits
    total, dlogits, step = 0.0, np.empty_like(logits), max(1, _BLOCK // Y.shape[1])
    for start in range(0, n, step):
        rows = slice(start, start + step)
        part, dlogits[rows] = _summed(logits[rows], Y[rows], n)
        total += part
    return total / n, dlogits


def _summed(logits: Array, Y: Array, n: int) -> tuple[Array, Array]:
    """The losses of these rows, summed, and their rows of the gradient of the mean of n."""
    shifted, terms, rest = exponentials(logits)
    xp = namespace(logits)
    minus_log_p = xp.where(Y == 0.0, 0.0, xp.log1p(rest) - shifted)  # 0 log 0 = 0
    # P - Y over one denominator: where P nears Y = 1 it is -rest / (1 + rest), to all digits
    return (Y * minus_log_p).sum(), ((terms - Y) - Y * rest) / (n * (1.0 + rest))


def dense_gradient(X: Array, dlogits: Array) -> tuple[Array, Array]:
    """Gradient of the mean loss in the parameters of a dense layer, logits = X W + b.

    dW = X^T dlogits,    db = 1^T dlogits, where dlogits = (P - Y) / n holds the mean already.

    Args:
        X: (n, d), any numbers; computed in the floating type of dlogits.
        dlogits: (n, q), as returned by cross_entropy.

    Returns:
        dW (d, q) and db (q,).

    Raises:
        ValueError: X and dlogits are not matrices of the same number of rows.
    """
    dlogits = as_floating(dlogits)
    X = as_type_of(X, dlogits)
    if X.ndim != 2 or dlogits.ndim != 2 or len(X) != len(dlogits):
        raise ValueError(
            f"X {tuple(X.shape)} and dlogits {tuple(dlogits.shape)} must be (n, d) and (n, q)."
        )
    return X.T @ dlogits, dlogits.sum(axis=0)
