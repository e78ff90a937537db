"""The 2x2 world: pictures of cats, chickens and dogs whose true posterior is known.

The four pixels of a picture are independent given its class y, pixel j with the density
p(x_j | y = k) = theta_kj exp(theta_kj x_j) / (exp(theta_kj) - 1) on [0, 1]: an exponential
tilted towards bright (theta > 0) or dark (theta < 0). The densities form an exponential family
with the pixels themselves as statistics, so the posterior is exactly a softmax regression:
logits_k = theta_k . x - sum_j log Z(theta_kj), and the floor H(Y|X) can be reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from softmax_gui.core.information import entropy
from softmax_gui.core.models import Dense
from softmax_gui.core.softmax import softmax
from softmax_gui.data.dataset import Dataset, Floats, Integers, feature_names, sealed
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

CLASS_NAMES = ("cat", "chicken", "dog")  # this order everywhere: labels 0, 1, 2
MAX_DISTINCTNESS = 10.0
MAX_LABEL_NOISE = 2 / 3  # there a label says nothing any more about its picture

# Pixels x1 x2 / x3 x4. Every pixel tells something, and a cat and a dog, which share x1, are
# mistaken for each other about twice as often as either is for a chicken.
_BRIGHT = np.array(
    [
        (1, 1, 0, 0),  # cat: the top row
        (0, 0, 0, 1),  # chicken: the lower right corner
        (1, 0, 1, 0),  # dog: the left column
    ]
)
# Numbers a picture is made of: its class, four pixels, whether its label lies, and how.
_DRAWS = 7
# Evenly filled, with 40,000 to validate: the loss of the true posterior on the validation part lies
# 0.0014 nat from the floor as the world starts (root mean square over 30 seeds; 0.0022 at noise
# 0.1), a half of what chance gives, so that the curve meets the line it is compared with.
_PICTURES, _VALIDATION_SHARE = 50_000, 0.8
_QUADRATURE_ORDER = 12  # off by less than 2e-7 nat at distinctness 10, 1e-11 at the start


@dataclass(frozen=True)
class World:
    """How far apart the three classes are, and how often a label lies.

    Args:
        distinctness: 0 (all classes alike) to 10; |theta| of every pixel.
        label_noise: the probability that a label is replaced by one of the other two, 0 to 2/3.

    Raises:
        ValueError: a number out of its range.
    """

    distinctness: float = 4.0
    label_noise: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.distinctness <= MAX_DISTINCTNESS:
            text = tr("The distinctness is {value}; it must lie between 0 and {most}.")
            raise ValueError(text.format(value=self.distinctness, most=MAX_DISTINCTNESS))
        if not 0.0 <= self.label_noise <= MAX_LABEL_NOISE:
            text = tr("The label noise is {value}; it must lie between 0 and {most:.4f}.")
            raise ValueError(text.format(value=self.label_noise, most=MAX_LABEL_NOISE))

    @property
    def theta(self) -> Floats:
        """The tilt of each pixel in each class, (q, d)."""
        tilt: Floats = self.distinctness * (2.0 * _BRIGHT - 1.0)
        return tilt

    def densities(self, X: ArrayLike) -> Floats:
        """p(x | y = k) for pictures X (n, 4) in [0, 1], as (n, q)."""
        return np.exp(self._log_densities(np.asarray(X, float)))

    def posterior(self, X: ArrayLike) -> Floats:
        """P(label = k | x) for pictures X (n, 4), the label noise included, as (n, q)."""
        clean: Floats = softmax(self._log_densities(np.asarray(X, float)))
        e = self.label_noise
        return (1.0 - e) * clean + e / (len(CLASS_NAMES) - 1) * (1.0 - clean)

    def truth(self) -> Dense:
        """The softmax regression that is the posterior without label noise."""
        return Dense(W=self.theta.T.copy(), b=-_log_normaliser(self.theta).sum(axis=1))

    def floor(self) -> float:
        """H(Y|X) of the noisy labels in nats: no model can have a smaller expected loss."""
        return _floor(self)

    def sample(self, n: int, seed: int) -> tuple[Floats, Integers]:
        """Draws n pictures X (n, 4) and their labels (n,), classes equally likely."""
        generator = np.random.Generator(np.random.Philox(seed))
        return self._pictures(generator.random((n, _DRAWS)))

    def picture(self, label: int, generator: np.random.Generator) -> Floats:
        """Draws one picture (4,) of a class."""
        return _tilted(generator.random(4), self.theta[label])

    def dataset(self, seed: int) -> Dataset:
        """50,000 pictures that fill the world evenly, most of them to validate with."""
        X, labels = self._pictures(_even(_PICTURES, seed))
        return Dataset(
            name="2x2",
            X=sealed(X),
            labels=sealed(labels),
            class_names=CLASS_NAMES,
            feature_names=feature_names(4),
            image_shape=(2, 2),
            pixel_range=(0.0, 1.0),
            floor=self.floor(),
            validation_share=_VALIDATION_SHARE,
            truth=None if self.label_noise else self.truth(),
            notes=self._notes(),
        )

    def _pictures(self, uniform: Floats) -> tuple[Floats, Integers]:
        """Uniform numbers (n, 7) to pictures (n, 4) and labels (n,): class, pixels, lie, which."""
        q = len(CLASS_NAMES)
        classes = (q * uniform[:, 0]).astype(np.int64)
        X = _tilted(uniform[:, 1:5], self.theta[classes])
        lies = uniform[:, 5] < self.label_noise
        others = 1 + ((q - 1) * uniform[:, 6]).astype(np.int64)
        return X, np.where(lies, (classes + others) % q, classes)

    def _log_densities(self, X: Floats) -> Floats:
        linear: Floats = X @ self.theta.T
        constants: Floats = _log_normaliser(self.theta).sum(axis=1)
        return linear - constants

    def _notes(self) -> tuple[str, ...]:
        if not self.label_noise:
            return ()
        # Measured by quadrature: 0.028 nat at distinctness 4 and noise 0.1, nowhere above 0.03.
        return (
            tr(
                "With label noise the true posterior is no softmax regression any more: "
                "the best one stays up to 0.03 nat above the floor."
            ),
        )


def _even(n: int, seed: int) -> Floats:
    """Points (n, 7) that fill the unit cube more evenly than chance, shifted by the seed.

    A Kronecker sequence: multiples of the powers of 1/phi, phi the root of x^8 = x + 1, modulo 1.
    Source: Roberts (2018), The unreasonable effectiveness of quasirandom sequences.
    """
    phi = 2.0
    for _ in range(60):
        phi = (1.0 + phi) ** (1.0 / (_DRAWS + 1))
    steps = phi ** -np.arange(1.0, _DRAWS + 1)
    shift = np.random.Generator(np.random.Philox(seed)).random(_DRAWS)
    return (shift + np.arange(n)[:, np.newaxis] * steps) % 1.0


def _log_normaliser(theta: Floats) -> Floats:
    """What log p subtracts: log Z(theta) = log((exp(theta) - 1) / theta), 0 at theta = 0."""
    safe = np.where(theta == 0.0, 1.0, theta)
    return np.where(theta == 0.0, 0.0, np.log(np.expm1(safe) / safe))


def _tilted(uniform: Floats, theta: Floats) -> Floats:
    """The inverse distribution function of the tilted density: uniform numbers to pixels."""
    safe = np.where(theta == 0.0, 1.0, theta)
    x = np.where(theta == 0.0, uniform, np.log1p(uniform * np.expm1(safe)) / safe)
    return np.clip(x, 0.0, 1.0)  # the last bit of a rounding


@lru_cache(maxsize=512)
def _floor(world: World) -> float:
    """The integral of p(x) H(Y|x) over [0, 1]^4 by a product of Gauss-Legendre rules."""
    nodes, weights = np.polynomial.legendre.leggauss(_QUADRATURE_ORDER)
    nodes, weights = (nodes + 1.0) / 2.0, weights / 2.0
    X, volume = _grid(nodes), _grid(weights).prod(axis=1)
    p = world.densities(X).mean(axis=1)
    return float(volume @ (p * entropy(world.posterior(X))))


def _grid(values: Floats) -> Floats:
    """Every combination of four of the m values, (m^4, 4)."""
    return np.stack(np.meshgrid(*[values] * 4, indexing="ij"), axis=-1).reshape(-1, 4)
