"""The data of a command, cut in parts: by the name of a sample, or by the path of a file."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from softmax_gui.data.batches import split
from softmax_gui.data.dataset import Split
from softmax_gui.data.npy_file import npy_header
from softmax_gui.data.options import ReadOptions
from softmax_gui.data.samples import SAMPLES, load
from softmax_gui.data.stored import is_stored, open_stored
from softmax_gui.data.stored_split import StoredSplit, stored_split
from softmax_gui.files import FileProblem

_UNLIMITED = 1 << 62  # bytes


@dataclass(frozen=True)
class Source:
    """Which data, and how they are read, cut and scaled.

    Attributes:
        name: a sample, a file, or a folder.
        seed: of the cut, and of the 2x2 world.
        share: of the rows, to validate with; None takes the data's own.
        test_share: of the rows, kept aside.
        scaling: one of data.scaling.SCALINGS.
        options: how a file is read.
    """

    name: str
    seed: int = 0
    share: float | None = None
    test_share: float = 0.0
    scaling: str = "auto"
    options: ReadOptions = field(default_factory=ReadOptions)

    def record(self) -> dict[str, Any]:
        """What config.json and a recipe say beside the name, the seed and the share."""
        said = options_record(self.options)
        if said.get("labels"):
            said["labels"] = str(Path(said["labels"]).absolute())
        return {"test_share": self.test_share, "scaling": self.scaling, "read": said}


def reading(options: argparse.Namespace) -> ReadOptions:
    """What the command line says of the data."""
    known = {one.name for one in fields(ReadOptions)}
    given = {
        name: value for name, value in vars(options).items() if name in known and value is not None
    }
    if options.no_header:
        given["header"] = False
    try:
        return ReadOptions(**given)
    except ValueError as error:
        options.refuse(str(error))
        raise


def options_record(options: ReadOptions) -> dict[str, Any]:
    """The fields that are not as they start, in JSON's types."""
    usual = ReadOptions()
    said = {one.name: getattr(options, one.name) for one in fields(options)}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in said.items()
        if value != getattr(usual, name)
    }


def options_from(record: Any) -> ReadOptions:
    """The options that such a record stands for.

    Raises:
        FileProblem: it is none.
    """
    try:
        lists: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in dict(record).items()
        }
        return ReadOptions(**lists)
    except (TypeError, ValueError) as error:
        raise FileProblem(f"How the data are read can't be understood: {error}.") from error


def split_of(source: Source) -> Split | StoredSplit:
    """The rows to train on, to validate and to test with; those of .npy files stay on disk.

    Raises:
        FileProblem: they can't be read.
        ValueError: they can't be cut or scaled so.
    """
    if source.name not in SAMPLES and _stays_on_disk(source.name):
        return _stored(source)
    data = load(source.name, seed=source.seed, options=source.options)
    if source.share is not None:
        data = replace(data, validation_share=source.share)
    return split(data, source.seed, scaling=source.scaling, test_share=source.test_share)


def split_in_memory(source: Source) -> Split:
    """As split_of, of data that are read at once.

    Raises:
        FileProblem: they can't be read, or are too large.
    """
    data = load(source.name, seed=source.seed, options=source.options)
    if source.share is not None:
        data = replace(data, validation_share=source.share)
    return split(data, source.seed, scaling=source.scaling, test_share=source.test_share)


def _stored(source: Source) -> StoredSplit:
    order = source.options.class_order or None
    stored = open_stored(source.name, source.options.labels, order)
    if source.share is not None:
        stored = replace(stored, validation_share=source.share)
    return stored_split(stored, source.seed, scaling=source.scaling, test_share=source.test_share)


def _stays_on_disk(name: str) -> bool:
    """Rows in .npy files, row by row; a matrix stored column by column is read into memory."""
    if not is_stored(name):
        return False
    path = Path(name)
    return path.is_dir() or not npy_header(path, _UNLIMITED).fortran_order
