"""Pictures of pages."""

import warnings
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from docmill.documents.errors import CorruptDocumentError, DocumentTooLargeError
from docmill.documents.limits import Budget, Limits
from docmill.documents.reading import read
from docmill.documents.reading.images import frames

from .making import png_of

LIMITS = Limits()


def picture(
    mode: str = "RGB", size: tuple[int, int] = (40, 30), kind: str = "PNG", color: Any = 0, **more: Any
) -> bytes:
    file = BytesIO()
    Image.new(mode, size, color).save(file, kind, **more)
    return file.getvalue()


def orientation(value: Any) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = value
    return exif


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF"])
def test_a_picture_is_a_page_without_words(kind: str) -> None:
    reading = read(picture(kind=kind))

    assert reading.media_type == f"image/{kind.lower()}"
    [page] = reading.pages
    assert (page.number, page.words, reading.page_count, reading.truncated) == (1, [], 1, False)
    assert (page.width, page.height) == pytest.approx((30, 22.5), rel=0.001)


@pytest.mark.parametrize(
    "dpi, width", [((150, 150), 19.2), ((300, 300), 9.6), ((1, 1), 30), ((0, 0), 30), ((9_999, 9_999), 30)]
)
def test_a_page_is_as_large_as_the_resolution_says_unless_that_is_silly(dpi: tuple[int, int], width: float) -> None:
    assert read(picture(kind="TIFF", dpi=dpi)).pages[0].width == pytest.approx(width)


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "PNG", "WEBP"])
def test_a_picture_is_turned_as_the_camera_was_held(kind: str, value: int) -> None:
    upright = Image.new("L", (40, 30), 255)
    upright.paste(0, (0, 0, 20, 15))
    # What the camera stores of a scene, by orientation, is undone by the same turn that shows it.
    undo = {6: 8, 8: 6}.get(value, value)
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
    stored = upright if value == 1 else upright.transpose(Image.Transpose(turns[undo]))
    file = BytesIO()
    stored.save(file, kind, exif=orientation(value), **({"lossless": True} if kind == "WEBP" else {}))

    [page] = read(file.getvalue()).pages
    [shown] = frames(file.getvalue(), LIMITS)

    assert (page.width, page.height) == pytest.approx((30, 22.5))
    assert shown.size == (40, 30)
    pixels = np.asarray(shown.convert("L"))
    assert pixels[5, 5] < 50
    assert min(pixels[5, 35], pixels[25, 5], pixels[25, 35]) > 200


def test_a_silly_orientation_is_none() -> None:
    [shown] = frames(picture(kind="TIFF", exif=orientation(77)), LIMITS)

    assert shown.size == (40, 30)


@pytest.mark.parametrize("mode", ["1", "L", "I;16", "I", "F"])
def test_grey_pictures_stay_grey(mode: str) -> None:
    [shown] = frames(picture(mode, kind="TIFF"), LIMITS)

    assert shown.mode == "L"


def test_grey_of_many_bits_is_stretched() -> None:
    file = BytesIO()
    Image.fromarray(np.array([[1_000, 60_000]], dtype=np.uint16)).save(file, "PNG")
    [shown] = frames(file.getvalue(), LIMITS)

    assert [shown.getpixel((x, 0)) for x in (0, 1)] == [0, 255]


def test_pixels_that_are_no_numbers_do_no_harm() -> None:
    file = BytesIO()
    Image.fromarray(np.array([[np.nan, np.inf, 1.0]], dtype=np.float32)).save(file, "TIFF")
    [shown] = frames(file.getvalue(), LIMITS)

    assert shown.size == (3, 1)


@pytest.mark.parametrize("mode, color", [("RGBA", (0, 0, 0, 0)), ("LA", (0, 0)), ("P", 0), ("CMYK", (0, 0, 0, 0))])
def test_colours_become_red_green_and_blue_on_white(mode: str, color: Any) -> None:
    more = {"transparency": 0} if mode == "P" else {}
    kind = "TIFF" if mode == "CMYK" else "PNG"
    [shown] = frames(picture(mode, color=color, kind=kind, **more), LIMITS)

    assert shown.mode == "RGB"
    assert shown.getpixel((3, 3)) == (255, 255, 255)


def tiff(count: int) -> bytes:
    file = BytesIO()
    first, *others = (Image.new("L", (10 + at, 10), at) for at in range(count))
    first.save(file, "TIFF", save_all=True, append_images=others)
    return file.getvalue()


def test_each_frame_of_a_tiff_is_a_page() -> None:
    reading = read(tiff(3))

    assert [round(page.width / 0.75) for page in reading.pages] == [10, 11, 12]
    assert [page.number for page in reading.pages] == [1, 2, 3]
    assert [shown.getpixel((0, 0)) for shown in frames(tiff(3), LIMITS)] == [0, 1, 2]


def test_a_tiff_with_too_many_pages_is_cut() -> None:
    reading = read(tiff(4), limits=Limits(max_pages=2))

    assert (len(reading.pages), reading.page_count, reading.truncated) == (2, 3, True)
    assert len(list(frames(tiff(4), Limits(max_pages=2)))) == 2
    assert read(tiff(4), budget=Budget(0)).truncated


def test_frames_of_a_film_are_no_pages() -> None:
    file = BytesIO()
    Image.new("L", (9, 9)).save(file, "GIF", save_all=True, append_images=[Image.new("L", (9, 9), 9)])

    assert len(read(file.getvalue()).pages) == 1


def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(DocumentTooLargeError, match="1,200 pixels, and max_pixels is 1,000"):
        read(picture(), limits=Limits(max_pixels=1_000))
    with pytest.raises(DocumentTooLargeError, match="max_pixels"):
        list(frames(picture(), Limits(max_pixels=1_000)))


@pytest.mark.parametrize("side", [12_000, 30_000])
def test_a_bomb_is_refused_without_a_warning(side: int) -> None:
    header = png_of(1, 1, b"", side.to_bytes(4, "big") * 2 + b"\x08\0\0\0\0")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DocumentTooLargeError, match="max_pixels"):
            read(header)


@pytest.mark.parametrize("data", [png_of(50, 50)[:20], b"\xff\xd8\xff\xe0" + bytes(50), b"II*\0\xff\xff\xff\xff"])
def test_what_is_no_picture_is_corrupt(data: bytes) -> None:
    with pytest.raises(CorruptDocumentError):
        read(data)


def test_a_picture_that_ends_too_early_has_a_page_but_cannot_be_decoded() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (50, 50), dtype=np.uint8)
    file = BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    cut = file.getvalue()[:900]

    assert len(read(cut).pages) == 1
    with pytest.raises(CorruptDocumentError):
        list(frames(cut, LIMITS))


def test_a_tiff_whose_second_page_is_broken_is_corrupt() -> None:
    data = bytearray(tiff(2))
    first = int.from_bytes(data[4:8], "little")
    entries = int.from_bytes(data[first : first + 2], "little")
    following = first + 2 + 12 * entries
    second = int.from_bytes(data[following : following + 4], "little")
    data[second + 2 :] = b"\xff" * 30

    with pytest.raises(CorruptDocumentError):
        list(frames(bytes(data), LIMITS))


def test_running_out_of_memory_is_not_the_picture_s_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Image.Image, "convert", full)
    with pytest.raises(MemoryError):
        list(frames(picture(), LIMITS))
