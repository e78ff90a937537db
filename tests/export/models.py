"""Models to write and read back."""

from __future__ import annotations

import numpy as np

from softmax_gui.core.models import Dense
from softmax_gui.data.dataset import Scaling, feature_names
from softmax_gui.export.model import TrainedModel

NAMES = ("고양이", "=SUM(1)", "dog, or\nnot")


def a_model(d: int = 4, seed: int = 0) -> TrainedModel:
    """Random weights with awkward class names and a scaling."""
    random = np.random.default_rng(seed)
    return TrainedModel(
        dense=Dense(random.normal(size=(d, 3)) * 10.0, random.normal(size=3)),
        class_names=NAMES,
        feature_names=feature_names(d),
        scaling=Scaling(random.normal(size=d), random.uniform(0.1, 9.0, size=d), "standardise"),
        image_shape=(2, d // 2) if d % 2 == 0 else None,
        pixel_range=(0.0, 16.0),
        data="a set",
        metrics={"validation_accuracy": 0.9, "steps": 100.0},
    )
