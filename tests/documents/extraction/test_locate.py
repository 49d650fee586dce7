"""Where the values of invoice XML stand on the page."""

from docmill.documents.extraction import embedded_invoice, extract
from docmill.documents.values import Extraction
from tests.documents.einvoice.samples import CII
from tests.documents.extraction.paper import Paper


def located(paper: Paper) -> Extraction:
    return extract(paper.reading(CII.encode()))


def test_values_without_a_label_are_found_in_the_words() -> None:
    extraction = located(Paper().column(50, 300, ["R-17", "5.3.2024", "27,37 €", "4,37 €", "sold to Sonnenhof KG"]))
    assert extraction.invoice_number is not None
    assert extraction.invoice_number.bbox is not None
    assert extraction.invoice_number.bbox[1] == 300
    assert extraction.buyer.name is not None
    assert extraction.buyer.name.bbox is not None
    assert extraction.buyer.name.bbox[0] > 60
    for value in (extraction.issue_date, extraction.gross_total, extraction.tax_total):
        assert value is not None
        assert value.page == 1


def test_lines_are_placed_by_their_amounts() -> None:
    paper = Paper()
    rows = [
        ("Description", "Quantity", "Price", "Amount"),
        ("Screws", "400", "0,05", "19,00"),
        ("Nails", "1", "3,00", "3,00"),
    ]
    for number, row in enumerate(rows):
        for column, text in enumerate(row):
            paper.put(160 + 110 * column, 300 + 14 * number, text, right=True)
    (line,) = located(paper).lines
    assert line.amount is not None
    assert (line.amount.value, line.amount.source, line.amount.page) == ("19.00", "embedded", 1)
    assert line.description is not None
    assert line.description.page == 1


def test_what_is_printed_nowhere_has_no_place() -> None:
    extraction = located(Paper().put(50, 50, "Something else"))
    for value in (extraction.invoice_number, extraction.gross_total, extraction.due_date, extraction.seller.name):
        assert value is not None
        assert (value.page, value.bbox) == (None, None)
    assert extraction.lines[0].amount is not None
    assert extraction.lines[0].amount.page is None


def test_the_first_attachment_that_is_an_invoice_counts() -> None:
    reading = Paper().reading(b"<order/>")
    assert embedded_invoice(reading) is None
    reading.attachments.extend(Paper().reading(CII.encode()).attachments)
    assert embedded_invoice(reading) is not None


def test_a_number_of_two_characters_could_stand_anywhere_and_is_not_searched_for() -> None:
    xml = CII.replace(">R-17<", ">17<")
    number = extract(Paper().column(50, 300, ["17 pieces", "Sonnenhof KG"]).reading(xml.encode())).invoice_number
    assert number is not None
    assert (number.value, number.page) == ("17", None)


def test_a_value_that_begins_within_a_word_is_found_by_whole_words() -> None:
    xml = CII.replace(">Sonnenhof KG<", ">Hof KG Süd<")
    buyer = extract(Paper().put(50, 300, "Sonnen Hof Hof KG Süd").reading(xml.encode())).buyer.name
    assert buyer is not None
    assert buyer.bbox is not None
    assert (round(buyer.bbox[0]), buyer.page) == (96, 1)


def test_a_line_is_placed_only_as_far_as_the_print_agrees() -> None:
    paper = Paper()
    rows = [("Description", "Quantity", "Price", "Amount"), ("Screws", "200", "0,095", "19,00")]
    for number, row in enumerate(rows):
        for column, text in enumerate(row):
            paper.put(160 + 110 * column, 300 + 14 * number, text, right=True)
    (line,) = located(paper).lines
    assert line.quantity is not None
    assert (line.quantity.value, line.quantity.page) == ("400", None)


def test_a_line_without_a_description_in_the_xml_has_none() -> None:
    paper = Paper()
    for number, row in enumerate([("Description", "Quantity", "Amount"), ("Screws", "400", "19,00")]):
        for column, text in enumerate(row):
            paper.put(160 + 110 * column, 300 + 14 * number, text, right=True)
    (line,) = extract(paper.reading(CII.replace("<ram:Name>Screws</ram:Name>", "").encode())).lines
    assert line.description is None
    assert line.amount is not None
    assert line.amount.page == 1
