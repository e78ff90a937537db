"""Looks at a run folder once a second, on a thread of its own: a shared disk may hang."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from softmax_gui.core.models import Dense
from softmax_gui.data.dataset import Dataset, Part, Scaling, Split, feature_names
from softmax_gui.export.model import ModelProblem, TrainedModel, unnamed_classes
from softmax_gui.export.run_reader import RunNews, RunReader, RunStatus
from softmax_gui.export.weights import load_model
from softmax_gui.files import FileProblem
from softmax_gui.i18n import tr
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import Device
from softmax_gui.training.history import COLUMNS, HistoryView
from softmax_gui.training.snapshot import Measurement, Snapshot

EVERY_S = 1.0


@dataclass(frozen=True)
class Reported(Measurement):
    """A measurement of which the counts were not told."""

    share: float = float("nan")

    @property
    def accuracy(self) -> float:
        """As it was told."""
        return self.share


@dataclass(frozen=True)
class Watched:
    """What is known of a run that somebody else makes.

    Attributes:
        split: names, shapes and scaling; it holds no rows.
        snapshot: the newest weights and every measurement.
        status: how the run stands.
        has_weights: whether it has written some; before, those of the snapshot are 0.
    """

    split: Split
    snapshot: Snapshot
    status: RunStatus
    has_weights: bool


class RunWatch(QObject):
    """Follows one run folder until it is told to stop.

    A Python thread that is a daemon: one that hangs in a call to a disk that is away can be left
    behind, a QThread would take the app with it.
    """

    told = Signal(object)  # a Watched
    refused = Signal(str)  # why the folder can't be followed

    def __init__(self, folder: Path, parent: QObject) -> None:
        super().__init__(parent)
        self.folder = folder
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="watching", daemon=True)

    def start(self) -> None:
        """Begins to look, once the signals are connected: a refusal comes at once."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread, or leaves it behind where the disk does not answer."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(0.5)

    def _follow(self) -> None:
        try:
            reader = RunReader(self.folder)
            run = _Run(self.folder.name, reader.settings())
            while not self._ended.is_set():
                self._tell(self.told, run.after(reader.poll()))
                self._ended.wait(EVERY_S)
        except (OSError, ValueError, TypeError, MemoryError) as problem:
            self._tell(self.refused, str(problem) or tr("There is not enough memory for it."))

    def _tell(self, signal: Any, what: object) -> None:
        if not self._ended.is_set():
            with suppress(RuntimeError):  # the window went in this very moment
                signal.emit(what)


class _Run:
    """Puts together what the reader finds, look by look."""

    def __init__(self, name: str, settings: dict[str, Any]) -> None:
        self._name, self._config = name, _config(settings)
        self._rows, self._generation = np.empty((0, len(COLUMNS))), 0
        d, q = max(1, int(settings.get("d", 1))), max(1, int(settings.get("q", 1)))
        self._model = Dense(np.zeros((d, q)), np.zeros(q))
        self._split = _split(name, d, unnamed_classes(q))
        self._read: tuple[Path, int] | None = None  # the weights at hand: which file, how old

    def after(self, news: RunNews) -> Watched:
        """The run with the news in it."""
        if news.restarted:
            self._rows, self._generation = news.rows, self._generation + 1
        elif len(news.rows):
            self._rows = np.concatenate([self._rows, news.rows])
        if news.weights is not None:
            self._take_weights(news.weights)
        return Watched(
            self._split, self._snapshot(news.status), news.status, self._read is not None
        )

    def _take_weights(self, path: Path) -> None:
        with suppress(OSError, ModelProblem, FileProblem):  # it was replaced: the next look has it
            mark = path, path.stat().st_mtime_ns
            if mark != self._read:
                model = load_model(path)
                self._model, self._read = model.dense, mark
                data = self._split.dataset
                if (model.class_names, model.feature_names, model.image_shape) != (
                    data.class_names, data.feature_names, data.image_shape,
                ):  # fmt: skip
                    self._split = _split_of(self._name, model)

    def _snapshot(self, status: RunStatus) -> Snapshot:
        rows = self._rows
        last = dict(zip(COLUMNS, rows[-1], strict=True)) if len(rows) else {}
        nan = float("nan")

        def measured(part: str) -> Reported:
            loss, share = last.get(f"{part}_loss", nan), last.get(f"{part}_accuracy", nan)
            return Reported(float(loss), 0, 0, float(share))

        step = int(last.get("step", 0))
        return Snapshot(
            step=max(step, status.step), examples=0,
            epoch=max(float(last.get("epoch", 0.0)), status.epoch),
            seconds=max(float(last.get("seconds", 0.0)), status.seconds),
            model=self._model, measured_at=step,
            train=measured("train"), validation=measured("validation"),
            history=HistoryView(rows, self._generation), config=self._config,
            device=Device(self._config.device, status.host, ""),
        )  # fmt: skip


def _config(settings: dict[str, Any]) -> TrainConfig:
    """The settings of the run, as far as they are understood here."""
    known = {one.name: settings[one.name] for one in fields(TrainConfig) if one.name in settings}
    config = TrainConfig()
    for name, value in known.items():
        with suppress(TypeError, ValueError):  # of a newer version
            config = replace(config, **{name: value})
    return config


def _split_of(name: str, model: TrainedModel) -> Split:
    d = model.dense.W.shape[0]
    return _split(name, d, model.class_names, model)


def _split(name: str, d: int, classes: tuple[str, ...], model: TrainedModel | None = None) -> Split:
    """Names, shapes and scaling without rows: both parts are empty."""
    scaling = Scaling.identity(d) if model is None else model.scaling
    data = Dataset(
        name=name, X=np.zeros((1, d)), labels=np.zeros(1, np.int64), class_names=classes,
        feature_names=feature_names(d) if model is None else model.feature_names,
        image_shape=None if model is None else model.image_shape,
        pixel_range=None if model is None else model.pixel_range,
    )  # fmt: skip
    none = Part(np.empty((0, d)), np.empty(0, np.int64))
    return Split(train=none, validation=none, scaling=scaling, dataset=data, seed=0)
