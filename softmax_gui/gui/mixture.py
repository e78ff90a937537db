"""Drawn examples among the data on the screen: which were added to which, and what to say of it."""

from __future__ import annotations

from dataclasses import dataclass

from softmax_gui.data.dataset import Dataset
from softmax_gui.data.drawn import DrawnSet
from softmax_gui.data.mixing import mixed, not_among
from softmax_gui.gui.views.drawn_texts import added_text


@dataclass(frozen=True, eq=False)
class Mixture:
    """What came of adding examples to data.

    Attributes:
        both: the rows of the data, then the examples that are new; the data where none is.
        base: the data.
        drawn: the examples.
        new: so many of them were no rows of the data yet.
    """

    both: Dataset
    base: Dataset
    drawn: DrawnSet
    new: int

    @classmethod
    def of(cls, base: Dataset, drawn: DrawnSet) -> Mixture:
        """The examples among data that they fit, each of them once.

        Raises:
            ValueError: the sentence of why_not_mixable.
        """
        new = not_among(base, drawn)
        return cls(mixed(base, new) if new.m else base, base, drawn, new.m)

    def text(self) -> str:
        """What to say when both are on the screen."""
        return added_text(self.drawn.m, self.drawn.m - self.new)
