"""CUDA graphs: work queued once is recorded, and then started over and over by one call.

Source: the chapter CUDA Graphs of torch's CUDA semantics.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from softmax_gui.core.arrays import Array

Work: TypeAlias = Callable[[], None]
Recorder: TypeAlias = Callable[[Work, "list[Array]"], Work]
"""Takes work and the arrays it changes; returns what does that work each time it is called."""

TF32_TOLERANCE = 1e-3  # relative, of the gradient: what a step may lose by TF32's 10 bits


class CudaRecorder:
    """Records work on a CUDA device; all its graphs share their memory, since one runs at a time.

    The work must use the same arrays each time, must not wait for the device, and must not copy
    from main memory.
    """

    def __init__(self, torch: Any, device: Any) -> None:
        self._torch = torch
        # Warmed up on the very stream of the capture: libraries keep handles by stream, and to
        # make one is not allowed while a stream is recorded.
        self._stream = torch.cuda.Stream(device)
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, work: Work, changed: list[Array]) -> Work:
        """The recorded work; `changed` is as it was before."""
        cuda, stream = self._torch.cuda, self._stream
        before = [array.clone() for array in changed]
        stream.wait_stream(cuda.current_stream())
        with cuda.stream(stream):
            work()  # kernels are loaded and workspaces made, which a capture could not do
            for array, old in zip(changed, before, strict=True):
                array.copy_(old)
        cuda.current_stream().wait_stream(stream)
        graph = cuda.CUDAGraph()
        # The window's thread may use the device too: thread_local leaves it out of this.
        with cuda.graph(graph, pool=self._pool, stream=stream, capture_error_mode="thread_local"):
            work()
        replay: Work = graph.replay
        return replay


@contextmanager
def tensor_float_32(torch: Any, allowed: bool) -> Iterator[None]:
    """Lets CUDA round the factors of float32 products to 10 bits, or not, for what is queued."""
    products = torch.backends.cuda.matmul
    before = products.allow_tf32
    products.allow_tf32 = allowed
    try:
        yield
    finally:
        products.allow_tf32 = before


def keeps_with_tf32(torch: Any, gradient: Callable[[], Array]) -> bool:
    """Whether TF32 changes a gradient by no more than TF32_TOLERANCE; waits for the device."""
    with tensor_float_32(torch, False):
        exact = gradient()
    with tensor_float_32(torch, True):
        rounded = gradient()
    return float((rounded - exact).norm()) <= TF32_TOLERANCE * float(exact.norm())
