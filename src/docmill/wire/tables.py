"""Tables: the fields of a message, of which reading, writing and the JSON Schema are made."""

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

import attrs

from docmill.wire.shapes import Problem, Schema
from docmill.wire.words import kind_of, step_into

__all__ = ["Field", "Record"]


@attrs.frozen
class Field:
    """A key of an object: what it is called on both sides, what its value looks like, and what it means.

    Attributes:
        key: its name in JSON.
        attribute: its name in Python, dots included; empty if it is no attribute of anything, but always the same.
        shape: of its value.
        description: one sentence for whoever reads the schema.
        required: whether it is always there; what is unknown then is null.
        default: what counts if it is left out of a request, as Python has it.
    """

    key: str
    attribute: str
    shape: Any
    description: str
    required: bool = True
    default: Any = None
    _get: Callable[[Any], Any] = attrs.field(
        init=False,
        repr=False,
        eq=False,
        default=attrs.Factory(
            lambda self: attrgetter(self.attribute) if self.attribute else lambda _: None, takes_self=True
        ),
    )

    def write(self, value: Any) -> Any:
        """The value as JSON has it, from the object that it belongs to."""
        return self.shape.write(self._get(value))

    def schema(self) -> Schema:
        """The schema of the value, with what it means."""
        default = {} if self.default is None else {"default": self.shape.write(self.default)}
        return {**self.shape.schema(), "description": self.description, **default}


@attrs.frozen
class Record:
    """An object with known keys and no others: the table of a message."""

    name: str
    fields: tuple[Field, ...]

    def read(self, value: Any, path: str, problems: list[Problem]) -> dict[str, Any] | None:
        """The values that are there, by attribute."""
        if not isinstance(value, Mapping):
            problems.append(Problem(path, f"must be an object, got {kind_of(value)}"))
            return None
        known = {field.key for field in self.fields}
        problems += [
            Problem(step_into(path, key), f"must not be there; known are {', '.join(sorted(known))}")
            for key in value
            if key not in known
        ]
        problems += [
            Problem(step_into(path, key), "must not be there more than once") for key in getattr(value, "doubles", ())
        ]
        return {
            field.attribute: field.shape.read(value[field.key], f"{path}.{field.key}", problems)
            for field in self.fields
            if self._is_there(field, value, path, problems)
        }

    def _is_there(self, field: Field, value: Mapping[str, Any], path: str, problems: list[Problem]) -> bool:
        if field.key in value:
            return True
        if field.required:
            problems.append(Problem(f"{path}.{field.key}", "must be there"))
        return False

    def write(self, value: Any) -> dict[str, Any]:
        """Every required key, from the attributes of an object."""
        return {field.key: field.write(value) for field in self.fields if field.required}

    def schema(self) -> Schema:
        """An object with its keys."""
        return {
            "type": "object",
            "properties": {field.key: field.schema() for field in self.fields},
            "required": [field.key for field in self.fields if field.required],
            "additionalProperties": False,
        }
