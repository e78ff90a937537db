"""What goes from the window into a project's file, and from the file to the window."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from softmax_gui.data.dataset import Dataset
from softmax_gui.data.drawn import DrawnSet
from softmax_gui.data.options import ReadOptions, Watch
from softmax_gui.data.readers import open_data
from softmax_gui.data.samples import SAMPLES
from softmax_gui.data.stored import Examples
from softmax_gui.export.model import ModelProblem
from softmax_gui.export.project import (
    Fingerprint,
    Project,
    embeddable,
    fingerprint_of,
    load_project,
    look_at_fit,
    look_for,
    moved,
    save_project,
)
from softmax_gui.export.runs import trained_model
from softmax_gui.files import FileProblem
from softmax_gui.gui.loading import stamp_of
from softmax_gui.gui.run_config import Kept, LoadRequest, Stamp, Start
from softmax_gui.gui.speed import SPEEDS
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from softmax_gui.gui.main_window import MainWindow

_CHANGED_SINCE = "0" * 64  # the digest of no file: the one that was trained on is gone


@dataclass(frozen=True, eq=False)
class Draft:
    """A project but for what takes time: the fingerprint of its data.

    Attributes:
        project: all else of it.
        kept: the run in it.
        named: whether its data stay where they are, so that a fingerprint is wanted.
        stamp: of the data's file when it was read; None where nobody looked.
        known: an earlier fingerprint of the same data.
    """

    project: Project
    kept: Kept
    named: bool
    stamp: Stamp | None = None
    known: Fingerprint | None = None


@dataclass(frozen=True, eq=False)
class Opened:
    """A project and its data.

    Attributes:
        project: as it was saved, or with its data at another place.
        examples: the data; None for a sample, which has a name, and where `difference` says why.
        difference: how the data differ from those it was saved with; "" where they do not.
        as_saved: whether nothing of it is other than in its file.
    """

    project: Project
    examples: Examples | None = None
    difference: str = ""
    as_saved: bool = True


def draft_of(
    request: LoadRequest, kept: Kept, drawn: DrawnSet, view: dict[str, str],
    known: Fingerprint | None = None,
) -> Draft:  # fmt: skip
    """The project of the window as it is now.

    Args:
        request: what was loaded.
        kept: the run on it.
        drawn: the examples drawn.
        view: see view_of.
        known: an earlier fingerprint of these data.
    """
    data: object = kept.split.dataset  # a StoredData where the rows stay on disk
    plain = bool(request.source) and not request.mixed  # the source alone gives them again
    sample = plain and request.source in SAMPLES
    own = isinstance(data, Dataset) and not sample and (not plain or embeddable(data))
    project = Project(
        source=request.source,
        config=kept.snapshot.config,
        cut=request.cut,
        world=request.world,
        options=request.options,
        dataset=data if own and isinstance(data, Dataset) else None,
        mixed=request.mixed,
        checkpoint=kept.checkpoint,
        history=kept.snapshot.history.rows,
        drawn=drawn if drawn.m else None,
        view=view,
    )
    return Draft(project, kept, plain and not sample and not own, request.stamp, known)


def written(draft: Draft, path: Path, watch: Watch) -> Fingerprint | None:
    """Writes a draft as a project to `path`; returns the fingerprint of its data.

    Raises:
        FileProblem: it could not be written, or its data can't be read; an old file stays.
        Cancelled: by the watch, before anything is written.
    """
    project = completed(draft, watch)
    save_project(path, project)
    return project.fingerprint


def completed(draft: Draft, watch: Watch) -> Project:
    """The project with the fingerprint of its data, and what its weights mean.

    Raises:
        FileProblem: the data can't be read.
        Cancelled: by the watch.
    """
    project, kept = draft.project, draft.kept
    try:
        model = trained_model(kept.snapshot, kept.split)
    except ModelProblem:  # a name no other program could read; the project can
        model = None
    mark = None
    if draft.named:
        path = Path(project.source)
        if draft.stamp is not None and stamp_of(path) != draft.stamp:
            mark = Fingerprint(draft.stamp[0], _CHANGED_SINCE, draft.stamp[1])
        else:
            mark = fingerprint_of(path, watch, options=project.options, known=draft.known)
    return replace(project, model=model, fingerprint=mark)


def opened(path: Path, watch: Watch) -> Opened:
    """The project in a file, and its data where they are as they were.

    Raises:
        FileProblem: it is none, is damaged, or its data can't be read.
        Cancelled: by the watch.
    """
    return with_data(load_project(path), watch)


def with_data(project: Project, watch: Watch, chosen: Path | None = None) -> Opened:
    """A project and its data, at their own place or the one chosen; or what differs."""
    if project.dataset is not None:
        return Opened(project, project.dataset)
    if project.source in SAMPLES:
        return Opened(project)
    if not project.source:
        raise FileProblem(tr("The project names no data. Open another one."))
    difference = look_for(project, chosen or Path(project.source), watch)
    there = project if chosen is None else moved(project, chosen)
    if difference:
        return Opened(there, difference=difference)
    return replace(read_for(there, watch), as_saved=chosen is None)


def read_for(project: Project, watch: Watch) -> Opened:
    """A project with the data that are at its place, whatever they are.

    Raises:
        FileProblem, ValueError: they can't be read, or the run does not fit them.
    """
    examples = open_data(project.source, project.options or ReadOptions(), watch)
    if project.checkpoint is not None:
        look_at_fit(project.checkpoint, examples.d, examples.q)
    return Opened(project, examples)


def from_the_beginning(project: Project) -> Project:
    """The project without its run, for data that are not those it was made on."""
    return replace(project, checkpoint=None, history=project.history[:0], fingerprint=None)


def request_of(found: Opened) -> LoadRequest:
    """What the training thread is asked for, so that the window goes on as it was."""
    project = found.project
    start = None if project.checkpoint is None else Start(project.checkpoint, project.history)
    return LoadRequest(
        project.source, project.config, project.world, found.examples, project.options,
        project.cut, start, mixed=project.mixed,
    )  # fmt: skip


def view_of(window: MainWindow) -> dict[str, str]:
    """How the window looks, as texts."""
    return {
        "layout": window.docks.state(),
        "plots": window.plots.layout_state(),
        "unit": window.appearance.unit().value,
        "speed": str(window.speed.speed()),
        "tab": str(window.tabs.currentIndex()),
        "log_step": _said(window.commands["log_step"].isChecked()),
        "log_loss": _said(window.commands["log_loss"].isChecked()),
        "looks": window.locked.state(),
    }


def show_view(window: MainWindow, view: dict[str, str]) -> None:
    """Brings the window's look back; what is not said, or is nonsense, stays as it is."""
    window.docks.restore(view.get("layout", ""))
    if "plots" in view:
        window.plots.restore_layout(view["plots"])
    if view.get("unit") in {"nat", "bit"}:
        window.appearance.set_unit(view["unit"])
    if (speed := _speed(view.get("speed", ""))) in SPEEDS:
        window.speed.set_speed(speed)
    if view.get("tab") in {"0", "1"}:
        window.tabs.setCurrentIndex(int(view["tab"]))
    for key in ("log_step", "log_loss"):
        if view.get(key) in {"yes", "no"}:
            window.commands[key].setChecked(view[key] == "yes")
    window.locked.restore(view.get("looks", ""))


def _said(on: bool) -> str:
    return "yes" if on else "no"


def _speed(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
