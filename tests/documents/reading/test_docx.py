"""Word documents."""

import pytest

from docmill.documents.errors import CorruptDocumentError, DocumentTooLargeError, EncryptedDocumentError
from docmill.documents.limits import Budget, Limits
from docmill.documents.pages import Reading
from docmill.documents.reading import read

from .making import WORD, Entry, body, docx_of, entry, paragraph, repeated, zip_of

NAME = "word/document.xml"


def cell(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{paragraph(text)}</w:tc>"


def table(*rows: str) -> str:
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"


def read_body(content: str, *more: Entry, limits: Limits | None = None) -> Reading:
    return read(docx_of(body(content), more), "a.docx", limits=limits or Limits())


def lines(reading: Reading) -> list[str]:
    """The words of each line, from the top."""
    rows: dict[tuple[int, float], list[str]] = {}
    for page in reading.pages:
        for word in page.words:
            rows.setdefault((page.number, word.y0), []).append(word.text)
    return [" ".join(words) for _, words in sorted(rows.items())]


def test_paragraphs_become_lines_in_order() -> None:
    reading = read_body(paragraph("Invoice No 4711") + paragraph("") + paragraph("Total 119.00"))

    assert lines(reading) == ["Invoice No 4711", "Total 119.00"]
    assert (reading.page_count, reading.truncated, reading.tables) == (1, False, [])
    [page] = reading.pages
    assert (page.width, page.height) == (595, 842)
    assert all(0 < word.x0 < word.x1 < 595 and 0 < word.y0 < word.y1 < 842 for word in page.words)


def test_both_editions_of_the_standard_are_read() -> None:
    strict = body(paragraph("strict")).replace(WORD, "http://purl.oclc.org/ooxml/wordprocessingml/main")

    assert read(docx_of(strict)).text == "strict"


def test_a_long_paragraph_wraps_and_a_long_word_does_not() -> None:
    reading = read_body(paragraph("word " * 60) + paragraph("x" * 300))

    assert [len(line.split()) for line in lines(reading)] == [19, 19, 19, 3, 1]


def test_runs_of_a_word_are_joined_and_tabs_are_gaps() -> None:
    content = "<w:p><w:r><w:t>Inv</w:t></w:r><w:r><w:t>oice</w:t><w:tab/><w:t>No</w:t><w:br/><w:t>x</w:t></w:r></w:p>"
    reading = read_body(content)
    invoice, number, below = reading.pages[0].words

    assert (invoice.text, number.text, below.text) == ("Invoice", "No", "x")
    assert number.x0 - invoice.x1 > 20
    assert below.y0 > invoice.y0
    assert below.x0 == invoice.x0


def test_hyphens_and_carriage_returns_are_kept() -> None:
    content = "<w:p><w:r><w:t>A</w:t><w:noBreakHyphen/><w:t>1</w:t><w:cr/><w:t>B</w:t></w:r></w:p>"

    assert lines(read_body(content)) == ["A-1", "B"]


def test_what_was_deleted_or_is_said_twice_is_left_out() -> None:
    deleted = f"<w:del><w:r><w:t>old</w:t></w:r></w:del>{paragraph('new')}"
    fallback = "<w:p><w:r><mc:AlternateContent xmlns:mc='urn:mc'><mc:Choice><w:t>once</w:t></mc:Choice>"
    fallback += "<mc:Fallback><w:t>twice</w:t></mc:Fallback></mc:AlternateContent></w:r></w:p>"

    assert lines(read_body(deleted + fallback)) == ["new", "once"]


def test_codes_of_fields_and_text_outside_of_paragraphs_are_no_text() -> None:
    content = "<w:p><w:r><w:instrText>DATE</w:instrText><w:t>today</w:t></w:r></w:p><w:t>stray</w:t>"

    assert lines(read_body(content)) == ["today"]


def test_cells_of_a_row_stand_side_by_side_and_rows_below_each_other() -> None:
    content = paragraph("before") + table(cell("Item") + cell("Price"), cell("Tea") + cell("4.50")) + paragraph("after")
    reading = read_body(content)

    assert reading.tables == [[["Item", "Price"], ["Tea", "4.50"]]]
    assert lines(reading) == ["before", "Item Price", "Tea 4.50", "after"]
    words = {word.text: word for word in reading.pages[0].words}
    assert words["Item"].x0 == words["Tea"].x0 < words["Price"].x0 == words["4.50"].x0


def test_a_cell_with_more_text_than_width_wraps_within_its_column() -> None:
    reading = read_body(table(cell("one two three four five six seven eight nine ten") * 3))
    words = reading.pages[0].words

    assert {word.x0 for word in words if word.text == "one"} == {words[0].x0, words[0].x0 + 161, words[0].x0 + 322}
    assert len({word.y0 for word in words}) == 2


def test_a_cell_that_spans_columns_is_followed_by_empty_ones() -> None:
    reading = read_body(table(cell("a") + cell("b") + cell("c"), cell("sum", '<w:gridSpan w:val="2"/>') + cell("9")))

    assert reading.tables == [[["a", "b", "c"], ["sum", "", "9"]]]


def test_rows_of_a_table_all_have_the_same_number_of_cells() -> None:
    reading = read_body(table(cell("a") + cell("b"), cell("c"), ""))

    assert reading.tables == [[["a", "b"], ["c", ""], ["", ""]]]


@pytest.mark.parametrize("span", ["x", "", "0", "99999999", "\u00b2"])
def test_a_silly_span_is_bounded(span: str) -> None:
    [rows] = read_body(table(cell("a", f'<w:gridSpan w:val="{span}"/>') * 50)).tables

    assert 50 <= len(rows[0]) <= 200


def test_a_table_within_a_cell_is_a_table_and_part_of_the_text_of_the_cell() -> None:
    inner = f"<w:tc>{paragraph('see')}{table(cell('x') + cell('y'))}</w:tc>"
    reading = read_body(table(inner + cell("z")))

    assert reading.tables == [[["x", "y"]], [["see x y", "z"]]]
    assert lines(reading) == ["see x y z"]


def test_a_table_without_cells_is_none() -> None:
    assert read_body("<w:tbl></w:tbl>").tables == []


def test_parts_of_a_table_outside_of_one_do_no_harm() -> None:
    stray = f"<w:tr><w:tc><w:gridSpan w:val='2'/>{paragraph('a')}</w:tc></w:tr></w:body></w:document>"

    assert read(docx_of(body(stray).partition("</w:body>")[0] + "</w:body></w:document>")).text == "a"


def test_a_page_break_begins_a_new_page() -> None:
    broken = "<w:p><w:r><w:t>one</w:t><w:br w:type='page'/><w:t>two</w:t></w:r></w:p>"
    rendered = "<w:p><w:r><w:lastRenderedPageBreak/><w:t>three</w:t></w:r></w:p>"
    reading = read_body(broken + rendered)

    assert [[word.text for word in page.words] for page in reading.pages] == [["one"], ["two"], ["three"]]


def test_a_page_break_inside_of_a_table_is_none() -> None:
    content = table(f"<w:tc><w:p><w:r><w:t>a</w:t><w:br w:type='page'/></w:r></w:p></w:tc>{cell('b')}")

    assert lines(read_body(content)) == ["a b"]


def test_headers_come_first_and_footers_last() -> None:
    header = entry("word/header1.xml", f"<w:hdr xmlns:w='{WORD}'>{paragraph('Seller Ltd')}</w:hdr>")
    footer = entry("word\\footer2.xml", f"<w:ftr xmlns:w='{WORD}'>{paragraph('IBAN')}</w:ftr>")

    assert lines(read_body(paragraph("Total"), footer, header)) == ["Seller Ltd", "Total", "IBAN"]


def test_much_text_fills_pages_up_to_the_limit() -> None:
    content = paragraph("word") * 200

    assert [len(page.words) for page in read_body(content).pages] == [60, 60, 60, 20]
    cut = read_body(content, limits=Limits(max_pages=2))
    assert (len(cut.pages), cut.truncated) == (2, True)
    short = read_body(content, limits=Limits(max_words=10))
    assert (len(short.pages[0].words), short.truncated) == (10, True)


def test_reading_stops_at_the_end_of_the_budget() -> None:
    reading = read(docx_of(body(paragraph("word") * 10)), budget=Budget(0))

    assert (reading.pages, reading.truncated) == ([], True)


def test_a_table_that_a_limit_cuts_off_is_left_out() -> None:
    long = paragraph("word") * 9_000 + table(cell("a"))
    footer = entry("word/footer1.xml", f"<w:ftr xmlns:w='{WORD}'>{paragraph('last')}</w:ftr>")
    reading = read_body(long, footer, limits=Limits(max_pages=1))

    assert reading.truncated
    assert len(reading.pages) == 1


def test_odd_characters_are_dropped() -> None:
    assert read_body(paragraph("so\u00adft of\ufb01ce \u202eback")).text == "soft office back"


@pytest.mark.parametrize(
    "data, error, message",
    [
        (docx_of(body(paragraph("x")))[:-30], CorruptDocumentError, "zip archive"),
        (zip_of([entry("[Content_Types].xml", ""), entry("word/document.bin", "")]), CorruptDocumentError, "body"),
        (docx_of(body("<w:p>")), CorruptDocumentError, "broken"),
        (docx_of(b"\xff\xfe\xff"), CorruptDocumentError, "broken"),
        (docx_of(f'<!DOCTYPE d [<!ENTITY a "b">]>{body("").partition("?>")[2]}'), CorruptDocumentError, "entities"),
        (docx_of(body("<w:x>" * 100 + "</w:x>" * 100)), DocumentTooLargeError, "max_xml_depth is 64"),
        (docx_of(entry(NAME, body(""), flags=1)), EncryptedDocumentError, "password"),
        (docx_of(entry(NAME, body(""), method=14)), CorruptDocumentError, "packed in a way"),
        (docx_of(Entry(NAME, b"\xff" * 50, 50, 0)), CorruptDocumentError, "cannot be unpacked"),
        (docx_of(Entry(NAME, entry("", body("")).packed, 50, 0)), CorruptDocumentError, "cannot be unpacked"),
    ],
)
def test_a_document_that_cannot_be_read_is_refused_with_a_reason(
    data: bytes, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        read(data, "a.docx")


def bomb(mebibytes: int) -> bytes:
    head = body("<w:p><w:r><w:t>").partition("</w:body>")[0].encode()
    packed = repeated(mebibytes, b"a", head=head, raw=True)
    return docx_of(Entry(NAME, packed, mebibytes * 2**20 + len(head), 0))


def test_a_part_that_is_packed_too_well_is_refused() -> None:
    with pytest.raises(DocumentTooLargeError, match="max_zip_ratio is 200"):
        read(bomb(40))


def test_parts_that_unpack_to_too_much_are_refused() -> None:
    with pytest.raises(DocumentTooLargeError, match="max_unpacked_bytes is 1,000,000"):
        read(bomb(40), limits=Limits(max_unpacked_bytes=1_000_000, max_zip_ratio=10_000))


def test_an_archive_with_too_many_entries_is_refused() -> None:
    many = docx_of(body(""), (Entry(f"a{at}", b"", 0, 0, 0) for at in range(20)))

    with pytest.raises(DocumentTooLargeError, match="22 entries, and max_entries is 10"):
        read(many, limits=Limits(max_entries=10))
