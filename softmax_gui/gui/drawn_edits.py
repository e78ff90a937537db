"""One undoable edit of the drawn examples: only what differs between two sets is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtGui import QUndoCommand

from softmax_gui.data.drawn import DrawnSet


@dataclass(frozen=True, eq=False)
class _Labels:
    """A set but for its pictures."""

    shape: tuple[int, int]
    names: tuple[str, ...]
    targets: np.ndarray  # (m, q)


class SetEdit(QUndoCommand):
    """From one set to the next; they differ in labels, and one lacks some rows of the other."""

    def __init__(
        self, text: str, before: DrawnSet, after: DrawnSet, rows: Sequence[int],
        take: Callable[[], DrawnSet], show: Callable[[DrawnSet], None],
    ) -> None:  # fmt: skip
        """`rows` are those of the larger set that the smaller one lacks.

        `take` gives the set at hand, `show` puts another in its place.
        """
        super().__init__(text)
        self._take, self._show = take, show
        self._sides = _labels(before), _labels(after)
        self._rows, self._grows = np.array(rows, np.int64), after.m > before.m
        larger = after if self._grows else before
        self._pictures = larger.pictures[self._rows]

    def undo(self) -> None:
        """Puts the set before the edit in place."""
        self._go_to(self._sides[0], grows=not self._grows)

    def redo(self) -> None:
        """Puts the set after the edit in place."""
        self._go_to(self._sides[1], grows=self._grows)

    def _go_to(self, side: _Labels, *, grows: bool) -> None:
        pictures = self._take().pictures
        if len(self._rows) and grows:
            all_of_them = np.empty((len(side.targets), *side.shape))
            kept = np.ones(len(side.targets), bool)
            kept[self._rows] = False
            all_of_them[self._rows] = self._pictures
            if kept.any():  # else the set before may have had another size
                all_of_them[kept] = pictures
            pictures = all_of_them
        elif len(self._rows):
            pictures = np.delete(pictures, self._rows, axis=0)
        if not len(side.targets):
            pictures = np.zeros((0, *side.shape))
        self._show(DrawnSet(side.shape, side.names, pictures, side.targets))


def _labels(drawn: DrawnSet) -> _Labels:
    return _Labels(drawn.image_shape, drawn.class_names, drawn.targets)
