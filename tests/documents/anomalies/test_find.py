"""Dates, mandatory fields, check digits, and whether print and embedded invoice say the same."""

import json
from datetime import timedelta
from typing import Any

import attrs
import pytest

from docmill.documents.anomalies import ANOMALIES, find_anomalies
from docmill.documents.einvoice.model import InvoiceData
from docmill.documents.findings import Anomaly, Issue
from docmill.documents.pages import Reading
from docmill.documents.values import FIELDS, Party
from tests.documents.anomalies.samples import TODAY, extraction, reading, value

EMBEDDED = InvoiceData(syntax="cii")
PAGE = reading(
    """Muster GmbH
    Rechnung RE-2026/17 vom 3. Februar 2026
    IBAN DE89 3704 0044 0532 0130 00
    Netto 100,00
    USt 19 % 19,00
    Gesamt EUR 119,00
    zahlbar bis 17.02.26"""
)


def find(**fields: Any) -> list[Anomaly]:
    return find_anomalies(extraction(**fields), reading=PAGE, today=TODAY)


def codes(**fields: Any) -> list[str]:
    return [anomaly.code for anomaly in find(**fields)]


@pytest.mark.parametrize(
    "issued, due, expected",
    [
        ("2026-03-02", None, []),
        ("2026-03-03", None, ["future_date"]),
        ("1996-03-20", None, []),
        ("1990-01-01", None, ["implausible_date"]),
        ("2026-02-01", "2026-02-01", []),
        ("2026-02-01", "2026-01-31", ["due_before_issue"]),
        ("2026-02-01", "2036-01-01", []),
        ("2026-02-01", "2036-03-01", ["implausible_date"]),
        ("2999-01-01", "1900-01-01", ["future_date", "due_before_issue"]),
        ("0001-01-01", None, ["implausible_date"]),
        ("9999-12-31", None, ["future_date"]),
    ],
)
def test_dates_that_cannot_be_right_are_found(issued: str, due: str | None, expected: list[str]) -> None:
    assert codes(issue_date=issued, due_date=due) == expected


def test_the_message_of_a_date_names_both_days() -> None:
    [anomaly] = find(issue_date="2026-02-10", due_date="2026-02-01")
    assert anomaly.message == "due on 2026-02-01, before it was issued on 2026-02-10"
    assert [each["value"] for each in anomaly.evidence] == ["2026-02-10", "2026-02-01"]


NOTHING: dict[str, Any] = dict.fromkeys([*FIELDS, "seller", "buyer"])
UNKNOWN = NOTHING | {"document_type": "invoice"}


@pytest.mark.parametrize(
    "document_type, expected",
    [
        ("invoice", ["invoice_number", "issue_date", "seller", "currency", "total"]),
        ("credit_note", ["invoice_number", "issue_date", "seller", "currency", "total"]),
        ("receipt", ["issue_date", "seller", "total"]),
        ("letter", []),
        (None, []),
        (value("invoice", confidence=0.2), []),
    ],
)
def test_mandatory_fields_that_are_missing_are_found(document_type: Any, expected: list[str]) -> None:
    found = find(**{**NOTHING, "document_type": document_type})
    assert [anomaly.code for anomaly in found] == [f"missing_{field}" for field in expected]
    assert {anomaly.severity for anomaly in found} <= {"warning"}


def test_an_amount_due_is_enough_of_a_total() -> None:
    assert codes(gross_total=None, net_total=None) == []


def test_a_vat_id_is_enough_of_a_seller() -> None:
    found = extraction(seller=None)
    found.seller.vat = value("DE136695976")
    assert find_anomalies(found, reading=PAGE, today=TODAY) == []


def test_an_embedded_invoice_must_name_its_buyer() -> None:
    [anomaly] = find_anomalies(extraction("embedded", buyer=None), invoice=EMBEDDED, today=TODAY)
    assert (anomaly.code, anomaly.severity) == ("missing_buyer", "error")


def test_a_field_that_is_missing_in_an_embedded_invoice_is_an_error() -> None:
    [anomaly] = find_anomalies(extraction("embedded", currency=None), invoice=EMBEDDED, today=TODAY)
    assert (anomaly.code, anomaly.severity) == ("missing_currency", "error")
    assert anomaly.message == "there is no currency in the embedded invoice"
    assert anomaly.evidence == [{"field": "currency", "value": None, "page": None, "bbox": None}]


@pytest.mark.parametrize("page", [None, reading(""), attrs.evolve(PAGE, truncated=True), reading("word " * 60_000)])
def test_nothing_is_missing_in_what_was_not_read(page: Reading | None) -> None:
    assert find_anomalies(extraction(**UNKNOWN), reading=page, today=TODAY) == []


def test_wrong_check_digits_are_told_whatever_the_document_is() -> None:
    found = extraction(document_type="letter", iban=value("DE00", valid=False))
    found.seller = Party(vat=value("DE1", valid=False))
    found.buyer = Party(vat=value("DE2", valid=None))
    anomalies = find_anomalies(found, today=TODAY)
    assert [(anomaly.code, anomaly.message) for anomaly in anomalies] == [
        ("iban_checksum", "the IBAN DE00 is not valid"),
        ("vat_invalid", "the VAT id of the seller DE1 is not valid"),
    ]
    assert codes(iban=value("DE89370400440532013000", valid=True)) == []


def compare(page: Reading = PAGE, printed: dict[str, Any] | None = None, **fields: Any) -> list[Anomaly]:
    return find_anomalies(
        extraction("embedded", **fields),
        invoice=EMBEDDED,
        printed=None if printed is None else extraction(**printed),
        reading=page,
        today=TODAY,
    )


def test_an_embedded_invoice_that_is_printed_in_another_notation_is_the_same() -> None:
    assert compare(printed={}) == []


@pytest.mark.parametrize(
    "field, embedded",
    [
        ("invoice_number", "RE-2026/18"),
        ("issue_date", "2026-02-04"),
        ("due_date", "2026-02-18"),
        ("iban", "DE02120300000000202051"),
        ("net_total", "101.00"),
        ("tax_total", "20.00"),
        ("gross_total", "1190.00"),
        ("amount_due", "118.99"),
    ],
)
def test_an_embedded_value_that_stands_nowhere_on_the_pages_is_a_difference(field: str, embedded: str) -> None:
    [anomaly] = compare(printed={}, **{field: embedded})
    assert (anomaly.code, anomaly.severity) == ("embedded_differs_from_print", "error")
    assert embedded in anomaly.message
    assert [each["field"] for each in anomaly.evidence] == [f"embedded.{field}", f"printed.{field}"]


def test_without_a_printed_counterpart_the_difference_is_told_with_reserve() -> None:
    [anomaly] = compare(gross_total="1190.00")
    assert (anomaly.severity, len(anomaly.evidence)) == ("warning", 1)


@pytest.mark.parametrize("field, embedded", [("iban", "DE02120300000000202051"), ("net_total", "7.77")])
def test_what_many_invoices_do_not_print_is_not_missed(field: str, embedded: str) -> None:
    assert compare(printed={field: None}, **{field: embedded}) == []


@pytest.mark.parametrize(
    "embedded, is_same",
    [("00.123.7-2014-1", True), ("00.123.8-2014-1", False), ("00.123.7/2014-1", True), ("00-2014-1", False)],
)
def test_an_invoice_number_may_be_printed_without_its_last_parts(embedded: str, is_same: bool) -> None:
    page = reading("Policy 00.123.7 3.2.2026 17.2.2026 DE89370400440532013000 100,00 19,00 119,00")
    assert (compare(page, {}, invoice_number=embedded) == []) is is_same


def test_a_number_without_end_is_looked_for_in_time_and_shown_in_part() -> None:
    [anomaly] = compare(printed={}, invoice_number="7-" * 100_000)
    assert len(anomaly.message) < 250


def test_the_number_of_the_next_invoice_is_no_shorter_form() -> None:
    assert len(compare(printed={}, invoice_number="RE-2026/18")) == 1


def test_an_embedded_zero_need_not_be_printed() -> None:
    assert compare(printed={}, amount_due="0.00", tax_total="0") == []


@pytest.mark.parametrize(
    "page",
    [
        reading("nothing that could be compared"),
        attrs.evolve(PAGE, truncated=True),
        attrs.evolve(PAGE, pages=[attrs.evolve(PAGE.pages[0], source="ocr")]),
    ],
)
def test_nothing_is_concluded_from_a_print_that_cannot_be_read_for_sure(page: Reading) -> None:
    assert compare(page, {}, gross_total="7.77") == []


def test_only_what_is_embedded_is_compared_with_the_print() -> None:
    assert compare(printed={}, gross_total=value("7.77", "llm")) == []
    assert compare(printed={}, issue_date=value("no date", "embedded")) == []


def test_invisible_text_is_told_unless_it_is_only_good_to_know() -> None:
    issues = [
        Issue("invisible_text", "warning", 2, "page 2 has 40 invisible words"),
        Issue("invisible_text", "info", 3, "the text layer of a scan"),
        Issue("low_contrast", "warning", 1, "..."),
    ]
    quality = {"score": 50, "issues": [issue.to_data() for issue in issues]}
    [anomaly] = find_anomalies(extraction(document_type="letter"), quality=quality, today=TODAY)
    assert (anomaly.code, anomaly.message) == ("invisible_text", "page 2 has 40 invisible words")
    assert anomaly.evidence == [{"field": "page", "value": None, "page": 2, "bbox": None}]
    assert find_anomalies(extraction(document_type="letter"), quality={}, today=TODAY) == []


def test_every_anomaly_can_be_carried_by_json_and_is_in_the_catalogue() -> None:
    found = find(**UNKNOWN) + compare(printed={}, gross_total="9.99", issue_date="2999-01-01", due_date="2026-01-01")
    assert {anomaly.code for anomaly in found} <= set(ANOMALIES)
    json.dumps([anomaly.to_data() for anomaly in found], allow_nan=False)


def test_the_catalogue_tells_severity_and_meaning_in_a_sentence() -> None:
    for severity, meaning in ANOMALIES.values():
        assert severity in {"info", "warning", "error"}
        assert meaning[0].isupper()
        assert meaning.endswith(".")


def test_today_may_be_the_first_or_the_last_day_of_all() -> None:
    for today in (TODAY.min, TODAY.max):
        assert find_anomalies(extraction(), reading=PAGE, today=today)
    assert not find_anomalies(extraction(), reading=PAGE, today=TODAY - timedelta(days=26))
