"""Tables whose cells are drawn: horizontal and vertical lines that meet."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import isfinite

import attrs

from docmill.documents.pages import Box, Rule

__all__ = ["Lattice", "Lines", "find_lattices", "merge_rules"]

_NEAR = 3.0
"""Points: lines that are so near are one, and so near to each other they meet."""

_NARROWEST, _LOWEST = 8.0, 5.0
"""Points: no cell is narrower, or lower."""

_MAX_RULES = 6_000
_MAX_MEETINGS = 40_000
_MAX_CELLS = 10_000
_SHORTEST = 4.0
_FARTHEST = 20_000.0


@attrs.frozen
class Lines:
    """Straight lines of a page, joined where they continue each other.

    Attributes:
        across: (y, x0, x1), by y.
        down: (x, y0, y1), by x.
    """

    across: list[tuple[float, float, float]]
    down: list[tuple[float, float, float]]


@attrs.frozen
class Lattice:
    """Cells that are drawn.

    Attributes:
        xs, ys: where its lines are, from left to right and from top to bottom.
        corner: the place (row, column) of the upper left part of the cell that each part belongs to, row by row: parts
            without a line between them are one cell.
    """

    xs: list[float]
    ys: list[float]
    corner: list[list[tuple[int, int]]]

    @property
    def box(self) -> Box:
        """Around all of it."""
        return (self.xs[0], self.ys[0], self.xs[-1], self.ys[-1])


def merge_rules(rules: Sequence[Rule]) -> Lines:
    """Join rules that overlap or touch in one direction; what exceeds a bound is not looked at."""
    across: list[tuple[float, float, float]] = []
    down: list[tuple[float, float, float]] = []
    for rule in rules[:_MAX_RULES]:
        if not all(isfinite(edge) and abs(edge) < _FARTHEST for edge in rule):
            continue
        if abs(rule.y1 - rule.y0) <= abs(rule.x1 - rule.x0):
            across.append(((rule.y0 + rule.y1) / 2, min(rule.x0, rule.x1), max(rule.x0, rule.x1)))
        else:
            down.append(((rule.x0 + rule.x1) / 2, min(rule.y0, rule.y1), max(rule.y0, rule.y1)))
    return Lines(_join(across), _join(down))


def _join(segments: list[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    segments.sort()
    levels: list[list[tuple[float, float, float]]] = []
    for segment in segments:
        if levels and segment[0] - levels[-1][0][0] <= _NEAR:
            levels[-1].append(segment)
        else:
            levels.append([segment])
    return [line for level in levels for line in _join_level(level)]


def _join_level(level: Sequence[tuple[float, float, float]]) -> Iterable[tuple[float, float, float]]:
    at = sum(segment[0] for segment in level) / len(level)
    start, end = 0.0, -_FARTHEST
    joined = []
    for _, low, high in sorted(level, key=lambda segment: segment[1:]):
        if low - end > _NEAR:
            if end - start >= _SHORTEST:
                joined.append((at, start, end))
            start, end = low, high
        end = max(end, high)
    if end - start >= _SHORTEST:
        joined.append((at, start, end))
    return joined


def find_lattices(lines: Lines) -> list[Lattice]:
    """The groups of lines that meet and make at least two cells."""
    found = []
    for across, down in _groups(lines):
        lattice = _lattice([lines.across[place] for place in across], [lines.down[place] for place in down])
        if lattice is not None:
            found.append(lattice)
    return found


def _groups(lines: Lines) -> Iterable[tuple[list[int], list[int]]]:
    """The places of lines that are connected by meeting each other."""
    parents = list(range(len(lines.across) + len(lines.down)))
    xs = [line[0] for line in lines.down]
    meetings = 0
    for place, (y, x0, x1) in enumerate(lines.across):
        for other in range(bisect_left(xs, x0 - _NEAR), bisect_right(xs, x1 + _NEAR)):
            _, y0, y1 = lines.down[other]
            meetings += 1
            if y0 - _NEAR <= y <= y1 + _NEAR:
                _unite(parents, place, len(lines.across) + other)
        if meetings > _MAX_MEETINGS:
            break
    groups: dict[int, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for node in range(len(parents)):
        is_down = node >= len(lines.across)
        groups[_root(parents, node)][is_down].append(node - len(lines.across) if is_down else node)
    return [group for group in groups.values() if len(group[0]) >= 2 and len(group[1]) >= 2]


def _root(parents: list[int], node: int) -> int:
    while parents[node] != node:
        parents[node] = parents[parents[node]]
        node = parents[node]
    return node


def _unite(parents: list[int], one: int, other: int) -> None:
    parents[_root(parents, one)] = _root(parents, other)


def _lattice(
    across: Sequence[tuple[float, float, float]], down: Sequence[tuple[float, float, float]]
) -> Lattice | None:
    ys, xs = _levels(across, _LOWEST), _levels(down, _NARROWEST)
    rows, columns = len(ys) - 1, len(xs) - 1
    if rows < 1 or columns < 1 or rows * columns < 2 or rows * columns > _MAX_CELLS:
        return None
    parents = list(range(rows * columns))
    walls_down = _walls(down, xs, ys)
    walls_across = _walls(across, ys, xs)
    for row in range(rows):
        for column in range(columns):
            part = row * columns + column
            if column + 1 < columns and (column + 1, row) not in walls_down:
                _unite(parents, part, part + 1)
            if row + 1 < rows and (row + 1, column) not in walls_across:
                _unite(parents, part, part + columns)
    first: dict[int, tuple[int, int]] = {}
    corner = []
    for row in range(rows):
        roots = [_root(parents, row * columns + column) for column in range(columns)]
        corner.append([first.setdefault(root, (row, column)) for column, root in enumerate(roots)])
    return Lattice(xs, ys, corner)


def _levels(lines: Sequence[tuple[float, float, float]], least: float) -> list[float]:
    """Where lines are; of two that are too near to each other for a cell, the one that less is drawn of is left out.

    Such lines are the edges of a background that is a little smaller than its cell.
    """
    levels: list[tuple[float, float]] = []
    for at, start, end in sorted(lines):
        level = (at, end - start)
        if not levels or at - levels[-1][0] >= least:
            levels.append(level)
        elif at - levels[-1][0] <= _NEAR:
            levels[-1] = (levels[-1][0], levels[-1][1] + level[1])
        elif level[1] > levels[-1][1]:
            levels[-1] = level
    return [at for at, _ in levels]


def _walls(
    lines: Sequence[tuple[float, float, float]], own: Sequence[float], other: Sequence[float]
) -> set[tuple[int, int]]:
    """(level of the line, interval of the other direction) for each part that is drawn."""
    walls = set()
    for at, start, end in lines:
        level = bisect_left(own, at - _NEAR)
        if level == len(own) or own[level] > at + _NEAR:
            continue
        first = bisect_left(other, start - _NEAR)
        for interval in range(first, len(other) - 1):
            if other[interval + 1] > end + _NEAR:
                break
            walls.add((level, interval))
    return walls
