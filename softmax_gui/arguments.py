"""The options of each command: errors in one line, values checked as they are read."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NoReturn

from softmax_gui.training.config import DEVICES, DTYPES, TrainConfig

MODEL = "a run folder or weights file"
DATA = "2x2, digits, iris, or a CSV, TSV or NPZ file"


class Parser(argparse.ArgumentParser):
    """Errors in one line; whole option names only, so that a new option breaks no script."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=_formatter, **settings)

    def error(self, message: str) -> NoReturn:
        """Ends the process with code 2."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def name(text: str) -> str:
    """A name of a file, folder or sample."""
    if not text.strip():  # a variable of the shell that is not set
        raise argparse.ArgumentTypeError("a name is needed, not an empty one")
    return text


def weights_name(text: str) -> str:
    """A name of a weights file, with an ending that says its format."""
    from softmax_gui.export.weights import FORMATS  # noqa: PLC0415 - only `export` needs numpy

    if Path(text).suffix.lower() not in FORMATS:
        known = ", ".join(FORMATS)
        raise argparse.ArgumentTypeError(f"{text!r} ends with none of {known}")
    return text


def count(text: str) -> int:
    """A whole number from 1 that a float64 and a compiled loop can hold."""
    if not text.isdecimal() or not 1 <= int(text) < 1 << 53:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 9e15")
    return int(text)


def share(text: str) -> float:
    """A number between 0 and 1."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0.0 < number < 1.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number between 0 and 1")
    return number


def add_train(parser: argparse.ArgumentParser) -> None:
    """The options of `train`: those of TrainConfig under their own names, and a few more."""
    text = DATA.replace("2x2", "2x2 (default)")
    parser.add_argument("--data", type=name, default="2x2", metavar="DATA", help=text)
    parser.add_argument("--epochs", type=count, default=20, metavar="N", help="default: 20")
    for option, kind, metavar, what in (
        ("--learning-rate", float, "R", "above 0"),
        ("--batch-size", count, "B", "rows a step"),
        ("--momentum", float, "M", "from 0 to below 1"),
        ("--weight-decay", float, "L", "adds L/2 |W|^2 to the loss"),
        ("--seed", int, "N", "of the split and the order of the rows"),
        ("--device", str, "NAME", ", ".join(DEVICES)),
        ("--dtype", str, "TYPE", " or ".join(DTYPES)),
    ):
        default = getattr(TrainConfig, option[2:].replace("-", "_"))
        parser.add_argument(
            option, type=kind, default=default, metavar=metavar, help=f"{what} (default: {default})"
        )
    text = "of the rows, between 0 and 1 (default: 0.2; of 2x2, 0.8)"
    parser.add_argument("--validation-share", type=share, metavar="S", help=text)
    text = "a folder for weights, metrics and settings"
    parser.add_argument("--out", type=name, metavar="RUN", help=text)
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")


def add_predict(parser: argparse.ArgumentParser) -> None:
    """The options of `predict`."""
    parser.add_argument("model", type=name, metavar="MODEL", help=MODEL)
    text = f"{DATA}; labels not needed"
    parser.add_argument("--data", type=name, required=True, metavar="DATA", help=text)
    parser.add_argument("--out", type=name, metavar="CSV", help="a file (default: stdout)")


def add_export(parser: argparse.ArgumentParser) -> None:
    """The options of `export`."""
    parser.add_argument("model", type=name, metavar="RUN", help=MODEL)
    text = "its ending chooses: .safetensors, .npz, .json or .csv"
    parser.add_argument("--to", type=weights_name, required=True, metavar="FILE", help=text)


def add_info(parser: argparse.ArgumentParser) -> None:
    """The options of `info`."""
    parser.add_argument("file", type=name, metavar="FILE", help=f"{MODEL}; or {DATA}")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a list")


def _formatter(prog: str) -> argparse.HelpFormatter:
    return argparse.HelpFormatter(prog, max_help_position=26, width=80)
