"""Rows of a page that may be a table: those that follow each other closely and have more than one cell."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

import attrs

from docmill.documents.extraction.grid import Run
from docmill.documents.extraction.tables.lattice import Lines

__all__ = ["Block", "Line", "find_blocks"]

_GAP = 2.6
"""Heights between two rows of one table."""

_WIDER = 1.8
"""Times the usual distance of rows: a wider one ends a table."""

_MAX_LONELY = 3
"""Rows with one cell only, between rows with several."""

_MAX_HEADING = 6
_MIN_ROWS = 2


@attrs.define(eq=False)
class Line:
    """A row of text.

    Attributes:
        runs: from left to right.
        y0, y1: of the row.
    """

    runs: list[Run]
    y0: float
    y1: float

    @property
    def height(self) -> float:
        """Points."""
        return self.y1 - self.y0

    @property
    def middle(self) -> float:
        """The y halfway."""
        return (self.y0 + self.y1) / 2

    @property
    def x0(self) -> float:
        """Its left edge."""
        return self.runs[0].x0

    @property
    def x1(self) -> float:
        """Its right edge."""
        return max(run.x1 for run in self.runs)


@attrs.define(eq=False)
class Block:
    """Rows that may be a table.

    Attributes:
        lines: from top to bottom.
        rules: the heights of the lines that are drawn across most of it.
        strokes: (y, x0, x1) of all lines that are drawn across something of it, by y.
    """

    lines: list[Line]
    rules: list[float] = attrs.Factory(list)
    strokes: list[tuple[float, float, float]] = attrs.Factory(list)

    def is_ruled_between(self, upper: Line, lower: Line) -> bool:
        """Whether a line is drawn between two rows."""
        return _is_between(self.rules, upper, lower)

    def is_stroked_between(self, upper: Line, lower: Line) -> bool:
        """Whether anything is underlined between two rows."""
        return _is_between([y for y, _, _ in self.strokes], upper, lower)


def _is_between(heights: Sequence[float], upper: Line, lower: Line) -> bool:
    return bisect_right(heights, lower.middle) > bisect_left(heights, upper.middle)


def find_blocks(lines: Sequence[Line], drawn: Lines) -> list[Block]:
    """Cut a page into blocks that start and end with a row of several cells, and add the headings above them."""
    blocks = []
    start = 0
    for place in range(1, len(lines) + 1):
        if place < len(lines) and _is_together(lines, start, place):
            continue
        blocks += _trim(lines, start, place, drawn)
        start = place
    return blocks


def _is_together(lines: Sequence[Line], start: int, place: int) -> bool:
    above, line = lines[place - 1], lines[place]
    distance = line.middle - above.middle
    recent = lines[max(start, place - 9) : place]
    usual = median(lower.middle - upper.middle for upper, lower in pairwise(recent)) if len(recent) > 2 else distance
    if distance > max(_GAP * max(above.height, line.height), _WIDER * usual):
        return False
    return place - start < _MAX_LONELY or any(len(each.runs) > 1 for each in [*recent[-_MAX_LONELY:], line])


def _trim(lines: Sequence[Line], start: int, end: int, drawn: Lines) -> list[Block]:
    several = [place for place in range(start, end) if len(lines[place].runs) > 1]
    if len(several) < _MIN_ROWS:
        return []
    first, last = several[0], several[-1]
    left = min(line.x0 for line in lines[first : last + 1])
    right = max(line.x1 for line in lines[first : last + 1])
    rules = [y for y, x0, x1 in drawn.across if min(x1, right) - max(x0, left) >= 0.6 * (right - left)]
    first = _heading_above(lines, start, first, left, rules)
    last = _rest_below(lines, end, last, rules)
    top, bottom = lines[first].y0 - 20, lines[last].y1 + 20
    strokes = [line for line in drawn.across if top <= line[0] <= bottom and min(line[2], right) > max(line[1], left)]
    return [Block(list(lines[first : last + 1]), [y for y in rules if top <= y <= bottom], strokes)]


def _heading_above(lines: Sequence[Line], start: int, first: int, left: float, rules: Sequence[float]) -> int:
    """The first row of the heading: what stands over the columns but not over the first one, or below a drawn line."""
    top = first
    for place in range(first - 1, max(start, first - _MAX_HEADING) - 1, -1):
        line = lines[place]
        is_over_columns = line.x0 > left + 2 * line.height and len(line.runs[0].words) <= 8
        has_rule = any(line.y0 - 1.5 * line.height <= y <= line.middle for y in rules)
        is_ruled_off = any(line.middle < y < lines[place + 1].middle for y in rules)
        if has_rule:
            top = place
        elif is_ruled_off or not is_over_columns:
            break
        if is_over_columns and place == top - 1:
            top = place
    return top


def _rest_below(lines: Sequence[Line], end: int, last: int, rules: Sequence[float]) -> int:
    """The last row: single cells that stand above the drawn line at the foot."""
    for place in range(last + 1, min(end, last + 4)):
        is_over_rule = any(lines[place].middle < y < lines[place].y1 + 1.5 * lines[place].height for y in rules)
        is_under_rule = any(lines[place - 1].middle < y <= lines[place].middle for y in rules)
        if is_over_rule and not is_under_rule:
            return place
    return last
