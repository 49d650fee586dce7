"""What JSON can carry, and where two results differ."""

import json
from itertools import zip_longest
from typing import Any

from docmill.core.data import MAX_RESULT_BYTES, short, walk, why_not_json

__all__ = ["difference", "short", "what_json_changes", "why_not_result"]


def why_not_result(value: Any) -> str | None:
    """What keeps a value from being a result that a durable store takes; None if nothing does."""
    problem = why_not_json(value)
    if problem is not None:
        return problem
    try:
        size = len(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    except (TypeError, ValueError) as error:
        return f"result cannot be written as JSON: {error}"
    if size > MAX_RESULT_BYTES:
        return (
            f"result has {size:,} bytes as JSON, over {MAX_RESULT_BYTES:,}; "
            "store the bulk elsewhere and return a reference"
        )
    return None


def what_json_changes(value: Any) -> str | None:
    """The first place where a result comes back from JSON as something else; None if it comes back as it was."""
    return difference(value, json.loads(json.dumps(value)))


def difference(one: Any, other: Any) -> str | None:
    """The first place where two results differ, None if they are the same to the type."""
    for left, right in zip_longest(walk(one), walk(other)):
        if left is None or right is None:
            longer = left or right
            return f"{longer[0]} is only in one of them"
        (path, _, before), (other_path, _, after) = left, right
        if path != other_path:
            return f"{path} is in one of them where {other_path} is in the other"
        if type(before) is not type(after) or (_is_leaf(before) and _differ(before, after)):
            return f"{path} is {_shown(before)}, then {_shown(after)}"
    return None


def _is_leaf(item: Any) -> bool:
    return item is None or isinstance(item, str | int | float)


def _differ(one: Any, other: Any) -> bool:
    nan_both = one != one and other != other
    return bool(one != other) and not nan_both


def _shown(item: Any) -> str:
    return short(item) if _is_leaf(item) else f"a {type(item).__qualname__}"
