"""What each amount of a document is, told from the words to its left and at the head of its column."""

import re
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from functools import cache, lru_cache
from itertools import pairwise

import attrs

from docmill.documents.extraction.layout import SEGMENT_GAP, Row, Segment, Token, normalise
from docmill.documents.extraction.money import Amount
from docmill.documents.extraction.total_words import PHRASES, STEMS

__all__ = ["RoledAmount", "parts_of", "role_of", "roled_amounts"]

_HEADER_REACH, _FIRST_REACH = 20, 5
_MAX_LABEL_TOKENS = 14
_SPECIFIC = {"net", "tax", "gross", "due", "prepaid", "allowance", "charge", "sub"}
_UNTOLD = "previous"
_PERCENT = re.compile(r"(\d{1,3}(?:[.,]\d{1,3})?)\s?%")
_ROUNDING = Decimal("0.02")
_MAX_OF_RATE = 6
"""A row with more amounts than these is a line of a table, not what one rate comes to."""


@attrs.frozen(eq=False)
class RoledAmount:
    """An amount with what it may be.

    Attributes:
        amount: the amount.
        role: "net", "tax", "gross", "due", "sub", "total", "prepaid", "allowance", "charge" or "basis".
        score: 0 to 1, how clearly it is called so.
    """

    amount: Amount
    role: str
    score: float


@attrs.define
class _Header:
    """The head of a column; ``last`` is the last row of amounts that follows it without a break."""

    x0: float
    x1: float
    role: str
    parts: frozenset[str]
    row: int
    last: int
    has_company: bool


def role_of(parts: frozenset[str]) -> str | None:
    """Put the parts of a label together; None if they say nothing about a total."""
    if _UNTOLD in parts or "rate" in parts:
        return None
    if "due" in parts:
        return "due"
    for role in ("prepaid", "allowance"):
        if role in parts:
            return role
    if "unit" in parts:
        return None
    if "net" in parts or ("excl" in parts and parts & {"tax", "total", "gross", "sub"}):
        return "basis" if {"net", "tax"} <= parts and "total" not in parts and "excl" not in parts else "net"
    if "incl" in parts and parts & {"tax", "total", "gross"}:
        return "gross"
    return _plain_role(parts)


def _plain_role(parts: frozenset[str]) -> str | None:
    if "gross" in parts and "charge" in parts:
        return "charge"
    order = ("tax", "gross", "charge", "sub", "total")
    return next((role for role in order if role in parts), None)


@lru_cache(maxsize=8192)
def _stems_in(norm: str) -> frozenset[str]:
    return frozenset(part for stem, part in STEMS if stem in norm) if len(norm) > 5 else frozenset()


def parts_of(tokens: Sequence[Token]) -> frozenset[str]:
    """The parts of a label: longest phrases first, and stems of compounds."""
    table, beginnings = _tables()
    parts: set[str] = set()
    position = 0
    while position < len(tokens):
        found, key = None, ""
        for number in range(position, len(tokens)):
            key += tokens[number].norm
            if key in table and tokens[number].norm:
                found = number, table[key]
            if key not in beginnings:
                break
        if found is None:
            parts |= _stems_in(tokens[position].norm)
            position += 1
        else:
            parts.add(found[1])
            position = found[0] + 1
    return frozenset(parts)


@cache
def _tables() -> tuple[dict[str, str], frozenset[str]]:
    table = {
        normalise(phrase): part for part, phrases in PHRASES.items() for phrase in phrases.split(",") if phrase.strip()
    }
    return table, frozenset(key[:length] for key in table for length in range(len(key) + 1))


def roled_amounts(
    rows: Iterable[Row], amounts: dict[int, list[Amount]], others: Collection[tuple[int, int]] = ()
) -> list[RoledAmount]:
    """Every amount that is called something.

    Args:
        rows: of the document.
        amounts: by the index of their row, from left to right.
        others: where labels of other fields stand, "due date" among them: row, and place in its text.
    """
    roled: list[RoledAmount] = []
    headers: list[_Header] = []
    page = 0
    for row in rows:
        if row.page != page:
            headers, page = [], row.page
        if row.index in amounts:
            roled.extend(_in_row(row, amounts[row.index], headers))
        else:
            headers = _updated(headers, row, others)
    return roled


def _updated(headers: list[_Header], row: Row, others: Collection[tuple[int, int]]) -> list[_Header]:
    """A row without amounts may head columns; it replaces what stands above it, or continues it on a second line."""
    found = [
        (segment, _continued(headers, row, segment))
        for segment in row.segments
        if len(segment.text) <= 40 and _is_column(segment) and (row.index, segment.start) not in others
    ]
    company = {role for _, parts in found if (role := role_of(parts)) in {"net", "tax", "gross", "due", "basis"}}
    new = [
        _Header(segment.box[0], segment.box[2], role_of(parts) or "", parts, row.index, row.index, len(company) > 1)
        for segment, parts in found
        if role_of(parts) or len(found) > 1
    ]
    old = [
        each
        for each in headers
        if row.index - each.last < (_FIRST_REACH if each.last == each.row else _HEADER_REACH)
        and not any(each.x0 < one.x1 and one.x0 < each.x1 for one in new)
    ]
    return old + new


def _continued(headers: list[_Header], row: Row, segment: Segment) -> frozenset[str]:
    """The parts of a head, with those of its first line if it has two."""
    above = [
        each.parts
        for each in headers
        if each.row == each.last == row.index - 1 and each.x0 < segment.box[2] and segment.box[0] < each.x1
    ]
    return parts_of(_tokens_in(row, segment.start, segment.end)).union(*above)


def _is_column(segment: Segment) -> bool:
    return not any(char.isdigit() for char in _PERCENT.sub("", segment.text))


def _in_row(row: Row, amounts: list[Amount], headers: list[_Header]) -> Iterable[RoledAmount]:
    of_rate = _of_rate(row, amounts)
    parts: frozenset[str] = frozenset()
    used: list[_Header] = []
    end = 0
    for number, amount in enumerate(amounts):
        own = _label_parts(row, end, amount.start)
        is_last = number == len(amounts) - 1
        if own:
            parts = own
        elif number == 0 and is_last:
            parts = parts_of([t for t in _tokens_in(row, amount.end, len(row.text)) if t.gap < 3.0][:3])
        end = amount.end
        header = _header_of(amount, headers)
        if amount in of_rate:
            yield RoledAmount(amount, "basis" if amount is of_rate[0] else "tax", 1.0)
        else:
            yield from _roled(amount, parts, header, bool(own), len(amounts) == 1)
        used += [header] if header else []
    for header in used:
        header.last = row.index


def _of_rate(row: Row, amounts: list[Amount]) -> tuple[Amount, ...]:
    """What a tax is on and what it comes to, if a row says both: "plus 7 % VAT on 168.22: 11.78"; else nothing."""
    if not 2 <= len(amounts) <= _MAX_OF_RATE or "tax" not in parts_of(_tokens_in(row, 0, amounts[-1].start)):
        return ()
    rates = [Decimal(match[1].replace(",", ".")) for match in _PERCENT.finditer(row.text)]
    for base, tax in pairwise(amounts):
        for rate in rates[:_MAX_OF_RATE]:
            if rate and tax.value and abs(base.value * rate / 100 - tax.value) <= _ROUNDING:
                return base, tax
    return ()


def _label_parts(row: Row, start: int, end: int) -> frozenset[str]:
    """The parts of what stands before an amount: of the nearest segment, if that says enough; else of all."""
    every = _tokens_in(row, start, end)[-_MAX_LABEL_TOKENS:]
    cut = next((number for number in range(len(every) - 1, 0, -1) if every[number].gap > SEGMENT_GAP), 0)
    nearest = parts_of(every[cut:]) if cut else frozenset()
    return nearest if role_of(nearest) in _SPECIFIC else parts_of(every)


def _roled(
    amount: Amount, parts: frozenset[str], header: _Header | None, is_next: bool, is_single: bool
) -> Iterable[RoledAmount]:
    role = role_of(parts)
    if _UNTOLD in parts or ("unit" in parts and role is None):
        return
    column = "net" if header and header.role == "basis" else header.role if header else ""
    if role in {"total", "sub", "basis"}:
        yield from _total(amount, role, column, 0.9 if is_next else 0.6, is_single)
    elif role == "tax" and column in {"net", "gross"} and not is_single:
        yield RoledAmount(amount, "basis" if column == "net" else "part", 0.6)
    elif role in _SPECIFIC:
        yield RoledAmount(amount, role, 1.0 if is_next else 0.8)
    elif header is not None and column in {"net", "tax", "gross", "due", "total", "sub", "prepaid"}:
        is_near = amount.row.index - header.last <= 2
        yield RoledAmount(amount, column, 0.3 + 0.25 * is_near + 0.15 * header.has_company)


def _total(amount: Amount, role: str, column: str, score: float, is_single: bool) -> Iterable[RoledAmount]:
    """A row of totals is told apart by its columns; a single total may stand below a column of the lines by chance."""
    if column not in {"net", "tax", "gross", "due"}:
        yield RoledAmount(amount, role, score)
    elif not is_single:
        yield RoledAmount(amount, column, 0.95)
    else:
        yield RoledAmount(amount, role, score)
        if role == "total" and column == "net":
            yield RoledAmount(amount, column, 0.6)


def _header_of(amount: Amount, headers: list[_Header]) -> _Header | None:
    """The header above the amount: the one that overlaps most."""
    x0, x1 = amount.box[0], amount.box[2]
    best, best_overlap = None, 0.0
    for header in headers:
        overlap = min(x1, header.x1) - max(x0, header.x0)
        if overlap > best_overlap:
            best, best_overlap = header, overlap
    return best


def _tokens_in(row: Row, start: int, end: int) -> list[Token]:
    return [token for token in row.tokens if start <= token.start and token.end <= end]
