"""Whether the numbers of an electronic invoice fit together. They are exact, so the rules of EN 16931 hold.

A total may differ by two cents, and by one more for each line that was rounded before it was added.
"""

from collections.abc import Iterator
from decimal import Decimal
from itertools import islice

from docmill.documents.anomalies.case import evidence, money, report
from docmill.documents.anomalies.rounding import product_tolerance, sum_tolerance
from docmill.documents.einvoice.model import InvoiceData, InvoiceLine, TaxRow
from docmill.documents.findings import Anomaly

__all__ = ["einvoice_sums"]

MAX_LINES = 20
"""Lines that are named; an invoice with more wrong ones is wrong as a whole."""

ZERO = Decimal(0)


def einvoice_sums(invoice: InvoiceData) -> Iterator[Anomaly]:
    """Check the totals, the lines and the taxes."""
    yield from _gross(invoice)
    yield from _due(invoice)
    yield from _net(invoice)
    yield from _line_sum(invoice)
    yield from islice(_products(invoice), MAX_LINES)
    yield from _taxes(invoice)


def _gross(invoice: InvoiceData) -> Iterator[Anomaly]:
    net, tax, gross = invoice.net, _tax(invoice), invoice.gross
    if net is None or tax is None or gross is None or abs(net + tax - gross) <= sum_tolerance(0):
        return
    yield report(
        "total_mismatch",
        f"net {money(net)} + tax {money(tax)} = {money(net + tax)}, but the gross total is {money(gross)}",
        [evidence("net_total", net), evidence("tax_total", tax), evidence("gross_total", gross)],
    )


def _tax(invoice: InvoiceData) -> Decimal | None:
    """The total tax; what the rates come to, if it is not given."""
    return _sum_of_taxes(invoice) if invoice.tax is None else invoice.tax


def _sum_of_taxes(invoice: InvoiceData) -> Decimal | None:
    amounts = [row.amount for row in invoice.taxes if row.amount is not None]
    return sum(amounts, ZERO) if amounts and len(amounts) == len(invoice.taxes) else None


def _due(invoice: InvoiceData) -> Iterator[Anomaly]:
    gross, due = invoice.gross, invoice.due
    if gross is None or due is None or _leaves_out_prepayments(invoice):
        return
    prepaid, rounding = invoice.prepaid or ZERO, invoice.rounding or ZERO
    expected = gross - prepaid + rounding
    if abs(expected - due) <= sum_tolerance(0):
        return
    yield report(
        "total_mismatch",
        f"gross {money(gross)} - prepaid {money(prepaid)} + rounding {money(rounding)} = {money(expected)}, "
        f"but the amount due is {money(due)}",
        [
            evidence("gross_total", gross),
            evidence("prepaid", prepaid),
            evidence("rounding", rounding),
            evidence("amount_due", due),
        ],
    )


def _leaves_out_prepayments(invoice: InvoiceData) -> bool:
    """The smallest profiles give four totals and nothing in between."""
    return invoice.prepaid is None and not invoice.lines and invoice.line_total is None


def _net(invoice: InvoiceData) -> Iterator[Anomaly]:
    """Whether the total of the lines leads to the net total."""
    if invoice.line_total is None or invoice.net is None:
        return
    expected = invoice.line_total + _adjustments(invoice)
    if abs(expected - invoice.net) <= sum_tolerance(len(invoice.adjustments)):
        return
    yield report(
        "total_mismatch",
        f"lines {money(invoice.line_total)} with allowances and charges of {money(_adjustments(invoice))} come to "
        f"{money(expected)}, but the net total is {money(invoice.net)}",
        [
            evidence("line_total", invoice.line_total),
            evidence("adjustments", _adjustments(invoice)),
            evidence("net_total", invoice.net),
        ],
    )


def _adjustments(invoice: InvoiceData) -> Decimal:
    """What the allowances and charges of the whole document add to its lines."""
    if invoice.allowance_total is None and invoice.charge_total is None:
        return sum((each.signed_amount for each in invoice.adjustments), ZERO)
    return (invoice.charge_total or ZERO) - (invoice.allowance_total or ZERO)


def _line_sum(invoice: InvoiceData) -> Iterator[Anomaly]:
    totals = [line.total for line in invoice.lines if line.total is not None]
    expected = _expected_line_total(invoice)
    if not totals or len(totals) < len(invoice.lines) or expected is None:
        return
    found = sum(totals, ZERO)
    if abs(found - expected) <= sum_tolerance(len(totals)):
        return
    yield report(
        "line_sum_mismatch",
        f"the {len(totals)} lines come to {money(found)}, but their total is {money(expected)}",
        [evidence("lines", found), evidence("line_total", expected)],
    )


def _expected_line_total(invoice: InvoiceData) -> Decimal | None:
    if invoice.line_total is not None:
        return invoice.line_total
    return None if invoice.net is None else invoice.net - _adjustments(invoice)


def _products(invoice: InvoiceData) -> Iterator[Anomaly]:
    for place, line in enumerate(invoice.lines, 1):
        expected = line.expected_total
        if expected is None or line.total is None:
            continue
        # Some write the price without its sign where a line is taken back.
        if abs(abs(expected) - abs(line.total)) > _line_tolerance(line):
            yield report(
                "line_product_mismatch",
                f"line {line.number or place}: {_calculation(line)} = {expected:.2f}, "
                f"but its amount is {money(line.total)}",
                [
                    evidence(f"lines[{place - 1}].quantity", line.quantity),
                    evidence(f"lines[{place - 1}].unit_price", line.net_price),
                    evidence(f"lines[{place - 1}].amount", line.total),
                ],
            )


def _line_tolerance(line: InvoiceLine) -> Decimal:
    assert line.quantity is not None
    assert line.net_price is not None
    return product_tolerance(line.quantity, line.net_price, line.base_quantity) + sum_tolerance(len(line.adjustments))


def _calculation(line: InvoiceLine) -> str:
    assert line.quantity is not None
    assert line.net_price is not None
    text = f"{line.quantity:f} x {money(line.net_price)}"
    if line.base_quantity != 1:
        text += f" / {line.base_quantity:f}"
    adjustments = sum((each.signed_amount for each in line.adjustments), ZERO)
    return f"{text} + {money(adjustments)}" if adjustments else text


def _taxes(invoice: InvoiceData) -> Iterator[Anomaly]:
    for row in islice(invoice.taxes, MAX_LINES):
        yield from _tax_row(row, len(invoice.lines))
    total, parts = invoice.tax, _sum_of_taxes(invoice)
    if total is not None and parts is not None and abs(total - parts) > sum_tolerance(len(invoice.taxes)):
        yield report(
            "tax_mismatch",
            f"the tax of all rates comes to {money(parts)}, but the total tax is {money(total)}",
            [evidence("taxes", parts), evidence("tax_total", total)],
        )


def _tax_row(row: TaxRow, lines: int) -> Iterator[Anomaly]:
    """The tax of one rate: rounded once, or for each line."""
    if row.basis is None or row.rate is None or row.amount is None:
        return
    expected = row.basis * row.rate / 100
    if abs(expected - row.amount) <= sum_tolerance(lines):
        return
    yield report(
        "tax_mismatch",
        f"{row.rate:f} % of {money(row.basis)} is {expected:.2f}, but the tax is {money(row.amount)}",
        [evidence("basis", row.basis), evidence("rate", f"{row.rate:f}"), evidence("tax", row.amount)],
    )
