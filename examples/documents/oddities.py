"""Invoices in which something is hidden or wrong, a text document and the photo of a receipt; all of it invented."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from amounts import Item, Notation, Totals, iban
from billing import ENGLISH, GERMAN, Bill, Company, print_bill
from electronic import cross_industry_invoice
from sheet import Sheet, Style

EURO = Notation(".", ",", "{} €")
IRISH = Notation(",", ".", "EUR {}")
POUND = Notation(",", ".", "£{}")

WEAVERS = Company("Tidewrack Weavers Ltd", "Quay House, Selkie Lane", "ZQ7 4RT", "Thornmouth", "GB", "GB 999 9999 73")
GALLERY = Company("Pellbrook Gallery", "21 Candle Street", "WM2 5HD", "Wexmarsh", "GB", "GB 888 8888 53")
TYPEFOUNDRY = Company("Kettwig & Aulbach Schriftguss GmbH", "Setzergasse 3", "99994", "Bleifeld", "DE", "DE900910014")
PUBLISHER = Company("Verlag Stille Post eG", "Lindenhof 8", "99993", "Papenau", "DE", "DE900910006")
BOATYARD = Company("Corrib Bay Boatyard Ltd", "Slip Road", "Z99 X4Y5", "Ballynore", "IE", "IE9990000E")
FERRY = Company("Inish Ferries Teoranta", "The Pier", "Z98 A1B2", "Kilcarna", "IE", "IE9990001G")

WOVEN = Bill(
    wording=ENGLISH,
    notation=POUND,
    currency="GBP",
    accent="#37566f",
    number="TW-0881",
    issued=date(2025, 6, 2),
    due=date(2025, 7, 2),
    seller=WEAVERS,
    buyer=GALLERY,
    iban=iban("GB", "TEST00000087654321"),
    items=[
        Item("Wall hanging, undyed wool, 120 x 180 cm", "2", "pcs", "640.00", "20"),
        Item("Woven bench cover, blue and sand", "6", "pcs", "58.50", "20"),
        Item("Mounting rail, ash, 125 cm", "2", "pcs", "44.00", "20"),
        Item("Hanging and lighting on site", "5", "hours", "38.00", "20"),
    ],
)
CAST = Bill(
    wording=GERMAN,
    notation=EURO,
    currency="EUR",
    accent="#7a3b2e",
    number="KA-25-0119",
    issued=date(2025, 5, 12),
    due=date(2025, 6, 11),
    seller=TYPEFOUNDRY,
    buyer=PUBLISHER,
    iban=iban("DE", "900900900087654321"),
    items=[
        Item("Bleisatz „Märzwind“, 10 Punkt, Minimum", "2", "Satz", "385.00", "19"),
        Item("Initialen, 36 Punkt, 26 Stück", "1", "Satz", "214.60", "19"),
        Item("Messinglinien, 2 Punkt", "12", "m", "18.75", "19"),
    ],
)
MOORED = Bill(
    wording=ENGLISH,
    notation=IRISH,
    currency="EUR",
    accent="#1f6f6b",
    number="CB-3307",
    issued=date(2025, 3, 20),
    due=date(2025, 4, 19),
    seller=BOATYARD,
    buyer=FERRY,
    iban=iban("IE", "TEST00000012345678"),
    items=[
        Item("Haul-out and pressure wash, MV Solan", "1", "pcs", "920.00", "23"),
        Item("Antifouling, two coats", "38", "litres", "41.20", "23"),
        Item("Zinc anodes, hull and shaft", "14", "pcs", "27.35", "23"),
        Item("Shipwright, replanking of the port bow", "26", "hours", "56.00", "23"),
    ],
)


def wrong_total() -> bytes:
    """The printed total has two digits the wrong way round: the lines and the tax add up to £2,290.80."""
    return print_bill(replace(WOVEN, printed_gross=Decimal("2920.80")))


def wrong_iban() -> bytes:
    """One digit of the IBAN is another one, as somebody who diverts a payment or a typing error leaves it."""
    return print_bill(replace(WOVEN, number="TW-0894", iban=WOVEN.iban[:-1] + "7", items=WOVEN.items[:3]))


def wrong_dates() -> bytes:
    """It was due a month before it was issued."""
    return print_bill(replace(WOVEN, number="TW-0902", due=date(2025, 5, 2), items=WOVEN.items[1:]))


def hybrid() -> bytes:
    """A PDF with the same invoice as XML inside: paper and file agree."""
    return print_bill(CAST, cross_industry_invoice(CAST))


def hybrid_that_differs() -> bytes:
    """The same, but the XML charges 62 hours where the paper says 26, and so asks for more."""
    *goods, work = MOORED.items
    return print_bill(MOORED, cross_industry_invoice(replace(MOORED, items=[*goods, replace(work, quantity="62")])))


def receipt() -> bytes:
    """A baker's till receipt, before it is photographed."""
    items = [
        Item("Rye loaf 1 kg", "1", "", "4.80", "0"),
        Item("Poppy seed roll", "6", "", "0.75", "0"),
        Item("Plum cake, slice", "2", "", "3.40", "0"),
        Item("Coffee, ground 250 g", "1", "", "6.95", "0"),
    ]
    body = Style("Courier", 9, "#262626")
    bold = body.but(font="Courier-Bold")
    sheet = Sheet("Receipt 5521", "Anchor Street Bakery", (226, 380))
    sheet.lines(113, 34, ["ANCHOR STREET BAKERY"], bold.but(size=12), 14, "center")
    sheet.lines(113, 50, ["5 Anchor Street, Thornmouth", "VAT GB 999 9999 73"], body, 12, "center")
    sheet.rule(16, 74, 210, "#262626")
    sheet.text(16, 90, "Receipt 5521", body)
    sheet.text(210, 90, "09/05/2025 08:17", body, "right")
    y = 114.0
    for item in items:
        sheet.text(16, y, f"{item.quantity} {item.description}", body)
        sheet.text(210, y, f"{item.amount}", body, "right")
        y += 16
    sheet.rule(16, y - 6, 210, "#262626")
    total = Totals(items).gross
    sheet.text(16, y + 12, "TOTAL GBP", bold.but(size=12))
    sheet.text(210, y + 12, f"{total}", bold.but(size=12), "right")
    sheet.lines(16, y + 34, ["Cash", "Change"], body, 14)
    sheet.lines(210, y + 34, ["30.00", f"{Decimal(30) - total}"], body, 14, "right")
    sheet.lines(113, y + 78, ["Thank you!", "Open from five in the morning"], body, 14, "center")
    return sheet.finish()
