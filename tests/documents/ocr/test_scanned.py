"""Pages whose text is only a picture get words."""

from io import BytesIO
from math import inf, nan
from typing import Any

import attrs
import pytest
from PIL import Image

from docmill.documents.limits import Budget, Limits
from docmill.documents.ocr import read_scanned
from docmill.documents.ocr.scanned import COMFORTABLE_PIXELS
from docmill.documents.pages import Word
from docmill.documents.reading import read
from tests.documents.quality.drawing import page, turned
from tests.documents.reading.making import sheet, sheets, show, stream

LINES = "".join(show(50, 750 - 14 * at, "the total of this bill is due within thirty days", 11) for at in range(20))


@attrs.define
class Fake:
    """Reads what it is told to, and remembers the pictures; time passes while it does."""

    words: list[Word] = attrs.Factory(lambda: [Word("Total", 100, 50, 140, 60, 0.9)])
    seconds: float = 0.0
    clock: list[float] = attrs.Factory(lambda: [0.0])
    seen: list[tuple[Image.Image, float]] = attrs.Factory(list)

    def recognize(self, image: Any, dpi: float) -> list[Word]:
        self.seen.append((image, dpi))
        self.clock[0] += self.seconds
        return self.words

    def budget(self, seconds: float) -> Budget:
        return Budget(seconds, clock=lambda: self.clock[0])


def file_of(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def scans(*pictures: Image.Image) -> bytes:
    return file_of(pictures[0], "PDF", save_all=True, append_images=pictures[1:], resolution=100)


def test_only_pages_without_a_text_layer_are_recognised() -> None:
    picture = stream(
        page().tobytes(), "/Type/XObject/Subtype/Image/Width 800/Height 1000/ColorSpace/DeviceGray/BitsPerComponent 8"
    )
    for data, expected in (
        (sheet(LINES), []),
        (sheet(show(50, 700, "Good morning")), []),
        (sheet(""), []),
        (sheet("q 600 0 0 750 0 0 cm /Im Do Q", resources="/XObject<</Im 6 0 R>>", more={6: picture}), [1]),
    ):
        ocr, reading = Fake(), read(data)
        assert list(read_scanned(data, reading, ocr)) == expected
        assert reading.pages[0].source == ("ocr" if expected else "text")
        assert len(ocr.seen) == len(expected)


def test_the_words_of_a_scan_are_those_of_the_engine() -> None:
    data = scans(page())
    reading, ocr = read(data), Fake()
    (leveling,) = read_scanned(data, reading, ocr).values()
    assert (leveling.degrees, leveling.turn) == (0, 0)
    assert reading.pages[0].words == [Word("Total", 100, 50, 140, 60, 0.9)]
    image, dpi = ocr.seen[0]
    assert dpi == pytest.approx(150, abs=0.5)
    assert image.width == pytest.approx(1200, abs=2)
    assert not reading.truncated


def test_words_of_a_page_that_lies_askew_are_put_back_unless_it_is_to_stay_level() -> None:
    data = scans(turned(page(), 5))
    reading, level = read(data), read(data)
    (leveling,) = read_scanned(data, reading, Fake()).values()
    read_scanned(data, level, Fake(), level=True)
    assert leveling.degrees == pytest.approx(5, abs=0.2)
    assert level.pages[0].words == [Word("Total", 100, 50, 140, 60, 0.9)]
    assert (level.pages[0].width, level.pages[0].height) == leveling.size
    assert reading.pages[0].words[0][1:5] == pytest.approx(leveling.back((100, 50, 140, 60)))
    assert (reading.pages[0].width, reading.pages[0].height) == (leveling.width, leveling.height)


def test_a_page_on_its_side_is_shown_upright_to_the_engine() -> None:
    data = scans(turned(page(), 92))
    ocr = Fake()
    (leveling,) = read_scanned(data, read(data), ocr).values()
    assert leveling.turn == 90
    assert ocr.seen[0][0].height > ocr.seen[0][0].width


def test_specks_are_removed_before() -> None:
    dirty = page().copy()
    for x in range(3, 800, 9):
        for y in range(2, 1000, 9):
            dirty.putpixel((x, y), 0)
    ocr, data = Fake(), file_of(dirty, dpi=(150, 150))
    read_scanned(data, read(data), ocr)
    assert ocr.seen[0][0].crop((0, 0, 800, 50)).getextrema() == (255, 255)


def test_what_an_engine_must_not_say_is_left_out() -> None:
    words = [
        Word("\0", 1, 1, 2, 2),
        Word("\ud800x", 5, 9, 2, 1, nan),
        Word("nowhere", nan, 1, 2, 2),
        Word("off", -9, 10, 9999, 20, 7.0),
        Word("two words", 10, 10, 100, 20, 0.5),
        Word("far", inf, 1, 2, 2),
    ]
    data = scans(page())
    reading = read(data)
    read_scanned(data, reading, Fake(words))
    width = reading.pages[0].width
    assert reading.pages[0].words == [
        Word("x", 2, 1, 5, 9, 0.0),
        Word("off", 0, 10, width, 20, 1.0),
        Word("two", 10, 10, 40, 20, 0.5),
        Word("words", 50, 10, 100, 20, 0.5),
    ]


def test_pages_and_words_beyond_the_limits_are_left_out() -> None:
    data = scans(page(), page(), page())
    reading = read(data)
    assert list(read_scanned(data, reading, Fake(), limits=Limits(max_ocr_pages=2))) == [1, 2]
    assert reading.truncated
    words = read(data)
    read_scanned(data, words, Fake([Word("a", 1, 1, 2, 2)] * 5), limits=Limits(max_words=3))
    assert [len(one.words) for one in words.pages] == [3, 3, 3]
    assert words.truncated


def test_no_page_is_begun_that_would_outlast_the_budget() -> None:
    data = scans(page(), page(), page(), page())
    ocr, reading = Fake(seconds=4), read(data)
    assert list(read_scanned(data, reading, ocr, budget=ocr.budget(11))) == [1, 2]
    assert reading.truncated


def test_an_engine_that_says_how_long_it_takes_is_not_begun_too_late() -> None:
    @attrs.define
    class Slow(Fake):
        typical_seconds = 5.0

    data = scans(page())
    ocr, reading = Slow(), read(data)
    assert read_scanned(data, reading, ocr, budget=ocr.budget(4)) == {}
    assert reading.truncated
    assert ocr.seen == []


def test_pictures_are_recognised_page_by_page() -> None:
    data = file_of(page(), "TIFF", save_all=True, append_images=[Image.new("L", (800, 1000), 255), page()])
    reading, ocr = read(data), Fake()
    reading.pages[2].words = [Word("known" * 50, 1, 1, 2, 2)]
    assert list(read_scanned(data, reading, ocr)) == [1]
    assert ocr.seen[0][1] == pytest.approx(96, abs=0.5)


def test_a_large_photograph_is_reduced_unless_its_text_is_small() -> None:
    large = page().resize((3200, 4000), Image.Resampling.BICUBIC)
    for picture, reduced in ((large, True), (page(size=20, width=3200, height=4000), False)):
        data, ocr = file_of(picture), Fake()
        reading = read(data)
        read_scanned(data, reading, ocr)
        image, dpi = ocr.seen[0]
        assert dpi * reading.pages[0].width / 72 == pytest.approx(image.width)
        assert (image.width * image.height <= COMFORTABLE_PIXELS * 1.01) == reduced


def test_a_page_that_cannot_be_parsed_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    data = scans(page(), page())
    reading = read(data)
    reading.pages[0].number = 99
    assert list(read_scanned(data, reading, Fake())) == [2]


def test_text_documents_and_digital_documents_cost_nothing() -> None:
    reading = read(b"Good morning")
    assert read_scanned(b"Good morning", reading, Fake()) == {}
    digital = sheets([LINES, LINES])
    assert read_scanned(b"is not even opened", read(digital), Fake()) == {}
