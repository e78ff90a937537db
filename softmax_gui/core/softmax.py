"""Softmax, log-sum-exp and their relatives, along the last axis of numpy or torch arrays.

Everything starts from the terms exp(o_i - max o), of which the largest is 1. What the others add,
`rest`, is summed apart from that 1: log p of the winner is -log1p(rest), exact down to 1e-300,
where log(1 + rest) is 0 from 1e-16 on.

A row whose largest logit is -inf, +inf or NaN has no probabilities: all of it is NaN. A -inf
beside a finite logit is probability 0.
"""

import math

import numpy as np

from softmax_gui.core.arrays import (
    Array,
    as_floating,
    as_type_of,
    namespace,
    require_last_axis,
    row_max,
    row_sum,
    widened,
)


@np.errstate(all="ignore")  # inf - inf is wanted: NaN marks what is undefined
def softmax(logits: Array, temperature: float = 1.0) -> Array:
    """Probabilities p_i = exp(o_i / T) / sum_j exp(o_j / T).

    Args:
        logits: (..., q), any values.
        temperature: T; below 1 sharpens, above 1 flattens, the order of the classes stays.

    Returns:
        (..., q), each row in [0, 1] with sum 1.

    Raises:
        ValueError: the temperature is not positive and finite, or there is no class.

    Source: Bridle (1990), Training stochastic model recognition algorithms as networks.
    """
    temperature = _positive("temperature", temperature)
    logits = as_floating(logits)
    require_last_axis(logits)
    if temperature == 1.0:
        terms = namespace(logits).exp(logits - row_max(logits))  # exp cannot overflow
        return terms / row_sum(terms)
    wide = widened(logits)  # float32 would lose digits in the quotient
    terms = namespace(wide).exp((wide - row_max(wide)) / temperature)
    return as_type_of(terms / row_sum(terms), logits)


@np.errstate(all="ignore")
def log_softmax(logits: Array) -> Array:
    """Log-probabilities log p_i = o_i - log sum_j exp(o_j), accurate also where p_i is near 1.

    Args:
        logits: (..., q), any values.

    Returns:
        (..., q) in nats, at most 0; -inf for a logit of -inf beside a finite one.

    Raises:
        ValueError: there is no class.
    """
    shifted, _, rest = exponentials(logits)
    return shifted - namespace(rest).log1p(rest)


@np.errstate(all="ignore")
def log_sum_exp(logits: Array) -> Array:
    """The logarithm of sum_i exp(o_i), whose gradient is softmax(o).

    Near 0, where the largest logit and the logarithm cancel, the error is some 1e-16 absolute.

    Args:
        logits: (..., q), any values.

    Returns:
        (...), in nats; -inf if all logits are -inf, +inf if one is +inf, NaN if one is NaN.

    Raises:
        ValueError: there is no logit.
    """
    return _smooth_max(logits, 1.0)


def exponentials(logits: Array) -> tuple[Array, Array, Array]:
    """What log_softmax and cross_entropy share: o - max o, its exp, and the sum of exp less 1.

    The caller ignores numpy's floating point warnings.

    Args:
        logits: (..., q), any values.

    Returns:
        shifted (..., q), terms (..., q) and rest (..., 1), all NaN where probabilities are.

    Raises:
        ValueError: there is no class.
    """
    logits = as_floating(logits)
    require_last_axis(logits)
    largest = row_max(logits)
    shifted = logits - largest
    terms = namespace(logits).exp(shifted)
    return shifted, terms, _sum_less_one(terms, logits == largest)


def softmax_jacobian(probabilities: Array) -> Array:
    """Derivative of softmax in the logits, diag(p) - p p^T: also the covariance of a one-hot draw.

    Args:
        probabilities: (..., q), the value p of softmax.

    Returns:
        (..., q, q), symmetric; rows sum to 0, eigenvalues lie in [0, 1/2].

    Raises:
        ValueError: there is no class.
    """
    p = as_floating(probabilities)
    require_last_axis(p)
    one = namespace(p).eye(p.shape[-1], dtype=p.dtype, device=p.device)
    # p_i (1 - p_i) keeps the digits near 1 that p_i - p_i^2 loses; + 0.0 turns -0.0 into 0.0
    return p[..., :, None] * (one - p[..., None, :]) + 0.0


@np.errstate(all="ignore")
def real_softmax(values: Array, sharpness: float = 1.0) -> Array:
    """A smooth maximum (1/L) log sum_i exp(L a_i): above max a by at most ln(q) / L.

    Args:
        values: (..., q), any values.
        sharpness: L; towards infinity the result tends to the maximum.

    Returns:
        (...), one number a row.

    Raises:
        ValueError: the sharpness is not positive and finite, or there is no value.
    """
    return _smooth_max(values, _positive("sharpness", sharpness))


def softmin(values: Array, sharpness: float = 1.0) -> Array:
    """A smooth minimum -(1/L) log sum_i exp(-L a_i): below min a by at most ln(q) / L.

    Args:
        values: (..., q), any values.
        sharpness: L; towards infinity the result tends to the minimum.

    Returns:
        (...), one number a row. The vector named softmin elsewhere is softmax(-a).

    Raises:
        ValueError: the sharpness is not positive and finite, or there is no value.
    """
    return 0.0 - real_softmax(0.0 - as_floating(values), sharpness)  # -x would show -0.0


def _smooth_max(values: Array, sharpness: float) -> Array:
    """(1/L) log sum exp(L a), in float64 where there is one: the sum may cancel the maximum."""
    values = as_floating(values)
    require_last_axis(values)
    wide, xp = widened(values), namespace(values)
    largest = row_max(wide)
    origin = xp.where(xp.isfinite(largest), largest, 0.0)  # inf - inf would hide the limit
    terms = xp.exp(sharpness * (wide - origin))
    rest = _sum_less_one(terms, wide == largest)
    return as_type_of((origin + xp.log1p(rest) / sharpness)[..., 0], values)[()]


def _sum_less_one(terms: Array, is_largest: Array) -> Array:
    """The sum of terms whose largest are 1, less 1, without ever adding a small one to that 1."""
    ones = as_type_of(is_largest, terms)
    return row_sum(terms - ones) + (row_sum(ones) - 1.0)


def _positive(name: str, value: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not 0.0 < number < math.inf:
        raise ValueError(f"The {name} must be a positive finite number, not {value!r}.")
    return number
