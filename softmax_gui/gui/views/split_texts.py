"""What is said of parts and scaling: in the data panel and above the weights."""

from __future__ import annotations

from softmax_gui.data.dataset import Split
from softmax_gui.data.scaling import NONE, RANGE, STANDARDISED, UNIT_LENGTH, Scaling
from softmax_gui.i18n import tr
from softmax_gui.training.snapshot import Measurement


def scaling_text(scaling: Scaling) -> str:
    """How the features are scaled, in a few words."""
    return {
        NONE: tr("none"), RANGE: tr("to [0, 1]"), UNIT_LENGTH: tr("each row to length 1"),
        STANDARDISED: tr("mean 0, deviation 1 (on the training part)"),
    }.get(scaling.kind, scaling.kind)  # fmt: skip


def scaling_choices(split: Split | None) -> dict[str, str]:
    """The scalings to choose from; the first says what it would come to."""
    chosen = "" if split is None else _chosen_by_itself(split)
    automatic = tr("automatic: {scaling}").format(scaling=chosen) if chosen else tr("automatic")
    return {
        "auto": automatic, "none": tr("none"), "range": tr("to [0, 1]"),
        "standardise": tr("standardise"), "unit": tr("unit length"),
    }  # fmt: skip


def parts_text(split: Split) -> str:
    """How many rows are trained on and validate; the locked ones have a line of their own."""
    text = tr("{train:,} to train, {held_out:,} to validate")
    return text.format(train=split.n_train, held_out=split.validation.n)


def weights_title(split: Split | None) -> str:
    """What the pictures of the weights show, and the feature's unit where it is not plain."""
    if split is None or split.dataset.image_shape is None:
        return _column_title("" if split is None else split.scaling.kind)
    return _picture_title(split.scaling.kind, split.dataset.pixel_range)


def share_text(measured: Measurement) -> str:
    """The accuracy, with the rows behind it."""
    text = tr("{share:.1f} % ({correct:,} of {total:,})")
    share = 100 * measured.accuracy
    return text.format(share=share, correct=measured.correct, total=measured.total)


def _picture_title(kind: str, pixel_range: tuple[float, float] | None) -> str:
    if kind == STANDARDISED:
        return tr("Weights per standard deviation: one picture a class")
    if kind == UNIT_LENGTH:
        return tr("Weights at length 1: one picture a class")
    if kind == NONE and pixel_range not in (None, (0.0, 1.0)):
        return tr("Weights per unit of the file: one picture a class")
    return tr("Weights: one picture a class, one scale")


def _column_title(kind: str) -> str:
    if kind == UNIT_LENGTH:
        return tr("Weights at length 1: a column a class")
    if kind == RANGE:
        return tr("Weights per range of a feature: a column a class")
    if kind == STANDARDISED:
        return tr("Weights per standard deviation: a column a class")
    return tr("Weights: a column a class, one scale")


def _chosen_by_itself(split: Split) -> str:
    return tr("standardise") if split.dataset.pixel_range is None else tr("to [0, 1]")
