"""From the file's units to what a model sees, and back where that can be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from softmax_gui.data.ownership import Floats, read_only
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

# What a user may ask for; "auto" takes black to 0 and white to 1 and standardises tables.
SCALINGS = ("auto", "none", "range", "standardise", "unit")
# The kinds as files and reports have them.
NONE, RANGE, STANDARDISED, UNIT_LENGTH = "none", "[0, 1]", "standardise", "unit length"
_CHUNK = 1 << 15  # entries at a time, so that temporaries stay in the cache


@dataclass(frozen=True, eq=False)
class Scaling:
    """x -> (x - shift) / scale, one pair a feature, and how it was chosen.

    The kind "unit length" divides each row by its Euclidean norm first; a row of zeros stays.
    A scale of 0, as a constant feature has it, becomes 1: nothing is ever divided by 0.

    Raises:
        ValueError: shift and scale differ in shape or are not finite.
    """

    shift: Floats  # (d,)
    scale: Floats  # (d,)
    kind: str = NONE  # or RANGE, STANDARDISED, UNIT_LENGTH

    def __post_init__(self) -> None:
        shift, scale = np.asarray(self.shift, float), np.asarray(self.scale, float)
        if shift.ndim != 1 or shift.shape != scale.shape:
            text = tr("A scaling needs one shift and one scale a feature, not {shift} and {scale}.")
            raise ValueError(text.format(shift=shift.shape, scale=scale.shape))
        if not (np.isfinite(shift).all() and np.isfinite(scale).all()):
            raise ValueError(tr("A scaling holds a number that is not finite."))
        object.__setattr__(self, "shift", read_only(shift))
        object.__setattr__(self, "scale", read_only(np.where(scale == 0.0, 1.0, scale)))

    @classmethod
    def identity(cls, d: int) -> Scaling:
        """Leaves d features as they are."""
        return cls(np.zeros(d), np.ones(d))

    @classmethod
    def of_range(cls, low: float, high: float, d: int) -> Scaling:
        """Takes low to 0 and high to 1 in each of d features."""
        if (low, high) == (0.0, 1.0):
            return cls.identity(d)
        return cls(np.full(d, low), np.full(d, high - low), RANGE)

    @classmethod
    def to_range(cls, X: Floats) -> Scaling:
        """Takes the smallest value of each feature of X (n, d) to 0 and its largest to 1.

        A constant goes to 0.

        Raises:
            ValueError: the two are further apart than the largest number.
        """
        low, high = X.min(axis=0), X.max(axis=0)
        with np.errstate(over="ignore"):
            width = high - low
        if not np.isfinite(width).all():
            text = tr("The values of feature {feature} lie too far apart to scale them to [0, 1].")
            raise ValueError(text.format(feature=int(np.argmin(np.isfinite(width))) + 1))
        return cls(low, width, RANGE)

    @classmethod
    def standardise(cls, X: Floats) -> Scaling:
        """Takes the rows of X (n, d) to mean 0 and standard deviation 1; a constant to 0."""
        peak = np.maximum(X.max(axis=0), -X.min(axis=0))
        peak[peak == 0.0] = 1.0  # 1e200 squared would overflow, 1e-200 vanish
        # Divided by it a constant is exactly 1; 0.1, 0.1, 0.1 would deviate by 1e-17.
        mean = _sums(X, peak) / len(X)
        deviation = np.sqrt(_sums(X, peak, mean) / len(X))
        return cls(peak * mean, peak * deviation, STANDARDISED)

    @classmethod
    def unit_length(cls, d: int) -> Scaling:
        """Divides each row of d features by its Euclidean norm."""
        return cls(np.zeros(d), np.ones(d), UNIT_LENGTH)

    @property
    def per_row(self) -> bool:
        """Whether it depends on the row: then no weights act on the file's units."""
        return self.kind == UNIT_LENGTH

    def apply(self, X: NDArray[Any]) -> Floats:
        """File units (..., d) to what the model sees; too large a number becomes infinite."""
        return self.apply_in_place(np.array(X, dtype=np.float64))

    def apply_in_place(self, X: Floats) -> Floats:
        """As apply, and X (..., d) itself is what comes back; no copy is made."""
        moved, stretched = bool(self.shift.any()), not bool((self.scale == 1.0).all())
        with np.errstate(over="ignore", invalid="ignore"):
            for block in _blocks(X) if moved or stretched or self.per_row else ():
                if self.per_row:
                    _to_unit_length(block)
                if moved:
                    np.subtract(block, self.shift, out=block)
                if stretched:
                    np.divide(block, self.scale, out=block)
        return X

    def undo(self, X: NDArray[Any]) -> Floats:
        """What the model sees (..., d) back to file units.

        Of unit length nobody knows how long a row was: it comes back as its direction, a row that
        the model cannot tell from the one in the file.
        """
        return np.asarray(X * self.scale + self.shift, dtype=np.float64)

    def weights_in_input_units(self, W: Floats, b: Floats) -> tuple[Floats, Floats] | None:
        """The W (d, q) and b (q,) that give the same logits on rows in file units.

        Numbers of size 1e-300 in the file may ask for weights that are infinite.

        Returns:
            W / scale and b - (shift / scale) W; None for unit length, where there are none.
        """
        if self.per_row:
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            return W / self.scale[:, np.newaxis], b - (self.shift / self.scale) @ W


def look_at_scaling(how: str) -> None:
    """Refuses, with a ValueError, what is none of SCALINGS."""
    if how not in SCALINGS:
        text = tr("There is no scaling {name}; there are {all}.")
        raise ValueError(text.format(name=how, all=", ".join(SCALINGS)))


def fitted(X: Floats, how: str, pixel_range: tuple[float, float] | None) -> Scaling:
    """The scaling that a training part asks for.

    Args:
        X: (n, d), the rows of the training part in the file's units.
        how: one of SCALINGS. "auto" and "range" take pictures from black and white to 0 and 1.
        pixel_range: black and white of pictures, None for a table.

    Raises:
        ValueError: there is no such scaling, or a range is too wide.
    """
    look_at_scaling(how)
    d = X.shape[1]
    if how == "none":
        return Scaling.identity(d)
    if how == "unit":
        return Scaling.unit_length(d)
    if pixel_range is not None and how != "standardise":
        return Scaling.of_range(*pixel_range, d)
    return Scaling.to_range(X) if how == "range" else Scaling.standardise(X)


def _blocks(X: Floats) -> Iterator[Floats]:
    """Views of X (..., d), few rows each where it is a table."""
    if X.ndim != 2:
        yield X
        return
    rows = max(1, _CHUNK // max(1, X.shape[1]))
    for first in range(0, len(X), rows):
        yield X[first : first + rows]


def _to_unit_length(X: Floats) -> None:
    peak = np.abs(X).max(axis=-1, keepdims=True)
    peak[peak == 0.0] = 1.0
    X /= peak  # or the square of 1e200 would overflow
    norm = np.sqrt((X * X).sum(axis=-1, keepdims=True))
    norm[norm == 0.0] = 1.0
    X /= norm


def _sums(X: Floats, peak: Floats, mean: Floats | None = None) -> Floats:
    """Sums (d,) over the rows of X / peak, or of its squared distances from a mean (d,).

    Rows are added one after the other, as numpy adds those of a table: the blocks change no bit.
    """
    total = np.zeros(X.shape[1])
    for block in [X] if X.shape[1] == 1 else _blocks(X):  # numpy adds a single column in pairs
        unit = block / peak
        if mean is not None:
            unit -= mean
            unit *= unit
        unit[0] += total
        total = unit.sum(axis=0)
    return total
