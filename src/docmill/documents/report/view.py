"""What a report shows of each document, read out of the outcomes of a job."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, TypeAlias

import attrs

from docmill.documents.pages import Box
from docmill.documents.report.shapes import box_of, dicts_of, mapping_of, number_of, text_of, whole_of
from docmill.documents.values import FIELDS
from docmill.model import DocumentFailure, Outcome

__all__ = [
    "Concern",
    "Entry",
    "Found",
    "Group",
    "entries_of",
    "extraction_of",
    "field_label",
    "quality_of",
    "shown_amount",
]

Group: TypeAlias = Literal["fact", "party", "money", "line"]
"""What kind of value it is, which decides on its colour."""

MAX_LINES = 200
"""Line items of one document."""

MAX_CONCERNS = 100
"""Anomalies, or issues, of one document."""

MAX_EVIDENCE = 20
"""Values of one anomaly."""

MAX_TABLES = 20
"""Tables of one document."""

MONEY = frozenset({"net_total", "tax_total", "gross_total", "amount_due", "unit_price", "amount"})

LABELS = {
    "document_type": "Type",
    "invoice_number": "Number",
    "issue_date": "Issued",
    "due_date": "Due",
    "iban": "IBAN",
    "net_total": "Net",
    "tax_total": "Tax",
    "gross_total": "Gross",
    "amount_due": "To pay",
    "seller_name": "Seller",
    "seller_vat": "Seller's VAT ID",
    "buyer_name": "Buyer",
    "buyer_vat": "Buyer's VAT ID",
}

ORDER = (
    "document_type",
    "invoice_number",
    "issue_date",
    "due_date",
    "seller_name",
    "seller_vat",
    "buyer_name",
    "buyer_vat",
    "iban",
    "currency",
    "net_total",
    "tax_total",
    "gross_total",
    "amount_due",
    "language",
)
"""In which the fields are shown: as one reads an invoice."""

SEVERITIES = ("error", "warning", "info")

LINE_PARTS = ("description", "quantity", "unit_price", "amount")

AMOUNT = re.compile(r"([+-]?)(\d{1,18})(\.\d{1,8})?")


@attrs.frozen(kw_only=True)
class Found:
    """A value that was found.

    Attributes:
        key: names it within the report.
        field: which it is.
        label: the same for people.
        value: as it is shown.
        raw: as it is printed, if that differs.
        group: what kind of value it is.
        confidence: 0 to 1, or None.
        source: of what it was read, or None.
        valid: whether its check digits are right, or None.
        page: on which it stands, or None.
        bbox: where on that page, in points, or None.
    """

    key: str
    field: str
    label: str
    value: str
    raw: str | None
    group: Group
    confidence: float | None = None
    source: str | None = None
    valid: bool | None = None
    page: int | None = None
    bbox: Box | None = None


@attrs.frozen(kw_only=True)
class Concern:
    """An anomaly or an issue.

    Attributes:
        code: what it is.
        severity: "error", "warning" or "info".
        message: for people.
        page: of an issue, or None.
        evidence: of an anomaly: values, each with a key of its own.
    """

    code: str
    severity: str
    message: str
    page: int | None = None
    evidence: tuple[Found, ...] = ()


@attrs.frozen(kw_only=True)
class Reason:
    """What a score lost.

    Attributes:
        code: of the issue that cost it.
        points: below 0, or None.
        message: for people.
    """

    code: str
    points: float | None
    message: str


@attrs.frozen(kw_only=True)
class Entry:
    """A document of the report.

    Attributes:
        anchor: names its section.
        document_id: as it was given to the job.
        error: why it failed, or None.
        media_type: or None.
        page_count: or None.
        truncated: whether a limit cut it short.
        fields: what was found, in the order of `ORDER`.
        lines: the parts of each line item by name.
        tables: rows of cells, each as the result gives it.
        score: of its quality, 0 to 100, or None.
        reasons: why the score is not 100.
        quality: all of the quality's data.
        issues: of its quality.
        anomalies: of its content; None if nobody looked for any.
    """

    anchor: str
    document_id: str
    error: str | None = None
    media_type: str | None = None
    page_count: int | None = None
    truncated: bool = False
    fields: tuple[Found, ...] = ()
    lines: tuple[Mapping[str, Found], ...] = ()
    tables: tuple[Mapping[str, Any], ...] = ()
    score: float | None = None
    reasons: tuple[Reason, ...] = ()
    quality: Mapping[str, Any] = attrs.Factory(dict)
    issues: tuple[Concern, ...] = ()
    anomalies: tuple[Concern, ...] | None = None

    def get(self, field: str) -> str | None:
        """What is shown for one of the fields; None if it was not found."""
        return next((found.value for found in self.fields if found.field == field), None)

    @property
    def found(self) -> Iterator[Found]:
        """Everything that may have a place on a page: the fields, then the line items."""
        yield from self.fields
        for line in self.lines:
            yield from line.values()


def entries_of(outcomes: Iterable[Outcome]) -> Iterator[Entry]:
    """Read what is to be shown of each outcome."""
    for position, outcome in enumerate(outcomes, start=1):
        anchor = f"d{position}"
        if isinstance(outcome, DocumentFailure):
            yield Entry(anchor=anchor, document_id=outcome.document_id, error=outcome.error)
        else:
            yield _entry(anchor, outcome.document_id, outcome.data)


def extraction_of(data: object) -> Mapping[str, Any]:
    """The extraction within the result of any of the services."""
    return mapping_of(data, "extraction") or mapping_of(data)


def quality_of(data: object) -> Mapping[str, Any]:
    """The quality within the result of any of the services."""
    return mapping_of(data, "quality") or mapping_of(data)


def field_label(field: str) -> str:
    """The name of a field for people."""
    return LABELS.get(field) or field.replace("_", " ").strip().capitalize() or "Value"


def shown_amount(value: str) -> str:
    """A decimal string with its thousands set apart; anything else as it is."""
    match = AMOUNT.fullmatch(value)
    return f"{match[1]}{int(match[2]):,}{match[3] or ''}" if match else value


def _entry(anchor: str, document_id: str, data: object) -> Entry:
    extraction, quality = extraction_of(data), quality_of(data)
    read = {**quality, **mapping_of(data)}
    has_anomalies = isinstance(data, Mapping) and isinstance(data.get("anomalies"), list)
    return Entry(
        anchor=anchor,
        document_id=document_id,
        media_type=text_of(read.get("media_type")),
        page_count=whole_of(read.get("page_count")),
        truncated=read.get("truncated") is True,
        fields=tuple(_fields(anchor, extraction)),
        lines=tuple(_lines(anchor, extraction)),
        tables=tuple(dicts_of(extraction.get("tables"), MAX_TABLES)),
        score=_score(quality),
        reasons=tuple(_reasons(quality)),
        quality=quality,
        issues=tuple(_concerns(anchor, quality.get("issues"))),
        anomalies=tuple(_concerns(anchor, mapping_of(data).get("anomalies"))) if has_anomalies else None,
    )


def _fields(anchor: str, extraction: Mapping[str, Any]) -> Iterator[Found]:
    values = {field: extraction.get(field) for field in FIELDS}
    for side in ("seller", "buyer"):
        for part, value in mapping_of(extraction, side).items():
            values[f"{side}_{part}"] = value
    for field in ORDER:
        found = _found(f"{anchor}-{field}", field, values.get(field))
        if found is not None:
            yield found


def _lines(anchor: str, extraction: Mapping[str, Any]) -> Iterator[dict[str, Found]]:
    for number, line in enumerate(dicts_of(extraction.get("lines"), MAX_LINES), start=1):
        parts = {part: _found(f"{anchor}-{number}-{part}", part, line.get(part), number) for part in LINE_PARTS}
        present = {part: found for part, found in parts.items() if found is not None}
        if present:
            yield present


def _found(key: str, field: str, data: object, line: int | None = None) -> Found | None:
    value = mapping_of(data)
    text = text_of(value.get("value"))
    if text is None:
        return None
    valid = value.get("valid")
    raw = text_of(value.get("raw"))
    label = field_label(field)
    return Found(
        key=key,
        field=field,
        label=label if line is None else f"Line {line}, {label.lower()}",
        value=shown_amount(text) if field in MONEY else text,
        raw=None if raw == text else raw,
        group=_group(field, line),
        confidence=_between(value.get("confidence"), 1.0),
        source=text_of(value.get("source")),
        valid=valid if isinstance(valid, bool) else None,
        page=whole_of(value.get("page")),
        bbox=box_of(value.get("bbox")),
    )


def _group(field: str, line: int | None) -> Group:
    if line is not None:
        return "line"
    if field in MONEY or field == "currency":
        return "money"
    return "party" if field.startswith(("seller", "buyer", "iban")) else "fact"


def _concerns(anchor: str, data: object) -> Iterator[Concern]:
    for number, concern in enumerate(dicts_of(data, MAX_CONCERNS), start=1):
        severity = concern.get("severity")
        code = text_of(concern.get("code")) or "unknown"
        yield Concern(
            code=code,
            severity=severity if severity in SEVERITIES else "warning",
            message=_sentence(text_of(concern.get("message")) or field_label(code)),
            page=whole_of(concern.get("page")),
            evidence=tuple(_evidence(f"{anchor}-a{number}", concern.get("evidence"))),
        )


def _evidence(prefix: str, data: object) -> Iterator[Found]:
    for number, item in enumerate(dicts_of(data, MAX_EVIDENCE), start=1):
        field = text_of(item.get("field")) or ""
        value = text_of(item.get("value"))
        if value is not None:
            yield Found(
                key=f"{prefix}-{number}",
                field=field,
                label=field_label(field),
                value=shown_amount(value),
                raw=None,
                group="fact",
                page=whole_of(item.get("page")),
                bbox=box_of(item.get("bbox")),
            )


def _score(quality: Mapping[str, Any]) -> float | None:
    return _between(quality.get("score"), 100.0)


def _between(data: object, highest: float) -> float | None:
    number = number_of(data)
    return None if number is None else min(max(number, 0.0), highest)


def _reasons(quality: Mapping[str, Any]) -> Iterator[Reason]:
    for reason in dicts_of(quality.get("reasons"), MAX_CONCERNS):
        message = text_of(reason.get("message"))
        if message is not None:
            code = text_of(reason.get("code")) or "unknown"
            yield Reason(code=code, points=number_of(reason.get("points")), message=_sentence(message))


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
