"""JSON as bytes: by orjson where that is installed, else by the standard library."""

import json
from collections.abc import Callable
from typing import Any

__all__ = ["encode"]


def _encode_plainly(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def _choose() -> Callable[[Any], bytes]:
    try:
        import orjson
    except ImportError:
        return _encode_plainly
    quick = orjson.dumps
    refused = orjson.JSONEncodeError

    def encode_quickly(value: Any) -> bytes:
        try:
            return quick(value)
        except refused:  # a lone surrogate in somebody's error text, or a number beyond 64 bits
            return _encode_plainly(value)

    return encode_quickly


encode = _choose()
"""A value of which this package knows that JSON can carry it, as bytes.

Both writers mean the same; one writes characters beyond ASCII as they are, the other one escapes them.
"""
