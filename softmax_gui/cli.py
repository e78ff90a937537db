"""The command line: train, predict, export, info without a window; the window without a command."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from softmax_gui import __version__

DONE, FAILED, INTERRUPTED = 0, 1, 130  # argparse itself ends with 2 on a wrong command line


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns its exit code. Errors are one line on stderr."""
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.run
    try:
        return command(options)
    except KeyboardInterrupt:
        _say("Interrupted.")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output, head for example, has gone
        sys.stderr.close()
        return FAILED
    except (OSError, ValueError, RuntimeError, MemoryError) as error:
        _say(" ".join(str(error).split()) or type(error).__name__)
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="softmax-gui", description="Softmax regression; without a command, the window."
    )
    parser.add_argument("--version", action="version", version=f"softmax-gui {__version__}")
    parser.set_defaults(run=_gui)
    commands = parser.add_subparsers(metavar="COMMAND")
    _add_train(commands.add_parser("train", help="train and write a run folder"))
    predict = commands.add_parser("predict", help="classes and probabilities of the rows of a file")
    predict.add_argument("model", metavar="MODEL", help="a weights file or run folder")
    predict.add_argument("--data", required=True, metavar="FILE", help="a table, NPZ or sample")
    predict.add_argument("--out", type=Path, metavar="CSV", help="write there instead of stdout")
    predict.set_defaults(run=_predict)
    export = commands.add_parser("export", help="write trained weights in another format")
    export.add_argument("model", metavar="RUN", help="a run folder or weights file")
    export.add_argument("--to", required=True, type=Path, metavar="FILE",
                        help="*.safetensors, *.npz, *.json or *.csv")  # fmt: skip
    export.set_defaults(run=_export)
    info = commands.add_parser("info", help="what is in a data or weights file")
    info.add_argument("file", metavar="FILE", help="a data file, weights file, run or sample")
    info.add_argument("--json", action="store_true", help="one JSON object")
    info.set_defaults(run=_info)
    commands.add_parser("gui", help="the window").set_defaults(run=_gui)
    return parser


def _add_train(parser: argparse.ArgumentParser) -> None:
    from softmax_gui.training.config import DEVICES, DTYPES, TrainConfig

    default = TrainConfig()
    parser.add_argument("--data", default="2x2", metavar="NAME|FILE",
                        help="2x2, digits, iris, or a CSV or NPZ file")  # fmt: skip
    parser.add_argument("--epochs", type=_count, default=20, metavar="N")
    parser.add_argument("--seed", type=int, default=default.seed, metavar="N")
    parser.add_argument("--learning-rate", type=float, default=default.learning_rate, metavar="R")
    parser.add_argument("--batch-size", type=int, default=default.batch_size, metavar="B")
    parser.add_argument("--momentum", type=float, default=default.momentum, metavar="M")
    parser.add_argument("--weight-decay", type=float, default=default.weight_decay, metavar="L")
    parser.add_argument("--device", choices=DEVICES, default=default.device)
    parser.add_argument("--dtype", choices=DTYPES, default=default.dtype)
    parser.add_argument("--out", type=Path, metavar="RUN", help="a folder for weights and metrics")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    parser.set_defaults(run=_train)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1")
    return number


# Each command imports what it needs: --version and --help answer at once, and nothing here but
# the window imports Qt.


def _gui(_options: argparse.Namespace) -> int:
    screens = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform.startswith("linux") and not any(map(os.environ.get, screens)):
        raise RuntimeError(
            "No screen: neither DISPLAY nor WAYLAND_DISPLAY is set. Without a window there are"
            " train, predict, export and info (softmax-gui --help)."
        )
    try:
        from softmax_gui.gui.app import run
    except ImportError as error:
        raise RuntimeError(f"The window needs Qt, which could not be loaded ({error}).") from error
    return run([])


def _train(options: argparse.Namespace) -> int:
    from softmax_gui.data.batches import split
    from softmax_gui.data.samples import load
    from softmax_gui.training.config import TrainConfig
    from softmax_gui.training.run import train

    config = TrainConfig(
        learning_rate=options.learning_rate, batch_size=options.batch_size,
        momentum=options.momentum, weight_decay=options.weight_decay, seed=options.seed,
        device=options.device, dtype=options.dtype,
    )  # fmt: skip
    parts = split(load(options.data, seed=config.seed), seed=config.seed)
    progress = _progress_bar(options.epochs) if sys.stderr.isatty() else None
    run = train(parts, config, options.epochs, progress, _say)
    result = run.summary()
    if options.out is not None:
        from softmax_gui.export.runs import save_run

        result["out"] = str(save_run(options.out, run))
    _print_result(result, as_json=options.json)
    return INTERRUPTED if run.interrupted else DONE


def _progress_bar(epochs: int) -> Callable[[float, float], None]:
    def show(epoch: float, loss: float) -> None:
        done = round(30 * epoch / epochs)
        bar = "#" * done + "." * (30 - done)
        end = "\n" if epoch >= epochs else ""
        text = f"\r[{bar}] epoch {epoch:.1f} of {epochs}, validation loss {loss:.4f} nat"
        print(text, end=end, file=sys.stderr, flush=True)

    return show


def _predict(options: argparse.Namespace) -> int:
    from softmax_gui.export.predictions import predictions_csv, rows_for
    from softmax_gui.export.runs import load_run_or_model
    from softmax_gui.files import atomic_write

    model = load_run_or_model(options.model)
    X, labels = rows_for(model, options.data)
    table, summary = predictions_csv(model, X, labels)
    if options.out is None:
        sys.stdout.write(table)
    else:
        atomic_write(options.out, table.encode())
    _say(summary)
    return DONE


def _export(options: argparse.Namespace) -> int:
    from softmax_gui.export.runs import load_run_or_model
    from softmax_gui.export.weights import save_model

    save_model(load_run_or_model(options.model), options.to)
    _say(f"{options.to}: written.")
    return DONE


def _info(options: argparse.Namespace) -> int:
    from softmax_gui.export.info import facts_of

    _print_result(facts_of(options.file), as_json=options.json)
    return DONE


def _print_result(result: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
        return
    width = max(map(len, result))
    for key, value in result.items():
        print(f"{key.replace('_', ' '):<{width}}  {_written(value)}")


def _written(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return ", ".join(map(_written, value))
    if isinstance(value, dict):
        return ", ".join(f"{key} {_written(one)}" for key, one in value.items())
    return "–" if value is None else str(value)


def _say(text: str) -> None:
    print(f"softmax-gui: {text}", file=sys.stderr)
