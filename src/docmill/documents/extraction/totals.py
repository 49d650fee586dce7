"""The totals of an invoice: those that are called so and add up."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import product

import attrs

from docmill.documents.extraction.amount_roles import RoledAmount
from docmill.documents.extraction.money import Amount

__all__ = ["Total", "Totals", "find_totals", "likely"]

_MAX_CHOICES = 10
_MAX_TAXES, _MAX_RATES = 40, 5
_BY_COLUMN, _CLEAR = 0.5, 0.8
_CENT = Decimal("0.01")
_GROSS = {"gross": 1.0, "total": 0.75, "due": 0.72, "sub": 0.2}
_NET = {"net": 1.0, "sub": 0.6, "total": 0.35, "basis": 0.3, "gross": 0.05}
_TAX = {"tax": 1.0}


@attrs.frozen(eq=False)
class Total:
    """One of the totals.

    Attributes:
        value: how much.
        amount: where it is printed; None if it is the sum of others.
        confidence: 0 to 1.
        summands: those others, at least two of them.
    """

    value: Decimal
    amount: Amount | None
    confidence: float
    summands: tuple[Amount, ...] = ()


@attrs.frozen(kw_only=True)
class Totals:
    """The totals that were found; None for those that were not."""

    net: Total | None = None
    tax: Total | None = None
    gross: Total | None = None
    due: Total | None = None


@attrs.frozen
class _Choice:
    value: Decimal
    score: float
    amount: Amount | None
    summands: tuple[Amount, ...] = ()


@attrs.frozen
class _Triple:
    gross: _Choice
    net: _Choice | None
    tax: _Choice | None
    score: float
    adds_up: bool


def find_totals(roled: Sequence[RoledAmount], every: Sequence[Amount] = ()) -> Totals:
    """Choose net, tax, gross and due so that what they are called and what they add up to fit best.

    Args:
        roled: amounts that are called something.
        every: all amounts of the document: what is missing may be printed without a name.
    """
    gross = _choices(roled, _GROSS)
    if not gross:
        return _without_gross(roled)
    extras = [each.amount.value for each in roled if each.role in {"allowance", "charge"}][:_MAX_CHOICES]
    nets = _choices(roled, _NET)
    taxes = _with_sums(roled, _choices(roled, _TAX), {g.value - n.value for g in gross for n in nets})
    largest = max(abs(choice.value) for choice in gross) or Decimal(1)
    triples = [
        _weigh(g, n, t, extras, largest)
        for g, n, t in product(gross, [None, *nets], [None, *taxes])
        if n is None or t is None or n.amount is not t.amount
    ]
    best = max(triples, key=lambda triple: triple.score)
    net, tax = best.net, best.tax
    if tax is not None and tax.value == 0 and net is None:
        net = _Choice(best.gross.value, 0.6, best.gross.amount)
    elif tax is not None and net is None and tax.score >= _CLEAR:
        net = _unnamed(best.gross.value - tax.value, every)
    elif net is not None and tax is None and net.score >= _CLEAR and net.value != best.gross.value:
        tax = _unnamed(best.gross.value - net.value, every)
    bonus = 0.15 if best.adds_up else 0.0
    return Totals(
        gross=_total(best.gross, bonus),
        net=_total(net, bonus),
        tax=_total(tax, bonus),
        due=_due(roled, best.gross),
    )


def _without_gross(roled: Sequence[RoledAmount]) -> Totals:
    net, tax = _choices(roled, {"net": 1.0}), _choices(roled, _TAX)
    return Totals(net=_total(net[0], 0.0) if net else None, tax=_total(tax[0], 0.0) if tax else None)


def _choices(roled: Sequence[RoledAmount], weights: dict[str, float]) -> list[_Choice]:
    """Values that may be it, the best ones; one that is printed several times is more likely, and so is a later one."""
    best: dict[Decimal, _Choice] = {}
    for number, each in enumerate(roled):
        if each.role not in weights:
            continue
        value = each.amount.value
        score = weights[each.role] * each.score + 0.1 * number / len(roled)
        before = best.get(value)
        if before is not None:
            score = max(score, before.score) + 0.03
        amount = each.amount if before is None or score > before.score + 0.03 else before.amount
        best[value] = _Choice(value, score, amount)
    return sorted(best.values(), key=lambda choice: -choice.score)[:_MAX_CHOICES]


def _with_sums(roled: Sequence[RoledAmount], taxes: list[_Choice], wanted: set[Decimal]) -> list[_Choice]:
    """Taxes of several rates may be printed without their sum: runs of them that come to what is wanted."""
    every = [each.amount for each in roled if each.role == "tax" and each.score >= _CLEAR][:_MAX_TAXES]
    known = {choice.value for choice in taxes}
    sums: dict[Decimal, tuple[Amount, ...]] = {}
    for first in range(len(every)):
        for last in range(first + 2, min(first + 2 + _MAX_RATES, len(every) + 1)):
            run = tuple(every[first:last])
            value = sum((amount.value for amount in run), Decimal(0))
            if value in wanted and value not in known:
                sums.setdefault(value, run)
    return [*taxes, *(_Choice(value, 0.5, None, run) for value, run in sorted(sums.items(), key=lambda each: each[0]))]


def _unnamed(value: Decimal, every: Sequence[Amount]) -> _Choice | None:
    amount = next((each for each in reversed(every) if each.value == value), None)
    return None if amount is None else _Choice(value, 0.6, amount)


def _weigh(
    gross: _Choice, net: _Choice | None, tax: _Choice | None, extras: list[Decimal], largest: Decimal
) -> _Triple:
    """How well three amounts fit. Rates may be summed up row by row: what adds up and is largest is the sum of all."""
    score = gross.score + (net.score if net else 0.0) + (tax.score if tax else 0.0)
    adds_up = False
    if net and tax:
        rest = gross.value - net.value - tax.value
        adds_up = abs(rest) <= _CENT
        if adds_up:
            score += (1.6 if tax.value else 1.2) + 0.6 * float(abs(gross.value) / largest)
        elif any(abs(abs(rest) - abs(extra)) <= _CENT for extra in extras if extra):
            score += 0.9
        else:
            score -= 0.9
    elif net:
        is_less = abs(net.value) < abs(gross.value) and net.score >= _CLEAR
        score += 0.3 if net.value == gross.value else -0.1 if is_less else -1.0
        score -= 0.75 if net.amount is gross.amount else 0.0
    elif tax:
        score -= 1.0 if abs(tax.value) >= abs(gross.value) or tax.score < _CLEAR else 0.0
    return _Triple(gross, net, tax, score, adds_up)


def _total(choice: _Choice | None, bonus: float) -> Total | None:
    if choice is None:
        return None
    return Total(choice.value, choice.amount, max(0.3, min(0.99, choice.score * 0.8 + bonus)), choice.summands)


def _due(roled: Sequence[RoledAmount], gross: _Choice) -> Total | None:
    """What is left to pay: as it is called; else the gross total less what is paid, which is all of it as a rule."""
    named = [each for each in roled if each.role == "due" and each.score > _BY_COLUMN]
    paid = {each.amount.value for each in roled if each.role == "prepaid"}
    if named:
        left = {gross.value} | {gross.value - abs(each) for each in paid}
        fitting = [each for each in named if each.amount.value in left]
        best = max(fitting or named, key=lambda each: (each.score, each.amount.row.index))
        return Total(best.amount.value, best.amount, 0.95 if fitting else 0.7)
    return Total(gross.value, gross.amount, min(0.85, gross.score * 0.7))


def likely(amounts: Iterable[Amount]) -> list[Amount]:
    """Those that look like money; all of them in a document whose currency has no cents."""
    every = list(amounts)
    clear = [amount for amount in every if amount.is_likely]
    return clear if len(clear) >= 2 else every
