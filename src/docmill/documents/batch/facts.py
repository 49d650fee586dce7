"""What the summary of a batch needs of each document, read out of results that may come from anywhere."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import attrs

from docmill.documents.batch.signature import decode

__all__ = ["Facts", "facts_of", "identifier"]

MAX_AMOUNT = Decimal(10) ** 15
"""Beyond it a number is no sum of money but a misreading, and would drown every total."""

MAX_PLACES = 6
"""Likewise: digits behind the decimal point."""


@attrs.frozen(kw_only=True)
class Facts:
    """One document of a batch. What its result does not say is None, or empty.

    Attributes:
        document_id: as it was given to the job.
        document_type: such as "invoice".
        language: ISO 639-1.
        currency: ISO 4217.
        seller_name: as it is printed.
        seller_vat: without spaces.
        number: of the invoice, as it is printed.
        issue_date: ISO 8601.
        net: without tax.
        tax: all of it.
        gross: with tax; what is due, if only that is known.
        score: of its quality, 0 to 100.
        issues: codes of its quality issues.
        anomalies: codes of its anomalies.
        sha256: of the file.
        signature: MinHash of its text.
    """

    document_id: str
    document_type: str | None = None
    language: str | None = None
    currency: str | None = None
    seller_name: str | None = None
    seller_vat: str | None = None
    number: str | None = None
    issue_date: str | None = None
    net: Decimal | None = None
    tax: Decimal | None = None
    gross: Decimal | None = None
    score: float | None = None
    issues: tuple[str, ...] = ()
    anomalies: tuple[str, ...] = ()
    sha256: str | None = None
    signature: bytes | None = None

    @property
    def identity(self) -> tuple[str | None, Decimal | None, str | None]:
        """What tells an invoice from another one of the same template: number, total, date."""
        return identifier(self.number), self.gross, self.issue_date


def identifier(text: str | None) -> str | None:
    """An invoice number as it compares: "RE 2024-001" is "re2024001"; None if there is nothing to compare."""
    return "".join(filter(str.isalnum, text or "")).casefold() or None


def facts_of(document_id: str, data: object) -> Facts:
    """Read the facts out of a document's result. What has another shape than expected counts as not there."""
    result = _mapping(data)
    extraction = _mapping(result.get("extraction"))
    quality = _mapping(result.get("quality"))
    fingerprint = _mapping(result.get("fingerprint"))
    seller = _mapping(extraction.get("seller"))
    return Facts(
        document_id=document_id,
        document_type=_value(extraction, "document_type"),
        language=_value(extraction, "language"),
        currency=_value(extraction, "currency"),
        seller_name=_value(seller, "name"),
        seller_vat=_value(seller, "vat"),
        number=_value(extraction, "invoice_number"),
        issue_date=_value(extraction, "issue_date"),
        net=_amount(extraction, "net_total"),
        tax=_amount(extraction, "tax_total"),
        gross=_either(_amount(extraction, "gross_total"), _amount(extraction, "amount_due")),
        score=_score(quality.get("score")),
        issues=_codes(quality.get("issues")),
        anomalies=_codes(result.get("anomalies")),
        sha256=_text(fingerprint.get("sha256")),
        signature=decode(fingerprint.get("minhash")),
    )


def _mapping(thing: object) -> Mapping[str, Any]:
    return thing if isinstance(thing, Mapping) else {}


def _text(thing: object) -> str | None:
    return thing if isinstance(thing, str) and thing else None


def _value(fields: Mapping[str, Any], name: str) -> str | None:
    return _text(_mapping(fields.get(name)).get("value"))


def _amount(fields: Mapping[str, Any], name: str) -> Decimal | None:
    try:
        amount = Decimal(_value(fields, name) or "")
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount) < MAX_AMOUNT and _places(amount) <= MAX_PLACES else None


def _places(amount: Decimal) -> int:
    return -int(amount.as_tuple().exponent)


def _either(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return other if one is None else one


def _score(thing: object) -> float | None:
    return float(thing) if isinstance(thing, int | float) and 0 <= thing <= 100 else None


def _codes(findings: object) -> tuple[str, ...]:
    listed: Iterable[object] = findings if isinstance(findings, Sequence) else ()
    return tuple(code for finding in listed if (code := _text(_mapping(finding).get("code"))))
