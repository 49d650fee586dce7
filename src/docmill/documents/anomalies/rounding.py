"""How far numbers that were rounded may be from what they should come to."""

from decimal import Decimal

__all__ = ["product_tolerance", "sum_tolerance"]

_CENT = Decimal("0.01")


def sum_tolerance(count: int) -> Decimal:
    """Of a sum: two cents, and one more for each of its parts that was rounded on its own."""
    return (2 + count) * _CENT


def product_tolerance(quantity: Decimal, price: Decimal, base_quantity: Decimal = Decimal(1)) -> Decimal:
    """Of quantity x price: two cents, and what half a unit in the last place of either factor makes.

    A factor without places behind the decimal point is taken as exact: three pieces are three.
    """
    rounding = abs(price) * _half_unit(quantity) + abs(quantity) * _half_unit(price)
    return sum_tolerance(0) + rounding / abs(base_quantity)


def _half_unit(factor: Decimal) -> Decimal:
    exponent = int(factor.as_tuple().exponent)
    return Decimal(5).scaleb(exponent - 1) if exponent < 0 else Decimal(0)
