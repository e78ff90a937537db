"""From a request to a session that can train: read, cut, scale, begin or go on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from softmax_gui.data.dataset import Split
from softmax_gui.data.readers import open_data
from softmax_gui.data.samples import SAMPLES, load
from softmax_gui.data.stored import Examples, StoredData
from softmax_gui.data.stored_split import StoredSplit, stored_split
from softmax_gui.export.project import look_at_fit
from softmax_gui.gui.run_config import LoadRequest, Stamp, as_run, fitted
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.rates import with_stable_rate
from softmax_gui.training.session import TrainingSession


def session_for(request: LoadRequest) -> tuple[LoadRequest, TrainingSession]:
    """The session that a request asks for, and the request with a layer that fits its data.

    Raises:
        OSError, ValueError, MemoryError: the data can't be read, cut or trained on.
    """
    examples = _examples(request)
    request = replace(request, stamp=_stamp_for(request))
    parts = _parts(examples, request)
    request = replace(request, config=fitted(request.config, examples))
    if request.rate_open:
        request = replace(request, config=_rated(request, parts))
    if request.start is None:
        return request, TrainingSession(parts, as_run(request.config, parts))
    start = request.start
    look_at_fit(start.checkpoint, examples.d, examples.q)
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


def _rated(request: LoadRequest, parts: Split | StoredSplit) -> TrainConfig:
    """The settings with a rate that suits the data; on the samples the usual one is known to."""
    if request.source in SAMPLES:
        return replace(request.config, learning_rate=TrainConfig.learning_rate)
    return with_stable_rate(parts, request.config)


def stamp_of(path: Path) -> Stamp | None:
    """The stamp of a file or folder; None where it is not there."""
    try:
        there = path.stat()
    except (OSError, ValueError):
        return None
    return there.st_size, there.st_mtime_ns


def _stamp_for(request: LoadRequest) -> Stamp | None:
    """That of the file when it was read, which may have been for an earlier request."""
    if request.source in ("", *SAMPLES) or (
        request.dataset is not None and request.stamp is not None
    ):
        return request.stamp
    return stamp_of(Path(request.source))


def _parts(examples: Examples, request: LoadRequest) -> Split | StoredSplit:
    cut, seed = request.cut, request.config.seed
    if isinstance(examples, StoredData):
        return stored_split(
            examples, seed, cut.validation_share, cut.scaling, test_share=cut.test_share
        )
    return cut.of(examples, seed)
