"""All rules for anomalies, one after the other."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from docmill.documents.anomalies.case import Case
from docmill.documents.anomalies.comparison import embedded_against_print
from docmill.documents.anomalies.dates import date_anomalies
from docmill.documents.anomalies.einvoice_sums import einvoice_sums
from docmill.documents.anomalies.fields import check_digits, missing_fields
from docmill.documents.anomalies.invisible import invisible_text
from docmill.documents.anomalies.print_sums import print_sums
from docmill.documents.einvoice.model import InvoiceData
from docmill.documents.findings import Anomaly
from docmill.documents.pages import Reading
from docmill.documents.printed import Printed
from docmill.documents.values import Extraction

__all__ = ["find_anomalies"]

_INVOICES = {"invoice", "credit_note", "receipt"}


def find_anomalies(
    extraction: Extraction,
    *,
    invoice: InvoiceData | None = None,
    printed: Extraction | None = None,
    reading: Reading | None = None,
    quality: Mapping[str, Any] | None = None,
    today: date,
) -> list[Anomaly]:
    """Find what does not add up in a document.

    The rules for invoices apply to invoices, credit notes and receipts only. They keep to what is beyond doubt: sums
    may differ by two cents and one more per part, a printed difference explains itself, and nothing is concluded from
    values with a confidence below 0.4. Without a reading no mandatory field is said to be missing, unless there is an
    embedded invoice.

    Args:
        extraction: the values of the document, the embedded ones first.
        invoice: the numbers of its embedded invoice, if it has one.
        printed: what was found on the pages alone, to compare the embedded invoice with.
        reading: its pages.
        quality: the result of the quality check, as JSON carries it.
        today: the current date.

    Returns:
        Anomalies, those of the sums first; `ANOMALIES` has every code with its meaning.
    """
    has_words = reading is not None and any(page.words for page in reading.pages)
    case = Case(
        extraction=extraction,
        invoice=invoice,
        print_extraction=printed,
        printed=Printed(reading) if reading is not None and has_words else None,
        today=today,
    )
    found = [*_of_invoice(case)] if invoice is not None or case.document_type in _INVOICES else []
    return [*found, *check_digits(case), *invisible_text(quality)]


def _of_invoice(case: Case) -> Iterator[Anomaly]:
    if case.invoice is None:
        yield from print_sums(case)
    else:
        yield from einvoice_sums(case.invoice)
    yield from date_anomalies(case)
    yield from missing_fields(case)
    yield from embedded_against_print(case)
