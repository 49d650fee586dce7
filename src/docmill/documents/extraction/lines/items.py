"""The lines in the rows of a section: which rows hold an amount, and what they are about."""

from collections.abc import Sequence
from decimal import Decimal

from docmill.documents.extraction.grid import has_letters
from docmill.documents.extraction.lines.columns import (
    Assignment,
    assign,
    holds,
    place_figures,
    stack_figures,
    stacks_below,
)
from docmill.documents.extraction.lines.descriptions import Anchor, describe
from docmill.documents.extraction.lines.figures import Figure
from docmill.documents.extraction.lines.header import Header
from docmill.documents.extraction.lines.sections import Entry, Section, starts_with
from docmill.documents.extraction.lines.vocabulary import CARRIED, DEDUCTIONS
from docmill.documents.values import LineItem, Value

__all__ = ["items_of", "items_without_heading", "to_items"]

MAX_ITEMS = 2_000

_BASES = (Decimal(100), Decimal(1000))
_FINEST = Decimal("0.000001")
"""What a concluded price is rounded to."""

_CONFIRMED = 0.95
_BY_HEADING = 0.75
_BY_POSITION = 0.5


def items_of(section: Section) -> list[LineItem]:
    """The lines below a heading."""
    basis = section.entries if any(entry.figures for entry in section.entries) else section.continued
    stacks = stacks_below(section.header.columns, [entry.figures for entry in basis])
    entries = section.entries + section.continued
    placed = [place_figures(stacks, entry.figures) for entry in entries]
    assignment = assign(stacks, placed)
    anchors = _anchors(entries, placed, assignment, len(section.entries))
    return to_items(entries, anchors, section.header)


def items_without_heading(entries: Sequence[Entry]) -> list[LineItem]:
    """The rows of a page in which a quantity times a price comes to an amount, in the same columns."""
    busy = [entry for entry in entries if len(entry.figures) >= 3]
    stacks = stack_figures(figure for entry in busy for figure in entry.figures)
    placed = [place_figures(stacks, entry.figures) for entry in entries]
    assignment = assign(stacks, [row for row in placed if len(row) >= 3])
    if not assignment.is_confirmed:
        return []
    anchors = [
        anchor
        for anchor in _anchors(entries, placed, assignment, 0)
        if anchor.quantity is not None and has_letters(" ".join(word.text for word in anchor.entry.row.words), 2)
    ]
    return to_items(entries, anchors, None)


def _anchors(
    entries: Sequence[Entry], placed: Sequence[dict[int, Figure]], assignment: Assignment, certain: int
) -> list[Anchor]:
    """The rows that hold an amount.

    Args:
        entries: rows.
        placed: their figures.
        assignment: which of them is what.
        certain: how many of the rows stand directly below the heading; on later pages, and below a sum that is carried
            forward, an amount alone is not enough.
    """
    anchors: list[Anchor] = []
    is_carried = False
    for place, (entry, row) in enumerate(zip(entries, placed, strict=True)):
        if starts_with(entry, CARRIED) and not _find(row, assignment.quantity):
            is_carried = True
            continue
        anchor = _anchor(entry, row, assignment)
        if anchor is None or len(anchors) == MAX_ITEMS:
            continue
        has_factor = anchor.quantity is not None or anchor.price is not None
        if has_factor or (place < certain and not is_carried and _stands_for_itself(entry)):
            anchors.append(anchor)
    return anchors


def _find(row: dict[int, Figure], place: int | None) -> Figure | None:
    return None if place is None else row.get(place)


def _anchor(entry: Entry, row: dict[int, Figure], assignment: Assignment) -> Anchor | None:
    amount = _find(row, assignment.amount)
    if amount is None or amount.is_percent or (amount.is_in_text and not amount.is_money):
        return None
    quantity, price = _find(row, assignment.quantity), _find(row, assignment.price)
    confidence = _BY_HEADING if quantity is not None or price is not None else _BY_POSITION
    if holds(assignment, row):
        confidence = _CONFIRMED
    return Anchor(entry, quantity, price, amount, confidence, list(row.values()))


def _stands_for_itself(entry: Entry) -> bool:
    """Whether an amount without quantity and price may be a line: it has a text that is no discount on another line."""
    taken = {place for figure in entry.figures for place in range(figure.first, figure.last + 1)}
    text = any(has_letters(word.text, 2) for place, word in enumerate(entry.row.words) if place not in taken)
    return text and not starts_with(entry, DEDUCTIONS)


def to_items(entries: Sequence[Entry], anchors: Sequence[Anchor], header: Header | None) -> list[LineItem]:
    """Make a line of each row that holds an amount, with the description that belongs to it."""
    descriptions = describe(entries, anchors, header)
    return [_item(anchor, description) for anchor, description in zip(anchors, descriptions, strict=True)]


def _item(anchor: Anchor, description: Value | None) -> LineItem:
    return LineItem(
        description=description,
        quantity=_value(anchor, anchor.quantity) if anchor.quantity else _one(anchor),
        unit_price=_value(anchor, anchor.price, _unit_price(anchor)) if anchor.price else None,
        amount=_value(anchor, anchor.amount, _with_cents(anchor.amount.value)),
    )


def _value(anchor: Anchor, figure: Figure, value: Decimal | None = None) -> Value:
    page = anchor.entry.sheet.page
    words = anchor.entry.row.words[figure.first : figure.last + 1]
    return Value(
        value=format(figure.value if value is None else value, "f"),
        raw=figure.raw,
        page=page.number,
        bbox=figure.box,
        confidence=anchor.confidence * min(word.confidence for word in words),
        source=page.source,
    )


def _one(anchor: Anchor) -> Value | None:
    """A line with an amount and no quantity is one of a thing, unless its price differs from the amount."""
    if anchor.price is not None and abs(anchor.price.value) != abs(anchor.amount.value):
        return None
    return Value(value="1", raw="", confidence=_BY_POSITION, source=anchor.entry.sheet.page.source)


def _unit_price(anchor: Anchor) -> Decimal:
    """The price of one unit: what is printed may be for a hundred, or for as many as the row says."""
    assert anchor.price is not None
    price = anchor.price.value
    if anchor.quantity is None or anchor.confidence < _CONFIRMED or not price:
        return _with_cents(price)
    wanted, product = abs(anchor.amount.value), abs(anchor.quantity.value * price)
    slack = Decimal("0.01") + wanted / 1000
    if abs(product - wanted) > slack:
        for base in (*_BASES, *_printed_bases(anchor)):
            if product and abs(product / base - wanted) <= slack:
                return _with_cents((price / base).quantize(_FINEST).normalize())
    return _with_cents(price)


def _printed_bases(anchor: Anchor) -> list[Decimal]:
    """The other whole numbers of the row: one may be how many units the price is for."""
    known = (anchor.quantity, anchor.price, anchor.amount)
    others = [figure for figure in anchor.figures if not any(figure is one for one in known)]
    return [figure.value for figure in others if figure.decimals == 0 and figure.value > 1 and not figure.is_percent]


def _with_cents(amount: Decimal) -> Decimal:
    """At least two digits after the mark."""
    return amount if -int(amount.as_tuple().exponent) >= 2 else amount.quantize(Decimal("0.01"))
