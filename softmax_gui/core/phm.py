"""The PHM layer: a dense layer whose W is a sum of `order` Kronecker products, W = sum A_i (x) S_i.

It stores order^3 + d q / order weights instead of d q. What is saved is memory, not arithmetic:
logits by the factors take more multiplications than by W, so W is formed wherever more than a few
rows are at hand, and the gradients of A and S are contractions of dW.

Source: Zhang et al. (2021), Beyond fully-connected layers with quaternions: parameterization of
hypercomplex multiplications with 1/n parameters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from softmax_gui.core.arrays import Array, as_floating, as_type_of
from softmax_gui.core.dense import Dense
from softmax_gui.core.losses import cross_entropy, dense_gradient
from softmax_gui.core.optimizers import Settings, update
from softmax_gui.i18n import tr


def phm_orders(d: int, q: int) -> tuple[int, ...]:
    """The orders that a PHM layer of d features and q classes can have, ascending.

    They are the common divisors of d and q.

    Raises:
        ValueError: d or q is below 1.
    """
    if d < 1 or q < 1:
        raise ValueError(f"A layer needs a feature and a class at least, not {d} and {q}.")
    common = math.gcd(d, q)
    small = [order for order in range(1, math.isqrt(common) + 1) if common % order == 0]
    return tuple(sorted({*small, *(common // order for order in small)}))


def phm_parameter_count(d: int, q: int, order: int) -> int:
    """The weights of a PHM layer without its bias, order^3 + d q / order; a dense layer has d q.

    Raises:
        ValueError: the order does not divide both d and q; the sentence names those that do.
    """
    legal = phm_orders(d, q)
    if order not in legal:
        text = tr(
            "A PHM layer of {d} features and {q} classes cannot have the order {order}, which must "
            "divide both. Possible: {orders}."
        )
        names = ", ".join(map(str, legal))
        raise ValueError(text.format(d=d, q=q, order=order, orders=names))
    order = int(order)
    return order**3 + d * q // order


def phm_best_order(d: int, q: int) -> int:
    """The order with the fewest weights; the smaller of two with as many."""
    return min(phm_orders(d, q), key=lambda order: phm_parameter_count(d, q, order))


def phm_turning_point(d: int, q: int) -> float:
    """Where the count order^3 + d q / order turns from falling to rising, (d q / 3)^(1/4)."""
    return math.sqrt(math.sqrt(d * q / 3.0))


@dataclass(frozen=True, eq=False)  # equality of arrays is no single truth
class PHM:
    """A sum of Kronecker products in the place of W: logits = X (sum_i A_i (x) S_i) + b.

    Attributes:
        A: (order, order, order), how the blocks of W are mixed; A[i] is the left factor of term i.
        S: (order, d / order, q / order), its right factor.
        b: (q,), the biases.

    Raises:
        ValueError: the shapes do not belong together.
    """

    A: Array
    S: Array
    b: Array

    def __post_init__(self) -> None:
        A, S, b = tuple(self.A.shape), tuple(self.S.shape), tuple(self.b.shape)
        if len(S) != 3 or S[:1] * 3 != A or 0 in S or b != (S[0] * S[2],):
            raise ValueError(
                "A must be (order, order, order), S (order, d / order, q / order) and b (q,), "
                f"got A {A}, S {S} and b {b}."
            )

    @classmethod
    def initial(cls, d: int, q: int, order: int, seed: int) -> PHM:
        """Where training starts: S and b are zero, A is drawn; float64.

        W = 0 then, as in a dense layer: all classes are equally likely, the loss is ln q. With A
        zero as well, dA = S . dW and dS = A . dW would both be zero, and nothing would ever move:
        a saddle. The A_i are drawn orthonormal as vectors of order^2 numbers, for then a step in S
        moves W by the projection of its dense step: a learning rate that is safe for the dense
        layer is safe here at the start.

        Args:
            d: features.
            q: classes.
            order: a common divisor of them.
            seed: 0 or more; the same seed gives the same A.

        Raises:
            ValueError: the order does not divide both d and q.
        """
        phm_parameter_count(d, q, order)
        random = np.random.Generator(np.random.Philox(np.random.SeedSequence(seed)))
        columns, _ = np.linalg.qr(random.normal(size=(order * order, order)))
        A = np.ascontiguousarray(columns.T).reshape(order, order, order)
        return cls(A, np.zeros((order, d // order, q // order)), np.zeros(q))

    @property
    def order(self) -> int:
        """The number of Kronecker products."""
        return int(self.S.shape[0])

    @property
    def d(self) -> int:
        """The number of features."""
        return int(self.S.shape[0] * self.S.shape[1])

    @property
    def q(self) -> int:
        """The number of classes."""
        return int(self.S.shape[0] * self.S.shape[2])

    @property
    def parameter_count(self) -> int:
        """The number of weights and biases, order^3 + d q / order + q."""
        return phm_parameter_count(self.d, self.q, self.order) + self.q

    @property
    @np.errstate(all="ignore")  # weights that diverged give inf and NaN, not a warning
    def W(self) -> Array:
        """The sum of Kronecker products, (d, q); W[a d' + r, c q' + t] = sum_i A_iac S_irt."""
        mixing, parts = _flat(self)
        shape = (self.order, self.order, *self.S.shape[1:])
        return (mixing.T @ parts).reshape(shape).swapaxes(1, 2).reshape(self.d, self.q)

    def dense(self) -> Dense:
        """The dense layer that computes the same."""
        return Dense(self.W, self.b)

    @np.errstate(all="ignore")
    def logits(self, X: Array) -> Array:
        """X W + b, in the floating type of S.

        A few rows go through the factors, which then takes a half to a twentieth of the time.

        Args:
            X: (n, d), or (d,) for one example.

        Returns:
            (n, q), or (q,).

        Raises:
            ValueError: X does not have d features.
        """
        rows = X if hasattr(X, "shape") else np.asarray(X)
        count = math.prod(rows.shape[:-1])
        if 2 * count * self.order > self.d or rows.shape[-1:] != (self.d,):
            return self.dense().logits(rows)
        S = as_floating(self.S)
        m, d_part, q_part = S.shape
        cut = as_type_of(rows, S).reshape(count * m, d_part)
        products = cut @ S.swapaxes(0, 1).reshape(d_part, m * q_part)  # (n, a) by (i, t)
        mixing = as_type_of(self.A, S).swapaxes(0, 1).reshape(m * m, m)  # (a, i) by c
        logits = mixing.T @ products.reshape(count, m * m, q_part)
        return logits.reshape(*rows.shape[:-1], self.q) + as_type_of(self.b, S)


def phm_gradient(phm: PHM, dW: Array) -> tuple[Array, Array]:
    """The gradients of A and S from that of W.

    dA_iac = sum_rt dW[a d' + r, c q' + t] S_irt,    dS_irt = sum_ac dW[a d' + r, c q' + t] A_iac

    Args:
        phm: the layer at which dW was taken.
        dW: (d, q); with weight_decay W added, dA and dS are those of the penalised loss.

    Returns:
        dA (order, order, order) and dS (order, d / order, q / order).

    Raises:
        ValueError: dW is not (d, q).
    """
    if tuple(dW.shape) != (phm.d, phm.q):
        raise ValueError(f"dW must be ({phm.d}, {phm.q}) for this layer, not {tuple(dW.shape)}.")
    m, d_part, q_part = phm.S.shape
    blocks = dW.reshape(m, d_part, m, q_part).swapaxes(1, 2).reshape(m * m, -1)
    mixing, parts = _flat(phm)
    return (parts @ blocks.T).reshape(m, m, m), (mixing @ blocks).reshape(m, d_part, q_part)


@dataclass
class PhmState:
    """A PHM layer in training, on one device; its arrays are updated in place."""

    A: Array
    S: Array
    b: Array
    slots: dict[str, Array]  # as made by fresh_slots
    step: int = 0  # steps taken

    @property
    def parameters(self) -> dict[str, Array]:
        """A, S and b."""
        return {"A": self.A, "S": self.S, "b": self.b}

    @property
    def layer(self) -> PHM:
        """The layer as it is now; shares the arrays."""
        return PHM(self.A, self.S, self.b)


def phm_step(
    state: PhmState,
    X: Array,
    targets: Array,
    settings: Settings,
    weights: Array | None = None,
) -> Array:
    """One step on the minibatch X (n, d), targets (n, q), example weights (n,) or None.

    The penalty is (weight_decay / 2) |W|^2 as in a dense layer, so that both minimise the same:
    it does not change when a factor moves from A to S, as a penalty of A and S would.

    Returns:
        The mean cross-entropy in nats before the step, without the penalty; 0-d, left on its
        device.
    """
    layer = state.layer
    W = layer.W
    loss, dlogits = cross_entropy(X @ W + state.b, targets, weights)
    dW, db = dense_gradient(X, dlogits)
    if settings.weight_decay:
        dW = dW + settings.weight_decay * W
    dA, dS = phm_gradient(layer, dW)
    update(state, {"A": dA, "S": dS, "b": db}, settings)
    return loss


def _flat(phm: PHM) -> tuple[Array, Array]:
    """A as (order, order^2) and S as (order, d q / order^2), in the floating type of S."""
    S = as_floating(phm.S)
    return as_type_of(phm.A, S).reshape(phm.order, -1), S.reshape(phm.order, -1)
