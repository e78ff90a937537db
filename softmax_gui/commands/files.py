"""predict, export, info: from weights and data that are there."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from softmax_gui.commands import DONE
from softmax_gui.commands.data import reading
from softmax_gui.console import print_facts, print_json, say
from softmax_gui.export.info import facts_of
from softmax_gui.export.predictions import rows_for, save_predictions, write_predictions
from softmax_gui.export.runs import load_run_or_model
from softmax_gui.export.weights import save_model


def predict(options: argparse.Namespace) -> int:
    """Tells classes and probabilities of rows, on stdout or in a file."""
    for source in (options.model, options.data, options.labels or options.data):
        if options.out is not None and _same_file(source, options.out):
            options.refuse(f"--out {options.out} would replace what is read")
    model = load_run_or_model(options.model)
    if options.out is None:
        X, labels = rows_for(model, options.data, reading(options))
        summary = write_predictions(sys.stdout, model, X, labels)
    else:
        summary = save_predictions(Path(options.out), model, options.data, reading(options))
    say(summary)
    return DONE


def export(options: argparse.Namespace) -> int:
    """Writes weights in another format."""
    parity = save_model(load_run_or_model(options.model), Path(options.to))
    say(f"{options.to}: written.")
    if parity is not None:
        say(parity.sentence())
    return DONE


def info(options: argparse.Namespace) -> int:
    """Tells what is in a file."""
    facts = facts_of(options.file, reading(options))
    if options.json:
        print_json(facts)
    else:
        print_facts(facts)
    return DONE


def _same_file(one: str, other: str) -> bool:
    try:
        return Path(one).samefile(other)
    except OSError:  # one of them is not there
        return False
