"""What the tests of the conformance kit share."""

from typing import Any

import pytest

from docmill import PermanentError
from docmill.testing import Finding, Report, check_processor

DOCUMENTS = ["good.pdf", "broken.pdf"]

each_backend = pytest.mark.parametrize("backend", ["asyncio", "trio"])


def check(target: Any, documents: list[str] = DOCUMENTS, **settings: Any) -> Report:
    """The report of a processor, fast: fewer calls, less patience."""
    return check_processor(target, documents, **{"grace": 0.1, "runs": 4, "timeout": 5.0, "raises": False} | settings)


def the(report: Report, check: str) -> Finding:
    (finding,) = report.of(check)
    return finding


def find(document_id: str) -> str:
    """The document, if there is one that can be read."""
    if document_id not in ("good.pdf", "long.pdf"):
        raise PermanentError(f"{document_id}: cannot be read")
    return document_id


def labels(report: Report) -> dict[str, str]:
    return {finding.check: finding.label for finding in report.findings}
