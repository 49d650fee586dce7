"""What a language model is asked for, and how its answers are read."""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import attrs

from docmill.documents.einvoice.checks import is_iban_valid, is_vat_valid
from docmill.documents.extraction.currencies import code_of
from docmill.documents.extraction.layout import clean
from docmill.documents.extraction.numbers import parse_amount
from docmill.documents.printed import Place, Printed

__all__ = ["WISHES", "Wish", "schema_of"]

MAX_TEXT = 200
"""Characters of a name or a number."""

_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_VAT = re.compile(r"(?=(?:[A-Z]*\d){6})[A-Z0-9]{7,18}")

Found = tuple[str, Place]
"""A normalised value, and where it is printed."""


@attrs.frozen(kw_only=True)
class Wish:
    """A value that a model can be asked for.

    Attributes:
        description: for the model.
        find: takes the model's words and the pages; None for what does not stand there, or is no such value.
        is_valid: looks at the check digits of a value.
    """

    description: str
    find: Callable[[str, Printed], Found | None]
    is_valid: Callable[[str], bool | None] = lambda _: None


def schema_of(names: Collection[str]) -> dict[str, Any]:
    """The JSON Schema for an answer with some of the wishes."""
    return {
        "type": "object",
        "properties": {name: {"type": ["string", "null"], "description": WISHES[name].description} for name in names},
        "required": list(names),
        "additionalProperties": False,
    }


def _text(words: str, printed: Printed) -> Found | None:
    text = " ".join(clean(words).split())
    place = printed.find_text(text, whole=True) if len(text) <= MAX_TEXT else None
    return None if place is None else (text, place)


def _amount(words: str, printed: Printed) -> Found | None:
    amount = _number(words)
    place = None if amount is None else printed.find_amount(amount)
    return None if amount is None or place is None else (f"{amount:f}", place)


def _number(words: str) -> Decimal | None:
    """A decimal with a dot, as it was asked for; else a number in one of the notations of print."""
    try:
        amount = Decimal(words) if len(words) <= MAX_TEXT and "_" not in words else None
    except InvalidOperation:
        amount = parse_amount(words)
    return amount if amount is not None and amount.is_finite() and abs(amount.adjusted()) < 15 else None


def _date(words: str, printed: Printed) -> Found | None:
    try:
        day = date.fromisoformat(words.strip())
    except ValueError:
        return None
    place = printed.find_date(day)
    return None if place is None else (day.isoformat(), place)


def _currency(words: str, printed: Printed) -> Found | None:
    code = code_of(words[:MAX_TEXT])
    place = None if code is None else printed.find_currency(code)
    return None if code is None or place is None else (code, place)


def _identifier(pattern: re.Pattern[str]) -> Callable[[str, Printed], Found | None]:
    def find(words: str, printed: Printed) -> Found | None:
        identifier = re.sub(r"[^A-Z0-9]", "", words[:MAX_TEXT].upper())
        place = printed.find_text(identifier) if pattern.fullmatch(identifier) else None
        return None if place is None else (identifier, place)

    return find


WISHES: Mapping[str, Wish] = {
    "invoice_number": Wish(description="number of this invoice, as printed", find=_text),
    "issue_date": Wish(description="day on which it was issued, YYYY-MM-DD", find=_date),
    "due_date": Wish(description="day until which it is to be paid, YYYY-MM-DD", find=_date),
    "currency": Wish(description="ISO 4217 code of the currency of the totals", find=_currency),
    "iban": Wish(description="IBAN of the seller, without spaces", find=_identifier(_IBAN), is_valid=is_iban_valid),
    "net_total": Wish(description="total without tax, with a decimal point and no separators", find=_amount),
    "tax_total": Wish(description="total of all taxes, with a decimal point and no separators", find=_amount),
    "gross_total": Wish(description="total with tax, with a decimal point and no separators", find=_amount),
    "amount_due": Wish(description="amount left to pay, with a decimal point and no separators", find=_amount),
    "seller_name": Wish(description="name of who issued the document, as printed, without address", find=_text),
    "seller_vat": Wish(description="VAT id of the seller", find=_identifier(_VAT), is_valid=is_vat_valid),
    "buyer_name": Wish(description="name of whom it is addressed to, as printed, without address", find=_text),
    "buyer_vat": Wish(description="VAT id of the buyer", find=_identifier(_VAT), is_valid=is_vat_valid),
}
"""By the name that `Extraction.to_flat` gives the value."""
