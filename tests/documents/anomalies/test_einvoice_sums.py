"""The numbers of electronic invoices: right ones pass, and each wrong one is found."""

from decimal import Decimal

import attrs
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from docmill.documents.anomalies import ANOMALIES, find_anomalies
from docmill.documents.anomalies.einvoice_sums import MAX_LINES, einvoice_sums
from docmill.documents.einvoice.model import Adjustment, InvoiceData, InvoiceLine, TaxRow
from tests.documents.anomalies.samples import TODAY, decimals, extraction, invoices

deltas = decimals("0.5", "1000", 2)


def codes(invoice: InvoiceData) -> set[str]:
    return {anomaly.code for anomaly in einvoice_sums(invoice)}


@settings(max_examples=25)
@given(invoices())
def test_a_right_invoice_has_no_anomaly(invoice: InvoiceData) -> None:
    assert find_anomalies(extraction("embedded"), invoice=invoice, today=TODAY) == []


@settings(max_examples=25)
@given(invoices())
def test_a_right_invoice_that_leaves_out_what_it_may_has_no_anomaly(invoice: InvoiceData) -> None:
    without_parts = attrs.evolve(invoice, line_total=None, allowance_total=None, charge_total=None, tax=None)
    minimum = attrs.evolve(without_parts, lines=(), adjustments=(), prepaid=None, rounding=None)
    assert codes(without_parts) == codes(minimum) == set()


@settings(max_examples=25)
@given(invoices(), st.sampled_from(["net", "tax", "gross", "due", "line_total"]), deltas)
def test_a_wrong_total_is_found(invoice: InvoiceData, field: str, delta: Decimal) -> None:
    wrong = attrs.evolve(invoice, **{field: getattr(invoice, field) + delta})
    assert "total_mismatch" in codes(wrong)


@settings(max_examples=25)
@given(invoices(), st.sampled_from(["prepaid", "rounding", "allowance_total", "charge_total"]), deltas)
def test_a_wrong_part_of_a_total_is_found(invoice: InvoiceData, field: str, delta: Decimal) -> None:
    wrong = attrs.evolve(invoice, **{field: getattr(invoice, field) + delta})
    assert codes(wrong) == {"total_mismatch"}


@settings(max_examples=25)
@given(invoices(), st.data())
def test_a_line_that_is_left_out_is_found(invoice: InvoiceData, data: st.DataObject) -> None:
    left_out = data.draw(st.sampled_from(invoice.lines))
    assume(len(invoice.lines) > 1 and left_out.total is not None and abs(left_out.total) > 1)
    lines = list(invoice.lines)
    lines.remove(left_out)
    for total in (invoice.line_total, None):
        assert codes(attrs.evolve(invoice, lines=tuple(lines), line_total=total)) == {"line_sum_mismatch"}


@settings(max_examples=25)
@given(invoices(), st.data(), st.sampled_from(["quantity", "net_price", "total"]), deltas)
def test_a_wrong_number_of_a_line_is_found(
    invoice: InvoiceData, data: st.DataObject, field: str, delta: Decimal
) -> None:
    place = data.draw(st.integers(0, len(invoice.lines) - 1))
    line = invoice.lines[place]
    wrong = attrs.evolve(line, **{field: getattr(line, field) + delta})
    before, after, total = line.expected_total, wrong.expected_total, wrong.total
    assert before is not None
    assert after is not None
    assert total is not None
    # A price that is printed in whole cents leaves this much open.
    doubt = Decimal("0.1") + abs(wrong.net_price or 0) + abs(wrong.quantity or 0)
    assume(abs(abs(after) - abs(total)) > doubt)
    lines = (*invoice.lines[:place], wrong, *invoice.lines[place + 1 :])
    assert "line_product_mismatch" in codes(attrs.evolve(invoice, lines=lines))


@settings(max_examples=25)
@given(invoices(), st.integers(0, 1), deltas)
def test_a_wrong_tax_is_found(invoice: InvoiceData, place: int, delta: Decimal) -> None:
    taxes = list(invoice.taxes)
    taxes[place] = attrs.evolve(taxes[place], amount=(taxes[place].amount or 0) + delta)
    assert codes(attrs.evolve(invoice, taxes=tuple(taxes))) == {"tax_mismatch"}


def test_an_invoice_without_numbers_has_no_anomaly() -> None:
    empty = InvoiceData(syntax="ubl", lines=(InvoiceLine(),), taxes=(TaxRow(),))
    assert codes(empty) == set()


def test_messages_say_what_was_calculated() -> None:
    line = InvoiceLine(
        number="7",
        quantity=Decimal(3),
        net_price=Decimal("10.50"),
        base_quantity=Decimal(10),
        adjustments=(Adjustment(amount=Decimal("0.15"), is_charge=False),),
        total=Decimal("4.00"),
    )
    invoice = InvoiceData(
        syntax="cii",
        lines=(line, attrs.evolve(line, number=None, base_quantity=Decimal(1), adjustments=())),
        taxes=(TaxRow(basis=Decimal(100), rate=Decimal(19), amount=Decimal(20)),),
        line_total=Decimal(90),
        net=Decimal(100),
        tax=Decimal(19),
        gross=Decimal(120),
        due=Decimal(100),
    )
    found = list(einvoice_sums(invoice))
    assert [(anomaly.code, anomaly.severity, anomaly.message) for anomaly in found] == [
        ("total_mismatch", "error", "net 100.00 + tax 19.00 = 119.00, but the gross total is 120.00"),
        (
            "total_mismatch",
            "error",
            "gross 120.00 - prepaid 0.00 + rounding 0.00 = 120.00, but the amount due is 100.00",
        ),
        (
            "total_mismatch",
            "error",
            "lines 90.00 with allowances and charges of 0.00 come to 90.00, but the net total is 100.00",
        ),
        ("line_sum_mismatch", "error", "the 2 lines come to 8.00, but their total is 90.00"),
        ("line_product_mismatch", "error", "line 7: 3 x 10.50 / 10 + -0.15 = 3.00, but its amount is 4.00"),
        ("line_product_mismatch", "error", "line 2: 3 x 10.50 = 31.50, but its amount is 4.00"),
        ("tax_mismatch", "error", "19 % of 100.00 is 19.00, but the tax is 20.00"),
        ("tax_mismatch", "error", "the tax of all rates comes to 20.00, but the total tax is 19.00"),
    ]
    assert found[0].evidence == [
        {"field": "net_total", "value": "100.00", "page": None, "bbox": None},
        {"field": "tax_total", "value": "19.00", "page": None, "bbox": None},
        {"field": "gross_total", "value": "120.00", "page": None, "bbox": None},
    ]
    assert {anomaly.code for anomaly in found} <= set(ANOMALIES)


def test_an_invoice_that_is_wrong_throughout_names_its_first_lines() -> None:
    line = InvoiceLine(quantity=Decimal(1), net_price=Decimal(1), total=Decimal(5))
    assert len(list(einvoice_sums(InvoiceData(syntax="cii", lines=(line,) * 1_000)))) == MAX_LINES


@pytest.mark.parametrize("number", ["1E+40", "1E-40", "-9999999999999999999999999999999999999999"])
def test_numbers_that_are_no_money_do_no_harm(number: str) -> None:
    odd = Decimal(number)
    line = InvoiceLine(quantity=odd, net_price=odd, base_quantity=odd, total=odd)
    row = TaxRow(basis=odd, rate=odd, amount=odd)
    invoice = InvoiceData(
        syntax="cii", lines=(line,), taxes=(row,), line_total=odd, net=odd, tax=odd, gross=odd, prepaid=odd, due=odd
    )
    assert all(len(anomaly.message) < 1_000 for anomaly in einvoice_sums(invoice))
