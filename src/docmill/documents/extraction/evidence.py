"""Everything in a document that may be a value or a label, by the rows it stands in."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import attrs

from docmill.documents.extraction.association import Item
from docmill.documents.extraction.dates import DateMatch, dates_in
from docmill.documents.extraction.identifiers import Identifier, ibans_in, vats_in
from docmill.documents.extraction.labels import Label, labels_in
from docmill.documents.extraction.layout import Row
from docmill.documents.extraction.money import Amount, amounts_in
from docmill.documents.extraction.references import Reference, references_in

__all__ = ["Evidence", "collect"]

T = TypeVar("T", bound=Item)


@attrs.define(kw_only=True)
class Evidence:
    """What was found before anything is decided. The dicts are by the index of a row, their values from left to right.

    Attributes:
        rows: of the document.
        labels: in the order of the rows.
        dates: by row.
        amounts: numbers that may be money, by row.
        ibans: by row.
        vats: VAT numbers that say their country, by row.
        references: what may be the number of an invoice, by row.
    """

    rows: Sequence[Row]
    labels: list[Label] = attrs.Factory(list)
    dates: dict[int, list[DateMatch]] = attrs.Factory(dict)
    amounts: dict[int, list[Amount]] = attrs.Factory(dict)
    ibans: dict[int, list[Identifier]] = attrs.Factory(dict)
    vats: dict[int, list[Identifier]] = attrs.Factory(dict)
    references: dict[int, list[Reference]] = attrs.Factory(dict)

    def labelled(self, *roles: str) -> list[Label]:
        """The labels that have one of the roles."""
        wanted = set(roles)
        return [label for label in self.labels if label.roles & wanted]

    def labels_of(self, row: Row) -> list[Label]:
        """The labels of a row, from left to right."""
        index: Callable[[Label], int] = lambda label: label.row.index  # noqa: E731
        first = bisect_left(self.labels, row.index, key=index)
        return self.labels[first : bisect_right(self.labels, row.index, key=index)]


def collect(rows: Sequence[Row]) -> Evidence:
    """Look through all rows. What is a date, an account or a VAT number is neither an amount nor a reference."""
    evidence = Evidence(rows=rows)
    for row in rows:
        evidence.labels.extend(labels_in(row))
        if not any(char.isdigit() for char in row.text):
            continue
        dates, ibans, vats = list(dates_in(row)), list(ibans_in(row)), list(vats_in(row))
        vats = _apart(vats, ibans)
        taken: list[Item] = [*dates, *ibans, *vats]
        amounts = _apart(amounts_in(row), taken)
        references = _apart(references_in(row), [*taken, *(each for each in amounts if each.is_likely)])
        _keep(evidence.dates, row, _apart(dates, ibans))
        _keep(evidence.ibans, row, ibans)
        _keep(evidence.vats, row, vats)
        _keep(evidence.amounts, row, amounts)
        _keep(evidence.references, row, references)
    return evidence


def _keep(table: dict[int, list[T]], row: Row, items: list[T]) -> None:
    if items:
        table[row.index] = items


def _apart(items: Iterable[T], others: Sequence[Item]) -> list[T]:
    return [item for item in items if not any(item.start < each.end and each.start < item.end for each in others)]
