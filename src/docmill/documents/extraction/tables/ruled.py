"""The text of drawn cells."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence

from docmill.documents.extraction.grid import TextRow, text_rows
from docmill.documents.extraction.tables.cells import Grid, is_numeric, join_lines, without_empty
from docmill.documents.extraction.tables.lattice import Lattice
from docmill.documents.pages import Word

__all__ = ["ruled_grid", "words_inside"]

_FEW_BANDS = 3

_WIDE = 1.5
"""Of the height of a line: a space within a cell, even of justified text, is rarely so wide."""

_MIN_FILLED = 0.3
"""Of the cells; a drawing has fewer with text in them."""


def words_inside(lattice: Lattice, words: Sequence[Word]) -> list[Word]:
    """The words whose middle is inside of a lattice."""
    x0, y0, x1, y1 = lattice.box
    return [word for word in words if x0 <= (word.x0 + word.x1) / 2 <= x1 and y0 <= (word.y0 + word.y1) / 2 <= y1]


def ruled_grid(lattice: Lattice, words: Sequence[Word]) -> Grid | None:
    """Put words into the cells of a lattice; None if what is drawn is no table.

    A row of cells that holds several rows of numbers is split. If there are hardly any other rows, only the columns are
    drawn, and the lattice is none.
    """
    cells: dict[tuple[int, int], list[Word]] = defaultdict(list)
    for word in words:
        cells[_cell_of(lattice, word)].append(word)
    corners = {corner for row in lattice.corner for corner in row}
    columns = {column for _, column in cells}
    if _has_undrawn_columns(cells):
        return None
    if len(columns) < 2 or len(cells) < 3 or len(cells) < _MIN_FILLED * len(corners):
        return None
    grid: Grid = []
    for row in range(len(lattice.corner)):
        band = {column: listed for (top, column), listed in cells.items() if top == row}
        rows = _split_band(band, len(lattice.xs) - 1)
        if len(rows) > 1 and len(lattice.corner) <= _FEW_BANDS:
            return None
        grid += rows
    rows = without_empty(grid)
    return rows if len(rows) >= 2 and len(rows[0]) >= 2 else None


def _has_undrawn_columns(cells: dict[tuple[int, int], list[Word]]) -> bool:
    """Whether most cells of a column are cut by white space: not all of its columns are drawn."""
    seen: dict[int, int] = defaultdict(int)
    gaping: dict[int, int] = defaultdict(int)
    for (_, column), words in cells.items():
        lines = text_rows(words)
        seen[column] += 1
        gaping[column] += sum(len(line.runs(_WIDE)) > 1 for line in lines) * 2 > len(lines)
    return any(count >= 3 and gaping[column] >= 0.6 * count for column, count in seen.items())


def _cell_of(lattice: Lattice, word: Word) -> tuple[int, int]:
    row = bisect_right(lattice.ys, (word.y0 + word.y1) / 2) - 1
    column = bisect_right(lattice.xs, (word.x0 + word.x1) / 2) - 1
    row, column = min(row, len(lattice.corner) - 1), min(column, len(lattice.corner[0]) - 1)
    return lattice.corner[row][column]


def _split_band(band: dict[int, list[Word]], width: int) -> Grid:
    lines = {column: text_rows(words) for column, words in band.items()}
    if not _is_split(lines):
        return [[join_lines(lines[column]) if column in lines else "" for column in range(width)]]
    levels = text_rows([word for words in band.values() for word in words])
    rows: Grid = [[""] * width for _ in levels]
    for column, own in lines.items():
        for line in own:
            nearest = min(range(len(levels)), key=lambda level: abs(levels[level].middle - line.middle))
            rows[nearest][column] = (
                join_lines([line]) if not rows[nearest][column] else rows[nearest][column] + " " + join_lines([line])
            )
    return rows


def _is_split(lines: dict[int, list[TextRow]]) -> bool:
    """Whether at least two columns hold one number below the other."""
    stacked = 0
    for own in lines.values():
        numeric = sum(is_numeric(join_lines([line])) for line in own)
        stacked += len(own) >= 2 and numeric >= 2 and numeric * 2 >= len(own)
    return stacked >= 2 or (stacked == 1 and len(lines) == 2 and min(map(len, lines.values())) >= 3)
