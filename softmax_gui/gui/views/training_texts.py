"""What the Training panel says: names of choices, why a field does not apply, the certificate."""

from __future__ import annotations

import math

from softmax_gui.core.certificate import Certificate
from softmax_gui.core.models import phm_parameter_count
from softmax_gui.data.dataset import Dataset
from softmax_gui.gui.run_config import legal_orders
from softmax_gui.gui.units import Unit
from softmax_gui.gui.widgets.ranges import rounded_up, short
from softmax_gui.i18n import tr
from softmax_gui.training.config import TrainConfig
from softmax_gui.training.rates import rounded_down


def captions() -> dict[str, tuple[str, str]]:
    """The caption and the tool tip of each field of TrainConfig, in the order of the panel."""
    return {
        "solver": (
            tr("Solver"),
            tr("Minibatches to watch and to steer, or all rows at once to the optimum."),
        ),
        "optimizer": (tr("Optimizer"), tr("What a step makes of the gradient.")),
        "learning_rate": (tr("Learning rate"), tr("How far a step goes along the gradient.")),
        "batch_size": (tr("Batch size"), tr("How many examples a step looks at.")),
        "momentum": (tr("Momentum"), tr("How much of the last step goes into the next.")),
        "weight_decay": (
            tr("Weight decay"), tr("Adds λ/2 · |W|² to the loss, which keeps weights small."),
        ),
        "label_smoothing": (
            tr("Label smoothing"), tr("The share of each label that is spread over all classes."),
        ),
        "class_weight": (
            tr("Class weights"), tr("Balanced: a rare class counts as much as a frequent one."),
        ),
        "phm_order": (
            tr("Layer"),
            tr(
                "Dense, or PHM: W is a sum of Kronecker products, with fewer weights (their number"
                " is in brackets). A change starts anew."
            ),
        ),
        "seed": (tr("Seed"), tr("Decides split and order; the same seed repeats a run.")),
        "device": (tr("Device"), tr("Where the matrix products are computed.")),
    }  # fmt: skip


def choices() -> dict[str, dict[str, str]]:
    """The keys and texts of the fields that offer a few alternatives."""
    return {
        "solver": {
            "minibatch": tr("Minibatches"),
            "auto": tr("Optimum: automatic"),
            "newton-cg": tr("Optimum: Newton-CG"),
            "lbfgs": tr("Optimum: L-BFGS"),
        },
        "optimizer": {"sgd": "SGD", "adam": "Adam"},
        "class_weight": {"none": tr("none"), "balanced": tr("balanced")},
        "device": {
            "auto": tr("automatic"),
            "compiled": tr("CPU (compiled)"), "numpy": tr("CPU (numpy)"), "cpu": tr("CPU (torch)"),
            "cuda": tr("NVIDIA GPU (CUDA)"), "mps": tr("Apple GPU (MPS)"),
        },
    }  # fmt: skip


def layers(dataset: Dataset | None) -> dict[str, str]:
    """The layers that fit the data, by the order of their PHM layer, with their sizes."""
    if dataset is None:
        return {"0": tr("dense")}
    d, q = dataset.d, dataset.q
    found = {"0": tr("dense ({count:,})").format(count=d * q)}
    text = tr("PHM, order {order} ({count:,})")
    for order in legal_orders(dataset):
        count = phm_parameter_count(d, q, order)
        found[str(order)] = text.format(order=order, count=count)
    return found


def obstacles(config: TrainConfig, dataset: Dataset | None) -> dict[str, str]:
    """Why a field has no effect now, for each one that has none."""
    found: dict[str, str] = {}
    if config.optimizer == "adam":
        found["momentum"] = tr("Adam brings its own momentum.")
    if dataset is not None and not legal_orders(dataset):
        text = tr("No PHM layer fits {d} features and {q} classes: its order must divide both.")
        found["phm_order"] = text.format(d=dataset.d, q=dataset.q)
    if config.solver != "minibatch":
        steps = tr("A solver takes all rows at once and finds the lengths of its steps itself.")
        found |= dict.fromkeys(("optimizer", "learning_rate", "batch_size", "momentum"), steps)
        found["phm_order"] = tr("A solver trains the dense layer.")
    if config.solver != "minibatch" or config.optimizer != "sgd" or config.phm_order:
        found["safe_rate"] = tr("Such a bound is known for SGD with a dense layer alone.")
    return found


def safe_rate_text(rate: float | None) -> str:
    """The bound beside the learning rate; None is one that is being computed."""
    if rate is None:
        return tr("finding the largest stable rate")
    if not math.isfinite(rate):
        return tr("no rate is known to be stable")
    return tr("surely stable up to {rate:g}").format(rate=rounded_down(rate))


def end_text(config: TrainConfig, certificate: Certificate | None, unit: Unit) -> str:
    """How far the run is from the optimum, as far as it is known."""
    if certificate is not None:
        return certificate_text(certificate, unit)
    if config.solver == "minibatch":
        return tr("Minibatches go on until you pause them.")
    return tr("On the way to the optimum.")


def certificate_text(certificate: Certificate, unit: Unit) -> str:
    """The certificate in one plain line; the bound is rounded up, so that it holds."""
    if certificate.verdict == "separable":
        return tr("No finite optimum: the classes are separable. Add weight decay.")
    if not math.isfinite(certificate.bound):
        return tr("Still falling.")
    digits, value = tuple(map(float, range(1, 11))), certificate.bound * unit.per_nat
    bound = f"{short(rounded_up(value, digits) if value > 0 else 0.0)} {unit.value}"
    if certificate.verdict == "optimum":
        text = tr(
            "Optimum to within {tolerance}: no weights have a loss lower by more than {bound}."
        )
        return text.format(tolerance=short(certificate.tolerance), bound=bound)
    return tr("Still falling, by {bound} at most.").format(bound=bound)
