"""Odd and damaged .npy files: FAULTS 14 to 16 and 19, traps T8 and T9."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.data.odd_files import LYING, Loads, Odd, Refused, holding

ROWS = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 250.0]])
TWO = ("cat", "dog")
LABELS = b"cat\ndog\ncat\ndog\n"
GOOD = Loads(4, 2, 2, TWO, 278.0)
CANARY = "canary"


class Payload:
    """Whoever unpickles it makes a file: nothing may."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.write_text, (Path(CANARY), "ran")


def npy(array: Any) -> bytes:
    """The bytes of an .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, np.asanyarray(array), allow_pickle=True)
    return buffer.getvalue()


def lying(header: str, rest: bytes = b"", version: int = 1, length: int | None = None) -> bytes:
    """An .npy file with a header of one's own."""
    text = header.encode("latin-1") + b"\n"
    size = (len(text) if length is None else length).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + size + text + rest


def header(shape: str, kind: str = "<f8", order: str = "False") -> str:
    """The text of a header."""
    return f"{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape}, }}"


def _with_labels(data: bytes, labels: bytes = LABELS) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.write_bytes(data)
        path.with_name("labels.csv").write_bytes(labels)

    return make


def odd_files() -> list[Odd]:
    """All of them."""
    return [*_whole(), *_damaged(), *_pickles(), *_label_files()]


def _odd(name: str, data: bytes, expected: Loads | Refused, limits: str = "usual") -> Odd:
    # The labels are found beside it, by the child.
    return Odd(name, _with_labels(data), expected, {"labels": "labels.csv"}, limits=limits)


def _whole() -> list[Odd]:
    wide = lying(header("(4, 2)"), np.ascontiguousarray(ROWS).tobytes(), version=3)
    halves = np.ones((2, 70_000), np.float16)
    return [
        _odd("float64.npy", npy(ROWS), GOOD),
        _odd("float32.npy", npy(ROWS.astype("<f4")), GOOD),
        _odd("big-endian.npy", npy(ROWS.astype(">f8")), GOOD),
        _odd("big-endian float32.npy", npy(ROWS.astype(">f4")), GOOD),
        _odd("float16.npy", npy(ROWS.astype(np.float16)), GOOD),
        _odd("long double.npy", npy(ROWS.astype(np.longdouble)), GOOD),
        _odd("fortran.npy", npy(np.asfortranarray(ROWS)), GOOD),
        _odd("uint8.npy", npy(ROWS.astype(np.uint8)), GOOD),
        _odd("big-endian int16.npy", npy(ROWS.astype(">i2")), GOOD),
        _odd("uint64.npy", npy(ROWS.astype(np.uint64)), GOOD),
        _odd("bool.npy", npy(ROWS > 3), Loads(4, 2, 2, TWO, 5.0)),
        _odd("version 3.npy", wide, GOOD),
        _odd("pictures.npy", npy(ROWS.reshape(4, 1, 2)), GOOD),
        Odd("70000 halves.npy", _with_labels(npy(halves), b"cat\ndog\n"),
            Loads(2, 70_000, 2, TWO, 140_000.0), {"labels": "labels.csv"}),
    ]  # fmt: skip


def _damaged() -> list[Odd]:
    good, body = npy(ROWS), ROWS.tobytes()
    holes = ROWS.copy()
    holes[2, 1] = np.nan
    signalling = ROWS.astype("<f4")
    signalling.view("<u4")[1, 0] = 0x7FA00000
    nested = header("(" * 4_000 + "4, 2" + ")" * 4_000)
    code = header("(4, 2)").replace("'<f8'", f"__import__('os').system('touch {CANARY}')")
    cut = Refused("is damaged or cut short: .* bytes expected")
    none = Refused("is no .npy file")
    return [
        _odd("cut.npy", good[:-1], cut),
        _odd("header alone.npy", good[:128], cut),
        _odd("half a header.npy", good[:50], none),
        _odd("magic alone.npy", good[:6], none),
        _odd("one byte more.npy", good + b"x", cut),
        _odd("nan.npy", npy(holes), Refused('Row 3, column "x2": nan')),
        _odd("signalling.npy", npy(signalling), Refused('Row 2, column "x1": nan')),
        _odd("infinite.npy", npy(np.where(ROWS == 4, np.inf, ROWS)), Refused("Row 2, .*inf")),
        _odd("complex.npy", npy(ROWS * 1j), Refused("neither numbers nor texts")),
        _odd("texts.npy", npy(ROWS.astype(str)), Refused("instead of numbers")),
        _odd("dates.npy", npy(ROWS.astype("M8[s]")), Refused("neither numbers nor texts")),
        _odd("structured.npy", npy(np.zeros(4, [("a", "f8"), ("b", "f8")])), none),
        _odd("one axis.npy", npy(ROWS[:, 0]), Refused("shape \\(4,\\)")),
        _odd("no axis.npy", npy(1.0), Refused("shape \\(\\)")),
        _odd("five axes.npy", npy(np.zeros((4, 1, 1, 1, 2))), Refused("shape \\(4, 1, 1, 1, 2")),
        _odd("no rows.npy", npy(np.zeros((0, 2))), Refused("no rows.npy: ?there are 0|0 rows")),
        _odd("no columns.npy", npy(np.zeros((4, 0))), Refused("0 features")),
        _odd("lying rows.npy", lying(header("(100000000, 2)"), body), Refused("more than the"),
             LYING),
        _odd("lying a little.npy", lying(header("(10000000, 2)"), body), cut, LYING),
        _odd("lying wraps.npy", lying(header("(4294967295, 4294967295, 4294967295)"), body),
             Refused("more than the"), LYING),
        _odd("lying digits.npy", lying(header("(" + "9" * 19 + ", 2)"), body),
             Refused("more than the"), LYING),
        Odd("sparse of 10 GB.npy", _sparse, Refused("more than the"), limits=LYING,
            shown_too=False),
        _odd("negative.npy", lying(header("(-4, 2)"), body), none, LYING),
        _odd("lying header.npy", lying(header("(4, 2)"), body, 2, 4_000_000_000), none, LYING),
        _odd("nested header.npy", lying(nested, body), none, LYING),
        _odd("code in the header.npy", lying(code, body), none, LYING),
        _odd("huge texts.npy", lying(header("(4, 2)", "<U200000000"), body),
             Refused("more than the"), LYING),
    ]  # fmt: skip


def _pickles() -> list[Odd]:
    held = np.array([[Payload(), 1], [2, 3]], object)
    said = Refused("holds a Python pickle")
    return [
        _odd("objects.npy", npy(held), said, LYING),
        *(Odd(f"pickle {protocol}.npy", holding(pickle.dumps(Payload(), protocol)), said)
          for protocol in (0, 2, 4, 5)),
        Odd("pickle.csv", holding(pickle.dumps({"X": Payload()}, 0)), Refused("pickle|zero byte")),
        Odd("labels pickled.npy", _with_labels(npy(ROWS), pickle.dumps(Payload(), 4)), said,
            {"labels": "labels.csv"}),
        Odd("labels objects.npy", _with_labels(npy(ROWS), npy(held[:, 0])), said,
            {"labels": "labels.csv"}),
    ]  # fmt: skip


def _label_files() -> list[Odd]:
    soft = np.array([[1.0, 0.0], [0.25, 0.75], [0.5, 0.5], [0.0, 1.0]])
    signalling = np.array([0x7FA00000] * 4, "<u4").view("<f4")

    def odd(name: str, labels: bytes, expected: Loads | Refused) -> Odd:
        make = _with_labels(npy(ROWS), labels)
        return Odd(f"labels {name}.npy", make, expected, {"labels": "labels.csv"})

    return [
        odd("as numbers", npy(np.array([7, -1, 7, 300])), Loads(4, 2, 3, ("-1", "7", "300"))),
        odd("as fractions", npy(np.array([1.0, 2.0, 1.0, 2.0])), Loads(4, 2, 2, ("1", "2"))),
        odd("as texts", npy(np.array(["cat", "dog", "dog", "가"])), Loads(4, 2, 3)),
        odd("soft", npy(soft), Loads(4, 2, 2, ("0", "1"), 278.0, soft=True)),
        odd("with a header", b"species\n" + LABELS, GOOD),
        odd("too few", b"cat\ndog\ncat\n", Refused("4 rows, but labels.csv has 3 labels")),
        odd("too many", LABELS + b"cat\ndog\n", Refused("4 rows, but labels.csv has 6 labels")),
        odd("a row too few", npy(np.arange(3)), Refused("4 rows, but labels.csv has 3 labels")),
        odd("nan", npy(np.array([1.0, np.nan, 1.0, 2.0])), Refused("not whole")),
        odd("signalling", npy(signalling), Refused("not whole: regression")),
        odd("signalling targets", npy(np.stack([signalling] * 2, axis=1)), Refused("nan is not")),
        odd("no sum of 1", npy(soft * 0.9), Refused("Row 1: the targets sum to 0.9")),
        odd("quantities", npy(np.array([1.5, 2.5, 3.5, 4.5])), Refused("regression")),
        odd("of one class", b"cat\n" * 4, Refused("all 4 rows have the label")),
        odd("with cells", b"cat,1\ndog,2\n", Refused("row 1: one label a line")),
        odd("none", b"", Refused("4 rows, but labels.csv has 0 labels")),
        odd("three axes", npy(np.zeros((4, 2, 2))), Refused("shape \\(4, 2, 2\\)")),
        odd("cut", npy(np.arange(4))[:-3], Refused("labels.csv is damaged or cut short")),
        Odd("labels not there.npy", holding(npy(ROWS)), Refused("labels.csv was not found"),
            {"labels": "labels.csv"}),
        Odd("labels a pipe.npy", _with_pipe, Refused("labels.csv is a device or a pipe"),
            {"labels": "labels.csv"}),
    ]  # fmt: skip


def _sparse(path: Path) -> None:
    """All that its header says, on a disk that keeps no zeros: whoever wants it, maps it."""
    start = lying(header("(2500000, 1000)", "<f4"))
    with path.open("wb") as file:
        file.write(start)
        file.truncate(len(start) + 10_000_000_000)


def _with_pipe(path: Path) -> None:
    import os

    path.write_bytes(npy(ROWS))
    os.mkfifo(path.with_name("labels.csv"))
