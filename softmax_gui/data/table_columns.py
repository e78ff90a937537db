"""What each column of a table is for: a feature, the label, a target, a group, a part."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from softmax_gui.data.guesses import NUMBER
from softmax_gui.data.options import ReadOptions
from softmax_gui.data.table_dialect import LABEL_NAMES, Dialect
from softmax_gui.files import FileProblem, shown
from softmax_gui.i18n import tr

_PLACE = re.compile(r"[+-]?\d{1,9}", re.ASCII)
SUM_TOLERANCE = 1e-3  # as data/targets.py has it


@dataclass(frozen=True)
class Columns:
    """The columns of a table and what they are for, by their places from 0."""

    names: tuple[str, ...]  # all, made distinct
    header: tuple[str, ...]  # as they stand in the file
    features: tuple[int, ...]
    label: int | None = None
    targets: tuple[int, ...] = ()
    group: int | None = None
    part: int | None = None
    guessed: bool = False  # that the targets are targets

    @property
    def numbers(self) -> tuple[int, ...]:
        """Those read as numbers: features, then targets."""
        return (*self.features, *self.targets)

    @property
    def texts(self) -> tuple[int, ...]:
        """Those read as texts: label, group, part, where there are any."""
        return tuple(at for at in (self.label, self.group, self.part) if at is not None)


@dataclass(frozen=True)
class Top:
    """The start of a table: its dialect, the names of its columns, its first rows."""

    file: str
    row: int  # of the first line of content
    header: tuple[str, ...]
    dialect: Dialect
    lines: tuple[str, ...]  # of content, below the header
    comments: int = 0  # above it


def columns_to_learn(top: Top, options: ReadOptions, *, targets: bool = True) -> Columns:
    """The columns of a table to learn from.

    Args:
        top: the start of the table.
        options: what the user says of it.
        targets: whether target columns may be guessed.

    Raises:
        FileProblem: a column that is not there, or fewer than two.
    """
    if len(top.header) < 2:
        text = tr(
            '{file}, row {row}: only one column, "{name}", was found. '
            "Separate features and label by a comma, a semicolon or a tab."
        )
        name = shown(top.header[0] if top.header else "")
        raise FileProblem(text.format(file=top.file, row=top.row, name=name))
    group, part = _place(top, options.group_column), _place(top, options.split_column)
    left = [at for at in range(len(top.header)) if at not in (group, part)]
    label: int | None = None
    soft: tuple[int, ...] = ()
    guessed = False
    if options.target_columns:
        soft = tuple(found(top, name) for name in options.target_columns)
    elif options.label_column is not None:
        label = found(top, options.label_column)
    else:
        label = evident_label(top, left)
        if label is None and targets and len(left) > 2:
            soft = _guessed_targets(top, left)
            guessed = bool(soft)
        if label is None and not soft and left:
            label = _text_first(top, left)
    features = tuple(at for at in left if at != label and at not in soft)
    _look_at_use(top, features, soft, options)
    names = tuple(distinct(top.header))
    return Columns(names, top.header, features, label, soft, group, part, guessed)


def columns_for(top: Top, wanted: Sequence[str], options: ReadOptions) -> Columns:
    """The columns for a model whose features have the wanted names, in this order, or by position.

    Raises:
        FileProblem: a column that the user names is not there.
    """
    names = tuple(distinct(top.header))
    places = {name: at for at, name in enumerate(names)}
    taken = [_place(top, name) for name in (options.group_column, options.split_column)]
    left = [at for at in places.values() if at not in taken]
    evident = evident_label(top, left)
    if options.label_column is not None:
        evident = found(top, options.label_column)
    soft = tuple(found(top, name) for name in options.target_columns)
    if not soft and evident is None:
        soft = _guessed_targets(top, left)
    if places.keys() >= set(wanted):
        features = [places[name] for name in wanted]
    else:  # other names: the position counts, as in a row of pixels
        features = [at for at in left if at != evident]
        if soft and len(features) != len(wanted):
            features = [at for at in features if at not in soft]
        if evident is None and len(features) == len(wanted) + 1:
            features.pop()
    over = set(left).difference(features)
    if soft and over >= set(soft):
        return Columns(names, top.header, tuple(features), None, soft, guessed=True)
    label = next((at for at in (evident, left[-1] if left else None) if at in over), None)
    return Columns(names, top.header, tuple(features), label)


def evident_label(top: Top, among: Sequence[int]) -> int | None:
    """The column with a name that says that it has the label."""
    lowered = [top.header[at].lower() for at in among]
    return next((among[lowered.index(name)] for name in LABEL_NAMES if name in lowered), None)


def found(top: Top, wanted: str) -> int:
    """The place of a column by its name, or its number from 1; "-1" is the last.

    Raises:
        FileProblem: there is none.
    """
    for names in (list(top.header), distinct(top.header)):
        if wanted in names:
            return names.index(wanted)
    width = len(top.header)
    if _PLACE.fullmatch(wanted):
        place = int(wanted)
        place = place - 1 if place > 0 else place + width
        if int(wanted) and 0 <= place < width:
            return place
    text = tr('{file}, row {row}: no column is named "{name}". Choose one that is.')
    raise FileProblem(text.format(file=top.file, row=top.row, name=shown(wanted)))


def distinct(header: Sequence[str]) -> list[str]:
    """Names for columns without one, and numbers behind a name that comes again."""
    names: dict[str, int] = {}  # and how often each has come
    for number, name in enumerate(header, start=1):
        different = first = name or f"column {number}"
        while different in names:
            names[first] = names.get(first, 1) + 1
            different = f"{first} ({names[first]})"
        names[different] = 1
    return list(names)


def _place(top: Top, wanted: str | None) -> int | None:
    return None if wanted is None else found(top, wanted)


def _look_at_use(
    top: Top, features: tuple[int, ...], soft: tuple[int, ...], options: ReadOptions
) -> None:
    if not features:
        text = tr("{file}: no column is left for the features. Add columns with numbers.")
        raise FileProblem(text.format(file=top.file))
    if len(set(soft)) < len(soft) or len(soft) == 1:
        text = tr(
            "{file}: {count} target columns were named; two different ones or more are needed."
        )
        raise FileProblem(text.format(file=top.file, count=len(set(soft))))
    group, part = options.group_column, options.split_column
    label = options.label_column
    used = [found(top, name) for name in (label, group, part) if name is not None]
    if len({*used, *soft}) < len(used) + len(soft):
        text = tr("{file}: one column was chosen for two purposes. Choose a column for each.")
        raise FileProblem(text.format(file=top.file))


def _guessed_targets(top: Top, left: Sequence[int]) -> tuple[int, ...]:
    """The fewest last columns, two or more, whose numbers sum to 1 in each row seen."""
    rows = [row for line in top.lines if (row := _numbers_from_end(top, line, left))]
    width = min(map(len, rows), default=0)
    if width < 2 or len(rows) < 2:
        return ()
    numbers = np.array([row[:width] for row in rows])  # the last column first
    inside = ((numbers >= 0.0) & (numbers <= 1.0)).all(axis=0)
    usable = width if inside.all() else int(inside.argmin())
    off = np.abs(np.cumsum(numbers[:, :usable], axis=1) - 1.0).max(axis=0, initial=0.0)
    fits = [q for q in range(2, usable + 1) if off[q - 1] <= SUM_TOLERANCE and q < len(left)]
    if not fits or (fits[0] == 2 and len(rows) < 4):  # two columns may do so by chance
        return ()
    return tuple(left[-fits[0] :])


def _numbers_from_end(top: Top, line: str, left: Sequence[int]) -> list[float]:
    cells = top.dialect.cells(line) if '"' not in line else []
    numbers: list[float] = []
    for at in reversed(left):
        cell = cells[at].strip() if at < len(cells) else ""
        cell = cell.replace(",", ".") if top.dialect.decimal == "," else cell
        if not NUMBER.fullmatch(cell):
            break
        number = float(cell)
        if not 0.0 <= number <= 1.0:
            break
        numbers.append(number)
    return numbers or ([0.0] if not cells else [2.0])


def _text_first(top: Top, left: Sequence[int]) -> int:
    """The last column; the first where no header names it and it alone has texts."""
    if not top.dialect.header and top.lines and '"' not in top.lines[0]:
        cells = [cell.strip() for cell in top.dialect.cells(top.lines[0])]
        last = cells[left[-1]] if left[-1] < len(cells) else ""
        first = cells[left[0]] if left[0] < len(cells) else ""
        text = first and not NUMBER.fullmatch(first.replace(",", "."))
        if text and NUMBER.fullmatch(last.replace(",", ".")):
            return left[0]
    return left[-1]
