"""An export carries the scaling: another program gets a drawn picture's probabilities alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from softmax_gui.core.dense import Dense
from softmax_gui.data.cut import Cut
from softmax_gui.data.dataset import Dataset, feature_names
from softmax_gui.export.runs import described
from softmax_gui.export.weights import load_model, save_model


@pytest.mark.parametrize("kind", [".safetensors", ".npz", ".json", ".csv"])
@pytest.mark.parametrize("scaling", ["standardise", "unit", "none", "range"])
def test_that_a_drawn_picture_has_the_same_probabilities_after_an_export(
    tmp_path: Path, scaling: str, kind: str
) -> None:
    random = np.random.default_rng(4)
    X = np.round(255 * random.random((40, 9)))
    data = Dataset(
        "bytes", X, np.arange(40) % 2, ("a", "b"), feature_names(9), (3, 3), (0.0, 255.0)
    )
    split = Cut(scaling=scaling).of(data, seed=0)
    dense = Dense(random.normal(size=(9, 2)), random.normal(size=2))
    tints = random.random((1, 9))
    here = dense.probabilities(split.scaling.apply(255.0 * tints))
    path = tmp_path / f"weights{kind}"
    save_model(described(dense, split, {}), path)
    there = load_model(path)
    black, white = there.pixel_range or (0.0, 255.0)
    np.testing.assert_allclose(
        there.probabilities(black + tints * (white - black)), here, atol=1e-12
    )
