"""Which numbers of the rows are quantities, prices and amounts: by the headings, and by what multiplies to what."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from itertools import pairwise, permutations

import attrs

from docmill.documents.extraction.lines.figures import Figure
from docmill.documents.extraction.lines.header import AMOUNTS, Column
from docmill.documents.extraction.lines.vocabulary import Role

__all__ = ["Assignment", "Stack", "assign", "holds", "multiplies", "place_figures", "stack_figures", "stacks_below"]

_MAX_STACKS = 9
_MAX_ROWS = 60
"""Rows that are looked at to find out what a column is."""

_FARTHEST = 60.0
"""Points between a heading and the numbers below it that do not overlap."""

_BASES = (Decimal(100), Decimal(1000))
_CENT = Decimal("0.01")
_HUNDRED = Decimal(100)


@attrs.define
class Stack:
    """Numbers that stand above each other.

    Attributes:
        x0, x1: around them.
        figures: how many.
        percents: how many of them have a per cent sign.
        role: by the heading above; None if there is none.
    """

    x0: float
    x1: float
    figures: int = 1
    percents: int = 0
    role: Role | None = None


@attrs.frozen
class Assignment:
    """The places of the stacks that hold what is looked for; None where there is none.

    Attributes:
        quantity, price, amount: what multiplies.
        is_confirmed: whether it does, in rows where that says something.
    """

    quantity: int | None
    price: int | None
    amount: int | None
    is_confirmed: bool = False


def stack_figures(figures: Iterable[Figure]) -> list[Stack]:
    """Group numbers that overlap sideways, from left to right."""
    stacks: list[Stack] = []
    columnar = (figure for figure in figures if not figure.is_in_text or figure.is_money)
    for x0, x1, is_percent in sorted((figure.box[0], figure.box[2], figure.is_percent) for figure in columnar):
        if not stacks or min(stacks[-1].x1, x1) - x0 <= 0.3 * min(stacks[-1].x1 - stacks[-1].x0, x1 - x0):
            stacks.append(Stack(x0, x1, figures=0))
        stacks[-1].x1 = max(stacks[-1].x1, x1)
        stacks[-1].figures += 1
        stacks[-1].percents += is_percent
    return stacks


def stacks_below(columns: Sequence[Column], rows: Sequence[Sequence[Figure]]) -> list[Stack]:
    """Group the numbers below a heading, of the rows that have an amount if there are such; each has its role."""
    stacks = _named(columns, rows)
    amounts = [stack for stack in stacks if stack.role in AMOUNTS]
    with_amount = [row for row in rows if any(_is_in(stack, figure) for stack in amounts for figure in row)]
    return _named(columns, with_amount) if with_amount else stacks


def _named(columns: Sequence[Column], rows: Sequence[Sequence[Figure]]) -> list[Stack]:
    stacks = _join(stack_figures(figure for row in rows for figure in row), columns, rows[:_MAX_ROWS])
    name_stacks(stacks, columns)
    return stacks


def _join(stacks: Sequence[Stack], columns: Sequence[Column], rows: Sequence[Sequence[Figure]]) -> list[Stack]:
    """Make one of neighbours below the same heading that no row has both of.

    Units of different lengths behind right-aligned quantities keep these from overlapping: "1 ream" above "12 m".
    """
    together = {pair for row in rows for pair in pairwise(sorted(place_figures(stacks, row)))}
    joined: list[Stack] = []
    for place, stack in enumerate(stacks):
        before = joined[-1] if joined else None
        if before and (place - 1, place) not in together and _is_one_column(before, stack, columns):
            before.x1 = stack.x1
            before.figures += stack.figures
        else:
            joined.append(stack)
    return joined


def _is_one_column(one: Stack, other: Stack, columns: Sequence[Column]) -> bool:
    """Whether two stacks of numbers without a per cent sign stand below the same heading, and below no other one."""
    if one.percents or other.percents:
        return False
    above = [column for column in columns if min(column.x1, other.x1) > max(column.x0, one.x0)]
    return len(above) == 1 and min(above[0].x1, one.x1) > max(above[0].x0, one.x0) and above[0].x1 > other.x0


def _is_in(stack: Stack, figure: Figure) -> bool:
    return min(stack.x1, figure.box[2]) > max(stack.x0, figure.box[0])


def name_stacks(stacks: Sequence[Stack], columns: Sequence[Column]) -> None:
    """Give each stack the role of the heading that it stands under; one stack for each heading."""
    pairs = sorted(
        (_distance(stack, column), -stack.figures, place, which)
        for place, stack in enumerate(stacks)
        for which, column in enumerate(columns)
    )
    taken_stacks: set[int] = set()
    taken_columns: set[int] = set()
    for distance, _, place, which in pairs:
        if distance > _FARTHEST or place in taken_stacks or not _fits(stacks[place], columns[which]):
            continue
        taken_stacks.add(place)
        if which not in taken_columns:
            taken_columns.add(which)
            stacks[place].role = columns[which].role


def _fits(stack: Stack, column: Column) -> bool:
    """Per cents are neither quantities nor money."""
    is_percent = stack.percents * 2 > stack.figures
    return not is_percent or column.role not in {Role.QUANTITY, Role.PRICE, *AMOUNTS}


def _distance(stack: Stack, column: Column) -> float:
    """Points between them; below 0 if they overlap, the more the better they are aligned."""
    overlap = min(stack.x1, column.x1) - max(stack.x0, column.x0)
    if overlap <= 0:
        return -overlap
    return -overlap / max(min(stack.x1 - stack.x0, column.x1 - column.x0), 1.0)


def place_figures(stacks: Sequence[Stack], figures: Iterable[Figure]) -> dict[int, Figure]:
    """The figures of one row by the stack that they stand in."""
    placed: dict[int, Figure] = {}
    for figure in figures:
        overlap, place = max(
            (
                (min(stack.x1, figure.box[2]) - max(stack.x0, figure.box[0]), place)
                for place, stack in enumerate(stacks)
            ),
            default=(0.0, -1),
        )
        if overlap <= 0:
            continue
        before = placed.get(place)
        if before is None or (before.is_in_text and not figure.is_in_text):
            placed[place] = figure
    return placed


def assign(stacks: Sequence[Stack], rows: Sequence[dict[int, Figure]]) -> Assignment:
    """Find the columns of quantity, price and amount.

    What the headings say counts, unless the rows contradict it and another reading of them multiplies.
    """
    rows = rows[:_MAX_ROWS]
    said = _as_said(stacks, rows)
    if _confirmations(said, rows) * 2 >= max(_complete(said, rows), 1):
        return attrs.evolve(said, is_confirmed=True)
    found = _by_product(stacks, rows)
    return found or said


def _as_said(stacks: Sequence[Stack], rows: Sequence[dict[int, Figure]]) -> Assignment:
    quantity = _first(stacks, Role.QUANTITY)
    price = _first(stacks, Role.PRICE)
    choices = [place for role in (Role.NET, Role.AMOUNT, Role.GROSS) for place in _all(stacks, role)]
    if not choices:
        choices = _rightmost_money(rows, {quantity, price})
    if not choices and price is not None:
        return Assignment(quantity, None, price)
    amounts = [Assignment(quantity, price, place) for place in choices] or [Assignment(quantity, price, None)]
    return max(amounts, key=lambda choice: _confirmations(choice, rows))


def _first(stacks: Sequence[Stack], role: Role) -> int | None:
    return next(iter(_all(stacks, role)), None)


def _all(stacks: Sequence[Stack], role: Role) -> list[int]:
    """Those with the most figures first."""
    return sorted(
        (place for place, stack in enumerate(stacks) if stack.role is role), key=lambda place: -stacks[place].figures
    )


def _rightmost_money(rows: Sequence[dict[int, Figure]], taken: set[int | None]) -> list[int]:
    places = {place for row in rows for place, figure in row.items() if figure.is_money and place not in taken}
    return [max(places)] if places else []


def _by_product(stacks: Sequence[Stack], rows: Sequence[dict[int, Figure]]) -> Assignment | None:
    """The three columns that multiply in the most rows, and in most of the rows that have all three."""
    busiest = sorted(range(len(stacks)), key=lambda place: -stacks[place].figures)[:_MAX_STACKS]
    best: tuple[float, Assignment] | None = None
    for quantity, price, amount in permutations(busiest, 3):
        choice = Assignment(quantity, price, amount, is_confirmed=True)
        held = _telling(choice, rows)
        if held == 0 or held * 2 < _complete(choice, rows):
            continue
        score = held + _plausibility(choice, stacks, rows)
        if best is None or score > best[0]:
            best = (score, choice)
    return best[1] if best else None


def _plausibility(choice: Assignment, stacks: Sequence[Stack], rows: Sequence[dict[int, Figure]]) -> float:
    """Below 1: what decides between readings that multiply equally well."""
    quantity, price, amount = choice.quantity, choice.price, choice.amount
    assert quantity is not None and price is not None and amount is not None  # noqa: PT018
    whole = _share(rows, quantity, lambda figure: figure.has_unit or figure.decimals == 0 or figure.value % 1 == 0)
    money = _share(rows, price, lambda figure: figure.is_money) + _share(rows, amount, lambda figure: figure.is_money)
    said = sum(
        stacks[place].role in roles
        for place, roles in ((quantity, {Role.QUANTITY}), (price, {Role.PRICE}), (amount, AMOUNTS))
    )
    return 0.15 * whole + 0.1 * money + 0.1 * said + 0.05 * (quantity < price) + 0.1 * (price < amount)


def _share(rows: Sequence[dict[int, Figure]], place: int, test: Callable[[Figure], bool]) -> float:
    figures = [row[place] for row in rows if place in row]
    return sum(map(test, figures)) / max(len(figures), 1)


def _complete(choice: Assignment, rows: Sequence[dict[int, Figure]]) -> int:
    wanted = (choice.quantity, choice.price, choice.amount)
    return sum(all(place in row for place in wanted) for row in rows)


def _confirmations(choice: Assignment, rows: Sequence[dict[int, Figure]]) -> int:
    return sum(holds(choice, row) for row in rows)


def _telling(choice: Assignment, rows: Sequence[dict[int, Figure]]) -> int:
    """Rows that hold although neither factor is one, or nought."""
    return sum(
        holds(choice, row) and not {row[place].value for place in (choice.quantity, choice.price)} & {0, 1}  # type: ignore[index]
        for row in rows
    )


def holds(choice: Assignment, row: dict[int, Figure]) -> bool:
    """Whether a row has all three, and they multiply."""
    if choice.quantity is None or choice.price is None or choice.amount is None:
        return False
    figures = [row.get(place) for place in (choice.quantity, choice.price, choice.amount)]
    quantity, price, amount = figures
    if (
        quantity is None
        or price is None
        or amount is None
        or quantity.is_percent
        or price.is_percent
        or amount.is_percent
    ):
        return False
    others = [figure for figure in row.values() if not any(figure is known for known in figures)]
    return multiplies(quantity, price, amount, others)


def multiplies(quantity: Figure, price: Figure, amount: Figure, others: Sequence[Figure] = ()) -> bool:
    """Whether a quantity at a price comes to an amount, within what rounding the price leaves open.

    Args:
        quantity: of one row.
        price: of the same row, as the rest.
        amount: what they should come to.
        others: what else stands in the row: a discount, or how many units the price is for.
    """
    product = abs(quantity.value * price.value)
    wanted = abs(amount.value)
    slack = abs(quantity.value) * _half_digit(price) + _half_digit(amount) + _CENT / 2
    if quantity.decimals:
        slack += abs(price.value) * _half_digit(quantity)
    slack = min(slack, max(_CENT, wanted / 100))
    if abs(product - wanted) <= slack:
        return True
    if quantity.value >= _BASES[0] and any(abs(product / base - wanted) <= slack for base in _BASES):
        return True
    return any(abs(reduced - wanted) <= slack for reduced in _reduced(product, quantity.value, others))


def _half_digit(figure: Figure) -> Decimal:
    """Half of the last digit that is printed: how far off a rounded number may be."""
    return Decimal(5).scaleb(-figure.decimals - 1) if figure.decimals else Decimal(0)


def _reduced(product: Decimal, quantity: Decimal, others: Sequence[Figure]) -> Iterable[Decimal]:
    for figure in others:
        if figure.is_percent and 0 < abs(figure.value) < _HUNDRED:
            yield product * (1 - abs(figure.value) / _HUNDRED)
        elif not figure.is_percent and figure.is_money and 0 < abs(figure.value) < product:
            yield product - abs(figure.value)
            yield product - abs(figure.value * quantity)
            yield product * (1 - abs(figure.value) / _HUNDRED)
        elif figure.value in _BASES or (figure.decimals == 0 and 1 < figure.value <= _BASES[0]):
            yield product / figure.value
            yield product * (1 - figure.value / _HUNDRED)
