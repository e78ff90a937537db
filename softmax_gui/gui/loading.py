"""From a request to a session that can train: read, cut, scale, begin or go on."""

from __future__ import annotations

from dataclasses import replace

from softmax_gui.data.dataset import Split
from softmax_gui.data.readers import open_data
from softmax_gui.data.samples import load
from softmax_gui.data.stored import Examples, StoredData
from softmax_gui.data.stored_split import StoredSplit, stored_split
from softmax_gui.gui.run_config import LoadRequest, as_run, fitted
from softmax_gui.training.session import TrainingSession


def session_for(request: LoadRequest) -> tuple[LoadRequest, TrainingSession]:
    """The session that a request asks for, and the request with a layer that fits its data.

    Raises:
        OSError, ValueError, MemoryError: the data can't be read, cut or trained on.
    """
    examples = _examples(request)
    parts = _parts(examples, request)
    request = replace(request, config=fitted(request.config, examples))
    if request.start is None:
        return request, TrainingSession(parts, as_run(request.config, parts))
    start = request.start
    return request, TrainingSession.resume(parts, start.checkpoint, history=start.history)


def shown_split(split: Split | StoredSplit) -> Split:
    """What the window sees of a run's data: of rows on disk the samples in memory."""
    return split.in_memory() if isinstance(split, StoredSplit) else split


def _examples(request: LoadRequest) -> Examples:
    """Those that were read already; else a file read as it was before, or a sample."""
    if request.dataset is not None:
        return request.dataset
    if request.options is not None:
        return open_data(request.source, request.options)
    return load(request.source, seed=request.config.seed, world=request.world)


def _parts(examples: Examples, request: LoadRequest) -> Split | StoredSplit:
    cut, seed = request.cut, request.config.seed
    if isinstance(examples, StoredData):
        return stored_split(
            examples, seed, cut.validation_share, cut.scaling, test_share=cut.test_share
        )
    return cut.of(examples, seed)
