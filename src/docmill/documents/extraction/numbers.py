"""Numbers as invoices of many countries print them: read into `Decimal`.

This is for a text that is one number and nothing else, such as a cell; the decimal mark of the whole document settles
what can be read in two ways. `money` finds the amounts within running text, where each has to stand by itself.
"""

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal, TypeAlias

from docmill.documents.extraction.currencies import CODES

__all__ = ["CURRENCY", "DecimalMark", "decimal_mark", "parse_amount"]

DecimalMark: TypeAlias = Literal[".", ","]
"""The character between units and fractions."""

_MAX_LENGTH = 40
_MAX_DIGITS = 15

CURRENCY = (
    r"(?:(?:US|AU|CA|NZ|HK|A|C|S|R)?\$|[€£¥₹₽₩₪₺₫₱฿₴₦]|"
    + "|".join(sorted(CODES))
    + r"|(?i:Rs\.?|zł|Kč|kr\.?|Ft|S?Fr\.?|Euros?|RM|Lei|Rp))"
)
"""A pattern for the sign, the code or the short name of a currency, with or without a space to the number."""
_AMOUNT = re.compile(
    rf"(?P<open>\()?(?P<sign>[-+])?\s*(?:{CURRENCY}\s*)?(?P<inner>[-+])?\s*"
    r"(?P<digits>\d(?:[\d.,' ]*\d)?|[.,]\d+)"
    rf"(?:[.,]-{{1,2}}|--)?\s*(?P<behind>-)?\s*(?:{CURRENCY})?\s*(?P<after>-)?(?P<close>\))?"
)
_DASHES = str.maketrans(
    {"\u2212": "-", "\u2013": "-", "\u2014": "-", "\u00ad": "-", "\u2019": "'", "\u02bc": "'", "`": "'"}
)
_GROUPED = re.compile(r"\d{1,3}(?:[.,' ]\d{2,3})*[.,' ]\d{3}|\d+")


def parse_amount(text: str, decimal: DecimalMark | None = None) -> Decimal | None:
    """Read one number, with or without a currency, a sign before or after it, or parentheses for a negative one.

    Args:
        text: nothing but the number and its currency: "1.234,50 €", "CHF 1'234.50", "(12.00)", "1 234,5-", "12,-".
        decimal: what settles a number that can be read in two ways, such as "1,234"; without it, a single mark before
            three digits separates thousands.

    Returns:
        The number, with the digits that are printed; None if the text is no number.
    """
    if len(text) > _MAX_LENGTH:
        return None
    match = _AMOUNT.fullmatch(_plain(text))
    if match is None or bool(match["open"]) != bool(match["close"]):
        return None
    number = _unsigned(match["digits"], decimal)
    if number is None:
        return None
    negative = match["open"] or "-" in match.group("sign", "inner", "behind", "after")
    return -number if negative else number


def decimal_mark(texts: Iterable[str]) -> DecimalMark | None:
    """The decimal mark of a document, by the numbers that can be read in one way only; None if none of them tells."""
    votes = {".": 0, ",": 0}
    for text in texts:
        digits = text.strip("-+()€$£ ")
        if len(digits) > _MAX_LENGTH:
            continue
        told = re.search(r"^\d[\d.,' ]*([.,])(?:\d\d?|\d{4,})$|^0([.,])\d+$", digits)
        if told and digits.count(mark := told[1] or told[2]) == 1:
            votes[mark] += 1
    if votes["."] == votes[","]:
        return None
    return "." if votes["."] > votes[","] else ","


def _plain(text: str) -> str:
    """ASCII digits, spaces, dashes and apostrophes for all their relatives."""
    text = unicodedata.normalize("NFKC", text).translate(_DASHES)
    return "".join(_plain_character(character) for character in text).strip()


def _plain_character(character: str) -> str:
    if character.isascii():
        return character
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    return " " if character.isspace() else character


def _unsigned(digits: str, decimal: DecimalMark | None) -> Decimal | None:
    if sum(character.isdigit() for character in digits) > _MAX_DIGITS:
        return None
    whole, fraction = _split(digits, decimal)
    if whole and not _GROUPED.fullmatch(whole):
        return None
    whole = re.sub(r"\D", "", whole) or "0"
    if not fraction.isdigit():
        return None if fraction else Decimal(whole)
    return Decimal(f"{whole}.{fraction}")


def _split(digits: str, decimal: DecimalMark | None) -> tuple[str, str]:
    """What stands before and after the decimal mark."""
    last = max(digits.rfind("."), digits.rfind(","))
    if last < 0:
        return digits, ""
    mark, whole, fraction = digits[last], digits[:last], digits[last + 1 :]
    if mark in whole or _separates_thousands(mark, whole, fraction, decimal):
        return digits, ""
    return whole, fraction


def _separates_thousands(mark: str, whole: str, fraction: str, decimal: DecimalMark | None) -> bool:
    if len(fraction) != 3 or " " in whole or "'" in whole or "." in whole or "," in whole:
        return False
    if decimal is not None:
        return mark != decimal
    return whole not in {"", "0"} and len(whole) <= 3
