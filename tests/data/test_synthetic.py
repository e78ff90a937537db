"""The 2x2 world against Bayes, quadrature against a million samples."""

from __future__ import annotations

import itertools
import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softmax_gui.core.information import entropy
from softmax_gui.data.batches import split
from softmax_gui.data.synthetic import CLASS_NAMES, MAX_LABEL_NOISE, World

distinctnesses = st.floats(0.0, 10.0)
noises = st.floats(0.0, MAX_LABEL_NOISE)
CORNERS = np.array(list(itertools.product([0.0, 0.5, 1.0], repeat=4)))


def test_that_the_classes_are_cat_chicken_and_dog_in_this_order() -> None:
    dataset = World().dataset(0)
    assert dataset.class_names == CLASS_NAMES == ("cat", "chicken", "dog")
    top_row, corner, left_column = (1, 1, 0, 0), (0, 0, 0, 1), (1, 0, 1, 0)
    typical = World().posterior([top_row, corner, left_column])
    assert typical.argmax(axis=1).tolist() == [0, 1, 2]
    assert typical.max(axis=1).min() > 0.95


@given(distinctness=distinctnesses, noise=noises)
def test_that_the_posterior_is_bayes_rule_on_the_densities(
    distinctness: float, noise: float
) -> None:
    world = World(distinctness, noise)
    p = world.densities(CORNERS)
    clean = p / p.sum(axis=1, keepdims=True)
    noisy = (1 - noise) * clean + noise * (clean.sum(axis=1, keepdims=True) - clean) / 2
    np.testing.assert_allclose(world.posterior(CORNERS), noisy, rtol=1e-11, atol=1e-15)
    np.testing.assert_allclose(world.posterior(CORNERS).sum(axis=1), 1.0, atol=1e-12)


@given(distinctness=distinctnesses)
def test_that_the_truth_is_the_posterior_without_noise(distinctness: float) -> None:
    world = World(distinctness)
    np.testing.assert_allclose(
        world.truth().probabilities(CORNERS), world.posterior(CORNERS), rtol=1e-11, atol=1e-15
    )
    assert world.truth().W.shape == (4, 3)


@pytest.mark.parametrize("distinctness", [0.0, 1e-300, 1e-9, 1e-3, 1.0, 10.0])
def test_that_each_density_integrates_to_1_and_is_the_stated_one(distinctness: float) -> None:
    nodes, weights = np.polynomial.legendre.leggauss(20)
    X = np.tile((nodes[:, None] + 1) / 2, 4)
    tilted = World(distinctness).densities(X)
    for k, theta in enumerate(World(distinctness).theta):
        by_hand = [
            float(
                mpmath.fprod(
                    mpmath.exp(t * x) / mpmath.quad(lambda u, t=t: mpmath.exp(t * u), [0, 1])
                    for t in theta
                )
            )
            for x in X[:, 0]
        ]
        np.testing.assert_allclose(tilted[:, k], by_hand, rtol=1e-12)
    grid = np.array(list(itertools.product(X[:, 0], repeat=4)))
    volume = np.array(list(itertools.product(weights / 2, repeat=4))).prod(axis=1)
    np.testing.assert_allclose(volume @ World(distinctness).densities(grid), 1.0, rtol=1e-10)


@pytest.mark.parametrize(("distinctness", "noise"), [(4.0, 0.0), (4.0, 0.1), (10.0, 0.1)])
def test_that_a_million_samples_agree_with_the_floor(distinctness: float, noise: float) -> None:
    world, m = World(distinctness, noise), 1_000_000
    X, labels = world.sample(m, seed=1)
    posterior = world.posterior(X)
    floor = world.floor()
    uncertainty = entropy(posterior)  # H(Y|x) of each picture: labels play no part
    assert abs(uncertainty.mean() - floor) < 4 * uncertainty.std() / math.sqrt(m) < 1e-3
    surprise = -np.log(posterior[np.arange(m), labels])
    assert abs(surprise.mean() - floor) < 4 * surprise.std() / math.sqrt(m)


def test_that_the_floor_is_converged_over_the_whole_range(monkeypatch: pytest.MonkeyPatch) -> None:
    worlds = [World(distinctness, noise) for distinctness in (1, 10) for noise in (0, 0.1)]
    floors = [world.floor() for world in worlds]
    monkeypatch.setattr("softmax_gui.data.synthetic._QUADRATURE_ORDER", 24)
    from softmax_gui.data.synthetic import _floor

    finer = [_floor.__wrapped__(world) for world in worlds]
    np.testing.assert_allclose(floors, finer, atol=2e-7)


def test_that_the_floor_has_its_known_ends() -> None:
    assert World(0.0).floor() == pytest.approx(math.log(3), abs=1e-12)
    assert World(0.0, 0.3).floor() == pytest.approx(math.log(3), abs=1e-12)
    assert World(7.0, MAX_LABEL_NOISE).floor() == pytest.approx(math.log(3), abs=1e-12)
    assert World(10.0).floor() < 1e-3
    # S37: symmetric noise 0.1 over three classes that cannot be confused otherwise
    assert 0.394398 < World(10.0, 0.1).floor() < 0.394398 + 1e-3
    assert 0.15 < World().floor() < 0.3


def test_that_the_floor_falls_as_the_classes_part_and_rises_with_noise() -> None:
    apart = [World(distinctness).floor() for distinctness in range(11)]
    assert (np.diff(apart) < 0).all()
    noisy = [World(4.0, noise).floor() for noise in (0.0, 0.1, 0.2, 0.4, 0.6)]
    assert (np.diff(noisy) > 0).all()


@pytest.mark.parametrize("distinctness", [0.0, 1e-12, 3.0, 10.0])
def test_that_samples_have_the_mean_of_their_density(distinctness: float) -> None:
    X, labels = World(distinctness).sample(60_000, seed=5)
    assert X.min() >= 0.0
    assert X.max() <= 1.0
    for k, theta in enumerate(World(distinctness).theta):
        tilted = np.where(theta == 0.0, 1.0, theta)
        # the derivative of log Z, by series where it would cancel
        mean = np.where(abs(theta) < 1e-4, 0.5 + theta / 12, 1 / (1 - np.exp(-tilted)) - 1 / tilted)
        np.testing.assert_allclose(X[labels == k].mean(axis=0), mean, atol=4 * 0.29 / 140)


def test_that_noise_makes_labels_lie_as_often_as_stated_and_moves_no_picture() -> None:
    X, labels = World(4.0, 0.0).sample(100_000, seed=2)
    noisy_X, noisy = World(4.0, 0.3).sample(100_000, seed=2)
    np.testing.assert_array_equal(X, noisy_X)
    lies = noisy != labels
    assert abs(lies.mean() - 0.3) < 4 * math.sqrt(0.21 / 100_000)
    steps = (noisy - labels)[lies] % 3
    assert abs((steps == 1).mean() - 0.5) < 4 * 0.5 / math.sqrt(30_000)
    more = World(4.0, 0.5).sample(100_000, seed=2)[1] != labels
    assert more[lies].all()  # a slider only adds lies


def test_that_a_seed_repeats_the_world_and_another_one_does_not() -> None:
    first, again, other = (World().sample(1_000, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])
    one, same = (World().picture(1, np.random.default_rng(0)) for _ in range(2))
    np.testing.assert_array_equal(one, same)


def test_that_a_picture_is_one_of_its_class() -> None:
    generator = np.random.default_rng(0)
    for label in range(3):
        pictures = np.stack([World(8.0).picture(label, generator) for _ in range(50)])
        assert pictures.shape == (50, 4)
        assert (World(8.0).posterior(pictures).argmax(axis=1) == label).mean() > 0.9


def test_that_the_dataset_is_the_world_and_its_validation_part_large_enough() -> None:
    world = World()
    dataset = world.dataset(0)
    assert (dataset.n, dataset.d, dataset.q, dataset.image_shape) == (50_000, 4, 3, (2, 2))
    assert dataset.floor == world.floor()
    assert dataset.truth is not None
    validation = split(dataset, 0).validation
    assert abs(validation.n - 40_000) <= 1
    surprise = -np.log(world.posterior(validation.X)[np.arange(validation.n), validation.labels])
    error = surprise.std() / math.sqrt(validation.n)
    assert error < 0.003
    assert abs(surprise.mean() - world.floor()) < 4 * error


def test_that_a_noisy_world_claims_no_softmax_regression_as_its_truth() -> None:
    dataset = World(4.0, 0.1).dataset(0)
    assert dataset.truth is None
    assert "no softmax regression any more" in dataset.notes[0]


@pytest.mark.parametrize("value", [-0.1, 10.1, math.nan, math.inf])
def test_that_a_world_out_of_range_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=r"The distinctness is .* between 0 and 10"):
        World(value)
    with pytest.raises(ValueError, match=r"The label noise is .* between 0 and 0.6667"):
        World(4.0, value)
