"""Words of PDF pages, by sheets on which they stand where a test wants them."""

import pytest

from docmill.documents.limits import Limits
from docmill.documents.pages import Page
from docmill.documents.reading import read

from .making import HELVETICA, sheet, sheets, show, stream


def page_of(data: bytes, **limits: int) -> Page:
    [page] = read(data, limits=Limits(**limits)).pages
    return page


def texts(data: bytes) -> list[str]:
    return [word.text for word in page_of(data).words]


def mapped(*targets: str) -> bytes:
    """A sheet with one piece of text whose characters mean these UTF-16 codes, in hexadecimal."""
    pairs = " ".join(f"<{65 + at:02X}> <{target}>" for at, target in enumerate(targets))
    codes = f"begincmap 1 begincodespacerange <00> <FF> endcodespacerange {len(targets)} beginbfchar {pairs} endbfchar"
    font = HELVETICA.replace(">>", "/ToUnicode 6 0 R>>")
    letters = "".join(chr(65 + at) for at in range(len(targets)))
    return sheet(show(72, 700, letters), more={5: font, 6: stream(codes + " endcmap")})


def test_words_stand_where_they_are_written_counted_from_the_top_left() -> None:
    page = page_of(sheet(show(72, 700, "Total 119.00", size=10)))

    assert (page.number, page.width, page.height) == (1, 600, 800)
    total, amount = page.words
    assert (total.text, amount.text) == ("Total", "119.00")
    assert total.x0 == pytest.approx(72, abs=0.1)
    assert amount.x1 == pytest.approx(72 + 10 * 5.56, abs=1.5)
    assert total.y0 < 800 - 700 - 7 < 800 - 700 < total.y1
    assert total.confidence == 1.0


def test_a_word_is_as_high_as_its_line_whatever_letters_are_in_it() -> None:
    low, high = page_of(sheet(show(72, 700, "moon Ågj"))).words

    assert (low.y0, low.y1) == (high.y0, high.y1)
    assert low.y1 - low.y0 == pytest.approx(11.1, abs=1)


def test_numbers_of_a_column_that_are_set_right_to_left_on_the_page_keep_their_places() -> None:
    words = page_of(sheet(show(300, 700, "2.") + show(72, 700, "1."))).words

    assert {word.text: round(word.x0) for word in words} == {"1.": 72, "2.": 300}


def test_a_space_that_is_only_made_up_does_not_split_a_word() -> None:
    # By the width of its space, pdfium takes the smallest gap between letters of this font for one.
    widths = " ".join(["50", *["556"] * 94])
    font = HELVETICA.replace(">>", f"/FirstChar 32/LastChar 126/Widths[{widths}]>>")

    def shown(gap: int) -> list[str]:
        return texts(sheet(f"BT /F1 10 Tf 72 700 Td [(Ver) -{gap} (kauf)] TJ ( zwei) Tj ET", more={5: font}))

    assert shown(60) == ["Verkauf", "zwei"]
    assert shown(400) == ["Ver", "kauf", "zwei"]


def test_a_written_space_splits_however_narrow_it_is() -> None:
    assert texts(sheet("BT /F1 10 Tf -2.5 Tw 72 700 Td (one two) Tj ET")) == ["one", "two"]


def test_letters_that_are_drawn_one_by_one_become_a_word() -> None:
    drawn = "".join(show(72 + 6 * at, 700, letter) for at, letter in enumerate("20241109"))

    assert texts(sheet(drawn)) == ["20241109"]


def test_a_gap_without_a_space_splits_where_pdfium_sees_one_word() -> None:
    # A dash at the end of a line makes pdfium go on with the next line as if it were the same word.
    words = page_of(sheet(show(72, 700, "Rech-") + show(72, 688, "nung"))).words

    assert [word.text for word in words] == ["Rech-", "nung"]
    assert words[1].y0 > words[0].y0 + 10
    assert all(word.x1 - word.x0 < 40 for word in words)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_page_is_read_as_it_is_shown(turn: int) -> None:
    # What is written along an edge of the sheet runs from left to right once the sheet is turned.
    matrices = {90: "0 1 -1 0 500 100", 180: "-1 0 0 -1 500 700", 270: "0 -1 1 0 100 700"}
    page = page_of(sheet(f"BT /F1 10 Tf {matrices[turn]} Tm (Total amount) Tj ET", page=f"/Rotate {turn}"))

    assert (page.width, page.height) == ((600, 800) if turn == 180 else (800, 600))
    total, amount = page.words
    assert (total.text, amount.text) == ("Total", "amount")
    assert 99 < total.x0 < total.x1 < amount.x0 < amount.x1 < page.width
    assert total.y0 == pytest.approx(amount.y0)
    assert 8 < total.y1 - total.y0 < 14
    if turn == 90:
        assert total.x0 == pytest.approx(100, abs=0.5)
        assert total.y0 < 500 < total.y1


def test_coordinates_are_those_of_the_part_that_is_shown_of_a_cropped_page() -> None:
    page = page_of(sheet(show(172, 650, "inside") + show(20, 20, "outside"), page="/CropBox[100 300 500 700]"))

    assert (page.width, page.height) == (400, 400)
    [word] = page.words
    assert word.text == "inside"
    assert word.x0 == pytest.approx(72, abs=0.5)
    assert word.y0 < 50 < word.y1


@pytest.mark.parametrize("matrix", ["0 1 -1 0 300 100", "0 -1 1 0 300 700", "-1 0 0 -1 300 400"])
def test_text_that_runs_another_way_keeps_its_words(matrix: str) -> None:
    page = page_of(sheet(f"BT /F1 10 Tf {matrix} Tm (Original document) Tj ET"))

    assert sorted(word.text for word in page.words) == ["Original", "document"]
    first, second = page.words
    if matrix.startswith("0"):
        assert all(word.y1 - word.y0 > 2 * (word.x1 - word.x0) for word in page.words)
        assert first.x0 == pytest.approx(second.x0)
    assert not (first.x0 < second.x1 and second.x0 < first.x1 and first.y0 < second.y1 and second.y0 < first.y1)


def test_text_that_is_written_aslant_is_not_cut_up() -> None:
    assert texts(sheet("BT /F1 40 Tf .7071 .7071 -.7071 .7071 100 100 Tm (DRAFT) Tj ET")) == ["DRAFT"]


def test_a_page_without_text_has_no_words() -> None:
    assert page_of(sheet("0 0 m 10 10 l S")).words == []


def test_a_ligature_is_written_out() -> None:
    assert texts(mapped("0041", "FB01", "0042")) == ["AfiB"]


def test_a_pair_of_surrogates_is_one_character_and_half_of_one_is_none() -> None:
    assert texts(mapped("0041", "D83DDE00", "0042")) == ["A\N{GRINNING FACE}B"]
    for text in texts(mapped("0041", "D83D", "0042", "DE00")):
        assert text.encode("utf-8").decode() in {"AB", "A", "B"}


def test_what_is_no_character_is_dropped_and_a_word_of_nothing_else_is_none() -> None:
    assert texts(mapped("0041", "200B", "0042", "FEFF", "0007")) == ["AB"]
    assert texts(mapped("200B", "FEFF")) == []


def test_a_soft_hyphen_shows_only_at_the_end_of_a_word() -> None:
    assert texts(mapped("0041", "00AD", "0042")) == ["AB"]


def test_characters_without_a_meaning_do_not_shift_the_others() -> None:
    unnamed = HELVETICA.replace("/Encoding/WinAnsiEncoding", "/Encoding<</Differences[65/odd1 66/odd2]>>")
    words = page_of(sheet(show(72, 700, "AB total"), more={5: unnamed})).words

    assert words[-1].text == "total"
    assert words[-1].x0 > 72 + 5


def test_characters_that_are_mapped_to_nothing_are_none() -> None:
    assert "".join(texts(mapped("0041", "0000", "0042"))) == "AB"


def test_a_page_with_too_many_words_is_cut_and_says_so() -> None:
    reading = read(sheet(show(72, 700, "one two three four")), limits=Limits(max_words=3))

    assert [word.text for word in reading.pages[0].words] == ["one", "two", "three"]
    assert reading.truncated


def test_a_word_of_endless_length_is_cut_as_well() -> None:
    reading = read(sheet(show(72, 700, "a" * 500)), limits=Limits(max_words=1))

    assert reading.truncated


def test_text_far_off_the_page_or_with_endless_coordinates_is_not_on_it() -> None:
    huge = "9" * 39
    content = (
        show(9_000, 700, "far") + f"BT /F1 10 Tf {huge} 0 0 {huge} {huge} {huge} Tm (huge) Tj ET" + show(9, 9, "near")
    )

    assert texts(sheet(content)) == ["near"]


def test_a_hundred_thousand_words_are_read_within_the_limit() -> None:
    rows = "".join(show(1, 1 + at % 790, "word " * 100, size=1) for at in range(300))

    page = page_of(sheet(rows), max_words=25_000)

    assert len(page.words) == 25_000
    assert {word.text for word in page.words} == {"word"}


def test_pages_are_numbered_in_order() -> None:
    pages = read(sheets(show(72, 700, f"page{number}") for number in range(1, 6))).pages

    assert [page.number for page in pages] == [1, 2, 3, 4, 5]
    assert [page.words[0].text for page in pages] == ["page1", "page2", "page3", "page4", "page5"]
