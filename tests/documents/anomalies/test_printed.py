"""Where a value is printed, in whichever notation."""

from datetime import date
from decimal import Decimal
from math import inf, nan

import pytest

from docmill.documents import printed
from docmill.documents.pages import Page, Reading, Word
from docmill.documents.printed import Printed
from tests.documents.anomalies.samples import reading


@pytest.mark.parametrize(
    "text, amount",
    [
        ("1.234,50", "1234.5"),
        ("1,234.50", "1234.50"),
        ("1 234,50", "1234.5"),
        ("1'234.50", "1234.50"),
        ("€1234.50", "1234.50"),
        ("-12,00", "-12"),
        ("12,00-", "-12"),
        ("12,-", "12"),
        ("1.234", "1234"),
        ("1.234", "1.234"),
        ("0", "0.00"),
        ("12,34,567.89", "1234567.89"),
        ("7", "7"),
    ],
)
def test_an_amount_is_found_in_any_notation(text: str, amount: str) -> None:
    found = Printed(reading(f"Total {text}")).find_amount(Decimal(amount))
    assert found is not None
    assert found.page == 1
    assert Printed(reading(text)).has_amount(-Decimal(amount))


def test_the_sign_of_an_amount_is_a_part_of_it() -> None:
    assert Printed(reading("Total -12,00")).find_amount(Decimal(12)) is None
    assert Printed(reading("Total 12,00")).find_amount(Decimal(-12)) is None


@pytest.mark.parametrize(
    "text, found", [("Total EUR 5", "EUR"), ("EUR", "EUR"), ("5,00 €", "5,00 €"), ("€ EUR", "EUR")]
)
def test_a_currency_is_found_by_its_code_or_its_sign(text: str, found: str) -> None:
    place = Printed(reading(text)).find_currency("EUR")
    assert place is not None
    assert place.raw == found
    assert Printed(reading(text)).find_currency("USD") is None


def test_the_text_is_what_one_reads_row_by_row() -> None:
    words = [Word("100,00", 300, 10, 330, 20), Word("unter", 10, 30, 40, 40), Word("Netto\x00", 10, 10, 40, 20)]
    assert Printed(Reading("application/pdf", [Page(1, 595, 842, words)], 1)).text == "Netto  100,00\nunter"


def test_the_last_place_of_an_amount_and_the_first_of_a_date_are_taken() -> None:
    place = Printed(reading("9,00 2.3.2026\n9,00 2.3.2026"))
    amount, day = place.find_amount(Decimal(9)), place.find_date(date(2026, 3, 2))
    assert amount is not None
    assert day is not None
    assert (amount.bbox[1], day.bbox[1]) == (54, 40)


@pytest.mark.parametrize("text", ["3 February 2026", "2026-02-03", "03.02.26", "02/03/2026", "3. Februar 2026"])
def test_a_date_is_found_in_any_notation(text: str) -> None:
    printed_place = Printed(reading(f"Date: {text}"))
    found = printed_place.find_date(date(2026, 2, 3))
    assert found is not None
    assert found.raw == text
    assert printed_place.find_date(date(2026, 2, 4)) is None


@pytest.mark.parametrize(
    "text, raw",
    [
        ("RE-17", "RE-17,"),
        ("re 17", "RE-17,"),
        ("MUSTER GMBH", "Muster GmbH"),
        ("DE89370400440532013000", "DE89 3704 0044 0532 0130 00"),
        ("Zweite Zeile", "Zweite Zeile"),
        ("GmbH Zweite", "GmbH Zweite"),
    ],
)
def test_a_text_is_found_by_its_letters_and_digits(text: str, raw: str) -> None:
    found = Printed(reading("RE-17, Muster GmbH\nZweite Zeile DE89 3704 0044 0532 0130 00")).find_text(text)
    assert found is not None
    assert found.raw == raw


@pytest.mark.parametrize("text", ["RE-1", "E-17", "Must GmbH", "GmbH Muster", "", " -- ", "\ud800"])
def test_a_part_of_a_word_is_not_found(text: str) -> None:
    assert Printed(reading("RE-17, Muster GmbH")).find_text(text) is None


@pytest.mark.parametrize(
    "text, is_whole",
    [("No:2026", True), ("No#2026,", True), ("(2026)", True), ("17.02.2026", False), ("2026/1", False)],
)
def test_a_whole_word_has_nothing_but_a_label_before_it(text: str, is_whole: bool) -> None:
    page = Printed(reading(text))
    assert page.find_text("2026") is not None
    assert (page.find_text("2026", whole=True) is not None) is is_whole


def test_a_name_beside_other_columns_is_found_row_by_row() -> None:
    words = [Word("Muster", 10, 10, 40, 20), Word("Total", 300, 100, 330, 110), Word("GmbH", 45, 10, 70, 20)]
    found = Printed(Reading("application/pdf", [Page(1, 595, 842, words)], 1)).find_text("Muster GmbH")
    assert found is not None
    assert found.bbox == (10, 10, 70, 20)


def test_the_place_says_how_sure_its_least_sure_word_is() -> None:
    words = [Word("Muster", 10, 10, 40, 20, 0.9), Word("GmbH", 45, 10, 70, 20, 0.6)]
    found = Printed(Reading("image/png", [Page(3, 595, 842, words, source="ocr")], 1)).find_text("Muster GmbH")
    assert found is not None
    assert (found.confidence, found.source, found.page) == (0.6, "ocr", 3)


def test_a_text_that_is_everywhere_but_never_a_word_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printed, "MAX_TRIES", 3)
    assert Printed(reading("aaaaaaaa a")).find_text("a") is None
    assert Printed(reading("aaa a")).find_text("a") is None
    assert Printed(reading("aa a")).find_text("a") is not None


def test_percentages_are_listed_once() -> None:
    rows = "19 % 19% 7,5 % 100% 1234% 2.5%"
    assert Printed(reading(rows)).percentages == [Decimal(19), Decimal("7.5"), Decimal("2.5")]


def test_only_the_first_words_of_a_long_document_are_looked_at() -> None:
    pages = [Page(number, 595, 842, [Word(f"w{number}", 1, 1, 2, 2)] * 30_000) for number in (1, 2, 3)]
    long = Printed(Reading("application/pdf", pages, 3))
    assert not long.is_complete
    assert long.find_text("w2") is not None
    assert long.find_text("w3") is None


def test_words_that_stand_nowhere_do_no_harm() -> None:
    words = [Word("12,00", nan, 0, 1, 1), Word("13,00", 0, -inf, 1, inf), Word("a\ud800\x00b", 1e300, 1, 1e301, 2)]
    odd = Printed(Reading("application/pdf", [Page(1, 595, 842, words)], 1))
    assert odd.find_amount(Decimal(12)) is None
    assert odd.find_date(date(2026, 1, 1)) is None
    found = odd.find_text("ab")
    assert found is not None
    assert found.raw == "ab"
    assert odd.sources == {"text"}
