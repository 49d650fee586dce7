"""Reading results that may come from anywhere: what is not of the expected shape is as good as not there."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from docmill.documents.pages import Box

__all__ = ["box_of", "dicts_of", "mapping_of", "number_of", "text_of", "whole_of"]

MAX_COORDINATE = 100_000.0
"""Points. No page is so large, and a box that reaches further is of no use on it."""


def mapping_of(data: object, *path: str) -> Mapping[str, Any]:
    """The mapping at a path of keys; an empty one if there is none."""
    for key in path:
        data = data.get(key) if isinstance(data, Mapping) else None
    return data if isinstance(data, Mapping) else {}


def dicts_of(data: object, limit: int) -> Iterator[Mapping[str, Any]]:
    """The mappings in a list, of its first ``limit`` entries."""
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        yield from (each for each in data[:limit] if isinstance(each, Mapping))


def text_of(data: object) -> str | None:
    """A text that says something, or a number as text; None for anything else."""
    if isinstance(data, str):
        return data if data.strip() else None
    number = number_of(data)
    return None if number is None else f"{number:g}"


def number_of(data: object) -> float | None:
    """A finite number; None for anything else."""
    if isinstance(data, bool) or not isinstance(data, int | float):
        return None
    try:
        number = float(data)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def whole_of(data: object) -> int | None:
    """A whole number that counts something, 0 or more; None for anything else."""
    return data if isinstance(data, int) and not isinstance(data, bool) and 0 <= data < 2**53 else None


def box_of(data: object) -> Box | None:
    """A box with its edges in order; None if it is not four finite numbers of a size that a page may have."""
    if not isinstance(data, Sequence) or isinstance(data, str | bytes) or len(data) != 4:
        return None
    edges = [number_of(edge) for edge in data]
    if any(edge is None or abs(edge) > MAX_COORDINATE for edge in edges):
        return None
    x0, y0, x1, y1 = (edge for edge in edges if edge is not None)
    return (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
