"""What the invoices of one seller say together: contradictions, and amounts that stand out."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from statistics import mean, median

import attrs

from docmill.documents.batch.facts import Facts, identifier

__all__ = ["Outlier", "by_seller", "conflicting_invoices", "outliers"]

MIN_SAMPLE = 8
"""Amounts of one seller and currency: with fewer, nothing can be said about what is usual."""

MAX_DEVIATION = 3.5
"""Deviations from the median, in median absolute deviations."""

MIN_SPREAD = Decimal("0.01")
"""Where most amounts are the same: the least spread that is assumed, as a share of the median."""

CENT = Decimal("0.01")


@attrs.frozen
class Outlier:
    """An invoice whose total is unusual for its seller.

    Attributes:
        document: which one.
        amount: its total.
        median: the usual one, of the same seller and currency.
        deviation: |amount - median| in median absolute deviations.
    """

    document: Facts
    amount: Decimal
    median: Decimal
    deviation: float


def by_seller(documents: Iterable[Facts]) -> dict[str, list[Facts]]:
    """The documents of each seller. Sellers are the same if their VAT ids are, or their names but for case and signs.

    The keys are made for comparing; documents without a seller are left out.
    """
    listed = list(documents)
    vats: dict[str, str] = {}
    for document in listed:
        name = identifier(document.seller_name)
        if name and document.seller_vat:
            vats.setdefault(name, document.seller_vat)
    sellers: dict[str, list[Facts]] = {}
    for document in listed:
        name = identifier(document.seller_name)
        key = document.seller_vat or vats.get(name or "") or name
        if key:
            sellers.setdefault(key, []).append(document)
    return sellers


def conflicting_invoices(sellers: dict[str, list[Facts]]) -> list[list[Facts]]:
    """Groups of documents of one seller with the same invoice number, but not all with the same total.

    An invoice and a credit note may share a number.
    """
    conflicts = []
    for documents in sellers.values():
        groups: dict[tuple[str, str | None], list[Facts]] = {}
        for document in documents:
            number = identifier(document.number)
            if number and document.gross is not None:
                groups.setdefault((number, document.document_type), []).append(document)
        conflicts += [group for group in groups.values() if len({(each.gross, each.currency) for each in group}) > 1]
    return conflicts


def outliers(sellers: dict[str, list[Facts]]) -> list[Outlier]:
    """Invoices whose total is more than 3.5 median absolute deviations from the median of at least 8."""
    found: list[Outlier] = []
    for documents in sellers.values():
        groups: dict[str | None, list[tuple[Facts, Decimal]]] = {}
        for document in documents:
            if document.gross is not None and document.document_type != "credit_note":
                groups.setdefault(document.currency, []).append((document, document.gross))
        for group in groups.values():
            found += _outliers(group)
    return found


def _outliers(group: Sequence[tuple[Facts, Decimal]]) -> Iterable[Outlier]:
    if len(group) < MIN_SAMPLE:
        return
    usual = median(amount for _, amount in group)
    spread = _spread(usual, [abs(amount - usual) for _, amount in group])
    for document, amount in group:
        deviation = float(abs(amount - usual) / spread)
        if deviation > MAX_DEVIATION:
            yield Outlier(document, amount, usual, deviation)


def _spread(usual: Decimal, deviations: Sequence[Decimal]) -> Decimal:
    """The median absolute deviation. If more than half of the amounts are the same, it is 0 and measures nothing.

    The mean takes its place then, and a difference within a few percent is not unusual.
    """
    return median(deviations) or max(mean(deviations), abs(usual) * MIN_SPREAD, CENT)
