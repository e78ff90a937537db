"""Odd and damaged NPZ files: FAULTS 13 to 20, and floods of zeros."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.data.odd_files import LYING, Loads, Odd, Refused
from tests.data.odd_numpy import Payload, header, lying, npy

ROWS = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])
Y = np.array(["cat", "dog", "cat", "dog"])
GOOD = Loads(4, 2, 2, ("cat", "dog"), 36.0)
DAMAGED = Refused("is damaged or cut short")


def npz(packed: bool = False, **arrays: Any) -> bytes:
    """The bytes of an NPZ file."""
    return zipped({f"{name}.npy": npy(array) for name, array in arrays.items()}, packed)


def zipped(members: dict[str, bytes], packed: bool = False) -> bytes:
    """The bytes of a ZIP file."""
    buffer = io.BytesIO()
    kind = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(buffer, "w", kind) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def _odd(name: str, data: bytes, expected: Loads | Refused, limits: str = "usual") -> Odd:
    def make(path: Path) -> None:
        path.write_bytes(data)

    return Odd(name, make, expected, limits=limits)


def odd_files() -> list[Odd]:
    """All of them."""
    return [*_whole(), *_contradicting(), *_damaged(), *_lying(), *_members(), *_floods()]


def _whole() -> list[Odd]:
    soft = np.array([[1.0, 0.0], [0.25, 0.75], [0.5, 0.5], [0.0, 1.0]])
    mixed = npz(X=np.asfortranarray(ROWS.astype(">f4")), y=np.array([b"cat", b"dog"] * 2))
    halves = npz(x_train=ROWS[:2], y_train=Y[:2], x_test=ROWS[2:], y_test=Y[2:])
    weighted: dict[str, Any] = {
        "X": ROWS,
        "y": Y,
        "sample_weight": [0, 1, 2, 3],
        "image_shape": [1, 2],
    }
    return [
        _odd("good.npz", npz(X=ROWS, y=Y), GOOD),
        _odd("packed.npz", npz(True, X=ROWS, y=Y), GOOD),
        _odd("other names.npz", npz(arr_0=ROWS, arr_1=Y), GOOD),
        _odd("parts.npz", halves, GOOD),
        _odd("mixed kinds.npz", mixed, GOOD),
        _odd("weights.npz", npz(**weighted), GOOD),
        _odd("ends of labels.npz", npz(X=ROWS, y=Y[:, None]), GOOD),
        _odd("soft.npz", npz(X=ROWS, y=soft), Loads(4, 2, 2, ("0", "1"), 36.0, soft=True)),
        _odd(
            "one-hot.npz",
            npz(X=ROWS, y=np.eye(3, dtype=int)[[0, 2, 1, 0]]),
            Loads(4, 2, 3, soft=True),
        ),
        _odd("long doubles.npz", npz(X=ROWS.astype(np.longdouble), y=Y), GOOD),
        _odd("a remark.npz", npz(X=ROWS, y=Y, note=np.array("a text")), GOOD),
    ]


def _contradicting() -> list[Odd]:
    holes, halves = ROWS.copy(), np.full((4, 2), 0.4)
    holes[1, 0] = np.nan

    def odd(name: str, words: str, **arrays: Any) -> Odd:
        return _odd(f"{name}.npz", npz(**{"X": ROWS, "y": Y, **arrays}), Refused(words))

    return [
        odd("rows differ", "4 rows, but y has 3 labels", y=Y[:3]),
        odd("nan", 'Row 2, column "x1": nan', X=holes),
        odd("one class", 'all 4 rows have the label "cat"', y=np.full(4, "cat")),
        odd("quantity", "not whole: regression", y=np.arange(4) / 3),
        odd("no features", "no arrays|0 features", X=np.zeros((4, 0))),
        odd("no rows", "0 rows", X=np.zeros((0, 2)), y=np.zeros(0, int)),
        odd("texts", "X holds <U3 instead of numbers", X=ROWS.astype("U3")),
        odd("complex", "X holds complex128", X=ROWS * 1j),
        odd("five axes", "X has shape", X=ROWS.reshape(4, 1, 1, 1, 2)),
        odd("no label of these", "the label bird in y is none", y=np.full(4, "bird"),
            class_names=np.array(["cat", "dog"])),
        odd("too few names", "2 columns, but class_names has 3", y=np.eye(2)[[0, 1, 0, 1]],
            class_names=np.array(["a", "b", "c"])),
        odd("names twice", 'have the name "cat"', y=np.array([0, 1, 0, 1]),
            class_names=np.array(["cat", "cat"])),
        odd("feature names", "2 features, but 3 feature names",
            feature_names=np.array(["a", "b", "c"])),
        odd("negative weight", "Row 2 has the weight -1", sample_weight=np.array([1, -1, 1, 1])),
        odd("no weight", "All weights are 0", sample_weight=np.zeros(4)),
        odd("weights differ", "4 rows; weights of \\(3,\\)", sample_weight=np.ones(3)),
        odd("sums", "Row 1: the targets sum to 0.8", y=halves),
        odd("targets against labels", "Row 2 has the label", y=np.array([0, 0, 0, 0]),
            class_names=np.array(["a", "b"]), targets=np.eye(2)[[0, 1, 0, 1]]),
        odd("a picture of 3 x 3", "3 x 3 pixels does not fit 2", image_shape=np.array([3, 3])),
        odd("no picture", "image_shape must hold", image_shape=np.array([0.5, 4])),
        odd("groups differ", "4 rows, but 2 group names", groups=np.array(["a", "b"])),
        odd("part 7", "part 7", parts=np.array([0, 0, 1, 7])),
        odd("bytes no utf-8", "a text that is not UTF-8", y=np.array([b"\xff", b"\xfe"] * 2)),
    ]  # fmt: skip


def _damaged() -> list[Odd]:
    good, flipped = npz(X=ROWS, y=Y), bytearray(npz(X=ROWS, y=Y))
    flipped[150] ^= 1  # in the numbers
    packed = bytearray(npz(True, X=ROWS, y=Y))
    packed[60] ^= 0xFF
    encrypted = bytearray(good)
    encrypted[6] |= 1
    encrypted[good.index(b"PK\x01\x02") + 8] |= 1
    strange = bytearray(good)
    strange[8] = strange[good.index(b"PK\x01\x02") + 10] = 97  # a way of packing
    return [
        _odd("cut.npz", good[:-30], DAMAGED),
        _odd("half.npz", good[: len(good) // 2], DAMAGED),
        _odd("start alone.npz", good[:4], DAMAGED),
        _odd("flipped.npz", bytes(flipped), DAMAGED),
        _odd("flipped packed.npz", bytes(packed), DAMAGED),
        _odd("encrypted.npz", bytes(encrypted), DAMAGED),
        _odd("unknown packing.npz", bytes(strange), DAMAGED),
        _odd("empty.npz", zipped({}), Refused("holds no arrays")),
        _odd("zeros after PK.npz", b"PK\x03\x04" + bytes(1000), DAMAGED),
        _odd("cut inside.npz", zipped({"X.npy": npy(ROWS)[:-8], "y.npy": npy(Y)}), DAMAGED),
        _odd("more inside.npz", zipped({"X.npy": npy(ROWS) + b"x", "y.npy": npy(Y)}), DAMAGED),
        _odd("texts inside.npz", zipped({"X.npy": b"1,2", "y.npy": b"cat"}), Refused("npz")),
    ]


def _lying() -> list[Odd]:
    y, body = npy(Y), ROWS.tobytes()
    more, limit = Refused("X would take .* more than the"), DAMAGED
    little = lying(header("(10000000, 2)"), body)
    claims = bytearray(zipped({"X.npy": little, "y.npy": y}))
    size = struct.pack("<I", len(little))
    said = struct.pack("<I", 160_000_000 + len(little) - len(body))
    start = claims.index(b"PK\x01\x02") + 24
    claims[start : start + 4] = said  # the list at the end says so, too
    assert claims[22:26] == size
    claims[22:26] = said
    return [
        _odd("lying.npz", zipped({"X.npy": lying(header("(1000000000, 2)"), body), "y.npy": y}),
             more, LYING),
        _odd("lying wraps.npz", zipped({"X.npy": lying(header("(4294967295,4294967295,3)"), body),
                                        "y.npy": y}), more, LYING),
        _odd("lying a little.npz", zipped({"X.npy": little, "y.npy": y}), limit, LYING),
        _odd("lying twice.npz", bytes(claims), limit, LYING),
        _odd("lying packed.npz", zipped({"X.npy": little, "y.npy": y}, packed=True), limit, LYING),
        _odd("lying labels.npz",
             zipped({"X.npy": npy(ROWS), "y.npy": lying(header("(4,)", "<U9999999"), body)}),
             limit, LYING),
        _odd("lying much.npz", zipped({"X.npy": lying(header("(60000000, 2)"), body), "y.npy": y}),
             limit, LYING),
        _odd("5000 members.npz", zipped({f"{i}.npy": npy(ROWS) for i in range(5_000)}),
             Refused("no features and labels"), LYING),
    ]  # fmt: skip


def _members() -> list[Odd]:
    twice = io.BytesIO()
    with zipfile.ZipFile(twice, "w") as archive:
        archive.writestr("X.npy", npy(ROWS))
        archive.writestr("Y.npy", npy(Y))
    data = twice.getvalue().replace(b"Y.npy", b"X.npy")
    held = npy(np.array([Payload(), Payload()], object))
    said = Refused("holds a Python pickle")

    def odd(name: str, member: str, expected: Refused) -> Odd:
        return _odd(name, zipped({member: npy(ROWS), "y.npy": npy(Y)}), expected)

    strange = Refused("a file in a folder")
    return [
        odd("up.npz", "../../../X.npy", strange),
        odd("absolute.npz", "/etc/X.npy", strange),
        odd("drive.npz", "C:\\X.npy", strange),
        odd("in a folder.npz", "a/X.npy", strange),
        _odd("one name.npz", data, Refused("two arrays of one name")),
        _odd("objects.npz", zipped({"X.npy": held, "y.npy": npy(Y)}), said, LYING),
        _odd("object labels.npz", zipped({"X.npy": npy(ROWS), "y.npy": held}), said, LYING),
        _odd("torch.npz", zipped({"archive/data.pkl": b"\x80\x02}", "archive/version": b"3"}),
             said, LYING),
        _odd("sheet.npz", zipped({"xl/workbook.xml": b"<x/>", "[Content_Types].xml": b"<x/>"}),
             Refused("is a spreadsheet")),
    ]  # fmt: skip


def zeros(start: bytes, size: int) -> Iterator[bytes]:
    """A raw deflate stream of `start` and so many zeros, in pieces, 1,000 times smaller.

    One piece of 16 MB is packed and comes again and again, so that 3 GB take no time.
    """
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    yield packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(bytes(1 << 24)) + packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range(size >> 24):
        yield again
    yield packer.compress(bytes(size & (1 << 24) - 1)) + packer.flush()


def flood(shape: tuple[int, ...], kind: str = "<f8", name: str = "X") -> Callable[[Path], None]:
    """An NPZ whose X is so many zeros; it holds what it says, but the checksum."""
    size = int(np.prod(shape, dtype=object)) * np.dtype(kind).itemsize
    start, labels = lying(header(str(shape), kind)), lying(header(f"({shape[0]},)", "|u1"))

    def make(path: Path) -> None:
        X, y = b"".join(zeros(start, size)), b"".join(zeros(labels, shape[0]))
        members = ((name, X, len(start) + size), ("y", y, len(labels) + shape[0]))
        path.write_bytes(packed_before(*members))

    return make


def bomb(path: Path) -> None:
    """A ZIP whose one small member unpacks to 3 GB and says that it is of 160 bytes."""
    content = b"".join(zeros(lying(header("(4, 2)")), 3 << 30))
    path.write_bytes(packed_before(("X", content, 160), ("y", b"".join(zeros(npy(Y), 0)), 200)))


def packed_before(*members: tuple[str, bytes, int]) -> bytes:
    """A ZIP of arrays: name, raw deflate stream, the size it is said to have unpacked."""
    local = central = b""
    for name, content, size in members:
        sizes, file = struct.pack("<III", 0, len(content), size), f"{name}.npy".encode()
        central += b"PK\x01\x02" + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 0) + sizes
        central += struct.pack("<HHHHHII", len(file), 0, 0, 0, 0, 0, len(local)) + file
        local += b"PK\x03\x04" + struct.pack("<HHHHH", 20, 0, 8, 0, 0) + sizes
        local += struct.pack("<HH", len(file), 0) + file + content
    count = len(members)
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(central), len(local), 0)
    return local + central + b"PK\x05\x06" + end


def _floods() -> list[Odd]:
    more = Refused("X would take .* more than the")
    return [
        Odd("flood of 2 GB.npz", flood((250_000, 1_000)), more),
        Odd("flood of bytes.npz", flood((2_000_000, 1_000), "|u1"), more),
        Odd(
            "flood and no limit.npz",
            flood((2_000_000, 1_000), "|u1"),
            Refused("too large for this machine's memory"),
            {"limit_bytes": 1 << 40},
            shown_too=False,
        ),
        Odd("bomb.npz", bomb, Refused("bomb.npz"), limits=LYING),
    ]
