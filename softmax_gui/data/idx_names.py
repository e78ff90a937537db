"""Which files of a folder belong together: pictures and labels, train and test, by their names."""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

_MOST_NAMES = 100_000  # of the folder are looked at
_MARKS = re.compile(r"[-_. ]+")
_KIND = re.compile(r"-idx\d?(?=-|$)(-u?(byte|short|int|float|double))?$|-ubyte$")
_SIDES = re.compile(r"-idx(\d)(?=-|$)")
_ROLE = re.compile(r"(?<![a-z])(images?|labels?)(?![a-z])")
_PART = re.compile(r"(?<![a-z])(training|train|validation|valid|val|t10k|testing|test)(?![a-z])")
_PARTS = {"training": 0, "train": 0, "validation": 1, "valid": 1, "val": 1}


@dataclass(frozen=True)
class Pair:
    """A file of pictures and the file of their labels."""

    images: Path
    labels: Path | None  # None where no name fits
    part: int  # 0 to train on, 1 to validate with, 2 to test with


@dataclass(frozen=True)
class _Name:
    """What a name says: emnist-letters-train-images-idx3-ubyte.gz."""

    path: Path
    family: str  # emnist-letters-#-*
    labels: bool | None  # whether it holds labels; None where it does not say
    part: int | None
    packed: bool


def pairs_with(path: Path, *, holds_labels: bool) -> tuple[Pair, ...]:
    """The pair that a file belongs to, then the other parts of the same set, train before test.

    Args:
        path: a file of pictures or of labels.
        holds_labels: which of the two it was seen to be.

    Returns:
        Pairs; none where the file holds labels and no pictures go with it by name.
    """
    given = _name(path)
    family = [name for name in _names(path.parent) if name.family == given.family]
    family.sort(key=lambda name: (name.packed != given.packed, name.path.name))
    family = [name for name in family if name.path.name != path.name]
    mate = next(
        (
            name.path
            for name in family
            if name.part == given.part and name.labels is (not holds_labels)
        ),
        None,
    )
    images, labels = (mate, path) if holds_labels else (path, mate)
    if images is None:
        return ()
    own = Pair(images, labels, given.part or 0)
    others = [] if given.part is None else _other_pairs(family, given.part)
    return (own, *others)


def _other_pairs(family: list[_Name], own: int) -> list[Pair]:
    pairs = []
    for part in (0, 1, 2):
        found: dict[bool | None, Path] = {}
        for name in family:
            if name.part == part != own:
                found.setdefault(name.labels, name.path)
        if False in found:
            pairs.append(Pair(found[False], found.get(True), part))
    return pairs


def _names(folder: Path) -> list[_Name]:
    try:
        with os.scandir(folder) as entries:
            files = [entry.name for entry in islice(entries, _MOST_NAMES) if entry.is_file()]
    except OSError:  # the file itself may still be read
        return []
    return [_name(folder / file) for file in files if not file.startswith(".")]


def _name(path: Path) -> _Name:
    text = unicodedata.normalize("NFC", path.name).lower()
    packed = text.endswith(".gz")
    text = _MARKS.sub("-", text.removesuffix(".gz"))
    sides, role, part = _SIDES.search(text), _ROLE.search(text), _PART.search(text)
    labels = None
    if role is not None:
        labels = role[1].startswith("label")
    elif sides is not None:
        labels = sides[1] == "1"
    family = _PART.sub("#", _ROLE.sub("*", _KIND.sub("", text)))
    number = None if part is None else _PARTS.get(part[1], 2)
    return _Name(path, family, labels, number, packed)
