"""The quality check of whole documents."""

import hashlib
import json
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageFilter

from docmill.documents.limits import Budget, Limits
from docmill.documents.quality import ISSUES, Quality, check
from tests.documents.quality.drawing import grainy, page, turned
from tests.documents.reading.making import body, entry, paragraph, pdf_of, sheet, sheets, show, stream, zip_of

EXAMPLES = Path(__file__).parents[3] / "examples" / "documents"

LINES = "".join(show(50, 750 - 14 * at, "the total of this bill is due within thirty days", 11) for at in range(20))


def codes(quality: Quality) -> list[str]:
    return [found.code for found in quality.issues]


def image_pdf(picture: Image.Image, text: str = "", place: str = "600 0 0 800 0 0") -> bytes:
    """A page that is an image, with operators for text on top."""
    levels = stream(
        picture.convert("L").tobytes(),
        f"/Type/XObject/Subtype/Image/Width {picture.width}/Height {picture.height}"
        "/ColorSpace/DeviceGray/BitsPerComponent 8",
    )
    return sheet(f"q {place} cm /Im Do Q {text}", resources="/XObject<</Im 6 0 R>>", more={6: levels})


def image_file(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def test_a_drawn_page_in_order_has_no_issue_and_full_score() -> None:
    data = sheet(LINES)
    found = check(data, "bill.pdf")
    assert (found.media_type, found.extension_matches, found.bytes) == ("application/pdf", True, len(data))
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    assert (found.issues, found.score, found.reasons) == ([], 100, [])
    (first,) = found.pages
    assert (first.kind, first.width, first.height, first.rotation) == ("digital", 600, 800, 0)
    assert first.text_layer_coverage == 1
    assert first.chars == 20 * 39
    assert first.effective_dpi is None
    assert first.skew == pytest.approx(0, abs=0.1)
    assert first.ocr_readiness is not None
    assert first.ocr_readiness > 0.8


def test_a_result_is_what_json_can_carry() -> None:
    data = check(image_pdf(turned(page(), 2, expand=False)), "a.pdf").to_data()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert set(data["pages"][0]) > {"number", "kind", "skew", "ocr_readiness"}
    assert set(data["issues"][0]) == {"code", "severity", "page", "message"}
    assert set(data["reasons"][0]) == {"points", "code", "message"}


def test_a_scan_has_a_resolution_a_skew_and_no_text_layer() -> None:
    found = check(image_pdf(turned(page(), 2, expand=False)))
    (scan,) = found.pages
    assert scan.kind == "scanned"
    assert scan.image_coverage == 1
    assert scan.effective_dpi == pytest.approx(90, abs=1)
    assert scan.skew == pytest.approx(2, abs=0.2)
    assert codes(found) == ["no_text_layer", "skewed", "low_resolution"]
    assert "clockwise" in found.issues[1].message


def test_a_skew_to_the_left_is_called_counter_clockwise() -> None:
    messages = [
        one.message for one in check(image_pdf(turned(page(), -2, expand=False))).issues if one.code == "skewed"
    ]
    assert "2.1 degrees counter-clockwise" in messages[0]


def test_the_resolution_is_weighted_by_area_so_that_a_tiny_image_does_not_count() -> None:
    picture = page()
    small = stream(b"\0", "/Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8")
    large = stream(
        picture.tobytes(), "/Type/XObject/Subtype/Image/Width 800/Height 1000/ColorSpace/DeviceGray/BitsPerComponent 8"
    )
    data = sheet(
        "q 600 0 0 800 0 0 cm /Im Do Q q 5 0 0 5 590 0 cm /Dot Do Q",
        resources="/XObject<</Im 6 0 R/Dot 7 0 R>>",
        more={6: large, 7: small},
    )
    assert check(data).pages[0].effective_dpi == pytest.approx(90, abs=1)


def test_a_scan_with_an_invisible_text_layer_is_in_order() -> None:
    words = "3 Tr " + "".join(
        show(40, 745 - 25.6 * at, "the total of this bill is due within thirty days", 24) for at in range(24)
    )
    found = check(image_pdf(page(), words))
    assert found.pages[0].kind == "scanned_with_text"
    assert found.pages[0].invisible_text == found.pages[0].chars > 0
    assert "invisible_text" not in codes(found)
    assert "no_text_layer" not in codes(found)


def test_visible_text_over_a_picture_is_a_drawn_page() -> None:
    paper = Image.new("L", (600, 800), 240)
    assert check(image_pdf(paper, LINES)).pages[0].kind == "digital"


@pytest.mark.parametrize("hide", ["3 Tr ", "1 1 1 rg "], ids=["drawn invisibly", "white on white"])
def test_text_on_a_drawn_page_that_is_not_to_be_seen_is_an_issue(hide: str) -> None:
    secret = f"q {hide}{show(50, 300, 'pay somebody else')} Q"
    found = check(sheet(LINES + secret))
    assert codes(found) == ["invisible_text"]
    assert found.pages[0].invisible_text == len("paysomebodyelse")


def test_text_that_is_drawn_as_shapes_has_no_text_layer() -> None:
    shapes = "".join(
        f"{40 + 12 * x} {100 + 20 * y} 5 8 re f {40 + 12 * x} {108 + 20 * y} 2 3 re f "
        for x in range(30)
        for y in range(20)
    )
    found = check(sheet(shapes))
    assert found.pages[0].kind == "digital"
    assert found.pages[0].text_layer_coverage == 0
    assert "no_text_layer" in codes(found)


def test_a_blank_page_among_others_is_mentioned_and_a_blank_document_is_empty() -> None:
    some = check(sheets([LINES, ""]))
    assert [(one.code, one.page) for one in some.issues] == [("blank_page", 2)]
    assert some.score == 97
    none = check(sheets(["", ""]))
    assert codes(none)[0] == "empty"
    assert none.score == 0


def test_a_turned_page_and_pages_of_different_sizes_are_mentioned_without_cost() -> None:
    data = pdf_of(
        {
            1: "<</Type/Catalog/Pages 2 0 R>>",
            2: "<</Type/Pages/Kids[3 0 R 6 0 R]/Count 2>>",
            3: "<</Type/Page/Parent 2 0 R/Contents 4 0 R/MediaBox[0 0 600 800]/Resources<</Font<</F1 5 0 R>>>>>>",
            4: stream(LINES),
            5: "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
            6: "<</Type/Page/Parent 2 0 R/Contents 4 0 R/MediaBox[0 0 600 800]/Rotate 180"
            "/Resources<</Font<</F1 5 0 R>>>>>>",
        }
    )
    found = check(data)
    assert [(one.code, one.page) for one in found.issues] == [("rotated", 2)]
    assert found.pages[1].rotation == 180
    assert found.score == 100
    assert "mixed_page_sizes" in codes(check(data.replace(b"800]/Rotate 180", b"400]/Rotate   0")))


def test_nothing_is_read_of_no_bytes() -> None:
    found = check(b"", "a.pdf")
    assert (codes(found)[-1], found.score, found.pages) == ("empty", 0, [])


@pytest.mark.parametrize(
    "name,code", [("payslip-locked.pdf", "encrypted"), ("invoice-broken.pdf", "corrupt")], ids=["encrypted", "corrupt"]
)
def test_what_cannot_be_opened_is_a_result_with_score_0(name: str, code: str) -> None:
    found = check((EXAMPLES / name).read_bytes(), name)
    assert codes(found) == [code]
    assert getattr(found, code)
    assert found.score == 0
    assert [(reason.points, reason.code) for reason in found.reasons] == [(-100, code)]


def test_what_is_not_read_is_unsupported_and_what_is_too_large_is_not_looked_at() -> None:
    assert codes(check(b"PK\x03\x04" + bytes(60), "a.zip")) == ["unsupported"]
    large = check(sheet(LINES), limits=Limits(max_bytes=100))
    assert codes(large) == ["too_large"]
    assert "max_bytes" in large.issues[0].message


def test_a_wrong_extension_is_noticed() -> None:
    found = check(sheet(LINES), "bill.docx")
    assert found.extension_matches is False
    assert codes(found) == ["extension_mismatch"]


def test_scripts_attachments_forms_and_repairs_are_noticed() -> None:
    script = "/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>"
    assert "javascript" in codes(check(sheet(LINES, catalog=script)))
    names = "/Names<</EmbeddedFiles<</Names[(a.txt) 6 0 R]>>>>"
    files = {6: "<</Type/Filespec/F(a.txt)/EF<</F 7 0 R>>>>", 7: stream("note", "/Type/EmbeddedFile")}
    attached = check(sheet(LINES, catalog=names, more=files))
    assert (attached.embedded_files, codes(attached)) == (1, ["embedded_file"])
    form = "/AcroForm<</Fields[]/XFA 6 0 R>>"
    assert "dynamic_form" in codes(check(sheet(LINES, catalog=form, more={6: stream("<xdp/>")})))
    repaired = check(sheet(LINES) + b"junk" * 500)
    assert repaired.repaired
    assert codes(repaired) == ["repaired"]


def test_pages_beyond_a_limit_or_the_budget_are_not_checked() -> None:
    data = sheets([LINES] * 3)
    limited = check(data, limits=Limits(max_pages=2))
    assert limited.truncated
    assert len(limited.pages) == 2
    assert codes(limited) == ["truncated"]
    assert check(data, budget=Budget(0)).pages == []


def test_a_page_that_cannot_be_parsed_is_broken_and_the_others_are_checked() -> None:
    data = pdf_of(
        {
            1: "<</Type/Catalog/Pages 2 0 R>>",
            2: "<</Type/Pages/Kids[3 0 R 9 0 R]/Count 2>>",
            3: "<</Type/Page/Parent 2 0 R/Contents 4 0 R/MediaBox[0 0 600 800]/Resources<</Font<</F1 5 0 R>>>>>>",
            4: stream(LINES),
            5: "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        }
    )
    found = check(data)
    assert [(one.code, one.page) for one in found.issues] == [("broken_page", 2)]
    assert found.pages[0].kind == "digital"


def test_a_document_without_a_page_that_can_be_parsed_is_corrupt() -> None:
    data = pdf_of({1: "<</Type/Catalog/Pages 2 0 R>>", 2: "<</Type/Pages/Kids[9 0 R]/Count 1>>"})
    found = check(data)
    assert found.corrupt
    assert codes(found)[0] == "corrupt"
    assert found.score == 0


def test_a_picture_of_known_resolution_is_a_scan() -> None:
    found = check(image_file(page(), dpi=(120, 120)), "a.png")
    assert found.pages[0].effective_dpi == pytest.approx(120, abs=1)
    assert (found.pages[0].kind, found.pages[0].measured_dpi) == ("scanned", pytest.approx(120, abs=1))
    assert codes(found) == ["no_text_layer", "low_resolution"]


def test_a_picture_whose_resolution_nobody_knows_has_none() -> None:
    first = check(image_file(page())).pages[0]
    assert (first.effective_dpi, first.measured_dpi) == (None, None)
    assert first.skew == pytest.approx(0, abs=0.1)


def test_each_page_of_a_tiff_is_checked_until_the_budget_is_over() -> None:
    data = image_file(page(), "TIFF", save_all=True, append_images=[Image.new("L", (800, 1000), 255)], dpi=(150, 150))
    assert [one.kind for one in check(data).pages] == ["scanned", "blank"]
    ticks = iter([0.0, *[0.5] * 3, *[2.0] * 50])
    found = check(data, budget=Budget(1, clock=lambda: next(ticks)))
    assert found.truncated
    assert len(found.pages) == 1


def test_a_picture_that_cannot_be_decoded_is_corrupt() -> None:
    assert codes(check(image_file(page())[:-900], "a.png")) == ["corrupt"]


def test_a_poor_scan_is_called_what_it_is() -> None:
    tiny = page().resize((230, 288), Image.Resampling.BOX)
    faint = Image.eval(tiny, lambda level: 255 - (255 - level) // 6)
    assert {"low_contrast", "small_text", "hard_to_read"} <= set(codes(check(image_file(faint))))
    noisy = Image.eval(page(), lambda level: 60 + level // 2)
    assert "noisy" in codes(check(image_file(grainy(noisy, 25))))
    shade = Image.linear_gradient("L").resize((800, 1000))
    dark = Image.composite(page(), Image.new("L", (800, 1000), 0), Image.eval(shade, lambda level: 80 + level * 2 // 3))
    assert "uneven_background" in codes(check(image_file(dark)))
    blurred = page().filter(ImageFilter.GaussianBlur(4))
    assert "blurred" in codes(check(image_file(blurred)))


def test_a_page_on_its_side_is_turned_text() -> None:
    (message,) = [one.message for one in check(image_file(turned(page(), 92))).issues if one.code == "turned_text"]
    assert "by 90 degrees clockwise" in message


def test_a_scan_of_a_dirty_but_empty_page_is_noisy_and_not_blurred() -> None:
    dust = grainy(Image.new("L", (600, 800), 128), 30)
    assert "blurred" not in codes(check(image_pdf(dust)))


def test_text_documents_have_no_pages_to_look_at() -> None:
    word = zip_of(
        [entry("[Content_Types].xml", "<Types/>"), entry("word/document.xml", body(paragraph("Good morning")))]
    )
    found = check(word, "a.docx")
    assert (found.score, found.pages, found.page_count) == (100, [], 1)
    nothing = zip_of([entry("[Content_Types].xml", "<Types/>"), entry("word/document.xml", body(paragraph("")))])
    assert codes(check(nothing, "a.docx")) == ["empty"]


def test_every_issue_says_what_it_means() -> None:
    for code, kind in ISSUES.items():
        assert code.replace("_", "").isalpha()
        assert kind.meaning.endswith(".")
        assert 0 <= kind.points <= 100
        assert kind.points > 0 or kind.severity == "info"
