"""The strict reading of JSON that a stranger has sent: nothing is guessed, and nothing is overlooked."""

import json
from collections import Counter
from collections.abc import Mapping
from math import inf
from typing import Any, Final

from docmill.wire.shapes import Problem

__all__ = ["JsonObject", "read_json"]

MOST_DIGITS: Final = 100
"""Longer whole numbers are not worth the time that it takes to read them: no limit comes near."""


class JsonObject(dict[str, Any]):
    """An object as it was read, and which of its keys were there more than once."""

    doubles: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    made = JsonObject(pairs)
    if len(made) < len(pairs):
        times = Counter(name for name, _ in pairs)
        made.doubles = tuple(name for name in made if times[name] > 1)
    return made


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= MOST_DIGITS else inf


def read_json(body: bytes | str | Mapping[str, Any], problems: list[Problem]) -> Any:
    """The value of a JSON text; None, and a problem added, if it is none.

    NaN, Infinity and numbers beyond the range of floats become floats that are not finite, which no shape takes.
    A mapping is taken as it is.
    """
    if isinstance(body, Mapping):
        return body
    try:
        text = body if isinstance(body, str) else body.decode()
        return json.loads(text, object_pairs_hook=_object, parse_int=_whole)
    except UnicodeDecodeError as error:
        problems.append(Problem("$", f"must be UTF-8, but the byte at {error.start} is not"))
    except RecursionError:
        problems.append(Problem("$", "must not be nested that deeply"))
    except json.JSONDecodeError as error:
        problems.append(Problem("$", f"must be JSON, but at line {error.lineno}, column {error.colno}: {error.msg}"))
    return None
