"""What a pass over the rows costs a rank, and what the ranks send each other for it.

python -m torch.distributed.run --standalone --nproc-per-node=2 -m tests.bench.ranks

Prints one JSON object: from these figures softmax_gui/README.md estimates runs of any size.
"""

from __future__ import annotations

import json
import statistics
import time
from typing import Any

import numpy as np

from softmax_gui.core.objective import DenseObjective, finish
from softmax_gui.training.distributed import Ranks, join

D, Q, ROWS, REPEATS = 1024, 1000, 4096, 5


def main() -> None:
    """Measures, and lets rank 0 print."""
    ranks = join("numpy")
    try:
        result = measure(ranks)
        if ranks.rank == 0:
            print(json.dumps(result))
    finally:
        ranks.leave()


def measure(ranks: Ranks) -> dict[str, Any]:
    """Seconds of a gradient pass, of a curvature product, and of the sum over the ranks alone."""
    random = np.random.default_rng(ranks.rank)
    X = random.normal(size=(ROWS, D)).astype(np.float32)
    labels = random.integers(0, Q, ROWS)
    exchanged = 0

    def total(array: np.ndarray) -> np.ndarray:
        nonlocal exchanged
        exchanged += array.nbytes
        return ranks.total(array)

    objective = DenseObjective(X, labels, Q, 1e-3, total=total)
    theta = np.zeros((D + 1, Q))
    finish(objective.value_and_gradient(theta))
    exchanged = 0
    gradient = _median(lambda: finish(objective.value_and_gradient(theta)))
    sent = exchanged // REPEATS
    product = _median(lambda: finish(objective.curvature_product(theta + 1e-3)))
    alone = _median(lambda: ranks.total(np.zeros((D + 1, Q))))
    return {
        "ranks": ranks.size, "rows_a_rank": ROWS, "d": D, "q": Q,
        "gradient_s": gradient, "product_s": product, "bytes_a_pass": sent, "sum_s": alone,
        "gflop_s_a_rank": 4.0 * ROWS * D * Q / (gradient - alone) / 1e9,
    }  # fmt: skip


def _median(work: Any) -> float:
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


if __name__ == "__main__":
    main()
