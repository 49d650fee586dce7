"""Invoice arithmetic: lines that are multiplied, taxed and added up, and the way each country prints them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal


def cents(amount: Decimal) -> Decimal:
    """Round to two places, halves away from zero, as invoices do."""
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


@dataclass(frozen=True)
class Item:
    """One line of an invoice; the numbers are written as decimal strings."""

    description: str
    quantity: str
    unit: str
    price: str
    rate: str

    @property
    def amount(self) -> Decimal:
        """Quantity times price, before tax."""
        return cents(Decimal(self.quantity) * Decimal(self.price))


@dataclass(frozen=True)
class Totals:
    """What an invoice adds up to; the tax is computed once for each rate, on the sum of its lines."""

    items: Sequence[Item]

    @property
    def net(self) -> Decimal:
        """The sum of all lines before tax."""
        return sum((item.amount for item in self.items), Decimal(0))

    @property
    def taxes(self) -> dict[str, tuple[Decimal, Decimal]]:
        """For each rate in percent, the lowest first: what it is charged on, and the tax."""
        rates = sorted({item.rate for item in self.items}, key=Decimal)
        bases = {rate: sum((item.amount for item in self.items if item.rate == rate), Decimal(0)) for rate in rates}
        return {rate: (base, cents(base * Decimal(rate) / 100)) for rate, base in bases.items()}

    @property
    def tax(self) -> Decimal:
        """The tax of all rates."""
        return sum((tax for _, tax in self.taxes.values()), Decimal(0))

    @property
    def gross(self) -> Decimal:
        """What has to be paid."""
        return self.net + self.tax


@dataclass(frozen=True)
class Notation:
    """How a country writes numbers and money; `money` holds one pair of braces for the number."""

    thousands: str
    decimal: str
    money: str

    def number(self, number: Decimal | str) -> str:
        """Write a number with the digits it has."""
        signs = str.maketrans({",": self.thousands, ".": self.decimal})
        return f"{Decimal(number):,}".translate(signs)

    def amount(self, amount: Decimal) -> str:
        """Write a sum of money with its currency."""
        return self.money.format(self.number(cents(amount)))


def iban(country: str, account: str) -> str:
    """Give an invented account the check digits that make its IBAN formally valid, in groups of four."""
    digits = "".join(str(int(sign, 36)) for sign in f"{account}{country}00")
    number = f"{country}{98 - int(digits) % 97:02}{account}"
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))
