"""train: a new run or one that goes on, kept in a folder while it lasts."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path

from softmax_gui.commands import DONE, FAILED, INTERRUPTED
from softmax_gui.commands.data import split_of
from softmax_gui.commands.recipe import differences, write_recipe
from softmax_gui.commands.train_order import Order, order_of, with_data
from softmax_gui.console import ProgressBar, print_json, print_run, say, signals_noted
from softmax_gui.data.dataset import Split
from softmax_gui.data.stored_split import StoredSplit
from softmax_gui.export.run_folder import RunWriter
from softmax_gui.export.runs import make_run_folder, settings_of
from softmax_gui.training.course import RunCheckpoint
from softmax_gui.training.distributed import Ranks, join, launched
from softmax_gui.training.run import Run, train
from softmax_gui.training.snapshot import Snapshot


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
    order = order_of(options)
    if order.folder is not None and first:
        make_run_folder(order.folder)
    parts = split_of(order.source)
    order = with_data(order, parts, say if first else _unsaid)
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
    options: argparse.Namespace, order: Order, parts: Split | StoredSplit, ran: Run, code: int
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


def _unseen(_snapshot: Snapshot) -> None:
    """Progress of another rank."""


def _unsaid(_text: str) -> None:
    """What another rank would say."""


def _writer(
    order: Order, parts: Split | StoredSplit, bar: ProgressBar, *, events: bool
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
