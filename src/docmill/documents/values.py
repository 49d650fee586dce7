"""What an extraction finds: values, each with where it stands and how sure it is."""

from typing import Any, Literal, TypeAlias

import attrs

from docmill.documents.pages import Box

__all__ = ["FIELDS", "Extraction", "LineItem", "Party", "Table", "Value", "ValueSource"]

ValueSource: TypeAlias = Literal["embedded", "text", "ocr", "llm"]

FIELDS = (
    "document_type",
    "language",
    "invoice_number",
    "issue_date",
    "due_date",
    "currency",
    "iban",
    "net_total",
    "tax_total",
    "gross_total",
    "amount_due",
)
"""The fields of an extraction that are one value; ``seller`` and ``buyer`` are two each, ``lines`` many."""


@attrs.frozen
class Value:
    """One value.

    Attributes:
        value: normalised: money and quantities as decimal strings with a dot ("1234.50"), dates as ISO 8601
            ("2024-11-09"), currencies as ISO 4217, languages as ISO 639-1, IBANs and VAT ids without spaces.
        raw: as it is printed, or as it stands in the embedded XML.
        page: 1 for the first page; None if it stands on none (embedded, or concluded).
        bbox: x0, y0, x1, y1 in points from the top left corner of that page; None likewise.
        confidence: 0 to 1.
        source: "embedded" (invoice XML), "text" (the text layer), "ocr" or "llm".
        valid: whether its check digits are right; None if the field has none, or the check is not known.
    """

    value: str
    raw: str
    page: int | None = None
    bbox: Box | None = None
    confidence: float = 1.0
    source: ValueSource = "text"
    valid: bool | None = None

    def to_data(self) -> dict[str, Any]:
        """As JSON carries it."""
        return {
            "value": self.value,
            "raw": self.raw,
            "page": self.page,
            "bbox": None if self.bbox is None else [round(edge, 2) for edge in self.bbox],
            "confidence": round(self.confidence, 3),
            "source": self.source,
            "valid": self.valid,
        }

    @classmethod
    def from_data(cls, data: dict[str, Any] | None) -> "Value | None":
        """The inverse of `to_data`; None for None.

        Args:
            data: what `to_data` has given.
        """
        if data is None:
            return None
        bbox = data["bbox"]
        return cls(**{**data, "bbox": None if bbox is None else tuple(bbox)})


@attrs.define(kw_only=True)
class Party:
    """The seller or the buyer.

    Attributes:
        name: as it stands in the document.
        vat: the VAT id, with its country.
    """

    name: Value | None = None
    vat: Value | None = None


@attrs.define(kw_only=True)
class LineItem:
    """One line of an invoice.

    Attributes:
        description: what was sold.
        quantity: how much of it, a decimal string.
        unit_price: the price of one unit, after its base quantity is taken into account.
        amount: what the line comes to, without tax where the invoice gives it so.
    """

    description: Value | None = None
    quantity: Value | None = None
    unit_price: Value | None = None
    amount: Value | None = None


@attrs.define(kw_only=True)
class Table:
    """A table that was found.

    Attributes:
        page: on which it stands.
        bbox: around all of its cells: x0, y0, x1, y1 in points from the top left corner of the page.
        rows: the text of each cell, row by row; every row has the same number of cells, empty ones are "".
    """

    page: int
    bbox: Box
    rows: list[list[str]]


@attrs.define(kw_only=True)
class Extraction:
    """What was found in one document. A field that was not found is None.

    Attributes:
        document_type: "invoice", "credit_note", "receipt", "reminder", "order", "delivery_note", "letter", "report" or
            "other".
        language: of its text.
        invoice_number: the number of the invoice, or of the document if it is none.
        issue_date: when it was issued.
        due_date: until when it is to be paid.
        currency: of its amounts.
        seller: who issues it.
        buyer: whom it is for.
        iban: the account to which it is to be paid.
        net_total: without tax.
        tax_total: the tax alone.
        gross_total: with tax.
        amount_due: what is left to pay.
        lines: of an invoice, in order.
        tables: of any document.
    """

    document_type: Value | None = None
    language: Value | None = None
    invoice_number: Value | None = None
    issue_date: Value | None = None
    due_date: Value | None = None
    currency: Value | None = None
    seller: Party = attrs.Factory(Party)
    buyer: Party = attrs.Factory(Party)
    iban: Value | None = None
    net_total: Value | None = None
    tax_total: Value | None = None
    gross_total: Value | None = None
    amount_due: Value | None = None
    lines: list[LineItem] = attrs.Factory(list)
    tables: list[Table] = attrs.Factory(list)

    def to_data(self) -> dict[str, Any]:
        """As JSON carries it; every key is always there."""
        data: dict[str, Any] = {field: _data(getattr(self, field)) for field in FIELDS}
        data["seller"] = _values(self.seller)
        data["buyer"] = _values(self.buyer)
        data["lines"] = [_values(line) for line in self.lines]
        data["tables"] = [_table(table) for table in self.tables]
        return data

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "Extraction":
        """The inverse of `to_data`.

        Args:
            data: such as the data of a DATA_EXTRACTION result, or ``data["extraction"]`` of a FULL_ANALYSIS one.
        """
        fields: dict[str, Any] = {field: Value.from_data(data[field]) for field in FIELDS}
        return cls(
            **fields,
            seller=Party(**_read(data["seller"])),
            buyer=Party(**_read(data["buyer"])),
            lines=[LineItem(**_read(line)) for line in data["lines"]],
            tables=[Table(**{**table, "bbox": tuple(table["bbox"])}) for table in data["tables"]],
        )

    def to_flat(self) -> dict[str, Any]:
        """The plain values by name, ``seller_name`` and so on, and ``lines``; None for what was not found."""
        flat: dict[str, Any] = {field: _plain(getattr(self, field)) for field in FIELDS}
        for side in ("seller", "buyer"):
            for part in ("name", "vat"):
                flat[f"{side}_{part}"] = _plain(getattr(getattr(self, side), part))
        flat["lines"] = [{name: _plain(getattr(line, name)) for name in _names(line)} for line in self.lines]
        return flat


def _names(thing: Any) -> list[str]:
    return [field.name for field in attrs.fields(type(thing))]


def _data(value: Value | None) -> dict[str, Any] | None:
    return None if value is None else value.to_data()


def _plain(value: Value | None) -> str | None:
    return None if value is None else value.value


def _values(thing: Any) -> dict[str, Any]:
    return {name: _data(getattr(thing, name)) for name in _names(thing)}


def _read(data: dict[str, Any]) -> dict[str, Value | None]:
    return {name: Value.from_data(value) for name, value in data.items()}


def _table(table: Table) -> dict[str, Any]:
    return attrs.asdict(table) | {"bbox": [round(edge, 2) for edge in table.bbox]}
