"""What reading an IDX file comes to, from headers alone: which files, how many rows, what fits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from softmax_gui.data.idx_names import Pair, pairs_with
from softmax_gui.data.idx_stream import IdxHeader, is_idx, read_idx_header
from softmax_gui.data.options import ReadOptions
from softmax_gui.data.picture_rows import look_at_memory
from softmax_gui.files import FileProblem, read_head, shown
from softmax_gui.i18n import N_, tr

_PART_NAMES = (N_("training"), N_("validation"), N_("test"))


@dataclass(frozen=True)
class IdxPart:
    """A pair of files whose headers were seen to fit together."""

    images: IdxHeader
    labels: IdxHeader | None  # None where the labels lie in a file of another kind
    part: int  # 0 to train on, 1 to validate with, 2 to test with

    @property
    def n(self) -> int:
        """Rows."""
        return self.images.shape[0]


@dataclass(frozen=True)
class IdxPlan:
    """What reading a file comes to, known from the headers alone."""

    parts: tuple[IdxPart, ...]  # in the order of their rows
    notes: tuple[str, ...]

    @property
    def n(self) -> int:
        """Rows of all parts."""
        return sum(part.n for part in self.parts)

    @property
    def d(self) -> int:
        """Features."""
        return self.parts[0].images.d

    @property
    def image_shape(self) -> tuple[int, int] | None:
        """Height and width where the rows are pictures of gray."""
        sides = self.parts[0].images.shape[1:]
        sides = sides[:2] if len(sides) == 3 and sides[2] == 1 else sides
        return (sides[0], sides[1]) if len(sides) == 2 else None


def plan_of(path: Path, options: ReadOptions) -> IdxPlan:
    """Finds the files that belong together and looks at their headers, and no further.

    Raises:
        FileProblem: what is wrong with the given file or its pair; another pair is left aside.
    """
    given = read_idx_header(path)
    if options.labels is not None:
        return _plan([_checked_with(path, Path(options.labels))], [])
    pairs = pairs_with(path, holds_labels=len(given.shape) == 1)
    if not pairs:
        text = tr("{file} holds labels, but there are no pictures with a name like it beside it.")
        raise FileProblem(text.format(file=given.file))
    parts, notes = [_checked(pairs[0])], []
    look_at_memory(given.file, parts[0].n, parts[0].images.d, options.limit_bytes)
    for pair in pairs[1:]:
        try:
            other = _checked(pair)
            _look_at_sides(parts[0].images, other.images)
            n = sum(part.n for part in (*parts, other))
            look_at_memory(other.images.file, n, other.images.d, options.limit_bytes)
        except FileProblem as problem:
            text = tr("{file} beside it is left aside: {problem}")
            notes.append(text.format(file=shown(pair.images.name), problem=problem))
        else:
            parts.append(other)
    return _plan(parts, notes)


def fitting_labels(images: IdxHeader, labels: IdxHeader) -> IdxHeader:
    """The header of the labels, where there are as many as pictures.

    Raises:
        FileProblem: both numbers.
    """
    look_at_labels_shape(labels)
    if labels.count != images.shape[0]:
        text = tr(
            "{images} has {n:,} pictures, but {labels} has {count:,} labels. Choose files that "
            "belong together."
        )
        values = {"images": images.file, "labels": labels.file}
        raise FileProblem(text.format(n=images.shape[0], count=labels.count, **values))
    return labels


def _plan(parts: list[IdxPart], notes: list[str]) -> IdxPlan:
    parts = sorted(parts, key=lambda part: part.part)
    said = []
    if len(parts) > 1:
        text = tr("{file}: {n:,} rows, the {part} part.")
        for part in parts:
            name = _PART_NAMES[part.part]
            said.append(text.format(file=part.images.file, n=part.n, part=tr(name)))
    elif parts[0].labels is not None:
        text = tr("{images} with the labels in {labels}.")
        said = [text.format(images=parts[0].images.file, labels=parts[0].labels.file)]
    sides = parts[0].images.shape[1:]
    if len(sides) == 3 and sides[2] == 3:
        text = tr(
            "Colour pictures of {height} x {width} pixels: height x width x 3, row by row, red "
            "green blue of each pixel."
        )
        said.append(text.format(height=sides[0], width=sides[1]))
    return IdxPlan(tuple(parts), (*said, *notes))


def _checked_with(path: Path, labels: Path) -> IdxPart:
    """A file and the labels that were named for it, of whatever kind."""
    images = read_idx_header(path)
    _look_at_rank(images)
    if not is_idx(read_head(labels)):
        return IdxPart(images, None, 0)
    return IdxPart(images, fitting_labels(images, read_idx_header(labels)), 0)


def _checked(pair: Pair) -> IdxPart:
    images = read_idx_header(pair.images)
    _look_at_rank(images)
    if pair.labels is None:
        text = tr(
            "{file}: no labels with a name like it lie beside it. Name the file with the labels."
        )
        raise FileProblem(text.format(file=images.file))
    return IdxPart(images, fitting_labels(images, read_idx_header(pair.labels)), pair.part)


def _look_at_rank(images: IdxHeader) -> None:
    sides = images.shape[1:]
    if not (1 <= len(sides) <= 2 or (len(sides) == 3 and sides[2] in (1, 3))):
        text = tr(
            "{file} has the shape {shape}; rows of numbers, or pictures of height x width, are "
            "needed."
        )
        raise FileProblem(text.format(file=images.file, shape=" x ".join(map(str, images.shape))))


def look_at_labels_shape(labels: IdxHeader) -> None:
    """Refuses labels that are not one a row.

    Raises:
        FileProblem: the shape they have.
    """
    if labels.d != 1:
        text = tr("{file} has the shape {shape}; one label a row is needed.")
        shape = " x ".join(map(str, labels.shape))
        raise FileProblem(text.format(file=labels.file, shape=shape))


def _look_at_sides(images: IdxHeader, others: IdxHeader) -> None:
    if images.shape[1:] != others.shape[1:]:
        text = tr("Its pictures are {sides}, those of {file} {others}.")
        sides, wanted = (" x ".join(map(str, h.shape[1:])) for h in (others, images))
        raise FileProblem(text.format(sides=sides, file=images.file, others=wanted))
