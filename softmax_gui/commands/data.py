"""The data of a command, cut in two: by the name of a sample, or by the path of a file."""

from __future__ import annotations

from dataclasses import replace

from softmax_gui.data.batches import split
from softmax_gui.data.dataset import Split
from softmax_gui.data.samples import SAMPLES, load
from softmax_gui.data.stored import is_stored, open_stored
from softmax_gui.data.stored_split import StoredSplit, stored_split
from softmax_gui.files import FileProblem


def split_of(source: str, seed: int, share: float | None) -> Split | StoredSplit:
    """The rows to train on and to validate with; those of .npy files stay on disk.

    Args:
        source: a sample, a file, or a folder of .npy files.
        seed: of the cut, and of the 2x2 world.
        share: of the rows, to validate with; None takes the data's own.

    Raises:
        FileProblem: they can't be read.
    """
    if source not in SAMPLES and is_stored(source):
        stored = open_stored(source)
        if share is not None:
            stored = replace(stored, validation_share=share)
        return stored_split(stored, seed)
    data = load(source, seed=seed)
    if share is not None:
        data = replace(data, validation_share=share)
    return split(data, seed)


def split_in_memory(source: str, seed: int, share: float | None) -> Split:
    """As split_of, of data that are read at once.

    Raises:
        FileProblem: they can't be read, or stay on disk.
    """
    parts = split_of(source, seed, share)
    if not isinstance(parts, Split):
        raise FileProblem(
            f"{source} stays on disk, and this command needs all rows in memory. train takes it."
        )
    return parts
