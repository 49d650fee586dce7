"""Fields of whole invoices: languages, layouts, and what must not be mistaken for one."""

from random import Random

import pytest

from docmill.documents.extraction import extract
from docmill.documents.pages import Page, Reading, Word
from tests.documents.einvoice.samples import CII
from tests.documents.extraction.paper import Paper

_SHEETS = """
de|RECHNUNG|Rechnungsnummer|Rechnungsdatum|Zahlbar bis|Nettobetrag|MwSt. 19%|Gesamtbetrag|Kunde
en|INVOICE|Invoice No.|Invoice Date|Due Date|Subtotal|VAT 19%|Grand Total|Bill To
fr|FACTURE|Facture N°|Date de facture|Date d'échéance|Total HT|TVA 19%|Total TTC|Client
es|FACTURA|Factura Nº|Fecha de factura|Vencimiento|Base imponible|IVA 19%|Total|Cliente
it|FATTURA|Numero fattura|Data fattura|Scadenza|Imponibile|IVA 19%|Totale|Cliente
nl|FACTUUR|Factuurnummer|Factuurdatum|Vervaldatum|Subtotaal|BTW 19%|Totaal incl. btw|Klant
pt|FATURA|Fatura nº|Data de emissão|Vencimento|Total ilíquido|IVA 19%|Total a pagar|Cliente
sv|FAKTURA|Fakturanummer|Fakturadatum|Förfallodatum|Delsumma|Moms 19%|Att betala|Kund
da|FAKTURA|Fakturanr.|Fakturadato|Forfaldsdato|Beløb ekskl. moms|Moms 19%|I alt|Kunde
no|FAKTURA|Fakturanr.|Fakturadato|Forfallsdato|Sum eks. mva|MVA 19%|Å betale|Kunde
pl|FAKTURA|Faktura nr|Data wystawienia|Termin płatności|Razem netto|VAT 19%|Do zapłaty|Nabywca
"""
SHEETS = {line.split("|")[0]: line.split("|")[1:] for line in _SHEETS.strip().splitlines()}
"""Language: title, and the labels of number, date, due date, net, tax, gross, buyer."""
TRUTH = {
    "invoice_number": "RE-4711",
    "issue_date": "2024-03-25",
    "due_date": "2024-04-24",
    "net_total": "1200.00",
    "tax_total": "228.00",
    "gross_total": "1428.00",
    "amount_due": "1428.00",
    "buyer_name": "Harbour Kitchen",
    "seller_name": "Nordwind Tools",
}


def sheet(language: str, layout: str) -> Paper:
    title, number, date, due, net, tax, gross, buyer = SHEETS[language]
    paper = Paper().column(50, 36, ["Nordwind Tools", "Hauptstr. 5", "20457 Hamburg", "Tel. 040 123456"])
    paper.put(50, 110, buyer + ":").column(50, 123, ["Harbour Kitchen", "Marktweg 7", "04109 Leipzig"])
    paper.put(300, 180, title, 16)
    fields = [(number, "RE-4711"), (date, "25.03.2024"), (due, "24.04.2024")]
    for place, (label, value) in enumerate(fields):
        if layout == "behind":
            paper.put(50, 230 + 13 * place, f"{label}: {value}")
        elif layout == "apart":
            paper.put(330, 230 + 13 * place, label).put(480, 230 + 13 * place, value)
        else:
            paper.put(50 + 130 * place, 230, label).put(50 + 130 * place, 243, value)
    paper.put(50, 400, "Widget A").put(300, 400, "2").put(400, 400, "600,00").put(540, 400, "1.200,00", right=True)
    return paper.table(440, [(net, "1.200,00 €"), (tax, "228,00 €"), (gross, "1.428,00 €")])


@pytest.mark.parametrize("layout", ["behind", "apart", "below"])
@pytest.mark.parametrize("language", SHEETS)
def test_labels_in_many_languages_lead_to_their_values(language: str, layout: str) -> None:
    flat = extract(sheet(language, layout).reading()).to_flat()
    assert {name: flat[name] for name in TRUTH} == TRUTH
    assert flat["currency"] == "EUR"
    assert flat["document_type"] == "invoice"


@pytest.mark.parametrize("language", ["de", "en", "fr", "nl"])
def test_the_order_of_the_words_in_the_document_does_not_matter(language: str) -> None:
    paper = sheet(language, "apart")
    Random(7).shuffle(paper.words)
    flat = extract(paper.reading()).to_flat()
    assert {name: flat[name] for name in TRUTH} == TRUTH


def test_a_page_that_is_a_little_askew_is_read_like_a_straight_one() -> None:
    paper = sheet("de", "apart")
    paper.words = [word._replace(y0=word.y0 + 0.012 * word.x0, y1=word.y1 + 0.012 * word.x0) for word in paper.words]
    flat = extract(paper.reading()).to_flat()
    assert {name: flat[name] for name in TRUTH} == TRUTH


def test_every_value_says_where_it_stands() -> None:
    extraction = extract(sheet("en", "behind").reading())
    number = extraction.invoice_number
    assert number is not None
    assert (number.raw, number.page, number.source) == ("RE-4711", 1, "text")
    assert number.bbox is not None
    assert number.bbox[1] == pytest.approx(230)
    assert 0.8 < number.confidence <= 1
    assert extraction.gross_total is not None
    assert extraction.gross_total.raw == "1.428,00 €"


def test_numbers_of_orders_customers_and_deliveries_are_not_that_of_the_invoice() -> None:
    paper = Paper().put(50, 60, "Invoice", 16)
    labels = ["Order No: 99887", "Customer number: 123456", "Delivery date: 01/02/2024", "Invoice number: A-77"]
    flat = extract(paper.column(50, 100, labels).reading()).to_flat()
    assert flat["invoice_number"] == "A-77"
    assert flat["issue_date"] is None


def test_a_letter_without_amounts_has_no_invoice_fields() -> None:
    text = [
        "Dear Mr Smith,",
        "thank you for your letter. We will come back to you",
        "when the work is done.",
        "Kind regards",
    ]
    flat = extract(Paper().column(50, 200, text).reading()).to_flat()
    assert flat["document_type"] == "letter"
    names = ("invoice_number", "issue_date", "due_date", "net_total", "gross_total", "amount_due", "iban", "currency")
    assert [flat[name] for name in names] == [None] * len(names)


def test_a_receipt_with_one_total_has_it() -> None:
    paper = Paper(200, 400).column(20, 20, ["CORNER SHOP LTD", "12 High Street", "RECEIPT", "05/11/2023 10:33"])
    paper.table(
        120, [("Milk", "1.20"), ("Bread", "2.30"), ("TOTAL", "£3.50"), ("CASH", "£5.00"), ("CHANGE", "£1.50")], 20, 180
    )
    flat = extract(paper.reading()).to_flat()
    assert (flat["gross_total"], flat["currency"], flat["issue_date"]) == ("3.50", "GBP", "2023-11-05")
    assert (flat["document_type"], flat["seller_name"]) == ("receipt", "CORNER SHOP LTD")


def test_what_is_paid_in_advance_is_taken_off_what_is_due() -> None:
    rows = [
        ("Total net", "100.00"),
        ("VAT 20%", "20.00"),
        ("Total", "120.00"),
        ("Paid", "-50.00"),
        ("Balance due", "70.00"),
    ]
    flat = extract(Paper().put(50, 40, "Invoice").table(300, rows).reading()).to_flat()
    assert (flat["gross_total"], flat["amount_due"]) == ("120.00", "70.00")


def test_totals_of_a_credit_note_are_positive_as_in_electronic_invoices() -> None:
    paper = Paper().put(50, 40, "Gutschrift", 16).put(50, 80, "Gutschrift Nr. G-12 vom 01.02.2024")
    flat = extract(
        paper.table(300, [("Netto", "-10,00 €"), ("MwSt", "-1,90 €"), ("Brutto", "-11,90 €")]).reading()
    ).to_flat()
    assert flat["document_type"] == "credit_note"
    assert (flat["net_total"], flat["tax_total"], flat["gross_total"]) == ("10.00", "1.90", "11.90")
    assert (flat["invoice_number"], flat["issue_date"]) == ("G-12", "2024-02-01")


def test_lines_of_a_credit_note_are_positive_too() -> None:
    paper = Paper().put(50, 40, "Credit note", 16)
    rows = [("Description", "Quantity", "Price", "Amount"), ("Lamp", "-2", "30.00", "-60.00")]
    for number, row in enumerate(rows):
        for column, text in enumerate(row):
            paper.put(160 + 110 * column, 200 + 14 * number, text, right=True)
    paper.table(300, [("Net total", "-60.00"), ("VAT", "-12.00"), ("Gross total", "-72.00")])
    assert extract(paper.reading()).to_flat()["lines"] == [
        {"description": "Lamp", "quantity": "2", "unit_price": "30.00", "amount": "60.00"}
    ]


def test_taxes_of_several_rates_are_summed_up_where_their_sum_is_not_printed() -> None:
    rows = [("Netto", "300,00"), ("MwSt 7 %", "7,00"), ("MwSt 19 %", "38,00"), ("Brutto", "345,00")]
    extraction = extract(Paper().put(50, 40, "Rechnung").table(300, rows).reading())
    tax = extraction.tax_total
    assert tax is not None
    assert tax.bbox is not None
    assert (tax.value, tax.raw, tax.page) == ("45.00", "7,00 + 38,00", 1)
    assert (tax.bbox[1], round(tax.bbox[3])) == (314, 338)


@pytest.mark.parametrize(
    "net, first, second, gross",
    [
        ("Netto", "zzgl. 7 % USt. auf 200,00 €", "zzgl. 19 % USt. auf 100,00 €", "Rechnungsbetrag"),
        ("Base imponible", "IVA 7 % sobre 200,00 EUR", "IVA 19 % sobre 100,00 EUR", "Total factura"),
        ("Total HT", "TVA 7 % sur 200,00 €", "TVA 19 % sur 100,00 €", "Total TTC"),
    ],
)
def test_a_row_of_a_rate_may_say_what_the_tax_is_on(net: str, first: str, second: str, gross: str) -> None:
    rows = [(net, "300,00 €"), (first, "14,00 €"), (second, "19,00 €"), (gross, "333,00 €")]
    extraction = extract(Paper().table(300, rows, 250).reading())
    assert extraction.tax_total is not None
    assert (extraction.tax_total.value, extraction.tax_total.raw) == ("33.00", "14,00 € + 19,00 €")
    assert extraction.to_flat()["net_total"] == "300.00"


def test_a_sum_of_taxes_on_two_pages_has_no_place() -> None:
    first = Paper().put(50, 40, "Rechnung").table(780, [("Netto", "300,00"), ("MwSt 7 %", "7,00")])
    second = Paper().table(50, [("MwSt 19 %", "38,00"), ("Brutto", "345,00")])
    pages = [Page(number, 595, 842, paper.words) for number, paper in enumerate((first, second), start=1)]
    tax = extract(Reading("application/pdf", pages, 2)).tax_total
    assert tax is not None
    assert (tax.value, tax.page, tax.bbox) == ("45.00", None, None)


def test_the_signs_beside_the_totals_say_what_the_currency_is() -> None:
    paper = Paper().put(50, 40, "Invoice", 16)
    paper.column(50, 100, [f"Chain, {length} ft, 5 rm, was {length},00 EUR" for length in range(100, 120)])
    rows = [("Subtotal", "$100.00"), ("Tax 8%", "$8.00"), ("Total due", "$108.00")]
    assert extract(paper.table(500, rows).reading()).to_flat()["currency"] == "USD"


def test_feet_are_no_forints_and_forints_are() -> None:
    paper = Paper().put(50, 40, "Invoice", 16).column(50, 100, ["Rope 100 ft", "Hose 50 ft"])
    assert extract(paper.table(300, [("Total", "108.00")]).reading()).to_flat()["currency"] is None
    paper = Paper().put(50, 40, "Számla", 16).table(300, [("Végösszeg", "15 000 Ft")])
    assert extract(paper.reading()).to_flat()["currency"] == "HUF"


@pytest.mark.parametrize("heads", [["Número", "Fecha", "Vencimiento"], ["No.", "Date", "Due date"], ["Nr.", "Datum"]])
def test_a_number_among_the_heads_of_dates_is_that_of_the_document(heads: list[str]) -> None:
    paper = Paper().put(50, 40, "Invoice", 16)
    for place, (head, value) in enumerate(zip(heads, ["25/0412", "22/04/2025", "22/05/2025"], strict=False)):
        paper.put(50 + 130 * place, 100, head).put(50 + 130 * place, 114, value)
    flat = extract(paper.table(300, [("Total", "108.00 EUR")]).reading()).to_flat()
    assert (flat["invoice_number"], flat["issue_date"]) == ("25/0412", "2025-04-22")


def test_a_number_among_the_heads_of_lines_is_not_that_of_the_document() -> None:
    paper = Paper().put(50, 40, "Invoice", 16)
    rows = [("No.", "Date", "Description", "Amount"), ("1017", "22/04/2025", "Visit", "108.00")]
    for place, row in enumerate(rows):
        for column, text in enumerate(row):
            paper.put(50 + 120 * column, 300 + 14 * place, text)
    assert extract(paper.reading()).to_flat()["invoice_number"] is None


@pytest.mark.parametrize(
    "text",
    [
        "We estimate the work at £38,500 before tax, of which the roof accounts for £21,000. The",
        "The total of £1,200 for the survey has been paid.",
    ],
)
def test_amounts_in_the_sentences_of_a_letter_are_no_totals_and_give_no_currency(text: str) -> None:
    flat = extract(Paper().column(50, 200, ["Dear Mr Smith,", text, "Yours sincerely,"]).reading()).to_flat()
    names = ("document_type", "net_total", "tax_total", "gross_total", "amount_due", "currency")
    assert [flat[name] for name in names] == ["letter", None, None, None, None, None]


def test_the_balance_in_a_table_of_a_report_is_no_total_of_an_invoice() -> None:
    paper = Paper().put(50, 40, "Annual Report", 20)
    rows = [("in thousands", "2023"), ("Income", "212.4"), ("Upkeep", "-93.8"), ("Balance", "55.1")]
    flat = extract(paper.table(300, rows).reading()).to_flat()
    names = ("document_type", "net_total", "tax_total", "gross_total", "amount_due", "currency")
    assert [flat[name] for name in names] == ["report", None, None, None, None, None]


def test_totals_of_a_letter_that_are_called_so_and_add_up_count() -> None:
    paper = Paper().column(50, 200, ["Dear Mr Smith,", "For our services we charge:"])
    rows = [("Net", "£100.00"), ("VAT 20%", "£20.00"), ("Total amount", "£120.00")]
    flat = extract(paper.table(300, rows).reading()).to_flat()
    assert (flat["net_total"], flat["gross_total"], flat["currency"]) == ("100.00", "120.00", "GBP")


def test_a_summary_in_one_row_is_read_by_its_columns_and_the_sum_of_the_rates_wins() -> None:
    paper = Paper().put(50, 40, "Rechnung")
    rows = [
        ("Nettobetrag", "MwSt-Betrag", "Endbetrag"),
        ("100,00", "19,00", "119,00"),
        ("50,00", "3,50", "53,50"),
        ("150,00", "22,50", "172,50"),
    ]
    for place, row in enumerate(rows):
        for column, text in enumerate(row):
            paper.put(200 + 120 * column, 300 + 13 * place, text, right=True)
    flat = extract(paper.reading()).to_flat()
    assert (flat["net_total"], flat["tax_total"], flat["gross_total"]) == ("150.00", "22.50", "172.50")


def test_american_dates_are_told_by_the_address() -> None:
    paper = (
        Paper()
        .column(50, 40, ["Lakeside Plumbing Inc.", "400 Main Street", "Austin, TX 78701"])
        .put(50, 120, "Invoice")
    )
    paper.put(50, 140, "Invoice Date: 03/04/2024")
    assert extract(paper.reading()).to_flat()["issue_date"] == "2024-03-04"


def test_the_xml_of_a_hybrid_invoice_counts_and_is_placed_where_it_is_printed() -> None:
    paper = Paper().column(50, 40, ["Nordlicht GmbH", "Hafenstr. 1", "20457 Hamburg"])
    paper.put(50, 200, "Rechnung Nr. R-17 vom 05.03.2024").put(50, 214, "Ihre Bank: DE02 1203 0000 0000 2020 51")
    paper.table(300, [("Netto", "23,00"), ("MwSt", "4,37"), ("Gesamt", "27,37"), ("Zahlbetrag", "20,00")])
    reading = paper.put(50, 500, "geliefert an Sonnenhof KG").reading(CII.encode())
    extraction = extract(reading)
    assert extraction.gross_total is not None
    assert (extraction.gross_total.value, extraction.gross_total.source) == ("27.37", "embedded")
    places = [
        extraction.invoice_number,
        extraction.issue_date,
        extraction.iban,
        extraction.net_total,
        extraction.buyer.name,
    ]
    assert [value.page for value in places if value] == [1] * 5
    assert extraction.due_date is not None
    assert extraction.due_date.page is None
    assert extract(reading, embedded_xml=False).due_date is None


@pytest.mark.parametrize(
    "words",
    [
        [],
        [Word("x", float("nan"), 0, 1, 1), Word("y", 1e300, 0, 2e300, 5)],
        [Word("\ud800\x00", 0, 0, 10, 10), Word("Total\ud83d", 0, 0, 30, 10), Word("5.00", 40, 0, 60, 10)],
        [Word("a" * 5000, 0, 0, 10, 10)],
        [Word("Total", 5, 5, 5, 5), Word("1.00", 5, 5, 5, 5)],
        [Word(f"{number}.00", 0, 0, 500, 10) for number in range(3000)],
    ],
    ids=["none", "nowhere", "surrogates", "long", "points", "stacked"],
)
def test_odd_words_are_survived_and_no_surrogate_gets_out(words: list[Word]) -> None:
    extraction = extract(Reading("application/pdf", [Page(1, 595, 842, words)], 1))
    str(extraction.to_data()).encode()


def test_pages_in_the_middle_of_a_long_document_are_not_searched() -> None:
    pages = [
        Page(number, 595, 842, Paper().put(50, 50, f"Invoice number: X-{number}").words) for number in range(1, 41)
    ]
    value = extract(Reading("application/pdf", pages, 40)).invoice_number
    assert value is not None
    assert value.value == "X-1"


def test_tables_of_a_format_that_has_them_are_taken_as_they_are() -> None:
    reading = Reading("application/docx", [], 1, tables=[[["a", "b"], ["c", "d"]]])
    assert extract(reading).tables[0].rows == [["a", "b"], ["c", "d"]]


def test_a_row_of_any_length_is_cut_so_that_labels_are_not_weighed_against_everything() -> None:
    words = [
        Word(("Date", "01.02.2024")[number % 2], 30.0 * number, 100, 30.0 * number + 25, 110) for number in range(2000)
    ]
    extraction = extract(Reading("application/pdf", [Page(1, 60000, 842, words)], 1))
    assert extraction.issue_date is not None
    assert extraction.issue_date.value == "2024-02-01"


@pytest.mark.parametrize("labels", [["Number:", "Date:"], ["Nr.", "Datum"], ["Numéro :", "Date :"]])
def test_a_number_above_the_date_is_that_of_a_document_which_is_an_invoice(labels: list[str]) -> None:
    lines = [f"{labels[0]} 2024-017", f"{labels[1]} 22/04/2025"]
    paper = Paper().put(50, 40, "Invoice", 16).table(300, [("Total", "108.00 EUR")])
    assert extract(paper.column(350, 100, lines).reading()).to_flat()["invoice_number"] == "2024-017"
    paper = Paper().put(50, 40, "Order confirmation", 16).table(300, [("Total", "108.00 EUR")])
    flat = extract(paper.column(350, 100, lines).reading()).to_flat()
    assert (flat["document_type"], flat["invoice_number"]) == ("order", None)


def test_a_number_above_the_date_of_an_order_is_not_that_of_the_invoice() -> None:
    paper = Paper().put(50, 40, "Invoice", 16).column(350, 100, ["Purchase order", "Number: 4711", "Date: 22/04/2025"])
    assert extract(paper.reading()).to_flat()["invoice_number"] is None
