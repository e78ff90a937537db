"""Odd and damaged folders of pictures: FAULTS 21 to 24, trap T7, floods in PNG."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.data.odd_files import LYING, Loads, Odd, Refused

GRAY = np.arange(0, 240, 10, dtype=np.uint8).reshape(4, 6)
SUM, TWO = float(GRAY.sum()), ("cat", "dog")
GOOD = Loads(4, 24, 2, TWO, 4 * SUM)
SIZE = {"picture_size": (4, 6)}
Maker = Callable[[Path], None]


def save(path: Path, array: np.ndarray[Any, Any] = GRAY, kind: str = "PNG", **more: Any) -> None:
    """Writes a picture, and its folder."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, kind, **more)


def pets(path: Path) -> None:
    """Two pictures of each of two classes."""
    for label in TWO:
        for i in range(2):
            save(path / label / f"{i}.png")


def chunk(name: bytes, data: bytes) -> bytes:
    """A part of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, pixels: bytes, *more: bytes, bits: int = 8) -> bytes:
    """A gray PNG; the pixels are packed already."""
    start = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + start + b"".join(more) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def zeros(size: int) -> bytes:
    """So many zeros, packed."""
    packer, block = zlib.compressobj(1), bytes(1 << 24)
    parts = [packer.compress(block[: size - start]) for start in range(0, size, len(block))]
    return b"".join(parts) + packer.flush()


def odd_files() -> list[Odd]:
    """All of them."""
    return [*_one_strange(), *_kinds(), *_folders(), *_lists()]


def _with(name: str, file: str, content: bytes | Maker, why: str, limits: str = "usual") -> Odd:
    """Four good pictures, and one that is left out by name."""

    def make(path: Path) -> None:
        pets(path)
        if callable(content):
            content(path / "cat" / file)
        else:
            (path / "cat" / file).write_bytes(content)

    said = f"1 of 5 files were left out: cat/{file} \\(.*({why})"
    expected = Loads(4, 24, 2, TWO, 4 * SUM, said=said)
    return Odd(f"with {name}", make, expected, SIZE, limits=limits)


def _encoded(kind: str, array: np.ndarray[Any, Any] = GRAY) -> bytes:
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, kind)
    return buffer.getvalue()


def _one_strange() -> list[Odd]:
    good, photo = _encoded("PNG"), _encoded("JPEG", np.tile(GRAY, (40, 40)))
    flipped = bytearray(good)
    flipped[45] ^= 1
    profile = chunk(b"iCCP", b"x\0\0" + zeros(1 << 28))
    remark = chunk(b"zTXt", b"x\0\0" + zeros(1 << 28))
    tall = bytearray(_encoded("BMP"))
    tall[18:26] = struct.pack("<ii", 60_000, 60_000)
    wide_tiff = bytearray(_encoded("TIFF"))
    at = wide_tiff.index(struct.pack("<HH", 256, 4))  # its width
    wide_tiff[at + 2 : at + 12] = struct.pack("<HII", 4, 1, 4_000_000_000)
    broken, pixels = "damaged|cut short", "pixels, more than"
    return [
        _with("an empty file", "x.png", b"", "empty"),
        _with("a text", "x.png", b"not a picture", "no picture"),
        _with("a GIF", "x.png", b"GIF89a" + bytes(40), "no picture"),
        _with("a cut PNG", "x.png", good[:-20], broken),
        _with("a PNG without end", "x.png", good[:-12], broken),
        _with("a flipped byte", "x.png", bytes(flipped), broken),
        _with("a cut JPEG", "x.jpg", photo[:400], broken),
        _with("half a JPEG", "x.jpg", photo[: len(photo) // 2], broken),
        _with("a cut WebP", "x.webp", _encoded("WEBP")[:-9], broken),
        _with("a cut TIFF", "x.tif", _encoded("TIFF")[:60], broken),
        _with("a cut BMP", "x.bmp", _encoded("BMP")[:-9], broken),
        _with("pixels too few", "x.png", png(6, 4, zeros(10)), broken),
        _with("no pixels", "x.png", png(0, 4, zeros(0)), "no pixels|damaged"),
        _with("3.6 gigapixels", "x.png", png(60_000, 60_000, zeros(100)), pixels, LYING),
        _with("144 megapixels", "x.png", png(12_000, 12_000, zeros(144_012_000)), pixels, LYING),
        _with("a tall BMP", "x.bmp", bytes(tall), pixels, LYING),
        _with("a wide TIFF", "x.tif", bytes(wide_tiff), f"{pixels}|{broken}", LYING),
        _with("sides past 31 bits", "x.png", png(0xFFFFFFFF, 9, zeros(9)), f"{pixels}|{broken}"),
        _with("a flood in its profile", "x.png", png(6, 4, zeros(28), profile), broken),
        _with("a flood in its remark", "x.png", png(6, 4, zeros(28), remark), broken),
        _with("a pipe", "x.png", os.mkfifo, "cannot be read"),
        _with("a device", "x.png", lambda path: path.symlink_to("/dev/zero"), "cannot be read"),
        _with("a broken link", "x.png", lambda path: path.symlink_to("no"), "cannot be read"),
    ]


def _kinds() -> list[Odd]:
    def all_of(
        kind: str, array: np.ndarray[Any, Any] = GRAY, also: bytes = b"", **more: Any
    ) -> Maker:
        def make(path: Path) -> None:
            if also:  # more than its header says is left unread
                (path / "cat").mkdir(parents=True)
                (path / "cat" / "also.png").write_bytes(also)
            for label in TWO:
                for i in range(2):
                    save(path / label / f"{i}.{kind.lower()}", array, kind, **more)

        return make

    def bits(path: Path) -> None:
        for label in TWO:
            save(path / label / "0.png", GRAY.astype(np.uint16) * 257)

    def turned(path: Path) -> None:
        from PIL import Image

        pets(path)
        exif = Image.Exif()
        exif[274] = 6
        save(path / "dog" / "0.png", GRAY[::-1].T.copy()[::-1, ::-1], exif=exif)

    def sizes(path: Path) -> None:
        pets(path)
        save(path / "dog" / "2.png", np.full((8, 12), 100, np.uint8))
        save(path / "dog" / "3.png", np.full((1, 1), 100, np.uint8))

    colour = np.repeat(GRAY[:, :, None], 3, axis=2)
    clear = np.dstack([colour, np.zeros_like(GRAY)])
    return [
        *(Odd(f"all {kind}", all_of(kind, lossless=True) if kind == "WEBP" else all_of(kind),
              Loads(4, 24, 2, TWO, 4 * SUM)) for kind in ("PNG", "BMP", "WEBP", "TIFF")),
        Odd("all JPEG", all_of("JPEG"), Loads(4, 24, 2, TWO)),
        Odd("16 bits", bits, Loads(2, 24, 2, TWO, 2 * SUM)),
        Odd("turned", turned, Loads(4, 24, 2, TWO, 4 * SUM)),
        Odd("sizes", sizes, Loads(6, 24, 2, TWO, 4 * SUM + 4800.0, said="sizes differ")),
        Odd("colour", all_of("PNG", colour), Loads(4, 24, 2, TWO, 4 * SUM, said="became gray")),
        Odd("colour kept", all_of("PNG", colour), Loads(4, 72, 2, TWO, 12 * SUM),
            {"colour": "rgb"}),
        Odd("pixels too many", all_of("PNG", also=png(6, 4, zeros(1 << 28))),
            Loads(5, 24, 2, TWO, 4 * SUM)),
        Odd("transparent", all_of("PNG", clear), Loads(4, 24, 2, TWO, 4 * 24 * 255.0)),
    ]  # fmt: skip


def _folders() -> list[Odd]:
    def alone(path: Path) -> None:
        save(path / "cat" / "0.png")

    def loose(path: Path) -> None:
        save(path / "0.png")

    def broken(path: Path) -> None:
        for label in TWO:
            (path / label).mkdir(parents=True)
            (path / label / "x.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")

    def nested(path: Path) -> None:
        pets(path)
        save(path / "cat" / "deep" / "2.png")
        save(path / "cat" / "deep" / "deeper" / "3.png")

    def empty_class(path: Path) -> None:
        pets(path)
        (path / "cow").mkdir()

    def loop(path: Path) -> None:
        pets(path)
        (path / "cat" / "again").symlink_to(path)
        (path / "all").symlink_to(path)

    def composed(path: Path) -> None:
        save(path / "caf\u00e9" / "0.png")
        save(path / "cafe\u0301" / "1.png")
        save(path / "\uac00" / "0.png")
        save(path / "\u1100\u1161" / "1.png")

    def undecoded(path: Path) -> None:
        pets(path)
        save(Path(os.fsdecode(os.fsencode(path) + b"/\xff\xfe")) / "0.png")

    one_left = "No picture of these classes could be read|one class"
    return [
        Odd("a class alone", alone, Refused('one class, "cat"')),
        Odd("loose", loose, Refused("no sub-folders with pictures")),
        Odd("all broken", broken, Refused("None of 2 files in all broken .*cat/x.png")),
        Odd("nested", nested, Loads(5, 24, 2, TWO, 5 * SUM, said="too deep, not read: cat/deep")),
        Odd("an empty class", empty_class, Loads(4, 24, 2, TWO, said="left out as classes: cow")),
        Odd("a loop", loop, Loads(4, 24, 2, TWO, said="Links to a folder that was read")),
        Odd("composed", composed, Loads(4, 24, 2, ("caf\u00e9", "\uac00"), 4 * SUM)),
        Odd("undecoded", undecoded, Loads(5, 24, 3)),
        Odd("half broken", _half_broken, Refused(one_left), shown_too=False),
    ]


def _half_broken(path: Path) -> None:
    save(path / "cat" / "0.png")
    (path / "dog").mkdir()
    (path / "dog" / "0.png").write_bytes(_encoded("PNG")[:-30])


def _lists() -> list[Odd]:
    def listed(text: str) -> Maker:
        def make(path: Path) -> None:
            for name in "abc":
                save(path / f"{name}.png")
            (path / "labels.csv").write_text(text)

        return make

    outside = "file,label\na.png,cat\nb.png,dog\n../../../etc/passwd,cat\n"
    return [
        Odd("listed", listed("file,label\na.png,cat\nb.png,dog\nc.png,cat\n"),
            Loads(3, 24, 2, TWO, 3 * SUM)),
        Odd("listed outside", listed(outside),
            Loads(2, 24, 2, TWO, said="1 pictures of labels.csv are not there: ../../../etc")),
        Odd("listed twice", listed("file,label\na.png,cat\na.png,dog\n"),
            Refused("labels.csv, row 3: a.png has another label")),
        Odd("listed without label", listed("file,label\na.png,cat\nb.png\n"),
            Refused("labels.csv, row 3: a file and its label")),
        Odd("listed quote", listed('file,label\na.png,"cat\nb.png,dog\n'),
            Refused("labels.csv, row 2: a quote is not closed")),
        Odd("listed none", listed(""), Refused("labels.csv names no picture")),
    ]  # fmt: skip
