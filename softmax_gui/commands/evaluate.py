"""evaluate: how good a model is on rows whose labels are known."""

from __future__ import annotations

import argparse

from softmax_gui.commands import DONE
from softmax_gui.commands.data import reading
from softmax_gui.console import LISTED, print_json
from softmax_gui.export.evaluation import Evaluation, evaluate
from softmax_gui.export.predictions import rows_for
from softmax_gui.export.runs import load_run_or_model
from softmax_gui.files import FileProblem, shown


def run(options: argparse.Namespace) -> int:
    """Prints loss, accuracy with its interval, calibration, and figures a class."""
    model = load_run_or_model(options.model)
    X, labels = rows_for(model, options.data, reading(options))
    if labels is None:
        raise FileProblem(
            f"{shown(options.data, 200)} has no labels to judge by. Name them with --label-column"
            " or --labels; predict needs none."
        )
    found = evaluate(model, X, labels)
    if options.json:
        print_json(found.record())
    else:
        _print(found)
    return DONE


def _print(found: Evaluation) -> None:
    low, high = found.interval
    print(f"rows        {found.n:,}" + (f", {found.unknown:,} of them with a label that is no class"
                                        " of the model" if found.unknown else ""))  # fmt: skip
    print(f"loss        {found.loss:#.4g} nat")
    print(
        f"accuracy    {found.accuracy:.2%} ({found.correct:,} of {found.judged:,}),"
        f" 95 % interval {low:.2%} to {high:.2%}"
    )
    print(f"majority    {found.majority:.2%}   what the most frequent class alone would reach")
    print(f"Brier       {found.brier:#.4g}")
    print(f"ECE         {found.calibration:#.4g}   over 15 bins")
    print("class                     rows  precision  recall")
    for name, rows, precision, recall in found.classes()[:LISTED]:
        print(f"{shown(name, 22):<22}  {rows:>6,}  {_share(precision):>9}  {_share(recall):>6}")
    if len(found.class_names) > LISTED:
        print(f"… {len(found.class_names):,} classes in all; --json has them.")
        return
    print("confusion (a row a true class, a column a predicted one)")
    width = len(f"{found.confusion.max():,}") + 1
    for name, cells in zip(found.class_names, found.confusion.tolist(), strict=True):
        print(f"{shown(name, 22):<22}  {''.join(f'{cell:>{width},}' for cell in cells)}")


def _share(value: float | None) -> str:
    return "no rows" if value is None else f"{value:.1%}"
