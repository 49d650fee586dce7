"""The lines of invoices that are set by hand, in many layouts and languages."""

import json
import re
from decimal import Decimal
from math import inf, nan
from random import Random

import pytest

from docmill.documents.extraction.lines import find_lines
from docmill.documents.extraction.numbers import decimal_mark, parse_amount
from docmill.documents.pages import Page, Word
from docmill.documents.values import LineItem
from tests.documents.extraction.typeset import Sheet, rows_on


def invoice(*rows, number: int = 1, leading: float = 14) -> Page:
    """A page; a cell is (x, text), and one whose x is negative ends at that x."""
    sheet = Sheet()
    rows_on(sheet, 100, [[(abs(x), text, "right" if x < 0 else "left") for x, text in row] for row in rows], leading)
    return sheet.page(number)


def typewritten(*rows: str) -> Page:
    """A page in a typeface in which all characters are six points wide."""
    words = [
        Word(found.group(), 50 + 6.0 * found.start(), 100 + 20 * place, 50 + 6.0 * found.end(), 110.5 + 20 * place)
        for place, row in enumerate(rows)
        for found in re.finditer(r"\S+", row)
    ]
    return Page(1, 595, 842, words)


def plain(items: list[LineItem]) -> list[tuple[str | None, ...]]:
    return [
        tuple(value and value.value for value in (item.description, item.quantity, item.unit_price, item.amount))
        for item in items
    ]


def pairs(items: list[LineItem]) -> list[tuple[Decimal | None, Decimal]]:
    return [(item.quantity and Decimal(item.quantity.value), Decimal(item.amount.value)) for item in items]


ENGLISH = [
    [(50, "Item"), (-330, "Qty"), (-420, "Unit Price"), (-520, "Total")],
    [(50, "Blue widget"), (-330, "3"), (-420, "$12.50"), (-520, "$37.50")],
    [(50, "with a second line")],
    [(50, "Red widget"), (-330, "10"), (-420, "$1.00"), (-520, "$10.00")],
    [(-420, "Subtotal"), (-520, "$47.50")],
    [(-420, "Tax (10%)"), (-520, "$4.75")],
    [(-420, "Total"), (-520, "$52.25")],
]


def test_a_line_has_its_description_quantity_price_and_amount_and_the_totals_are_no_lines():
    assert plain(find_lines([invoice(*ENGLISH)])) == [
        ("Blue widget with a second line", "3", "12.50", "37.50"),
        ("Red widget", "10", "1.00", "10.00"),
    ]


def test_each_value_says_where_it_stands_and_how_it_is_printed():
    line = find_lines([invoice(*ENGLISH, number=4)])[0]
    assert (line.amount.raw, line.amount.page, line.amount.source) == ("$37.50", 4, "text")
    assert line.amount.bbox[2] == pytest.approx(520)
    assert line.amount.confidence == pytest.approx(0.95)
    assert line.description.raw == "Blue widget\nwith a second line"


LANGUAGES = {
    "de": (["Menge", "Bezeichnung", "Einzelpreis", "Gesamt"], "MwSt 19%", "1.234,50", "2.469,00"),
    "fr": (["Qté", "Désignation", "Prix unitaire", "Total HT"], "TVA 20%", "1 234,50 €", "2 469,00 €"),
    "es": (["Cantidad", "Descripción", "Precio", "Importe"], "IVA 21%", "1.234,50", "2.469,00"),
    "it": (["Q.tà", "Descrizione", "Prezzo unitario", "Importo"], "IVA 22%", "€ 1.234,50", "€ 2.469,00"),
    "nl": (["Aantal", "Omschrijving", "Prijs", "Bedrag"], "BTW 21%", "1.234,50", "2.469,00"),
    "pl": (["Ilość", "Nazwa towaru", "Cena netto", "Wartość netto"], "Razem", "1 234,50", "2 469,00"),
    "pt": (["Qtd", "Descrição", "Preço unitário", "Valor"], "Total", "1.234,50", "2.469,00"),
    "sv": (["Antal", "Beskrivning", "À-pris", "Belopp"], "Moms 25%", "1 234,50", "2 469,00"),
    "cs": (["Množství", "Popis", "Cena", "Celkem"], "DPH", "1 234,50", "2 469,00"),
    "fi": (["Määrä", "Kuvaus", "À hinta", "Yhteensä"], "ALV 24%", "1 234,50", "2 469,00"),
    "ch": (["Anzahl", "Beschreibung", "Preis", "Betrag"], "MWST 8.1%", "CHF 1'234.50", "CHF 2'469.00"),
    "en": (["Quantity", "Description", "Unit price", "Amount"], "VAT 20%", "£1,234.50", "£2,469.00"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_headings_of_many_languages_are_known(language):
    heads, tax, price, amount = LANGUAGES[language]
    page = invoice(
        [(50, heads[0]), (110, heads[1]), (-400, heads[2]), (-520, heads[3])],
        [(50, "2"), (110, "Ab 400 cd"), (-400, price), (-520, amount)],
        [(110, tax), (-520, "493,80" if "," in price[-5:] else "493.80")],
    )
    assert plain(find_lines([page])) == [("Ab 400 cd", "2", "1234.50", "2469.00")]


def test_columns_may_stand_in_any_order():
    page = invoice(
        [(50, "Total"), (120, "Unit price"), (200, "Qty"), (260, "Description")],
        [(50, "40.00"), (120, "20.00"), (200, "2"), (260, "Chair, red")],
        [(50, "15.00"), (120, "5.00"), (200, "3"), (260, "Cushion 40 cm")],
    )
    assert plain(find_lines([page])) == [("Chair, red", "2", "20.00", "40.00"), ("Cushion 40 cm", "3", "5.00", "15.00")]


def test_a_heading_that_names_quantities_amounts_is_corrected_by_the_products():
    page = invoice(
        [(50, "Amount"), (120, "Product"), (-400, "Price"), (-520, "Total")],
        [(50, "400.00"), (120, "Balloons"), (-400, "0.79"), (-520, "316.00")],
        [(50, "2.00"), (120, "Pumps"), (-400, "8.50"), (-520, "17.00")],
    )
    assert pairs(find_lines([page])) == [(400, 316), (2, 17)]


def test_a_heading_of_several_rows_is_read_as_one():
    page = invoice(
        [(-420, "Prix")],
        [(50, "Description"), (-330, "Quantité"), (-425, "unitaire"), (-520, "Prix HT")],
        [(50, "Nougat"), (-330, "5 Unit(s)"), (-420, "4,55 €"), (-520, "22,75 €")],
        [(-420, "Total HT"), (-520, "22,75 €")],
    )
    assert plain(find_lines([page])) == [("Nougat", "5", "4.55", "22.75")]


def test_headings_that_stand_close_together_are_told_apart_by_their_words():
    page = invoice(
        [(50, "Artikel"), (359, "Aantal"), (397, "Prijs per stuk"), (472, "BTW"), (499, "Prijs incl. BTW")],
        [(50, "Tafel"), (-386, "2"), (-450, "€ 10,00"), (-488, "21%"), (-560, "€ 20,00")],
    )
    assert plain(find_lines([page])) == [("Tafel", "2", "10.00", "20.00")]


@pytest.mark.parametrize(
    "quantity, value", [("2 Stk", "2"), ("3 h", "3"), ("2x", "2"), ("x2", "2"), ("1,5 Std.", "1.5"), ("10kg", "10")]
)
def test_a_unit_beside_the_quantity_is_no_part_of_it(quantity, value):
    amount = format(Decimal(value) * 80, ".2f").replace(".", ",")
    page = invoice(
        [(50, "Menge"), (120, "Leistung"), (-400, "Preis"), (-520, "Betrag")],
        [(50, quantity), (120, "Beratung"), (-400, "80,00"), (-520, amount)],
        [(120, "Summe"), (-520, amount)],
    )
    assert find_lines([page])[0].quantity.value == value


@pytest.mark.parametrize(
    "column, cell, amount",
    [
        ("Korting", "10%", "180,00"),
        ("Korting", "10 %", "180,00"),
        ("Korting", "10,00", "180,00"),
        ("Korting", "20,00", "180,00"),
        ("Korting", "5,00", "180,00"),
        ("Korting", "10", "180,00"),
    ],
)
def test_a_discount_on_the_line_confirms_it_as_well(column, cell, amount):
    page = invoice(
        [(50, "Omschrijving"), (-300, "Aantal"), (-370, "Prijs"), (-430, column), (-520, "Bedrag")],
        [(50, "Stoel"), (-300, "4"), (-370, "50,00"), (-430, cell), (-520, amount)],
    )
    line = find_lines([page])[0]
    assert (line.quantity.value, line.amount.value, line.amount.confidence) == ("4", "180.00", pytest.approx(0.95))


def test_a_price_for_a_hundred_is_given_for_one():
    page = invoice(
        [(50, "Description"), (-300, "Qty"), (-380, "Price / 100"), (-520, "Amount")],
        [(50, "Screws"), (-300, "2500"), (-380, "4.00"), (-520, "100.00")],
    )
    assert plain(find_lines([page])) == [("Screws", "2500", "0.04", "100.00")]


def test_a_column_says_for_how_many_units_the_price_is():
    page = invoice(
        [(50, "Artikel"), (-250, "Menge"), (-320, "Preis"), (-400, "Preiseinheit"), (-520, "Betrag")],
        [(50, "Kabel"), (-250, "30"), (-320, "40,00"), (-400, "10"), (-520, "120,00")],
    )
    line = find_lines([page])[0]
    assert (line.amount.value, line.amount.confidence) == ("120.00", pytest.approx(0.95))
    assert line.unit_price.value == "4.00"


def test_a_price_that_is_concluded_from_one_for_several_is_rounded():
    page = invoice(
        [(50, "Artikel"), (-250, "Menge"), (-320, "Preis"), (-400, "Preiseinheit"), (-520, "Betrag")],
        [(50, "Kabel"), (-250, "30"), (-320, "10,00"), (-400, "15"), (-520, "20,00")],
    )
    assert find_lines([page])[0].unit_price.value == "0.666667"


def test_net_is_taken_rather_than_gross_and_neither_rate_nor_article_number_is_a_quantity():
    page = invoice(
        [
            (30, "Nr"),
            (60, "Code"),
            (130, "Description"),
            (-290, "Qty"),
            (-350, "Rate"),
            (-430, "Taxable Value"),
            (-480, "GST"),
            (-560, "Total"),
        ],
        [
            (30, "1"),
            (60, "84733099"),
            (130, "Laptop stand"),
            (-290, "2"),
            (-350, "1,250.00"),
            (-430, "2,500.00"),
            (-480, "18%"),
            (-560, "2,950.00"),
        ],
        [
            (30, "2"),
            (60, "000123"),
            (130, "Cable 3 m"),
            (-290, "10"),
            (-350, "1,05,000.00"),
            (-430, "10,50,000.00"),
            (-480, "18%"),
            (-560, "12,39,000.00"),
        ],
        [(130, "Grand Total"), (-560, "12,41,950.00")],
    )
    assert plain(find_lines([page])) == [
        ("Laptop stand", "2", "1250.00", "2500.00"),
        ("Cable 3 m", "10", "105000.00", "1050000.00"),
    ]


def test_without_a_heading_the_products_tell_the_columns():
    page = invoice(
        [(50, "Tornillos"), (-300, "100"), (-370, "0,12"), (-520, "12,00")],
        [(50, "Martillo"), (-300, "2"), (-370, "15,50"), (-520, "31,00")],
        [(-370, "Total"), (-520, "43,00")],
    )
    assert plain(find_lines([page])) == [("Tornillos", "100", "0.12", "12.00"), ("Martillo", "2", "15.50", "31.00")]


def test_without_quantities_the_amounts_that_add_up_to_a_total_are_the_lines():
    page = invoice(
        [(50, "We insure the following risks:")],
        [(50, "Private liability"), (-400, "50,00 €")],
        [(50, "Partner"), (-400, "0,00 €")],
        [(50, "Gesamtbeitrag"), (-400, "50,00 €")],
        [(50, "Steuer"), (-400, "9,50 €")],
    )
    found = find_lines([page])
    assert plain(found) == [("Private liability", "1", None, "50.00"), ("Partner", "1", None, "0.00")]
    assert (found[0].quantity.page, found[0].quantity.raw) == (None, "")


def test_amounts_may_add_up_to_a_sum_that_has_no_name_we_know():
    page = invoice(
        [(50, "Haftpflicht"), (-400, "80,00 €")],
        [(50, "Vollkasko"), (-400, "140,00 €")],
        [(50, "Beitrag im Quartal"), (-400, "220,00 €")],
    )
    assert [pair[1] for pair in pairs(find_lines([page]))] == [80, 140]


@pytest.mark.parametrize("total", ["51,00 €", "0,00 €"])
def test_amounts_that_add_up_to_nothing_are_no_lines(total):
    assert find_lines([invoice([(50, "Abc def"), (-400, "50,00 €")], [(50, "Gesamt"), (-400, total)])]) == []


def test_a_heading_without_quantities_gives_lines_of_description_and_amount():
    page = invoice(
        [(50, "Description"), (-520, "Amount")],
        [(50, "Website design"), (-520, "$1,500.00")],
        [(50, "Discount"), (-520, "$-100.00")],
        [(-520, "12%")],
        [(-430, "Total Due"), (-520, "$1,400.00")],
    )
    assert plain(find_lines([page])) == [("Website design", "1", None, "1500.00")]


def test_a_quantity_that_is_not_printed_is_not_concluded_where_the_price_differs():
    page = invoice(
        [(50, "Description"), (-400, "Rate"), (-520, "Amount")], [(50, "Room"), (-400, "19.00"), (-520, "57.00")]
    )
    assert plain(find_lines([page])) == [("Room", None, "19.00", "57.00")]


PAGE_ONE = [
    [(50, "Pos"), (90, "Description"), (-330, "Quantity"), (-420, "Price"), (-520, "Amount")],
    [(50, "1"), (90, "First thing"), (-330, "3"), (-420, "10.00"), (-520, "30.00")],
    [(90, "Carried forward"), (-520, "30.00")],
]


def test_a_table_goes_on_over_the_page_with_and_without_its_heading():
    rest = [
        [(50, "2"), (90, "Last thing"), (-330, "1"), (-420, "99.00"), (-520, "99.00")],
        [(90, "Total"), (-520, "129.00")],
    ]
    letterhead = [[(50, "Acme Ltd"), (-520, "1,234.00")], [(90, "Brought forward"), (-520, "30.00")]]
    for second in (letterhead + rest, [PAGE_ONE[0], *rest]):
        found = find_lines([invoice(*PAGE_ONE), invoice(*second, number=2)])
        assert plain(found) == [("First thing", "3", "10.00", "30.00"), ("Last thing", "1", "99.00", "99.00")]
        assert [line.amount.page for line in found] == [1, 2]


def test_a_heading_at_the_foot_of_a_page_is_that_of_the_next_one():
    found = find_lines([invoice(PAGE_ONE[0]), invoice(PAGE_ONE[1], number=2)])
    assert pairs(found) == [(3, 30)]


def test_tables_of_taxes_and_payments_are_no_lines():
    page = invoice(
        *ENGLISH[:4],
        [(50, "VAT rate"), (-300, "Tax base"), (-520, "VAT amount")],
        [(50, "standard"), (-300, "47.50"), (-520, "4.75")],
    )
    assert len(find_lines([page])) == 2
    page = invoice(
        *ENGLISH[:4],
        [(50, "Payment terms:")],
        [(50, "Deposit paid today"), (-330, "1"), (-420, "5.00"), (-520, "5.00")],
    )
    assert len(find_lines([page])) == 2


def test_a_product_that_is_called_like_a_total_is_a_line():
    page = invoice(*ENGLISH[:2], [(50, "Total care kit"), (-330, "2"), (-420, "$4.00"), (-520, "$8.00")], *ENGLISH[4:])
    assert pairs(find_lines([page]))[1] == (2, 8)


def test_the_text_of_a_tall_row_is_the_one_between_its_lines():
    sheet = Sheet()
    rows_on(
        sheet,
        100,
        [
            [(50, "Description"), (330, "Qty", "right"), (420, "Price", "right"), (520, "Amount", "right")],
            [(50, "A chair")],
            [(50, "of oak"), (330, "2", "right"), (420, "5.00", "right"), (520, "10.00", "right")],
            [(50, "and ash")],
            [(50, "A table"), (330, "3", "right"), (420, "5.00", "right"), (520, "15.00", "right")],
            [(50, "of beech")],
        ],
    )
    for y in (112.5, 154.5):
        sheet.across(y, 50, 520)
    found = find_lines([sheet.page()])
    assert [line.description.value for line in found] == ["A chair of oak and ash", "A table of beech"]


def test_text_far_below_a_line_is_that_of_the_next_one():
    page = invoice(
        [(50, "Description"), (-330, "Qty"), (-420, "Price"), (-520, "Amount")],
        [(-330, "2"), (-420, "5.00"), (-520, "10.00")],
        [],
        [(50, "A table")],
        [(-330, "3"), (-420, "5.00"), (-520, "15.00")],
    )
    assert [line.description and line.description.value for line in find_lines([page])] == [None, "A table"]


def test_a_recognised_word_lowers_the_confidence_of_its_value():
    page = invoice(*ENGLISH)
    page.source = "ocr"
    page.words = [word._replace(confidence=0.5) for word in page.words]
    line = find_lines([page])[0]
    assert (line.amount.source, line.amount.confidence) == ("ocr", pytest.approx(0.475))


def test_a_minus_that_stands_apart_belongs_to_its_number():
    page = invoice(
        *ENGLISH[:2], [(50, "Returned -"), (-330, "2"), (-420, "$4.00"), (-520, "- $8.00")], [(50, "Note -")]
    )
    assert pairs(find_lines([page]))[1] == (2, -8)


def test_a_heading_without_an_amount_takes_the_price_for_it():
    page = invoice([(50, "Product"), (-330, "Qty"), (-420, "Price")], [(50, "Lamp"), (-330, "1"), (-420, "8.00")])
    assert plain(find_lines([page])) == [("Lamp", "1", None, "8.00")]
    page = invoice(
        [(50, "Product"), (-330, "Qty"), (-420, "Price")], [(50, "Lamp"), (-330, "1"), (-420, "8.00"), (-520, "8.00")]
    )
    assert pairs(find_lines([page])) == [(1, 8)]


def test_a_heading_without_numbers_below_it_has_no_lines():
    assert find_lines([invoice([(50, "Product"), (-330, "Qty"), (-420, "Price")], [(50, "Nothing was sold")])]) == []


def test_a_sentence_with_words_of_a_heading_is_none():
    page = invoice(
        [(50, "The price and the quantity of this item in total are what the description says here")], *ENGLISH
    )
    assert len(find_lines([page])) == 2


def test_many_rows_between_two_amounts_end_their_sum():
    far = [[(50, f"Text {place}")] for place in range(40)]
    page = invoice([(50, "Abc def"), (-400, "50,00 €")], *far, [(50, "Gesamt"), (-400, "50,00 €")], leading=10)
    assert find_lines([page]) == []


def test_a_letter_has_no_lines():
    page = invoice(
        [(50, "Dear Sir, thank you for your order of 12 March over 300.00 euros")],
        [(50, "Total of 3 parcels")],
        [(50, "2.00"), (90, "3.00")],
    )
    assert find_lines([page]) == []
    assert find_lines([]) == []


def test_no_lone_surrogate_gets_out():
    page = invoice(*ENGLISH)
    page.words.append(Word("\ud800wide", 150, 114, 180, 125))
    assert find_lines([page])[0].description.value.encode()


def test_pages_of_odd_words_at_odd_places_give_values_that_json_can_carry():
    texts = [
        "Qty",
        "Price",
        "Total",
        "Item",
        "3.50",
        "1.000,00",
        "\u20ac",
        "-",
        "(",
        "%",
        "2x",
        "\ud800",
        "\u0661",
        "\u00bd",
        "1e5",
        "5-",
    ]
    for seed in range(150):
        dice = Random(seed)
        words = []
        for _ in range(60):
            x, y = (dice.choice((nan, inf, -1e300, dice.randrange(12) * 48.0, dice.uniform(0, 600))) for _ in range(2))
            words.append(
                Word(dice.choice(texts), x, y, x + dice.choice((0, 20, 40, -3)), y + dice.choice((0, 10, 12, -1)))
            )
        page = Page(1, 595, 842, words)
        for line in find_lines([page, page]):
            values = [line.description, line.quantity, line.unit_price, line.amount]
            assert json.dumps([value and value.to_data() for value in values], allow_nan=False).encode()


@pytest.mark.slow
@pytest.mark.parametrize("step", [0.0, 0.02])
def test_many_numbers_beside_each_other_end_with_bounded_work(step):
    words = [Word("123", 100 + step * n, 100, 110 + step * n, 110) for n in range(12_000)]
    assert find_lines([Page(1, 595, 842, words)]) == []


@pytest.mark.slow
def test_a_page_of_many_rows_and_numbers_ends_with_bounded_work():
    row = [(50, "Thing"), (-300, "2"), (-370, "3.00"), (-430, "4.00"), (-520, "6.00")]
    found = find_lines([invoice(*ENGLISH[:1], *[row] * 3_000, leading=2.6)])
    assert 0 < len(found) <= 2_000


@pytest.mark.parametrize(
    "text, value",
    [
        ("1.234,50 €", "1234.50"), ("CHF 1'234.50", "1234.50"), ("1 234,5-", "-1234.5"), ("(12.00)", "-12.00"),
        ("12,-", "12"),
        ("12.--", "12"), ("-€5.00", "-5.00"), ("€-5.00", "-5.00"), ("1,23,456.00", "123456.00"),
        ("1.234.567", "1234567"),
        ("0,025", "0.025"), ("1,234", "1234"), (".50", "0.50"), ("12,50 zł", "12.50"), ("\u0663\u0664", "34"),
        ("5\u00a0000", "5000"), ("R$ 7,00", "7.00"), ("1\u202f234,50", "1234.50"), ("-1\u2009234,50 €", "-1234.50"),
        ("1\u2019234\u2019567.50", "1234567.50"), ("12'345.-", "12345"), ("₹ 12,34,567.89", "1234567.89"),
        ("Rs. 1,00,000", "100000"), ("\u221212,50", "-12.50"), ("€ -1.234,50", "-1234.50"), ("1.234,50- €", "-1234.50"),
    ],
)  # fmt: skip
def test_a_number_is_read_as_it_is_written_anywhere(text, value):
    assert parse_amount(text) == Decimal(value)


@pytest.mark.parametrize(
    "text", ["", "-", "abc", "01.03.2018", "2018-47", "12 34", "1.2.3", "19 %", "(5", "1" * 16, "1" * 50, "12,345,6"]
)
def test_what_is_no_number_is_none(text):
    assert parse_amount(text) is None


def test_the_decimal_mark_of_a_document_settles_what_can_be_read_in_two_ways():
    assert parse_amount("1,234", ",") == Decimal("1.234")
    assert parse_amount("1,234", ".") == Decimal(1234)
    assert decimal_mark(["12,50", "1.000,00", "9.99", "abc", "1" * 60]) == ","
    assert decimal_mark(["3.50"]) == "."
    assert decimal_mark(["1,234", "1.50", "2,50"]) is None


def test_spaces_of_a_typewriter_separate_thousands_and_keep_numbers_in_their_text():
    page = typewritten(
        "Artikel              Antal   Pris    Belopp",
        "Kalk RSA 1250        12 st  139,00  1 668,00",
        "Lim, tub 400 g       24 st   72,25  1 734,00",
        "Netto                               3 402,00",
    )
    assert plain(find_lines([page])) == [
        ("Kalk RSA 1250", "12", "139.00", "1668.00"),
        ("Lim, tub 400 g", "24", "72.25", "1734.00"),
    ]


@pytest.mark.parametrize(
    "text", ["Beam 20 x 30 ft", "Rod #9 x 3 in, oak", "Plate 2 x 8, 18 gauge", "Brush set, 10 pieces"]
)
def test_sizes_within_a_description_stay_there(text):
    page = invoice(
        [(50, "Description"), (-300, "Qty"), (-400, "Unit price"), (-520, "Amount")],
        [(50, text), (-300, "12"), (-400, "2.50"), (-520, "30.00")],
        [(50, "Rope"), (-300, "3"), (-400, "4.00"), (-520, "12.00")],
    )
    assert plain(find_lines([page]))[0] == (text, "12", "2.50", "30.00")


def test_a_column_of_text_beside_the_lines_is_no_description():
    page = invoice(
        [(200, "Concepto"), (-380, "Cantidad"), (-450, "Precio"), (-550, "Importe")],
        [(30, "Forma de pago"), (200, "Maceta"), (-380, "14"), (-450, "63,40"), (-550, "887,60")],
        [(30, "Transferencia"), (200, "Abono"), (-380, "20"), (-450, "2,85"), (-550, "57,00")],
        [(340, "Base imponible"), (-550, "944,60 EUR")],
    )
    assert plain(find_lines([page])) == [("Maceta", "14", "63.40", "887.60"), ("Abono", "20", "2.85", "57.00")]


def test_text_left_of_all_headings_describes_lines_that_have_no_other():
    page = invoice(
        [(130, "Description"), (-300, "Qty"), (-400, "Unit price"), (-520, "Amount")],
        [(50, "Rope"), (-300, "3"), (-400, "4.00"), (-520, "12.00")],
        [(50, "Tar"), (-300, "2"), (-400, "5.00"), (-520, "10.00")],
    )
    assert [line.description.value for line in find_lines([page])] == ["Rope", "Tar"]


def test_an_amount_with_nothing_but_its_currency_is_no_line():
    page = invoice(*ENGLISH[:4], [(-520, "47.50 EUR")])
    assert pairs(find_lines([page])) == [(3, Decimal("37.50")), (10, Decimal("10.00"))]


def test_quantities_whose_units_differ_in_length_are_one_column():
    page = invoice(
        [(50, "Description"), (-300, "Quantity"), (-400, "Unit price"), (-520, "Amount")],
        [(50, "Type"), (-300, "2 cases"), (-400, "385.00"), (-520, "770.00")],
        [(50, "Initials"), (-300, "1 cases"), (-400, "214.60"), (-520, "214.60")],
        [(50, "Brass"), (-300, "12 m"), (-400, "18.75"), (-520, "225.00")],
    )
    assert [quantity for quantity, _ in pairs(find_lines([page]))] == [2, 1, 12]


def test_the_lines_of_a_credit_note_are_negative():
    page = invoice(
        [(50, "Bezeichnung"), (-300, "Menge"), (-400, "Einzelpreis"), (-520, "Betrag")],
        [(50, "Tisch"), (-300, "-2"), (-400, "617,25"), (-520, "-1.234,50")],
        [(50, "Stuhl"), (-300, "3"), (-400, "50,00"), (-520, "150,00-")],
        [(50, "Summe"), (-520, "-1.384,50 €")],
    )
    assert plain(find_lines([page])) == [("Tisch", "-2", "617.25", "-1234.50"), ("Stuhl", "3", "50.00", "-150.00")]


@pytest.mark.parametrize(
    "price, amount, value",
    [
        ("1\u202f234,50", "2\u202f469,00", "2469.00"),
        ("1\u2019234.50", "2\u2019469.00", "2469.00"),
        ("1,23,456.00", "2,46,912.00", "246912.00"),
    ],
)
def test_the_marks_of_thousands_of_many_countries_are_read_in_lines(price, amount, value):
    page = Sheet()
    rows_on(page, 100, [[(50, "Description"), (250, "Quantity"), (330, "Price"), (450, "Amount")]])
    page.write(50, 114, "Loom")
    page.write(250, 114, "2")
    for x, text in ((330, price), (450, amount)):
        page.words.append(Word(text, x, 114, x + 60, 125.5))
    assert plain(find_lines([page.page()]))[0][3] == value


def test_a_line_with_a_discount_keeps_the_price_that_is_printed():
    page = invoice(
        [(50, "Omschrijving"), (-300, "Aantal"), (-370, "Prijs"), (-430, "Korting"), (-520, "Bedrag")],
        [(50, "Kaars"), (-300, "40"), (-370, "1,00"), (-430, "10 %"), (-520, "36,00")],
        [(50, "Lont"), (-300, "20"), (-370, "2,00"), (-430, "10 %"), (-520, "36,00")],
    )
    assert [line.unit_price.value for line in find_lines([page])] == ["1.00", "2.00"]
