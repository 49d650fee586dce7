"""Fields that must be there and are not, and numbers whose check digits are wrong."""

from collections.abc import Iterator

from docmill.documents.anomalies.case import Case, evidence, report
from docmill.documents.findings import Anomaly
from docmill.documents.values import Extraction, Value

__all__ = ["check_digits", "missing_fields"]

_EMBEDDED = ("invoice_number", "issue_date", "seller", "buyer", "currency", "total")
_PRINTED = ("invoice_number", "issue_date", "seller", "currency", "total")
_OF_RECEIPTS = ("issue_date", "seller", "total")
_NAMES = {
    "invoice_number": "invoice number",
    "issue_date": "issue date",
    "seller": "name or VAT id of the seller",
    "buyer": "name of the buyer",
    "currency": "currency",
    "total": "gross total, nor an amount due",
}


def missing_fields(case: Case) -> Iterator[Anomaly]:
    """Mandatory fields that were not found; nothing is concluded from a document that was read in part.

    A printed buyer is an address without a label, and is overlooked too often for a conclusion; a seller may be a
    picture, so that a VAT id will do.
    """
    is_embedded = case.invoice is not None
    if not is_embedded and (case.printed is None or not case.printed.is_complete):
        return
    where = "in the embedded invoice" if is_embedded else "on the pages"
    for field in _mandatory(case):
        if _field(case.extraction, field) is None:
            message = f"there is no {_NAMES[field]} {where}"
            yield report(f"missing_{field}", message, [evidence(field, None)], severe=is_embedded)


def _mandatory(case: Case) -> tuple[str, ...]:
    if case.invoice is not None:
        return _EMBEDDED
    return _OF_RECEIPTS if case.document_type == "receipt" else _PRINTED


def _field(extraction: Extraction, field: str) -> Value | None:
    if field == "total":
        return extraction.gross_total or extraction.amount_due
    if field == "seller":
        return extraction.seller.name or extraction.seller.vat
    if field == "buyer":
        return extraction.buyer.name
    value: Value | None = getattr(extraction, field)
    return value


def check_digits(case: Case) -> Iterator[Anomaly]:
    """The IBAN and the VAT ids whose check digits are known to be wrong."""
    extraction = case.extraction
    yield from _invalid("iban_checksum", "iban", "IBAN", extraction.iban)
    yield from _invalid("vat_invalid", "seller.vat", "VAT id of the seller", extraction.seller.vat)
    yield from _invalid("vat_invalid", "buyer.vat", "VAT id of the buyer", extraction.buyer.vat)


def _invalid(code: str, field: str, name: str, value: Value | None) -> Iterator[Anomaly]:
    if value is not None and value.valid is False:
        yield report(code, f"the {name} {value.value:.100} is not valid", [evidence(field, value)])
