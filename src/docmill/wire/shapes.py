"""Shapes: what a JSON value may look like, as small parts of which messages are composed.

A shape reads a value that came in, writes one that goes out, and describes itself as JSON Schema; each does
what its messages need of it.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import attrs

from docmill.wire.words import is_within, kind_of, span

__all__ = [
    "AnyJson",
    "Choice",
    "Constant",
    "Flag",
    "Instant",
    "ListOf",
    "Milliseconds",
    "Nullable",
    "Number",
    "Problem",
    "Schema",
    "Text",
    "Whole",
    "iso",
]

Schema = dict[str, Any]

CONTROL: Final = r"\u0000-\u001f\u007f-\u009f"
"""The control characters of Unicode (its category Cc), as JSON Schema and Python write them in a set."""

UNSOUND: Final = re.compile(f"[{CONTROL}\ud800-\udfff]")


class Problem(NamedTuple):
    """What is wrong with a value, and where it is: ``("$.options.timeout", "must be ...")``."""

    path: str
    message: str


def iso(moment: datetime) -> str:
    """A UTC time as the seed writes it: ISO 8601 with milliseconds and Z."""
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"


class Plain:
    """A shape whose values are the same in Python and in JSON."""

    def write(self, value: Any) -> Any:
        """The value itself."""
        return value


@attrs.frozen
class Whole(Plain):
    """A whole number in a range; 434.0 is one, since JSON knows one kind of number only, and true is none."""

    least: int = 0
    most: int | None = None

    def read(self, value: Any, path: str, problems: list[Problem]) -> int | None:
        """The number as an int."""
        whole = int(value) if isinstance(value, float) and value.is_integer() else value
        if isinstance(whole, int) and not isinstance(whole, bool) and is_within(whole, self.least, self.most):
            return whole
        allowed = span(self.least, self.most)
        problems.append(Problem(path, f"must be a whole number, {allowed}, got {kind_of(value)}"))
        return None

    def schema(self) -> Schema:
        """An integer with its range."""
        return {"type": "integer", "minimum": self.least} | ({} if self.most is None else {"maximum": self.most})


@attrs.frozen
class Milliseconds:
    """A duration: seconds in Python, whole milliseconds in JSON. The range is in seconds."""

    least: float = 0.0
    most: float | None = None

    def _whole(self) -> Whole:
        return Whole(round(self.least * 1000), None if self.most is None else round(self.most * 1000))

    def read(self, value: Any, path: str, problems: list[Problem]) -> float | None:
        """The duration in seconds."""
        milliseconds = self._whole().read(value, path, problems)
        return None if milliseconds is None else milliseconds / 1000

    def write(self, value: float) -> int:
        """The duration in milliseconds."""
        return round(value * 1000)

    def schema(self) -> Schema:
        """An integer with its range."""
        return self._whole().schema()


@attrs.frozen
class Text(Plain):
    """A string of some length, in characters; one that is read must not have control characters in it."""

    least: int = 0
    most: int | None = None
    clean: bool = False

    def read(self, value: Any, path: str, problems: list[Problem]) -> str | None:
        """The string."""
        if not isinstance(value, str):
            problems.append(Problem(path, f"must be a string, got {kind_of(value)}"))
        elif not is_within(len(value), self.least, self.most):
            problems.append(Problem(path, f"must have {span(self.least, self.most)} characters, got {len(value)}"))
        elif (unsound := UNSOUND.search(value)) is not None:
            kind = "a lone surrogate" if unsound[0] >= "\ud800" else "a control character"
            code = f"U+{ord(unsound[0]):04X}"
            problems.append(Problem(path, f"must not contain {kind}, got {code} at {unsound.start()}"))
        else:
            return value
        return None

    def schema(self) -> Schema:
        """A string with its lengths."""
        lengths = {"minLength": self.least or None, "maxLength": self.most}
        pattern = {"pattern": f"^[^{CONTROL}]*$"} if self.clean else {}
        return {"type": "string"} | {key: value for key, value in lengths.items() if value is not None} | pattern


def _plain(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)


@attrs.frozen
class Choice:
    """One of some strings."""

    values: tuple[str, ...] = attrs.field(converter=_plain)

    def read(self, value: Any, path: str, problems: list[Problem]) -> str | None:
        """The string."""
        if isinstance(value, str) and value in self.values:
            return value
        got = "another string" if isinstance(value, str) else kind_of(value)
        problems.append(Problem(path, f"must be one of {', '.join(self.values)}, got {got}"))
        return None

    def write(self, value: str) -> str:
        """A plain string, whatever enumeration it comes from."""
        return str(value)

    def schema(self) -> Schema:
        """A string with all of its values."""
        return {"type": "string", "enum": [*self.values]}


@attrs.frozen
class Number(Plain):
    """A number in a range."""

    least: float
    most: float

    def schema(self) -> Schema:
        """A number with its range."""
        return {"type": "number", "minimum": self.least, "maximum": self.most}


class Flag(Plain):
    """True or false."""

    def schema(self) -> Schema:
        """A boolean."""
        return {"type": "boolean"}


@attrs.frozen
class Constant:
    """Always the same value."""

    value: Any

    def write(self, value: object) -> Any:  # noqa: ARG002 - there is nothing to choose
        """That value."""
        return self.value

    def schema(self) -> Schema:
        """The value."""
        return {"const": self.value}


class Instant:
    """A UTC time: a datetime in Python, ISO 8601 with milliseconds and Z in JSON."""

    def write(self, value: datetime) -> str:
        """The time as the seed writes it."""
        return iso(value)

    def schema(self) -> Schema:
        """A string of its format."""
        return {
            "type": "string",
            "format": "date-time",
            "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$",
        }


class AnyJson(Plain):
    """Whatever JSON can carry."""

    def schema(self) -> Schema:
        """A schema that takes everything."""
        return {}


@attrs.frozen
class Nullable:
    """A value that may be unknown: None in Python, null in JSON."""

    shape: Any

    def write(self, value: Any) -> Any:
        """The value, or None."""
        return None if value is None else self.shape.write(value)

    def schema(self) -> Schema:
        """The same schema with null allowed."""
        schema: Schema = self.shape.schema()
        return schema | {"type": [schema["type"], "null"]}


@attrs.frozen
class ListOf:
    """Several values of one shape; with ``unique`` no two strings are the same."""

    shape: Any
    least: int = 0
    most: int | None = None
    unique: bool = False

    def read(self, value: Any, path: str, problems: list[Problem]) -> tuple[Any, ...] | None:
        """The values. Those of a list that is too long are not looked at."""
        if not isinstance(value, Sequence) or isinstance(value, str | bytes | bytearray):
            problems.append(Problem(path, f"must be an array, got {kind_of(value)}"))
            return None
        if not is_within(len(value), self.least, self.most):
            problems.append(Problem(path, f"must have {span(self.least, self.most)} items, got {len(value)}"))
            return None
        items = tuple(self.shape.read(item, f"{path}[{at}]", problems) for at, item in enumerate(value))
        if self.unique and len(set(items)) < len(items):
            problems += _doubles(items, path)
        return items

    def schema(self) -> Schema:
        """An array with its bounds."""
        bounds = {"minItems": self.least or None, "maxItems": self.most, "uniqueItems": self.unique or None}
        known = {key: bound for key, bound in bounds.items() if bound is not None}
        return {"type": "array", "items": self.shape.schema()} | known


def _doubles(items: Sequence[Any], path: str) -> list[Problem]:
    first: dict[Any, int] = {}
    return [
        Problem(f"{path}[{at}]", f"must not be the same as {path}[{first[item]}]")
        for at, item in enumerate(items)
        if item is not None and first.setdefault(item, at) != at
    ]
