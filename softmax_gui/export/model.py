"""A trained model as it leaves the app: weights with everything needed to use them elsewhere."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from softmax_gui import __version__
from softmax_gui.core.models import Dense
from softmax_gui.data.dataset import Dataset, Scaling, feature_names
from softmax_gui.files import shown
from softmax_gui.i18n import tr

ORIENTATION = (
    "weight is (q, d), a row a class, as in torch.nn.Linear: logits = x @ weight.T + bias"
    " with x = (features - shift) / scale"
)
UNIT_ORIENTATION = (
    "weight is (q, d), a row a class, as in torch.nn.Linear: logits = x @ weight.T + bias"
    " with x = (features / norm - shift) / scale, norm the Euclidean norm of the row, 1 where it"
    " is 0"
)
PIXEL_ORDER = "row by row from the top left: x1 x2 / x3 x4"


class ModelProblem(ValueError):
    """A weights file that can't be used; the sentence says which, where, and what to do."""


class Transposed(ModelProblem):
    """Weights that fit the data at hand once rows and columns are exchanged."""


@dataclass(frozen=True)
class TrainedModel:
    """Weights, and what their rows and columns mean.

    Attributes:
        dense: W (d, q), b (q,) for scaled features.
        scaling: from the features as in the data file to what the weights expect.
        image_shape: (rows, columns) of a picture, None for a table.
        pixel_range: a picture's black and white in the units of its file.
        data: the name of the data it was trained on.
        metrics: numbers said of it, for example "validation_accuracy".
        parity: what the certificate of its export says, see parity.py; None before.

    Raises:
        ModelProblem: sizes that differ, a weight or bias that is not finite, or a text that no
            file could hold.
    """

    dense: Dense
    class_names: tuple[str, ...]
    feature_names: tuple[str, ...]
    scaling: Scaling
    image_shape: tuple[int, int] | None = None
    pixel_range: tuple[float, float] | None = None
    data: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    version: str = __version__
    parity: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        W, b = self.dense.W, self.dense.b
        d, q = W.shape
        if self.image_shape and not all(1 <= side <= d for side in self.image_shape):
            message = tr("A picture's sides must have from 1 to {d} pixels.")
            raise ModelProblem(message.format(d=d))
        for what, found, wanted in (
            (tr("class names"), len(self.class_names), q),
            (tr("feature names"), len(self.feature_names), d),
            (tr("pixels"), math.prod(self.image_shape or (d,)), d),
            (tr("scaling values"), len(self.scaling.shift), d),
        ):
            if found != wanted:
                message = tr("{found} {what}, {wanted} expected.")
                raise ModelProblem(message.format(found=found, what=what, wanted=wanted))
        if not (np.isfinite(W).all() and np.isfinite(b).all()):
            raise ModelProblem(tr("A weight or bias is not a finite number."))
        texts = (*self.class_names, *self.feature_names, *self.metrics)
        for text in (*texts, self.scaling.kind, self.data, self.version):
            if not _is_unicode(text):
                message = tr('"{text}" holds half a character, which no file could hold again.')
                raise ModelProblem(message.format(text=shown(text)))

    @property
    def per_row(self) -> bool:
        """Whether each row is divided by its norm before shift and scale."""
        return self.scaling.per_row

    def transposed(self) -> TrainedModel:
        """The same numbers with rows and columns exchanged: d classes, q features, no names.

        Raises:
            ModelProblem: there are biases or a scaling, which tell rows from columns.
        """
        q, d = self.dense.W.shape
        plain = self.scaling.kind == "none" and not self.scaling.shift.any()
        if self.dense.b.any() or not plain or not (self.scaling.scale == 1.0).all():
            raise ModelProblem(tr("Weights with biases or a scaling can't be transposed."))
        dense = Dense(np.ascontiguousarray(self.dense.W.T), np.zeros(q))
        return TrainedModel(dense, unnamed_classes(q), feature_names(d), Scaling.identity(d))

    def probabilities(self, X: np.ndarray) -> np.ndarray:
        """(n, q) for features X (n, d) as in the data file."""
        return np.asarray(self.dense.probabilities(self.scaling.apply(X)))

    def fitted_to(self, dataset: Dataset, scaling: Scaling) -> Dense:
        """The same model for features scaled by `scaling`, classes in the order of `dataset`.

        Raises:
            ModelProblem: other numbers of features or classes, other class names, or weights
                that are not finite in the other scaling.
        """
        d, q = self.dense.W.shape
        if (d, q) != (dataset.d, dataset.q):
            if (q, d) == (dataset.d, dataset.q) and not self.dense.b.any():
                message = tr(
                    "These weights are for {d} features and {q} classes, the data here have"
                    " {data_d} and {data_q}. They fit when they are transposed."
                )
                raise Transposed(message.format(d=d, q=q, data_d=q, data_q=d))
            message = tr(
                "These weights are for {d} features and {q} classes, the data here have"
                " {data_d} and {data_q}. Open the data they belong to first."
            )
            raise ModelProblem(message.format(d=d, q=q, data_d=dataset.d, data_q=dataset.q))
        if self.per_row != scaling.per_row:
            message = tr(
                "These weights are for the scaling {theirs}, the data here have {ours}. Choose"
                " the same scaling first."
            )
            raise ModelProblem(message.format(theirs=self.scaling.kind, ours=scaling.kind))
        order = self._order_in(dataset)
        W, b = self.dense.W[:, order], self.dense.b[order]
        # Theirs from ours: back to file units by our scaling, then forth by theirs.
        with np.errstate(all="ignore"):
            W_ours = W * (scaling.scale / self.scaling.scale)[:, None]
            b_ours = b + ((scaling.shift - self.scaling.shift) / self.scaling.scale) @ W
        if not (np.isfinite(W_ours).all() and np.isfinite(b_ours).all()):
            message = tr("With the scaling of the data here its weights become too large.")
            raise ModelProblem(message)
        return Dense(W_ours, b_ours)

    def _order_in(self, dataset: Dataset) -> list[int]:
        """Our place of each of the dataset's classes."""
        if self.class_names == unnamed_classes(dataset.q):  # a file without names: by their places
            return list(range(dataset.q))
        if sorted(self.class_names) == sorted(dataset.class_names):
            return [self.class_names.index(name) for name in dataset.class_names]
        message = tr(
            "These weights are for the classes {theirs}, the data here have {ours}."
            " Open the data they belong to first."
        )
        raise ModelProblem(
            message.format(theirs=_listed(self.class_names), ours=_listed(dataset.class_names))
        )


def unnamed_classes(q: int) -> tuple[str, ...]:
    """Names for the classes of a file that has none."""
    return tuple(f"class {k}" for k in range(1, q + 1))


def _is_unicode(text: str) -> bool:
    """Whether UTF-8 can write it: half a surrogate pair, which JSON can spell, it cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(name[:30] for name in names[:6])
    return shown + ", …" if len(names) > 6 else shown
