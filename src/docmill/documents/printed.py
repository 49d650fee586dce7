"""Where a value is printed: amounts and dates compared by value in any notation, text by its letters and digits."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import islice
from math import isfinite
from typing import NamedTuple

import attrs

from docmill.documents.extraction.currencies import code_of
from docmill.documents.extraction.dates import dates_in
from docmill.documents.extraction.layout import Row, clean, rows_of
from docmill.documents.extraction.money import Amount, amounts_in
from docmill.documents.extraction.numbers import parse_amount
from docmill.documents.pages import Box, Page, Reading, TextSource, Word

__all__ = ["Place", "Printed"]

MAX_WORDS = 50_000
"""Words that are looked at, of all pages together."""

MAX_TRIES = 1_000
"""Places on a page at which a text is tried: "1" stands in many words."""

MIN_WHOLE_AMOUNT = 100
"""Some currencies have no cents, and many invoices no sign: a number from here on may be an amount without either."""

MAX_PERCENTAGES = 50
"""Different ones that are kept."""

_PERCENTAGE = re.compile(r"(?<![\d.,])(\d{1,2}(?:[.,]\d{1,3})?)\s?%")
_LABEL_ENDS = ":#="
_RUNS = re.compile(r"[^\W_]+")


@attrs.frozen
class Place:
    """Where something is printed.

    Attributes:
        raw: as it is printed.
        page: 1 for the first one.
        bbox: in points from the top left corner of the page.
        confidence: the lowest of its words, 0 to 1.
        source: where the words come from.
    """

    raw: str
    page: int
    bbox: Box
    confidence: float
    source: TextSource


class Printed:
    """Everything that is printed on the pages of a document. What was not asked for is not prepared.

    Args:
        reading: the document.
    """

    def __init__(self, reading: Reading) -> None:
        self._pages, is_cut = _bounded(reading.pages)
        self.is_complete = not (is_cut or reading.truncated)
        """Whether what is not found here stands nowhere in the document."""

    @property
    def sources(self) -> set[TextSource]:
        """Where its words come from."""
        return {page.source for page in self._pages if page.words}

    def has_amount(self, amount: Decimal) -> bool:
        """Whether an amount is printed anywhere, whatever its sign."""
        return amount in self._amounts or -amount in self._amounts

    def numbers_beside(self, page: int, box: Box) -> list[Decimal]:
        """The numbers in the rows at the height of the middle of a box."""
        middle = (box[1] + box[3]) / 2
        rows = (row for row in self._rows if row.page == page and row.box[1] <= middle <= row.box[3])
        return [found.value for row in rows for found in amounts_in(row)]

    @property
    def text(self) -> str:
        """Row by row, as one reads it, with wide gaps between columns; without what cannot be printed."""
        return "\n".join(row.text for row in self._rows)

    @cached_property
    def money(self) -> set[Decimal]:
        """Every number that is printed as money is, or is too large for a quantity or a position; without its sign."""
        return {number for number, found in self._amounts.items() if found.is_likely or number >= MIN_WHOLE_AMOUNT}

    def find_amount(self, amount: Decimal) -> Place | None:
        """The last place of an amount with its sign: totals follow what they sum up."""
        found = self._amounts.get(amount)
        return None if found is None else _place(found.row, found.start, found.end)

    def find_currency(self, code: str) -> Place | None:
        """The first place of an ISO 4217 code, or else of a sign for it next to an amount."""
        signs = (found for found in self._amounts.values() if found.sign and code_of(found.sign) == code)
        return self.find_text(code) or next((_place(each.row, each.start, each.end) for each in signs), None)

    def find_date(self, day: date) -> Place | None:
        """The first place of a date, in any order of day, month and year in which it can be read."""
        return self._dates.get(day)

    def find_text(self, text: str, *, whole: bool = False) -> Place | None:
        """The first place of a text: the same letters and digits, next to which there are none.

        Args:
            text: what to look for; case, spaces and signs make no difference.
            whole: whether the words at its ends must have nothing else but a label before it: "2026" is a part of
                "17.02.2026" then, and not found there, but is in "No:2026".
        """
        needle = "".join(match.group() for match in _runs(text))
        found = (line.find(needle, whole=whole) for line in self._lines) if needle else ()
        return next((place for place in found if place is not None), None)

    @cached_property
    def percentages(self) -> list[Decimal]:
        """Different percentages that are printed, such as rates of tax and discounts, up to fifty."""
        found = (match[1].replace(",", ".") for row in self._rows for match in _PERCENTAGE.finditer(row.text))
        return list(islice(dict.fromkeys(map(Decimal, found)), MAX_PERCENTAGES))

    @cached_property
    def _rows(self) -> list[Row]:
        return rows_of(self._pages)

    @cached_property
    def _amounts(self) -> dict[Decimal, Amount]:
        amounts: dict[Decimal, Amount] = {}
        for row in self._rows:
            for found in amounts_in(row):
                amounts.update(dict.fromkeys(_readings(found), found))
        return amounts

    @cached_property
    def _dates(self) -> dict[date, Place]:
        dates: dict[date, Place] = {}
        for row in self._rows:
            for found in dates_in(row):
                for day in found.readings.values():
                    dates.setdefault(day, _place(row, found.start, found.end))
        return dates

    @cached_property
    def _lines(self) -> list["_Line"]:
        """Pages in the order of the document, which keeps names of two lines together; then rows, as one reads."""
        pages = [_Line(page.number, page.source, _usable(page.words)) for page in self._pages]
        return pages + [_Line(row.page, row.source, row.words) for row in self._rows]


class _Edge(NamedTuple):
    """Where a run of letters and digits begins or ends: in which word, and whether that word goes on beyond it."""

    word: int
    is_outer: bool


class _Line:
    """Words as one string of letters and digits, in which each find can be traced back to its words."""

    def __init__(self, page: int, source: TextSource, words: Sequence[Word]) -> None:
        self._page = page
        self._source = source
        self._words = words
        self._starts: dict[int, _Edge] = {}
        self._ends: dict[int, _Edge] = {}
        parts: list[str] = []
        at = 0
        for place, word in enumerate(words):
            runs = list(_runs(word.text))
            for run in runs:
                is_first = run is runs[0] or run.string[run.start() - 1] in _LABEL_ENDS
                self._starts[at] = _Edge(place, is_first)
                at += len(run.group())
                self._ends[at] = _Edge(place, run is runs[-1])
                parts.append(run.group())
        self._text = "".join(parts)

    def find(self, needle: str, *, whole: bool) -> Place | None:
        at = self._text.find(needle)
        for _ in range(MAX_TRIES):
            if at < 0:
                break
            first, last = self._starts.get(at), self._ends.get(at + len(needle))
            if first and last and (not whole or (first.is_outer and last.is_outer)):
                return self._place(self._words[first.word : last.word + 1])
            at = self._text.find(needle, at + 1)
        return None

    def _place(self, words: Sequence[Word]) -> Place:
        return Place(
            raw=" ".join(word.text for word in words),
            page=self._page,
            bbox=_around(words),
            confidence=min(word.confidence for word in words),
            source=self._source,
        )


def _bounded(pages: Sequence[Page]) -> tuple[list[Page], bool]:
    """The first pages, up to the bound of words, and whether something was left out."""
    kept, left = [], MAX_WORDS
    for page in pages:
        kept.append(attrs.evolve(page, words=page.words[:left], rules=[]))
        left -= len(kept[-1].words)
    return kept, sum(len(page.words) for page in pages) > MAX_WORDS


def _usable(words: Iterable[Word]) -> list[Word]:
    return [word._replace(text=clean(word.text)) for word in words if all(isfinite(edge) for edge in word[1:5])]


def _runs(text: str) -> Iterator[re.Match[str]]:
    """Runs of letters and digits, without case and compatibility forms."""
    return _RUNS.finditer(unicodedata.normalize("NFKC", text).casefold())


def _readings(found: Amount) -> Iterator[Decimal]:
    """The numbers that a printed one may mean: "1.234" is twelve hundred, or one and a bit."""
    yield found.value
    for reading in (parse_amount(found.raw, "."), parse_amount(found.raw, ",")):
        if reading is not None:
            yield reading.copy_sign(found.value)


def _place(row: Row, start: int, end: int) -> Place:
    return Place(
        raw=" ".join(row.text[start:end].split()),
        page=row.page,
        bbox=row.box_between(start, end),
        confidence=row.confidence_between(start, end),
        source=row.source,
    )


def _around(words: Sequence[Word]) -> Box:
    return (
        min(word.x0 for word in words),
        min(word.y0 for word in words),
        max(word.x1 for word in words),
        max(word.y1 for word in words),
    )
