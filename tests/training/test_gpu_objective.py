"""The objective on a torch device: number for number that of main memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from softmax_gui.core.certificate import certify
from softmax_gui.core.newton_cg import newton_cg
from softmax_gui.core.objective import DenseObjective, finish
from softmax_gui.core.solvers import prepare
from softmax_gui.training import gpu_objective
from softmax_gui.training.gpu_blocks import DeviceBlock
from softmax_gui.training.gpu_objective import TorchObjective

torch = pytest.importorskip("torch")
N, D, Q = 211, 6, 4


def both(
    kind: str = "hard", dtype: str = "float64", decay: float = 1e-3, **options: Any
) -> tuple[TorchObjective, DenseObjective]:
    """The same F on the device and in main memory."""
    random = np.random.default_rng(5)
    X = (random.normal(size=(N, D)) * [1, 2, 3, 1, 1, 0.1] + 1.5).astype(dtype)
    targets: Any = (X @ random.normal(size=(D, Q)) + random.gumbel(size=(N, Q))).argmax(1)
    weights = np.where(random.random(N) < 0.1, 0.0, random.random(N)) if "weights" in kind else None
    if "soft" in kind:
        targets = random.dirichlet(np.ones(Q), size=N)
    eps = 0.1 if "smooth" in kind else 0.0
    there = TorchObjective(X, targets, Q, decay, weights, eps, device="cpu", **options)
    return there, DenseObjective(X, targets, Q, decay, weights, eps)


KINDS = ["hard", "hard weights", "hard smooth weights", "soft", "soft weights"]


@pytest.mark.parametrize("blocks", [1, 7])
@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_that_each_pass_adds_up_the_same_numbers(
    monkeypatch: pytest.MonkeyPatch, kind: str, kept: bool, blocks: int
) -> None:
    monkeypatch.setattr(gpu_objective, "BLOCK_ENTRIES", D * -(-N // blocks))
    monkeypatch.setattr(gpu_objective, "QUEUED_BLOCKS", 2)
    if not kept:
        monkeypatch.setattr(gpu_objective, "KEPT", 0)
    mine, theirs = both(kind)
    assert len(mine._blocks) == blocks
    random = np.random.default_rng(6)
    theta, V = (random.normal(size=(D + 1, Q)) for _ in range(2))
    calls: list[Callable[[DenseObjective], Any]] = [
        lambda F: F.value_and_gradient(theta),
        lambda F: F.curvature_product(V),
        lambda F: F.gram(),
        lambda F: F.gram(50),
        lambda F: F.first_moments(),
        lambda F: F.second_moments(),
        lambda F: F.least_curvature(),
        lambda F: F.longest_rows(V.T.copy(), V.T[:2].copy()),
        lambda F: F.separated(theta),
    ]
    for call in calls:
        one, other = finish(call(mine)), finish(call(theirs))
        if not isinstance(one, tuple):
            one, other = (one,), (other,)
        for a, b in zip(one, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
    assert mine.with_decay(0.5).weight_decay == 0.5
    assert finish(mine.with_decay(0.5).value_and_gradient(theta))[0] == pytest.approx(
        finish(theirs.with_decay(0.5).value_and_gradient(theta))[0], rel=1e-12
    )


@pytest.mark.parametrize("kind", KINDS)
def test_that_a_bias_is_settled_where_main_memory_settles_it(kind: str) -> None:
    mine, theirs = both(kind)
    theta = np.random.default_rng(7).normal(size=(D + 1, Q)) * 0.3
    targets = finish(theirs.first_moments())[-1, :-1]
    one: Any = finish(mine.settled(theta, targets))
    other: Any = finish(theirs.settled(theta, targets))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["hard", "soft weights"])
def test_that_the_solvers_find_the_same_optimum_on_it(dtype: str, kind: str) -> None:
    found = []
    for F in both(kind, dtype):
        setup = finish(prepare(F))
        last = finish(newton_cg(F, np.zeros((D + 1, Q)), tolerance=1e-7, setup=setup))
        found.append(finish(certify(F, last.theta, setup.anchor, 1e-6)))
    assert found[0].verdict == found[1].verdict == "optimum"
    assert found[0].loss == pytest.approx(found[1].loss, rel=1e-6)


def test_that_float32_rows_are_widened_for_the_last_digits_and_narrowed_for_speed() -> None:
    mine, theirs = both(dtype="float32")
    theta = np.random.default_rng(8).normal(size=(D + 1, Q))
    assert not mine.is_wide
    assert mine.widened().is_wide
    a, b = (finish(F.widened().value_and_gradient(theta)) for F in (mine, theirs))
    assert a[0] == pytest.approx(b[0], rel=1e-13)
    np.testing.assert_allclose(a[1], b[1], rtol=1e-11, atol=1e-13)
    wide, _ = both(dtype="float64")
    narrow = wide.narrowed()
    assert not narrow.is_wide
    assert narrow.widened().X is wide.X
    assert finish(narrow.value_and_gradient(theta))[0] == pytest.approx(
        finish(wide.value_and_gradient(theta))[0], rel=1e-5
    )


def test_that_tensors_are_taken_as_they_are() -> None:
    X, labels = torch.randn(20, D), torch.randint(0, Q, (20,))
    F = TorchObjective(X, labels, Q)
    assert F.X is X
    assert F.dtype == np.float32
    loss, gradient = finish(F.value_and_gradient(np.zeros((D + 1, Q))))
    assert loss == pytest.approx(np.log(Q), rel=1e-6)
    assert gradient.shape == (D + 1, Q)


def test_that_a_pass_can_be_left_after_each_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_objective, "BLOCK_ENTRIES", D * 50)
    mine, _ = both()
    assert len(list(mine.value_and_gradient(np.zeros((D + 1, Q))))) == 5


def test_that_where_there_is_no_float64_main_memory_widens() -> None:
    mine, theirs = both(dtype="float32")
    mine._scratch.wide = torch.float32  # as Apple's GPU has it
    theta = np.random.default_rng(9).normal(size=(D + 1, Q))
    wide = mine.widened()
    assert not isinstance(wide, TorchObjective)
    assert wide.is_wide
    assert finish(wide.value_and_gradient(theta))[0] == pytest.approx(
        finish(theirs.widened().value_and_gradient(theta))[0], rel=1e-13
    )


def test_that_tf32_is_allowed_for_curvature_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, bool] = {}
    for name in ("queued_gradient", "queued_curvature"):
        whole = getattr(DeviceBlock, name)

        def look(self: Any, *a: Any, name: str = name, whole: Any = whole) -> Any:
            seen[name] = torch.backends.cuda.matmul.allow_tf32
            return whole(self, *a)

        monkeypatch.setattr(DeviceBlock, name, look)
    mine, _ = both(dtype="float32", tf32=True)
    theta = np.zeros((D + 1, Q))
    finish(mine.value_and_gradient(theta))
    finish(mine.curvature_product(theta))
    assert seen == {"queued_gradient": False, "queued_curvature": True}
    assert not torch.backends.cuda.matmul.allow_tf32
