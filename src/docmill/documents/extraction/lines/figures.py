"""The numbers in a row of text, each with where it stands and what stands beside it."""

import re
from decimal import Decimal

import attrs

from docmill.documents.extraction.grid import TextRow, box_around, has_letters
from docmill.documents.extraction.lines.vocabulary import UNITS, fold
from docmill.documents.extraction.numbers import CURRENCY, DecimalMark, parse_amount
from docmill.documents.pages import Box, Word

__all__ = ["Figure", "figures_in"]

_CLOSE = 0.5
"""Of the height of a row: what is nearer belongs together."""

_MONOSPACE = 1.25
"""Of the width of a character, where all are as wide: what is nearer belongs together."""

_FARTHEST_WORD = 8
"""Words before a number that are looked at to find out whether it is a part of a text."""

_CURRENCY_WORD = re.compile(CURRENCY)
_GROUP_START = re.compile(r"[-+(\u2212]?[$€£]?\d{1,3}")
_GROUP = re.compile(r"\d{3}(?:[.,]\d+|[.,]-{1,2})?[)-]?[€$£]?")
_WITH_UNIT = re.compile(r"([-+\u2212]?\d[\d.,']*)([^\W\d_]{1,8}[.23²³]?|[x\u00d7*%]|m[²³])")
_TIMES = re.compile(r"[x\u00d7](\d[\d.,]*)")
_LEADING_ZEROS = re.compile(r"0\d+")
_MOST_GROUPS = 5
"""Words that one number is made of, where spaces separate thousands."""

_LONGEST_WHOLE = 6
"""Digits; more of them without a mark are an article number or a telephone number."""


@attrs.frozen
class Figure:
    """A number that may be a quantity, a price, an amount or a rate.

    Attributes:
        value: the number.
        raw: as it is printed, with its currency or unit.
        box: of the number and what belongs to it.
        first, last: the places of its words in the row.
        is_percent: whether a per cent sign follows.
        has_unit: whether a unit of measure follows.
        is_money: whether a currency stands beside it, or it has two digits after its mark.
        is_in_text: whether text stands close before it, so that it may be a part of a sentence.
    """

    value: Decimal
    raw: str
    box: Box
    first: int
    last: int
    is_percent: bool = False
    has_unit: bool = False
    is_money: bool = False
    is_in_text: bool = False

    @property
    def decimals(self) -> int:
        """Digits after the decimal mark."""
        return max(0, -int(self.value.as_tuple().exponent))


@attrs.frozen
class _Line:
    """A row, and how far apart the words of one text may stand in it."""

    words: list[Word]
    height: float
    space: float

    @classmethod
    def of(cls, row: TextRow) -> "_Line":
        return cls(row.words, row.height, _MONOSPACE * (row.pitch() or 0.0))

    def is_close(self, place: int, share: float = _CLOSE) -> bool:
        """Whether the word after this one stands near it."""
        return self.words[place + 1].x0 - self.words[place].x1 < max(share * self.height, self.space)


def figures_in(line: TextRow, mark: DecimalMark | None) -> list[Figure]:
    """All numbers of a row, from left to right; dates, and numbers of articles and telephones, are none."""
    row = _Line.of(line)
    figures: list[Figure] = []
    place = 0
    while place < len(row.words):
        figure = _figure_at(row, place, mark) if _may_start(row.words[place].text) else None
        if figure is None:
            place += 1
        else:
            figures.append(figure)
            place = figure.last + 1
    return figures


def _may_start(text: str) -> bool:
    return any(character.isdigit() for character in text) or text in {"-", "\u2212", "("}


def _figure_at(row: _Line, place: int, mark: DecimalMark | None) -> Figure | None:
    words = row.words
    last = place
    text = words[place].text
    if not any(character.isdigit() for character in text):
        if place + 1 == len(words) or not row.is_close(place):
            return None
        last = place + 1
        text += words[last].text
    while last + 1 < min(len(words), place + _MOST_GROUPS) and _continues(row, text, last):
        last += 1
        text += " " + words[last].text
    read = _read(text, mark)
    if read is None:
        return None
    value, unit = read
    return _with_surroundings(row, place, last, value, unit)


def _continues(row: _Line, text: str, last: int) -> bool:
    """Whether the next word is another group of three digits of the same number."""
    is_group = _GROUP_START.fullmatch(text) or re.fullmatch(r"\D?\d{1,3}(?: \d{3})+", text)
    return bool(is_group and _GROUP.fullmatch(row.words[last + 1].text) and row.is_close(last, 0.4))


def _read(text: str, mark: DecimalMark | None) -> tuple[Decimal, str] | None:
    unit = ""
    glued = _WITH_UNIT.fullmatch(text)
    times = _TIMES.fullmatch(text)
    if times:
        text, unit = times[1], "x"
    elif glued and not _CURRENCY_WORD.fullmatch(glued[2]):
        text, unit = glued[1], glued[2]
    value = parse_amount(text, mark)
    if value is None or _is_identifier(text):
        return None
    return value, unit


def _is_identifier(text: str) -> bool:
    return text.isdigit() and (len(text) > _LONGEST_WHOLE or _LEADING_ZEROS.fullmatch(text) is not None)


def _with_surroundings(row: _Line, first: int, last: int, value: Decimal, unit: str) -> Figure:
    words = row.words
    start, end = first, last
    has_currency = not has_letters(unit) and any(not c.isascii() or c == "$" for c in words[first].text)
    if start and row.is_close(start - 1, 1.2) and _CURRENCY_WORD.fullmatch(words[start - 1].text):
        start, has_currency = start - 1, True
    following = words[end + 1].text if end + 1 < len(words) and row.is_close(end, 1.2) else ""
    if following == "%":
        end, unit = end + 1, "%"
    elif _CURRENCY_WORD.fullmatch(following) and fold(following) not in UNITS:
        end, has_currency = end + 1, True
    elif not unit and (_is_unit(following) or following in {"x", "\u00d7"}):
        end, unit = end + 1, following
    return Figure(
        value=value,
        raw=" ".join(word.text for word in words[start : end + 1]),
        box=box_around(words[start : end + 1]),
        first=start,
        last=end,
        is_percent=unit == "%",
        has_unit=unit not in {"", "%"},
        is_money=unit == "" and (has_currency or -int(value.as_tuple().exponent) == 2),
        is_in_text=_follows_text(row, start),
    )


def _follows_text(row: _Line, start: int) -> bool:
    """Whether a text leads up to a number, perhaps over units and other numbers, as in "beam 20 x 30 cm"."""
    for place in range(start - 1, max(start - 1 - _FARTHEST_WORD, -1), -1):
        if not row.is_close(place):
            return False
        if _is_prose(row.words[place]):
            return True
    return False


def _is_unit(text: str) -> bool:
    return bool(text) and (folded := fold(text)) != "" and folded in UNITS


def _is_prose(word: Word) -> bool:
    return has_letters(word.text) and not _is_unit(word.text) and not _CURRENCY_WORD.fullmatch(word.text)
