"""Finer points of numbers, dates, accounts, currencies, totals and kinds of documents."""

import pytest

from docmill.documents.extraction import extract
from tests.documents.extraction.paper import Paper


def flat_of(*lines: str) -> dict[str, object]:
    return extract(Paper().column(50, 60, lines).reading()).to_flat()


@pytest.mark.parametrize(
    "line",
    ["Rechnung Nr. 4711 vom 13.06.2018", "Facture n°4711 du 13 juin 2018", "Invoice # 4711 of 13/06/2018"],
)
def test_the_date_behind_the_number_is_that_of_the_invoice(line: str) -> None:
    flat = flat_of(line, "Rechnung gemäß Bestellung Nr. 2018-4 vom 01.03.2018")
    assert (flat["invoice_number"], flat["issue_date"]) == ("4711", "2018-06-13")


def test_a_date_on_the_next_row_may_continue_the_number() -> None:
    assert flat_of("Gutschrift Nr. 4711", "vom 05.03.2018")["issue_date"] == "2018-03-05"


def test_a_date_alone_at_the_top_is_the_day_of_issue() -> None:
    assert flat_of("Berlin, 24. Januar 2014", "Rechnung")["issue_date"] == "2014-01-24"


@pytest.mark.parametrize(
    "line, due",
    [
        ("Zahlbar innerhalb 30 Tagen netto bis 04.07.2018, 3% Skonto innerhalb 10 Tagen bis 15.06.2018", "2018-07-04"),
        ("Please remit until 2020-12-12.", "2020-12-12"),
        ("Zeitraum vom 06.12.2013 bis zum 06.12.2014", None),
        ("zahlbar mit 3% Skonto bis zum 06.12.2014", None),
        ("Der Betrag ist am 06.12.2013 fällig", "2013-12-06"),
    ],
)
def test_the_day_to_pay_is_neither_the_end_of_a_period_nor_of_a_discount(line: str, due: str | None) -> None:
    assert flat_of("Rechnung", line)["due_date"] == due


@pytest.mark.parametrize(
    "lines, number",
    [
        (["INVOICE", "# invoice_number_1"], "invoice_number_1"),
        (["Facture FA-2017-0010"], "FA-2017-0010"),
        (["Rechnung 2018"], None),
        (["see invoice for 12 items"], None),
    ],
)
def test_a_number_behind_the_word_invoice_alone_must_look_like_one(lines: list[str], number: str | None) -> None:
    assert flat_of(*lines)["invoice_number"] == number


def test_the_account_that_is_called_so_comes_before_others() -> None:
    flat = flat_of("Kunde DE02120300000000202051", "IBAN: NL91ABNA0417164300")
    assert flat["iban"] == "NL91ABNA0417164300"
    assert flat_of("DE02120300000000202051")["iban"] == "DE02120300000000202051"
    assert flat_of("Bank Account: US1234567890")["iban"] == "US1234567890"


@pytest.mark.parametrize(
    "lines, code",
    [
        (["Währung: DEM", "Total 5,00 €"], "DEM"),
        (["Total $4.11", "all prices in US Dollars"], "USD"),
        (["Total Rs 1939"], "INR"),
        (["Summa att betala 500,00 kr", "Fakturadatum Moms"], "SEK"),
        (["Total 5.00"], None),
    ],
)
def test_the_currency_is_named_or_shown_by_the_amounts(lines: list[str], code: str | None) -> None:
    assert flat_of(*lines)["currency"] == code


@pytest.mark.parametrize(
    "rows, net, tax, gross",
    [
        ([("Total excl. VAT", "10.00"), ("VAT", "2.00"), ("Total incl. VAT", "12.00")], "10.00", "2.00", "12.00"),
        ([("Gesamtbeitrag", "50,00"), ("Steuer", "9,50"), ("Rechnungsbeitrag", "59,50")], "50.00", "9.50", "59.50"),
        ([("Subtotal", "10.00"), ("Shipping", "5.00"), ("Tax", "1.00"), ("Total", "16.00")], "10.00", "1.00", "16.00"),
        ([("Tax (0%)", "0.00"), ("Total", "12.00")], "12.00", "0.00", "12.00"),
        ([("Net total", "12.00"), ("VAT", "2.00")], "12.00", "2.00", None),
        ([("Previous balance", "99.00"), ("Total", "12.00")], None, None, "12.00"),
        ([("Gesamtbetrag der Zuschläge", "5,00"), ("Bruttosumme", "12,00")], None, None, "12.00"),
    ],
)  # fmt: skip
def test_totals_are_told_by_the_parts_of_their_labels(
    rows: list[tuple[str, str]], net: str | None, tax: str | None, gross: str | None
) -> None:
    flat = extract(Paper().table(300, rows).reading()).to_flat()
    assert (flat["net_total"], flat["tax_total"], flat["gross_total"]) == (net, tax, gross)


def test_amounts_without_cents_count_where_there_are_no_others() -> None:
    assert extract(Paper().table(300, [("Total", "1939")]).reading()).to_flat()["gross_total"] == "1939"


@pytest.mark.parametrize(
    "title, kind",
    [
        ("MAHNUNG", "reminder"),
        ("Lieferschein", "delivery_note"),
        ("Purchase Order", "order"),
        ("Jahresbericht", "report"),
        ("Xyzzy", "other"),
        ("Avoir", "credit_note"),
    ],
)
def test_the_title_tells_the_kind(title: str, kind: str) -> None:
    assert extract(Paper().put(50, 50, title, 18).reading()).to_flat()["document_type"] == kind


def test_what_has_the_number_and_the_total_of_an_invoice_is_one_whatever_words_it_uses() -> None:
    assert flat_of("Dear customer", "Billing ID: 7788-99", "Total 5.00")["document_type"] == "invoice"
    assert flat_of("Billing ID: 7788-99", "Total 5.00")["document_type"] == "invoice"


def test_values_of_recognised_words_are_no_surer_than_the_words() -> None:
    reading = Paper().put(50, 50, "Invoice number: A-77").reading()
    reading.pages[0].source = "ocr"
    reading.pages[0].words = [word._replace(confidence=0.5) for word in reading.pages[0].words]
    number = extract(reading).invoice_number
    assert number is not None
    assert number.source == "ocr"
    assert number.confidence <= 0.5


def test_two_labels_with_a_slash_between_them_share_their_value() -> None:
    assert flat_of("Rechnungsdatum/Lieferdatum 14 April 2020", "Rechnung")["issue_date"] == "2020-04-14"


def test_a_head_of_two_lines_is_read_as_one() -> None:
    paper = Paper()
    rows = [("Montant", "Montant", "Montant"), ("EUR HT", "TVA", "EUR TTC"), ("10,00", "2,00", "12,00")]
    for number, row in enumerate(rows):
        for column, text in enumerate(row):
            paper.put(200 + 120 * column, 300 + 12 * number, text, right=True)
    flat = extract(paper.reading()).to_flat()
    assert (flat["net_total"], flat["tax_total"], flat["gross_total"]) == ("10.00", "2.00", "12.00")


def test_what_is_missing_to_the_sum_may_be_printed_without_a_name() -> None:
    rows = [("Honorar", "1'500.00"), ("MWST 7.7%", "115.50"), ("Rechnungsbetrag", "1'615.50")]
    assert extract(Paper().table(300, rows).reading()).to_flat()["net_total"] == "1500.00"
    rows = [("Netto", "100,00"), ("19 %", "19,00"), ("Brutto", "119,00")]
    assert extract(Paper().table(300, rows).reading()).to_flat()["tax_total"] == "19.00"


def test_two_taxes_on_the_same_value_are_summed_up() -> None:
    rows = [("Taxable Amount", "1,000.00"), ("CGST 9%", "90.00"), ("SGST 9%", "90.00"), ("Grand Total", "1,180.00")]
    assert extract(Paper().table(300, rows).reading()).to_flat()["tax_total"] == "180.00"


def test_a_total_row_is_told_apart_by_its_columns() -> None:
    paper = Paper()
    rows = [("", "Net", "VAT", "Total"), ("Lamp", "60.00", "12.00", "72.00"), ("Total", "60.00", "12.00", "72.00")]
    for number, row in enumerate(rows):
        for column, text in enumerate(row):
            paper.put(160 + 110 * column, 300 + 12 * number, text, right=True)
    flat = extract(paper.reading()).to_flat()
    assert (flat["net_total"], flat["tax_total"], flat["gross_total"]) == ("60.00", "12.00", "72.00")


def test_a_tax_that_is_not_the_rate_of_the_amount_before_it_says_nothing_of_that_amount() -> None:
    rows = [("Net", "100.00"), ("VAT 20 % of 77.00", "20.00"), ("Total", "120.00")]
    flat = extract(Paper().table(300, rows).reading()).to_flat()
    assert (flat["net_total"], flat["tax_total"], flat["gross_total"]) == ("100.00", "20.00", "120.00")


def test_a_single_total_below_the_net_amounts_of_the_lines_is_the_net_or_the_gross_one() -> None:
    paper = Paper().put(50, 40, "Invoice", 16)
    rows = [("Item", "Net amount"), ("Lamp", "60.00"), ("Total", "60.00"), ("VAT", "12.00"), ("To pay", "72.00")]
    for number, (label, amount) in enumerate(rows):
        paper.put(300, 300 + 13 * number, label).put(500, 300 + 13 * number, amount, right=True)
    flat = extract(paper.reading()).to_flat()
    assert (flat["net_total"], flat["tax_total"], flat["amount_due"]) == ("60.00", "12.00", "72.00")


def test_a_number_behind_many_words_does_not_belong_to_the_label() -> None:
    paper = Paper().put(50, 100, "Invoice number on the first of all of the pages 4711-A")
    assert extract(paper.reading()).to_flat()["invoice_number"] is None
