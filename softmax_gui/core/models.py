"""The models: what turns features into logits."""

from softmax_gui.core.dense import Dense
from softmax_gui.core.phm import PHM, phm_best_order, phm_orders, phm_parameter_count

__all__ = ["PHM", "Dense", "phm_best_order", "phm_orders", "phm_parameter_count"]
