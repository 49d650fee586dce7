"""The number of an invoice, its dates, its currency, and the account it is paid to."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeVar

import attrs

from docmill.documents.einvoice.checks import is_iban_valid
from docmill.documents.extraction.association import Item, Match, associate
from docmill.documents.extraction.currencies import CODES, code_of
from docmill.documents.extraction.dates import DateMatch, Order, order_of
from docmill.documents.extraction.evidence import Evidence
from docmill.documents.extraction.identifiers import Identifier, after_label
from docmill.documents.extraction.labels import Label
from docmill.documents.extraction.layout import Row
from docmill.documents.extraction.money import Amount
from docmill.documents.extraction.references import Reference
from docmill.documents.values import Value

__all__ = ["Dates", "find_currency", "find_dates", "find_iban", "find_number", "value_at"]

_AFTER_NUMBER = re.compile(
    r"[\s,.:(\-/|]*(?:(?:vom|von|du|of|del|de|dated|date|from|van|av|fra|dal|le|den|am|datum|fecha|data|z dnia|on|"
    r"pvm|ze dne|di|of date|datert|datiert)\b)?[\s.:]*",
    re.IGNORECASE,
)
_AMERICAN = re.compile(r"\b(?:USA|United States|U\.S\.A\.|[A-Z]{2},? \d{5}(?:-\d{4})?)(?!\w)")
_CODE = re.compile(r"(?<![A-Za-z])(" + "|".join(sorted(CODES)) + r")(?![A-Za-z])")
_ACCOUNT = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{8,30}")
_DATE_ROLES = ("due_date", "issue_date", "other_date", "due_date_weak", "issue_date_weak")
_DISCOUNT = ("skonto", "escompte", "discount", "sconto", "descuento", "korting", "rabat")
_NUMBER_ROLES = frozenset({"number", "number_weak", "number_bare"})
_BARE = frozenset({"number_bare"})
_OTHER = frozenset({"other_number"})
_ISSUE_DATE = frozenset({"issue_date", "issue_date_weak"})
T = TypeVar("T", bound=Item)


@attrs.frozen(kw_only=True)
class Dates:
    """The dates of a document; None for one that was not found."""

    issue: Value | None
    due: Value | None


def value_at(item: Item, value: str, confidence: float, valid: bool | None = None) -> Value:
    """A value with the place it was found at."""
    row = item.row
    sureness = confidence * row.confidence_between(item.start, item.end)
    return Value(
        value=value,
        raw=" ".join(row.text[item.start : item.end].split()),
        page=row.page,
        bbox=item.box,
        confidence=max(0.0, min(1.0, sureness)),
        source=row.source,
        valid=valid,
    )


def find_number(evidence: Evidence, *, is_bill: bool) -> tuple[Value | None, list[Match[Reference]]]:
    """The number of the invoice, and which reference belongs to which label.

    Args:
        evidence: of the document.
        is_bill: whether "Number" next to "Date" is the number of an invoice, since the document is one.
    """
    labels = [
        label
        for label in evidence.labelled("number", "number_weak", "other_number", "number_bare")
        if label.roles != _BARE or (is_bill and (_is_beside_date(label, evidence) or _is_on_date(label, evidence)))
    ]
    matches = associate(labels, evidence.references, evidence.rows)
    best: tuple[float, Match[Reference]] | None = None
    counts = Counter(match.item.value for match in matches if match.label.roles & _NUMBER_ROLES)
    for match in matches:
        score = _number_score(match) + 0.04 * min(counts[match.item.value] - 1, 3)
        score -= 0.02 * (match.item.row.page - 1) + 0.0005 * match.item.row.index
        if score > 0.4 and (best is None or score > best[0]):
            best = score, match
    if best is None:
        return None, matches
    item = best[1].item
    return value_at(item, item.value, min(0.98, best[0])), matches


def _number_score(match: Match[Reference]) -> float:
    roles, item = match.label.roles, match.item
    digits = sum(char.isdigit() for char in item.value)
    if "number" in roles:
        return match.score if digits > 1 or len(item.value) < 6 else match.score - 0.2
    if "number_bare" in roles:
        return match.score if digits > 1 else 0.0
    if "number_weak" not in roles:
        return 0.0
    between = item.row.text[match.label.end : item.start] if item.row is match.label.row else ":"
    is_close = len(between.strip(" :.#-")) == 0 and item.row is match.label.row
    is_year = bool(re.fullmatch(r"(?:19|20)\d\d", item.value))
    if (
        (digits < 3 and len(item.value) < 6)
        or is_year
        or not (match.label.opens or is_close)
        or not (is_close or match.label.stands_alone)
    ):
        return 0.0
    return match.score - (0.0 if is_close else 0.1)


def _is_beside_date(label: Label, evidence: Evidence) -> bool:
    """Among the heads of a document's own columns, "Number" next to "Date" is the number of the document.

    The table of its lines may have a number and a date as well, but also heads that are labels of no field.
    """
    row = label.row
    heads = {each.start: each.roles for each in evidence.labels_of(row) if each.opens and each.closes}
    right = [heads.get(segment.start, frozenset()) for segment in row.segments if segment.start > label.start]
    is_dated = any(roles & _ISSUE_DATE for roles in heads.values())
    return label.start in heads and is_dated and all(right)


def _is_on_date(label: Label, evidence: Evidence) -> bool:
    """Whether the label right above or below is that of the date, unless a head says that both are of an order."""

    def beside(distance: int, roles: frozenset[str]) -> bool:
        index = label.row.index + distance
        labels = evidence.labels_of(evidence.rows[index]) if 0 <= index < len(evidence.rows) else ()
        return any(
            each.roles & roles
            and each.opens
            and each.row.page == label.row.page
            and abs(each.box[0] - label.box[0]) < label.row.height
            for each in labels
        )

    is_dated = beside(-1, _ISSUE_DATE) or beside(1, _ISSUE_DATE)
    return label.opens and is_dated and not any(beside(-steps, _OTHER) for steps in (1, 2))


def find_dates(evidence: Evidence, numbers: Sequence[Match[Reference]], language: str | None) -> Dates:
    """The day of issue and the day it is due."""
    every = [each for dates in evidence.dates.values() for each in dates]
    is_american = any(_AMERICAN.search(row.text) for row in evidence.rows)
    order = order_of(every, language, is_american)
    labels = evidence.labelled("issue_date", "issue_date_weak", "due_date", "due_date_weak", "other_date")
    matches = associate(labels, evidence.dates, evidence.rows)
    scored: dict[int, tuple[str, float]] = {}
    for match in matches:
        scored[id(match.item)] = _role(match, evidence), match.score
    for date, role in _behind_numbers(evidence, numbers):
        if scored.get(id(date), ("", 0.0))[1] < 0.9:
            scored[id(date)] = role, 0.9
    issue = _best(every, scored, {"issue_date": 1.0, "issue_date_weak": 0.9}, order)
    due = _best(every, scored, {"due_date": 1.0, "due_date_weak": 1.0}, order)
    return Dates(issue=issue or _at_the_top(every, scored, order), due=due)


def _role(match: Match[DateMatch], evidence: Evidence) -> str:
    label = match.label
    before = label.row.text[max(0, label.start - 40) : label.start].lower()
    role = next(each for each in _DATE_ROLES if each in label.roles)
    if role.startswith("due_date"):
        ranges = any(
            each is not match.item and 0 <= label.start - each.end <= 3
            for each in evidence.dates.get(label.row.index, ())
        )
        return "other_date" if ranges or any(word in before for word in _DISCOUNT) else role
    return role


def _behind_numbers(evidence: Evidence, numbers: Sequence[Match[Reference]]) -> Iterable[tuple[DateMatch, str]]:
    """``Invoice 4711 of 9 November``: the date says when the thing before it was issued."""
    for match in numbers:
        item = match.item
        following = next((each for each in evidence.dates.get(item.row.index, ()) if each.start >= item.end), None)
        if following and _is_behind(item, following):
            yield following, "issue_date" if match.label.roles & _NUMBER_ROLES else "other_date"
        elif following is None and match.label.roles & _NUMBER_ROLES:
            yield from _on_the_next_row(evidence, item)


def _is_behind(item: Reference, date: DateMatch) -> bool:
    between = item.row.text[item.end : date.start]
    linked = any(char.isalpha() for char in between) or "  " not in between
    return linked and _AFTER_NUMBER.fullmatch(between) is not None


def _on_the_next_row(evidence: Evidence, item: Reference) -> Iterable[tuple[DateMatch, str]]:
    following = evidence.dates.get(item.row.index + 1, ())
    for date in following[:1]:
        before = date.row.text[: date.start]
        if before.strip() and _AFTER_NUMBER.fullmatch(before) and date.row.page == item.row.page:
            yield date, "issue_date"


def _best(
    dates: list[DateMatch], scored: dict[int, tuple[str, float]], weights: dict[str, float], order: Order
) -> Value | None:
    best: tuple[float, DateMatch] | None = None
    for date in dates:
        role, score = scored.get(id(date), ("", 0.0))
        score = score * weights.get(role, 0.0) - 0.02 * (date.row.page - 1)
        if score > 0.35 and (best is None or score > best[0] + 0.02):
            best = score, date
    return None if best is None else _date(best[1], order, best[0])


def _at_the_top(dates: list[DateMatch], scored: dict[int, tuple[str, float]], order: Order) -> Value | None:
    """A date without a label in the upper half of the first page, alone or after a place: "Berlin, 24 January 2014"."""
    for date in dates:
        segment = date.row.segment_at(date.start)
        rest = len(segment.text) - (date.end - date.start)
        is_high = date.row.page == 1 and date.row.box[1] < 0.5 * date.row.page_height
        if is_high and id(date) not in scored and rest < 25:
            return _date(date, order, 0.5)
    return None


def _date(date: DateMatch, order: Order, score: float) -> Value:
    return value_at(date, date.day(order).isoformat(), min(0.98, score) * (1.0 if date.is_certain else 0.9))


def find_iban(evidence: Evidence) -> Value | None:
    """The account that an invoice is paid to: the first one that is called so, or else the first one."""
    every = [each for ibans in evidence.ibans.values() for each in ibans]
    matches = associate(evidence.labelled("iban"), evidence.ibans, evidence.rows)
    called = [match.item for match in matches]
    if called:
        first = min(called, key=lambda each: (each.row.index, each.start))
        return _account(first, 0.97)
    if every:
        return _account(every[0], 0.85)
    for label in evidence.labelled("iban"):
        found = after_label(label.row, label.end, least=12, most=34)
        if found and _ACCOUNT.fullmatch(found.value):
            return _account(found, 0.6)
    return None


def _account(found: Identifier, confidence: float) -> Value:
    return value_at(found, found.value, confidence, is_iban_valid(found.value))


@attrs.frozen(eq=False)
class _Sign:
    row: Row
    start: int
    end: int
    box: tuple[float, float, float, float]


def find_currency(
    evidence: Evidence, totals: Sequence[Amount], language: str | None, is_business: bool
) -> Value | None:
    """The currency: as it is named, else by the signs beside the totals, else by those beside amounts in general.

    Args:
        evidence: of the document.
        totals: the amounts that are its totals.
        language: of the document.
        is_business: whether it is a document of business: sums that others tell of are not in a currency of theirs.
    """
    for label in evidence.labelled("currency"):
        match = _CODE.search(label.row.text, label.end)
        if match and match.start() - label.end < 12:
            return _currency(label.row, match.start(), match.end(), match[1], 0.97)
    beside = Counter(code for amount in totals if (code := code_of(amount.sign, language)))
    votes: Counter[str] = Counter()
    places: dict[str, tuple[Row, int, int]] = {}
    for row in evidence.rows:
        for code, start, end, weight in _signs(evidence, row, language):
            if code in beside or not beside:
                votes[code] += weight
                places.setdefault(code, (row, start, end))
    if not votes or not is_business:
        return None
    code = max(votes, key=lambda each: (beside[each], votes[each]))
    return _currency(*places[code], code, 0.5 + 0.45 * votes[code] / votes.total())


def _signs(evidence: Evidence, row: Row, language: str | None) -> Iterable[tuple[str, int, int, int]]:
    for amount in evidence.amounts.get(row.index, ()):
        code = code_of(amount.sign, language) if amount.sign else None
        if code:
            yield code, amount.start, amount.end, 2
    for match in _CODE.finditer(row.text):
        yield match[1], match.start(), match.end(), 1
    for char in "€£₹":
        position = row.text.find(char)
        if position >= 0:
            yield code_of(char) or "", position, position + 1, 1


def _currency(row: Row, start: int, end: int, code: str, confidence: float) -> Value:
    return value_at(_Sign(row, start, end, row.box_between(start, end)), code, confidence)
