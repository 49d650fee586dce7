"""Bank accounts and VAT numbers in a text. Check digits are no filter: a wrong one is worth knowing about."""

import re
from collections.abc import Iterator

import attrs

from docmill.documents.extraction.layout import Row
from docmill.documents.pages import Box

__all__ = ["Identifier", "after_label", "ibans_in", "vats_in"]

_IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FO NL",
        19: "MK SI",
        20: "AT BA EE KZ LT LU XK",
        21: "CH HR LI LV",
        22: "BG DE GB GE IE ME RS",
        23: "AE GI IL",
        24: "AD CZ ES MD PK RO SA SE SK TN",
        25: "PT",
        26: "IS TR",
        27: "FR GR IT MC SM",
        28: "AL CY HU LB MA PL",
        29: "BR QA UA",
        30: "KW",
        31: "MT",
    }.items()
    for country in countries.split()
}
"""How many letters and digits the IBAN of a country has."""

_IBAN = re.compile(r"(?<![A-Za-z0-9])([A-Z]{2}\s?\d{2}(?:[ .-]?[A-Z0-9]){11,32})(?![a-z])")
_S = r"[ .\-/]?"


def _digits(count: int) -> str:
    return rf"(?:{_S}\d){{{count}}}"


_VAT_BY_COUNTRY = {
    "AT": rf"{_S}U{_digits(8)}",
    "BE": rf"{_S}[01]{_digits(9)}",
    "BG": rf"{_digits(9)}\d?",
    "CH": rf"E{_digits(9)}",
    "CY": rf"{_digits(8)}[A-Z]",
    "CZ": rf"{_digits(8)}\d{{0,2}}",
    "DE": _digits(9),
    "DK": _digits(8),
    "EE": _digits(9),
    "EL": _digits(9),
    "ES": rf"{_S}(?:[A-Z]{_digits(7)}{_S}[A-Z0-9]|\d{_digits(7)}{_S}[A-Z])",
    "FI": _digits(8),
    "FR": rf"{_S}[A-HJ-NP-Z0-9]{{2}}{_digits(9)}",
    "GB": rf"(?:{_digits(12)}|{_digits(9)})",
    "GR": _digits(9),
    "HR": _digits(11),
    "HU": _digits(8),
    "IE": rf"{_S}\d[A-Z0-9+*]{_digits(5)}{_S}[A-W][A-I]?",
    "IT": _digits(11),
    "LT": rf"(?:{_digits(12)}|{_digits(9)})",
    "LU": _digits(8),
    "LV": _digits(11),
    "MT": _digits(8),
    "NL": rf"{_digits(9)}{_S}B{_digits(2)}",
    "NO": rf"{_digits(9)}(?: ?MVA)?",
    "PL": _digits(10),
    "PT": _digits(9),
    "RO": rf"{_digits(8)}\d{{0,2}}",
    "SE": _digits(12),
    "SI": _digits(8),
    "SK": _digits(10),
}
_VAT = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    + "|".join(rf"{country}{rest}" for country, rest in _VAT_BY_COUNTRY.items())
    + r")(?![A-Za-z0-9])"
)
_GSTIN = re.compile(r"(?<!\w)\d{2}[A-Z]{5}\d{4}[A-Z][A-Z0-9]Z[A-Z0-9](?!\w)")
_HAS_PREFIX = re.compile(r"[A-Z]{2,3}[ .\-]?[A-Z]?\d|\d{2}[A-Z]{5}")
_LABELLED = re.compile(r"[\s:.#\-]*((?:[A-Z]{2,3}[ \-]?)?[A-Z0-9]?\d[\dA-Z]*(?:[ .\-/]\d[\dA-Z]*)*)(?!\w)")


@attrs.frozen(eq=False)
class Identifier:
    """A bank account or a VAT number.

    Attributes:
        value: without spaces and punctuation.
        row: where it stands.
        start, end: in the text of the row.
        box: around its words.
    """

    value: str
    row: Row
    start: int
    end: int
    box: Box

    @property
    def raw(self) -> str:
        """As printed."""
        return " ".join(self.row.text[self.start : self.end].split())


def ibans_in(row: Row) -> Iterator[Identifier]:
    """Bank accounts of a row. What follows one without punctuation is cut off by the length its country has."""
    for match in _IBAN.finditer(row.text):
        length = _IBAN_LENGTHS.get(match[1][:2])
        end = match.start() + _reach(match[1], length) if length else -1
        if end > 0 and not row.text[end : end + 1].isalnum():
            yield _identifier(row, match.start(), end)
        elif length and len(_compact(match[1])) < length <= len(_compact(match[1])) + 2:
            yield _identifier(
                row, match.start(), match.end()
            )  # An example, or mistyped: too short, and still the account.


def _reach(text: str, length: int) -> int:
    """The end of the first ``length`` letters and digits; a negative number if there are fewer."""
    count = 0
    for position, char in enumerate(text):
        count += char.isalnum()
        if count == length:
            return position + 1
    return -(len(text) + 10_000)


def vats_in(row: Row) -> Iterator[Identifier]:
    """VAT numbers of a row that say their country."""
    if not _HAS_PREFIX.search(row.text):
        return
    for pattern in (_VAT, _GSTIN):
        for match in pattern.finditer(row.text):
            yield _identifier(row, *match.span())


def after_label(row: Row, position: int, least: int = 8, most: int = 15) -> Identifier | None:
    """The number right after a label, whatever its form.

    Args:
        row: of the label.
        position: where the label ends.
        least: how many letters and digits it has at least.
        most: how many it has at most.
    """
    match = _LABELLED.match(row.text, position)
    if match is None or not least <= len(_compact(match[1])) <= most:
        return None
    return _identifier(row, *match.span(1))


def _identifier(row: Row, start: int, end: int) -> Identifier:
    return Identifier(
        value=_compact(row.text[start:end]), row=row, start=start, end=end, box=row.box_between(start, end)
    )


def _compact(text: str) -> str:
    return re.sub(r"[^0-9A-Za-z]", "", text).upper()
