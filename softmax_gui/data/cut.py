"""How rows become parts: what a user says of shares and scaling, in one value."""

from __future__ import annotations

from dataclasses import dataclass

from softmax_gui.data.batches import split
from softmax_gui.data.dataset import Dataset, Split


@dataclass(frozen=True)
class Cut:
    """The arguments of batches.split() but for the seed.

    Attributes:
        validation_share: of the rows, between 0 and 1; None takes the data's own.
        test_share: of the rows, kept aside; from 0.
        scaling: one of scaling.SCALINGS.
    """

    validation_share: float | None = None
    test_share: float = 0.0
    scaling: str = "auto"

    def of(self, dataset: Dataset, seed: int) -> Split:
        """The parts of a dataset; see batches.split().

        Raises:
            ValueError: the rows can't be cut or scaled so.
        """
        return split(
            dataset, seed, self.validation_share, scaling=self.scaling, test_share=self.test_share
        )
