"""The rows of a part for a torch device: all of them there, or sent from main memory in blocks.

A row is [x, 1, 0, ..., 0], so that one product takes care of weights and bias; it is as long as a
whole number of ALIGNED entries, so that each minibatch begins where the fastest kernels want it.
Row n is all zeros and fills up short minibatches: it counts nothing anywhere.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from softmax_gui.core.arrays import Array
from softmax_gui.core.losses import smoothed
from softmax_gui.data.dataset import Part
from softmax_gui.training.devices import TorchBackend

ALIGNED = 16  # entries: 64 bytes of float32
UPLOAD_BYTES = 2**26  # of a block on its way to the device
ROOM = 0.9  # of the free memory, which the data may take


def width(d: int) -> int:
    """Entries of a row on the device: d, one for the bias, and zeros to a whole number."""
    return -(-(d + 1) // ALIGNED) * ALIGNED


class Features(Protocol):
    """X of a part, (n + 1, width(d)).

    Attributes:
        by_host: whether `take` wants its rows in main memory.
    """

    by_host: bool

    def take(self, rows: Array, out: Array) -> None:
        """Puts X[rows] into `out`, in the order of the device's work; does not wait for it."""

    def block(self, start: int, stop: int) -> Array:
        """Rows start to stop on the device, until the next block is asked for."""


class Resident:
    """X on the device.

    Raises:
        torch.OutOfMemoryError: it does not fit.
    """

    by_host = False

    def __init__(self, X: np.ndarray, backend: TorchBackend) -> None:
        n, d = X.shape
        look_for_room(backend, (n + 1) * width(d))
        self._torch = backend.torch
        self.X = backend.torch.empty(n + 1, width(d), dtype=backend.dtype, device=backend.device)
        self.X[:n, d], self.X[:n, d + 1 :], self.X[n] = 1.0, 0.0, 0.0
        step = max(1, UPLOAD_BYTES // (8 * d))
        for start in range(0, n, step):
            rows = slice(start, min(start + step, n))
            self.X[rows, :d] = backend.array(X[rows])

    def take(self, rows: Array, out: Array) -> None:
        """Gathers on the device."""
        self._torch.index_select(self.X, 0, rows, out=out)

    def block(self, start: int, stop: int) -> Array:
        """A view."""
        return self.X[start:stop]


class Streamed:
    """X in main memory; a block is gathered and sent while the device works on the one before.

    Two lanes take turns. The data themselves are not pinned for the device: that memory would be
    missing elsewhere.
    """

    by_host = True

    def __init__(self, X: np.ndarray, backend: TorchBackend) -> None:
        self._X, self._backend, self._turn = X, backend, 0
        self._lanes: list[_Lane] = []
        self._stream = backend.torch.cuda.Stream(backend.device) if _on_cuda(backend) else None

    def take(self, rows: Array, out: Array) -> None:
        """Gathers in main memory and sends; waits only until the lane's block before has left."""
        out.copy_(self._send(rows))

    def block(self, start: int, stop: int) -> Array:
        """A copy."""
        return self._send(np.arange(start, stop))

    def _send(self, rows: np.ndarray) -> Array:
        if not self._lanes or self._lanes[0].rows < len(rows):
            self._make_lanes(len(rows))
        self._lanes[self._turn].release()  # all that was queued since it was sent has used it
        self._turn = 1 - self._turn
        return self._lanes[self._turn].send(self._X, rows)

    def _make_lanes(self, rows: int) -> None:
        if self._lanes and self._stream is not None:
            self._backend.torch.cuda.synchronize(self._backend.device)
        self._lanes = []  # first: the new ones may need their room
        shape, stream = (rows, self._X.shape[1]), self._stream
        for _ in range(2):
            self._lanes.append(
                _Lane(*shape, self._backend)
                if stream is None
                else _CudaLane(*shape, self._backend, stream)
            )


class _Lane:
    """A block in main memory and its copy on the device."""

    def __init__(self, rows: int, d: int, backend: TorchBackend, pinned: bool = False) -> None:
        torch, self.rows = backend.torch, rows
        self._here = torch.zeros(rows, width(d), dtype=backend.dtype, pin_memory=pinned)
        self._there = torch.empty(rows, width(d), dtype=backend.dtype, device=backend.device)

    def send(self, X: np.ndarray, rows: np.ndarray) -> Array:
        """X[rows] on the device, for the work queued from now on."""
        here, there = self._here[: len(rows)], self._there[: len(rows)]
        self.wait()
        (n, d), block, real = X.shape, here.numpy(), rows < len(X)
        block[:, :d] = X[np.minimum(rows, n - 1)]
        block[:, d] = real
        block[~real] = 0.0
        self.copy(here, there)
        return there

    def wait(self) -> None:
        """Until the block in main memory may be written to."""

    def copy(self, here: Array, there: Array) -> None:
        """Sends the block, ahead of the work queued from now on."""
        there.copy_(here)

    def release(self) -> None:
        """What is queued until now is all that uses the block on the device."""


class _CudaLane(_Lane):
    """A pinned block that is sent on a stream of its own, and who has done with which copy."""

    def __init__(self, rows: int, d: int, backend: TorchBackend, stream: Any) -> None:
        super().__init__(rows, d, backend, pinned=True)
        self._cuda, self._stream = backend.torch.cuda, stream
        self._sent, self._used = self._cuda.Event(), self._cuda.Event()

    def wait(self) -> None:
        self._sent.synchronize()

    def copy(self, here: Array, there: Array) -> None:
        with self._cuda.stream(self._stream):
            self._stream.wait_event(self._used)
            there.copy_(here, non_blocking=True)
            self._sent.record()
        self._cuda.current_stream().wait_event(self._sent)

    def release(self) -> None:
        self._used.record()


class Targets:
    """What the rows of a part are held to, and how much each counts; entry n of each is nothing.

    Attributes:
        labels: (n + 1,) int64; q, which no class is, at row n.
        weights: (n + 1,) or None.
    """

    def __init__(
        self,
        part: Part,
        q: int,
        weights: np.ndarray | None,
        smoothing: float,
        backend: TorchBackend,
    ) -> None:
        self._torch, self._soft = backend.torch, part.targets is not None
        self.labels = backend.array(np.append(part.labels, q))
        known = np.eye(q) if part.targets is None else part.targets
        # For hard labels a table by label, for soft ones a row for each example.
        self._table = backend.array(np.vstack([smoothed(known, smoothing), np.zeros(q)]))
        self.weights = None if weights is None else backend.array(np.append(weights, 0.0))

    def take(self, rows: Array, labels: Array, targets: Array, scale: Array) -> None:
        """Puts labels (r,), targets (r, q) and scale (r,), a row's weight or 1, where wanted."""
        select = self._torch.index_select
        select(self.labels, 0, rows, out=labels)
        select(self._table, 0, rows if self._soft else labels, out=targets)
        if self.weights is not None:
            select(self.weights, 0, rows, out=scale)
        else:
            scale.fill_(1.0)

    def spread(self, rows: Array, labels: Array, targets: Array, scale: Array) -> None:
        """As `take`, but each row at its own place, and nothing at the others; all n + 1 long."""
        torch = self._torch
        counted = torch.ones_like(scale) if self.weights is None else self.weights
        # At row n, which fills up short minibatches, X is 0: whatever it counts, it adds nothing.
        labels.fill_(targets.shape[1]).index_copy_(0, rows, self.labels[rows])
        scale.zero_().index_copy_(0, rows, counted[rows])
        targets.copy_(self._table if self._soft else self._table[self.labels])

    def block(self, start: int, stop: int) -> tuple[Array, Array]:
        """Labels and targets of rows start to stop."""
        labels = self.labels[start:stop]
        return labels, self._table[start:stop] if self._soft else self._table[labels]


def look_for_room(backend: TorchBackend, entries: int) -> None:
    """Says no before the driver would move other memory out of the way, as it does on Windows.

    Raises:
        torch.OutOfMemoryError: so many entries would leave too little.
    """
    if not _on_cuda(backend):
        return
    torch = backend.torch
    wanted = entries * backend.dtype.itemsize
    free = torch.cuda.mem_get_info(backend.device)[0]
    kept = torch.cuda.memory_reserved(backend.device) - torch.cuda.memory_allocated(backend.device)
    if wanted > ROOM * (free + kept):
        text = f"{wanted / 2**30:.2f} GiB are wanted, {free / 2**30:.2f} GiB are free."
        raise torch.OutOfMemoryError(text)


def _on_cuda(backend: TorchBackend) -> bool:
    return bool(backend.device.type == "cuda")
