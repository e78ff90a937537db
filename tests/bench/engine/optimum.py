"""Time to 1e-6 of the optimum: the product beside scikit-learn's solvers and torch's L-BFGS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

from tests.bench.engine import problems, reference
from tests.bench.engine.contender import Contender, interleave
from tests.bench.engine.problems import Floats, Labels
from tests.bench.engine.settings import Settings
from tests.bench.engine.table import Row, Table, ahead, of_contender

SKLEARN = ("lbfgs", "newton-cg", "newton-cholesky", "saga")
HISTORIES = (10, 100)
SLACK_S = 15.0  # beyond the limit of one run: starting, reading the data, judging the result


@dataclass(frozen=True)
class Task:
    """One problem: its data, full and for a quick look, and what the product has to reach."""

    title: str  # without the sizes
    data: Callable[[], tuple[Floats, Labels]]
    small: Callable[[], tuple[Floats, Labels]]
    wanted: float
    torch_too: bool  # the goal holds against torch.optim.LBFGS, too
    brief: bool  # solved in well under a second: seven rounds, and a finer search


TASKS = {
    "digits": Task("digits / 16", problems.digits, problems.digits,
                   4.0, torch_too=False, brief=True),
    "mnist": Task("low rank plus noise, pixel-like scales, seed 0",
                  problems.pixel_like, partial(problems.pixel_like, 600, 60, 4),
                  40.0, torch_too=True, brief=False),
    "embeddings": Task("features with eigenvalues 1, 1/2, 1/3, ..., seed 0",
                       partial(problems.embedded, 200_000, 512, 100),
                       partial(problems.embedded, 2000, 32, 5), 10.0, torch_too=False, brief=False),
    # The peers' best case: nothing to precondition.
    "embeddings-independent": Task("independent features, seed 0",
                                   partial(problems.drawn, 200_000, 512, 100),
                                   partial(problems.drawn, 2000, 32, 5),
                                   10.0, torch_too=False, brief=False),
}  # fmt: skip


def solvers(name: str, settings: Settings) -> Iterator[Table]:
    """Everybody searches a setting that ends within 1e-6, then all run in turn."""
    task = TASKS[name]
    X, labels = (task.small if settings.quick else task.data)()
    options = prepared(X, labels, [1 / len(X)], settings.folder / f"optimum-{name}", task.brief)
    table = Table(f"optimum-{name}", f"{task.title}, {sizes(X, labels)}, C = 1", "seconds",
                  str(settings.pin()))  # fmt: skip
    peers = [(title, specs) for title, specs in _peers(options, X)
             if not settings.peers or title.startswith(settings.peers)]  # fmt: skip
    found = compared(table, [("product", own(options, X)), *peers], settings, task.brief)
    table.rows += list(_fastest(task, found, table.rows))  # it reads the rows
    yield table


def prepared(
    X: Floats, labels: Labels, decays: list[float], folder: Any, brief: bool
) -> dict[str, Any]:
    """Stores the data and finds F* for each weight decay, from large to small."""
    problem = reference.Problem(X, labels, int(labels.max()) + 1, decays[0])
    found: list[reference.Optimum] = []
    for decay in decays:
        start = found[-1].theta if found else None
        found.append(reference.find(problem.with_decay(decay), start))
    return {
        "folder": problems.store(folder, X, labels), "decays": decays,
        "best": [optimum.value for optimum in found], "halves": 3 if brief else 2,
        "promise": max(optimum.promise / optimum.value for optimum in found),
    }  # fmt: skip


def compared(
    table: Table, wishes: list[tuple[str, list[dict[str, Any]]]], settings: Settings, brief: bool
) -> list[Contender]:
    """Searches, runs in turn, and fills the table; the first wish is the product's."""
    found: list[Contender] = []
    rounds = settings.rounds if brief or settings.quick else settings.slow_rounds
    try:
        for title, specs in wishes:
            found.append(_searched(title, specs, settings))
        interleave(found, rounds, 2 * settings.limit_s + SLACK_S)  # once it was within
    finally:
        for contender in found:
            contender.close()
    options = wishes[0][1][0]
    table.note = (
        f"F* by Newton in float64 ({', '.join(f'{best:.9g}' for best in options['best'][:3])}"
        f"{', ...' if len(options['best']) > 3 else ''}), of which at most"
        f" {options['promise']:.0e} is left; one run may take {settings.limit_s:g} s"
    )
    table.rows = [_row(found[0], contender, settings) for contender in found]
    return found


def spec(way: str, options: dict[str, Any], dtype: str, **more: Any) -> dict[str, Any]:
    """What solvers.make() is told."""
    return {**options, "way": way, "dtype": dtype, **more}


def both_types(X: Floats) -> tuple[str, str]:
    """The type the data come in, and the other: the fastest of a peer's counts."""
    return ("float32", "float64") if X.dtype.itemsize == 4 else ("float64", "float32")


def sizes(X: Floats, labels: Labels) -> str:
    """n x d x q."""
    return f"{len(X):,} x {X.shape[1]} x {int(labels.max()) + 1}"


def own(options: dict[str, Any], X: Floats) -> list[dict[str, Any]]:
    """The product's variants: as each peer, it is given the data in both types."""
    return [spec("product", options, dtype) for dtype in both_types(X)]


def _peers(options: dict[str, Any], X: Floats) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Each peer with the variants among which the fastest counts."""
    types = both_types(X)
    for solver in SKLEARN:
        specs = [spec("scikit-learn", options, dtype, solver=solver) for dtype in types]
        yield f"scikit-learn {solver}", specs
    yield "torch.optim.LBFGS", [
        spec("torch", options, dtype, history=history)
        for dtype in types for history in HISTORIES
    ]  # fmt: skip


def _searched(title: str, specs: list[dict[str, Any]], settings: Settings) -> Contender:
    """The variant of a contender that gets there fastest, kept alive; all tries are told."""
    best: Contender | None = None
    tried: list[dict[str, Any]] = []
    failed: list[str] = []
    for wish in specs:
        contender = Contender(title, "solvers", wish, settings.pin())
        contender.start(settings.limit_s + SLACK_S)
        tried += [{"dtype": wish["dtype"], **step} for step in contender.progress]
        if contender.note:
            failed.append(f"{wish['dtype']}: {contender.note}")
        if best is None or _better(contender, best):
            contender, best = best or contender, contender
        if contender is not best:
            contender.close()
    assert best is not None
    best.report = {**best.report, "dtype": best.options["dtype"], "tried": tried, "failed": failed}
    return best


def _better(one: Contender, other: Contender) -> bool:
    if one.note or other.note:
        return not one.note
    return bool(one.report["best_s"] < other.report["best_s"])


def _row(product: Contender, contender: Contender, settings: Settings) -> Row:
    """A peer that did not get there gives a bound: the limit over the product's time."""
    own = contender is product
    row = of_contender(contender, [] if own else ahead(product, contender))
    if contender.answers:
        above = max(answer["above"] for answer in contender.answers)
        setting = f"{contender.report['dtype']}, {contender.report['setting']}"
        row.note = f"{setting}, {above:.1e} above F*"
        return row
    tried = contender.report.get("tried", [])
    if tried:
        closest = min(tried, key=lambda step: float(step["above"]))
        row.note += f"; closest {closest['above']:.1e} in {closest['seconds']:.3g} s"
    if not own and contender.note.startswith("not reached") and product.answers:
        ours = median(answer["value"] for answer in product.answers)
        row.ratios, row.bound = [settings.limit_s / ours], True
    return row


def _fastest(task: Task, found: list[Contender], rows: list[Row]) -> Iterator[Row]:
    """What the goal is held against: the fastest of scikit-learn's, and torch's where asked."""
    groups = {"the fastest of scikit-learn": "scikit-learn"}
    groups |= {"torch.optim.LBFGS": "torch"} if task.torch_too else {}
    for title, prefix in groups.items():
        group = [row for contender, row in zip(found, rows, strict=True)
                 if contender.name.startswith(prefix) and row.ratios]  # fmt: skip
        if not group:
            yield Row(f"against {title}", wanted=task.wanted)
            continue
        # One that got there; if none did, the bound holds for all of them.
        there = [row for row in group if not row.bound] or group
        nearest = min(there, key=lambda row: median(row.ratios))
        yield Row(f"against {title}", [], nearest.ratios, task.wanted, bound=nearest.bound,
                  note=nearest.name)  # fmt: skip
