"""The data sets that ship with the app, and the one name for these and for files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from softmax_gui.data.class_order import in_order
from softmax_gui.data.options import ReadOptions, Watch, unwatched
from softmax_gui.data.readers import read_dataset, read_rows
from softmax_gui.data.synthetic import World
from softmax_gui.files import FileProblem, shown
from softmax_gui.i18n import tr
from softmax_gui.resources import resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from softmax_gui.data.dataset import Dataset, Floats

SAMPLES = ("2x2", "digits", "iris")
_USUAL = ReadOptions()
_FILES = {"digits": "digits.npz", "iris": "iris.csv"}


def load(
    name_or_path: str,
    seed: int = 0,
    world: World | None = None,
    options: ReadOptions = _USUAL,
) -> Dataset:
    """A sample by its name, or else the file at a path.

    Args:
        name_or_path: one of SAMPLES, or a path; a sample's name comes first.
        seed: for the 2x2 world, which is drawn afresh.
        world: for the 2x2 world; None takes it as it starts.
        options: what the user says of a file.

    Raises:
        FileProblem: neither a sample nor a file that can be read.
    """
    if name_or_path == "2x2":
        return in_order((world or World()).dataset(seed), options.class_order)
    if name_or_path in _FILES:
        data = read_dataset(resource("samples", _FILES[name_or_path]), options)
        return replace(data, name=name_or_path, notes=())  # they are well known
    return read_dataset(_path(name_or_path), options)


def load_rows(
    name_or_path: str,
    feature_names: Sequence[str],
    options: ReadOptions = _USUAL,
    watch: Watch = unwatched,
) -> tuple[Floats, list[str] | None]:
    """Rows for a model, of a sample or a file that need not have labels.

    Returns:
        X (n, d) in the file's units, and the names of the n labels or None; see read_rows.

    Raises:
        FileProblem: neither a sample nor a file that can be read.
    """
    if name_or_path in SAMPLES:
        dataset = load(name_or_path)
        return dataset.X, [dataset.class_names[label] for label in dataset.labels.tolist()]
    return read_rows(_path(name_or_path), feature_names, options, watch)


def _path(name_or_path: str) -> Path:
    path = Path(name_or_path)
    if not path.suffix and not path.exists():
        text = tr('There is no sample "{name}" and no file of that name. Choose {samples}.')
        samples = ", ".join(SAMPLES)
        raise FileProblem(text.format(name=shown(name_or_path), samples=samples))
    return path
