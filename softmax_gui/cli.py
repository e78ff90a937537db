"""The command line: train, predict, export, info without a window; the window without a command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from softmax_gui import __version__
from softmax_gui.arguments import Parser, add_export, add_info, add_predict, add_train
from softmax_gui.console import (
    ProgressBar,
    drop_output,
    prepare_streams,
    print_facts,
    print_json,
    print_run,
    say,
    signals_noted,
)

if TYPE_CHECKING:
    from softmax_gui.training.run import Run

DONE, FAILED, INTERRUPTED = 0, 1, 130  # and argparse ends with 2 on a wrong command line


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns its exit code. Errors are one line on stderr.

    Raises:
        SystemExit: a wrong command line (2), --help or --version (0).
    """
    prepare_streams()
    try:
        options = _parser().parse_args(arguments)
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
        description="Softmax regression. Without a command, the window opens.",
        epilog="Exit codes: 0 done, 1 failed, 2 wrong command line, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"softmax-gui {__version__}")
    parser.set_defaults(run=_gui)
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")
    for word, run, add, text in (
        ("train", _train, add_train, "Train, and keep the run in a folder."),
        ("predict", _predict, add_predict, "Tell classes and probabilities of the rows of a file."),
        ("export", _export, add_export, "Write trained weights in another format."),
        ("info", _info, add_info, "Tell what is in a data or weights file."),
        ("gui", _gui, None, "Open the window."),
    ):
        usage = f"softmax-gui {word} [option ...]" if run is _train else None
        command = commands.add_parser(word, help=text, description=text, usage=usage)
        command.set_defaults(run=run, refuse=command.error)
        if add is not None:
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


def _gui(_options: argparse.Namespace) -> int:
    screens = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform.startswith("linux") and not any(map(os.environ.get, screens)):
        raise RuntimeError(
            "No screen: neither DISPLAY nor WAYLAND_DISPLAY is set. Without a window there are"
            " train, predict, export and info (softmax-gui --help)."
        )
    _torch_before_qt(sys.platform)
    try:
        from softmax_gui.gui.app import run
    except ImportError as error:
        raise RuntimeError(f"The window needs Qt, which could not be loaded ({error}).") from error
    return run([])


def _train(options: argparse.Namespace) -> int:
    from softmax_gui.data.batches import split
    from softmax_gui.data.samples import load
    from softmax_gui.export.runs import make_run_folder
    from softmax_gui.training.config import TrainConfig
    from softmax_gui.training.run import train

    try:
        config = TrainConfig(**{f.name: getattr(options, f.name) for f in fields(TrainConfig)})
    except ValueError as error:
        options.refuse(str(error))
    data = load(options.data, seed=config.seed)
    if options.validation_share is not None:
        data = replace(data, validation_share=options.validation_share)
    if options.out is not None:
        make_run_folder(Path(options.out))
    bar = ProgressBar(options.epochs)
    with signals_noted() as stopped:
        run = train(split(data, config.seed), config, options.epochs,
                    progress=bar.show, say=bar.say, stopped=stopped)  # fmt: skip
        bar.clear()
        return _finish(run, options)


def _finish(run: Run, options: argparse.Namespace) -> int:
    """Keeps the run, prints it, and says how it ended."""
    from softmax_gui.export.runs import save_run

    if run.problem:  # what is left is on its way to nowhere: no reason to replace an earlier run
        say(run.problem)
        return FAILED
    kept = ""
    try:
        if options.out is not None:
            save_run(Path(options.out), run, options.data)
            kept = options.out
    finally:  # a full disk shall not take the figures too
        if options.json:
            print_json({**run.summary(), "out": kept or None})
        else:
            print_run(run, kept)
    if run.interrupted:
        say(f"Interrupted at epoch {run.snapshot.epoch:,.6g} of {run.epochs:,}.")
        return INTERRUPTED
    return DONE


def _predict(options: argparse.Namespace) -> int:
    from softmax_gui.export.predictions import rows_for, write_predictions
    from softmax_gui.export.runs import load_run_or_model
    from softmax_gui.files import atomic_write

    for source in (options.model, options.data):
        if options.out is not None and _same_file(source, options.out):
            options.refuse(f"--out {options.out} would replace what is read")
    model = load_run_or_model(options.model)
    X, labels = rows_for(model, options.data)
    if options.out is None:
        summary = write_predictions(sys.stdout, model, X, labels)
    else:
        summary = ""

        def write(file: BinaryIO) -> None:
            nonlocal summary
            text = TextIOWrapper(file, encoding="utf-8", newline="")
            summary = write_predictions(text, model, X, labels)
            text.detach()

        atomic_write(options.out, write)
    say(summary)
    return DONE


def _same_file(one: str, other: str) -> bool:
    try:
        return Path(one).samefile(other)
    except OSError:  # one of them is not there
        return False


def _export(options: argparse.Namespace) -> int:
    from softmax_gui.export.runs import load_run_or_model
    from softmax_gui.export.weights import save_model

    save_model(load_run_or_model(options.model), Path(options.to))
    say(f"{options.to}: written.")
    return DONE


def _info(options: argparse.Namespace) -> int:
    from softmax_gui.export.info import facts_of

    facts = facts_of(options.file)
    if options.json:
        print_json(facts)
    else:
        print_facts(facts)
    return DONE
