"""Frozen dataclasses of plain values to JSON and back, every type looked at."""

from __future__ import annotations

import json
import math
import types
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from softmax_gui.files import shown
from softmax_gui.i18n import tr

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")


def record_of(value: DataclassInstance | None) -> dict[str, Any] | None:
    """The fields of a dataclass by their names; None for None."""
    return None if value is None else asdict(value)


def made(kind: type[T], record: Any) -> T:
    """The dataclass whose fields record_of wrote; one added since takes its default.

    Raises:
        ValueError: a field that is missing, unknown here, or of another type; or what the class
            itself refuses.
    """
    name = kind.__name__
    if not isinstance(record, dict):
        raise ValueError(tr("{what} is no JSON object").format(what=name))
    hints = get_type_hints(kind)
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]  # it is one
    if unknown := record.keys() - known.keys():
        text = tr('it holds "{name}", unknown here')
        raise ValueError(text.format(name=shown(f"{name}.{min(unknown)}")))
    values = {key: fitted(record[key], hints[key], f"{name}.{key}") for key in record}
    for key, field in known.items():
        if key not in values and field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(tr("it lacks {name}").format(name=f"{name}.{key}"))
    return kind(**values)


def fitted(value: Any, hint: Any, name: str) -> Any:
    """A value of JSON as the type that a field has: lists become tuples, whole numbers floats.

    Raises:
        ValueError: it is of another type.
    """
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in args:
            return None
        (inner,) = (arg for arg in args if arg is not type(None))  # a union of more has no field
        return fitted(value, inner, name)
    if origin is tuple and isinstance(value, list):
        kinds = [args[0]] * len(value) if args[1:] == (...,) else list(args)
        if len(kinds) == len(value):
            return tuple(fitted(item, kind, name) for item, kind in zip(value, kinds, strict=True))
    if origin is dict and isinstance(value, dict):
        return {key: fitted(item, args[1], name) for key, item in value.items()}
    if hint is float and type(value) in (int, float):
        return _finite(value, name)
    if type(value) is hint:
        return value
    text = tr("{name} is {value}, of another kind than expected")
    raise ValueError(text.format(name=name, value=shown(str(value))))


def to_json(record: Mapping[str, Any]) -> bytes:
    """UTF-8 that people can read; half a character, as a file name may hold, is escaped."""
    text = json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    return text.encode(errors="backslashreplace")


def from_json(data: bytes) -> dict[str, Any]:
    """The object in JSON's bytes: no name twice, no NaN, no depth without end.

    Raises:
        ValueError: it is none.
    """
    try:
        value = json.loads(data, object_pairs_hook=_without_repeats, parse_constant=_refused)
    except RecursionError:
        value = None
    if not isinstance(value, dict):
        raise ValueError(tr("its description is no JSON object"))
    return value


def _finite(value: float, name: str) -> float:
    try:
        number = float(value)
    except OverflowError:  # a whole number of 400 digits
        number = math.inf
    if not math.isfinite(number):  # JSON's 1e999
        raise ValueError(tr("{name} is not a finite number").format(name=name))
    return number


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(tr('it has "{name}" twice').format(name=shown(twice)))
    return value


def _refused(constant: str) -> float:
    raise ValueError(tr("it holds {constant} for a number").format(constant=constant))
