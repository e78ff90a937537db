"""The optimum that everybody is held to: Newton's method in float64, written plainly, by itself.

It shares no line with the product's solvers. Newton's equation is solved by conjugate gradients,
preconditioned by the bound of the Hessian (Boehning 1992), the product of the Gram matrix
[X, 1]' [X, 1] / n with (1/2) (I - 11'/q), so that ill-conditioned features cost few products.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.bench.engine.problems import Floats, Labels

TOLERANCE = 1e-12  # of the decrease that Newton's model still promises, relative to the loss


@dataclass(frozen=True)
class Optimum:
    """The smallest objective, where it lies, and what the last step still promised."""

    value: float
    theta: Floats  # (d + 1, q), the last row the bias
    promise: float  # half the Newton decrement squared, nats: the distance left, to first order


class Problem:
    """F(theta) = mean cross-entropy + (weight_decay / 2) |W|^2, the bias free."""

    def __init__(self, X: Floats, labels: Labels, q: int, weight_decay: float) -> None:
        self.X, self.labels, self.q, self.decay = X.astype(np.float64), labels, q, weight_decay
        self.n, self.d = X.shape
        self._gram: Floats | None = None

    def with_decay(self, weight_decay: float) -> Problem:
        """The same data."""
        other = Problem.__new__(Problem)
        other.__dict__.update(self.__dict__, decay=weight_decay)
        return other

    def probabilities(self, theta: Floats) -> tuple[float, Floats]:
        """F, and P (n, q)."""
        logits = self.X @ theta[:-1] + theta[-1]
        logits -= logits.max(axis=1, keepdims=True)
        rows = np.arange(self.n)
        of_truth = logits[rows, self.labels].copy()
        P = np.exp(logits, out=logits)
        sums = P.sum(axis=1)
        loss = float((np.log(sums) - of_truth).mean())
        P /= sums[:, None]
        return loss + 0.5 * self.decay * float(np.square(theta[:-1]).sum()), P

    def back(self, R: Floats, theta: Floats) -> Floats:
        """[X, 1]' R / n + weight_decay W."""
        G: Floats = np.vstack([self.X.T @ R, R.sum(axis=0)]) / self.n
        G[:-1] += self.decay * theta[:-1]
        return G

    def gradient(self, P: Floats, theta: Floats) -> Floats:
        """Of F, (d + 1, q)."""
        R = P.copy()
        R[np.arange(self.n), self.labels] -= 1
        return self.back(R, theta)

    def curvature(self, P: Floats, V: Floats) -> Floats:
        """The Hessian times V, (d + 1, q)."""
        Z = self.X @ V[:-1] + V[-1]
        return self.back(P * (Z - (P * Z).sum(axis=1, keepdims=True)), V)

    def preconditioner(self) -> Floats:
        """The inverse of half the Gram matrix plus the decay, (d + 1, d + 1)."""
        if self._gram is None:
            m = self.X.mean(axis=0)
            top = np.hstack([self.X.T @ self.X / self.n, m[:, None]])
            self._gram = np.vstack([top, np.append(m, 1.0)])
        B = 0.5 * self._gram
        B[np.diag_indices(self.d)] += self.decay
        B[np.diag_indices(self.d + 1)] += 1e-12 * np.trace(B) / (self.d + 1)
        inverse: Floats = np.linalg.inv(B)
        return inverse


def find(problem: Problem, start: Floats | None = None, steps: int = 100) -> Optimum:
    """Newton from zero or `start`, until the promise is below TOLERANCE of the loss."""
    theta = np.zeros((problem.d + 1, problem.q)) if start is None else start.copy()
    inverse = problem.preconditioner()
    value, P = problem.probabilities(theta)
    promise = np.inf
    for _ in range(steps):
        G = problem.gradient(P, theta)
        step = _solve(problem, P, G, inverse)
        promise = 0.5 * float((G * step).sum())
        if promise <= TOLERANCE * value:
            break
        size = 1.0
        while True:
            tried = theta - size * step
            new, P_new = problem.probabilities(tried)
            if new <= value - 1e-4 * size * promise or size < 1e-10:
                break
            size /= 2
        if new >= value:  # rounding is all that is left
            break
        theta, value, P = tried, new, P_new
    return Optimum(value, theta, promise)


def _solve(problem: Problem, P: Floats, G: Floats, inverse: Floats) -> Floats:
    """Conjugate gradients on H S = G, to a tenth of G, and finer as G vanishes."""
    S = np.zeros_like(G)
    R = G.copy()
    Z = inverse @ R
    D, rho = Z.copy(), float((R * Z).sum())
    first = rho
    goal = min(0.1, np.sqrt(np.sqrt(first))) ** 2 * first
    for _ in range(500):
        if rho <= goal or rho <= 0:
            break
        HD = problem.curvature(P, D)
        alpha = rho / float((D * HD).sum())
        S += alpha * D
        R -= alpha * HD
        Z = inverse @ R
        before, rho = rho, float((R * Z).sum())
        D = Z + (rho / before) * D
    return S
