"""The run in a project: a checkpoint, which is a weights file too, and what was measured."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from softmax_gui.data.dataset import read_only
from softmax_gui.export.checkpoints import checkpoint_bytes, checkpoint_in
from softmax_gui.export.fields import model_of
from softmax_gui.export.model import ModelProblem, TrainedModel
from softmax_gui.export.project_data import npy, npy_numbers
from softmax_gui.export.tensors import safetensors_contents
from softmax_gui.i18n import tr
from softmax_gui.training.checkpoint import Checkpoint
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.course import RunCheckpoint
from softmax_gui.training.devices import Device
from softmax_gui.training.engine import ParameterState
from softmax_gui.training.history import COLUMNS
from softmax_gui.training.watch import DivergenceWatch

RUN, HISTORY = "run.safetensors", "history.npy"
_MOST_THREADS = 4096  # the compiled loop takes memory for each
_MOST_COUNTED = 1 << 62  # steps and rows, in 64 bits


def run_members(
    checkpoint: Checkpoint | None, model: TrainedModel | None, history: np.ndarray
) -> dict[str, bytes]:
    """The files of a run.

    Args:
        checkpoint: its state; None for no run, whose history is not kept either.
        model: what the weights mean, so that other programs can use the file; None leaves it out.
        history: (m, len(COLUMNS)).
    """
    if checkpoint is None:
        return {}
    rows = np.ascontiguousarray(history, np.float64)
    return {RUN: checkpoint_bytes(RunCheckpoint(checkpoint), model), HISTORY: npy(rows)}


def run_from(
    members: dict[str, bytes],
) -> tuple[Checkpoint | None, TrainedModel | None, np.ndarray]:
    """The checkpoint, the model and the history (m, len(COLUMNS)) of which run_members was made.

    Raises:
        FileProblem, ValueError: damaged, or not of one run.
    """
    if RUN not in members:
        return None, None, no_history()
    checkpoint = checkpoint_in(members[RUN], RUN).session
    _look_at_types(checkpoint)
    _look_at_shapes(checkpoint.parameters)
    arrays, description = safetensors_contents(members[RUN])
    try:
        model = model_of(arrays, description) if description else None
    except ModelProblem:  # the run goes on without what other programs would read
        model = None
    return checkpoint, model, _history(members)


def no_history() -> np.ndarray:
    """Of a run in which nothing was measured: (0, len(COLUMNS))."""
    return read_only(np.zeros((0, len(COLUMNS))))


def look_at_fit(checkpoint: Checkpoint, d: int, q: int) -> None:
    """Refuses a run of other data: the compiled loop takes sizes as they are said.

    Raises:
        ValueError: its weights are not for d features and q classes.
    """
    W = checkpoint.parameters.W
    if W.shape != (d, q):
        text = tr(
            "The run that was kept is for {theirs} features and {classes} classes, the data have"
            " {d} and {q}. Choose the data it was trained on."
        )
        raise ValueError(text.format(theirs=W.shape[0], classes=W.shape[1], d=d, q=q))


def _history(members: dict[str, bytes]) -> np.ndarray:
    if HISTORY not in members:
        return no_history()
    rows = npy_numbers(HISTORY, members[HISTORY])
    if rows.ndim != 2 or rows.shape[1] != len(COLUMNS):
        text = tr("its history has shape {shape}").format(shape=rows.shape)
        raise ValueError(text)
    steps = rows[:, 0]
    if not np.isfinite(rows[:, :3]).all() or (np.diff(steps) <= 0).any():
        raise ValueError(tr("the steps of its history do not rise"))
    return read_only(rows)


def _look_at_types(at: Checkpoint) -> None:
    """A file may say anything: what decides how memory is used must be what it seems."""
    parameters, watch, device = at.parameters, at.watch, at.device
    good = (
        isinstance(parameters, ParameterState)
        and isinstance(at.config, TrainConfig)
        and _numbers(at.config.learning_rate, at.config.momentum, at.config.weight_decay)
        and isinstance(at.config.batch_size, int)
        and isinstance(at.config.seed, int)
        and _counts(at.step, at.examples, parameters.steps, at.config.threads)
        and at.config.threads <= _MOST_THREADS
        and _numbers(at.seconds)
        and (device is None or _is_device(device))
        and (watch is None or _is_watch(watch))
    )
    if not good:
        raise ValueError(tr("its run holds values of another kind than expected"))


def _is_device(device: Any) -> bool:
    texts = isinstance(device, Device) and all(
        isinstance(text, str) for text in (device.kind, device.label, device.reason)
    )
    return texts and _counts(device.threads) and device.threads <= _MOST_THREADS


def _is_watch(watch: Any) -> bool:
    return (
        isinstance(watch, DivergenceWatch)
        and _counts(watch.q)
        and isinstance(watch.best, float)
        and isinstance(watch.open, tuple)
        and all(isinstance(loss, float) for loss in watch.open)
    )


def _look_at_shapes(parameters: ParameterState) -> None:
    W, b = parameters.W, parameters.b
    arrays = isinstance(parameters.slots, dict) and all(
        isinstance(array, np.ndarray) and array.dtype.kind in "fiu"
        for array in (W, b, *parameters.slots.values())
    )
    if not arrays or W.ndim != 2 or b.shape != W.shape[1:]:
        raise ValueError(tr("the weights of its run do not fit together"))
    for name, slot in parameters.slots.items():
        wanted = {"W": W.shape, "b": b.shape}.get(name[-1:])
        if wanted is not None and slot.shape != wanted:
            raise ValueError(tr("the weights of its run do not fit together"))


def _counts(*values: Any) -> bool:
    return all(type(value) is int and 0 <= value <= _MOST_COUNTED for value in values)


def _numbers(*values: Any) -> bool:
    return all(type(value) in (int, float) and math.isfinite(value) for value in values)
