"""Models to write and read back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from softmax_gui.core.models import Dense
from softmax_gui.data.dataset import Scaling, feature_names
from softmax_gui.export.model import TrainedModel

NAMES = ("고양이", "=SUM(1)", "dog, or\nnot")
KINDS = ("none", "[0, 1]", "standardise", "unit length")


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


def scaled_as(kind: str, model: TrainedModel | None = None) -> TrainedModel:
    """A model with one of the four scalings."""
    model = model or a_model()
    d = model.dense.d
    shift, scale = model.scaling.shift, model.scaling.scale
    if kind in ("none", "unit length"):
        shift, scale = np.zeros(d), np.ones(d)
    elif kind == "[0, 1]":
        shift, scale = np.zeros(d), np.full(d, 16.0)
    return replace(model, scaling=Scaling(shift, scale, kind))


@st.composite
def some_models(draw: st.DrawFn) -> TrainedModel:
    """Any sizes, names and scaling; weights of ordinary size."""
    d, q = draw(st.integers(1, 9)), draw(st.integers(1, 5))
    text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
    names = draw(st.lists(text, min_size=q, max_size=q, unique=True))
    random = np.random.default_rng(draw(st.integers(0, 1 << 30)))
    model = TrainedModel(
        dense=Dense(random.normal(size=(d, q)) * draw(st.floats(0.0, 4.0)), random.normal(size=q)),
        class_names=tuple(names),
        feature_names=feature_names(d),
        scaling=Scaling(random.normal(size=d), random.uniform(0.2, 5.0, size=d), "standardise"),
        metrics={"validation_accuracy": draw(st.floats(0.0, 1.0))},
    )
    return scaled_as(draw(st.sampled_from(KINDS)), model)
