"""Amounts of money in a text, in the ways they are written around the world."""

import re
from collections.abc import Iterator
from decimal import Decimal

import attrs

from docmill.documents.extraction.currencies import MONEY_SIGN
from docmill.documents.extraction.layout import Row
from docmill.documents.pages import Box

__all__ = ["Amount", "amounts_in", "parse_number"]

_MINUS = "-\u2212\u2013"
_BODY = (
    r"(?:\d{1,3}(?:[.](?:\d{3}))+(?:,\d{1,4})?"  # 1.234.567,89
    r"|\d{1,3}(?:,\d{2,3})+(?:\.\d{1,4})?"  # 1,234,567.89 and 12,34,567.89
    r"|\d{1,3}(?:['\u2019]\d{3})+(?:[.,]\d{1,4})?"  # 1'234.56
    r"|\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:[.,]\d{1,4})?(?![\d])"  # 1 234,56
    r"|\d{1,12}(?:[.,]\d{1,4})?)"
)
_AMOUNT = re.compile(
    rf"(?<![\w.,/%-])(?P<open>\()?(?P<before>{MONEY_SIGN})?\s{{0,3}}(?P<sign>[-+\u2212\u2013])?\s?(?P<before2>{MONEY_SIGN})?\s{{0,2}}"
    rf"(?P<body>{_BODY})(?P<dash>[.,](?:--|\u2014|\u2013|-)|,-)?(?P<trailing>[{_MINUS}](?![\w]))?"
    rf"(?!\d)(?![.,/:\-]\d)(?!\s?%)(?:\s{{0,3}}(?P<after>{MONEY_SIGN}))?(?P<close>\))?"
)
_TWO_DECIMALS = re.compile(r"[.,]\d{2}$")
_DIGIT = re.compile(r"\d")


@attrs.frozen(eq=False)
class Amount:
    """An amount as it is printed.

    Attributes:
        value: what it is.
        sign: the currency sign or code next to it; empty if there is none.
        has_cents: whether it has two decimals, as most amounts do.
        row: where it stands.
        start, end: in the text of the row.
        box: around its words.
    """

    value: Decimal
    sign: str
    has_cents: bool
    row: Row
    start: int
    end: int
    box: Box

    @property
    def raw(self) -> str:
        """As printed."""
        return " ".join(self.row.text[self.start : self.end].split())

    @property
    def is_likely(self) -> bool:
        """Whether it looks like money, rather than like any number."""
        return self.has_cents or bool(self.sign)


def amounts_in(row: Row) -> Iterator[Amount]:
    """All numbers of a row that may be amounts; not those followed by a percent sign."""
    if not _DIGIT.search(row.text):
        return
    for match in _AMOUNT.finditer(row.text):
        value = parse_number(match["body"])
        if value is None:
            continue
        has_cents = bool(_TWO_DECIMALS.search(match["body"]) or match["dash"])
        is_apart = match.start("body") > match.end("sign") and not match["before2"]
        negative = match["sign"] in _MINUS and (has_cents or not is_apart) if match["sign"] else bool(match["trailing"])
        negative = negative or bool(match["open"] and match["close"] and not match["after"])
        start, end = match.span()
        start += len(match.group()) - len(match.group().lstrip())
        yield Amount(
            value=-value if negative else value,
            sign=match["before"] or match["before2"] or match["after"] or "",
            has_cents=has_cents,
            row=row,
            start=start,
            end=end,
            box=row.box_between(match.start("body"), match.end("body")),
        )


def parse_number(text: str) -> Decimal | None:
    """A number without a sign, in any of the usual notations; None for one that could be read in two ways.

    A single separator before exactly three digits (``1.234``) is taken to separate thousands.
    """
    digits = re.sub(r"[\s'\u2019]", "", text)
    separators = [char for char in digits if char in ".,"]
    if not separators:
        return Decimal(digits)
    last = separators[-1]
    head, _, tail = digits.rpartition(last)
    is_mixed = len(set(separators)) == 2
    if not is_mixed and (len(separators) > 1 or len(tail) == 3):
        return Decimal(head.replace(last, "") + tail)
    return Decimal(re.sub(r"[.,]", "", head) + "." + tail)
