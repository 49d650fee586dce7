"""Tables without drawn cells: rows of text with common columns of white space."""

from bisect import bisect_left
from collections.abc import Callable, Sequence

import attrs

from docmill.documents.extraction.grid import text_rows
from docmill.documents.extraction.tables.blocks import Block, Line, find_blocks
from docmill.documents.extraction.tables.cells import Grid, is_leader, join_signs, without_empty
from docmill.documents.extraction.tables.columns import find_columns, is_table, side_by_side
from docmill.documents.extraction.tables.lattice import Lines
from docmill.documents.extraction.tables.merging import merge_lines, place_runs
from docmill.documents.extraction.tables.paragraphs import prose_words
from docmill.documents.pages import Word

__all__ = ["Aligned", "find_aligned"]

_LOOSE = 1.0
"""Of the height of a row: justified text has spaces so wide."""


@attrs.frozen
class Aligned:
    """A table that was found by its alignment.

    Attributes:
        words: all that it is made of.
        rows: the text of its cells.
    """

    words: list[Word]
    rows: Grid


def find_aligned(words: Sequence[Word], lines: Lines, page_width: float) -> list[Aligned]:
    """Find tables among the words that are in no drawn cell."""
    is_cut = _cutter(lines)
    rows = text_rows([word for word in words if not is_leader(word)])
    prose = prose_words([row.runs(_LOOSE, is_cut) for row in rows], page_width)
    kept: list[Line] = []
    for row in rows:
        runs = [run for run in join_signs(row.runs(is_cut=is_cut)) if id(run.words[0]) not in prose]
        if runs:
            kept.append(Line(runs, row.y0, row.y1))
    return [table for block in find_blocks(kept, lines) for table in _tables_of(block)]


def _tables_of(block: Block, depth: int = 0) -> list[Aligned]:
    columns = find_columns(block)
    parts = side_by_side(block, columns) if depth < 2 else []
    if parts:
        return [table for part in parts for table in _tables_of(part, depth + 1)]
    if not is_table(block, columns):
        return []
    placed = place_runs(block, columns)
    grid = without_empty(merge_lines(block, placed, len(columns)))
    if len(grid) < 2 or len(grid[0]) < 2:
        return []
    return [Aligned([word for line in block.lines for run in line.runs for word in run.words], grid)]


def _cutter(lines: Lines) -> Callable[[Word, Word], bool]:
    """Whether a vertical line stands between two words."""
    xs = [line[0] for line in lines.down]

    def is_cut(left: Word, right: Word) -> bool:
        middle = (left.y0 + left.y1) / 2
        place = bisect_left(xs, left.x1 - 1.0)
        while place < len(xs) and xs[place] <= right.x0 + 1.0:
            if lines.down[place][1] <= middle <= lines.down[place][2]:
                return True
            place += 1
        return False

    return is_cut
