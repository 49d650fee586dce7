"""What a result may be where it has to leave the process: as a worker's answer, or for a store."""

import json
import math
from collections.abc import Callable, Iterator
from reprlib import Repr
from typing import Any, Final

from docmill.core.verdict import Verdict
from docmill.model import FailureCode

__all__ = ["MAX_DEPTH", "MAX_RESULT_BYTES", "encode", "short", "walk", "why_not_json"]

MAX_RESULT_BYTES: Final = 2**20
"""How large a result may be as JSON, unless its host says otherwise."""

MAX_DEPTH: Final = 100
"""Levels of lists and dicts in one another; readers of JSON begin to give up at a few hundred."""

_repr = Repr()
_repr.maxstring = _repr.maxother = 60
short = _repr.repr


def _make_writer() -> Callable[[Any], str]:
    """What writes JSON. The standard library makes an encoder anew for each call; one that is kept is twice as fast."""
    usual = json.JSONEncoder(allow_nan=False, separators=(",", ":"))
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return usual.encode
    string = json.encoder.encode_basestring_ascii
    # Without the record of what contains what, something that contains itself ends as a RecursionError.
    chunks = make(None, usual.default, string, None, ":", ",", False, False, False)
    return lambda value: "".join(chunks(value, 0))


_write = _make_writer()


def encode(result: Any, max_bytes: int = MAX_RESULT_BYTES) -> bytes | Verdict:
    """A result as JSON, or the verdict on its document: neither case can be helped by another attempt."""
    try:
        data = _write(result).encode()
    except (TypeError, ValueError, RecursionError) as error:
        reason = why_not_json(result) or f"result cannot be written as JSON: {error}"
        return _refused(FailureCode.BAD_RESULT, reason)
    if len(data) > max_bytes:
        return _refused(
            FailureCode.RESULT_TOO_LARGE,
            f"result has {len(data):,} bytes as JSON, over {max_bytes:,}; store the bulk elsewhere and return a "
            "reference, or raise max_result_bytes",
        )
    return data


def _refused(code: FailureCode, reason: str) -> Verdict:
    return Verdict(code, reason, retry=False, counted=False)


def why_not_json(value: Any, name: str = "result") -> str | None:
    """What keeps a value from being JSON, with the place and a way out; None if nothing that can be named."""
    for path, depth, item in walk(value, name):
        problem = _problem(item, depth)
        if problem is not None:
            return f"{path} {problem}"
    return None


def walk(value: Any, name: str = "result") -> Iterator[tuple[str, int, Any]]:
    """Every part of a result, with its place and depth; what contains itself ends below MAX_DEPTH."""
    waiting: list[tuple[str, int, Any]] = [(name, 0, value)]
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
    if not isinstance(item, dict | list | tuple | str | int | float | None):
        kind = type(item).__qualname__
        return f"is a {kind}, {short(item)}, which JSON cannot carry; return str, numbers, lists and dicts"
    return None
