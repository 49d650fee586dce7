"""Dates in a text, and which of day and month comes first."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Literal, TypeAlias

import attrs

from docmill.documents.extraction.layout import Row, normalise
from docmill.documents.extraction.months import MONTHS
from docmill.documents.pages import Box

__all__ = ["DateMatch", "Order", "dates_in", "order_of"]

Order: TypeAlias = Literal["dmy", "mdy"]

_YEARS = range(1970, 2100)
_NUMERIC = re.compile(r"(?<![\d.,/-])(\d{1,2})(\s?[./-]\s?)(\d{1,2})(\s?[./-]\s?)(\d{4}|\d{2})(?![\d]|[.,/-]\d)")
_ISO = re.compile(r"(?<![\d.,-])(\d{4})([./-])(\d{1,2})\2(\d{1,2})(?!\d)")
_CJK = re.compile(r"(\d{4})\s?年\s?(\d{1,2})\s?月\s?(\d{1,2})\s?日")
_WORD = r"([^\W\d_]{3,12})"
_YEAR = r"(\d{4}|['\u2019]?\d{2})"
_DAY_FIRST = re.compile(
    rf"(?<![\d.,/-])(\d{{1,2}})(?:st|nd|rd|th|er|\.|º|ª)?[\s\-/]*(?:(?:de|of|di|del)\s+)?{_WORD}\.?,?"
    rf"[\s\-/,]*(?:(?:de|del|of)\s+)?{_YEAR}(?![\d:]|[.,/-]\d)"
)
_MONTH_FIRST = re.compile(
    rf"(?<!\w){_WORD}\.?[\s\-/]*(\d{{1,2}})(?:st|nd|rd|th)?\s?[,.\s\-/]\s*{_YEAR}(?![\d:]|[.,/-]\d)"
)
_YEAR_FIRST = re.compile(rf"(?<![\d.,/-])(\d{{4}})[\s\-/]*{_WORD}\.?[\s\-/]*(\d{{1,2}})(?!\d)")
_DIGIT = re.compile(r"\d")


@attrs.frozen(eq=False)
class DateMatch:
    """A date as it is printed.

    Attributes:
        readings: the days it may mean, by the order of day and month; equal if there is no doubt.
        is_certain: whether there is no doubt.
        row: where it stands.
        start, end: in the text of the row.
        box: around its words.
    """

    readings: dict[Order, date]
    row: Row
    start: int
    end: int
    box: Box

    @property
    def is_certain(self) -> bool:
        """Whether it can be read in one way only."""
        return len(set(self.readings.values())) == 1

    @property
    def raw(self) -> str:
        """As printed."""
        return " ".join(self.row.text[self.start : self.end].split())

    def day(self, order: Order) -> date:
        """What it means if the document writes dates in this order."""
        return self.readings.get(order) or next(iter(self.readings.values()))


def dates_in(row: Row) -> Iterator[DateMatch]:
    """All dates of a row, from left to right."""
    if not _DIGIT.search(row.text):
        return
    end = 0
    found = [each for finder in (_iso, _numeric, _cjk, _named) for each in finder(row.text)]
    for start, stop, readings in sorted(found, key=lambda each: (each[0], -each[1])):
        if start >= end and readings:
            end = stop
            yield DateMatch(readings=readings, row=row, start=start, end=stop, box=row.box_between(start, stop))


def order_of(dates: list[DateMatch], language: str | None, is_american: bool) -> Order:
    """What the document's own dates tell about the order of day and month; else what its language does.

    Args:
        dates: of the document.
        language: of the document.
        is_american: whether an address or the currency says that it comes from the United States.
    """
    votes = Counter(order for each in dates if len(each.readings) == 1 for order in each.readings)
    if votes:
        return votes.most_common(1)[0][0]
    return "mdy" if is_american and language in {None, "en"} else "dmy"


_Found: TypeAlias = "Iterator[tuple[int, int, dict[Order, date]]]"


def _numeric(text: str) -> _Found:
    for match in _NUMERIC.finditer(text):
        first, second, year = int(match[1]), int(match[3]), _year(match[5])
        if match[2].strip() != match[4].strip():
            continue
        day_first, month_first = _day(year, second, first), _day(year, first, second)
        readings: dict[Order, date] = {}
        if day_first:
            readings["dmy"] = day_first
        if month_first and (match[2].strip() != "." or not day_first):
            readings["mdy"] = month_first
        if len(readings) == 1 and match[2].strip() == ".":
            readings = _certain(next(iter(readings.values())))
        yield (*match.span(), readings)


def _iso(text: str) -> _Found:
    for match in _ISO.finditer(text):
        yield (*match.span(), _certain(_day(int(match[1]), int(match[3]), int(match[4]))))


def _cjk(text: str) -> _Found:
    for match in _CJK.finditer(text):
        yield (*match.span(), _certain(_day(int(match[1]), int(match[2]), int(match[3]))))


def _named(text: str) -> _Found:
    for match in _DAY_FIRST.finditer(text):
        yield (*match.span(), _certain(_with_month(match[3], match[2], match[1])))
    for match in _MONTH_FIRST.finditer(text):
        yield (*match.span(), _certain(_with_month(match[3], match[1], match[2])))
    for match in _YEAR_FIRST.finditer(text):
        yield (*match.span(), _certain(_with_month(match[1], match[2], match[3])))


def _with_month(year: str, month: str, day: str) -> date | None:
    number = MONTHS.get(normalise(month))
    return None if number is None else _day(_year(year), number, int(day))


def _year(text: str) -> int:
    digits = text.lstrip("'\u2019")
    return int(digits) + (0 if len(digits) == 4 else 2000 if int(digits) < 70 else 1900)


def _day(year: int, month: int, day: int) -> date | None:
    if year not in _YEARS:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _certain(day: date | None) -> dict[Order, date]:
    return {"dmy": day, "mdy": day} if day else {}
