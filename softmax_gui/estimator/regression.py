"""Softmax regression as an estimator in scikit-learn's conventions."""

from __future__ import annotations

import math
import numbers
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softmax_gui.core.models import Dense
from softmax_gui.core.optimum import Optimum
from softmax_gui.core.softmax import log_softmax, softmax
from softmax_gui.data.dataset import Scaling
from softmax_gui.data.dataset import feature_names as plain_names
from softmax_gui.estimator.conventions import Base, ConvergenceWarning, NotFittedError
from softmax_gui.estimator.inputs import (
    Answers,
    Floats,
    answers,
    feature_names,
    features,
    look_at_names,
)
from softmax_gui.estimator.solving import Task, seed_of, solve
from softmax_gui.export.model import TrainedModel
from softmax_gui.export.weights import save_model
from softmax_gui.training.config import DEVICES, DTYPES, SOLVERS


class SoftmaxRegression(Base):
    """Softmax regression, multinomial logistic regression, to a certified optimum.

    It minimises what scikit-learn's LogisticRegression with C = 1 / alpha does,

        sum_i s_i CE_i + (alpha / 2) |coef|^2,    s_i: sample weight times class weight,

    with a bias left free. For two classes LogisticRegression has one vector w, penalised once;
    here every class has a row, and at the optimum they are w / 2 and -w / 2, whose penalty is
    half: so alpha counts twice for q = 2, and the probabilities are the same for every q. Of
    solutions that predict the same the one is given whose rows sum to 0.

    All of scikit-learn's check_estimator passes, none is excepted. scikit-learn itself is not
    needed.

    Args:
        alpha: the weight decay, from 0, in units of one row's loss.
        solver: "auto" chooses between "newton-cg" and "lbfgs", all rows to the optimum;
            "minibatch" is stochastic gradient descent for max_iter epochs.
        device: "auto", "numpy", or torch's "cpu", "cuda", "mps"; "compiled" for minibatches only.
        max_iter: iterations at most, epochs of "minibatch"; None is the solver's own limit, or
            100 epochs.
        tol: stop where the objective is proven to be within this share of the optimum.
        random_state: the seed of "minibatch": a whole number, a numpy generator, or None for
            another one each time.
        class_weight: None, "balanced" (each class gets the same total), or a dict from classes
            to factors of their rows' weights, 1 where a class is missing.
        label_smoothing: 0 <= eps < 1; the target of class k is (1 - eps) [k = label] + eps / q.
        dtype: "float32" or "float64", of the products with X. None takes float32 where X is
            that, or has above a million entries and float32 reaches tol; else float64. Sums and
            the certificate are in float64 always.
        warm_start: begin from the last fit, if it had the same classes and features.
        batch_size: rows a step of "minibatch".
        learning_rate: of "minibatch"; None takes the largest that is safe.

    Attributes:
        classes_: (q,), sorted. For soft labels 0 to q - 1.
        coef_: (q, d) float64, a row a class, for two classes too.
        intercept_: (q,) float64.
        n_iter_: iterations, or epochs, taken.
        certificate_: how far from the optimum this is, proven; `certificate_.text` in words.
        solver_: the solver taken.
        solver_reason_: why.
        device_: the device taken.
        n_features_in_: d.
        feature_names_in_: (d,), where X was a table whose columns have names.
    """

    classes_: NDArray[Any]
    coef_: Floats
    intercept_: Floats

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        solver: str = "auto",
        device: str = "auto",
        max_iter: int | None = None,
        tol: float = 1e-6,
        random_state: Any = None,
        class_weight: Any = None,
        label_smoothing: float = 0.0,
        dtype: Any = None,
        warm_start: bool = False,
        batch_size: int = 256,
        learning_rate: float | None = None,
    ) -> None:
        self.alpha = alpha
        self.solver = solver
        self.device = device
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.dtype = dtype
        self.warm_start = warm_start
        self.batch_size = batch_size
        self.learning_rate = learning_rate

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> SoftmaxRegression:
        """Finds the weights; warns with ConvergenceWarning where that is not the optimum.

        Args:
            X: (n, d), dense and finite.
            y: (n,) labels of any one kind; or (n, q) soft labels, each row a distribution.
            sample_weight: (n,), from 0; how many rows each row counts as.

        Returns:
            This estimator.

        Raises:
            ValueError: an argument, here or of the constructor, that can't be used; the sentence
                says which, where, and what is wanted.
            TypeError: X is sparse, or holds something that is no number.
            DeviceError: a device that was named is not there.
        """
        self._look_at_settings()
        names = feature_names(X)
        X = features(X, self._dtype())
        given = answers(y, len(X), sample_weight, self.class_weight, type(self).__name__)
        found, self.device_ = solve(self._task(X.shape[1], given), X, given)
        W, b = (array - array.mean(axis=-1, keepdims=True) for array in (found.W, found.b))
        self.classes_, self.n_features_in_ = given.classes, X.shape[1]
        self.coef_, self.intercept_ = np.ascontiguousarray(W.T), b
        self.n_iter_, self.certificate_ = found.iterations, found.certificate
        self.solver_, self.solver_reason_ = found.solver, found.reason
        if names is not None:
            self.feature_names_in_ = names
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        if found.certificate.verdict != "optimum":
            warnings.warn(self._complaint(found), ConvergenceWarning, stacklevel=2)
        return self

    def decision_function(self, X: Any) -> NDArray[Any]:
        """The logits (n, q); for two classes, by convention, the log-odds (n,) of the second."""
        logits = self._logits(X)
        return logits[:, 1] - logits[:, 0] if logits.shape[1] == 2 else logits

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class of each row, (n,)."""
        best = self._logits(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[best]
        return labels

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """The probability of each class, (n, q), in the order of classes_."""
        return np.asarray(softmax(self._logits(X)))

    def predict_log_proba(self, X: Any) -> NDArray[Any]:
        """Its logarithm, (n, q), accurate also where a probability is near 0 or 1."""
        return np.asarray(log_softmax(self._logits(X)))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The share of rows, by weight, whose most probable class is y, or y's largest entry."""
        predicted, truth = self.predict(X), np.asarray(y)
        if truth.ndim == 2 and truth.shape[1] > 1:
            truth = truth.argmax(axis=1)
        return float(np.average(predicted == truth.reshape(-1), weights=sample_weight))

    def to_model(self) -> TrainedModel:
        """What the app opens and its command line predicts with."""
        self._look_at_fit()
        d = self.n_features_in_
        names = getattr(self, "feature_names_in_", None)
        return TrainedModel(
            dense=Dense(np.ascontiguousarray(self.coef_.T), self.intercept_),
            class_names=tuple(str(name) for name in self.classes_),
            feature_names=plain_names(d) if names is None else tuple(names),
            scaling=Scaling.identity(d),
        )

    def save(self, path: str | Path) -> None:
        """Writes the weights as .safetensors, .npz, .json or .csv, by the name's ending.

        Raises:
            ModelProblem: an unknown ending.
            FileProblem: the file could not be written.
        """
        save_model(self.to_model(), Path(path))

    # -- fitting -------------------------------------------------------------------------------

    def _look_at_settings(self) -> None:
        known = (*DTYPES, *map(np.dtype, DTYPES), *(np.dtype(name).type for name in DTYPES), None)
        for name, wanted, holds in (
            ("alpha", "a finite number from 0", _number(self.alpha, 0, math.inf)),
            ("solver", f"one of {', '.join(SOLVERS)}", self.solver in SOLVERS),
            ("device", f"one of {', '.join(DEVICES)}", self.device in DEVICES),
            ("max_iter", "a whole number from 1, or None", _count(self.max_iter, optional=True)),
            ("tol", "a positive finite number", _positive(self.tol)),
            ("label_smoothing", "a number from 0 to below 1", _number(self.label_smoothing, 0, 1)),
            ("dtype", f"one of {', '.join(DTYPES)}, or None", self.dtype in known),
            ("batch_size", "a whole number from 1", _count(self.batch_size)),
            ("learning_rate", "a positive finite number, or None",
             self.learning_rate is None or _positive(self.learning_rate)),
        ):  # fmt: skip
            if not holds:
                raise ValueError(f"{name} is {getattr(self, name)!r}; wanted: {wanted}.")
        if self.device == "compiled" and self.solver != "minibatch":
            raise ValueError('device="compiled" goes with solver="minibatch"; use "numpy".')

    def _dtype(self) -> str | None:
        return None if self.dtype is None else np.dtype(self.dtype).name

    def _task(self, d: int, given: Answers) -> Task:
        once_for_each_class = 2.0 if given.q == 2 else 1.0  # see the class for q = 2
        return Task(
            solver=self.solver,
            device=self.device,
            dtype=self._dtype(),
            weight_decay=once_for_each_class * float(self.alpha) / given.total,
            tolerance=float(self.tol),
            steps=self.max_iter,
            label_smoothing=float(self.label_smoothing),
            start=self._start(d, given),
            seed=seed_of(self.random_state),
            batch_size=int(self.batch_size),
            learning_rate=self.learning_rate,
        )

    def _start(self, d: int, given: Answers) -> Floats | None:
        """The last fit's [W; b] (d + 1, q), where that is wanted and fits."""
        if not (self.warm_start and hasattr(self, "coef_") and self.coef_.shape == (given.q, d)):
            return None
        if not np.array_equal(self.classes_, given.classes):
            return None
        return np.vstack([self.coef_.T, self.intercept_])

    def _complaint(self, found: Optimum) -> str:
        advice = "Raise max_iter or tol, or standardise the features."
        if found.solver == "minibatch":
            advice = 'Raise max_iter or tol, or use solver="auto", which goes to the optimum.'
        if found.certificate.verdict == "separable":
            advice = "Here that is alpha."
        text = found.certificate.text
        return f"{text} ({found.solver}, {found.iterations} iterations). {advice}"

    # -- predicting ----------------------------------------------------------------------------

    def _look_at_fit(self) -> None:
        if not hasattr(self, "coef_"):
            name = type(self).__name__
            raise NotFittedError(f"This {name} is not fitted yet; call its fit(X, y) first.")

    def _logits(self, X: Any) -> NDArray[Any]:
        """(n, q), in float32 where X is."""
        self._look_at_fit()
        fitted = getattr(self, "feature_names_in_", None)
        look_at_names(feature_names(X), fitted, type(self).__name__)
        X = features(X)
        if X.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {X.shape[1]} features, but {type(self).__name__} is expecting"
                f" {self.n_features_in_} features as input."
            )
        kind = X.dtype
        model = Dense(self.coef_.T.astype(kind, copy=False), self.intercept_.astype(kind))
        return np.asarray(model.logits(X))


def _number(value: Any, low: float, below: float) -> bool:
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return real and low <= float(value) < below


def _positive(value: Any) -> bool:
    return _number(value, 0, math.inf) and float(value) > 0.0


def _count(value: Any, optional: bool = False) -> bool:
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    return (optional and value is None) or (whole and int(value) >= 1)
