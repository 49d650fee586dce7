"""Where the lines of an invoice stand: from a heading to the totals, over as many pages as it takes."""

from collections.abc import Sequence

import attrs

from docmill.documents.extraction.grid import TextRow, has_letters, readable_words, text_rows
from docmill.documents.extraction.lines.columns import multiplies
from docmill.documents.extraction.lines.figures import Figure, figures_in
from docmill.documents.extraction.lines.header import Header, find_headers
from docmill.documents.extraction.lines.vocabulary import ENDINGS, TOTALS, Phrases, fold
from docmill.documents.extraction.numbers import DecimalMark, decimal_mark
from docmill.documents.pages import Page

__all__ = ["Entry", "Section", "Sheet", "find_sections", "is_total", "read_sheets", "starts_with"]

_MAX_FIGURES = 12
"""Of a row that are tried for a product."""


@attrs.frozen(eq=False)
class Entry:
    """A row and its numbers.

    Attributes:
        sheet: the page it stands on.
        place: among the rows of that page.
        row: the words.
        figures: the numbers among them.
    """

    sheet: "Sheet"
    place: int
    row: TextRow
    figures: list[Figure]


@attrs.define(eq=False)
class Sheet:
    """A page in rows.

    Attributes:
        page: as it was read.
        entries: its rows, from top to bottom.
        headers: the headings on it.
    """

    page: Page
    entries: list[Entry] = attrs.Factory(list)
    headers: list[Header] = attrs.Factory(list)


@attrs.define(eq=False)
class Section:
    """Rows in which lines may stand.

    Attributes:
        header: the heading above them.
        entries: those below the heading, up to the totals.
        continued: those of later pages that have no heading of their own.
    """

    header: Header
    entries: list[Entry] = attrs.Factory(list)
    continued: list[Entry] = attrs.Factory(list)


def read_sheets(pages: Sequence[Page]) -> list[Sheet]:
    """Put all pages in rows, and find numbers and headings."""
    words = [readable_words(page) for page in pages]
    mark = decimal_mark(word.text for listed in words for word in listed)
    return [_sheet(page, text_rows(listed), mark) for page, listed in zip(pages, words, strict=True)]


def _sheet(page: Page, rows: list[TextRow], mark: DecimalMark | None) -> Sheet:
    sheet = Sheet(page)
    sheet.entries = [Entry(sheet, place, row, figures_in(row, mark)) for place, row in enumerate(rows)]
    sheet.headers = find_headers(rows, [entry.figures for entry in sheet.entries])
    return sheet


def find_sections(sheets: Sequence[Sheet]) -> list[Section]:
    """All parts of a document that a heading of lines stands above."""
    sections: list[Section] = []
    is_open = False
    for sheet in sheets:
        starts = [*(header.first for header in sheet.headers), len(sheet.entries)]
        if is_open:
            continued, is_open = _until_totals(sheet.entries[: starts[0]])
            sections[-1].continued += continued
        for header, end in zip(sheet.headers, starts[1:], strict=True):
            if not header.is_of_lines:
                is_open = False
                continue
            entries, is_open = _until_totals(sheet.entries[header.last + 1 : end])
            if sections and _is_same(sections[-1].header, header):
                sections[-1].entries += entries
            else:
                sections.append(Section(header, entries))
    return sections


def _until_totals(entries: Sequence[Entry]) -> tuple[list[Entry], bool]:
    """The rows above the totals, and whether there are none, so that the lines go on."""
    for place, entry in enumerate(entries):
        if is_total(entry):
            return list(entries[:place]), False
    return list(entries), True


def _is_same(one: Header, other: Header) -> bool:
    """Whether a heading repeats another one, on a later page."""
    return [column.text for column in one.columns] == [column.text for column in other.columns]


def is_total(entry: Entry) -> bool:
    """Whether a row is the first one of the totals, or stands above what follows them."""
    runs = [run for run in entry.row.runs() if has_letters(run.text)]
    if not runs:
        return False
    if ENDINGS.starts(fold(runs[0].text)) and not any(figure.is_money for figure in entry.figures):
        return True
    if not starts_with(entry, TOTALS):
        return False
    return any(figure.is_money for figure in entry.figures) and not _has_product(entry.figures)


def starts_with(entry: Entry, phrases: Phrases) -> bool:
    """Whether one of the runs of words in a row starts with such a phrase."""
    return any(phrases.starts(fold(run.text)) for run in entry.row.runs() if has_letters(run.text))


def _has_product(figures: Sequence[Figure]) -> bool:
    """Whether a quantity times a price comes to an amount, as in a line."""
    plain = [figure for figure in figures if not figure.is_percent][:_MAX_FIGURES]
    return any(
        multiplies(quantity, price, amount)
        for place, amount in enumerate(plain)
        if amount.is_money
        for second, price in enumerate(plain[:place])
        for quantity in plain[:second]
        if quantity.value not in {0, 1} and price.value not in {0, 1}
    )
