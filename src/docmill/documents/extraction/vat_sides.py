"""Whose a VAT number is."""

import re
from collections.abc import Iterable, Sequence
from itertools import islice

from docmill.documents.einvoice.checks import is_vat_valid
from docmill.documents.extraction.evidence import Evidence
from docmill.documents.extraction.identifiers import Identifier, after_label
from docmill.documents.extraction.labels import Label
from docmill.documents.extraction.layout import normalise
from docmill.documents.extraction.names import Name
from docmill.documents.extraction.parties import Parties
from docmill.documents.extraction.party_words import BUYER_WORDS
from docmill.documents.extraction.scalars import value_at
from docmill.documents.pages import Box
from docmill.documents.values import Value

__all__ = ["find_vats"]

_ROWS_OF_SECTION = 12
_MAX_NUMBERS = 50
_BUYER_WORDS = frozenset(BUYER_WORDS)
_WORD = re.compile(r"[^\W\d_]+")


def find_vats(evidence: Evidence, parties: Parties) -> tuple[Value | None, Value | None]:
    """The VAT numbers of seller and buyer.

    Args:
        evidence: of the document.
        parties: whose names tell which part of the page is whose.
    """
    seller: Value | None = None
    buyer: Value | None = None
    heads = evidence.labelled("seller", "buyer")
    for number, confidence in islice(_numbers(evidence), _MAX_NUMBERS):
        is_buyers = _is_buyers(number, heads, parties)
        value = value_at(number, number.value, confidence, is_vat_valid(number.value))
        if is_buyers and buyer is None:
            buyer = value
        elif not is_buyers and (seller is None or value.confidence > seller.confidence):
            seller = value
    if seller and buyer and seller.value == buyer.value:
        buyer = None
    return seller, buyer


def _numbers(evidence: Evidence) -> Iterable[tuple[Identifier, float]]:
    """Numbers with a country; failing these, numbers that only a label tells."""
    labels = evidence.labelled("vat")
    called = {label.row.index for label in labels}
    found = [each for vats in evidence.vats.values() for each in vats]
    for number in found:
        near = {number.row.index, number.row.index - 1, number.row.index - 2} & called
        yield number, 0.95 if number.row.index in near else 0.9 if near else 0.8
    taken = {number.row.index for number in found}
    for label in labels:
        if label.row.index in taken or "number" in label.roles:
            continue
        number_ = after_label(label.row, label.end)
        if number_ is not None and not _is_other(number_, evidence):
            yield number_, 0.7


def _is_other(number: Identifier, evidence: Evidence) -> bool:
    row = number.row.index
    others = [*evidence.dates.get(row, ()), *evidence.ibans.get(row, ())]
    others += [amount for amount in evidence.amounts.get(row, ()) if amount.is_likely]
    return any(number.start < each.end and each.start < number.end for each in others)


def _is_buyers(number: Identifier, heads: Sequence[Label], parties: Parties) -> bool:
    row = number.row
    segment = row.segment_at(number.start)
    before = row.text[max(0, number.start - 45) : number.start]
    around = before + row.text[number.end : segment.end][:15]
    if any(normalise(word) in _BUYER_WORDS for word in _WORD.findall(around)):
        return True
    section = _section(number, heads)
    if section is not None:
        return "buyer" in section.roles
    seller = _distance(number.box, row.page, parties.seller.name if parties.seller else None)
    buyer = _distance(number.box, row.page, parties.buyer.name if parties.buyer else None)
    return buyer < 9 and buyer < seller


def _section(number: Identifier, labels: Sequence[Label]) -> Label | None:
    """The last label of a party above the number and in its column."""
    row = number.row
    found = None
    for label in labels:
        is_above = label.row.page == row.page and 0 <= row.index - label.row.index <= _ROWS_OF_SECTION
        heads = label.opens and (label.closes or label.has_colon)
        if is_above and heads and -40 < number.box[0] - label.box[0] < 190:
            nearer = found is None or label.row.index > found.row.index or label.box[0] > found.box[0]
            found = label if nearer else found
    return found


def _distance(box: Box, page: int, name: Name | None) -> float:
    """Heights of the text from a name down to a number in the same column; infinite elsewhere."""
    if name is None or name.row.page != page:
        return float("inf")
    down = (box[1] - name.box[1]) / name.row.height
    is_column = abs(box[0] - name.box[0]) < 120
    return down if is_column and down >= -1 else float("inf")
