"""Which engine a run gets: the compiled loop, numpy or torch; and what to say of it."""

from __future__ import annotations

import math
from dataclasses import replace

from softmax_gui.data.dataset import Split
from softmax_gui.data.stored_split import StoredSplit
from softmax_gui.i18n import N_, tr
from softmax_gui.training import compiled, compiling
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import (
    DEVICE_ERRORS,
    Device,
    NumpyBackend,
    TorchBackend,
    backend,
    choose,
    fallback,
)
from softmax_gui.training.distributed import RankEngine, Ranks, RankSolverEngine
from softmax_gui.training.distributed_stored import rank_engine
from softmax_gui.training.engine import Engine
from softmax_gui.training.gpu import TorchEngine
from softmax_gui.training.phm import PhmEngine
from softmax_gui.training.solving import SolverEngine
from softmax_gui.training.streaming_engines import stored_engine


def make_engine(
    split: Split | StoredSplit, config: TrainConfig, ranks: Ranks | None = None
) -> tuple[Device, Engine, str]:
    """The engine for a run, on the device the config asks for or else on numpy.

    With ranks there is no second choice: they must all do the same.

    Returns:
        The device, the engine, and what the user must hear of the device: "" when all is well.
    """
    if ranks is not None:
        return *_of_a_rank(split, config, ranks), ""
    try:
        device, engine = _wanted(split, config)
    except DEVICE_ERRORS as error:
        if config.device == "numpy":
            raise
        trouble = error
    else:
        return device, engine, engine.notice
    return numpy_engine(split, config, fallback(trouble))  # outside: a traceback holds tensors


def numpy_engine(
    split: Split | StoredSplit, config: TrainConfig, device: Device
) -> tuple[Device, Engine, str]:
    """The engine that always works, and the sentence why it is used."""
    text = tr("{reason} – training goes on with {device}.")
    notice = text.format(reason=tr(device.reason), device=tr(device.label))
    return device, _plain(split, config, device), notice


def can_be_faster(device: Device, config: TrainConfig) -> bool:
    """Whether a run that has not begun would now get the compiled loop instead."""
    automatic = config.device == "auto" and device.kind == "numpy"
    return automatic and _compiles(config) and compiling.ready(compiled_part(config))


def compiled_part(config: TrainConfig) -> str:
    """Which of compiling.PARTS a run needs."""
    return config.dtype if config.solver == "minibatch" else compiling.PASSES


def _compiles(config: TrainConfig) -> bool:
    """Whether the compiled loops can do it: a dense layer."""
    return config.phm_order == 0


def _wanted(split: Split | StoredSplit, config: TrainConfig) -> tuple[Device, Engine]:
    if config.device == "compiled" and _compiles(config):
        return _compiled(split, config, N_("chosen"))
    wanted = "numpy" if config.device == "compiled" else config.device
    n = split.train.n
    rows = min(config.batch_size, n) if config.solver == "minibatch" else n
    flop = 4.0 * rows * split.dataset.d * split.dataset.q
    device = choose(wanted, flop)
    if can_be_faster(device, config):
        return _compiled(split, config, N_("the fastest way without a GPU"))
    return device, _plain(split, config, device)


def _of_a_rank(
    split: Split | StoredSplit, config: TrainConfig, ranks: Ranks
) -> tuple[Device, Engine]:
    if config.phm_order:
        raise ValueError(tr("A PHM layer is trained by one process alone."))
    wanted = (
        "numpy" if config.device in ("auto", "compiled") and not ranks.on_gpu else config.device
    )
    device = choose(wanted, math.inf)
    place = backend(device, config.dtype)
    if isinstance(split, StoredSplit):
        return device, rank_engine(split, place, config, ranks)
    of_solver = config.solver != "minibatch"
    return device, (RankSolverEngine if of_solver else RankEngine)(split, place, config, ranks)


def _compiled(
    split: Split | StoredSplit, config: TrainConfig, reason: str
) -> tuple[Device, Engine]:
    device = Device("compiled", N_("CPU (compiled)"), reason)
    if isinstance(split, StoredSplit):
        return device, stored_engine(split, config, device)
    if config.solver != "minibatch":
        passes = compiled.solver_passes(split, config)
        engine = SolverEngine(split, NumpyBackend(config.dtype), config, passes)
        return replace(device, threads=passes.threads), engine
    loop = compiled.CompiledEngine(split, config)
    return replace(device, threads=loop.threads), loop


def _plain(split: Split | StoredSplit, config: TrainConfig, device: Device) -> Engine:
    """By the plain formulas, or by a solver, on numpy or torch."""
    if isinstance(split, StoredSplit):
        return stored_engine(split, config, device)
    place = backend(device, config.dtype)
    if config.solver != "minibatch":
        return SolverEngine(split, place, config)
    if config.phm_order:
        return PhmEngine(split, place, config)
    if isinstance(place, TorchBackend):
        return TorchEngine(split, place, config)
    return Engine(split, place, config)
