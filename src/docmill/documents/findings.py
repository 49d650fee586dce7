"""What is wrong with a document: issues of its quality, anomalies of its content."""

from typing import Any, Literal, TypeAlias

import attrs

__all__ = ["Anomaly", "Issue", "Severity"]

Severity: TypeAlias = Literal["info", "warning", "error"]
"""How bad: "error" makes the document unfit for its purpose, "warning" deserves a look, "info" is good to know."""


@attrs.frozen
class Issue:
    """Something about the quality of a document.

    Attributes:
        code: what it is, for programs; docs/documents.md lists all.
        severity: how bad it is.
        page: 1 for the first page; None for the whole document.
        message: for people.
    """

    code: str
    severity: Severity
    page: int | None
    message: str

    def to_data(self) -> dict[str, Any]:
        """As JSON carries it."""
        return attrs.asdict(self)


@attrs.frozen
class Anomaly:
    """Something in the content of a document that does not add up.

    Attributes:
        code: what it is, for programs; docs/documents.md lists all.
        severity: how bad it is.
        message: for people.
        evidence: the values that it rests on: {"field", "value", "page", "bbox"} each, or what else explains it.
    """

    code: str
    severity: Severity
    message: str
    evidence: list[dict[str, Any]] = attrs.Factory(list)

    def to_data(self) -> dict[str, Any]:
        """As JSON carries it."""
        return attrs.asdict(self)
