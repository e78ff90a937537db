"""Runs into folders, as the command line keeps them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from softmax_gui.export.run_folder import RunWriter
from softmax_gui.export.runs import settings_of
from softmax_gui.training.run import Run


def kept(
    folder: Path,
    run: Run,
    source: str = "iris",
    *,
    resumed: int | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> RunWriter:
    """A folder for a run with the data and settings of `run`."""
    settings = settings_of(run.split, run.snapshot.config, run.epochs, source)
    return RunWriter(folder, settings, run.split, say=say, resumed=resumed)


def save_run(folder: Path, run: Run, source: str) -> None:
    """Keeps a run that is over."""
    with kept(folder, run, source) as writer:
        writer.finish(run)
