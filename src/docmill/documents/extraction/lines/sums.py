"""Lines that are nothing but a text and an amount: known because they add up to the total below them."""

from collections.abc import Sequence
from decimal import Decimal

from docmill.documents.extraction.grid import has_letters
from docmill.documents.extraction.lines.descriptions import Anchor
from docmill.documents.extraction.lines.figures import Figure
from docmill.documents.extraction.lines.sections import Entry, is_total

__all__ = ["anchors_of_sum"]

_ALIGNED = 4.0
"""Points between the right edges of numbers in one column."""

_MAX_ITEMS = 60
_MAX_GAP = 30
"""Rows of text between two lines."""

_CONFIDENCE = 0.7


def anchors_of_sum(entries: Sequence[Entry]) -> list[Anchor]:
    """The rows above the first total of a page that they add up to; none if no total is their sum.

    What does not call itself a total is one if two rows or more add up to it.
    """
    for place, entry in enumerate(entries):
        anchors = _above(entries, place) if entry.figures else []
        if len(anchors) > 1 or (anchors and is_total(entry)):
            return anchors
    return []


def _above(entries: Sequence[Entry], total: int) -> list[Anchor]:
    """Go up from a total until the amounts come to it."""
    wanted = _last_amount(entries[total])
    if wanted is None or not wanted.value:
        return []
    found: list[Anchor] = []
    gap = 0
    for entry in reversed(entries[:total]):
        amount = _last_amount(entry)
        gap += 1
        if gap > _MAX_GAP or len(found) == _MAX_ITEMS or (amount is not None and is_total(entry)):
            break
        if amount is None or abs(amount.box[2] - wanted.box[2]) > _ALIGNED or not _has_text(entry):
            continue
        gap = 0
        found.append(Anchor(entry, None, None, amount, _CONFIDENCE, [amount]))
    return _summing_to(found, wanted.value)


def _summing_to(found: Sequence[Anchor], wanted: Decimal) -> list[Anchor]:
    """As many of the lowest rows as it takes, and those of nothing above them."""
    total, used = Decimal(0), 0
    for count, anchor in enumerate(found, start=1):
        total += anchor.amount.value
        if total == wanted:
            used = count
    return list(reversed(found[:used]))


def _last_amount(entry: Entry) -> Figure | None:
    return next(
        (figure for figure in reversed(entry.figures) if figure.is_money and figure.last == len(entry.row.words) - 1),
        None,
    )


def _has_text(entry: Entry) -> bool:
    return any(has_letters(word.text, 3) for word in entry.row.words)
