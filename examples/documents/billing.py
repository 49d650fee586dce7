"""One plain invoice layout for the examples in which something is hidden or wrong; every name is invented.

What is printed comes from a `Bill`, and so does the electronic invoice that goes with it, so that an example says
in one place where the two part.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from amounts import Item, Notation, Totals
from sheet import Align, Column, Sheet, Style, TableLook

BODY = Style()
BOLD = BODY.but(font="Helvetica-Bold")
SMALL = BODY.but(size=7.5, color="#5b6470")


@dataclass(frozen=True)
class Wording:
    """What is printed around the values, and how dates are written."""

    title: str
    number: str
    issued: str
    due: str
    buyer: str
    columns: tuple[str, str, str, str]
    net: str
    tax: str
    gross: str
    payment: str
    vat: str
    date: Callable[[date], str]


ENGLISH = Wording(
    title="Invoice",
    number="Invoice number",
    issued="Invoice date",
    due="Due date",
    buyer="Bill to",
    columns=("Description", "Quantity", "Unit price", "Amount"),
    net="Net total",
    tax="VAT {} %",
    gross="Total amount",
    payment="Please pay by bank transfer to",
    vat="VAT ID",
    date=lambda day: f"{day.day} {day:%B %Y}",
)
GERMAN = Wording(
    title="Rechnung",
    number="Rechnungsnummer",
    issued="Rechnungsdatum",
    due="Zahlbar bis",
    buyer="Rechnungsempfänger",
    columns=("Bezeichnung", "Menge", "Einzelpreis", "Betrag"),
    net="Nettobetrag",
    tax="Umsatzsteuer {} %",
    gross="Gesamtbetrag",
    payment="Bitte überweisen Sie auf das Konto",
    vat="USt-IdNr.",
    date=lambda day: f"{day:%d.%m.%Y}",
)


@dataclass(frozen=True)
class Company:
    """A seller or a buyer: its name, street, post code, town, country code and VAT id."""

    name: str
    street: str
    postcode: str
    town: str
    country: str
    vat: str

    @property
    def address(self) -> list[str]:
        """As it stands on a letter."""
        return [self.name, self.street, f"{self.postcode} {self.town}"]


@dataclass(frozen=True)
class Bill:
    """An invoice before it is printed; `printed_gross` is what stands on the paper, if that is something else."""

    wording: Wording
    notation: Notation
    currency: str
    accent: str
    number: str
    issued: date
    due: date
    seller: Company
    buyer: Company
    iban: str
    items: Sequence[Item]
    printed_gross: Decimal | None = None

    @property
    def totals(self) -> Totals:
        """What the lines add up to."""
        return Totals(self.items)


def print_bill(bill: Bill, electronic: bytes | None = None) -> bytes:
    """Print a bill on one page, and embed the electronic invoice that goes with it."""
    words = bill.wording
    sheet = Sheet(f"{words.title} {bill.number}", bill.seller.name)
    sheet.box(0, 0, sheet.width, 10, fill=bill.accent)
    sheet.text(56, 66, bill.seller.name, BOLD.but(size=15, color=bill.accent))
    sheet.text(56, 82, f"{bill.seller.street} · {bill.seller.postcode} {bill.seller.town}", SMALL.but(size=8.5))
    sheet.text(539, 66, words.title, BODY.but(size=22), "right")

    sheet.text(56, 132, words.buyer, SMALL.but(size=8))
    sheet.lines(56, 148, bill.buyer.address, BODY.but(size=10), 14)
    facts = {
        words.number: bill.number,
        words.issued: words.date(bill.issued),
        words.due: words.date(bill.due),
    }
    sheet.lines(360, 132, facts.keys(), SMALL.but(size=9), 16)
    sheet.lines(539, 132, facts.values(), BODY.but(size=10), 16, "right")

    y = _print_sums(sheet, bill, _print_items(sheet, bill, 226) + 28)
    sheet.lines(56, y + 40, [words.payment, f"IBAN {bill.iban}"], BODY, 15)
    sheet.rule(56, 776, 539)
    sheet.text(297, 791, f"{bill.seller.name} · {words.vat} {bill.seller.vat}", SMALL.but(size=8), "center")
    if electronic is not None:
        sheet.attach("factur-x.xml", electronic)
    return sheet.finish()


def _print_items(sheet: Sheet, bill: Bill, y: float) -> float:
    edges: tuple[tuple[float, Align], ...] = ((62, "left"), (365, "right"), (452, "right"), (533, "right"))
    columns = [Column(title, x, align) for title, (x, align) in zip(bill.wording.columns, edges, strict=True)]
    rows = [
        (
            item.description,
            f"{bill.notation.number(item.quantity)} {item.unit}",
            bill.notation.number(item.price),
            bill.notation.number(item.amount),
        )
        for item in bill.items
    ]
    look = TableLook(56, 539, BOLD.but(size=9), BODY, row=24, head_fill="#eef0f3")
    return sheet.table(y, columns, rows, look)


def _print_sums(sheet: Sheet, bill: Bill, y: float) -> float:
    sums = [(bill.wording.net, bill.totals.net)]
    sums += [(bill.wording.tax.format(bill.notation.number(rate)), tax) for rate, (_, tax) in bill.totals.taxes.items()]
    for label, amount in sums:
        sheet.text(350, y, label, BODY)
        sheet.text(533, y, bill.notation.amount(amount), BODY, "right")
        y += 18
    sheet.rule(350, y - 8, 539, bill.accent, 1.2)
    gross = bill.totals.gross if bill.printed_gross is None else bill.printed_gross
    sheet.text(350, y + 9, bill.wording.gross, BOLD.but(size=11))
    sheet.text(533, y + 9, bill.notation.amount(gross), BOLD.but(size=11), "right")
    return y + 9
