"""What was measured, as a table to read and as JSON to keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import Any

from tests.bench.engine.contender import Contender


@dataclass
class Row:
    """One contender, or one figure made of several.

    Attributes:
        values: one a repeat, in the table's unit.
        ratios: one a round: how far the product is ahead of this row.
        wanted: what the median ratio has to reach; None where nothing is asked.
        bound: the ratio is only known to be at least this, since the row did not get there.
        at_most: `wanted` is an upper limit.
        percent: the ratio is a share.
    """

    name: str
    values: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    wanted: float | None = None
    bound: bool = False
    at_most: bool = False
    percent: bool = False
    note: str = ""
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """reached, not reached, or why neither can be said."""
        if self.wanted is None:
            return ""
        if not self.ratios:
            return "not measured"
        ratio = median(self.ratios)
        reached = ratio <= self.wanted if self.at_most else ratio >= self.wanted
        if reached:
            return "reached"
        return "not shown within the limit" if self.bound else "not reached"

    def record(self) -> dict[str, Any]:
        """For JSON; what is empty is left out."""
        figures: dict[str, Any] = {
            "name": self.name, "median": median(self.values) if self.values else None,
            "repeats": self.values, "ratio": median(self.ratios) if self.ratios else None,
            "ratios": self.ratios, "ratio_is_a_lower_bound": self.bound, "wanted": self.wanted,
            "verdict": self.verdict, "note": self.note, **self.detail,
        }  # fmt: skip
        return {
            name: value for name, value in figures.items() if value not in (None, "", [], False)
        }


@dataclass
class Table:
    """One piece of work: what it was, how it was pinned, and its rows."""

    key: str
    title: str
    unit: str
    pin: str
    rows: list[Row] = field(default_factory=list)
    note: str = ""

    def lines(self) -> list[str]:
        """Title, heading and a line a row."""
        heading = f"  {'':34} {self.unit:>14}  {'ahead by':>10}  {'(rounds)':>17}  wanted"
        texts = [f"{self.key}: {self.title} ({self.pin})"]
        texts += [f"  {self.note}"] if self.note else []
        return [*texts, heading, *(_line(row) for row in self.rows)]

    def record(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "title": self.title, "unit": self.unit, "pin": self.pin, "note": self.note,
            "rows": [row.record() for row in self.rows],
        }  # fmt: skip


def of_contender(contender: Contender, ahead: list[float], wanted: float | None = None) -> Row:
    """The row of one contender, whose answers each have a "value"."""
    values = [answer["value"] for answer in contender.answers]
    detail = {key: value for key, value in contender.report.items() if value is not None}
    return Row(contender.name, values, ahead, wanted, note=contender.note, detail=detail)


def ahead(product: Contender, peer: Contender, more_is_better: bool = False) -> list[float]:
    """Round by round, how many times better the product did."""
    pairs = zip(product.answers, peer.answers, strict=False)
    if more_is_better:
        return [ours["value"] / theirs["value"] for ours, theirs in pairs]
    return [theirs["value"] / ours["value"] for ours, theirs in pairs]


def _line(row: Row) -> str:
    value = f"{median(row.values):.4g}" if row.values else ""
    ratio = spread = wanted = ""
    if row.ratios:
        ratio = ("> " if row.bound else "") + _number(median(row.ratios), row.percent)
        spread = (
            f"({_number(min(row.ratios), row.percent)}-{_number(max(row.ratios), row.percent)})"
        )
    if row.wanted is not None:
        sign = "at most " if row.at_most else ""
        wanted = f"{sign}{_number(row.wanted, row.percent)} {row.verdict}"
    loss = row.detail.get("loss")
    remarks = [f"loss {loss:.5f}"] if isinstance(loss, float) else []
    remarks += [row.note] if row.note else []
    rest = "; ".join([wanted, *remarks] if wanted else remarks)
    return f"  {row.name:34} {value:>14}  {ratio:>10}  {spread:>17}  {rest}".rstrip()


def _number(value: float, percent: bool) -> str:
    return f"{100 * value:.0f} %" if percent else f"{value:.3g}x"
