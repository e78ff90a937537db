"""Tries weight decays on the training thread, in slices, while the run rests."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from softmax_gui.data.batches import training_weights
from softmax_gui.data.stored_split import SampledSplit
from softmax_gui.gui.run_config import SweepState
from softmax_gui.gui.trainer import TrainingWorker
from softmax_gui.i18n import tr
from softmax_gui.training.devices import cores
from softmax_gui.training.snapshot import RunState

if TYPE_CHECKING:
    from softmax_gui.core.optimum import Optimum
    from softmax_gui.training.sweep import SweepResult, SweepRow

    Work = Generator[tuple[SweepRow, Optimum] | None]


class SweepWorker(QObject):
    """One path of weight decays at a time; the run of the same thread pauses it by starting."""

    row_done = Signal(object)  # a SweepRow
    done = Signal(object)  # the SweepResult
    state_changed = Signal(object)  # the new SweepState
    noticed = Signal(str)  # a sentence the user should see
    failed = Signal(object)  # the exception that nobody expected
    SLICE_S = 0.010

    def __init__(self, training: TrainingWorker) -> None:
        super().__init__()  # no parent: Qt moves no child on its own
        self._training = training
        self._work: Work | None = None
        self._found: list[tuple[SweepRow, Optimum]] = []
        self._pulse = QTimer(self)
        self._pulse.timeout.connect(self._run_slice)
        training.state_changed.connect(self._give_way)
        training.data_loaded.connect(self.cancel)

    @Slot(int)
    def begin(self, folds: int) -> None:
        """Starts a path on the data at hand; `folds` 1 validates on the validation part."""
        with self._edge():
            if not self._training.has_run:
                self.noticed.emit(tr("There are no data yet. Choose a source first."))
                return
            self._training.pause()
            self._work, self._found = self._path(folds), []
            self._go(SweepState.RUNNING)

    @Slot()
    def toggle(self) -> None:
        """Pauses, or goes on."""
        if self._work is not None:
            running = self._pulse.isActive()
            if not running:
                self._training.pause()
            self._go(SweepState.PAUSED if running else SweepState.RUNNING)

    @Slot()
    def pause(self) -> None:
        """Stops between two slices; toggle() goes on."""
        if self._pulse.isActive():
            self._go(SweepState.PAUSED)

    @Slot()
    def cancel(self) -> None:
        """Forgets the path under way."""
        if self._work is not None:
            self._work = None
            self._go(SweepState.IDLE)

    @Slot(object)
    def _give_way(self, state: RunState) -> None:
        if state is RunState.RUNNING:
            self.pause()

    def _go(self, state: SweepState) -> None:
        if state is SweepState.RUNNING:
            self._pulse.start(0)
        else:
            self._pulse.stop()
        self.state_changed.emit(state)

    def _run_slice(self) -> None:
        with self._edge():
            end = time.monotonic() + self.SLICE_S
            while self._work is not None and time.monotonic() < end:
                self._take_step(self._work)

    def _take_step(self, work: Work) -> None:
        try:
            found = next(work)
        except StopIteration:
            self._work = None
            self.done.emit(self._result())
            self._go(SweepState.IDLE)
            return
        if found is not None:
            self._found.append(found)
            self.row_done.emit(found[0])

    def _path(self, folds: int) -> Work:
        from softmax_gui.training import sweep  # noqa: PLC0415 - few starts need it
        from softmax_gui.training.compiling import passes  # noqa: PLC0415 - as above

        split, config = self._training.basis()
        if isinstance(split, SampledSplit):
            text = tr("The path is that of {n:,} rows in memory; the others stay on disk.")
            self.noticed.emit(text.format(n=split.train.n))
        train, held_out, q = split.train, split.validation, split.dataset.q
        labels, truth = (p.labels if p.targets is None else p.targets for p in (train, held_out))
        # Two digits: what a button says is what is set, and can be typed again.
        decays = [float(f"{decay:.1e}") for decay in sweep.default_decays(train.X)]
        return sweep.sweep_steps(
            train.X, labels, q, decays, seed=config.seed,
            validation=(held_out.X, truth) if folds == 1 else None, folds=folds,
            sample_weight=training_weights(train, q, config.class_weight),
            label_smoothing=config.label_smoothing, tolerance=config.tolerance,
            passes=passes(float(len(decays)) * train.X.size * q, max(1, cores() - 1)),
        )  # fmt: skip

    def _result(self) -> SweepResult:
        from softmax_gui.training.sweep import SweepResult, choices  # noqa: PLC0415 - as above

        rows, models = [row for row, _ in self._found], [model for _, model in self._found]
        return SweepResult(rows, *choices(rows), models)

    @contextmanager
    def _edge(self) -> Iterator[None]:
        try:
            yield
        except (ValueError, MemoryError) as error:
            self.cancel()
            text = str(error) or tr("There is not enough memory for these data.")
            self.noticed.emit(text)
        except Exception as error:  # noqa: BLE001 - past this edge Qt would only print it
            self.cancel()
            self.failed.emit(error)
