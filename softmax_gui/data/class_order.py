"""The classes of a dataset in the order the user wants."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from softmax_gui.files import FileProblem, shown
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from softmax_gui.data.dataset import Dataset


def in_order(dataset: Dataset, order: tuple[str, ...]) -> Dataset:
    """The same rows, classes in this order; a class that no row has is one of none.

    Args:
        dataset: any.
        order: all of its classes; () leaves it as it is.

    Raises:
        FileProblem: a class that is not in the order.
    """
    if not order or order == dataset.class_names:
        return dataset
    place = {name: k for k, name in enumerate(order)}
    left_out = [
        name
        for name, count in zip(dataset.class_names, dataset.counts.tolist(), strict=True)
        if name not in place and (count or dataset.targets is not None)
    ]
    if left_out:
        text = tr('{file}: the class "{name}" is not in the wanted order. Name all classes: {all}.')
        known = ",".join(shown(name) for name in dataset.class_names[:20])
        raise FileProblem(text.format(file=dataset.name, name=shown(left_out[0]), all=known))
    moved = np.array([place.get(name, 0) for name in dataset.class_names])
    targets = None
    if dataset.targets is not None:
        targets = np.zeros((dataset.n, len(order)))
        targets[:, moved] = dataset.targets
    return replace(dataset, class_names=order, labels=moved[dataset.labels], targets=targets)
