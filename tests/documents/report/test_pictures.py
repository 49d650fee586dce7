"""Page pictures, of the example documents and of images made here."""

import re
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image, ImageDraw

from docmill import process_documents
from docmill.documents.errors import (
    CorruptDocumentError,
    DocumentNotFoundError,
    DocumentTooLargeError,
    EncryptedDocumentError,
)
from docmill.documents.limits import Budget, Limits
from docmill.documents.report import PagePictures, drawing
from docmill.documents.report.files import replace_file

EXAMPLES = Path(__file__).parents[3] / "examples" / "documents"


def draw(
    document_id: str,
    folder: Path,
    source: str | Mapping[str, bytes] = str(EXAMPLES),
    seconds: float = 60,
    **options: Any,
) -> list[dict[str, Any]]:
    result = PagePictures(source, folder, **options)(document_id, SimpleNamespace(remaining=lambda: seconds))  # type: ignore[arg-type]
    assert result["folder"] == str(folder)
    pages: list[dict[str, Any]] = result["pages"]
    return pages


def encoded(*images: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = BytesIO()
    images[0].save(file, kind, **({"save_all": True, "append_images": images[1:]} if images[1:] else {}), **options)
    return file.getvalue()


def test_each_page_of_a_pdf_is_drawn(tmp_path: Path) -> None:
    pages = draw("invoice-us.pdf", tmp_path, dpi=72)
    assert [page["page"] for page in pages] == [1, 2]
    assert {(page["width"], page["height"]) for page in pages} == {(612.0, 792.0)}
    assert sorted(page["file"] for page in pages) == sorted(path.name for path in tmp_path.iterdir())
    for page in pages:
        assert re.fullmatch(r"[0-9a-f]{32}-[12]\.png", page["file"])
        with Image.open(tmp_path / page["file"]) as image:
            assert image.size == (612, 792)
            assert image.convert("RGB").getpixel((5, 5)) == (255, 255, 255)


def test_a_scan_is_kept_as_a_jpeg_of_its_colours(tmp_path: Path) -> None:
    (page,) = draw("delivery-scan.pdf", tmp_path)
    assert page["file"].endswith(".jpg")
    with Image.open(tmp_path / page["file"]) as image:
        assert image.format == "JPEG"


def test_only_so_many_pages_are_drawn(tmp_path: Path) -> None:
    assert len(draw("invoice-us.pdf", tmp_path, dpi=20, max_pages=1)) == 1


def test_drawing_ends_with_the_budget(tmp_path: Path) -> None:
    image = Image.new("L", (50, 50), 255)
    assert draw("invoice-us.pdf", tmp_path, seconds=0) == []
    assert draw("two.tif", tmp_path, {"two.tif": encoded(image, image, kind="TIFF")}, seconds=0) == []


def test_of_a_tiff_is_drawn_what_the_budget_allows() -> None:
    image = Image.new("L", (50, 50), 255)
    ticks = iter([0, 0, 0, 0, 5])
    budget = Budget(3, clock=lambda: next(ticks))
    drawings = list(drawing.draw(encoded(image, image, image, kind="TIFF"), "a.tif", 72, Limits(), budget))
    assert [each.page for each in drawings] == [1]


def test_an_image_is_as_large_as_its_resolution_says(tmp_path: Path) -> None:
    image = Image.new("RGB", (600, 300), "white")
    ImageDraw.Draw(image).rectangle((0, 0, 299, 299), "red")
    (page,) = draw("a.png", tmp_path, {"a.png": encoded(image, dpi=(300, 300))}, dpi=72)
    assert (page["page"], page["width"], page["height"]) == (1, pytest.approx(144, abs=0.1), pytest.approx(72, abs=0.1))
    with Image.open(tmp_path / page["file"]) as drawn:
        assert drawn.size == (144, 72)
        assert drawn.convert("RGB").getpixel((10, 36)) == (255, 0, 0)
        assert drawn.convert("RGB").getpixel((134, 36)) == (255, 255, 255)


def test_an_image_is_not_blown_up(tmp_path: Path) -> None:
    (page,) = draw("a.png", tmp_path, {"a.png": encoded(Image.new("L", (40, 30), 9), dpi=(72, 72))}, dpi=300)
    with Image.open(tmp_path / page["file"]) as drawn:
        assert drawn.size == (40, 30)


def test_each_page_of_a_tiff_is_drawn(tmp_path: Path) -> None:
    image = Image.new("L", (60, 40), 200)
    pages = draw("a.tif", tmp_path, {"a.tif": encoded(image, image, image, kind="TIFF")})
    assert [page["page"] for page in pages] == [1, 2, 3]


def test_a_document_without_pages_has_no_pictures(tmp_path: Path) -> None:
    assert draw("invoice-nl.docx", tmp_path) == []
    assert draw("a.txt", tmp_path, {"a.txt": b"only text"}) == []


@pytest.mark.parametrize(
    "document_id, error",
    [
        ("payslip-locked.pdf", EncryptedDocumentError),
        ("invoice-broken.pdf", CorruptDocumentError),
        ("gone.pdf", DocumentNotFoundError),
    ],
)
def test_what_cannot_be_drawn_is_a_document_error(tmp_path: Path, document_id: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        draw(document_id, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_limits_hold(tmp_path: Path) -> None:
    with pytest.raises(DocumentTooLargeError):
        draw("letter.pdf", tmp_path, limits=Limits(max_bytes=1000))
    with pytest.raises(DocumentTooLargeError):
        draw("receipt-photo.png", tmp_path, limits=Limits(max_pixels=1000))


def test_the_picture_of_a_page_has_so_many_pixels_at_most(tmp_path: Path) -> None:
    (page,) = draw("letter.pdf", tmp_path, dpi=5000)
    with Image.open(tmp_path / page["file"]) as image:
        assert 3_900_000 < image.width * image.height <= 4_000_000


@pytest.mark.parametrize("document_id", ["../../escape.png", "a/b.png", "half \ud800.png", "x" * 300 + ".png", "\0"])
def test_no_id_leads_out_of_the_folder(tmp_path: Path, document_id: str) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    draw(document_id, folder, {document_id: encoded(Image.new("L", (9, 9), 0))})
    assert len(list(folder.iterdir())) == 1
    assert list(tmp_path.iterdir()) == [folder]


def test_a_page_that_cannot_be_parsed_is_left_out(tmp_path: Path) -> None:
    whole = (EXAMPLES / "invoice-us.pdf").read_bytes()
    found = [match.start() for match in re.finditer(rb"/Type /Page\b(?!s)", whole)]
    broken = whole[: found[0]] + whole[found[0] :].replace(b"/Type /Page", b"/Type /Pxge", 1)
    assert [page["page"] for page in draw("a.pdf", tmp_path, {"a.pdf": broken}, dpi=20)] == [2]


def test_a_document_that_is_drawn_again_replaces_its_pictures(tmp_path: Path) -> None:
    assert draw("letter.pdf", tmp_path, dpi=20) == draw("letter.pdf", tmp_path, dpi=20)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_that_cannot_be_completed_leaves_nothing_behind(tmp_path: Path) -> None:
    def parts() -> Any:
        yield b"first"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        replace_file(tmp_path / "a", parts())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
async def test_it_draws_in_a_worker_process(tmp_path: Path) -> None:
    job = await process_documents(["letter.pdf", "payslip-locked.pdf"], PagePictures(str(EXAMPLES), tmp_path))
    assert [result.document_id for result in job.results] == ["letter.pdf"]
    assert [failure.code for failure in job.errors] == ["permanent"]
    assert Path(tmp_path, job.results[0].data["pages"][0]["file"]).is_file()  # noqa: ASYNC240 - it is a test
