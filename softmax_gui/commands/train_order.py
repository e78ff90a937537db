"""What `train` is to do: a new run, one that goes on, or one done again by its recipe."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from softmax_gui.commands.data import Source, options_from, options_record, reading
from softmax_gui.commands.recipe import Recipe, look_at_recipe_data, moved, read_recipe
from softmax_gui.console import say
from softmax_gui.data.dataset import Split
from softmax_gui.data.samples import SAMPLES
from softmax_gui.data.stored_split import StoredSplit
from softmax_gui.export.checkpoints import load_checkpoint
from softmax_gui.export.run_reader import read_settings
from softmax_gui.export.runs import checkpoint_files, settings_of
from softmax_gui.files import FileProblem
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.course import Plan, RunCheckpoint
from softmax_gui.training.rates import with_stable_rate

EPOCHS, SOLVER_EPOCHS = 20, 10_000  # where none are given
CHECKPOINT_S = 60.0
MOMENTUM = 0.9  # of --optimizer momentum
_SETTINGS = [field.name for field in fields(TrainConfig)]
_OF_THE_DATA = ("n", "d", "q", "data_digest")


@dataclass(frozen=True)
class Order:
    """What is to be done.

    Attributes:
        source: which data, and how they become parts.
        config: the settings of the run.
        plan: when it ends.
        folder: where it is kept; None keeps nothing.
        settings: those in the folder of the run that goes on, if there is one.
        resume: where that run goes on.
        recipe: what is done again, if anything is.
        rate_open: whether nobody has chosen a learning rate, so that it follows the data.
    """

    source: Source
    config: TrainConfig
    plan: Plan
    folder: Path | None
    settings: dict[str, Any] | None = None
    resume: RunCheckpoint | None = None
    recipe: Recipe | None = None
    rate_open: bool = False


def order_of(options: argparse.Namespace) -> Order:
    """What the command line asks for.

    Raises:
        FileProblem: the run or the recipe it goes on from can't be read, or asks for other things.
    """
    if options.recipe is not None:
        return _replayed(options)
    if options.write_recipe is not None and (options.stop_after or options.resume):
        options.refuse("--write-recipe needs a run from its start, not ended by the clock")
    return _new(options) if options.resume is None else _resumed(options)


def with_data(order: Order, parts: Split | StoredSplit, tell: Callable[[str], None]) -> Order:
    """The order once its data are there, with a learning rate that suits them.

    Raises:
        FileProblem: they are not those of the run that goes on, or of the recipe.
    """
    if order.settings is not None:
        now = settings_of(parts, order.config, order.plan.epochs, order.source.name)
        compared = {name: now[name] for name in _OF_THE_DATA if name in order.settings}
        _look_at_changes(order.settings, compared)
    if order.recipe is not None:
        look_at_recipe_data(order.recipe, parts)
    if not order.rate_open:
        return order
    config = with_stable_rate(parts, order.config)
    if config != order.config:
        tell(f"The learning rate is {config.learning_rate:g}, surely stable on these data;"
             " --learning-rate sets another.")  # fmt: skip
    return replace(order, config=config)


def _replayed(options: argparse.Namespace) -> Order:
    """The order of a recipe; only where things lie may be said anew."""
    asked = {**_given(options), **options_record(replace(reading(options), labels=None))}
    for name in ("epochs", "validation_share", "test_share", "scaling", "stop_after",
                 "early_stopping", "resume"):  # fmt: skip
        if (value := getattr(options, name)) is not None:
            asked[name] = value
    if asked:
        words = ", ".join("--" + name.replace("_", "-") for name in asked)
        options.refuse(f"--recipe says how to train: leave {words} away")
    recipe = moved(read_recipe(options.recipe), options.data, options.labels)
    folder = None if options.out is None else Path(options.out)
    plan = _plan(options, recipe.epochs, recipe.patience)
    return Order(recipe.source, recipe.config, plan, folder, recipe=recipe)


def _new(options: argparse.Namespace) -> Order:
    if options.tensorboard and options.out is None:
        options.refuse("--tensorboard needs --out RUN, the folder it writes into")
    if options.checkpoint_every and options.out is None:
        options.refuse("--checkpoint-every needs --out RUN, the folder it writes into")
    given = _given(options)
    try:
        config = TrainConfig(**given)
    except ValueError as error:
        options.refuse(str(error))
    epochs = EPOCHS if config.solver == "minibatch" else SOLVER_EPOCHS
    folder = None if options.out is None else Path(options.out)
    source = Source(options.data or "2x2", config.seed, options.validation_share,
                    options.test_share or 0.0, options.scaling or "auto",
                    reading(options))  # fmt: skip
    plan = _plan(options, options.epochs or epochs)
    # On the samples the usual rate is known to do well.
    rate_open = "learning_rate" not in given and source.name not in SAMPLES
    return Order(source, config, plan, folder, rate_open=rate_open)


def _resumed(options: argparse.Namespace) -> Order:
    """The order of the run in a folder; what is asked for otherwise must not change its course."""
    folder = Path(options.resume)
    if options.out is not None and Path(options.out).absolute() != folder.absolute():
        options.refuse("--resume goes on in its own folder: leave --out away")
    settings = read_settings(folder)
    state = _newest_checkpoint(folder)
    config = state.session.config
    before = {**{name: getattr(config, name) for name in _SETTINGS},
              "validation_share": settings.get("validation_share"),
              "test_share": settings.get("test_share", 0.0),
              "scaling": settings.get("scaling", "auto")}  # fmt: skip
    cut = ("validation_share", "test_share", "scaling")
    now = {**_given(options), **{name: getattr(options, name) for name in cut}}
    read = settings.get("read", {})
    asked = options_record(reading(options))
    before |= {name: read.get(name) for name in asked if name != "labels"}
    now |= {name: value for name, value in asked.items() if name != "labels"}
    _look_at_changes(before, {name: value for name, value in now.items() if value is not None})
    epochs = options.epochs or int(settings["epochs"])
    how = options_from(read)
    how = how if options.labels is None else replace(how, labels=options.labels)
    source = Source(options.data or settings["data"], config.seed, settings.get("validation_share"),
                    before["test_share"], before["scaling"], how)  # fmt: skip
    plan = _plan(options, epochs, int(settings.get("early_stopping", 0)))
    return Order(source, config, plan, folder, settings, state)


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """The settings that are on the command line, with what "momentum" stands for."""
    given = {name: value for name in _SETTINGS if (value := getattr(options, name)) is not None}
    if given.get("optimizer") == "momentum":
        given = {"momentum": MOMENTUM, **given, "optimizer": "sgd"}
    elif given.get("optimizer", "sgd") != "sgd" and given.get("momentum"):
        options.refuse(f"--momentum is of sgd; {given['optimizer']} has none to set")
    return given


def _plan(options: argparse.Namespace, epochs: int, patience: int = 0) -> Plan:
    every_epochs, every_s = options.checkpoint_every or (0, CHECKPOINT_S)
    return Plan(epochs, options.stop_after or math.inf, options.early_stopping or patience,
                every_epochs, every_s)  # fmt: skip


def _newest_checkpoint(folder: Path) -> RunCheckpoint:
    """The newest checkpoint that can be read; of the others one line each."""
    problem = f"{folder} holds no checkpoint to go on from. Start anew with --out."
    for _, path in reversed(checkpoint_files(folder)):
        try:
            return load_checkpoint(path)
        except FileProblem as error:
            problem = str(error)
            say(f"{problem} The checkpoint before is tried.")
    raise FileProblem(problem)


def _look_at_changes(before: dict[str, Any], now: dict[str, Any]) -> None:
    changes = [
        "the rows are others" if name == "data_digest" else f"{name} was {before[name]}, now {new}"
        for name, new in now.items()
        if before[name] != new
    ]
    if changes:
        raise FileProblem(
            f"The run can't go on with changes: {'; '.join(changes)}. Leave them away, or start"
            " anew with --out."
        )
