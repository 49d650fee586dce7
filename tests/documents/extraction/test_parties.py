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


def test_in_a_form_with_a_key_for_each_value_the_name_is_behind_its_key() -> None:
    paper = Paper()
    rows = [
        "Verkäufer",
        "Name|Lieferbetrieb GmbH",
        "Straße|Werkstraße 20",
        "Käufer",
        "Name|Kundschaft AG",
        "PLZ / Ort|69876 Ulm",
    ]
    for number, row in enumerate(rows):
        key, _, value = row.partition("|")
        paper.put(50, 200 + 13 * number, key).put(200, 200 + 13 * number, value)
    assert names(paper) == ("Lieferbetrieb GmbH", "Kundschaft AG")


def test_a_form_of_address_in_front_of_a_name_says_that_it_is_the_buyer() -> None:
    paper = Paper().put(50, 40, "Telefonia Veloce S.p.A.").put(50, 54, "Via Larga 2 - 20122 Milano")
    paper.column(320, 120, ["Gentile Sig. Mario Rossi", "Via Po 12", "10123 Torino"])
    assert names(paper) == ("Telefonia Veloce S.p.A.", "Mario Rossi")


def test_what_is_no_name_is_not_taken_for_one() -> None:
    lines = ["Seller:", "17,99 €", "Zahlbetrag: 5", "info@example.com", "Order Details", "10115 Berlin"]
    assert names(Paper().column(50, 200, lines)) == (None, None)


@pytest.mark.parametrize("title", ["Application for a library card", "Antrag auf Wohngeld", "Demande de bourse"])
def test_the_title_of_a_form_is_no_party(title: str) -> None:
    paper = Paper().put(50, 40, title, 20).column(50, 120, ["Family name", "Given names", "Date of birth"])
    assert names(paper) == (None, None)


def test_a_heading_without_anything_that_says_who_sends_a_report_is_no_party() -> None:
    paper = Paper().put(50, 40, "Bats in Old Towers", 20).column(50, 300, ["They live in towers and eat moths."] * 20)
    assert names(paper) == (None, None)


@pytest.mark.parametrize("name, size", [("Driftwood Looms Ltd", 9), ("Driftwood Looms", 14)])
def test_the_name_of_a_house_below_the_letterhead_is_a_part_of_the_address(name: str, size: int) -> None:
    paper = Paper().put(50, 40, name, size).put(50, 40 + 1.4 * size, "Quarry House, Gull Lane 4 · 12345 Thornton")
    paper.put(50, 100, "Invoice", 16).put(50, 130, "Bill to").column(50, 144, BUYER)
    assert names(paper) == (name, BUYER[0])


def test_an_address_below_a_letterhead_that_begins_with_its_name_is_that_of_the_sender() -> None:
    paper = Paper().put(50, 40, "Nordlicht", 20).put(50, 66, "Nordlicht Werkzeuge - Hafenweg 1 - 20457 Hamburg", 7)
    assert names(paper.column(50, 85, BUYER).put(50, 200, "Rechnung")) == ("Nordlicht Werkzeuge", BUYER[0])


@pytest.mark.parametrize(
    "first, second, size",
    [
        ("Jardines Almendro", "del Norte S.L.", 9),
        ("Wagner, Thiele &", "Partner GmbH", 9),
        ("Bergmann Feinmechanik", "GmbH & Co. KG", 9),
        ("Harbour Light", "Trading Ltd", 18),
    ],
)
def test_a_name_may_be_set_on_two_lines(first: str, second: str, size: int) -> None:
    paper = Paper().put(50, 40, first, size).put(50, 40 + 1.35 * size, second, size)
    paper.column(50, 80, ["Hafenweg 12", "20457 Hamburg", "Tel. 040 12345"]).put(350, 300, "Invoice")
    extraction = extract(paper.put(350, 330, "Bill to").column(350, 344, BUYER).reading())
    name = extraction.seller.name
    assert name is not None
    assert (name.value, name.raw) == (f"{first} {second}", f"{first} {second}")
    assert name.bbox is not None
    assert (name.bbox[1], name.bbox[3]) == pytest.approx((40, 40 + 2.5 * size))


@pytest.mark.parametrize(
    "second", ["Nordlicht Handel GmbH", "Mill Lane 12", "Tochter der Sonnenhof AG in Hamburg", "Werkzeuge GmbH"]
)
def test_a_second_line_that_does_not_go_on_with_the_name_is_left(second: str) -> None:
    paper = Paper().column(50, 40, ["Nordlicht", second, "20457 Hamburg", "Tel. 040 12345"])
    seller = extract(paper.put(350, 300, "Invoice").reading()).seller.name
    assert seller is not None
    assert seller.value in {"Nordlicht", second}


def test_names_of_partners_are_not_cut_at_their_commas() -> None:
    paper = Paper().column(50, 40, ["Baker, Reed & Cole", "Mill Lane 5", "12345 Milltown", "Tel. 040 12345"])
    assert names(paper.put(350, 300, "Invoice"))[0] == "Baker, Reed & Cole"


@pytest.mark.parametrize("label", ["Verkauft von", "Sold by", "Vendu par", "Venduto da", "Verkocht door"])
def test_a_label_of_the_seller_may_head_a_column(label: str) -> None:
    paper = Paper().put(50, 40, "Rechnung", 16)
    paper.put(50, 120, "Rechnungsadresse").column(50, 134, BUYER).put(350, 120, label).column(350, 134, SELLER)
    assert names(paper) == (SELLER[0], BUYER[0])


@pytest.mark.parametrize("label", ["To:", "Aan:", "An:", "Till:", "Til:", "Para:", "Dla:"])
def test_a_word_for_to_is_followed_by_the_buyer(label: str) -> None:
    paper = (
        Paper().column(50, 40, [*SELLER, "Tel. 040 12345"]).put(50, 120, f"{label} Lark Press, Mill Lane 3, 12345 Mill")
    )
    assert names(paper) == (SELLER[0], "Lark Press")


def test_the_name_may_stand_far_to_the_right_of_a_label_with_a_colon() -> None:
    paper = Paper().put(50, 120, "Seller:").put(140, 120, SELLER[0]).put(50, 140, "Buyer:").put(140, 140, BUYER[0])
    assert names(paper) == (SELLER[0], BUYER[0])


def test_what_is_far_below_a_label_is_not_its_name() -> None:
    assert names(Paper().put(50, 300, "Bill to").put(50, 420, "Lark Press")) == (None, None)


def test_a_house_with_no_name_above_it_may_be_the_sender() -> None:
    paper = Paper().put(50, 40, "12345", 14).put(50, 62, "Quarry House, Gull Lane 4 - 12345 Thornton")
    assert names(paper.put(50, 100, "Invoice", 16))[0] == "Quarry House"
