"""What invoice XML says, in each syntax, and what is refused."""

from decimal import Decimal

import pytest

from docmill.documents.einvoice import EmbeddedInvoice, InvoiceLine, read_invoice
from docmill.documents.einvoice.checks import is_iban_valid, is_vat_valid
from docmill.documents.limits import Limits
from tests.documents.einvoice.samples import CII, UBL, credit_note, zugferd_1


def read(xml: str) -> EmbeddedInvoice:
    invoice = read_invoice(xml.encode(), Limits())
    assert invoice is not None
    return invoice


@pytest.mark.parametrize("xml", [CII, zugferd_1()], ids=["zugferd 2", "zugferd 1"])
def test_an_invoice_in_cii_gives_every_field(xml: str) -> None:
    flat = read(xml).extraction.to_flat()
    lines = flat.pop("lines")
    assert flat == {
        "document_type": "invoice",
        "language": None,
        "invoice_number": "R-17",
        "issue_date": "2024-03-05",
        "due_date": "2024-04-04",
        "currency": "EUR",
        "iban": "DE02120300000000202051",
        "net_total": "23.00",
        "tax_total": "4.37",
        "gross_total": "27.37",
        "amount_due": "20.00",
        "seller_name": "Nordlicht GmbH",
        "seller_vat": "DE136695976",
        "buyer_name": "Sonnenhof KG",
        "buyer_vat": None,
    }
    assert lines == [{"description": "Screws", "quantity": "400", "unit_price": "0.05", "amount": "19.00"}]


def test_a_price_that_is_divided_by_its_base_quantity_has_ten_digits_at_most() -> None:
    xml = CII.replace(">100</ram:BasisQuantity>", ">15</ram:BasisQuantity>").replace(
        ">5.00</ram:Charge", ">10.00</ram:Charge"
    )
    assert read(xml).extraction.to_flat()["lines"][0]["unit_price"] == "0.6666666667"
    huge = CII.replace(">5.00</ram:Charge", f">{'9' * 30}</ram:Charge")
    assert read(huge).extraction.to_flat()["lines"][0]["unit_price"] == f"1{'0' * 28}"


def test_its_numbers_keep_base_quantity_allowances_and_freight() -> None:
    data = read(CII).data
    (line,) = data.lines
    assert (line.base_quantity, line.expected_total) == (100, Decimal(19))
    assert [each.signed_amount for each in line.adjustments] == [-1]
    assert [(each.reason, each.signed_amount) for each in data.adjustments] == [("Freight", 4)]
    assert (data.taxes[0].rate, data.taxes[0].basis, data.taxes[0].category) == (19, 23, "S")
    assert (data.prepaid, data.rounding, data.charge_total) == (Decimal("7.37"), None, 4)


def test_an_invoice_in_ubl_gives_every_field_and_the_tax_in_its_own_currency() -> None:
    invoice = read(UBL)
    flat = invoice.extraction.to_flat()
    assert (flat["seller_name"], flat["seller_vat"], flat["buyer_name"]) == (
        "Blue Heron BV",
        "BE0428759497",
        "Green Farms",
    )
    assert (flat["tax_total"], flat["gross_total"], flat["amount_due"]) == ("5.25", "30.25", "30.30")
    assert (flat["iban"], flat["due_date"]) == ("BE68539007547034", "2024-04-04")
    assert flat["lines"] == [{"description": "Nets", "quantity": "2", "unit_price": "10.00", "amount": "20.00"}]
    assert invoice.data.rounding == Decimal("0.05")
    assert [each.signed_amount for each in invoice.data.adjustments] == [5]
    assert invoice.data.taxes[0].rate == 21


def test_a_credit_note_in_ubl_is_one_and_takes_its_due_date_from_the_means_of_payment() -> None:
    extraction = read(credit_note()).extraction
    assert extraction.document_type is not None
    assert extraction.document_type.value == "credit_note"
    assert extraction.to_flat()["due_date"] == "2024-04-05"
    assert extraction.to_flat()["lines"][0]["quantity"] == "2"


def test_check_digits_flag_a_value_and_do_not_drop_it() -> None:
    extraction = read(CII.replace("2020 51", "2020 52")).extraction
    assert extraction.iban is not None
    assert extraction.iban.valid is False
    assert extraction.seller.vat is not None
    assert extraction.seller.vat.valid is True
    assert extraction.seller.vat.source == "embedded"


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"no xml",
        b"<order><ID>1</ID></order>",
        b"<Invoice><ID></ID></Invoice>",
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><Invoice><ID>&a;</ID></Invoice>',
        b"<Invoice>" + b"<a>" * 100 + b"</a>" * 100 + b"<ID>1</ID></Invoice>",
        b'<?xml version="1.0" encoding="nonsense"?><Invoice><ID>1</ID></Invoice>',
    ],
)
def test_what_is_no_invoice_or_too_deep_or_declares_entities_is_none(xml: bytes) -> None:
    assert read_invoice(xml, Limits()) is None


def test_xml_above_the_limit_of_bytes_is_none() -> None:
    assert read_invoice(UBL.encode(), Limits(max_bytes=100)) is None


@pytest.mark.parametrize("text", ["NaN", "Infinity", "ten", "1" * 50, "1e99999"])
def test_an_amount_that_is_no_plain_number_is_left_out(text: str) -> None:
    assert read(CII.replace(">27.37<", f">{text}<")).data.gross is None


@pytest.mark.parametrize("text", ["20240230", "soon"])
def test_a_date_that_is_none_is_left_out(text: str) -> None:
    assert read(CII.replace("20240305", text)).extraction.issue_date is None


def test_a_line_without_a_factor_has_no_expected_total() -> None:
    assert InvoiceLine(quantity=Decimal(2)).expected_total is None


def test_check_digits_are_known_for_the_countries_of_the_union_and_some_others() -> None:
    assert is_iban_valid("GB82WEST12345698765432")
    assert is_vat_valid("ATU13585627")
    assert is_vat_valid("27AAPFU0939F1ZV")
    assert is_vat_valid("DE123456789") is False
    assert is_vat_valid("12345678") is None
