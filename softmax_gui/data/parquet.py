"""Parquet, read in record batches by pyarrow, which is an extra and imported on demand."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softmax_gui.data.arrays_file import RowArrays, dataset_of
from softmax_gui.data.dataset import Dataset
from softmax_gui.data.guesses import image_shape_of
from softmax_gui.data.options import ReadOptions, Watch, unwatched
from softmax_gui.data.preview import ROWS_SHOWN, Preview
from softmax_gui.data.problems import AboveLimit, wanted_bytes
from softmax_gui.data.table_dialect import LABEL_NAMES
from softmax_gui.files import FileProblem, regular_file, shown, size_text
from softmax_gui.i18n import tr

_BATCH = 4096  # rows
_PARTS = {"train": 0, "training": 0, "validation": 1, "val": 1, "valid": 1, "test": 2}


@dataclass(frozen=True)
class _Roles:
    """Which columns are what; a label or else targets."""

    features: tuple[str, ...]
    label: str | None
    targets: tuple[str, ...]
    group: str | None
    split: str | None

    @property
    def texts(self) -> list[str]:
        """The columns that are read as they are."""
        return [name for name in (self.label, self.group, self.split) if name is not None]


def read_parquet(
    path: str | os.PathLike[str], options: ReadOptions, watch: Watch = unwatched
) -> Dataset:
    """The rows of a Parquet file; a column of lists gives a feature for each place in them.

    Raises:
        FileProblem: pyarrow is missing, the file is damaged, or a column is no feature.
        Cancelled: by the watch.
    """
    file = shown(Path(path).name)
    with _opened(path) as table:
        names = list(table.schema_arrow.names)
        roles = _roles(file, names, options)
        n = int(table.metadata.num_rows)
        blocks, targets = _Rows(file, n, options), _Rows(file, n, options)
        texts: dict[str, list[Any]] = {name: [] for name in roles.texts}
        done = 0
        for batch in table.iter_batches(batch_size=_BATCH):
            watch(done / max(1, n))
            columns = dict(zip(batch.schema.names, batch.columns, strict=True))
            blocks.add([(name, columns[name]) for name in roles.features])
            if roles.targets:
                targets.add([(name, columns[name]) for name in roles.targets])
            for name, values in texts.items():
                values.extend(columns[name].to_pylist())
            done += batch.num_rows
        watch(1.0)
    return _dataset(file, roles, blocks, targets, texts, options)


def look_at_parquet(path: str | os.PathLike[str], options: ReadOptions) -> Preview:
    """The schema and the first rows.

    Raises:
        FileProblem: pyarrow is missing, or the file is damaged.
    """
    file = shown(Path(path).name)
    with _opened(path) as table:
        names = tuple(table.schema_arrow.names)
        batch = next(table.iter_batches(batch_size=_BATCH), None)
        n = int(table.metadata.num_rows)
    rows = () if batch is None else tuple(
        tuple(shown(str(value)) for value in row.values())
        for row in batch.slice(0, ROWS_SHOWN).to_pylist()
    )  # fmt: skip
    seen = Preview("parquet", n=n, exact=False, columns=names, rows=rows, guessed=options)
    try:
        roles = _roles(file, names, options)
    except FileProblem as problem:
        return replace(seen, problem=str(problem), wanted_bytes=wanted_bytes(problem))
    guessed = replace(options, label_column=roles.label, target_columns=roles.targets)
    seen = replace(seen, d=len(roles.features), q=len(roles.targets), guessed=guessed)
    if roles.label is None or batch is None:
        return seen
    found = [str(value) for value in batch.column(roles.label).to_pylist()]
    classes = tuple((name, found.count(name)) for name in sorted(set(found)))
    return replace(seen, q=len(classes), classes=classes, exact=len(found) == n)


class _Rows:
    """The numbers of some columns, put into one array that is made when its width is known."""

    def __init__(self, file: str, n: int, options: ReadOptions) -> None:
        self._file, self._n, self._limit = file, n, options.limit_bytes
        self._filled = 0
        self.names: list[str] = []
        self.X: NDArray[np.float64] | None = None

    def add(self, columns: Sequence[tuple[str, Any]]) -> None:
        """A batch of rows."""
        parts = [self._numbers(name, column) for name, column in columns]
        block = np.concatenate(parts, axis=1) if parts else np.empty((0, 0))
        X = self.X
        if X is None:
            X = self.X = self._begin(columns, parts, block.shape[1])
        if block.shape[1] != X.shape[1] or self._filled + len(block) > self._n:
            text = tr("{file}, row {row:,}: its lists are of another length than those above it.")
            raise FileProblem(text.format(file=self._file, row=self._filled + 1))
        X[self._filled : self._filled + len(block)] = block
        self._filled += len(block)

    def _begin(
        self, columns: Sequence[tuple[str, Any]], parts: Sequence[NDArray[Any]], d: int
    ) -> NDArray[np.float64]:
        if (needed := 8 * self._n * d) > self._limit:
            text = tr(
                "{file} would take {size} of memory, more than the {limit} it may. Choose a part."
            )
            size, limit = size_text(needed), size_text(self._limit)
            raise AboveLimit(text.format(file=self._file, size=size, limit=limit), needed)
        for (name, _), part in zip(columns, parts, strict=True):
            width = part.shape[1]
            self.names += [name] if width == 1 else [f"{name}{j}" for j in range(1, width + 1)]
        return np.empty((self._n, d))

    def _numbers(self, name: str, column: Any) -> NDArray[np.float64]:
        """(rows, 1), or (rows, length) of a column of lists; a missing value is NaN."""
        kind = str(column.type)
        try:
            if "list" in kind:
                return np.array(column.to_pylist(), np.float64).reshape(len(column), -1)
            if kind.startswith(("string", "large_string", "binary", "timestamp", "date", "dict")):
                raise ValueError(kind)
            values = column.to_numpy(zero_copy_only=False)
            return np.asarray(values, np.float64).reshape(-1, 1)
        except (ValueError, TypeError) as error:
            text = tr('{file}, column "{column}": {kind} is no number. Leave the column out.')
            problem = text.format(file=self._file, column=shown(name), kind=kind)
            raise FileProblem(problem) from error


def _dataset(
    file: str,
    roles: _Roles,
    blocks: _Rows,
    targets: _Rows,
    texts: dict[str, list[Any]],
    options: ReadOptions,
) -> Dataset:
    soft = None if roles.label is not None else targets.X
    if blocks.X is None or (roles.label is None and soft is None):
        raise FileProblem(tr("{file} has no rows. Choose another file.").format(file=file))
    for name, values in texts.items():
        if None in values:
            text = tr('{file}, row {row:,}: column "{column}" has no value.')
            row = values.index(None) + 1
            raise FileProblem(text.format(file=file, row=row, column=shown(name)))
    key = roles.label or tr("the targets")
    y = np.array([str(value) for value in texts[key]]) if soft is None else soft
    groups = None if roles.group is None else tuple(str(value) for value in texts[roles.group])
    parts = None if roles.split is None else _parts(file, roles.split, texts[roles.split])
    names = tuple(blocks.names)
    arrays = RowArrays(
        X=blocks.X, feature_names=names, groups=groups, parts=parts,
        image_shape=image_shape_of(names, blocks.X), class_names=roles.targets or None,
    )  # fmt: skip
    return dataset_of(file, key, y, arrays, options)


def _parts(file: str, column: str, values: Sequence[Any]) -> NDArray[np.int8]:
    words = [str(value).strip().lower() for value in values]
    strange = next((row for row, word in enumerate(words) if word not in _PARTS), None)
    if strange is not None:
        text = tr(
            '{file}, row {row:,}, column "{column}": "{word}" is not train, validation or test.'
        )
        word = shown(str(values[strange]))
        raise FileProblem(text.format(file=file, row=strange + 1, column=shown(column), word=word))
    return np.array([_PARTS[word] for word in words], np.int8)


def _roles(file: str, names: Sequence[str], options: ReadOptions) -> _Roles:
    """The chosen columns; else the label is evidently named, or the last."""
    targets = tuple(_column(file, names, name) for name in options.target_columns)
    group, split = (None if name is None else _column(file, names, name)
                    for name in (options.group_column, options.split_column))  # fmt: skip
    left = [name for name in names if name not in {*targets, group, split}]
    label = None
    if options.label_column is not None:
        label = _column(file, names, options.label_column)
    elif not targets and left:
        lowered = [name.lower() for name in left]
        usual = next((left[lowered.index(name)] for name in LABEL_NAMES if name in lowered), None)
        label = usual if usual is not None else left[-1]
    features = tuple(name for name in left if name != label)
    if not features:
        text = tr(
            "{file} has no column of features beside its labels. Choose another label column."
        )
        raise FileProblem(text.format(file=file))
    return _Roles(features, label, targets, group, split)


def _column(file: str, names: Sequence[str], wanted: str) -> str:
    if wanted in names:
        return wanted
    number = int(wanted) if wanted.lstrip("-").isdecimal() else 0
    if 1 <= abs(number) <= len(names):
        return names[number - 1 if number > 0 else number]
    text = tr('{file} has no column "{column}". It has {columns}.')
    columns = shown(", ".join(names), 120)
    raise FileProblem(text.format(file=file, column=shown(wanted), columns=columns))


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[Any]:
    """The open file of pyarrow.

    Raises:
        FileProblem: pyarrow is missing, or the file is damaged.
    """
    file = shown(Path(path).name)
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra of 170 MB
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        text = tr(
            "{file} is a Parquet file, which needs the extra pyarrow: pip install pyarrow. "
            "Or save it as CSV or NPZ."
        )
        raise FileProblem(text.format(file=file)) from error
    with regular_file(Path(path)) as descriptor, os.fdopen(descriptor, "rb", closefd=False) as raw:
        try:
            yield parquet.ParquetFile(raw)
        except (pa.ArrowException, OSError) as error:
            text = tr("{file} is damaged or cut short. Copy or download it again.")
            raise FileProblem(text.format(file=file)) from error
