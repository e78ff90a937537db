"""The data of a command, cut in two: by the name of a sample, or by the path of a file."""

from __future__ import annotations

from dataclasses import replace

from softmax_gui.data.batches import split
from softmax_gui.data.dataset import Split
from softmax_gui.data.samples import load


def split_of(source: str, seed: int, share: float | None) -> Split:
    """The rows to train on and to validate with.

    Args:
        source: a sample or a file.
        seed: of the cut, and of the 2x2 world.
        share: of the rows, to validate with; None takes the data's own.

    Raises:
        FileProblem: they can't be read.
    """
    data = load(source, seed=seed)
    if share is not None:
        data = replace(data, validation_share=share)
    return split(data, seed)
