"""The heading of the lines of an invoice: which column stands where."""

from collections.abc import Sequence
from statistics import median_low

import attrs

from docmill.documents.extraction.grid import Run, TextRow, has_letters
from docmill.documents.extraction.lines.figures import Figure
from docmill.documents.extraction.lines.vocabulary import HEADINGS, Role, fold

__all__ = ["AMOUNTS", "Column", "Header", "find_headers"]

AMOUNTS = frozenset([Role.NET, Role.AMOUNT, Role.GROSS])
"""What a line comes to."""

_MONEY = AMOUNTS | {Role.PRICE}
_THINGS = frozenset([Role.DESCRIPTION, Role.ARTICLE])

_APART = 0.4
"""Of the height of a row: two headings that are known by their words may be so near."""

_WIDER = 1.4
"""Times the usual space of a run: what is wider than that stands between two headings."""

_JOINING_WORDS = "excl incl exkl inkl ex inc ohne hors sans zzgl with without of in per je pro de du di da do por par"
_JOINING = frozenset(_JOINING_WORDS.split())
"""Words that a heading does not end with."""

_LEADING = 1.9
"""Heights from one row of a heading to the next one."""

_MAX_ROWS = 4
"""Of a heading, on either side of its best row."""

_LONG = 4
"""Words; what has more of them is no heading."""


@attrs.define
class Column:
    """One heading.

    Attributes:
        text: folded, all rows of it.
        role: what it says; None if the words are not known.
        x0, x1: where it stands.
    """

    text: str
    role: Role | None
    x0: float
    x1: float


@attrs.frozen
class Header:
    """The heading of a table of lines.

    Attributes:
        first, last: the rows it takes, as their places on the page.
        columns: from left to right.
        is_of_lines: False for the heading of another table, such as that of the taxes.
    """

    first: int
    last: int
    columns: list[Column]
    is_of_lines: bool = True


@attrs.define
class _Cell:
    words: list[str]
    roles: set[Role]
    x0: float
    x1: float


def find_headers(rows: Sequence[TextRow], figures: Sequence[Sequence[Figure]]) -> list[Header]:
    """All headings on a page that have words of an invoice, from top to bottom.

    Args:
        rows: of the page.
        figures: of each row; a row with money in it is not a heading.
    """
    headers: list[Header] = []
    cells = [None if _has_money(found) else _cells_of(row) for row, found in zip(rows, figures, strict=True)]
    for place, own in enumerate(cells):
        if own is None or (headers and place <= headers[-1].last) or not _starts_heading(own):
            continue
        header = _grow(rows, cells, place)
        if header is not None:
            headers.append(header)
    return headers


def _has_money(figures: Sequence[Figure]) -> bool:
    return any(figure.is_money or figure.is_percent or figure.decimals for figure in figures)


def _starts_heading(cells: Sequence[_Cell]) -> bool:
    return sum(bool(cell.roles) for cell in cells) >= 2 and len(_roles(cells)) >= 2


def _roles(cells: Sequence[_Cell]) -> set[Role]:
    return {role for cell in cells for role in cell.roles}


def _cells_of(row: TextRow) -> list[_Cell]:
    return [cell for run in row.runs() for cell in _cells_in(row, run)]


def _cells_in(row: TextRow, run: Run) -> list[_Cell]:
    """The headings in words that stand close together: mostly one, more where each is known by its words."""
    cells: list[_Cell] = []
    folded = [fold(word.text) for word in run.words]
    apart = _widest_space(row, run) if _count_roles(folded) < 3 else 0.0
    place = 0
    while place < len(folded):
        found = HEADINGS.at(folded, place) if folded[place] else None
        length = found[1] if found else 1
        part = run.words[place : place + length]
        roles = {found[0]} if found else set()
        is_apart = bool(cells) and part[0].x0 - cells[-1].x1 > apart
        goes_on = not roles or roles & cells[-1].roles or cells[-1].words[-1] in _JOINING if cells else False
        if not cells or (is_apart and cells[-1].roles and not goes_on):
            cells.append(_Cell([], set(), part[0].x0, part[-1].x1))
        cells[-1].words += folded[place : place + length]
        cells[-1].roles |= roles
        cells[-1].x1 = max(cells[-1].x1, part[-1].x1)
        place += length
    if len(run.words) > 2 * _LONG:
        return [_Cell(cell.words, set(), cell.x0, cell.x1) for cell in cells]
    return cells


def _widest_space(row: TextRow, run: Run) -> float:
    """The widest space that does not end a heading."""
    spaces = [word.x0 - before.x1 for before, word in zip(run.words, run.words[1:], strict=False)]
    return min(_APART * row.height, _WIDER * median_low(spaces)) if len(spaces) > 1 else _APART * row.height


def _count_roles(folded: Sequence[str]) -> int:
    found = [HEADINGS.at(folded, place) for place in range(len(folded)) if folded[place]]
    return len({match[0] for match in found if match})


def _grow(rows: Sequence[TextRow], cells: Sequence[list[_Cell] | None], place: int) -> Header | None:
    """The heading around the row in which it was recognised."""
    best = max(
        range(place, min(place + 3, len(rows))),
        key=lambda at: (len(_roles(cells[at] or [])) if _follow_each_other(rows, place, at) else -1, -at),
    )
    first = last = best
    band = list(cells[best] or [])
    while first > max(0, best - _MAX_ROWS) and _belongs(rows, cells, first - 1, first, band):
        first -= 1
        band += cells[first] or []
    while last < min(len(rows) - 1, best + _MAX_ROWS) and _belongs(rows, cells, last + 1, last, band):
        last += 1
        band += cells[last] or []
    columns = _merge([cells[at] or [] for at in range(first, last + 1)])
    if _is_of_lines(columns):
        return Header(first, last, columns)
    return Header(first, last, columns, is_of_lines=False) if _is_of_others(columns) else None


def _follow_each_other(rows: Sequence[TextRow], first: int, last: int) -> bool:
    return all(_is_near(rows[at], rows[at + 1]) for at in range(first, last))


def _is_near(above: TextRow, below: TextRow) -> bool:
    return below.middle - above.middle <= _LEADING * max(above.height, below.height)


def _belongs(
    rows: Sequence[TextRow], cells: Sequence[list[_Cell] | None], place: int, neighbour: int, band: Sequence[_Cell]
) -> bool:
    """Whether a row continues the headings of its neighbour."""
    own = cells[place]
    upper, lower = sorted((place, neighbour))
    if own is None or not _is_near(rows[upper], rows[lower]):
        return False
    return all(len(cell.words) <= _LONG and (cell.roles or _stands_under_one(cell, band)) for cell in own)


def _stands_under_one(cell: _Cell, band: Sequence[_Cell]) -> bool:
    """Whether it continues one heading; what stands under that of the descriptions is the first of them."""
    under = [other for other in band if _overlap(cell, other) > 0]
    return len(under) == 1 and under[0].roles != {Role.DESCRIPTION} and has_letters("".join(cell.words))


def _overlap(one: _Cell, other: _Cell) -> float:
    return min(one.x1, other.x1) - max(one.x0, other.x0)


def _merge(band: Sequence[Sequence[_Cell]]) -> list[Column]:
    """One column of the cells that stand above each other."""
    merged: list[_Cell] = []
    for row in band:
        for cell in row:
            above = max(merged, key=lambda other: _overlap(cell, other), default=None)
            if above is not None and _overlap(cell, above) > 0.3 * min(cell.x1 - cell.x0, above.x1 - above.x0):
                above.words += cell.words
                above.roles |= cell.roles
                above.x0, above.x1 = min(above.x0, cell.x0), max(above.x1, cell.x1)
            else:
                merged.append(_Cell(list(cell.words), set(cell.roles), cell.x0, cell.x1))
    merged.sort(key=lambda cell: cell.x0)
    return [Column(" ".join(cell.words), _role(cell), cell.x0, cell.x1) for cell in merged]


def _role(cell: _Cell) -> Role | None:
    """What the words say together, over the rows of a heading: "Prix" above "unitaire"."""
    roles = set(cell.roles)
    words = [word for word in " ".join(cell.words).split() if word]
    for place in range(len(words)):
        found = HEADINGS.at(words, place)
        if found:
            roles.add(found[0])
    return next((role for role in Role if role in roles), None)


def _is_of_lines(columns: Sequence[Column]) -> bool:
    roles = {column.role for column in columns if column.role is not None}
    if Role.TAX_BASE in roles or not roles & _MONEY:
        return False
    return bool(roles & _THINGS) or Role.QUANTITY in roles or (Role.PRICE in roles and bool(roles & AMOUNTS))


def _is_of_others(columns: Sequence[Column]) -> bool:
    roles = {column.role for column in columns}
    return Role.TAX_BASE in roles or {Role.TAX, Role.RATE} <= roles
