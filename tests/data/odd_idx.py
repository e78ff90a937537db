"""Odd and damaged IDX files: FAULTS 13, 15 to 17, trap T8."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.data.idx_files import idx
from tests.data.odd_arrays import zeros
from tests.data.odd_files import LYING, Loads, Odd, Refused, holding

PICTURES = np.arange(48, dtype=np.uint8).reshape(4, 3, 4)
LABELS = np.array([3, 1, 3, 7], np.uint8)
NAME, LABELS_NAME = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
GOOD = Loads(4, 12, 3, ("1", "3", "7"), 1128.0)
DAMAGED = Refused("is damaged or cut short")


def _beside(images: bytes, labels: bytes) -> Callable[[Path], None]:
    """Both files, the labels named after the pictures."""

    def make(path: Path) -> None:
        path.write_bytes(images)
        path.with_name(path.name.replace("images-idx3", "labels-idx1")).write_bytes(labels)

    return make


def _odd(
    name: str, images: bytes, expected: Loads | Refused, labels: bytes | None = None,
    limits: str = "usual",
) -> Odd:  # fmt: skip
    make = _beside(images, idx(LABELS) if labels is None else labels)
    return Odd(f"{name}-images-idx3-ubyte", make, expected, limits=limits)


def head(code: int, *sides: int) -> bytes:
    """The start of an IDX file."""
    return bytes([0, 0, code, len(sides)]) + struct.pack(f">{len(sides)}I", *sides)


def odd_files() -> list[Odd]:
    """All of them."""
    return [*_whole(), *_damaged(), *_packed()]


def _whole() -> list[Odd]:
    floats = PICTURES.astype(np.float32)
    holes = floats.copy()
    holes[1, 0, 0] = np.nan
    return [
        _odd("good", idx(PICTURES), GOOD),
        _odd("gz", gzip.compress(idx(PICTURES)), GOOD, gzip.compress(idx(LABELS))),
        _odd("mixed", gzip.compress(idx(PICTURES)), GOOD),
        _odd("int8", idx(PICTURES, "i1"), GOOD),
        _odd("int16", idx(PICTURES, ">i2"), GOOD),
        _odd("int32", idx(PICTURES, ">i4"), GOOD),
        _odd("float32", idx(floats, ">f4"), GOOD),
        _odd("float64", idx(floats, ">f8"), GOOD),
        _odd("nan", idx(holes, ">f4"), Refused('Row 2, column "x1": nan')),
        _odd("one class", idx(PICTURES), Refused('all 4 rows have the label "3"'),
             idx(np.full(4, 3))),
        _odd("counts", idx(PICTURES), Refused("4 pictures, but .* has 3 labels"), idx(LABELS[:3])),
        _odd("label pairs", idx(PICTURES), Refused("shape 4 x 2; one label"),
             idx(np.zeros((4, 2)))),
        _odd("label fractions", idx(PICTURES), Refused("label 2 is 0.5"),
             idx(np.array([1, 0.5, 1, 2]), ">f4")),
        Odd("alone-images-idx3-ubyte", holding(idx(PICTURES)), Refused("no labels with a name")),
        Odd("alone-labels-idx1-ubyte", holding(idx(LABELS)), Refused("no pictures with a name")),
    ]  # fmt: skip


def _damaged() -> list[Odd]:
    good = idx(PICTURES)
    wrong = Refused("declares .* but holds")
    return [
        _odd("cut", good[:-1], wrong),
        _odd("more", good + b"x", wrong),
        _odd("sizes cut", good[:9], DAMAGED),
        _odd("no rows", head(8, 0, 3, 4), Refused("nothing to learn from"), head(8, 0)),
        _odd("no pixels", head(8, 4, 0, 4), Refused("nothing to learn from")),
        _odd("lying", head(8, 60_000, 28, 28) + good[16:], wrong, limits=LYING),
        _odd("lying wraps", head(8, *[0xFFFFFFFF] * 3) + good[16:], wrong, limits=LYING),
        _odd("lying labels", good, wrong, head(8, 4_000_000_000) + b"\1\2", limits=LYING),
        _odd("four axes", head(8, 4, 3, 2, 2) + good[16:], Refused("shape 4 x 3 x 2 x 2")),
        _odd("labels cut", good, wrong, idx(LABELS)[:-1]),
        _odd("labels a text", good, Refused("is no IDX file"), b"3\n1\n3\n7\n"),
        _odd("labels empty", good, DAMAGED, b""),
    ]  # fmt: skip


def _packed() -> list[Odd]:
    good = gzip.compress(idx(PICTURES))
    flipped = bytearray(good)
    flipped[-6] ^= 1  # in the checksum
    inside = bytearray(good)
    inside[30] ^= 0xFF
    large = gzip.compress(head(8, 1_000_000, 28, 28) + bytes(1000))
    return [
        _odd("gz cut", good[:-9], DAMAGED),
        _odd("gz no sum", good[:-1], DAMAGED),
        _odd("gz sum", bytes(flipped), DAMAGED),
        _odd("gz flipped", bytes(inside), Refused("is damaged|cannot hold|no IDX|gzip")),
        _odd("gz more", good + b"more", DAMAGED),
        _odd("gz lying", large, Refused("cannot hold them"), limits=LYING),
        Odd("flood-images-idx3-ubyte", _flood(3 << 30, 4), DAMAGED),
        Odd(
            "no limit-images-idx3-ubyte",
            _flood(2_352_000_000, 3_000_000),
            Refused("there is no memory for 3,000,000 rows"),
            {"limit_bytes": 1 << 40},
            shown_too=False,
        ),
        Odd("declared-images-idx3-ubyte", _flood(2_352_000_000, 3_000_000), Refused("memory")),
    ]


def _flood(size: int, rows: int) -> Callable[[Path], None]:
    """A gzip of so many zeros behind a header of so many pictures."""

    def make(path: Path) -> None:
        start = b"\x1f\x8b\x08\0\0\0\0\0\0\x03"  # of a gzip
        path.write_bytes(start + b"".join(zeros(head(8, rows, 28, 28), size)) + bytes(8))
        labels = head(8, rows) + bytes([3, 1]) * (rows // 2)
        path.with_name(path.name.replace("images-idx3", "labels-idx1")).write_bytes(labels)

    return make
