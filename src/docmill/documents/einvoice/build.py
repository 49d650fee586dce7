"""From what an electronic invoice says to the values of an extraction."""

import re
from datetime import date
from decimal import Context, Decimal

import attrs

from docmill.documents.einvoice.checks import is_iban_valid, is_vat_valid
from docmill.documents.einvoice.model import InvoiceData, InvoiceLine
from docmill.documents.values import Extraction, LineItem, Party, Value

__all__ = ["Header", "extraction_of"]

_CREDIT_NOTES = {"81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "532"}

_PRICES = Context(prec=10)
"""Digits that a price per unit is given with, if it is divided: enough for amounts of millions to be right."""


@attrs.frozen(kw_only=True)
class Header:
    """What is not a number, as it stands in the XML; None for what it does not say."""

    invoice_number: str | None
    issue_date: str | None
    due_date: str | None
    seller_name: str | None
    seller_vat: str | None
    buyer_name: str | None
    buyer_vat: str | None
    iban: str | None


def extraction_of(header: Header, data: InvoiceData) -> Extraction:
    """The values of an invoice."""
    kind = "credit_note" if data.type_code in _CREDIT_NOTES else "invoice"
    return Extraction(
        document_type=_value(kind, data.type_code or kind),
        invoice_number=_text(header.invoice_number),
        issue_date=_date(header.issue_date),
        due_date=_date(header.due_date),
        currency=_text(data.currency),
        seller=Party(name=_text(header.seller_name), vat=_vat(header.seller_vat)),
        buyer=Party(name=_text(header.buyer_name), vat=_vat(header.buyer_vat)),
        iban=_iban(header.iban),
        net_total=_money(data.net),
        tax_total=_money(data.tax),
        gross_total=_money(data.gross),
        amount_due=_money(data.due),
        lines=[_line(line) for line in data.lines],
    )


def _line(line: InvoiceLine) -> LineItem:
    price = line.net_price
    if price is not None and line.base_quantity not in {Decimal(0), Decimal(1)}:
        price = _PRICES.divide(price, line.base_quantity).normalize()
    return LineItem(
        description=_text(line.description),
        quantity=_money(line.quantity),
        unit_price=_money(price),
        amount=_money(line.total),
    )


def _value(value: str, raw: str, valid: bool | None = None) -> Value:
    return Value(value=value, raw=raw, source="embedded", valid=valid)


def _text(text: str | None) -> Value | None:
    return None if text is None else _value(text, text)


def _money(number: Decimal | None) -> Value | None:
    return None if number is None else _text(f"{number:f}")


def _vat(text: str | None) -> Value | None:
    if text is None:
        return None
    vat = re.sub(r"[^0-9A-Za-z]", "", text).upper()
    return _value(vat, text, is_vat_valid(vat))


def _iban(text: str | None) -> Value | None:
    if text is None:
        return None
    iban = re.sub(r"\s", "", text).upper()
    return _value(iban, text, is_iban_valid(iban))


def _date(text: str | None) -> Value | None:
    """CII writes 20241109, UBL 2024-11-09; a time may follow."""
    match = re.match(r"(\d{4})-?(\d\d)-?(\d\d)", text or "")
    if not text or not match:
        return None
    try:
        day = date(*(int(part) for part in match.groups()))
    except ValueError:
        return None
    return _value(day.isoformat(), text)
