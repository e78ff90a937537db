"""16 weight decays in one go, beside scikit-learn's warm-started L-BFGS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from tests.bench.engine import problems
from tests.bench.engine.optimum import both_types, compared, own, prepared, sizes, spec
from tests.bench.engine.problems import Floats, Labels
from tests.bench.engine.settings import Settings
from tests.bench.engine.table import Table

DECAYS = [float(decay) for decay in np.logspace(-1, -6, 16)]
WANTED = 10.0
PEER = "scikit-learn lbfgs, warm start"
TASKS: dict[str, tuple[str, Callable[[], tuple[Floats, Labels]]]] = {
    "digits": ("digits / 16", problems.digits),
    "20000": ("correlated features, seed 0", partial(problems.embedded, 20_000, 512, 10)),
    # the peers' best case: nothing to precondition
    "20000-independent": (
        "independent features, seed 0",
        partial(problems.drawn, 20_000, 512, 10),
    ),
}


def decays(name: str, settings: Settings) -> Iterator[Table]:
    """Both to 1e-6 of the optimum at every weight decay."""
    title, data = TASKS[name]
    X, labels = problems.drawn(600, 16, 4) if settings.quick else data()
    options = prepared(X, labels, DECAYS, settings.folder / f"decays-{name}", brief=True)
    table = Table(f"decays-{name}", f"{title}, {sizes(X, labels)}, 16 weight decays from 1e-1 to"
                  " 1e-6", "seconds", str(settings.pin()))  # fmt: skip
    peers = [spec("scikit-learn", options, dtype, solver="lbfgs") for dtype in both_types(X)]
    compared(table, [("product", own(options, X)), (PEER, peers)], settings, brief=name == "digits")
    table.rows[1].wanted = WANTED
    yield table
