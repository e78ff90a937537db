"""Softmax regression for scikit-learn's users: `from softmax_gui.estimator import ...`."""

from softmax_gui.estimator.regression import SoftmaxRegression

__all__ = ["SoftmaxRegression"]
