"""What JSON can carry, and where two results differ."""

import json
import math
from collections.abc import Iterator
from itertools import zip_longest
from reprlib import Repr
from typing import Any, Final

__all__ = ["MAX_BYTES", "MAX_DEPTH", "difference", "short", "what_json_changes", "why_not_json"]

MAX_BYTES: Final = 2**20
"""The default of a durable store's ``max_result_bytes``."""

MAX_DEPTH: Final = 100
"""Levels of lists and dicts in one another; readers of JSON begin to give up at a few hundred."""

_repr = Repr()
_repr.maxstring = _repr.maxother = 60
short = _repr.repr


def why_not_json(value: Any) -> str | None:
    """What keeps a result from being JSON, with the place and a way out; None if nothing does."""
    for path, depth, item in _walk(value):
        problem = _problem(item, depth)
        if problem is not None:
            return f"{path} {problem}"
    try:
        size = len(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    except (TypeError, ValueError) as error:
        return f"result cannot be written as JSON: {error}"
    if size > MAX_BYTES:
        return f"result has {size:,} bytes as JSON, over {MAX_BYTES:,}; store the bulk elsewhere and return a reference"
    return None


def what_json_changes(value: Any) -> str | None:
    """The first place where a result comes back from JSON as something else; None if it comes back as it was."""
    return difference(value, json.loads(json.dumps(value)))


def difference(one: Any, other: Any) -> str | None:
    """The first place where two results differ, None if they are the same to the type."""
    for left, right in zip_longest(_walk(one), _walk(other)):
        if left is None or right is None:
            longer = left or right
            return f"{longer[0]} is only in one of them"
        (path, _, before), (other_path, _, after) = left, right
        if path != other_path:
            return f"{path} is in one of them where {other_path} is in the other"
        if type(before) is not type(after) or (_is_leaf(before) and _differ(before, after)):
            return f"{path} is {_shown(before)}, then {_shown(after)}"
    return None


def _walk(value: Any) -> Iterator[tuple[str, int, Any]]:
    """Every part of a result, with its place and depth; what contains itself ends below MAX_DEPTH."""
    waiting: list[tuple[str, int, Any]] = [("result", 0, value)]
    while waiting:
        path, depth, item = waiting.pop()
        yield path, depth, item
        if depth > MAX_DEPTH:
            continue
        if isinstance(item, dict):
            waiting += [(f"{path}[{key!r}]", depth + 1, item[key]) for key in reversed(item)]
        elif isinstance(item, list | tuple):
            waiting += [(f"{path}[{at}]", depth + 1, item[at]) for at in reversed(range(len(item)))]


def _problem(item: Any, depth: int) -> str | None:
    if depth > MAX_DEPTH:
        return f"is nested more than {MAX_DEPTH} levels deep, or contains itself; return a flat list of records"
    if isinstance(item, float) and not math.isfinite(item):
        return f"is {item!r}, for which JSON has no word; return None there"
    if not isinstance(item, dict | list | tuple) and not _is_leaf(item):
        kind = type(item).__qualname__
        return f"is a {kind}, {short(item)}, which JSON cannot carry; return str, numbers, lists and dicts"
    return None


def _is_leaf(item: Any) -> bool:
    return item is None or isinstance(item, str | int | float)


def _differ(one: Any, other: Any) -> bool:
    nan_both = one != one and other != other
    return bool(one != other) and not nan_both


def _shown(item: Any) -> str:
    return short(item) if _is_leaf(item) else f"a {type(item).__qualname__}"
