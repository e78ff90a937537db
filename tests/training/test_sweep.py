"""A sweep over weight decays: judged on rows not seen, and the two choices it makes."""

import math
from typing import Any

import numpy as np
import pytest

from softmax_gui.core.certificate import Certificate
from softmax_gui.core.optimum import find_optimum
from softmax_gui.core.softmax import log_softmax
from softmax_gui.training.sweep import (
    DECAYS,
    SweepRow,
    choices,
    default_decays,
    held_out,
    sweep,
    sweep_steps,
)
from tests.core.problems import drawn

X, LABELS = drawn(240, 6, 3, noise=4.0)
XV, LABELS_V = drawn(120, 6, 3, noise=4.0)
PATH = [1.0, 1e-1, 1e-2, 1e-4]


def _row(decay: float, loss: float, error: float = 0.1) -> SweepRow:
    certificate = Certificate("optimum", 0.0, 1.0, 0.0, 0.0, 1e-6)
    return SweepRow(decay, 0.0, loss, 0.0, error, 0.0, certificate)


def test_that_rows_are_judged_by_the_validation_rows_given() -> None:
    result = sweep(X, LABELS, 3, PATH, validation=(XV, LABELS_V))
    for decay, row, model in zip(PATH, result.rows, result.models, strict=True):
        log_p = log_softmax(XV @ model.W + model.b)
        own = -log_p[np.arange(120), LABELS_V]
        assert row.decay == decay
        assert row.validation_loss == pytest.approx(own.mean())
        assert row.validation_accuracy == (log_p.argmax(axis=1) == LABELS_V).mean()
        assert row.standard_error == pytest.approx(own.std() / math.sqrt(120))
        assert row.norm == pytest.approx(float(np.linalg.norm(model.W)))
        assert row.certificate is model.certificate


def test_that_each_fold_is_judged_by_a_model_that_has_not_seen_it() -> None:
    result = sweep(X, LABELS, 3, [1e-2], folds=3, seed=5, tolerance=1e-9)
    losses = []
    for out in held_out(240, 3, 5):
        found = find_optimum(X[~out], LABELS[~out], 3, weight_decay=1e-2, tolerance=1e-9)
        log_p = log_softmax(X[out] @ found.W + found.b)
        losses.append(-log_p[np.arange(80), LABELS[out]].mean())
    assert result.rows[0].validation_loss == pytest.approx(np.mean(losses), rel=1e-5)
    assert result.rows[0].standard_error == pytest.approx(
        np.std(losses, ddof=1) / math.sqrt(3), rel=1e-3
    )


def test_that_every_row_is_held_out_once_and_by_the_seed() -> None:
    masks = np.array(list(held_out(17, 5, 0)))
    np.testing.assert_array_equal(masks.sum(axis=0), 1)
    assert set(masks.sum(axis=1)) == {3, 4}
    np.testing.assert_array_equal(masks, list(held_out(17, 5, 0)))
    assert (masks != list(held_out(17, 5, 1))).any()


def test_that_training_loss_falls_with_the_decay() -> None:
    losses = [row.train_loss for row in sweep(X, LABELS, 3, PATH, folds=2).rows]
    assert losses == sorted(losses, reverse=True)


def test_that_the_simplest_model_within_one_standard_error_is_chosen() -> None:
    rows = [_row(1.0, 0.9), _row(0.1, 0.58), _row(0.01, 0.5), _row(0.001, 0.55)]
    assert choices(rows) == (2, 1)


def test_that_a_loss_that_is_no_number_is_not_the_best() -> None:
    assert choices([_row(1.0, math.nan), _row(0.1, 0.5)]) == (1, 1)


def test_that_progress_hears_of_each_row_as_it_is_done() -> None:
    heard: list[SweepRow] = []
    result = sweep(X, LABELS, 3, PATH, folds=2, progress=heard.append)
    assert heard == result.rows


def test_that_it_works_in_slices_and_may_be_left() -> None:
    steps = sweep_steps(X, LABELS, 3, PATH, folds=2)
    assert next(steps) is None
    steps.close()


def test_that_soft_labels_and_weights_are_swept_as_well() -> None:
    rng = np.random.default_rng(0)
    Y, s = rng.dirichlet(np.ones(3), 240), rng.random(240)
    result = sweep(X, Y, 3, [1.0, 0.1], folds=2, sample_weight=s)
    assert all(math.isfinite(row.validation_loss) for row in result.rows)


def test_that_the_usual_decays_follow_the_scale_of_the_features() -> None:
    decays, larger = default_decays(X), default_decays(10.0 * X)
    assert len(decays) == DECAYS
    assert decays == sorted(decays, reverse=True)
    np.testing.assert_allclose(larger, 100.0 * np.array(decays))
    assert len(sweep(X, LABELS, 3, folds=2).rows) == DECAYS


@pytest.mark.parametrize("folds", [0, 1, 241])
def test_that_folds_are_two_at_least_and_rows_at_most(folds: int) -> None:
    with pytest.raises(ValueError, match="folds"):
        sweep(X, LABELS, 3, PATH, folds=folds)


@pytest.mark.parametrize("validation", [(XV[:, :2], LABELS_V), (XV, LABELS_V[:5])])
def test_that_validation_rows_that_do_not_fit_are_refused(validation: Any) -> None:
    with pytest.raises(ValueError, match="validation"):
        sweep(X, LABELS, 3, PATH, validation=validation)
