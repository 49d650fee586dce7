"""Where the columns of a block are, and whether it is a table at all."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

import attrs

from docmill.documents.extraction.grid import Run
from docmill.documents.extraction.tables.blocks import Block, Line
from docmill.documents.extraction.tables.cells import is_numeric
from docmill.documents.extraction.tables.paragraphs import is_list_mark

__all__ = ["Span", "columns_of", "find_columns", "is_table", "side_by_side"]

_TOLERATED = 0.15
"""Of the rows may cross the white space between two columns: headings over several of them do."""

_NARROWEST = 0.4
"""Of the height of a row: white space between columns."""

_PROSE_WORDS = 5
_FAR = 100_000.0
_APART = 1.2
"""Times the usual gap: so much more white space is between two tables."""


@attrs.frozen
class Span:
    """A column: from x0 to x1."""

    x0: float
    x1: float


def find_columns(block: Block) -> list[Span]:
    """The columns of a block: what is left between the white space that (nearly) no row crosses."""
    lines = [line for line in block.lines if len(line.runs) > 1]
    if not lines:
        return []
    tolerated = max(int(_TOLERATED * len(lines)), 1 if len(lines) > 3 else 0)
    height = sorted(line.height for line in lines)[len(lines) // 2]
    columns = _covered(lines, tolerated, _NARROWEST * height)
    return _with_sparse(columns, [run for line in lines for run in line.runs])


def _covered(lines: Sequence[Line], tolerated: int, narrowest: float) -> list[Span]:
    """The intervals that more rows than tolerated cover, joined where the gap is too narrow."""
    edges = sorted((x, step) for line in lines for run in line.runs for x, step in ((run.x0, 1), (run.x1, -1)))
    spans: list[Span] = []
    depth, start = 0, 0.0
    for x, step in edges:
        depth += step
        if step == 1 and depth == tolerated + 1:
            start = x
        elif step == -1 and depth == tolerated:
            if spans and start - spans[-1].x1 < narrowest:
                spans[-1] = Span(spans[-1].x0, x)
            else:
                spans.append(Span(start, x))
    return spans


def _with_sparse(columns: list[Span], runs: Sequence[Run]) -> list[Span]:
    """Add the columns that few rows have something in: runs that stand in no other column."""
    strays: list[Span] = []
    for run in sorted(runs, key=lambda run: run.x0):
        if any(min(run.x1, column.x1) > max(run.x0, column.x0) for column in columns):
            continue
        if strays and run.x0 < strays[-1].x1:
            strays[-1] = Span(strays[-1].x0, max(strays[-1].x1, run.x1))
        else:
            strays.append(Span(run.x0, run.x1))
    return sorted([*columns, *strays], key=lambda column: column.x0)


def columns_of(run: Run, columns: Sequence[Span]) -> list[int]:
    """The columns that a run stands in; the nearest one if it stands in none. They are sorted, and apart."""
    first = bisect_right(columns, run.x0, key=lambda column: column.x1)
    inside = []
    for place in range(first, len(columns)):
        column = columns[place]
        if column.x0 >= run.x1:
            break
        shared = min(run.x1, column.x1) - max(run.x0, column.x0)
        if shared > 0.25 * min(column.x1 - column.x0, run.x1 - run.x0):
            inside.append(place)
    if inside or not columns:
        return inside
    beside = range(max(0, first - 1), min(len(columns), first + 2))
    return [min(beside, key=lambda place: max(columns[place].x0 - run.x1, run.x0 - columns[place].x1))]


def is_table(block: Block, columns: Sequence[Span]) -> bool:
    """Whether a block is a table rather than running text, a list, or words that happen to stand below each other."""
    lines = [line for line in block.lines if len(line.runs) > 1]
    if len(columns) < 2 or len(lines) < (2 if block.rules else 3):
        return False
    cells: list[list[str]] = [[] for _ in columns]
    filled = 0
    for line in lines:
        for run in line.runs:
            places = columns_of(run, columns)
            cells[places[0]].append(run.text)
        filled += len({places for run in line.runs for places in columns_of(run, columns)})
    if filled < 0.4 * len(columns) * len(lines):
        return False
    numeric = [sum(map(is_numeric, texts)) >= 0.5 * len(texts) > 0 for texts in cells]
    prose = [_is_prose(texts) for texts in cells]
    if len(columns) - sum(prose) < 2 and not any(numeric):
        return False
    if len(columns) == 2:
        is_list = _is_list(cells[0]) and not numeric[1]
        return not is_list and (bool(block.rules) or any(numeric) or _are_short(cells))
    return True


def _is_prose(texts: Sequence[str]) -> bool:
    long = sum(text.count(" ") + 1 >= _PROSE_WORDS for text in texts)
    return long >= 2 and long * 2 > len(texts)


def _is_list(texts: Sequence[str]) -> bool:
    """Whether they number the paragraphs beside them."""
    return sum(map(is_list_mark, texts)) * 2 > len(texts)


def _are_short(cells: Sequence[Sequence[str]]) -> bool:
    texts = [text for column in cells for text in column]
    return sum(text.count(" ") + 1 for text in texts) <= 3 * len(texts)


def side_by_side(block: Block, columns: Sequence[Span]) -> list[Block]:
    """The two blocks that stand beside each other; empty if it is only one.

    Nothing is written or drawn across the space between them, and lines that end there tell them apart; or else each
    has a column of texts and then numbers, and there is more space between them than is usual.
    """
    if len(columns) < 4 or block.rules:
        return []
    gaps = [right.x0 - left.x1 for left, right in pairwise(columns)]
    usual = median(gaps)
    numeric = _are_numeric(block, columns)
    for place in range(1, len(columns) - 2):
        middle = (columns[place].x1 + columns[place + 1].x0) / 2
        if _crosses(block, middle):
            continue
        are_alike = (
            not numeric[0] and not numeric[place + 1] and any(numeric[: place + 1]) and any(numeric[place + 2 :])
        )
        if (are_alike and gaps[place] >= _APART * usual) or _is_end_of_strokes(block, middle):
            return [_side(block, -_FAR, middle), _side(block, middle, _FAR)]
    return []


def _are_numeric(block: Block, columns: Sequence[Span]) -> list[bool]:
    """For each column whether what stands in it alone is mostly numbers."""
    texts: list[list[str]] = [[] for _ in columns]
    for line in block.lines:
        for run in line.runs:
            places = columns_of(run, columns)
            if len(places) == 1:
                texts[places[0]].append(run.text)
    return [sum(map(is_numeric, each)) * 2 >= len(each) for each in texts]


def _crosses(block: Block, x: float) -> bool:
    is_written = any(run.x0 < x < run.x1 for line in block.lines for run in line.runs)
    return is_written or any(x0 < x < x1 for _, x0, x1 in block.strokes)


def _is_end_of_strokes(block: Block, x: float) -> bool:
    left = sum(x1 < x for _, _, x1 in block.strokes)
    return left >= 2 and len(block.strokes) - left >= 2


def _side(block: Block, left: float, right: float) -> Block:
    lines = [Line([run for run in line.runs if left < run.x0 < right], line.y0, line.y1) for line in block.lines]
    return Block([line for line in lines if line.runs], block.rules, block.strokes)
