"""Names that are set on two lines, and names that stand above the line with their address."""

import re
from bisect import bisect_left
from collections.abc import Sequence

import attrs

from docmill.documents.extraction.layout import Row, Segment, around, normalise
from docmill.documents.extraction.names import Name, name_in
from docmill.documents.extraction.party_words import LEGAL_FORM

__all__ = ["name_above", "whole_name"]

_ROWS_APART, _MAX_BESIDE = 3, 4
_LARGE = 1.3
_MAX_LENGTH = 90
_BREAKS_OFF = re.compile(
    r"(?:[&+\-\u2013/]|\b(?:und|and|et|y|e|en|och|og|i|de|del|della|der|of|for|für|du))$", re.IGNORECASE
)
_GOES_ON = re.compile(
    r"(?:[&+]|(?:und|and|et|y|e|en|och|og|i|de|del|della|dei|di|der|des|do|da|of|for|für|du|von|van|la)\b)",
    re.IGNORECASE,
)


def whole_name(name: Name, rows: Sequence[Row], usual: float) -> Name:
    """A name with its second line, where that ends with the legal form which the first line lacks.

    Args:
        name: the first line.
        rows: of the document.
        usual: height of its text in points: large lines at the top are a letterhead.
    """
    if LEGAL_FORM.search(name.text):
        return name
    segment = name.row.segment_at(name.start)
    if segment.start < name.start or segment.end > name.end:
        return name
    below = _neighbour(segment, name.row, rows[name.row.index + 1 : name.row.index + 1 + _ROWS_APART])
    if below is None or not _continues(name, below, usual):
        return name
    box = around((name.box, below.box))
    return attrs.evolve(name, text=f"{name.text} {' '.join(below.text.split())}", box=box, second=below)


def name_above(line: Name, rows: Sequence[Row]) -> Name | None:
    """The name above a line that looks like the address of a sender, but is only where that name is to be found.

    Args:
        line: what the address begins with, such as the name of a house.
        rows: of the document.

    Returns:
        The name above, if it has a legal form or is set larger, and the line does not begin with it; else None.
    """
    if LEGAL_FORM.search(line.text):
        return None
    segment = line.row.segment_at(line.start)
    before = list(reversed(rows[max(line.row.index - _ROWS_APART, 0) : line.row.index]))
    above = _neighbour(segment, line.row, before)
    if above is None:
        return None
    name = name_in(rows[above.row], above.start, above.end)
    if name is None or set(_words(name.text)) & set(_words(line.text)):
        return None
    is_larger = _height(above) > _LARGE * _height(segment)
    return name if is_larger or LEGAL_FORM.search(name.text) else None


def _neighbour(segment: Segment, row: Row, others: Sequence[Row]) -> Segment | None:
    """The segment right above or below another one, with the same left edge."""
    x0 = segment.box[0]
    for other in others:
        first = bisect_left(other.segments, x0 - 0.5 * _height(segment), key=_left_edge)
        for each in other.segments[first : first + _MAX_BESIDE]:
            height = min(_height(each), _height(segment))
            distance = max(segment.box[1] - each.box[3], each.box[1] - segment.box[3])
            if other.page == row.page and abs(each.box[0] - x0) < 0.5 * height and distance < height:
                return each
    return None


def _left_edge(segment: Segment) -> float:
    return segment.box[0]


def _continues(name: Name, below: Segment, usual: float) -> bool:
    form = LEGAL_FORM.search(below.text)
    text = below.text.strip()
    if form is None or not 0.9 < _height(below) / max(name.height, 1.0) < 1.1:
        return False
    if below.text[form.end() :].strip(" .,") or len(name.text) + len(text) > _MAX_LENGTH:
        return False
    if _words(text)[:1] == _words(name.text)[:1]:
        return False
    is_open = _BREAKS_OFF.search(name.text) or _GOES_ON.match(text) or form.start() == 0
    return bool(is_open) or name.height > _LARGE * usual


def _height(segment: Segment) -> float:
    return max(segment.box[3] - segment.box[1], 1.0)


def _words(text: str) -> list[str]:
    return [key for word in text.split() if len(key := normalise(word)) > 3]
