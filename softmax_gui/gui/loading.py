"""From a request to a session that can train: read, cut, scale, begin or go on."""

from __future__ import annotations

from dataclasses import replace

from softmax_gui.data.dataset import Dataset
from softmax_gui.data.readers import read_dataset
from softmax_gui.data.samples import load
from softmax_gui.gui.run_config import LoadRequest, as_run, fitted
from softmax_gui.training.session import TrainingSession


def session_for(request: LoadRequest) -> tuple[LoadRequest, TrainingSession]:
    """The session that a request asks for, and the request with a layer that fits its data.

    Raises:
        OSError, ValueError, MemoryError: the data can't be read, cut or trained on.
    """
    dataset = _dataset(request)
    parts = request.cut.of(dataset, request.config.seed)
    request = replace(request, config=fitted(request.config, dataset))
    if request.start is None:
        return request, TrainingSession(parts, as_run(request.config, parts))
    start = request.start
    return request, TrainingSession.resume(parts, start.checkpoint, history=start.history)


def _dataset(request: LoadRequest) -> Dataset:
    """Those that were read already; else a file read as it was before, or a sample."""
    if request.dataset is not None:
        return request.dataset
    if request.options is not None:
        return read_dataset(request.source, request.options)
    return load(request.source, seed=request.config.seed, world=request.world)
