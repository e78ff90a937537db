"""scikit-learn's conventions for an estimator: the base class, the warnings, not being fitted.

scikit-learn is inherited from where it is installed and never needed: without it a base class of
the same methods stands in.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Self


class OwnBase:
    """What scikit-learn's BaseEstimator offers, as far as a script uses it."""

    @classmethod
    def _names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002 - the convention's
        """The arguments of the constructor, by name."""
        return {name: getattr(self, name) for name in self._names()}

    def set_params(self, **params: Any) -> Self:
        """Changes arguments of the constructor; they count from the next fit on.

        Raises:
            ValueError: there is no such argument.
        """
        for name, value in params.items():
            if name not in self._names():
                known = ", ".join(self._names())
                raise ValueError(f"{type(self).__name__} has no {name!r}; it has: {known}.")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        changed = {k: v for k, v in self.get_params().items() if v is not defaults[k].default}
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in changed.items())})"


class OwnNotFittedError(ValueError, AttributeError):
    """Something was asked of an estimator before its fit."""


class OwnConvergenceWarning(RuntimeWarning):
    """A fit ended before it reached the optimum."""


class OwnDataConversionWarning(UserWarning):
    """Data were taken in another form than they were given in."""


if TYPE_CHECKING:
    Base = OwnBase
    NotFittedError = OwnNotFittedError
    ConvergenceWarning = OwnConvergenceWarning
    DataConversionWarning = OwnDataConversionWarning
else:
    try:
        from sklearn.base import BaseEstimator, ClassifierMixin
        from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
    except ImportError:
        Base = OwnBase
        NotFittedError = OwnNotFittedError
        ConvergenceWarning = OwnConvergenceWarning
        DataConversionWarning = OwnDataConversionWarning
    else:

        class Base(ClassifierMixin, BaseEstimator):
            """scikit-learn's own, so that clone, GridSearchCV, pipelines and tags work."""
