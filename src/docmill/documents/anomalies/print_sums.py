"""Whether the numbers that were read from print fit together.

Print says less than an electronic invoice: a discount, a deposit, a tax that is withheld or a rounding to five cents is
just another amount on the page, and what was read may be wrong. So a difference counts as explained if it is printed
itself, and only what nothing on the page explains is an anomaly.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice

from docmill.documents.anomalies.case import Case, amount_of, evidence, money, report
from docmill.documents.anomalies.rounding import product_tolerance, sum_tolerance
from docmill.documents.findings import Anomaly
from docmill.documents.values import LineItem, Value

__all__ = ["print_sums"]

MAX_LINES = 20
"""Lines that are named; an invoice with more wrong ones was misread as a whole, or is wrong as a whole."""

MAX_AMOUNTS = 500
"""Amounts on the pages, up to which pairs of them are looked at."""

ZERO = Decimal(0)


def print_sums(case: Case) -> Iterator[Anomaly]:
    """Check the totals and the lines."""
    yield from _totals(case)
    yield from _line_sum(case)
    yield from islice(_products(case), MAX_LINES)


def _totals(case: Case) -> Iterator[Anomaly]:
    values = (case.extraction.net_total, case.extraction.tax_total, case.extraction.gross_total)
    net, tax, gross = map(amount_of, values)
    if net is None or tax is None or gross is None:
        return
    difference = net + tax - gross
    if abs(difference) <= sum_tolerance(0) or case.is_printed(difference) or _is_gross_elsewhere(case, net + tax):
        return
    yield report(
        "total_mismatch",
        f"net {money(net)} + tax {money(tax)} = {money(net + tax)}, but the gross total is {money(gross)}",
        [
            evidence("net_total", case.extraction.net_total),
            evidence("tax_total", case.extraction.tax_total),
            evidence("gross_total", case.extraction.gross_total),
        ],
        *values,
    )


def _is_gross_elsewhere(case: Case, expected: Decimal) -> bool:
    """Whether the page has the right gross total, so that another amount was taken for it.

    If that is what is due, the two contradict each other: a difference between them would be printed, too.
    """
    return case.is_printed(expected) and amount_of(case.extraction.amount_due) != expected


def _line_sum(case: Case) -> Iterator[Anomaly]:
    values = [line.amount for line in case.extraction.lines]
    amounts = [amount for value in values if (amount := amount_of(value)) is not None]
    totals = [case.extraction.net_total, case.extraction.gross_total, case.extraction.amount_due]
    expected = [amount for value in totals if (amount := amount_of(value)) is not None]
    if len(amounts) < max(2, len(values)) or not expected:
        return
    found = sum(amounts, ZERO)
    if any(_is_explained(case, found - total, len(amounts)) for total in expected) or case.is_printed(found):
        return
    total = next(value for value in totals if amount_of(value) is not None)
    yield report(
        "line_sum_mismatch",
        f"the {len(amounts)} lines come to {money(found)}, but the total is {money(expected[0])}",
        [evidence("lines", found), evidence("total", total)],
        severe=False,
    )


def _is_explained(case: Case, difference: Decimal, count: int) -> bool:
    """Whether a difference is a matter of rounding, or the sum of up to two amounts that are printed."""
    if abs(difference) <= sum_tolerance(count) or case.is_printed(difference):
        return True
    if case.printed is None:
        return False
    amounts = islice(case.printed.money, MAX_AMOUNTS)
    return any(case.is_printed(difference - amount) or case.is_printed(difference + amount) for amount in amounts)


def _products(case: Case) -> Iterator[Anomaly]:
    for place, line in enumerate(case.extraction.lines):
        factors = (amount_of(line.quantity), amount_of(line.unit_price), amount_of(line.amount))
        quantity, price, amount = factors
        if quantity is None or price is None or amount is None:
            continue
        product = quantity * price
        rates = list(_percentages(case, line))
        if _is_product(case, product, amount, rates, product_tolerance(quantity, price)):
            continue
        yield report(
            "line_product_mismatch",
            f"line {place + 1}: {quantity:f} x {money(price)} = {product:.2f}, but its amount is {money(amount)}",
            list(_line_evidence(place, line)),
            severe=False,
        )


def _is_product(case: Case, product: Decimal, amount: Decimal, rates: list[Decimal], tolerance: Decimal) -> bool:
    """Whether a line fits, with or without tax, a discount that is printed, or a price for ten, a hundred or more."""
    difference = product - amount
    if abs(abs(product) - abs(amount)) <= tolerance or case.is_printed(difference):
        return True
    return any(
        abs(abs(product * factor) - abs(amount)) <= tolerance or abs(abs(product) - abs(amount * factor)) <= tolerance
        for factor in _factors(case, rates)
    )


def _percentages(case: Case, line: LineItem) -> Iterator[Decimal]:
    """Those that are printed anywhere, and the numbers in the row of a line, since columns of percents have no sign."""
    if case.printed is None:
        return
    yield from case.printed.percentages
    amount = line.amount
    if amount is not None and amount.page is not None and amount.bbox is not None:
        yield from (number for number in case.printed.numbers_beside(amount.page, amount.bbox) if 0 < number < 100)


def _factors(case: Case, rates: Iterable[Decimal]) -> Iterator[Decimal]:
    """What may stand between a product and the amount of its line: a price per so many, tax, or a percentage."""
    yield from map(Decimal, (10, 100, 1000))
    net, gross = amount_of(case.extraction.net_total), amount_of(case.extraction.gross_total)
    if net and gross:
        yield gross / net
    for rate in rates:
        yield 1 - rate / 100
        yield 1 + rate / 100


def _line_evidence(place: int, line: LineItem) -> Iterator[dict[str, object]]:
    fields: dict[str, Value | None] = {
        "quantity": line.quantity,
        "unit_price": line.unit_price,
        "amount": line.amount,
    }
    for name, value in fields.items():
        yield evidence(f"lines[{place}].{name}", value)
