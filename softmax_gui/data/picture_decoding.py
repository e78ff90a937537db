"""One picture from a file to numbers, by one stated rule; Pillow is imported on demand."""

from __future__ import annotations

import contextlib
import os
import struct
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from softmax_gui.data.dataset import Floats
from softmax_gui.data.picture_pool import Stop, WatchedBytes
from softmax_gui.files import FileProblem, read_bounded, regular_file
from softmax_gui.i18n import tr

MOST_PIXELS = 100_000_000
_FILE_BYTES = 512 << 20
_HEAD = 16
_ORIENTATION = 274  # the Exif tag
_TURNS = {  # Exif orientation -> Pillow's transposition
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
_PNG = b"\x89PNG\r\n\x1a\n"
# By content: Pillow's own look at names, and its forty other formats, are left out.
_KINDS: tuple[tuple[Callable[[bytes], bool], str], ...] = (
    (lambda head: head.startswith(_PNG), "PNG"),
    (lambda head: head.startswith(b"\xff\xd8\xff"), "JPEG"),
    (lambda head: head.startswith(b"BM"), "BMP"),
    (lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", "WebP"),
    (lambda head: head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), "TIFF"),
)
# What Pillow raises on a damaged file, as seen from random bytes.
_DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


class NoPicture(Exception):
    """Why a file is left out, in a few words."""


@dataclass(frozen=True)
class Look:
    """What the header of a picture says, turned as it will be."""

    height: int
    width: int
    colour: bool


@dataclass(frozen=True)
class Rule:
    """What every picture becomes: height x width, gray or colour."""

    height: int
    width: int
    colour: bool

    @property
    def d(self) -> int:
        """Numbers a picture."""
        return self.height * self.width * (3 if self.colour else 1)


def look_for_pillow() -> None:
    """Sees that Pillow is there, and keeps what it mutters about damaged files off the screen.

    Raises:
        FileProblem: it is missing.
    """
    try:
        import PIL.Image  # noqa: F401, PLC0415 - an extra
    except ImportError as error:
        text = tr(
            "Pictures need the package Pillow, which is not installed. Install it with: "
            'pip install "softmax-gui[pictures]"'
        )
        raise FileProblem(text) from error
    warnings.filterwarnings("ignore", module=r"PIL\.")


def look_at_picture(path: Path) -> Look:
    """Size and kind of a picture, from its header.

    Raises:
        NoPicture: it is none, or too large.
    """
    with _said_in_few_words(), regular_file(path) as descriptor, _said_in_few_words():
        head = os.read(descriptor, _HEAD)
        os.lseek(descriptor, 0, os.SEEK_SET)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            image = _opened(head, file)
            turned = _orientation(image) > 4 and image.format != "TIFF"  # which says so itself
            width, height = image.size[::-1] if turned else image.size
            colour = image.mode not in {"1", "L", "LA", "I", "F"} and image.mode[:2] != "I;"
            return Look(height, width, colour)


def read_picture(path: Path, rule: Rule, stop: Stop, *, roughly: bool = False) -> Floats:
    """The picture as (height, width) or (height, width, 3), 0 to 255.

    Turned as Exif says; cut around the centre to the sides of the rule; laid over white where it
    is transparent; gray by ITU-R 601 luma; 16 bits divided by 257; averaged over boxes where it
    shrinks by whole factors, else resampled by Lanczos windows of 3 lobes, widened to shrink.

    Args:
        path: the file.
        rule: what it becomes.
        stop: ends the work.
        roughly: a JPEG may be decoded at a part of its size, for a preview.

    Raises:
        NoPicture: it is none, damaged or too large.
        Stopped: by stop.
    """
    with _said_in_few_words():
        data = read_bounded(path, _FILE_BYTES)
        if data.startswith(_PNG):
            _look_at_sums(data)
        image = _opened(data[:_HEAD], WatchedBytes(data, stop))
        if roughly and image.format == "JPEG":
            image.draft("RGB" if rule.colour else "L", (2 * rule.width, 2 * rule.height))
        with stop.holding(image.size[0] * image.size[1]):
            return _numbers(image, rule, stop)


def resampling_of(height: int, width: int, rule: Rule) -> str:
    """How a picture of that size is made as large as the rule says: "", "box" or "Lanczos"."""
    left, top, right, bottom = _cut(width, height, rule)
    w, h = right - left, bottom - top
    if (h, w) == (rule.height, rule.width):
        return ""
    return "box" if w % rule.width == 0 == h % rule.height else "Lanczos"


def _numbers(image: Any, rule: Rule, stop: Stop) -> Floats:
    image.load()
    stop.look()
    orientation = _orientation(image)
    if orientation in _TURNS:
        from PIL.Image import Transpose  # noqa: PLC0415 - an extra

        image = image.transpose(Transpose[_TURNS[orientation]])
    stop.look()
    width, height = image.size
    box = _cut(width, height, rule)
    image = image if box == (0, 0, width, height) else image.crop(box)
    image = _resized(_in_colour(image, rule), rule)
    values = np.asarray(image, np.float64)
    if image.mode == "F":
        values = np.clip(values, 0.0, 255.0)  # Lanczos swings over
        if rule.colour:
            values = np.repeat(values[:, :, np.newaxis], 3, axis=2)
    return values


def _cut(width: int, height: int, rule: Rule) -> tuple[int, int, int, int]:
    """The largest box around the centre with the sides of the rule: left, top, right, bottom."""
    w, h = width, height
    if width * rule.height > height * rule.width:
        w = max(1, round(height * rule.width / rule.height))
    else:
        h = max(1, round(width * rule.height / rule.width))
    left, top = (width - w) // 2, (height - h) // 2
    return left, top, left + w, top + h


def _in_colour(image: Any, rule: Rule) -> Any:
    """The picture in mode L or RGB, or F where it has more than 8 bits a gray."""
    if image.mode in {"I", "F"} or image.mode.startswith("I;"):
        return _deep(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        from PIL import Image  # noqa: PLC0415 - an extra

        white = Image.new("RGB", image.size, (255, 255, 255))
        white.paste(image, mask=image.getchannel("A"))
        image = white
    if image.mode not in {"1", "L", "P", "RGB"}:
        image = image.convert("RGB")
    wanted = "RGB" if rule.colour else "L"
    return image if image.mode == wanted else image.convert(wanted)


def _deep(image: Any) -> Any:
    """Whole numbers are 16 bits; fractions are 0 to 1, or 0 to 255."""
    values = np.asarray(image).astype(np.float32)
    low, high = float(values.min()), float(values.max())
    most = 65535.0 if image.mode != "F" else 1.0 if high <= 1.0 else 255.0
    if not 0.0 <= low <= high <= most:  # NaN neither
        raise NoPicture(tr("values from {low:g} to {high:g}").format(low=low, high=high))
    scaled = values / np.float32(257.0) if image.mode != "F" else values * np.float32(255.0 / most)
    from PIL import Image  # noqa: PLC0415 - an extra

    return Image.fromarray(scaled)


def _resized(image: Any, rule: Rule) -> Any:
    how = resampling_of(image.size[1], image.size[0], rule)
    if how == "":
        return image
    if how == "box":
        return image.reduce((image.size[0] // rule.width, image.size[1] // rule.height))
    from PIL.Image import Resampling  # noqa: PLC0415 - an extra

    return image.resize((rule.width, rule.height), Resampling.LANCZOS)


def _opened(head: bytes, file: Any) -> Any:
    """The picture, its header read and found to be of a size that may be decoded."""
    for begins, kind in _KINDS:
        if begins(head):
            image = _readers()[kind](file)
            pixels = image.size[0] * image.size[1]
            if pixels > MOST_PIXELS:
                text = tr("{pixels:,} pixels, more than {limit:,}")
                raise NoPicture(text.format(pixels=pixels, limit=MOST_PIXELS))
            if pixels == 0:
                raise NoPicture(tr("no pixels"))
            return image
    raise NoPicture(tr("no picture") if head else tr("empty"))


@cache
def _readers() -> dict[str, Any]:
    """Pillow's reader of each kind; Image.open would warn of sizes that are allowed here."""
    # Pillow is an extra.
    from PIL.BmpImagePlugin import BmpImageFile  # noqa: PLC0415
    from PIL.JpegImagePlugin import JpegImageFile  # noqa: PLC0415
    from PIL.PngImagePlugin import PngImageFile  # noqa: PLC0415
    from PIL.TiffImagePlugin import TiffImageFile  # noqa: PLC0415
    from PIL.WebPImagePlugin import WebPImageFile  # noqa: PLC0415

    return {
        "PNG": PngImageFile, "JPEG": JpegImageFile, "BMP": BmpImageFile, "WebP": WebPImageFile,
        "TIFF": TiffImageFile,
    }  # fmt: skip


def _orientation(image: Any) -> int:
    if image.format == "PNG" and "exif" not in image.info:
        return 1  # to ask further would decode it
    value = image.getexif().get(_ORIENTATION, 1)
    return value if isinstance(value, int) else 1


def _look_at_sums(data: bytes) -> None:
    """Refuses a PNG of which a byte was changed: Pillow leaves the sums of its pixels unread."""
    position = len(_PNG)
    while position + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        end = position + 8 + length
        if end + 4 > len(data):
            break
        if zlib.crc32(memoryview(data)[position + 4 : end]) != int.from_bytes(data[end : end + 4]):
            raise NoPicture(tr("damaged"))
        if data[position + 4 : position + 8] == b"IEND":
            return
        position = end + 4
    raise NoPicture(tr("cut short"))


@contextlib.contextmanager
def _said_in_few_words() -> Any:
    try:
        yield
    except FileProblem as problem:
        raise NoPicture(tr("it cannot be read")) from problem
    except MemoryError as error:
        raise NoPicture(tr("too large for the memory")) from error
    except _DAMAGE as error:
        raise NoPicture(tr("damaged or cut short")) from error
