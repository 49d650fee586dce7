"""Whether people see on the pages what programs read in the embedded invoice."""

import re
from collections.abc import Iterator

from docmill.documents.anomalies.case import Case, amount_of, date_of, evidence, report
from docmill.documents.findings import Anomaly
from docmill.documents.printed import Printed
from docmill.documents.values import Value

__all__ = ["embedded_against_print"]

_AMOUNTS = ("net_total", "tax_total", "gross_total", "amount_due")
_TEXTS = ("invoice_number", "iban")
_DATES = ("issue_date", "due_date")

_OFTEN_LEFT_OUT = {"net_total", "tax_total", "due_date", "iban"}
"""Not every print has them, so only one that is there with another value tells something."""

MAX_LEFT_OUT = 3
"""Parts of an invoice number, such as a year and a count."""

MAX_SHOWN = 100
"""Characters of a value in a message; the evidence has all of it."""

MIN_AMOUNTS = 3
"""Different amounts on the pages; with fewer, its fonts or its scan cannot be read."""


def embedded_against_print(case: Case) -> Iterator[Anomaly]:
    """Look for each embedded value on the pages, in any notation.

    Nothing is concluded from a print that was read in part or cannot be read, nor from one whose text was recognised,
    in which a single wrong digit is likely.
    """
    printed = case.printed
    if case.invoice is None or printed is None or not printed.is_complete or printed.sources != {"text"}:
        return
    if len(printed.money) < MIN_AMOUNTS:
        return
    for field in (*_AMOUNTS, *_TEXTS, *_DATES):
        value = getattr(case.extraction, field)
        if value is None or value.source != "embedded" or _is_found(printed, field, value):
            continue
        other = None if case.print_extraction is None else getattr(case.print_extraction, field)
        if other is not None or field not in _OFTEN_LEFT_OUT:
            yield _difference(field, value, other)


def _is_found(printed: Printed, field: str, value: Value) -> bool:
    if field in _DATES:
        day = date_of(value)
        return day is None or printed.find_date(day) is not None
    if field == "invoice_number":
        return _is_number_found(printed, value.value)
    if field == "iban":
        return printed.find_text(value.value) is not None
    amount = amount_of(value)
    return not amount or printed.has_amount(amount) or printed.has_amount(round(amount, 2))


def _is_number_found(printed: Printed, number: str) -> bool:
    """Whether it is printed, as it is or without its last parts: programs add a year or a count to what people know."""
    if printed.find_text(number) is not None:
        return True
    parts = re.split(r"(?<=[^\W_])(?=[\W_])", number)
    shorter = ("".join(parts[:-count]) for count in range(1, min(MAX_LEFT_OUT + 1, len(parts))))
    return any(2 * len(each) >= len(number) and printed.find_text(each, whole=True) is not None for each in shorter)


def _difference(field: str, value: Value, other: Value | None) -> Anomaly:
    name = field.replace("_", " ")
    message = f"the embedded {name} {value.value:.{MAX_SHOWN}} stands nowhere on the pages"
    if other is None:
        return report("embedded_differs_from_print", message, [evidence(f"embedded.{field}", value)], severe=False)
    return report(
        "embedded_differs_from_print",
        f"{message}; {other.raw:.{MAX_SHOWN}} is printed there",
        [evidence(f"embedded.{field}", value), evidence(f"printed.{field}", other)],
        other,
    )
