"""train: a new run or one that goes on, kept in a folder while it lasts."""

from __future__ import annotations

import argparse
import math
from contextlib import ExitStack
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from softmax_gui.commands import DONE, FAILED, INTERRUPTED
from softmax_gui.commands.data import Source, options_from, options_record, reading, split_of
from softmax_gui.commands.recipe import (
    Recipe,
    differences,
    look_at_recipe_data,
    moved,
    read_recipe,
    write_recipe,
)
from softmax_gui.console import ProgressBar, print_json, print_run, say, signals_noted
from softmax_gui.data.dataset import Split
from softmax_gui.data.stored_split import StoredSplit
from softmax_gui.export.checkpoints import load_checkpoint
from softmax_gui.export.run_folder import RunWriter
from softmax_gui.export.run_reader import read_settings
from softmax_gui.export.runs import checkpoint_files, make_run_folder, settings_of
from softmax_gui.files import FileProblem
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.course import Plan, RunCheckpoint
from softmax_gui.training.distributed import Ranks, join, launched
from softmax_gui.training.run import Run, train
from softmax_gui.training.snapshot import Snapshot

EPOCHS, SOLVER_EPOCHS = 20, 10_000  # where none are given
CHECKPOINT_S = 60.0
MOMENTUM = 0.9  # of --optimizer momentum
_SETTINGS = [field.name for field in fields(TrainConfig)]
_OF_THE_DATA = ("n", "d", "q", "data_digest")


@dataclass(frozen=True)
class _Order:
    """What is to be done: `settings` and `resume` are of the run that goes on, if there is one."""

    source: Source
    config: TrainConfig
    plan: Plan
    folder: Path | None
    settings: dict[str, Any] | None = None
    resume: RunCheckpoint | None = None
    recipe: Recipe | None = None


class _Nobody:
    """The keeper of every rank but the first, which keeps for all."""

    def measured(self, snapshot: Snapshot) -> None:
        """Nothing."""

    def checkpoint(self, state: RunCheckpoint, snapshot: Snapshot) -> None:
        """Nothing."""


def run(options: argparse.Namespace) -> int:
    """Trains, keeps the run and prints it; of processes that torchrun started only rank 0 does."""
    if not launched():
        return _run(options, None)
    ranks = join(options.device or "auto")
    try:
        return _run(options, ranks)
    except Exception:
        if ranks.rank == 0:
            raise
        return FAILED  # rank 0 speaks
    finally:
        ranks.leave()


def _run(options: argparse.Namespace, ranks: Ranks | None) -> int:
    first = ranks is None or ranks.rank == 0
    order = _order(options)
    if order.folder is not None and first:
        make_run_folder(order.folder)
    parts = split_of(order.source)
    if order.settings is not None:
        _look_at_data(order, parts)
    if order.recipe is not None:
        look_at_recipe_data(order.recipe, parts)
    bar = ProgressBar(order.plan.epochs)
    if first and options.batch_size is not None and options.batch_size > parts.train.n:
        say(f"--batch-size {options.batch_size:,} is more than the {parts.train.n:,} rows to train"
            " on: each step takes them all.")  # fmt: skip
    with signals_noted() as stopped, ExitStack() as kept:
        writer = _writer(order, parts, bar, events=options.tensorboard) if first else None
        if writer is not None:
            kept.enter_context(writer)
        ran = train(parts, order.config, order.plan, progress=bar.show if first else _unseen,
                    say=bar.say if first else _unsaid, stopped=stopped,
                    keeper=writer or (None if ranks is None else _Nobody()), resume=order.resume,
                    ranks=ranks)  # fmt: skip
        bar.clear()
        if not first:
            return DONE
        code = _finish(ran, writer, order.folder, json=options.json)
        return _with_recipe(options, order, parts, ran, code)


def _with_recipe(
    options: argparse.Namespace, order: _Order, parts: Split | StoredSplit, ran: Run, code: int
) -> int:
    """Writes down what was done, and compares it with what was to be done again."""
    if code != DONE:
        return code
    if options.write_recipe is not None:
        write_recipe(options.write_recipe, order.source, parts, ran, order.plan.patience)
        say(f"{options.write_recipe}: recipe written.")
    if order.recipe is None:
        return DONE
    changes = differences(order.recipe, parts, ran)
    if changes:
        say(f"The weights are not those of the recipe: {'; '.join(changes)}.")
        return FAILED
    say("The weights are those of the recipe, bit by bit.")
    return DONE


def _order(options: argparse.Namespace) -> _Order:
    if options.recipe is not None:
        return _replayed(options)
    if options.write_recipe is not None and (options.stop_after or options.resume):
        options.refuse("--write-recipe needs a run from its start, not ended by the clock")
    return _new(options) if options.resume is None else _resumed(options)


def _replayed(options: argparse.Namespace) -> _Order:
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
    return _Order(recipe.source, recipe.config, plan, folder, recipe=recipe)


def _unseen(_snapshot: Snapshot) -> None:
    """Progress of another rank."""


def _unsaid(_text: str) -> None:
    """What another rank would say."""


def _new(options: argparse.Namespace) -> _Order:
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
    return _Order(source, config, plan, folder)


def _resumed(options: argparse.Namespace) -> _Order:
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
    return _Order(source, config, plan, folder, settings, state)


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


def _look_at_data(order: _Order, parts: Split | StoredSplit) -> None:
    now = settings_of(parts, order.config, order.plan.epochs, order.source.name)
    before = order.settings or {}
    _look_at_changes(before, {name: now[name] for name in _OF_THE_DATA if name in before})


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


def _writer(
    order: _Order, parts: Split | StoredSplit, bar: ProgressBar, *, events: bool
) -> RunWriter | None:
    if order.folder is None:
        return None
    plan = order.plan
    settings = settings_of(parts, order.config, plan.epochs, order.source.name, plan.patience)
    settings |= order.source.record()
    resumed = None if order.resume is None else order.resume.session.step
    return RunWriter(order.folder, settings, parts, say=bar.say, resumed=resumed, events=events)


def _finish(ran: Run, writer: RunWriter | None, folder: Path | None, *, json: bool) -> int:
    """Keeps the run, prints it, and says how it ended."""
    kept = ""
    try:
        if writer is not None:
            writer.finish(ran)
            kept = str(folder)
    finally:  # a full disk shall not take the figures too
        if not ran.problem and json:
            print_json({**ran.summary(), "out": kept or None})
        elif not ran.problem:
            print_run(ran, kept)
    if ran.problem:  # what is left is on its way to nowhere: no reason to replace an earlier run
        say(ran.problem)
        return FAILED
    if ran.interrupted:
        say(f"Interrupted at epoch {ran.snapshot.epoch:,.6g} of {ran.epochs:,}.")
        return INTERRUPTED
    return DONE
