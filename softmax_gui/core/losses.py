"""Cross-entropy of softmax and its derivatives, written out as in the chapter."""

import numpy as np

from softmax_gui.core.arrays import Array, as_floating, as_type_of, namespace, to_numpy
from softmax_gui.core.softmax import exponentials

_BLOCK = 2**15  # entries at a time in numpy: temporaries stay in the cache, 3 times faster


@np.errstate(all="ignore")  # a logit of -inf is allowed
def cross_entropy(
    logits: Array, targets: Array, weights: Array | None = None
) -> tuple[Array, Array]:
    """Mean cross-entropy of P = softmax(logits) against Y = targets, and its gradient.

    loss = -(1/n) sum_ik s_i Y_ik log P_ik,    dlogits = (1/n) s (P - Y)

    Args:
        logits: (n, q), any values.
        targets: (n, q), one-hot or soft; each row sums to 1.
        weights: s (n,), at least 0, of mean 1 over all the data; None counts every example once.

    Returns:
        The loss in nats, a 0-d array left on its device, and dlogits (n, q). A target of 0
        contributes 0 also at a logit of -inf; a positive one there makes the loss inf. A row
        without probabilities (see softmax) makes the loss and its row of dlogits NaN. A row of
        weight 0 contributes 0 whatever it holds.

    Raises:
        ValueError: the shapes differ, are not (n, q), or there is no example or no class.

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
    s = None if weights is None else _as_column(weights, logits)
    if xp is not np or logits.size <= _BLOCK:
        total, dlogits = _summed(logits, Y, s, n)
        return total / n, dlogits
    total, dlogits, step = 0.0, np.empty_like(logits), max(1, _BLOCK // Y.shape[1])
    for start in range(0, n, step):
        rows = slice(start, start + step)
        part, dlogits[rows] = _summed(logits[rows], Y[rows], None if s is None else s[rows], n)
        total += part
    return total / n, dlogits


def _summed(logits: Array, Y: Array, s: Array | None, n: int) -> tuple[Array, Array]:
    """The losses of these rows, summed, and their rows of the gradient of the mean of n."""
    shifted, terms, rest = exponentials(logits)
    xp = namespace(logits)
    minus_log_p = xp.where(Y == 0.0, 0.0, xp.log1p(rest) - shifted)  # 0 log 0 = 0
    # P - Y over one denominator: where P nears Y = 1 it is -rest / (1 + rest), to all digits
    losses, dlogits = Y * minus_log_p, ((terms - Y) - Y * rest) / (n * (1.0 + rest))
    if s is None:
        return losses.sum(), dlogits
    counts = s > 0.0
    return xp.where(counts, s * losses, 0.0).sum(), xp.where(counts, s * dlogits, 0.0)


def _as_column(weights: Array, logits: Array) -> Array:
    """Weights (n,) as (n, 1), in the type of the logits."""
    s = as_type_of(weights, logits)
    if tuple(s.shape) != (len(logits),):
        raise ValueError(f"{len(logits)} examples need as many weights, not {tuple(s.shape)}.")
    return s[:, None]


def one_hot(labels: Array, q: int, like: Array | None = None) -> Array:
    """Targets (n, q) that are 1 at the label of each row and 0 elsewhere.

    Args:
        labels: (n,), whole numbers from 0 to q - 1.
        q: the number of classes.
        like: what has the floating type wanted; None is float64.

    Raises:
        ValueError: a label is not one of them; the sentence has its row, counted from 0.
    """
    xp = namespace(labels)
    labels = np.asarray(labels, np.int64) if xp is np else labels.long()  # bytes would be a mask
    outside = (labels < 0) | (labels >= q)
    if outside.any():
        row = int(np.argmax(to_numpy(outside)))
        raise ValueError(f"Row {row} has the label {int(labels[row])}, outside 0 to {q - 1}.")
    eye = np.eye(q) if xp is np else xp.eye(q, dtype=xp.float64, device=labels.device)
    return (eye if like is None else as_type_of(eye, like))[labels]


def smoothed(targets: Array, eps: float) -> Array:
    """Label smoothing: (1 - eps) Y + eps / q, so that no class is ever certain.

    Args:
        targets: Y (n, q), each row of which sums to 1; so do those of the result.
        eps: the share given to all classes alike, at least 0 and below 1; 0 changes nothing.

    Raises:
        ValueError: eps is out of its range.

    Source: Szegedy et al. (2016), Rethinking the Inception architecture for computer vision.
    """
    if not 0.0 <= eps < 1.0:
        raise ValueError(f"The label smoothing must be at least 0 and below 1, not {eps}.")
    if eps == 0.0:
        return targets
    Y = as_floating(targets)
    return (1.0 - eps) * Y + eps / Y.shape[-1]


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
