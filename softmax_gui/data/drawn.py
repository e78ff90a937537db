"""A set that grows by drawing: pictures, each with a label or a soft label; sets never change.

Every edit gives another set, which is what undo is made of.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from softmax_gui.data.dataset import Dataset, Floats, Integers, feature_names, read_only
from softmax_gui.data.targets import checked_targets
from softmax_gui.files import shown
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

DRAWN_SOURCE = ""  # what a LoadRequest and a project name as the source of drawn data alone
_LARGEST_SIDE = 4096


@dataclass(frozen=True, eq=False)
class DrawnSet:
    """m pictures drawn by hand; arrays are owned and read-only.

    Raises:
        ValueError: sizes that do not fit, two classes of one name, pixels or targets out of [0, 1],
            targets of a picture that do not sum to 1.
    """

    image_shape: tuple[int, int]  # height, width
    class_names: tuple[str, ...] = ()
    pictures: Floats = None  # type: ignore[assignment]  # (m, h, w) in [0, 1]; None is m = 0
    targets: Floats = None  # type: ignore[assignment]  # (m, q), one-hot or soft; rows sum to 1

    def __post_init__(self) -> None:
        height, width = (int(side) for side in self.image_shape)
        q = len(self.class_names)
        pictures = np.zeros((0, height, width)) if self.pictures is None else self.pictures
        targets = np.zeros((0, q)) if self.targets is None else self.targets
        pictures, targets = np.asarray(pictures), np.asarray(targets)
        _look_at_shape((height, width))
        _look_at_names(self.class_names)
        _look_at_pictures(pictures, (height, width))
        if targets.shape != (len(pictures), q):
            text = tr("{m} drawn examples of {q} classes do not have targets of shape {shape}.")
            raise ValueError(text.format(m=len(pictures), q=q, shape=targets.shape))
        if len(pictures):
            targets = checked_targets(targets, targets.argmax(axis=1), self.class_names)
        object.__setattr__(self, "image_shape", (height, width))
        object.__setattr__(self, "class_names", tuple(self.class_names))
        object.__setattr__(self, "pictures", read_only(pictures, np.float64))
        object.__setattr__(self, "targets", read_only(targets, np.float64))

    @property
    def m(self) -> int:
        """Examples."""
        return len(self.pictures)

    @property
    def q(self) -> int:
        """Classes, those without an example among them."""
        return len(self.class_names)

    @property
    def labels(self) -> Integers:
        """The class of the largest target of each example, (m,)."""
        return self.targets.argmax(axis=1) if self.q else np.zeros(0, np.int64)

    @property
    def used(self) -> NDArray[np.bool_]:
        """Whether an example has a share in the class, (q,)."""
        return np.asarray((self.targets > 0.0).any(axis=0))

    @property
    def counts(self) -> Floats:
        """The shares of the examples in each class added up, (q,)."""
        counts: Floats = self.targets.sum(axis=0)
        return counts

    @property
    def is_soft(self) -> bool:
        """Whether an example belongs to several classes."""
        return bool(((self.targets != 0.0) & (self.targets != 1.0)).any())

    def added(self, picture: ArrayLike, target: ArrayLike) -> DrawnSet:
        """With one more example, the last.

        Args:
            picture: (h, w) in [0, 1].
            target: (q,), the share of each class, of sum 1.

        Raises:
            ValueError: what does not fit.
        """
        one = np.asarray(picture, float)
        if one.shape != self.image_shape:
            text = tr("A picture of shape {shape} does not fit into a set of {own}.")
            raise ValueError(text.format(shape=one.shape, own=self.image_shape))
        pictures = np.concatenate([self.pictures, one[np.newaxis]])
        targets = np.concatenate([self.targets, self._row(target)])
        return replace(self, pictures=pictures, targets=targets)

    def relabelled(self, rows: Sequence[int], target: ArrayLike) -> DrawnSet:
        """With another target (q,) for the examples at `rows`.

        Raises:
            ValueError: the target does not fit.
        """
        targets = self.targets.copy()
        targets[list(rows)] = self._row(target)
        return replace(self, targets=targets)

    def removed(self, rows: Sequence[int]) -> DrawnSet:
        """Without the examples at `rows`; the classes stay."""
        kept = np.ones(self.m, bool)
        kept[list(rows)] = False
        return replace(self, pictures=self.pictures[kept], targets=self.targets[kept])

    def with_class(self, name: str) -> DrawnSet:
        """With one more class, the last, of which there is no example yet.

        Raises:
            ValueError: there is one of that name.
        """
        targets = np.concatenate([self.targets, np.zeros((self.m, 1))], axis=1)
        return replace(self, class_names=(*self.class_names, name), targets=targets)

    def with_label(self, label: Mapping[str, float]) -> tuple[DrawnSet, Floats]:
        """With the classes that a label names, and the target (q,) it then stands for.

        Args:
            label: the share of each class, by name.
        """
        grown = self
        for name in label:
            grown = grown if name in grown.class_names else grown.with_class(name)
        return grown, np.array([label.get(name, 0.0) for name in grown.class_names])

    def renamed(self, label: int, name: str) -> DrawnSet:
        """With another name for class `label`.

        Raises:
            ValueError: another class has that name.
        """
        names = (*self.class_names[:label], name, *self.class_names[label + 1 :])
        return replace(self, class_names=names)

    def pruned(self) -> DrawnSet:
        """Without the classes in which no example has a share."""
        used = self.used
        names = tuple(name for name, kept in zip(self.class_names, used, strict=True) if kept)
        return replace(self, class_names=names, targets=self.targets[:, used])

    def why_not_trainable(self) -> str:
        """The sentence that says what is missing to train on it, "" where nothing is."""
        classes = int(self.used.sum())
        if classes >= 2:
            return ""
        if classes == 1:
            text = tr("All examples belong to {name}. Add one of another class first.")
            return text.format(name=shown(self.class_names[int(np.argmax(self.used))]))
        return tr("There is no example yet. Add some of two classes first.")

    def dataset(self, name: str) -> Dataset:
        """The examples to train on; a class without an example is left out.

        Raises:
            ValueError: there is no example.
        """
        own = self.pruned()
        d = math.prod(own.image_shape)
        return Dataset(
            name=name,
            X=own.pictures.reshape(own.m, d),
            labels=own.labels,
            class_names=own.class_names,
            feature_names=feature_names(d),
            image_shape=own.image_shape,
            pixel_range=(0.0, 1.0),
            targets=own.targets if own.is_soft else None,
        )

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """All of it as four arrays, of which from_arrays makes the same set again."""
        return {
            "image_shape": np.array(self.image_shape, np.int64),
            "class_names": np.array(self.class_names, str),
            "pictures": self.pictures,
            "targets": self.targets,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> DrawnSet:
        """The set that to_arrays gave away.

        Raises:
            ValueError: an array is missing or does not fit.
        """
        missing = {"image_shape", "class_names", "pictures", "targets"} - set(arrays)
        if missing:
            text = tr("The drawn examples lack the array {name}.")
            raise ValueError(text.format(name=min(missing)))
        shape, names = np.asarray(arrays["image_shape"]), np.asarray(arrays["class_names"])
        if shape.shape != (2,) or shape.dtype.kind not in "iu":
            raise ValueError(tr("The size of drawn pictures must be a height and a width."))
        if names.ndim != 1 or (names.size and names.dtype.kind != "U"):
            raise ValueError(tr("The classes of drawn examples must be a list of names."))
        texts = tuple(map(str, names.tolist()))
        height, width = shape.tolist()
        return cls((height, width), texts, arrays["pictures"], arrays["targets"])

    def _row(self, target: ArrayLike) -> Floats:
        """A target as (1, q), looked at here so that the sentence has no row in it."""
        row: Floats = np.array(target, float).reshape(1, -1)
        inside = row.shape == (1, self.q) and bool(((row >= 0.0) & (row <= 1.0)).all())
        if not inside or abs(row.sum() - 1.0) > 1e-3:
            text = tr("The shares of the {q} classes must lie between 0 and 1 and sum to 1.")
            raise ValueError(text.format(q=self.q))
        row /= row.sum()
        return row


def _look_at_shape(shape: tuple[int, int]) -> None:
    if not all(1 <= side <= _LARGEST_SIDE for side in shape):
        text = tr("Drawn pictures cannot have {height} x {width} pixels.")
        raise ValueError(text.format(height=shape[0], width=shape[1]))


def _look_at_names(names: tuple[str, ...]) -> None:
    for place, name in enumerate(names):
        whole = isinstance(name, str) and name == name.encode(errors="ignore").decode()
        if not whole or name.endswith("\0"):  # which an array of texts drops
            raise ValueError(tr("The name of a class must be a text that a file can hold."))
        if name in names[:place]:
            raise ValueError(tr('Two classes have the name "{name}".').format(name=shown(name)))


def _look_at_pictures(pictures: NDArray[Any], shape: tuple[int, int]) -> None:
    if pictures.shape[1:] != shape or pictures.ndim != 3 or pictures.dtype.kind not in "biuf":
        text = tr("Drawn pictures of shape {shape} {kind} do not fit into a set of {own}.")
        raise ValueError(text.format(shape=pictures.shape, kind=pictures.dtype, own=shape))
    if not ((pictures >= 0.0) & (pictures <= 1.0)).all():  # NaN is not
        raise ValueError(tr("A drawn picture holds a value that is not between 0 and 1."))
