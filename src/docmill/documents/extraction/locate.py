"""Where the values of invoice XML stand on the pages, so that they can be shown."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TypeVar

import attrs

from docmill.documents.extraction.association import Item
from docmill.documents.extraction.evidence import Evidence
from docmill.documents.extraction.layout import Row, normalise
from docmill.documents.values import Extraction, LineItem, Party, Value

__all__ = ["locate"]

_MONEY = ("net_total", "tax_total", "gross_total", "amount_due")
_DATES = ("issue_date", "due_date")
_TEXTS = ("invoice_number", "iban")
_MIN_LETTERS = 3
T = TypeVar("T", bound=Item)


def locate(embedded: Extraction, printed: Extraction, evidence: Evidence) -> Extraction:
    """The values of the XML, with the place of the print where they are printed too.

    Args:
        embedded: what the XML says.
        printed: what was found on the pages; a field with the same value there is where it stands.
        evidence: of the pages, in which the others are searched for.
    """
    placed = attrs.evolve(
        embedded,
        currency=_same(embedded.currency, printed.currency),
        document_type=_same(embedded.document_type, printed.document_type),
        seller=_party(embedded.seller, printed.seller, evidence.rows),
        buyer=_party(embedded.buyer, printed.buyer, evidence.rows),
        lines=_lines(embedded.lines, printed.lines),
        language=printed.language,
    )
    for name in _MONEY:
        setattr(placed, name, _money(getattr(embedded, name), getattr(printed, name), evidence))
    for name in _DATES:
        setattr(placed, name, _date(getattr(embedded, name), getattr(printed, name), evidence))
    for name in _TEXTS:
        setattr(placed, name, _text(getattr(embedded, name), getattr(printed, name), evidence.rows))
    return placed


def _party(embedded: Party, printed: Party, rows: Sequence[Row]) -> Party:
    return Party(name=_text(embedded.name, printed.name, rows), vat=_text(embedded.vat, printed.vat, rows))


def _same(value: Value | None, printed: Value | None) -> Value | None:
    if value is None or printed is None or printed.value != value.value:
        return value
    return _placed(value, printed)


def _placed(value: Value, printed: Value) -> Value:
    return attrs.evolve(value, page=printed.page, bbox=printed.bbox)


def _at(value: Value, item: Item | None) -> Value:
    return value if item is None else attrs.evolve(value, page=item.row.page, bbox=item.box)


def _money(value: Value | None, printed: Value | None, evidence: Evidence) -> Value | None:
    if value is None:
        return None
    wanted = Decimal(value.value)
    if printed is not None and printed.page and Decimal(printed.value) == wanted:
        return _placed(value, printed)
    amounts = (amount for amount in _all(evidence.amounts) if amount.is_likely)
    return _at(value, next((each for each in amounts if abs(each.value) == abs(wanted)), None))


def _date(value: Value | None, printed: Value | None, evidence: Evidence) -> Value | None:
    if value is None:
        return None
    if printed is not None and printed.value == value.value:
        return _placed(value, printed)
    day = date.fromisoformat(value.value)
    return _at(value, next((each for each in _all(evidence.dates) if day in each.readings.values()), None))


def _all(table: Mapping[int, Sequence[T]]) -> Iterable[T]:
    return (each for items in table.values() for each in items)


def _text(value: Value | None, printed: Value | None, rows: Sequence[Row]) -> Value | None:
    if value is None:
        return None
    wanted = normalise(value.value)
    if printed is not None and normalise(printed.value) == wanted:
        return _placed(value, printed)
    if len(wanted) < _MIN_LETTERS:
        return value
    for row in rows:
        if wanted in normalise(row.text):
            span = _span(row, wanted)
            if span is not None:
                box = row.box_between(row.starts[span[0]], row.starts[span[1]] + 1)
                return attrs.evolve(value, page=row.page, bbox=box)
    return value


def _span(row: Row, wanted: str) -> tuple[int, int] | None:
    """The last and shortest run of words that contains a text, as the indices of the first and the last word."""
    norms = [normalise(word.text) for word in row.words]
    for first in reversed(range(len(norms))):
        joined = ""
        for last in range(first, len(norms)):
            joined += norms[last]
            if wanted in joined:
                return first, last
            if len(joined) > len(wanted) + len(norms[first]):
                break
    return None


def _lines(embedded: list[LineItem], printed: list[LineItem]) -> list[LineItem]:
    """Lines are told by their amounts; each printed line is the place of one."""
    left = list(printed)
    placed = []
    for line in embedded:
        amount = line.amount and Decimal(line.amount.value)
        found = next((each for each in left if each.amount and Decimal(each.amount.value) == amount), None)
        if found is None:
            placed.append(line)
            continue
        left.remove(found)
        placed.append(
            LineItem(
                description=_beside(line.description, found.description),
                quantity=_equal(line.quantity, found.quantity),
                unit_price=_equal(line.unit_price, found.unit_price),
                amount=_equal(line.amount, found.amount),
            )
        )
    return placed


def _beside(value: Value | None, printed: Value | None) -> Value | None:
    return value if value is None or printed is None else _placed(value, printed)


def _equal(value: Value | None, printed: Value | None) -> Value | None:
    if value is None or printed is None or Decimal(value.value) != Decimal(printed.value):
        return value
    return _placed(value, printed)
