"""The numbers that were read from print: only what nothing on the page explains is an anomaly."""

from decimal import Decimal

import attrs
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from docmill.documents.anomalies import find_anomalies
from docmill.documents.findings import Anomaly
from docmill.documents.pages import Reading
from docmill.documents.values import Extraction
from tests.documents.anomalies.samples import TODAY, decimals, extraction, reading, value

PAGE = reading(
    """Muster GmbH
    Invoice RE-2026/17 3 February 2026
    2 Thing 30,00 60,00
    4 Thing 10,00 40,00
    Net 100,00
    VAT 19 % 19,00
    Total EUR 119,00"""
)
LINES = [("2", "30.00", "60.00"), ("4", "10.00", "40.00")]


def find(found: Extraction, page: Reading | None = PAGE) -> list[Anomaly]:
    return find_anomalies(found, reading=page, today=TODAY)


def codes(found: Extraction, page: Reading | None = PAGE) -> list[str]:
    return [anomaly.code for anomaly in find(found, page)]


def test_a_right_invoice_has_no_anomaly() -> None:
    assert codes(extraction(lines=LINES)) == []
    assert codes(extraction(lines=LINES), None) == []


@st.composite
def printed_invoices(draw: st.DrawFn) -> Extraction:
    lines = draw(
        st.lists(st.tuples(st.integers(1, 99).map(Decimal), decimals("0.01", "999", 2)), min_size=2, max_size=6)
    )
    net = sum((quantity * price for quantity, price in lines), Decimal(0))
    tax = round(net * draw(st.sampled_from([Decimal(0), Decimal("0.07"), Decimal("0.19")])), 2)
    return extraction(
        net_total=net,
        tax_total=tax,
        gross_total=net + tax,
        amount_due=net + tax,
        lines=[(quantity, price, quantity * price) for quantity, price in lines],
    )


@settings(max_examples=25)
@given(printed_invoices())
def test_invoices_that_add_up_have_no_anomaly(found: Extraction) -> None:
    assert codes(found) == []


@settings(max_examples=25)
@given(printed_invoices(), st.sampled_from(["net_total", "tax_total", "gross_total"]), decimals("200.05", "100000", 2))
def test_a_wrong_total_is_found(found: Extraction, field: str, delta: Decimal) -> None:
    number = Decimal(getattr(found, field).value) + delta
    wrong = attrs.evolve(found, **{field: value(number)})
    assert "total_mismatch" in codes(wrong, None)


@settings(max_examples=25)
@given(printed_invoices(), decimals("200.05", "100000", 2))
def test_a_wrong_amount_of_a_line_is_found(found: Extraction, delta: Decimal) -> None:
    line = found.lines[0]
    assert line.amount is not None
    amount = Decimal(line.amount.value)
    assume(
        all(abs(amount * factor - amount - delta) > 1 for factor in (10, 100, 1000, Decimal("1.07"), Decimal("1.19")))
    )
    wrong = attrs.evolve(found, lines=[attrs.evolve(line, amount=value(amount + delta)), *found.lines[1:]])
    assert {"line_sum_mismatch", "line_product_mismatch"} <= set(codes(wrong, None))


def test_the_message_has_the_figures_and_the_evidence_the_places() -> None:
    gross = value("120.00", page=1, bbox=(1.0, 2.0, 3.0, 4.0))
    [anomaly] = find(extraction(gross_total=gross, amount_due=None), reading("100,00 19,00 120,00"))
    assert (anomaly.code, anomaly.severity) == ("total_mismatch", "error")
    assert anomaly.message == "net 100.00 + tax 19.00 = 119.00, but the gross total is 120.00"
    assert anomaly.evidence[2] == {"field": "gross_total", "value": "120.00", "page": 1, "bbox": [1.0, 2.0, 3.0, 4.0]}


@pytest.mark.parametrize(
    "row",
    [
        pytest.param("Withheld 15,00", id="a difference that is printed"),
        pytest.param("Rounded total 119,00", id="the right total, from which something is taken off later"),
    ],
)
def test_a_difference_that_the_page_explains_is_none(row: str) -> None:
    page = reading(f"Net 100,00 Tax 19,00 Total 104,00 {row}")
    assert codes(extraction(gross_total="104.00", amount_due="104.00"), page) == []


def test_the_number_of_a_position_explains_no_difference() -> None:
    assert codes(extraction(gross_total="120.00"), reading("1 100,00 19,00 120,00")) == ["total_mismatch"]


def test_a_currency_without_cents_is_printed_without_them() -> None:
    found = extraction(net_total="10000", tax_total="1000", gross_total="10500", amount_due=None)
    assert codes(found, reading("10.000 1.000 10.500")) == ["total_mismatch"]
    assert codes(found, reading("10.000 1.000 500 10.500")) == []


def test_a_total_and_an_amount_due_that_contradict_each_other_are_found() -> None:
    assert codes(extraction(gross_total="191.00"), reading("100,00 19,00 191,00 119,00")) == ["total_mismatch"]


@pytest.mark.parametrize(
    "confidence, source, severities",
    [(0.9, "text", ["error"]), (0.7, "text", ["warning"]), (0.99, "ocr", ["warning"]), (0.3, "text", [])],
)
def test_what_was_read_without_certainty_is_reported_with_reserve(
    confidence: float, source: str, severities: list[str]
) -> None:
    uncertain = value("191.00", source, confidence)  # type: ignore[arg-type]
    found = find(extraction(gross_total=uncertain, amount_due=None), reading("1,00 2,00 3,00"))
    assert [anomaly.severity for anomaly in found] == severities


def test_lines_that_do_not_come_to_the_total_are_found() -> None:
    lines = [*LINES, ("1", "7.77", "7.77")]
    [anomaly] = find(extraction(lines=lines))
    assert (anomaly.code, anomaly.severity) == ("line_sum_mismatch", "warning")
    assert anomaly.message == "the 3 lines come to 107.77, but the total is 100.00"


@pytest.mark.parametrize(
    "row",
    [
        pytest.param("Shipping 5,50 Discount 13,27", id="two amounts that are printed"),
        pytest.param("Subtotal 107,77", id="the sum of the lines is printed"),
        pytest.param("Discount -7,77", id="a discount"),
    ],
)
def test_lines_whose_difference_to_the_total_is_printed_are_right(row: str) -> None:
    lines = [*LINES, ("1", "7.77", "7.77")]
    assert codes(extraction(lines=lines), reading(f"100,00 19,00 119,00 {row}")) == []


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([("1", "7.77", "7.77")], id="a single line, which may be one of many"),
        pytest.param([("1", "7.77", "7.77"), ("1", "5.00", None)], id="a line without an amount"),
        pytest.param([("1", "10.00", "59.50"), ("1", "10.00", "59.50")], id="lines with tax"),
    ],
)
def test_nothing_is_concluded_from_lines_that_may_be_incomplete(lines: list[tuple[str, str, str]]) -> None:
    assert "line_sum_mismatch" not in codes(extraction(lines=lines))


def test_lines_without_a_total_are_not_added_up() -> None:
    found = extraction(lines=LINES, net_total=None, gross_total=None, amount_due=None)
    assert codes(found, None) == []


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(("3", "19.99", "53.97"), id="ten percent off"),
        pytest.param(("3", "19.99", "71.36"), id="with tax"),
        pytest.param(("250", "4.00", "10.00"), id="a price for a hundred"),
        pytest.param(("1.333", "75.00", "100.00"), id="a rounded quantity"),
        pytest.param(("-1", "8.00", "8.00"), id="taken back"),
        pytest.param(("3", "20.00", "54.50"), id="with a discount that is printed"),
    ],
)
def test_a_line_that_something_explains_is_right(line: tuple[str, str, str]) -> None:
    page = reading("100,00 19,00 119,00 Rabatt 10 % 5,50")
    assert "line_product_mismatch" not in codes(extraction(lines=[line]), page)


def test_a_discount_in_a_column_of_its_own_has_no_percent_sign() -> None:
    page = reading("Qty Price Disc Amount\n3 20.00 12.50 52.50\n3 20.00 0.00 60.00\nNet 100,00 19,00 119,00")
    line = extraction(lines=[("3", "20.00", "52.50")])
    line.lines[0].amount = value("52.50", page=1, bbox=(190.0, 54.0, 235.0, 64.0))
    assert codes(line, page) == []
    line.lines[0].amount = value("52.50", page=1, bbox=(190.0, 68.0, 235.0, 78.0))
    assert codes(line, page) == ["line_product_mismatch"]


def test_a_line_is_checked_without_any_total() -> None:
    totals = dict.fromkeys(("net_total", "gross_total", "amount_due"))
    found = extraction(lines=[("3", "20.00", "66.60")], document_type="receipt", **totals)
    assert codes(found, None) == ["line_product_mismatch"]


def test_a_line_whose_product_nothing_explains_is_found() -> None:
    [anomaly] = find(extraction(lines=[("3", "20.00", "66.60")]))
    assert (anomaly.code, anomaly.severity) == ("line_product_mismatch", "warning")
    assert anomaly.message == "line 1: 3 x 20.00 = 60.00, but its amount is 66.60"
    assert [each["field"] for each in anomaly.evidence] == [
        "lines[0].quantity",
        "lines[0].unit_price",
        "lines[0].amount",
    ]


@pytest.mark.parametrize("odd", ["NaN", "sNaN", "Infinity", "1E+999999", "1E-999999", "text", ""])
def test_values_that_are_no_amounts_do_no_harm(odd: str) -> None:
    fields = dict.fromkeys(("net_total", "tax_total", "gross_total", "amount_due", "issue_date", "due_date"), odd)
    assert codes(extraction(lines=[(odd, odd, odd)] * 3, **fields)) == []
