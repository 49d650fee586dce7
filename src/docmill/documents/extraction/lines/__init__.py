"""The lines of an invoice: what was sold, how much of it, at which price."""

from collections.abc import Sequence

from docmill.documents.extraction.lines.items import items_of, items_without_heading, to_items
from docmill.documents.extraction.lines.sections import Entry, Sheet, find_sections, is_total, read_sheets
from docmill.documents.extraction.lines.sums import anchors_of_sum
from docmill.documents.pages import Page
from docmill.documents.values import LineItem

__all__ = ["find_lines"]


def find_lines(pages: Sequence[Page]) -> list[LineItem]:
    """Find the lines of an invoice.

    A heading in one of a dozen languages says which column is what, and the rows in which a quantity times a price
    comes to an amount confirm it, or correct it. Without a heading, the products are looked for alone; without
    quantities, the amounts that add up to the total below them.

    Args:
        pages: of one document, in order. Their rules tell rows with several lines of text apart, if there are any.

    Returns:
        The lines, in order. A quantity that is not printed is concluded to be 1 (without a page) where a line has an
        amount and no price that differs from it. Empty if there are none, as in a letter.
    """
    sheets = read_sheets(pages)
    items = [item for section in find_sections(sheets) for item in items_of(section)]
    return items or _by_product(sheets) or _by_sum(sheets)


def _by_product(sheets: Sequence[Sheet]) -> list[LineItem]:
    return [item for sheet in sheets for item in items_without_heading(_above_totals(sheet.entries))]


def _by_sum(sheets: Sequence[Sheet]) -> list[LineItem]:
    for sheet in sheets:
        anchors = anchors_of_sum(sheet.entries)
        if anchors:
            return to_items(sheet.entries, anchors, None)
    return []


def _above_totals(entries: list[Entry]) -> list[Entry]:
    """Up to the first total below a row with several numbers; totals may stand above the lines as well."""
    seen = False
    for place, entry in enumerate(entries):
        seen = seen or len(entry.figures) >= 3
        if seen and is_total(entry):
            return entries[:place]
    return entries
