"""Amounts, dates, accounts, VAT numbers and references in a line of text."""

from datetime import date
from decimal import Decimal

import pytest

from docmill.documents.extraction.currencies import code_of
from docmill.documents.extraction.dates import dates_in, order_of
from docmill.documents.extraction.identifiers import after_label, ibans_in, vats_in
from docmill.documents.extraction.labels import labels_in
from docmill.documents.extraction.layout import Row, normalise, rows_of
from docmill.documents.extraction.money import amounts_in, parse_number
from docmill.documents.extraction.references import references_in
from tests.documents.extraction.paper import Paper


def row(text: str) -> Row:
    return rows_of(Paper().put(50, 50, text).reading().pages)[0]


@pytest.mark.parametrize(
    "text, value",
    [
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("1'234.50", "1234.50"),
        ("1 234,56", "1234.56"),
        ("12,34,567.00", "1234567.00"),
        ("1234,5", "1234.5"),
        ("1.234", "1234"),
        ("1.234.567", "1234567"),
        ("42", "42"),
    ],
)
def test_numbers_are_read_in_the_notations_of_many_countries(text: str, value: str) -> None:
    assert parse_number(text) == Decimal(value)


@pytest.mark.parametrize(
    "text, values, sign",
    [
        ("€ 1.200,00", ["1200.00"], "€"),
        ("1.200,00 EUR", ["1200.00"], "EUR"),
        ("US$ 5", ["5"], "US$"),
        ("Rs. 1,00,000.00", ["100000.00"], "Rs."),
        ("-5,00", ["-5.00"], ""),
        ("5,00-", ["-5.00"], ""),
        ("(5.00)", ["-5.00"], ""),
        ("(5,00 €)", ["5.00"], "€"),
        ("CHF 50.--", ["50"], "CHF"),
        ("- 84340 Ville", ["84340"], ""),
        ("1,00 2,00", ["1.00", "2.00"], ""),
    ],
)
def test_amounts_are_found_with_sign_and_currency(text: str, values: list[str], sign: str) -> None:
    found = list(amounts_in(row(text)))
    assert [str(each.value) for each in found] == values
    assert found[0].sign == sign


@pytest.mark.parametrize("text", ["19,00 %", "19%", "12:30", "v1.2.3.4", "no digits"])
def test_rates_times_and_versions_are_no_amounts(text: str) -> None:
    assert not [each for each in amounts_in(row(text)) if each.is_likely]


def test_kr_is_told_by_the_language() -> None:
    assert [code_of("kr", language) for language in ("sv", "da", "no", None)] == ["SEK", "DKK", "NOK", None]
    assert code_of("eur") == "EUR"
    assert code_of("?") is None


@pytest.mark.parametrize(
    "text",
    [
        "09.11.2024",
        "9. November 2024",
        "9 November, 2024",
        "November 9, 2024",
        "Nov 9 , 2024",
        "09-Nov-24",
        "2024-11-09",
        "2024/11/09",
        "2024年11月9日",
        "09 novembre 2024",
        "9 de noviembre de 2024",
        "9. listopadu 2024",
        "2024 November 9",
        "9th of November 2024",
    ],
)
def test_a_day_is_read_in_many_ways_of_writing(text: str) -> None:
    (found,) = dates_in(row(f"on {text}"))
    assert found.day("dmy") == date(2024, 11, 9)
    assert found.raw == text


@pytest.mark.parametrize("text", ["31.02.2024", "99.99.2024", "10.11.12.13", "12-13/2024", "9 Foo 2024", "01.01.1234"])
def test_what_is_no_day_is_no_date(text: str) -> None:
    assert not list(dates_in(row(text)))


def test_the_order_of_day_and_month_is_told_by_other_dates_then_by_the_country() -> None:
    doubtful, american, european = (next(dates_in(row(text))) for text in ("03/04/2024", "03/25/2024", "25/03/2024"))
    assert not doubtful.is_certain
    assert order_of([doubtful, american], "de", is_american=False) == "mdy"
    assert order_of([doubtful, european], "en", is_american=True) == "dmy"
    assert order_of([doubtful], "en", is_american=True) == "mdy"
    assert order_of([doubtful], "en", is_american=False) == "dmy"


@pytest.mark.parametrize(
    "text, value",
    [
        ("IBAN: DE02 1203 0000 0000 2020 51 BIC: BYLADEM1001", "DE02120300000000202051"),
        ("FR7630006000011234567890189", "FR7630006000011234567890189"),
        ("NL91ABNA0417164300 t.n.v.", "NL91ABNA0417164300"),
        ("FR20 1242 1242 1242 1242 1242 124", "FR2012421242124212421242124"),
    ],
)
def test_accounts_are_found_and_cut_at_the_length_of_their_country(text: str, value: str) -> None:
    assert [each.value for each in ibans_in(row(text))] == [value]


@pytest.mark.parametrize("text", ["XX02 1203 0000 0000 2020 51", "DE02 1203 0000", "DE02 1203 0000 0000 2020 51X9"])
def test_what_is_no_account_is_none(text: str) -> None:
    assert not list(ibans_in(row(text)))


@pytest.mark.parametrize(
    "text, value",
    [
        ("USt-IdNr. DE 136 695 976", "DE136695976"),
        ("UID CHE-123.456.788 MWST", "CHE123456788"),
        ("BTW NL123456789B01", "NL123456789B01"),
        ("TVA FR 12 345 678 901", "FR12345678901"),
        ("ATU12345678", "ATU12345678"),
        ("BE 0428.759.497", "BE0428759497"),
        ("GSTIN 27AAPFU0939F1ZV", "27AAPFU0939F1ZV"),
    ],
)
def test_vat_numbers_are_found_in_the_form_of_their_country(text: str, value: str) -> None:
    (found,) = vats_in(row(text))
    assert found.value == value
    assert found.raw


def test_a_number_without_a_country_is_taken_only_behind_its_label() -> None:
    line = row("P.IVA: 01234567890")
    assert not list(vats_in(line))
    (label,) = labels_in(line)
    found = after_label(line, label.end)
    assert found is not None
    assert found.value == "01234567890"
    assert after_label(row("VAT: 12"), 4) is None


@pytest.mark.parametrize(
    "text, value",
    [
        ("RE-20171118/506", "RE-20171118/506"),
        ("# BLR_20151000982590", "BLR_20151000982590"),
        ("INV 00123", "INV 00123"),
        ("2019 123 45", "2019 123 45"),
        ("2024-07 / 18", "2024-07 / 18"),
        ("invoice_number_1", "invoice_number_1"),
    ],
)
def test_references_are_words_with_digits(text: str, value: str) -> None:
    assert [each.value for each in references_in(row(text))] == [value]


@pytest.mark.parametrize("text", ["1.234,50", "250g", "12:30", "A" * 40 + "1", "plain words"])
def test_quantities_and_times_are_no_references(text: str) -> None:
    assert not list(references_in(row(text)))


@pytest.mark.parametrize(
    "text, role",
    [
        ("Rechnungs-Nr.:", "number"),
        ("Rechnungs Nr.", "number"),
        ("N° de facture", "number"),
        ("Invoice#12", "number"),
        ("Facture n°562", "number"),
        ("USt.-Id.-Nr.", "vat"),
        ("Date d\u2019échéance", "due_date"),
        ("Lieferschein-Datum", "other_date"),
    ],
)
def test_labels_are_found_however_they_are_put_together(text: str, role: str) -> None:
    assert role in next(labels_in(row(text))).roles


def test_words_are_compared_without_case_accents_and_punctuation() -> None:
    assert normalise("Échéance: Nº 5.") == "echeanceno5"


def test_a_row_knows_the_words_of_each_part_of_its_text() -> None:
    paper = Paper().put(50, 50, "Total due").put(400, 50, "5.00")
    (line,) = rows_of(paper.reading().pages)
    assert line.text == "Total due  5.00"
    assert [segment.text for segment in line.segments] == ["Total due", "5.00"]
    assert [word.text for word in line.words_between(6, 15)] == ["due", "5.00"]
    assert line.box_between(11, 15)[0] == 400
