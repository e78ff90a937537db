"""A project: data, settings, examples drawn, run and layout in one file, with no code in it.

A `.softmax` file is a ZIP, its members readable with standard tools: `project.json` says all that
is no array, `run.safetensors` is a checkpoint and a weights file, `history.npy` what was measured,
`data.npz` (and `truth.npz`) small or drawn data, `drawn.npz` the drawn examples.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from softmax_gui import __version__
from softmax_gui.data.cut import Cut
from softmax_gui.data.dataset import Dataset
from softmax_gui.data.drawn import DrawnSet
from softmax_gui.data.options import ReadOptions
from softmax_gui.data.problems import said_with
from softmax_gui.data.scaling import SCALINGS
from softmax_gui.data.synthetic import World
from softmax_gui.export.model import TrainedModel
from softmax_gui.export.project_data import (
    dataset_from,
    dataset_members,
    dataset_record,
    drawn_from,
    drawn_npz,
    embeddable,
)
from softmax_gui.export.project_members import (
    PROJECT,
    damaged,
    is_project,
    read_members,
    write_members,
)
from softmax_gui.export.project_records import fitted, from_json, made, record_of, to_json
from softmax_gui.export.project_run import look_at_fit, no_history, run_from, run_members
from softmax_gui.export.project_source import (
    Fingerprint,
    fingerprint_of,
    look_for,
    moved,
    place_of,
)
from softmax_gui.files import FileProblem, shown
from softmax_gui.i18n import tr
from softmax_gui.training.checkpoint import Checkpoint
from softmax_gui.training.config import TrainConfig

__all__ = [
    "ENDING", "Fingerprint", "Project", "embeddable", "fingerprint_of", "is_project",
    "load_project", "look_at_fit", "look_for", "moved", "save_project",
]  # fmt: skip

ENDING = ".softmax"
FORMAT, VERSION = "softmax-gui project", 1


@dataclass(frozen=True, eq=False)
class Project:
    """All that is kept of one piece of work.

    Attributes:
        source: a sample's name, the absolute path of a file or folder, or "" for drawn data alone.
        config: the settings as the user made them.
        cut: shares of the parts and scaling.
        world: describes the 2x2 world.
        options: how the file is read.
        dataset: the data themselves where they go into the file, see embeddable(); else None.
        mixed: whether drawn examples are among these data, which the source then does not hold.
        fingerprint: of the file or folder that `source` names; None for a sample.
        checkpoint: the run; None where none has begun.
        history: (m, len(training.history.COLUMNS)), what was measured in it.
        drawn: the examples drawn.
        view: layout, plots, unit, speed and the like, as the window names them.
        model: what the weights of the run mean, so that the file's part is a weights file for
            other programs; None leaves that out.
    """

    source: str
    config: TrainConfig
    cut: Cut = field(default_factory=Cut)
    world: World | None = None
    options: ReadOptions | None = None
    dataset: Dataset | None = None
    mixed: bool = False
    fingerprint: Fingerprint | None = None
    checkpoint: Checkpoint | None = None
    history: np.ndarray = field(default_factory=no_history)
    drawn: DrawnSet | None = None
    view: dict[str, str] = field(default_factory=dict)
    model: TrainedModel | None = None


def save_project(path: Path, project: Project) -> None:
    """Writes a project whole or not at all.

    Raises:
        FileProblem: it could not be written; an old file of that name is as it was.
    """
    members = {} if project.dataset is None else dataset_members(project.dataset)
    if project.drawn is not None:
        members["drawn.npz"] = drawn_npz(project.drawn)
    members |= run_members(project.checkpoint, project.model, project.history)
    record = {**_record(project, path), "members": sorted(members)}
    write_members(path, {PROJECT: to_json(record), **members})


def load_project(path: Path) -> Project:
    """The project in a file; nothing in it is ever run, and no data are looked for yet.

    Data that were moved together with the project are found again, see look_for().

    Raises:
        FileProblem: it can't be read, is no project, is damaged, or a newer version wrote it.
    """
    file = shown(path.name)
    members = read_members(path)
    with said_with(file):  # too large for this machine's memory
        try:
            return _made(file, path, members)
        except FileProblem as problem:
            if str(problem).startswith(file):
                raise
            raise damaged(file, str(problem)) from problem
        except (ValueError, TypeError, OverflowError) as error:
            raise damaged(file, str(error)) from error


def _record(project: Project, path: Path) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "program": __version__,
        "source": project.source,
        "beside": _from_here(project, path),
        "fingerprint": record_of(project.fingerprint),
        "config": record_of(project.config),
        "cut": record_of(project.cut),
        "world": record_of(project.world),
        "options": record_of(project.options),
        "mixed": project.mixed,
        "dataset": None if project.dataset is None else dataset_record(project.dataset),
        "view": project.view,
    }


def _made(file: str, path: Path, members: dict[str, bytes]) -> Project:
    record = from_json(members[PROJECT])
    _look_at_version(file, record)
    if missing := {"source", "config", "cut"} - record.keys():
        raise ValueError(tr("it lacks {name}").format(name=min(missing)))
    _look_at_whole(record, members)
    embedded, fingerprint = record.get("dataset"), _maybe(Fingerprint, record, "fingerprint")
    cut = made(Cut, record["cut"])
    if cut.scaling not in SCALINGS:
        raise ValueError(tr("{name} is no scaling").format(name=shown(cut.scaling)))
    source, way = (fitted(record.get(key, ""), str, key) for key in ("source", "beside"))
    checkpoint, model, history = run_from(members)
    dataset = None if embedded is None else dataset_from(members, embedded)
    if checkpoint is not None and dataset is not None:
        look_at_fit(checkpoint, dataset.d, dataset.q)
    return Project(
        source=source if fingerprint is None else place_of(source, way, path.parent),
        config=made(TrainConfig, record["config"]),
        cut=cut,
        world=_maybe(World, record, "world"),
        options=_maybe(ReadOptions, record, "options"),
        dataset=dataset,
        mixed=fitted(record.get("mixed", False), bool, "mixed"),
        fingerprint=fingerprint,
        checkpoint=checkpoint,
        history=history,
        drawn=drawn_from(members) if "drawn.npz" in members else None,
        view=fitted(record.get("view", {}), dict[str, str], "view"),
        model=model,
    )


def _look_at_version(file: str, record: dict[str, Any]) -> None:
    version = record.get("version")
    if record.get("format") != FORMAT or type(version) is not int or version < 1:
        text = tr("{file} is no project of this program. Choose a .softmax file.")
        raise FileProblem(text.format(file=file))
    if version > VERSION:
        text = tr(
            "{file} was saved by a newer version of the program ({program}); this is {own}. "
            "Update the program to open it."
        )
        program = shown(str(record.get("program", "?")))
        raise FileProblem(text.format(file=file, program=program, own=__version__))


def _look_at_whole(record: dict[str, Any], members: dict[str, bytes]) -> None:
    """A damaged directory may leave a member out, and with it the run or the drawn examples."""
    names = record.get("members", [])
    if not isinstance(names, list) or any(name not in members for name in names):
        raise ValueError(tr("what is in it is not what was saved"))


def _maybe(kind: type[Any], record: dict[str, Any], name: str) -> Any:
    return None if record.get(name) is None else made(kind, record[name])


def _from_here(project: Project, path: Path) -> str:
    """The place of the data seen from the project's folder; "" where there is no way there."""
    if project.fingerprint is None or not project.source:
        return ""
    try:
        way = os.path.relpath(project.source, path.absolute().parent)
    except ValueError:  # another drive of Windows
        return ""
    return Path(way).as_posix()
