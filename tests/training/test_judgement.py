"""A part is judged as the curves judge theirs, block by block, soft labels as such."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import pytest

from softmax_gui.core.dense import Dense
from softmax_gui.core.losses import cross_entropy
from softmax_gui.data.dataset import Part
from softmax_gui.training import judgement
from softmax_gui.training.judgement import Judgement, judge


def judged(model: Dense, part: Part) -> tuple[Judgement, int]:
    """The judgement, and after how many blocks."""
    work: Generator[None, None, Judgement] = judge(model, part)
    blocks = 0
    while True:
        try:
            next(work)
            blocks += 1
        except StopIteration as end:
            return end.value, blocks


def made_up(n: int, *, soft: bool) -> tuple[Dense, Part, np.ndarray]:
    random = np.random.default_rng(1)
    targets = random.dirichlet(np.ones(3), size=n)
    labels = targets.argmax(axis=1)
    model = Dense(random.normal(size=(4, 3)), random.normal(size=3))
    Y = targets if soft else np.eye(3)[labels]
    part = Part(random.normal(size=(n, 4)), labels, targets if soft else None)
    return model, part, Y


@pytest.mark.parametrize("soft", [False, True])
def test_that_loss_accuracy_and_confusion_are_those_of_all_rows(
    soft: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judgement, "BLOCK_ROWS", 7)
    model, part, Y = made_up(50, soft=soft)
    found, blocks = judged(model, part)
    logits = np.asarray(model.logits(part.X))
    assert found.measured.loss == pytest.approx(float(cross_entropy(logits, Y)[0]), rel=1e-13)
    said = logits.argmax(axis=1)
    for truth in range(3):
        for k in range(3):
            assert found.confusion[truth, k] == ((part.labels == truth) & (said == k)).sum()
    assert found.measured.correct == (said == part.labels).sum() == np.trace(found.confusion)
    assert (found.measured.total, blocks) == (50, 8)


def test_that_weights_of_rows_do_not_count() -> None:
    model, part, _ = made_up(20, soft=True)
    weighted = Part(part.X, part.labels, part.targets, np.arange(20.0))
    assert judged(model, weighted)[0].measured == judged(model, part)[0].measured


def test_that_an_empty_part_has_no_loss() -> None:
    model, part, _ = made_up(0, soft=False)
    found, blocks = judged(model, part)
    assert np.isnan(found.measured.loss)
    assert (found.measured.total, blocks, found.confusion.sum()) == (0, 0, 0)


def test_that_weights_that_diverged_are_told_and_no_warning() -> None:
    _, part, _ = made_up(5, soft=False)
    found, _ = judged(Dense(np.full((4, 3), np.inf), np.zeros(3)), part)
    assert not np.isfinite(found.measured.loss)
    assert found.measured.correct == 0


def test_that_a_share_of_0_counts_nothing_at_a_logit_of_minus_infinity() -> None:
    _, part, _ = made_up(5, soft=False)
    model = Dense(np.zeros((4, 3)), np.array([0.0, 0.0, -np.inf]))
    first = Part(part.X, np.zeros(5, np.int64))
    found, _ = judged(model, first)
    assert found.measured.loss == pytest.approx(np.log(2.0))
