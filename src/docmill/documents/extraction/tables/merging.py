"""Lines of text into rows of cells: which of them are one row."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

import attrs

from docmill.documents.extraction.grid import Run
from docmill.documents.extraction.tables.blocks import Block, Line
from docmill.documents.extraction.tables.cells import Grid, is_numeric, join_lines
from docmill.documents.extraction.tables.columns import Span, columns_of

__all__ = ["Placed", "merge_lines", "place_runs"]

_TIGHT = 1.45
"""Heights from one line of a cell to the next one."""

_OVERLAPPING = 0.8
"""Heights from one line to the next one that is beside it rather than below it."""

_SPLITTING = 0.4
"""Of the height of a row: a space between two words that are in different columns."""


@attrs.define(eq=False)
class Placed:
    """A line whose runs are in their columns.

    Attributes:
        line: of the block.
        cells: its runs by their first column.
        spans: whether one of them covers several columns.
    """

    line: Line
    cells: dict[int, list[Run]] = attrs.Factory(dict)
    spans: bool = False

    def text(self, column: int) -> str:
        """What stands in a column."""
        return join_lines(self.cells[column]) if column in self.cells else ""

    @property
    def has_numbers(self) -> bool:
        """Whether there is a number right of the first column."""
        return any(is_numeric(self.text(column)) for column in self.cells if column > 0)


def place_runs(block: Block, columns: Sequence[Span]) -> list[Placed]:
    """Put the runs of each line into columns; one over several is cut where there is a space between columns."""
    placed = []
    for line in block.lines:
        own = Placed(line)
        for run in line.runs:
            for part in _cut(run, columns, line.height):
                places = columns_of(part, columns)
                own.spans = own.spans or len(places) > 1
                own.cells.setdefault(places[0], []).append(part)
        placed.append(own)
    return placed


def _cut(run: Run, columns: Sequence[Span], height: float) -> list[Run]:
    if len(columns_of(run, columns)) < 2:
        return [run]
    parts = [[run.words[0]]]
    for before, word in pairwise(run.words):
        left, right = columns_of(Run.of([before]), columns)[-1], columns_of(Run.of([word]), columns)[0]
        is_numbers = is_numeric(before.text) and is_numeric(word.text)
        if left < right and (word.x0 - before.x1 >= _SPLITTING * height or is_numbers):
            parts.append([])
        parts[-1].append(word)
    return [Run.of(part) for part in parts]


def merge_lines(block: Block, placed: Sequence[Placed], width: int) -> Grid:
    """The rows of a table: several lines are one row where a line only continues the cells of another one."""
    groups = _by_rules(block, placed) or _by_text(block, placed)
    return [
        [" ".join(filter(None, (line.text(column) for line in group))) for column in range(width)] for group in groups
    ]


def _by_rules(block: Block, placed: Sequence[Placed]) -> list[list[Placed]]:
    """One row between two drawn lines, if there are lines between most rows."""
    bands: list[list[Placed]] = []
    for own in placed:
        if bands and not block.is_ruled_between(bands[-1][-1].line, own.line):
            bands[-1].append(own)
        else:
            bands.append([own])
    if len(bands) < 4 or len(bands) * 4 < len(placed):
        return []
    groups = []
    for band in bands:
        groups += [band] if _is_one_row(band) else _by_text(block, band)
    return groups


def _is_one_row(band: Sequence[Placed]) -> bool:
    columns = {column for own in band for column in own.cells}
    numbers = [sum(is_numeric(own.text(column)) for own in band) for column in columns]
    return not any(own.spans for own in band) and all(count <= 1 for count in numbers)


def _by_text(block: Block, placed: Sequence[Placed]) -> list[list[Placed]]:
    body = next((place for place, own in enumerate(placed) if own.has_numbers), min(1, len(placed)))
    usual = _usual_distance(placed)
    groups = [[placed[0]]]
    for place, own in enumerate(placed[1:], start=1):
        if _goes_with(block, groups[-1], own, place < body, usual if place > body else None):
            groups[-1].append(own)
        else:
            groups.append([own])
    return groups


def _goes_with(block: Block, group: Sequence[Placed], own: Placed, is_heading: bool, usual: float | None) -> bool:
    """Whether a line is of the same row as those above; ``usual`` is given below the first row of the body."""
    before = group[-1]
    if block.is_ruled_between(before.line, own.line):
        return False
    if _is_beside(before, own) or (is_heading and _continues_heading(block, before, own)):
        return True
    return usual is not None and _continues(group, own, usual)


def _usual_distance(placed: Sequence[Placed]) -> float:
    """From one line to the next one, if that starts a row: it has a label and more cells than a rest of a row has."""
    most = max(len(own.cells) for own in placed)
    distances = [
        lower.line.middle - upper.line.middle
        for upper, lower in pairwise(placed)
        if 0 in lower.cells and len(lower.cells) > most / 2
    ]
    return median(distances) if distances else 0.0


def _distance(upper: Placed, lower: Placed) -> float:
    return (lower.line.middle - upper.line.middle) / max(upper.line.height, lower.line.height, 0.1)


def _is_beside(before: Placed, own: Placed) -> bool:
    """Whether two lines overlap, as one in the middle of a cell does with those of its neighbour."""
    return _distance(before, own) < _OVERLAPPING and not set(before.cells) & set(own.cells)


def _continues_heading(block: Block, before: Placed, own: Placed) -> bool:
    """Whether a line of the heading goes on with the one above: no heading over several columns is between them."""
    if _distance(before, own) > _TIGHT or before.spans or own.spans or block.is_stroked_between(before.line, own.line):
        return False
    if set(own.cells) == {0} and len(before.cells) > 1 and not _goes_on(own.text(0)):
        return False
    shared = set(before.cells) & set(own.cells)
    return not shared or any(
        _are_aligned(before.cells[column], own.cells[column], own.line.height) for column in shared
    )


def _are_aligned(upper: Sequence[Run], lower: Sequence[Run], height: float) -> bool:
    """Whether two lines of a cell have a left edge, a right edge or a middle in common."""
    left, right = upper[0].x0 - lower[0].x0, upper[-1].x1 - lower[-1].x1
    return min(abs(left), abs(right), abs(left + right) / 2) <= 0.5 * height


def _continues(group: Sequence[Placed], own: Placed, usual: float) -> bool:
    """Whether a line of the body belongs to the row above it, or completes a label that began above it."""
    before = group[-1]
    if _distance(before, own) > _TIGHT or own.spans:
        return False
    columns = {column for line in group for column in line.cells}
    is_close = own.line.middle - before.line.middle < 0.9 * usual
    if own.has_numbers:
        is_label_alone = columns == {0} and 0 in own.cells
        return is_label_alone and not before.text(0).endswith(":") and (is_close or _goes_on(own.text(0)))
    if not set(own.cells) <= columns:
        return False
    return 0 not in own.cells or is_close or (set(own.cells) == {0} and _goes_on(own.text(0)))


def _goes_on(text: str) -> bool:
    """Whether it reads as the middle of a sentence."""
    return text[:1].islower() or text[:1] in {"(", "&", "/"}
