"""Minibatch training by torch, with everything on the device and hardly a word with it.

A call of `run` queues chunks of many steps and waits once, at its end. On CUDA a chunk is a graph
that was recorded before; elsewhere the same function runs as it is. What fits the device lies on
it; what does not is sent to it in blocks, ahead of the work.

Shared with torch and its streams: one thread at a time, as a session has it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

from softmax_gui.core.arrays import Array
from softmax_gui.data.batches import training_weights
from softmax_gui.data.dataset import Split
from softmax_gui.i18n import tr
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.devices import TorchBackend
from softmax_gui.training.engine import Engine, ParameterState, Progress
from softmax_gui.training.gpu_graph import (
    CudaRecorder,
    Recorder,
    Work,
    keeps_with_tf32,
    tensor_float_32,
)
from softmax_gui.training.gpu_order import Schedule
from softmax_gui.training.gpu_rows import Features, Resident, Streamed, Targets
from softmax_gui.training.gpu_step import Chunk, Form, Trained, Tuning, chunk_steps, largest
from softmax_gui.training.snapshot import Measurement

SLICE_S = 0.010  # of work queued at most where somebody waits: it can't be called back
GUESSED_RATE = 2e11  # multiply-adds a second, before the first call has told
LAUNCH_S = 50e-6  # a step takes at least, before the first call has told
GRAPH_STEPS, EAGER_STEPS = 64, 16  # a chunk at most
CHUNK_BYTES, STREAMED_BYTES = 2**25, 2**23  # of a chunk, unless one step needs more
MEASURED_ENTRIES = 2**24  # of the logits of a block


class TorchEngine(Engine):
    """Steps and measurements on one torch device: cuda, mps or cpu.

    Args:
        split: the rows; they stay in main memory as they are.
        backend: the device and the type.
        config: its optimizer, smoothing and class weights are those of the engine's whole life.
        allow_tf32: whether float32 products on CUDA may round their factors to 10 bits, if the
            gradient of the first minibatch keeps three digits. Off, as results are compared.
        recorder: makes what makes graphs; None takes CUDA's own where there is CUDA.

    Attributes:
        notice: what the user must hear of the device; empty when all is well.
        streams: whether the rows are sent to the device block by block.

    Raises:
        torch.OutOfMemoryError: the device is too small even for a block.
    """

    def __init__(
        self,
        split: Split,
        backend: TorchBackend,
        config: TrainConfig,
        *,
        allow_tf32: bool = False,
        recorder: Callable[[], Recorder] | None = None,
    ) -> None:
        self._backend, self._config = backend, config  # as Engine has them
        self._place, self._torch = backend, backend.torch
        self._works: dict[tuple[Form, int], Work] = {}
        self._batch_size, self._seconds_a_step = 0, 0.0
        cuda = backend.device.type == "cuda"
        if recorder is None and cuda:
            recorder = partial(CudaRecorder, self._torch, backend.device)
        self._recorder = recorder
        self._tf32: bool | None = None if allow_tf32 and cuda else False  # None: not looked at yet
        self.notice, self.streams = "", False
        try:
            self._put(split, config)
        except self._torch.OutOfMemoryError:
            self.streams = True
        if self.streams:  # outside the except block: its traceback holds what fills the device
            self._free()
            self._put(split, config)
            self.notice = tr(
                "The data do not fit into the memory of the GPU: they are sent to it in blocks"
                " from main memory, which is slower."
            )
        self.load(ParameterState.zeros(split.dataset.d, split.dataset.q))

    def load(self, state: ParameterState) -> None:
        """Copies parameters into place, and the slots if they are this optimizer's."""
        view = self._trained.view()
        kept = state.slots if state.slots.keys() == view.slots.keys() else {}
        for name, array in (view.parameters | view.slots).items():
            given = {"W": state.W, "b": state.b}.get(name, kept.get(name))
            if given is None:
                array.zero_()
            else:
                array.copy_(self._backend.array(given))
        view.step = state.steps if kept else 0
        self._trained.count.fill_(view.step)
        self._state = view

    def run(self, at: int, steps: int, config: TrainConfig, deadline: float) -> Progress:
        """Minibatches from the training example `at` on, which counts through all epochs.

        Makes at most `steps`, at least 1; and where there is a deadline so few that they end with
        it, as the calls before have told.
        """
        chunk, form = self._chunk_for(config), Form.of(config)
        allowed = self._allowed(steps, deadline, config)
        losses = self._trained.theta.new_empty(allowed)
        self._trained.hits.zero_()
        started, done, seen = time.perf_counter(), 0, 0
        while done < allowed:
            schedule, step = self._schedule(config.seed, at + seen, self._batch_size)
            count = min(allowed - done, schedule.steps - step, chunk.steps)
            count = count if self._recorder is None else largest(count)
            self._fill(chunk, schedule, step, count)
            started += self._prepared(chunk, form, count)
            self._works[form, count]()
            losses[done : done + count].copy_(chunk.losses[:count])
            seen += schedule.examples(step, count)
            done += count
            time.sleep(0)  # see engine.YIELD_S
        values = self._backend.numpy(losses)  # waits
        self._seconds_a_step = (time.perf_counter() - started) / done
        self._state.step += done
        return Progress(seen, values, int(self._trained.hits))

    def measure(self, part: str) -> Measurement:
        """Mean loss and correct predictions on all of "train" or "validation", plain and simple."""
        X, truth, total = self._parts[part]
        D, q = self._trained.theta.shape
        step = max(1, (STREAMED_BYTES // (8 * D)) if self.streams else MEASURED_ENTRIES // q)
        losses, hits = self._trained.count.new_zeros(()), self._trained.hits.new_zeros(())
        for start in range(0, total, step):
            stop = min(start + step, total)
            labels, targets = truth.block(start, stop)
            logits = X.block(start, stop) @ self._trained.theta
            log_p = self._torch.log_softmax(logits, 1)
            losses -= (log_p * targets).sum(1).sum(dtype=losses.dtype)
            hits += (logits.argmax(1) == labels).sum()
        loss = float(losses) / total if total else float("nan")
        return Measurement(loss, int(hits), total)

    # -- what is on the device ---------------------------------------------------------------------

    def _put(self, split: Split, config: TrainConfig) -> None:
        """Data, parameters and the chunk of the config's batch size, so that a lack shows now."""
        backend, d, q = self._place, split.dataset.d, split.dataset.q
        features: type[Streamed | Resident] = Streamed if self.streams else Resident
        weights = training_weights(split.train, q, config.class_weight)
        self._trained = Trained(d, q, config.optimizer, backend)
        self._tuning = Tuning(self._trained)
        self._features: Features = features(split.train.X, backend)
        self._truth = Targets(split.train, q, weights, config.label_smoothing, backend)
        validation: Features = features(split.validation.X, backend)
        plain = self._truth
        if config.label_smoothing:
            plain = Targets(split.train, q, None, 0.0, backend)
        held_out = Targets(split.validation, q, None, 0.0, backend)
        self._parts: dict[str, tuple[Features, Targets, int]] = {
            "train": (self._features, plain, split.train.n),
            "validation": (validation, held_out, split.validation.n),
        }
        self.n = split.train.n
        self._plan: Schedule | None = None
        self._chunk: Chunk | None = None
        self._chunk_for(config)

    def _free(self) -> None:
        for name in ("_trained", "_tuning", "_features", "_truth", "_parts", "_plan", "_chunk"):
            self.__dict__.pop(name, None)
        if self._place.device.type == "cuda":
            self._torch.cuda.empty_cache()

    def _chunk_for(self, config: TrainConfig) -> Chunk:
        """The chunk for this batch size, settings in force; a new one forgets the graphs."""
        self._tuning.set(config)
        batch_size = min(config.batch_size, self.n)
        if self._chunk is None or self._batch_size != batch_size:
            self._chunk, self._works, self._seconds_a_step = None, {}, 0.0
            self._record = None if self._recorder is None else self._recorder()
            self._batch_size = batch_size
            self._chunk = self._new_chunk(batch_size)
        return self._chunk

    def _new_chunk(self, batch_size: int) -> Chunk:
        D, q = self._trained.theta.shape
        size = self._place.dtype.itemsize
        most = EAGER_STEPS if self._recorder is None else GRAPH_STEPS
        limit = STREAMED_BYTES if self.streams else CHUNK_BYTES
        args = self._trained, self._tuning
        if batch_size == self.n and batch_size * D * size > limit and not self.streams:
            X: Any = self._parts["train"][0].block(0, self.n + 1)  # all rows: no copy of them
            return Chunk(*args, self.n + 1, 1, self._torch, X)
        steps = chunk_steps(batch_size, q, D, size, most, limit)
        return Chunk(*args, batch_size, steps, self._torch)

    def _schedule(self, seed: int, at: int, batch_size: int) -> tuple[Schedule, int]:
        """A plan that knows the step beginning with the example `at`, and that step."""
        step = None if self._plan is None else self._plan.step_at(seed, at, batch_size)
        if self._plan is None or step is None:
            self._plan, step = None, 0  # first: two would need twice the room
            like, host = self._trained.theta, self._features.by_host
            make = partial(Schedule.of, self._torch, self.n, seed, at, batch_size, like)
            try:
                self._plan = make(host)
            except self._torch.OutOfMemoryError:  # it takes some 100 bytes a row to make one
                host = True
            self._plan = self._plan or make(host)
        return self._plan, step

    def _fill(self, chunk: Chunk, schedule: Schedule, step: int, count: int) -> None:
        """Puts the rows of these steps where the chunk's work looks for them."""
        B, steps = schedule.batch_size, slice(step, step + count)
        these, rows = slice(step * B, (step + count) * B), slice(0, count * B)
        if chunk.batch_size > B:
            self._truth.spread(schedule.rows[these], chunk.labels, chunk.targets, chunk.scale)
            chunk.scale.mul_(schedule.share[step])
            return
        wanted = schedule.host if self._features.by_host else schedule.rows
        self._features.take(wanted[these], chunk.X[rows])
        scale = chunk.scale[rows]
        self._truth.take(schedule.rows[these], chunk.labels[rows], chunk.targets[rows], scale)
        scale.view(count, B).mul_(schedule.share[steps, None])

    # -- the work ----------------------------------------------------------------------------------

    def _prepared(self, chunk: Chunk, form: Form, count: int) -> float:
        """Makes the work of so many steps ready; returns the seconds that took."""
        if (form, count) in self._works:
            return 0.0
        started = time.perf_counter()
        work: Work = partial(chunk.run, count, form)  # no word of self: a circle would hold memory
        if self._record is not None:
            with self._precision(chunk.gradient):
                work = self._record(work, self._trained.arrays)
        self._works[form, count] = work
        return time.perf_counter() - started

    def _precision(self, gradient: Callable[[], Array]) -> AbstractContextManager[None]:
        if self._place.device.type != "cuda" or self._torch.float32 != self._place.dtype:
            return nullcontext()
        if self._tf32 is None:
            self._tf32 = keeps_with_tf32(self._torch, gradient)
        return tensor_float_32(self._torch, self._tf32)

    def _allowed(self, steps: int, deadline: float, config: TrainConfig) -> int:
        """How many steps may be queued before the device is waited for."""
        if math.isinf(deadline):
            return steps
        work = min(config.batch_size, self.n) * self._trained.theta.numel()
        a_step = self._seconds_a_step or LAUNCH_S + work / GUESSED_RATE
        left = min(SLICE_S, deadline - self.now())
        return max(1, min(steps, int(left / a_step)))
