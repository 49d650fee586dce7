"""Seller, buyer, and whose VAT number is whose."""

import pytest

from docmill.documents.extraction import extract
from tests.documents.extraction.paper import Paper

SELLER = ["Nordlicht Werkzeuge GmbH", "Hafenstraße 12", "20457 Hamburg"]
BUYER = ["Sonnenhof Gastro KG", "Am Markt 7", "04109 Leipzig"]


def names(paper: Paper) -> tuple[str | None, str | None]:
    flat = extract(paper.reading()).to_flat()
    return flat["seller_name"], flat["buyer_name"]


def test_the_line_above_the_address_is_the_sender_and_below_it_is_the_recipient() -> None:
    paper = Paper().put(50, 120, " - ".join(SELLER), 7).column(50, 140, BUYER).put(50, 250, "Rechnung", 16)
    assert names(paper) == (SELLER[0], BUYER[0])


@pytest.mark.parametrize("left, right", [("Verkäufer:", "Käufer:"), ("From", "Bill To"), ("Vendeur", "Client")])
@pytest.mark.parametrize("swapped", [False, True])
def test_labels_side_by_side_say_who_is_who(left: str, right: str, swapped: bool) -> None:
    a, b = (320, 50) if swapped else (50, 320)
    paper = Paper().put(a, 100, left).put(b, 100, right).column(a, 114, SELLER).column(b, 114, BUYER)
    assert names(paper) == (SELLER[0], BUYER[0])


def test_lines_with_numbers_between_a_label_and_the_name_are_passed_over() -> None:
    paper = Paper().column(50, 100, ["Verkäufer:", "Nummer : 549910", "GLN 4000001123452", *SELLER])
    paper.column(50, 250, ["Käufer:", "Kundennummer: 77", *BUYER])
    assert names(paper) == (SELLER[0], BUYER[0])


def test_a_form_of_address_is_no_name_and_says_that_the_next_line_is_the_buyer() -> None:
    paper = Paper().put(50, 40, SELLER[0], 14).column(50, 140, ["Herrn", "Max Beispiel", "Musterweg 1", "10115 Berlin"])
    assert names(paper) == (SELLER[0], "Max Beispiel")


def test_the_address_that_goods_are_sent_to_is_not_the_buyer() -> None:
    paper = Paper().column(50, 36, [*SELLER, "Tel. 040 12345"])
    paper.put(50, 120, "Ship to:").column(50, 134, ["Depot Nord", "Ring 1", "24103 Kiel"])
    paper.put(320, 120, "Bill to:").column(320, 134, BUYER)
    assert names(paper)[1] == BUYER[0]


def test_a_web_address_tells_which_name_is_the_sender() -> None:
    paper = Paper().column(50, 150, ["Acorn Trading", "Mill Lane 5", "12345 Milltown"])
    paper.column(320, 150, ["Bluebird Foods", "Elm Road 9", "54321 Elmtown"]).put(50, 800, "www.bluebirdfoods.com", 7)
    assert names(paper) == ("Bluebird Foods", "Acorn Trading")


def test_a_company_in_a_sentence_at_the_foot_is_the_seller_if_nothing_else_tells() -> None:
    paper = Paper().put(50, 60, "Invoice", 16).put(50, 790, "All services are sold by Cloud Hosting Services, Inc.", 7)
    assert names(paper)[0] == "Cloud Hosting Services, Inc."


def test_the_holder_of_the_account_is_not_the_buyer() -> None:
    paper = Paper().put(50, 120, " · ".join(SELLER), 7).column(50, 140, BUYER)
    paper.put(400, 780, "Kontoinhaber: Max Beispiel", 7)
    assert names(paper) == (SELLER[0], BUYER[0])


@pytest.mark.parametrize("label", ["Ihre USt-IdNr.: ", "N° TVA client ", "Customer VAT: "])
def test_a_vat_number_that_is_called_the_customers_is_the_buyers(label: str) -> None:
    paper = Paper().column(50, 40, SELLER).put(50, 200, label + "FR12345678901").put(50, 800, "USt-IdNr. DE136695976")
    flat = extract(paper.reading()).to_flat()
    assert (flat["seller_vat"], flat["buyer_vat"]) == ("DE136695976", "FR12345678901")


def test_a_vat_number_below_a_party_is_its_own() -> None:
    paper = Paper().put(50, 100, "Seller:").column(50, 114, [*SELLER, "VAT: DE136695976"])
    paper.put(320, 100, "Buyer:").column(320, 114, [*BUYER, "VAT: DE123456789"])
    extraction = extract(paper.reading())
    assert extraction.seller.vat is not None
    assert extraction.buyer.vat is not None
    assert (extraction.seller.vat.value, extraction.seller.vat.valid) == ("DE136695976", True)
    assert (extraction.buyer.vat.value, extraction.buyer.vat.valid) == ("DE123456789", False)


def test_a_vat_number_below_an_address_without_labels_is_that_partys() -> None:
    paper = Paper().put(50, 120, " - ".join(SELLER), 7).column(50, 140, [*BUYER, "ATU13585627"])
    paper.put(50, 800, "Nordlicht Werkzeuge GmbH DE136695976", 7)
    flat = extract(paper.reading()).to_flat()
    assert (flat["seller_vat"], flat["buyer_vat"]) == ("DE136695976", "ATU13585627")


def test_the_same_vat_number_twice_is_the_sellers_only() -> None:
    paper = Paper().put(50, 40, "VAT DE136695976").put(50, 200, "Customer VAT DE136695976")
    flat = extract(paper.reading()).to_flat()
    assert (flat["seller_vat"], flat["buyer_vat"]) == ("DE136695976", None)


def test_a_national_number_counts_behind_its_label_unless_it_is_something_else() -> None:
    paper = Paper().column(50, 40, ["VAT/TIN: 29670869006", "VAT: 25.03.2024", "VAT 1.234.567,00 EUR"])
    assert extract(paper.reading()).to_flat()["seller_vat"] == "29670869006"
