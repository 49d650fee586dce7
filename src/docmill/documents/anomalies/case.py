"""What the rules for anomalies look at, and how they tell what they have found."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

import attrs

from docmill.documents.anomalies.catalogue import ANOMALIES
from docmill.documents.einvoice.model import InvoiceData
from docmill.documents.findings import Anomaly
from docmill.documents.printed import Printed
from docmill.documents.values import Extraction, Value

__all__ = ["Case", "Evidence", "amount_of", "date_of", "evidence", "money", "report"]

Evidence: TypeAlias = dict[str, Any]

CERTAIN = 0.8
"""Confidence from which on a printed value is taken as read right."""

USABLE = 0.4
"""Confidence below which nothing is concluded from a value."""

MAX_EXPONENT = 15
"""Of ten: a larger number is no sum of money."""


@attrs.frozen(kw_only=True)
class Case:
    """One document whose content is examined.

    Attributes:
        extraction: its values.
        invoice: the numbers of its embedded invoice, if it has one.
        print_extraction: what was found on the pages alone, for a document with an embedded invoice.
        printed: everything that is printed on them; None if there are no words.
        today: the current date.
    """

    extraction: Extraction
    invoice: InvoiceData | None = None
    print_extraction: Extraction | None = None
    printed: Printed | None = None
    today: date

    @property
    def document_type(self) -> str:
        """The type of the document; "other" if it is not known well enough for conclusions."""
        kind = self.extraction.document_type
        return "other" if kind is None or kind.confidence < USABLE else kind.value

    def is_printed(self, amount: Decimal) -> bool:
        """Whether an amount of money stands anywhere on the pages, whatever its sign."""
        return self.printed is not None and abs(amount) in self.printed.money


def report(
    code: str, message: str, evidence: Iterable[Evidence], *values: Value | None, severe: bool | None = None
) -> Anomaly:
    """An anomaly with the severity that the catalogue gives it.

    Args:
        code: of the catalogue.
        message: with the figures in it.
        evidence: what it rests on.
        values: those that it was concluded from: if one of them is not certain, an error becomes a warning.
        severe: True makes it an error whatever the catalogue says, False a warning.
    """
    severity, _ = ANOMALIES[code]
    if severe:
        severity = "error"
    elif severity == "error" and (severe is False or not all(map(_is_certain, values))):
        severity = "warning"
    return Anomaly(code, severity, message, list(evidence))


def _is_certain(value: Value | None) -> bool:
    return value is None or value.source == "embedded" or (value.source == "text" and value.confidence >= CERTAIN)


def evidence(field: str, value: Value | Decimal | str | None) -> Evidence:
    """One piece of evidence: which field, its value, and where it stands."""
    if isinstance(value, Value):
        data = value.to_data()
        return {"field": field, "value": data["value"], "page": data["page"], "bbox": data["bbox"]}
    return {
        "field": field,
        "value": money(value) if isinstance(value, Decimal) else value,
        "page": None,
        "bbox": None,
    }


def amount_of(value: Value | None) -> Decimal | None:
    """The number of a value; None for one that is not sure enough to conclude anything from."""
    if value is None or value.confidence < USABLE:
        return None
    try:
        amount = Decimal(value.value)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount.adjusted()) < MAX_EXPONENT else None


def date_of(value: Value | None) -> date | None:
    """The day of a value; None for one that is not sure enough to conclude anything from."""
    if value is None or value.confidence < USABLE:
        return None
    try:
        return date.fromisoformat(value.value)
    except ValueError:
        return None


def money(amount: Decimal) -> str:
    """For people: with two places, or more where it has more."""
    places = max(2, min(6, -int(amount.as_tuple().exponent)))
    return f"{amount:.{places}f}"
