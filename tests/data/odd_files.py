"""Odd and damaged files, each with what must come of it: read rightly, or refused with its place.

`python -m tests.data.odd_files FOLDER` writes them all.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DATA, MODEL = "data", "model"
USUAL, LYING = "usual", "lying"  # what a child may take: see odd_child.py


@dataclass(frozen=True)
class Loads:
    """What the rows must be."""

    n: int
    d: int
    q: int
    classes: tuple[str, ...] | None = None
    total: float | None = None  # the sum of all features, before scaling
    soft: bool = False
    said: str = ""  # a pattern that one of the notes has


@dataclass(frozen=True)
class Refused:
    """What the one sentence must name, as a pattern."""

    words: str


@dataclass(frozen=True)
class Odd:
    """One odd file.

    Attributes:
        name: of the file or folder.
        make: writes it, given its path.
        expected: what must come of it.
        options: fields of ReadOptions; of a model, arguments of load_model.
        kind: DATA or MODEL.
        limits: USUAL or LYING.
        shown_too: whether the preview must say the same.
    """

    name: str
    make: Callable[[Path], None]
    expected: Loads | Refused
    options: dict[str, Any] = field(default_factory=dict)
    kind: str = DATA
    limits: str = USUAL
    shown_too: bool = True


def holding(data: bytes | str) -> Callable[[Path], None]:
    """Writes these bytes, or this text as UTF-8."""
    content = data.encode() if isinstance(data, str) else data
    return lambda path: _write(path, content)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def odd_files() -> tuple[Odd, ...]:
    """All of them; names are distinct."""
    from tests.data import odd_arrays, odd_idx, odd_models, odd_numpy, odd_pictures, odd_tables

    parts = (odd_tables, odd_numpy, odd_arrays, odd_idx, odd_pictures, odd_models)
    found = tuple(odd for part in parts for odd in part.odd_files())
    if len({odd.name for odd in found}) < len(found):
        raise ValueError("two odd files of one name")
    return found


def place_of(folder: Path, odd: Odd) -> Path:
    """Where it goes: a folder of its own, since files lie beside some."""
    inside = folder / odd.name.replace("/", "_").replace(".", "_")
    inside.mkdir(parents=True)
    return inside / odd.name


if __name__ == "__main__":
    for one in odd_files():
        one.make(place_of(Path(sys.argv[1]), one))
