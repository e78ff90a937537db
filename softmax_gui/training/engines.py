"""Which engine a run gets: the compiled loop, numpy or torch; and what to say of it."""

from __future__ import annotations

from softmax_gui.data.dataset import Split
from softmax_gui.i18n import N_, tr
from softmax_gui.training import compiled
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import DEVICE_ERRORS, Device, backend, choose, fallback
from softmax_gui.training.engine import Engine


def make_engine(split: Split, config: TrainConfig) -> tuple[Device, Engine, str]:
    """The engine for a run, on the device the config asks for or else on numpy.

    Returns:
        The device, the engine, and what the user must hear of the device: "" when all is well.
    """
    try:
        device, engine = _wanted(split, config)
    except DEVICE_ERRORS as error:
        if config.device == "numpy":
            raise
        trouble = error
    else:
        return device, engine, ""
    return numpy_engine(split, config, fallback(trouble))  # outside: a traceback holds tensors


def numpy_engine(split: Split, config: TrainConfig, device: Device) -> tuple[Device, Engine, str]:
    """The engine that always works, and the sentence why it is used."""
    text = tr("{reason} – training goes on with {device}.")
    notice = text.format(reason=tr(device.reason), device=tr(device.label))
    return device, Engine(split, backend(device, config.dtype)), notice


def can_be_faster(device: Device, split: Split, config: TrainConfig) -> bool:
    """Whether a run that has not begun would now get the compiled loop instead."""
    automatic = config.device == "auto" and device.kind == "numpy"
    return automatic and compiled.ready() and compiled.fits(split)


def _wanted(split: Split, config: TrainConfig) -> tuple[Device, Engine]:
    if config.device == "compiled":
        return _compiled_device(N_("chosen")), compiled.CompiledEngine(split, config)
    if config.device == "auto" and compiled.ready() and compiled.fits(split):
        reason = N_("fastest for models this small")
        return _compiled_device(reason), compiled.CompiledEngine(split, config)
    step_flop = 4.0 * config.batch_size * split.dataset.d * split.dataset.q
    device = choose(config.device, step_flop)
    return device, Engine(split, backend(device, config.dtype))


def _compiled_device(reason: str) -> Device:
    return Device("compiled", N_("CPU (compiled)"), reason)
