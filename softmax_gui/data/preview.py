"""What the start of a file tells of the whole, before anything is loaded."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from softmax_gui.data.options import ReadOptions

ROWS_SHOWN = 20


@dataclass(frozen=True)
class Preview:
    """What reading a file with these options would lead to; preview() of readers.py makes it.

    Attributes:
        kind: "table", "arrays", "idx", "pictures", "npy" or "parquet".
        n: rows; for a large table an estimate.
        d: features.
        q: classes, as far as seen.
        exact: whether n, q and the counts are those of the whole file.
        classes: (name, count) in order, as far as seen.
        columns: of a table, all of them, in file order; () otherwise.
        rows: the first ROWS_SHOWN rows as texts (table, arrays).
        pictures: the first ROWS_SHOWN pictures, (h, w) or (h, w, 3).
        picture_names: their files, or their numbers.
        keys: of an NPZ: name, shape and dtype of each array.
        guessed: every field filled with what was guessed or given.
        notes: sentences for the report.
        problem: "", or the sentence that reading would refuse with.
        wanted_bytes: of memory, where the problem is that no more is allowed; else 0.
    """

    kind: str
    n: int = 0
    d: int = 0
    q: int = 0
    exact: bool = True
    classes: tuple[tuple[str, int], ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    pictures: tuple[NDArray[np.uint8], ...] = ()
    picture_names: tuple[str, ...] = ()
    keys: tuple[tuple[str, tuple[int, ...], str], ...] = ()
    guessed: ReadOptions = field(default_factory=ReadOptions)
    notes: tuple[str, ...] = ()
    problem: str = ""
    wanted_bytes: int = 0
