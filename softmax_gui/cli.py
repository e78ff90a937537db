"""The command line: every command without a window; the window without a command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from softmax_gui import __version__
from softmax_gui.arguments import (
    Parser,
    add_convert,
    add_evaluate,
    add_export,
    add_gui,
    add_info,
    add_predict,
    add_sweep,
    add_train,
)
from softmax_gui.commands import FAILED, INTERRUPTED
from softmax_gui.console import drop_output, prepare_streams, say

_USAGE = {
    "predict": "MODEL --data DATA [option ...]",
    "evaluate": "MODEL --data DATA [option ...]",
    "export": "RUN --to FILE",
    "info": "FILE [option ...]",
    "convert": "DATA --to FILE [option ...]",
    "gui": "[FILE]",
}


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns its exit code. Errors are one line on stderr.

    Raises:
        SystemExit: a wrong command line (2), --help or --version (0).
    """
    prepare_streams()
    try:
        options = _parser().parse_args(_with_command(arguments))
        command: Callable[[argparse.Namespace], int] = options.run
        code = command(options)
        if sys.stdout is not None:
            sys.stdout.flush()  # a full disk is told here, not by the interpreter at its end
    except KeyboardInterrupt:
        say("Interrupted.")
        return INTERRUPTED
    except Exception as error:  # the edge of the program: nobody above is to say it
        if sys.flags.dev_mode:
            raise
        _say_why(error)
        return FAILED
    return code


def _with_command(arguments: list[str] | None) -> list[str]:
    """The command line, with the window's command before a path alone, as file managers ask."""
    given = sys.argv[1:] if arguments is None else arguments
    alone = len(given) == 1 and (os.sep in given[0] or Path(given[0]).suffix)
    return ["gui", *given] if alone and Path(given[0]).exists() else given


def _say_why(error: Exception) -> None:
    if isinstance(error, OSError):  # of stdout, as a rule: a file's is a FileProblem
        drop_output()
        if not isinstance(error, BrokenPipeError):  # the reader, head for example, has enough
            say(f"{error.filename or 'The output'}: {error.strerror or error}.")
    elif isinstance(error, ValueError | RuntimeError | MemoryError):  # with a sentence of ours
        say(str(error).strip() or type(error).__name__)
    else:
        say(f"Something inside went wrong ({error!r}). With PYTHONDEVMODE=1 it says where.")


def _parser() -> Parser:
    parser = Parser(
        prog="softmax-gui",
        description="Softmax regression. Without a command, the window opens;"
        " with the path of a project or data alone, it opens with that.",
        epilog="Exit codes: 0 done, 1 failed, 2 wrong command line, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"softmax-gui {__version__}")
    parser.set_defaults(run=_gui, file="")
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")
    for word, run, add, text in (
        ("train", _train, add_train, "Train, and keep the run in a folder."),
        ("sweep", _sweep, add_sweep, "Try weight decays, and keep the weights of one of them."),
        ("predict", _predict, add_predict, "Tell classes and probabilities of the rows of a file."),
        ("evaluate", _evaluate, add_evaluate, "Judge a model by rows whose labels are known."),
        ("export", _export, add_export, "Write trained weights in another format."),
        ("info", _info, add_info, "Tell what is in a data or weights file."),
        ("convert", _convert, add_convert, "Write data as NPZ or CSV that reads back equal."),
        ("gui", _gui, add_gui, "Open the window, with a project or data in it."),
    ):
        usage = f"softmax-gui {word} {_USAGE.get(word, '[option ...]')}"
        command = commands.add_parser(word, help=text, description=text, usage=usage)
        command.set_defaults(run=run, refuse=command.error)
        add(command)
    return parser


# Each command imports what it needs: --version and --help answer at once, and nothing here but
# the window imports Qt.


def _torch_before_qt(platform: str) -> bool:
    """On Windows torch can't be loaded after Qt: who chose a torch device gets it first."""
    if platform != "win32":
        return False
    from softmax_gui.gui.settings import load_settings, settings_path
    from softmax_gui.training.devices import DeviceError, import_torch

    if load_settings(settings_path())[0].device not in {"cpu", "cuda", "mps"}:
        return False
    try:
        import_torch()
    except DeviceError:  # the run says it, and goes on with numpy
        return False
    return True


def _gui(options: argparse.Namespace) -> int:
    screens = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform.startswith("linux") and not any(map(os.environ.get, screens)):
        raise RuntimeError(
            "No screen: neither DISPLAY nor WAYLAND_DISPLAY is set. Without a window there are"
            " train, sweep, predict, evaluate, export, info and convert (softmax-gui --help)."
        )
    _torch_before_qt(sys.platform)
    try:
        from softmax_gui.gui.app import run
    except ImportError as error:
        raise RuntimeError(f"The window needs Qt, which could not be loaded ({error}).") from error
    return run([], options.file)


def _train(options: argparse.Namespace) -> int:
    from softmax_gui.commands.train import run

    return run(options)


def _sweep(options: argparse.Namespace) -> int:
    from softmax_gui.commands.sweep import run

    return run(options)


def _predict(options: argparse.Namespace) -> int:
    from softmax_gui.commands.files import predict

    return predict(options)


def _evaluate(options: argparse.Namespace) -> int:
    from softmax_gui.commands.evaluate import run

    return run(options)


def _convert(options: argparse.Namespace) -> int:
    from softmax_gui.commands.convert import run

    return run(options)


def _export(options: argparse.Namespace) -> int:
    from softmax_gui.commands.files import export

    return export(options)


def _info(options: argparse.Namespace) -> int:
    from softmax_gui.commands.files import info

    return info(options)
