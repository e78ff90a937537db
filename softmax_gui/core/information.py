"""Surprisal, entropy, cross-entropy and Kullback-Leibler divergence of distributions, in nats.

Source of all: Shannon (1948), A mathematical theory of communication; for the divergence Kullback
and Leibler (1951), On information and sufficiency. Throughout 0 log 0 = 0.
"""

import math

import numpy as np

from softmax_gui.core.arrays import (
    Array,
    as_floating,
    as_type_of,
    namespace,
    require_last_axis,
    widened,
)

_LN2 = math.log(2.0)


@np.errstate(all="ignore")  # -log 0 is inf, on purpose
def surprisal(p: Array) -> Array:
    """-log p, element by element: how surprising an event of probability p is.

    Args:
        p: probabilities of any shape.

    Returns:
        The same shape, in nats: 0 at p = 1, inf at p = 0, NaN below 0.
    """
    p = as_floating(p)
    return 0.0 - namespace(p).log(p)  # 0.0 - x, since -x would show -0.0


@np.errstate(all="ignore")
def entropy(p: Array) -> Array:
    """H(P) = -sum_j p_j log p_j: the surprisal expected of P, a bound on the length of any code.

    Args:
        p: (..., q), distributions along the last axis.

    Returns:
        (...), in nats, from 0 (certain) to ln q (uniform).

    Raises:
        ValueError: there is no class.
    """
    return cross_entropy(p, p)


@np.errstate(all="ignore")
def cross_entropy(p: Array, q: Array) -> Array:
    """H(P, Q) = -sum_j p_j log q_j: the surprisal that P causes an observer who believes Q.

    Args:
        p: (..., q), the distributions that hold.
        q: the same shape, or one that broadcasts to it: the distributions believed.

    Returns:
        (...), in nats, at least H(P); inf where Q excludes what P allows.

    Raises:
        ValueError: the last axes differ, or there is no class.
    """
    p, q = _pair(p, q)
    # log 1 where p is 0: neither 0 * inf nor, for autograd, 0 / 0 is ever formed
    believed = namespace(p).where(p == 0.0, 1.0, q)
    return (p * surprisal(believed)).sum(axis=-1)


@np.errstate(all="ignore")
def kl_divergence(p: Array, q: Array) -> Array:
    """KL(P || Q) = sum_j p_j log(p_j / q_j) = H(P, Q) - H(P), never negative, 0 at P = Q.

    Summed as p log(p / q) - p + q, which is the same for distributions: every term is then
    positive, so nothing cancels near P = Q, not even when a rounded sum is 1 - 1e-16.

    Args:
        p: (..., q), the distributions that hold.
        q: the same shape, or one that broadcasts to it: the distributions believed.

    Returns:
        (...), in nats; inf where Q excludes what P allows.

    Raises:
        ValueError: the last axes differ, or there is no class.
    """
    narrow, q = _pair(p, q)
    p, q, xp = widened(narrow), widened(q), namespace(narrow)
    absent, near = p == 0.0, (abs(q - p) <= 0.5 * p) & (p > 0.0)
    # What a branch must not see is replaced first: autograd would make NaN of 0 * inf
    near_p, step = xp.where(near, p, 1.0), xp.where(near, q - p, 0.0)
    far_p, far_q = xp.where(near | absent, 1.0, p), xp.where(near | absent, 1.0, q)
    close = near_p * _less_log1p(step / near_p)
    far = far_p * (xp.log(far_p) - xp.log(far_q)) + (far_q - far_p)
    terms = xp.where(absent, q, xp.where(near, close, far))
    return as_type_of(terms.sum(axis=-1), narrow)


def to_bits(nats: Array) -> Array:
    """`nats` in bits: 1 nat = 1 / ln 2 = 1.442695 bit. Takes a number or an array."""
    return nats / _LN2


def _less_log1p(u: Array) -> Array:
    """The difference u - log(1 + u) for |u| <= 1/2, to all digits where u is tiny.

    With s = u / (2 + u), log(1 + u) = 2 (s + s^3/3 + s^5/5 + ...) and u - 2 s = u s.
    """
    s = u / (2.0 + u)
    square, series = s * s, 1.0 / 31.0 + 0.0 * s
    for odd in range(29, 1, -2):
        series = 1.0 / odd + square * series
    return s * (u - 2.0 * square * series)


def _pair(p: Array, q: Array) -> tuple[Array, Array]:
    """Both as floating arrays of one type, over the same number of classes."""
    p, q = as_floating(p), as_floating(q)
    require_last_axis(p)
    require_last_axis(q)
    if p.shape[-1] != q.shape[-1]:
        raise ValueError(f"p has {p.shape[-1]} classes, q has {q.shape[-1]}.")
    wider = p if p.dtype.itemsize >= q.dtype.itemsize else q
    return as_type_of(p, wider), as_type_of(q, wider)
