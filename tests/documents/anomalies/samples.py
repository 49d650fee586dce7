"""Invoices that are right, as a program writes them and as they are printed."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import attrs
from hypothesis import strategies as st

from docmill.documents.einvoice.model import Adjustment, InvoiceData, InvoiceLine, TaxRow
from docmill.documents.pages import Page, Reading, Word
from docmill.documents.values import Extraction, LineItem, Party, Value, ValueSource

TODAY = date(2026, 3, 1)
RATES = [Decimal(rate) for rate in ("0", "5.5", "7", "19", "25")]
ZERO = Decimal(0)


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def decimals(smallest: str, largest: str, places: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(smallest, largest, places=places, allow_nan=False, allow_infinity=False)


adjustments = st.lists(
    st.builds(Adjustment, amount=decimals("0.01", "50", 2), is_charge=st.booleans()), max_size=2
).map(tuple)


@st.composite
def invoice_lines(draw: st.DrawFn) -> InvoiceLine:
    line = InvoiceLine(
        quantity=draw(decimals("-20", "999", draw(st.integers(0, 3)))),
        net_price=draw(decimals("0", "999", draw(st.integers(0, 4)))),
        base_quantity=draw(st.sampled_from([Decimal(1), Decimal(10), Decimal("2.5")])),
        adjustments=draw(adjustments),
    )
    assert line.expected_total is not None
    return attrs.evolve(line, total=cents(line.expected_total))


@st.composite
def invoices(draw: st.DrawFn) -> InvoiceData:
    """By the rules of EN 16931: rounded once for each line and each tax."""
    lines = tuple(draw(st.lists(invoice_lines(), min_size=1, max_size=6)))
    of_document: tuple[Adjustment, ...] = draw(adjustments)
    line_total = sum((line.total or ZERO for line in lines), ZERO)
    net = line_total + sum((each.signed_amount for each in of_document), ZERO)
    part = cents(net * draw(decimals("0", "1", 2)))
    taxes = tuple(
        TaxRow(basis=basis, rate=rate, amount=cents(basis * rate / 100))
        for basis, rate in zip((part, net - part), draw(st.permutations(RATES))[:2], strict=True)
    )
    tax = sum((row.amount or ZERO for row in taxes), ZERO)
    prepaid, rounding = draw(decimals("0", "100", 2)), draw(decimals("-0.04", "0.04", 2))
    return InvoiceData(
        syntax="cii",
        lines=lines,
        adjustments=of_document,
        taxes=taxes,
        line_total=line_total,
        allowance_total=sum((each.amount for each in of_document if not each.is_charge), ZERO),
        charge_total=sum((each.amount for each in of_document if each.is_charge), ZERO),
        net=net,
        tax=tax,
        gross=net + tax,
        prepaid=prepaid,
        rounding=rounding,
        due=net + tax - prepaid + rounding,
    )


def value(text: Any, source: ValueSource = "text", confidence: float = 0.95, **more: Any) -> Value | None:
    if text is None:
        return None
    plain = f"{text:f}" if isinstance(text, Decimal) else str(text)
    return Value(plain, plain, source=source, confidence=confidence, **more)


def extraction(source: ValueSource = "text", **fields: Any) -> Extraction:
    """Of an invoice that has everything it needs; fields can be given otherwise, None among them."""
    plain = {
        "document_type": "invoice",
        "invoice_number": "RE-2026/17",
        "issue_date": "2026-02-03",
        "due_date": "2026-02-17",
        "currency": "EUR",
        "iban": "DE89370400440532013000",
        "net_total": "100.00",
        "tax_total": "19.00",
        "gross_total": "119.00",
        "amount_due": "119.00",
        "seller": "Muster GmbH",
        "buyer": "Example Ltd",
    } | fields
    seller, buyer, lines = plain.pop("seller"), plain.pop("buyer"), plain.pop("lines", [])
    return Extraction(
        seller=Party(name=value(seller, source)),
        buyer=Party(name=value(buyer, source)),
        lines=[
            LineItem(
                description=value("Thing", source),
                quantity=value(quantity, source),
                unit_price=value(price, source),
                amount=value(amount, source),
            )
            for quantity, price, amount in lines
        ],
        **{name: given if isinstance(given, Value) else value(given, source) for name, given in plain.items()},
    )


def reading(text: str, **more: Any) -> Reading:
    """A page with a row of words for each line of a text."""
    words = [
        Word(word, 40.0 + 50 * column, 40.0 + 14 * row, 85.0 + 50 * column, 50.0 + 14 * row)
        for row, line in enumerate(text.splitlines())
        for column, word in enumerate(line.split())
    ]
    return Reading("application/pdf", [Page(1, 595, 842, words)], 1, **more)
