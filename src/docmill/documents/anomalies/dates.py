"""Dates that cannot be right."""

from collections.abc import Iterator
from datetime import date, timedelta

from docmill.documents.anomalies.case import Case, date_of, evidence, report
from docmill.documents.findings import Anomaly

__all__ = ["date_anomalies"]

MAX_AGE = timedelta(days=30 * 365)
"""Of an invoice; what is older was more likely misread, or made up."""

MAX_TERM = timedelta(days=10 * 365)
"""From the issue to the due date."""

TOLERANCE = timedelta(days=1)
"""It may already be tomorrow where the document was issued."""


def date_anomalies(case: Case) -> Iterator[Anomaly]:
    """Check the issue date against today, and the due date against the issue date."""
    issued, due = date_of(case.extraction.issue_date), date_of(case.extraction.due_date)
    if issued is not None:
        yield from _issued(case, issued)
    if issued is not None and due is not None:
        yield from _due(case, issued, due)


def _issued(case: Case, issued: date) -> Iterator[Anomaly]:
    stands = [evidence("issue_date", case.extraction.issue_date)]
    if issued - case.today > TOLERANCE:
        yield report("future_date", f"issued on {issued}, but today is {case.today}", stands)
    elif case.today - issued > MAX_AGE:
        yield report("implausible_date", f"issued on {issued}, more than 30 years before {case.today}", stands)


def _due(case: Case, issued: date, due: date) -> Iterator[Anomaly]:
    stands = [evidence("issue_date", case.extraction.issue_date), evidence("due_date", case.extraction.due_date)]
    if due < issued:
        yield report("due_before_issue", f"due on {due}, before it was issued on {issued}", stands)
    elif due - issued > MAX_TERM:
        yield report("implausible_date", f"due on {due}, more than 10 years after it was issued on {issued}", stands)
