"""What is drawn on a page: rules, images, text that does not show, and the picture of it all."""

import pypdfium2.raw as pdfium
import pytest

from docmill.documents.errors import CorruptDocumentError
from docmill.documents.limits import Budget, Limits
from docmill.documents.pages import Rule
from docmill.documents.reading import read
from docmill.documents.reading.pdf import open_pdf
from docmill.documents.reading.pdf_objects import PageObjects
from docmill.documents.reading.pdf_page import Picture

from .making import RESOURCES, Part, sheet, show, stream

IMAGE = "/Type/XObject/Subtype/Image/Width 20/Height 10/BitsPerComponent 8/ColorSpace/DeviceGray"

PICTURE = {"resources": "/XObject<</I 6 0 R>>", "more": {6: stream(b"\x80" * 200, IMAGE)}}


def form(operators: str, resources: str = "", entries: str = "") -> bytes:
    return stream(operators, f"/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<<{resources}>>{entries}")


def rules_of(content: Part, **more: object) -> list[Rule]:
    [page] = read(sheet(content, **more), rules=True).pages  # type: ignore[arg-type]
    return page.rules


def objects_of(content: Part, budget: Budget | None = None, **more: object) -> PageObjects:
    with open_pdf(sheet(content, **more)) as pdf, pdf.page(1) as page:  # type: ignore[arg-type]
        return page.objects(budget)


def render(
    content: Part, dpi: float = 72, *, grayscale: bool = True, limits: Limits | None = None, **more: str
) -> Picture:
    with open_pdf(sheet(content, **more), limits) as pdf, pdf.page(1) as page:
        return page.render(dpi, grayscale=grayscale)


def test_drawn_lines_are_rules() -> None:
    assert rules_of("100 700 m 500 700 l S 100 700 m 100 200 l S") == [
        Rule(100, 100, 500, 100),
        Rule(100, 100, 100, 600),
    ]


def test_rules_are_only_looked_for_on_request() -> None:
    assert read(sheet("100 700 m 500 700 l S")).pages[0].rules == []


def test_a_thin_rectangle_is_one_rule_and_a_wide_one_is_four() -> None:
    assert rules_of("100 700 400 1 re f") == [Rule(100, 99.5, 500, 99.5)]
    assert rules_of("100 200 1 400 re f") == [Rule(100.5, 200, 100.5, 600)]
    assert sorted(rules_of("100 700 400 50 re S")) == [
        Rule(100, 50, 100, 100),
        Rule(100, 50, 500, 50),
        Rule(100, 100, 500, 100),
        Rule(500, 50, 500, 100),
    ]


def test_a_closed_path_comes_back_to_where_it_began() -> None:
    assert Rule(100, 100, 100, 600) in rules_of("100 700 m 500 700 l 500 200 l 100 200 l h S")


def test_slanted_lines_and_curves_are_no_rules() -> None:
    assert rules_of("100 700 m 500 600 l S 100 700 m 200 700 300 700 400 500 c S") == []


@pytest.mark.parametrize("content", ["1 g 100 700 400 50 re f", "100 700 400 50 re n", "1 G 1 g 9 9 m 99 9 l B"])
def test_what_leaves_no_ink_is_no_rule(content: str) -> None:
    assert rules_of(content) == []


def test_a_white_rectangle_with_a_black_edge_is_drawn() -> None:
    assert len(rules_of("0 G 1 g 100 700 400 50 re B")) == 4


def test_a_transparent_rectangle_leaves_no_ink() -> None:
    state = "/ExtGState<</G<</ca 0/CA 0>>>>"
    assert rules_of("/G gs 100 700 400 50 re f", resources=state) == []


def test_a_rule_is_cut_off_at_the_edge_of_the_page_and_one_off_the_page_is_none() -> None:
    assert rules_of("-50 700 m 900 700 l S 9 900 m 99 900 l S -9 9 m -9 99 l S") == [Rule(0, 100, 600, 100)]


def test_what_is_too_short_is_no_rule_and_what_is_drawn_twice_is_one() -> None:
    assert rules_of("100 700 m 101 700 l S 9 9 m 99 9 l S 9 9 m 99 9 l S") == [Rule(9, 791, 99, 791)]


def test_rules_inside_of_forms_stand_where_the_form_is_put() -> None:
    inner = form("0 0 m 100 0 l S")
    outer = form("/B Do", "/XObject<</B 7 0 R>>", "/Matrix[1 0 0 1 10 0]")

    assert rules_of("2 0 0 1 50 100 cm /A Do", resources="/XObject<</A 6 0 R>>", more={6: outer, 7: inner}) == [
        Rule(70, 700, 270, 700)
    ]


def test_forms_are_not_followed_for_ever() -> None:
    forms = {6 + at: form("/A Do 0 0 m 99 0 l S", f"/XObject<</A {7 + at} 0 R>>") for at in range(8)}

    found = read(sheet("/A Do", resources="/XObject<</A 6 0 R>>", more={**forms, 14: form("")}), rules=True)

    assert found.truncated
    assert found.pages[0].rules == [Rule(0, 800, 99, 800)]


def test_rules_of_a_turned_page_are_as_it_shows_them() -> None:
    assert rules_of("100 700 m 500 700 l S", page="/Rotate 90") == [Rule(700, 100, 700, 500)]


def test_there_is_a_limit_to_the_rules_of_a_page() -> None:
    lines = "".join(f"0 {at % 700 + at / 9000} m {10 + at / 40} {at % 700 + at / 9000} l S\n" for at in range(6_000))
    reading = read(sheet(lines), rules=True)

    assert reading.truncated
    assert len(reading.pages[0].rules) == 5_000


def test_there_is_a_limit_to_the_length_of_paths() -> None:
    drawing = "0 9 m " + "99 9 l 0 9 l " * 600 + "S "
    assert rules_of(drawing) == []

    long = read(sheet(("0 9 m " + "99 9 l 0 9 l " * 450 + "S ") * 60), rules=True)
    assert long.truncated


def test_points_that_are_no_numbers_make_no_rules() -> None:
    far = "9" * 45
    assert rules_of(f"{far} 0 0 {far} 0 0 cm {far} {far} m -{far} {far} l S") == []


def test_an_image_has_a_box_pixels_and_a_resolution() -> None:
    [image] = objects_of("q 144 0 0 72 100 600 cm /I Do Q", **PICTURE).images

    assert image.box == (100, 128, 244, 200)
    assert (image.width_px, image.height_px, image.width_pt, image.height_pt) == (20, 10, 144, 72)
    assert image.dpi == 10


def test_the_box_of_an_image_ends_at_the_page_and_its_resolution_does_not_change() -> None:
    [image] = objects_of("q 1440 0 0 720 -100 0 cm /I Do Q", **PICTURE).images

    assert image.box == (0, 80, 600, 800)
    assert image.dpi == 1


def test_an_image_without_an_extent_has_no_resolution() -> None:
    far = "9" * 45
    images = objects_of(f"q 0 0 0 0 9 9 cm /I Do Q q {far} 0 0 {far} {far} 0 cm /I Do Q", **PICTURE).images

    assert [image.dpi for image in images if image.width_pt == 0 or image.height_pt == 0].count(0.0) == len(images)


def test_text_that_leaves_no_ink_is_found() -> None:
    state = "/ExtGState<</G<</ca 0>>>>"
    content = f"{show(72, 700, 'seen')} 3 Tr {show(72, 600, 'hidden')} 0 Tr /G gs {show(72, 500, 'clear')}"
    found = objects_of(content, resources=state)

    assert found.text_objects == 3
    (hidden, clear) = found.invisible_text
    assert hidden[1] < 200 < hidden[3] + 3
    assert clear[1] < 300 < clear[3] + 3
    assert not found.truncated


def test_text_inside_of_forms_counts() -> None:
    found = objects_of("/A Do", resources="/XObject<</A 6 0 R>>", more={6: form(show(9, 9, "a"), RESOURCES)})

    assert found.text_objects == 1


def test_a_look_at_the_objects_ends_with_the_budget() -> None:
    assert objects_of("9 9 m 99 9 l S\n" * 600, Budget(0)).truncated


def test_a_page_is_drawn_in_grey_or_in_colours_on_white() -> None:
    red = "1 0 0 rg 0 700 100 100 re f"

    grey = render(red)
    assert grey.pixels.shape == (800, 600)
    assert grey.pixels[400, 400] == 255
    assert 50 < grey.pixels[50, 50] < 120

    coloured = render(red, 36, grayscale=False)
    assert coloured.pixels.shape == (400, 300, 3)
    assert coloured.pixels[25, 25].tolist() == [255, 0, 0]
    assert coloured.dpi == 36


def test_a_page_is_drawn_as_it_is_shown() -> None:
    turned = render("0 g 0 700 100 100 re f", page="/Rotate 90")

    assert turned.pixels.shape == (600, 800)
    assert turned.pixels[50, 750] == 0


def test_a_picture_has_no_more_pixels_than_the_limit() -> None:
    picture = render("", 300, limits=Limits(max_pixels=10_000))

    assert picture.pixels.size <= 10_000
    assert picture.dpi == pytest.approx(72 * (10_000 / 600 / 800) ** 0.5)


@pytest.mark.parametrize("box", ["0 0 9000000 1", "0 0 0.001 0.001"])
def test_a_page_of_an_odd_size_can_be_drawn(box: str) -> None:
    picture = render("", box=box, limits=Limits(max_pixels=100_000))

    assert 1 <= picture.pixels.size <= 100_000


def test_a_page_that_cannot_be_parsed_cannot_be_opened() -> None:
    with open_pdf(sheet()) as pdf, pytest.raises(CorruptDocumentError, match="page 7"), pdf.page(7):
        pass


def test_a_page_knows_how_its_sheet_is_turned() -> None:
    with open_pdf(sheet(page="/Rotate -90")) as pdf, pdf.page(1) as page:
        assert (page.rotation, page.width, page.height) == (270, 800, 600)


def test_paths_of_a_form_that_is_put_nowhere_make_no_rules() -> None:
    far = "9" * 45
    more: dict[int, Part] = {6: form("0 0 m 100 0 l S", entries=f"/Matrix[{far} 0 0 {far} {far} {far}]")}

    assert rules_of("/A Do", resources="/XObject<</A 6 0 R>>", more=more) == []
    assert objects_of("/A Do", resources="/XObject<</A 6 0 R>>", more=more).images == []


def test_the_box_of_an_image_that_is_nowhere_is_empty() -> None:
    far = "9" * 39
    [image] = objects_of(f"q {far} 0 0 {far} {far} {far} cm /I Do Q", **PICTURE).images

    x0, y0, x1, y1 = image.box
    assert 0 <= x0 <= x1 <= 600
    assert 0 <= y0 <= y1 <= 800


def test_a_picture_that_cannot_be_made_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdfium, "FPDFBitmap_CreateEx", lambda *_: None)
    with pytest.raises(CorruptDocumentError, match="page 1 cannot be drawn"):
        render("")


def test_a_page_whose_text_cannot_be_loaded_has_no_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdfium, "FPDFText_LoadPage", lambda *_: None)
    assert read(sheet(show(72, 700, "Total"))).pages[0].words == []


def test_a_pattern_counts_as_ink() -> None:
    pattern = "/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 9 9]/XStep 9/YStep 9/Resources<<>>"
    more: dict[int, Part] = {6: stream("0 0 9 9 re f", pattern)}
    filled = "/Pattern cs /P scn 100 700 400 50 re f"

    assert len(rules_of(filled, resources="/Pattern<</P 6 0 R>>", more=more)) == 4


def test_the_search_for_rules_ends_with_the_budget() -> None:
    with open_pdf(sheet("9 9 m 99 9 l S\n" * 600)) as pdf, pdf.page(1) as page:
        assert page.rules(Budget(0))[1]
