"""What a user says of a file before it is read, and how a long reading is watched and ended."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass

from softmax_gui.files import shown
from softmax_gui.i18n import tr

LIMIT_BYTES = 1 << 30
MISSING_WAYS = ("refuse", "drop", "mean")
DECIMALS = (".", ",")
COLOURS = ("gray", "rgb")
_SIDE_LIMIT = 4096  # pixels: a picture of more is no feature vector

Watch = Callable[[float], None]
"""Told the share done, 0 to 1, at least 10 times a second; raises Cancelled to end the reading."""


class Cancelled(Exception):
    """The user ended a reading."""


def unwatched(_: float) -> None:
    """The Watch of a reading that nobody follows."""


@dataclass(frozen=True)
class ReadOptions:
    """What a user says of a file; None leaves it to the reader to guess.

    Attributes:
        label_column: its name, or its number from 1 ("3"; "-1" is the last).
        target_columns: the one-hot or soft-label columns; () guesses.
        group_column: rows of one group stay in one part of the split; it is no feature.
        split_column: names the part of each row: train, validation or test; it is no feature.
        labels: a second file with the labels, one a row.
        header: whether the first row names the columns.
        delimiter: one character between cells.
        decimal: "." or ",".
        encoding: the name of a Python codec for text.
        comment: what a comment line begins with; "" for none.
        missing: what becomes of a row with a missing value: one of MISSING_WAYS.
        x_key: the array of an NPZ with the features.
        y_key: the array of an NPZ with the labels or targets.
        picture_size: (height, width) in pixels that pictures from a folder get.
        colour: "gray" or "rgb".
        class_order: all class names in the wanted order; () sorts them.
        limit_bytes: of memory for the numbers; raised in the settings.

    Raises:
        ValueError: a value that no reader could follow.
    """

    label_column: str | None = None
    target_columns: tuple[str, ...] = ()
    group_column: str | None = None
    split_column: str | None = None
    labels: str | None = None
    header: bool | None = None
    delimiter: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    comment: str | None = None
    missing: str = "refuse"
    x_key: str | None = None
    y_key: str | None = None
    picture_size: tuple[int, int] | None = None
    colour: str | None = None
    class_order: tuple[str, ...] = ()
    limit_bytes: int = LIMIT_BYTES

    def __post_init__(self) -> None:
        _look_at_marks(self.delimiter, self.decimal, self.comment)
        _look_at_encoding(self.encoding)
        _look_at_choice(tr("missing values"), self.missing, MISSING_WAYS)
        if self.colour is not None:
            _look_at_choice(tr("colour"), self.colour, COLOURS)
        _look_at_sizes(self.picture_size, self.limit_bytes)
        _look_at_order(self.class_order)
        if self.label_column is not None and self.target_columns:
            text = tr("Choose a label column or target columns, not both.")
            raise ValueError(text)


def _look_at_marks(delimiter: str | None, decimal: str | None, comment: str | None) -> None:
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '\r\n"'):
        text = tr(
            'The separator "{mark}" is not one character; a comma, semicolon or tab is usual.'
        )
        raise ValueError(text.format(mark=shown(delimiter)))
    if decimal is not None:
        _look_at_choice(tr("decimal mark"), decimal, DECIMALS)
    if delimiter is not None and delimiter == decimal:
        text = tr('"{mark}" cannot be both the separator and the decimal mark. Choose another one.')
        raise ValueError(text.format(mark=delimiter))
    if comment is not None and not comment.isprintable():
        text = tr("A comment line begins with printable characters, like #.")
        raise ValueError(text)


def _look_at_encoding(encoding: str | None) -> None:
    if encoding is None:
        return
    try:
        # A codec like rot13 or zlib is none for text.
        known = "a".encode(codecs.lookup(encoding).name).decode(encoding) == "a"
    except (LookupError, ValueError, TypeError):
        known = False
    if not known:
        text = tr('There is no encoding "{name}"; utf-8, utf-16, cp949 and latin-1 are usual.')
        raise ValueError(text.format(name=shown(encoding)))


def _look_at_choice(what: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        text = tr('"{value}" is no choice for {what}; choose one of {choices}.')
        listed = "  ".join(choices)
        raise ValueError(text.format(value=shown(value), what=what, choices=listed))


def _look_at_sizes(picture_size: tuple[int, int] | None, limit_bytes: int) -> None:
    if picture_size is not None and not all(1 <= side <= _SIDE_LIMIT for side in picture_size):
        text = tr("Pictures of {height} x {width} pixels cannot be; each side has 1 to {limit}.")
        height, width = picture_size
        raise ValueError(text.format(height=height, width=width, limit=_SIDE_LIMIT))
    if limit_bytes < 1:
        raise ValueError(tr("The memory limit must be 1 byte or more."))


def _look_at_order(class_order: tuple[str, ...]) -> None:
    if len(set(class_order)) < len(class_order):
        twice = next(name for k, name in enumerate(class_order) if name in class_order[:k])
        text = tr('The order of classes has "{name}" twice.')
        raise ValueError(text.format(name=shown(twice)))
