"""From what was read to the values of an extraction."""

from collections.abc import Sequence

import attrs

from docmill.documents.einvoice import EmbeddedInvoice, read_invoice
from docmill.documents.extraction.amount_roles import roled_amounts
from docmill.documents.extraction.document_type import BILLING, Kind, detect_type
from docmill.documents.extraction.evidence import Evidence, collect
from docmill.documents.extraction.language import detect_language
from docmill.documents.extraction.layout import Row, around, rows_of
from docmill.documents.extraction.lines import find_lines
from docmill.documents.extraction.locate import locate
from docmill.documents.extraction.money import Amount
from docmill.documents.extraction.parties import Parties, PartyName, find_parties
from docmill.documents.extraction.scalars import find_currency, find_dates, find_iban, find_number, value_at
from docmill.documents.extraction.tables import find_tables
from docmill.documents.extraction.totals import Total, Totals, find_totals, likely
from docmill.documents.extraction.vat_sides import find_vats
from docmill.documents.limits import Limits
from docmill.documents.pages import Page, Reading
from docmill.documents.values import Extraction, LineItem, Party, Table, Value

__all__ = ["embedded_invoice", "extract"]

_FIRST_PAGES, _LAST_PAGES = 12, 6
_BUSINESS = BILLING | {"order", "delivery_note"}
_CLEARLY_CALLED, _CLEARLY_SENDER = 0.75, 0.55


def extract(reading: Reading, *, embedded_xml: bool = True) -> Extraction:
    """Find the fields of a document.

    Args:
        reading: of the document.
        embedded_xml: whether the XML of a hybrid invoice counts, if there is one, rather than what is printed.

    Returns:
        What was found; nothing is guessed that does not stand on a page or in the XML.
    """
    pages = _telling(reading.pages)
    rows = rows_of(pages)
    evidence = collect(rows)
    printed = _printed(evidence, find_lines(pages)) if rows else Extraction()
    printed.tables = _tables(reading)
    embedded = embedded_invoice(reading) if embedded_xml else None
    if embedded is None:
        return printed
    return attrs.evolve(locate(embedded.extraction, printed, evidence), tables=printed.tables)


def embedded_invoice(reading: Reading, limits: Limits | None = None) -> EmbeddedInvoice | None:
    """The invoice XML of a document: the first attachment that is one; None if none is."""
    bounds = limits or Limits()
    read = (read_invoice(attachment.data, bounds) for attachment in reading.attachments)
    return next((invoice for invoice in read if invoice is not None), None)


def _telling(pages: Sequence[Page]) -> list[Page]:
    """Fields stand at the beginning and at the end of a document; a long one is not searched in between."""
    if len(pages) <= _FIRST_PAGES + _LAST_PAGES:
        return list(pages)
    return [*pages[:_FIRST_PAGES], *pages[-_LAST_PAGES:]]


def _tables(reading: Reading) -> list[Table]:
    """Of the pages, or those that the format says are tables; the place of these is not known."""
    if not reading.tables:
        return [table for page in reading.pages for table in find_tables(page)]
    page = reading.pages[0] if reading.pages else Page(number=1, width=0.0, height=0.0)
    return [Table(page=page.number, bbox=(0.0, 0.0, page.width, page.height), rows=rows) for rows in reading.tables]


def _printed(evidence: Evidence, lines: list[LineItem]) -> Extraction:
    rows = evidence.rows
    language = detect_language(rows)
    code = language[0] if language else None
    totals = _totals(evidence)
    kind = detect_type(rows, totals.gross is not None, find_number(evidence, is_bill=False)[0] is not None)
    number, numbers = find_number(evidence, is_bill=kind.name in BILLING)
    dates = find_dates(evidence, numbers, code)
    parties = find_parties(rows, evidence.labelled("seller", "buyer", "other_party", "account_holder", "seller_inline"))
    seller_vat, buyer_vat = find_vats(evidence, parties)
    is_business = kind.name in _BUSINESS or _is_clear(totals, kind)
    if not is_business:
        totals, parties = Totals(), _clear(parties)
    is_given_back = kind.name == "credit_note" and totals.gross is not None and totals.gross.value < 0
    if is_given_back:
        totals, lines = _as_invoiced(totals), [_line_as_invoiced(line) for line in lines]
    return Extraction(
        document_type=_kind(kind, rows),
        language=None
        if language is None
        else Value(value=language[0], raw="", confidence=language[1], source=rows[0].source),
        invoice_number=number,
        issue_date=dates.issue,
        due_date=dates.due,
        currency=find_currency(evidence, _printed_in(totals), code, is_business),
        seller=Party(name=_party(parties.seller), vat=seller_vat),
        buyer=Party(name=_party(parties.buyer), vat=buyer_vat),
        iban=find_iban(evidence),
        net_total=_total(totals.net),
        tax_total=_total(totals.tax),
        gross_total=_total(totals.gross),
        amount_due=_total(totals.due),
        lines=lines,
    )


def _totals(evidence: Evidence) -> Totals:
    counted = {id(amount) for amount in likely(each for row in evidence.amounts.values() for each in row)}
    amounts = {
        index: kept
        for index, row in evidence.amounts.items()
        if (kept := [amount for amount in row if id(amount) in counted])
    }
    others = {(label.row.index, label.start) for label in evidence.labelled("issue_date", "due_date", "other_date")}
    return find_totals(
        roled_amounts(evidence.rows, amounts, others), [each for row in amounts.values() for each in row]
    )


def _is_clear(totals: Totals, kind: Kind) -> bool:
    """In a letter or a report, amounts in sentences and tables are totals only if one is clearly called so.

    A document that does not say what it is may be a bill; what stands apart from its sentences counts.
    """
    total = totals.gross or (totals.net if kind.name == "other" else None)
    if total is None or total.amount is None:
        return False
    if kind.name == "other":
        row = total.amount.row
        return not row.text[total.amount.end : row.segment_at(total.amount.start).end].strip(" .*")
    return total.confidence >= _CLEARLY_CALLED and total.amount.is_likely


def _clear(parties: Parties) -> Parties:
    """What stands at the top of a form or a report is its title, unless more says that it is who sends it."""
    seller = parties.seller
    return attrs.evolve(parties, seller=seller if seller and seller.confidence >= _CLEARLY_SENDER else None)


def _printed_in(totals: Totals) -> list[Amount]:
    every = [total for total in (totals.gross, totals.due, totals.net, totals.tax) if total is not None]
    return [amount for total in every for amount in (total.amount, *total.summands) if amount is not None]


def _as_invoiced(totals: Totals) -> Totals:
    """A credit note's totals are positive, as EN 16931 has them: that they are given back is what its type says."""
    return Totals(**{name: _positive(getattr(totals, name)) for name in ("net", "tax", "gross", "due")})


def _line_as_invoiced(line: LineItem) -> LineItem:
    """Either the quantity or the price of such a line is negative, as is the amount."""
    return attrs.evolve(line, **{name: _unsigned(getattr(line, name)) for name in ("quantity", "unit_price", "amount")})


def _unsigned(value: Value | None) -> Value | None:
    return None if value is None else attrs.evolve(value, value=value.value.removeprefix("-"))


def _positive(total: Total | None) -> Total | None:
    return None if total is None else attrs.evolve(total, value=abs(total.value))


def _kind(kind: Kind, rows: Sequence[Row]) -> Value:
    return Value(
        value=kind.name, raw=kind.raw, page=kind.page, bbox=kind.box, confidence=kind.confidence, source=rows[0].source
    )


def _party(found: PartyName | None) -> Value | None:
    if found is None:
        return None
    return attrs.evolve(value_at(found.name, found.name.text, found.confidence), raw=found.name.text)


def _total(total: Total | None) -> Value | None:
    if total is None:
        return None
    text = f"{total.value:f}"
    return _sum(total, text) if total.amount is None else value_at(total.amount, text, total.confidence)


def _sum(total: Total, text: str) -> Value:
    """A total that is printed in parts; it has a place if they are all on one page."""
    values = [value_at(amount, text, min(total.confidence, 0.8)) for amount in total.summands]
    first = min(values, key=lambda value: value.confidence)
    is_one_place = len({value.page for value in values}) == 1
    return attrs.evolve(
        first,
        raw=" + ".join(value.raw for value in values),
        page=first.page if is_one_place else None,
        bbox=around(amount.box for amount in total.summands) if is_one_place else None,
    )
