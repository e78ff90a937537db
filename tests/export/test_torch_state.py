"""A PyTorch state_dict: torch.nn.Linear takes it, and the five lines in it work."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from softmax_gui.core.models import Dense
from softmax_gui.data.dataset import Scaling
from softmax_gui.export.model import ModelProblem
from softmax_gui.export.torch_state import loader_text, torch_state_bytes
from softmax_gui.export.weights import load_model, save_model
from tests.export.models import KINDS, NAMES, a_model, scaled_as


def metadata(data: bytes) -> dict[str, str]:
    length = struct.unpack("<Q", data[:8])[0]
    texts: dict[str, str] = json.loads(data[8 : 8 + length])["__metadata__"]
    return texts


@pytest.mark.parametrize("kind", KINDS)
def test_that_the_five_lines_of_the_file_give_our_probabilities(tmp_path: Path, kind: str) -> None:
    torch = pytest.importorskip("torch")
    model = scaled_as(kind)
    path = tmp_path / "model.pt.safetensors"
    path.write_bytes(torch_state_bytes(model))
    text = metadata(path.read_bytes())["loader"]
    assert text == loader_text(model)
    assert len(text.splitlines()) == 5
    X = np.random.default_rng(1).normal(size=(20, 4)) * 3.0
    names = {"x": torch.tensor(X, dtype=torch.float32)}
    exec(text.replace('"model.pt.safetensors"', repr(str(path))), names)
    P = names["probabilities"].detach().numpy()
    np.testing.assert_allclose(P, model.probabilities(X), atol=1e-5)


def test_that_the_file_holds_nothing_but_weight_and_bias_in_float32() -> None:
    arrays = safetensors.numpy.load(torch_state_bytes(a_model()))
    assert {name: (a.shape, a.dtype.name) for name, a in arrays.items()} == {
        "weight": ((3, 4), "float32"),
        "bias": ((3,), "float32"),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_that_it_is_opened_again_with_its_names_and_numbers(tmp_path: Path, kind: str) -> None:
    model = scaled_as(kind)
    save_model(model, tmp_path / "w.pt.safetensors", verify=False)
    back = load_model(tmp_path / "w.pt.safetensors")
    X = np.random.default_rng(1).normal(size=(20, 4)) * 3.0
    np.testing.assert_allclose(back.probabilities(X), model.probabilities(X), atol=1e-5)
    assert (back.class_names, back.metrics) == (NAMES, model.metrics)
    assert back.image_shape == model.image_shape


def test_that_the_scaling_that_was_folded_in_is_told() -> None:
    model = a_model()
    description = json.loads(metadata(torch_state_bytes(model))["softmax_gui"])
    folded = description["folded_scaling"]
    assert folded["kind"] == "standardise"
    np.testing.assert_array_equal(folded["shift"], model.scaling.shift)
    np.testing.assert_array_equal(folded["scale"], model.scaling.scale)
    assert "folded in" in description["orientation"]


def test_that_features_far_from_zero_are_kept_in_float64(tmp_path: Path) -> None:
    far = Scaling(np.full(4, 1e6), np.ones(4), "standardise")
    parity = save_model(replace(a_model(), scaling=far), tmp_path / "w.pt.safetensors")
    assert parity is not None
    assert parity.largest_difference < 1e-6
    arrays = safetensors.numpy.load_file(tmp_path / "w.pt.safetensors")
    assert arrays["weight"].dtype == np.float64


def test_that_an_ending_can_be_said_beside_the_name(tmp_path: Path) -> None:
    save_model(a_model(), tmp_path / "state.bin", ending=".pt.safetensors", verify=False)
    assert "shift" not in safetensors.numpy.load_file(tmp_path / "state.bin")


@pytest.mark.parametrize(
    ("size", "scale", "sentence"),
    [(1e39, 1.0, "too large for float32"), (1e200, 1e-200, "folded in its weights become")],
)
def test_that_numbers_too_large_are_refused(size: float, scale: float, sentence: str) -> None:
    scaling = Scaling(np.zeros(4), np.full(4, scale), "standardise")
    model = replace(a_model(), dense=Dense(np.full((4, 3), size), np.zeros(3)), scaling=scaling)
    with pytest.raises(ModelProblem, match=sentence):
        torch_state_bytes(model)
