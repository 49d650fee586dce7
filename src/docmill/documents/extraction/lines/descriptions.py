"""The text that belongs to a line: in its row, and in the rows above and below it."""

from bisect import bisect_right
from collections.abc import Sequence

import attrs

from docmill.documents.extraction.grid import Run, TextRow, box_around, has_letters
from docmill.documents.extraction.lines.figures import Figure
from docmill.documents.extraction.lines.header import Column, Header
from docmill.documents.extraction.lines.sections import Entry
from docmill.documents.extraction.lines.vocabulary import LUMP_SUMS, UNITS, Role, fold
from docmill.documents.values import Value

__all__ = ["Anchor", "describe"]

_LEADING = 1.9
"""Heights from one row of a description to the next one."""

_GAP = 1.2
"""Of the height of a row: what stands closer is of the same description."""

_MAX_ROWS = 12
_MAX_LENGTH = 500


@attrs.frozen(eq=False)
class Anchor:
    """The row of a line that holds its amount.

    Attributes:
        entry: the row.
        quantity, price, amount: its numbers.
        confidence: in which of them is which.
        figures: all numbers that stand in columns.
    """

    entry: Entry
    quantity: Figure | None
    price: Figure | None
    amount: Figure
    confidence: float
    figures: list[Figure]


@attrs.frozen
class _Layout:
    """Where descriptions may stand.

    Attributes:
        columns: from left to right; empty if there is no heading.
        takes_margin: whether what stands left of all columns is description.
    """

    columns: Sequence[Column]
    takes_margin: bool = False


@attrs.define
class _Text:
    """What the description of one line is made of: runs by the place of their row."""

    runs: dict[int, list[Run]] = attrs.Factory(dict)


def describe(entries: Sequence[Entry], anchors: Sequence[Anchor], header: Header | None) -> list[Value | None]:
    """The description of each line; None for one that has no text.

    Rows between two lines belong to the upper one as long as they follow it closely, and to the lower one otherwise,
    or if a drawn line says so.
    """
    if not anchors:
        return []
    known = {anchor.entry: anchor for anchor in anchors}
    places = [place for place, entry in enumerate(entries) if entry in known]
    layout = _layout_of(header, anchors)
    texts = [_Text({place: _runs(entries[place], known[entries[place]].figures, layout)}) for place in places]
    lines = _drawn_lines(entries)
    for index, place in enumerate(places):
        end = places[index + 1] if index + 1 < len(places) else len(entries)
        reached = _spread(entries, place, range(place + 1, end), texts[index], layout, lines)
        if index + 1 < len(places):
            _spread(entries, end, range(end - 1, reached, -1), texts[index + 1], layout, lines)
    if not any(texts[0].runs.values()) or lines:
        _spread(entries, places[0], range(places[0] - 1, -1, -1), texts[0], layout, lines)
    return [_to_value(entries, text, place) for text, place in zip(texts, places, strict=True)]


def _layout_of(header: Header | None, anchors: Sequence[Anchor]) -> _Layout:
    """The columns of a heading; what stands left of all of them counts if most lines have no text below a heading.

    Terms of payment or the address of the seller may run down the page beside the lines.
    """
    if header is None:
        return _Layout([])
    strict = _Layout(header.columns)
    described = sum(bool(_runs(anchor.entry, anchor.figures, strict)) for anchor in anchors)
    return _Layout(header.columns, described * 2 < len(anchors))


def _spread(
    entries: Sequence[Entry],
    anchor: int,
    places: range,
    text: _Text,
    layout: _Layout,
    lines: dict[int, list[float]],
) -> int:
    """Add rows one after another, away from the anchor, until one is too far off; returns the last one added."""
    last = anchor
    for place in list(places)[:_MAX_ROWS]:
        entry = entries[place]
        if not _is_next(entries[last], entry) or _is_cut(entries[last], entry, lines):
            break
        if any(figure.is_money and not figure.is_in_text for figure in entry.figures):
            break
        runs = _runs(entry, [], layout)
        if runs:
            text.runs[place] = runs
        last = place
    return last


def _is_next(one: Entry, other: Entry) -> bool:
    if one.sheet is not other.sheet:
        return False
    return abs(other.row.middle - one.row.middle) <= _LEADING * max(one.row.height, other.row.height)


def _drawn_lines(entries: Sequence[Entry]) -> dict[int, list[float]]:
    """The heights of the long horizontal lines of each page, in order."""
    pages = {entry.sheet.page.number: entry.sheet.page for entry in entries}
    lines = {
        number: sorted(rule.y0 for rule in page.rules if rule.y0 == rule.y1 and rule.x1 - rule.x0 > 0.3 * page.width)
        for number, page in pages.items()
    }
    return {number: heights for number, heights in lines.items() if heights}


def _is_cut(one: Entry, other: Entry, lines: dict[int, list[float]]) -> bool:
    """Whether a line is drawn between two rows."""
    heights = lines.get(one.sheet.page.number, [])
    upper, lower = sorted((one.row.middle, other.row.middle))
    return bisect_right(heights, lower) > bisect_right(heights, upper)


def _runs(entry: Entry, figures: Sequence[Figure], layout: _Layout) -> list[Run]:
    """The parts of a row that are description."""
    taken = {place for figure in figures if not figure.is_in_text for place in range(figure.first, figure.last + 1)}
    free = [word for place, word in enumerate(entry.row.words) if place not in taken]
    if not free:
        return []
    runs = TextRow(free, entry.row.y0, entry.row.y1).runs(_GAP)
    return [run for run in runs if _is_description(run, layout)]


def _is_description(run: Run, layout: _Layout) -> bool:
    folded = fold(run.text)
    if not any(has_letters(word, 2) for word in folded.split()) or folded in UNITS or folded in LUMP_SUMS:
        return False
    columns = layout.columns
    if not any(column.role is Role.DESCRIPTION for column in columns):
        return True
    nearest = max(columns, key=lambda column: min(run.x1, column.x1) - max(run.x0, column.x0))
    overlap = min(run.x1, nearest.x1) - max(run.x0, nearest.x0)
    if overlap <= 0 and run.x1 < columns[0].x0:
        return layout.takes_margin
    return nearest.role in {Role.DESCRIPTION, None}


def _to_value(entries: Sequence[Entry], text: _Text, anchor: int) -> Value | None:
    rows = [text.runs[place] for place in sorted(text.runs) if text.runs[place]]
    runs = [run for row in rows for run in row]
    if not runs:
        return None
    page = entries[anchor].sheet.page
    raw = "\n".join(" ".join(run.text for run in row) for row in rows)[:_MAX_LENGTH]
    return Value(
        value=raw.replace("\n", " "),
        raw=raw,
        page=page.number,
        bbox=box_around(runs),
        confidence=0.8 * min(word.confidence for run in runs for word in run.words),
        source=page.source,
    )
