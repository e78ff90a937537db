"""The options of each command: errors in one line, values checked as they are read."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any, NoReturn

from softmax_gui.training.config import (
    CLASS_WEIGHTS,
    DEVICES,
    DTYPES,
    SOLVERS,
    TrainConfig,
)

MODEL = "a run folder or weights file"
DATA = "2x2, digits, iris, a file, or a folder of pictures"
STORED = "; .npy files stay on disk"
EPOCHS_TEXT = "default: 20; of a solver, as many as it needs"
# As data/scaling.py has them: --help does without numpy.
SCALINGS = ("auto", "none", "range", "standardise", "unit")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


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
    from softmax_gui.export.weights import EXPORTS, ending_of  # noqa: PLC0415 - needs numpy

    if ending_of(Path(text)) not in EXPORTS:
        known = ", ".join(EXPORTS)
        raise argparse.ArgumentTypeError(f"{text!r} ends with none of {known}")
    return text


def data_name(text: str) -> str:
    """A name of a data file, with an ending that says its format."""
    if Path(text).suffix.lower() not in {".npz", ".csv"}:
        raise argparse.ArgumentTypeError(f"{text!r} ends with neither .npz nor .csv")
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


def duration(text: str) -> float:
    """Seconds: 90, 90s, 5m or 2h."""
    number, unit = (text[:-1], text[-1]) if text[-1:] in _UNITS else (text, "s")
    try:
        seconds = float(number) * _UNITS[unit]
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 90s, 5m or 2h")
    return seconds


def interval(text: str) -> tuple[int, float]:
    """Epochs as a plain number, or a time with its unit: (epochs, inf) or (0, seconds)."""
    if text.isdecimal():
        return count(text), math.inf
    if text[-1:] not in _UNITS:
        raise argparse.ArgumentTypeError(f"{text!r} is neither epochs (5) nor a time (90s, 5m)")
    return 0, duration(text)


def texts(text: str) -> tuple[str, ...]:
    """Names with commas between them; a comma in a name is doubled."""
    mark = "\0"  # no name has it
    names = tuple(part.replace(mark, ",") for part in text.replace(",,", mark).split(","))
    if not all(names):
        raise argparse.ArgumentTypeError(f"{text!r} has an empty name")
    return names


def sides(text: str) -> tuple[int, int]:
    """Height and width of a picture: 28x28."""
    height, cross, width = text.lower().partition("x")
    if not cross or not height.isdecimal() or not width.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 28x28 (height x width)")
    return int(height), int(width)


def mark(text: str) -> str:
    """A separator, where tab has a name of its own."""
    return {"tab": "\t", "\\t": "\t", "space": " "}.get(text, text)


def add_reading(parser: argparse.ArgumentParser) -> None:
    """How data are read: the fields of ReadOptions under their own names; the rest is guessed."""
    group = parser.add_argument_group("how data are read (what is left away is guessed)")
    for option, read, metavar, text in (
        ("--label-column", str, "C", "its name, or its number from 1; -1 is the last"),
        ("--target-columns", texts, "A,B,..", "columns of one-hot or soft labels"),
        ("--group-column", str, "C", "rows of one group stay in one part"),
        ("--split-column", str, "C", "says train, validation or test"),
        ("--labels", name, "FILE", "labels in a file of their own, one a row"),
        ("--delimiter", mark, "MARK", "between cells: , ; tab ..."),
        ("--decimal", str, "MARK", "the decimal mark: . or ,"),
        ("--encoding", str, "NAME", "utf-8, utf-16, cp949, latin-1, ..."),
        ("--comment", str, "MARK", "begins a comment line; '' for none"),
        ("--x-key", str, "NAME", "the array of features in an NPZ"),
        ("--y-key", str, "NAME", "the array of labels in an NPZ"),
        ("--picture-size", sides, "HxW", "what pictures are brought to, in pixels"),
        ("--colour", str, "KIND", "of pictures: gray or rgb"),
        ("--class-order", texts, "A,B,..", "all classes in the order wanted"),
    ):
        group.add_argument(option, type=read, metavar=metavar, help=text)
    text = "drop, mean or refuse (default)"
    group.add_argument("--missing", metavar="WAY", help=f"missing values: {text}")
    group.add_argument("--no-header", action="store_true", help="the first row is data already")


def add_train(parser: argparse.ArgumentParser) -> None:
    """The options of `train`: those of TrainConfig under their own names, and a few more.

    What is not given is None, so that a resumed run knows what was asked for.
    """
    _add_data(parser, STORED)
    parser.add_argument("--epochs", type=count, metavar="N", help=EPOCHS_TEXT)
    for option, kind, metavar, what in (
        ("--learning-rate", float, "R", "above 0; of own data never more than is surely stable"),
        ("--batch-size", count, "B", "rows a step"),
        ("--optimizer", str, "NAME", "sgd, momentum or adam"),
        ("--momentum", float, "M", "from 0 to below 1"),
        ("--weight-decay", float, "L", "adds L/2 |W|^2 to the loss"),
        ("--label-smoothing", float, "E", "from 0 to below 1"),
        ("--class-weight", str, "KIND", " or ".join(CLASS_WEIGHTS)),
        ("--solver", str, "NAME", ", ".join(SOLVERS)),
        ("--tolerance", float, "T", "where a solver stops"),
        ("--phm-order", int, "N", "of a PHM layer; 0 is a dense one"),
        ("--seed", int, "N", "of the split and the order of the rows"),
        ("--device", str, "NAME", ", ".join(DEVICES)),
        ("--dtype", str, "TYPE", " or ".join(DTYPES)),
        ("--threads", int, "N", "0 takes as many as pay"),
    ):
        default = getattr(TrainConfig, option[2:].replace("-", "_"))
        text = f"{what} (default: {default})"
        parser.add_argument(option, type=kind, metavar=metavar, help=text)
    _add_share(parser)
    for option, read, metavar, text in (
        ("--stop-after", duration, "TIME", "90s, 5m or 2h: ends the run by then"),
        ("--out", name, "RUN", "a folder for weights, metrics and settings"),
        ("--checkpoint-every", interval, "E", "epochs or a time (default: 1m)"),
        ("--resume", name, "RUN", "go on with this run from its last checkpoint"),
    ):
        parser.add_argument(option, type=read, metavar=metavar, help=text)
    text = "stop N epochs (default: 10) after the best one"
    parser.add_argument("--early-stopping", type=count, nargs="?", const=10, metavar="N", help=text)
    for option, text in (
        ("--write-recipe", "write down what was done, so that it can be done again"),
        ("--recipe", "do again what this file says, and compare the weights"),
    ):
        parser.add_argument(option, type=name, metavar="JSON", help=text)
    text = "write event files into RUN too"
    parser.add_argument("--tensorboard", action="store_true", help=text)
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    add_reading(parser)


def _add_data(parser: argparse.ArgumentParser, stored: str = "") -> None:
    text = DATA.replace("2x2", "2x2 (default)") + stored
    parser.add_argument("--data", type=name, metavar="DATA", help=text)


def _add_share(parser: argparse.ArgumentParser) -> None:
    text = "of the rows, from 0 to 1 (default: 0.2; of 2x2, 0.8)"
    parser.add_argument("--validation-share", type=share, metavar="S", help=text)
    text = "of the rows, kept aside until they are asked for (default: 0)"
    parser.add_argument("--test-share", type=share, metavar="S", help=text)
    text = f"of the features: {', '.join(SCALINGS)} (default: auto)"
    parser.add_argument("--scaling", choices=SCALINGS, metavar="KIND", help=text)


def decays(text: str) -> int | list[float]:
    """How many weight decays, or which: a whole number, or numbers with commas between them."""
    if text.isdecimal() and int(text) > 1:
        return count(text)
    try:
        numbers = sorted({float(part) for part in text.split(",")}, reverse=True)
    except ValueError:
        numbers = []
    if not numbers or not all(0.0 <= number < math.inf for number in numbers):
        raise argparse.ArgumentTypeError(f"{text!r} is neither how many nor a list: 16, or 1,0.1,0")
    return numbers


def add_sweep(parser: argparse.ArgumentParser) -> None:
    """The options of `sweep`."""
    _add_data(parser)
    text = "how many, or which: 16 (default), or 1,0.1,0.01"
    parser.add_argument("--decays", type=decays, default=16, metavar="D", help=text)
    text = "judge by K folds of all rows instead"
    parser.add_argument("--folds", type=count, metavar="K", help=text)
    text = "best (default) or one-se: whose weights are kept"
    parser.add_argument(
        "--choose", choices=("best", "one-se"), default="best", metavar="C", help=text
    )
    known = ", ".join(name for name in SOLVERS if name != "minibatch")
    parser.add_argument("--solver", default="auto", metavar="NAME", help=f"{known} (default: auto)")
    for option, kind, metavar, what in (
        ("--tolerance", float, "T", "where a solver stops"),
        ("--label-smoothing", float, "E", "from 0 to below 1"),
        ("--class-weight", str, "KIND", " or ".join(CLASS_WEIGHTS)),
        ("--seed", int, "N", "of the split and the folds"),
    ):
        default = getattr(TrainConfig, option[2:].replace("-", "_"))
        text = f"{what} (default: {default})"
        parser.add_argument(option, type=kind, default=default, metavar=metavar, help=text)
    _add_share(parser)
    text = "a folder for the chosen weights and the table"
    parser.add_argument("--out", type=name, metavar="FOLDER", help=text)
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    add_reading(parser)


def add_predict(parser: argparse.ArgumentParser) -> None:
    """The options of `predict`."""
    parser.add_argument("model", type=name, metavar="MODEL", help=MODEL)
    text = f"{DATA}; labels not needed"
    parser.add_argument("--data", type=name, required=True, metavar="DATA", help=text)
    parser.add_argument("--out", type=name, metavar="CSV", help="a file (default: stdout)")
    add_reading(parser)


def add_evaluate(parser: argparse.ArgumentParser) -> None:
    """The options of `evaluate`."""
    parser.add_argument("model", type=name, metavar="MODEL", help=MODEL)
    parser.add_argument("--data", type=name, required=True, metavar="DATA", help=DATA)
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    add_reading(parser)


def add_convert(parser: argparse.ArgumentParser) -> None:
    """The options of `convert`."""
    parser.add_argument("data", type=name, metavar="DATA", help=DATA)
    text = "its ending chooses: .npz or .csv"
    parser.add_argument("--to", type=data_name, required=True, metavar="FILE", help=text)
    add_reading(parser)


def add_export(parser: argparse.ArgumentParser) -> None:
    """The options of `export`."""
    parser.add_argument("model", type=name, metavar="RUN", help=MODEL)
    text = "its ending chooses: .safetensors, .npz, .json, .csv, .onnx, .py or .pt.safetensors"
    parser.add_argument("--to", type=weights_name, required=True, metavar="FILE", help=text)


def add_info(parser: argparse.ArgumentParser) -> None:
    """The options of `info`."""
    parser.add_argument("file", type=name, metavar="FILE", help=f"{MODEL}; or {DATA}")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a list")
    add_reading(parser)


def add_gui(parser: argparse.ArgumentParser) -> None:
    """The options of `gui`."""
    text = "a project (.softmax), or a data file or folder"
    parser.add_argument("file", nargs="?", default="", metavar="FILE", help=text)


def _formatter(prog: str) -> argparse.HelpFormatter:
    return argparse.HelpFormatter(prog, max_help_position=26, width=80)
