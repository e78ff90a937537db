"""CSV and TSV: every row checked, none lost in silence, each refusal with its row and column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from softmax_gui.data.class_order import in_order
from softmax_gui.data.dataset import Dataset, Floats
from softmax_gui.data.options import ReadOptions, Watch, unwatched
from softmax_gui.data.preview import Preview
from softmax_gui.data.table_cells import Cells
from softmax_gui.data.table_columns import Columns, Top, columns_for, columns_to_learn
from softmax_gui.data.table_dataset import dataset_of
from softmax_gui.data.table_preview import preview_of
from softmax_gui.data.table_problems import NotTargets
from softmax_gui.data.table_reading import read_rows_of, top_of
from softmax_gui.data.text_blocks import TextFile
from softmax_gui.files import regular_file, shown

_USUAL = ReadOptions()


def read_table(path: Path, options: ReadOptions = _USUAL, watch: Watch = unwatched) -> Dataset:
    """The rows of a CSV or TSV; the label in the named, an evidently named, or the last column.

    Args:
        path: the file.
        options: what the user says of it; the rest is guessed.
        watch: told the share done; may end the reading.

    Raises:
        FileProblem: anything but rows of as many finite numbers and one label.
        Cancelled: by the watch.
    """
    with _opened(path, options) as text:
        text.count(watch)  # first: until its end is seen the encoding is not sure
        top = top_of(text, options)
        columns = columns_to_learn(top, options)
        try:
            dataset = _dataset(text, top, columns, options, watch)
        except NotTargets:
            if not columns.guessed:
                raise
            columns = columns_to_learn(top, options, targets=False)
            dataset = _dataset(text, top, columns, options, watch)
    watch(1.0)
    return in_order(dataset, options.class_order)


def read_table_rows(
    path: Path, wanted: Sequence[str], options: ReadOptions = _USUAL, watch: Watch = unwatched
) -> tuple[Floats, list[str] | None]:
    """Rows for a model whose features have the wanted names, and their labels if there are any.

    Columns are taken by these names, in this order; if not all are there, by position. What they
    leave over may hold the label: an evidently named or the last column, or one-hot columns.

    Returns:
        X (n, d), where d is not the wanted number if no column fits; the n labels, or None.

    Raises:
        FileProblem: anything but rows of as many finite numbers.
        Cancelled: by the watch.
    """
    with _opened(path, options) as text:
        text.count(watch)
        top = top_of(text, options, wanted)
        columns = columns_for(top, wanted, options)
        cells = Cells(text.file, columns, top.dialect, options.missing, to_learn=False)
        table = read_rows_of(text, top, cells, watch)
    if table.targets is not None:
        names = [columns.names[at] for at in columns.targets]
        return table.X, [names[k] for k in table.targets.argmax(axis=1).tolist()]
    label = columns.label
    return table.X, None if label is None else list(table.texts[label].texts())


def look_at_table(path: Path, options: ReadOptions = _USUAL) -> Preview:
    """What read_table would lead to, from the first MB.

    Args:
        path: the file.
        options: what the user says of it; the rest is guessed.

    Returns:
        A Preview; `problem` has the sentence of a refusal.

    Raises:
        FileProblem: there is no such file, or it may not be read.
    """
    with _opened(path, options) as text:
        return preview_of(text, options)


@contextmanager
def _opened(path: Path, options: ReadOptions) -> Iterator[TextFile]:
    with regular_file(Path(path)) as descriptor:
        yield TextFile(shown(Path(path).name), descriptor, options)


def _dataset(
    text: TextFile, top: Top, columns: Columns, options: ReadOptions, watch: Watch
) -> Dataset:
    cells = Cells(text.file, columns, top.dialect, options.missing, comments=top.comments)
    table = read_rows_of(text, top, cells, watch)
    return dataset_of(text, top, table, watch)
