"""What a scanner and a telephone make of a printed page: pictures without any text, the same on every run."""

# Only these scripts need Pillow and pdfium, so the project's type check runs without them.
# mypy: disable-error-code="import-not-found, import-untyped"

import random
from io import BytesIO

import pypdfium2 as pdfium
from PIL import Image, ImageChops, ImageFilter
from sheet import Sheet

SCAN_DPI = 140
PHOTO_DPI = 190


def scan(original: bytes) -> bytes:
    """Print a document and lay it on the scanner: a grey, slightly turned, noisy picture without any text."""
    page = _print(original, SCAN_DPI)
    page = page.rotate(1.3, Image.Resampling.BICUBIC, fillcolor=255).filter(ImageFilter.GaussianBlur(0.7))
    shade = Image.linear_gradient("L").rotate(90).resize(page.size).point(lambda level: 236 + level // 16)
    paper = ImageChops.multiply(page, shade)
    picture = BytesIO()
    Image.blend(paper, _grain(page.size, 1.2), 0.08).save(
        picture, "JPEG", quality=28, optimize=True, dpi=(SCAN_DPI, SCAN_DPI)
    )
    sheet = Sheet("Scan 0001", "Office scanner")
    sheet.image(picture.getvalue())
    return sheet.finish()


def photograph(original: bytes) -> bytes:
    """Lay a slip of paper on a dark table and photograph it by hand, in the light of one lamp; a PNG."""
    paper = _print(original, PHOTO_DPI)
    width, height = paper.width + 130, paper.height + 130
    # Where the corners of the paper come to lie: upper left, lower left, lower right, upper right.
    seen = paper.transform(
        (width, height),
        Image.Transform.QUAD,
        (-72, -58, -48, paper.height + 74, paper.width + 66, paper.height + 52, paper.width + 58, -76),
        Image.Resampling.BICUBIC,
        fillcolor=46,
    ).filter(ImageFilter.GaussianBlur(0.6))
    lamp = ImageChops.invert(Image.radial_gradient("L")).resize((width * 2, height * 2))
    lamp = lamp.crop((width // 3, height // 4, width // 3 + width, height // 4 + height))
    light = lamp.point(lambda level: 118 + level * 136 // 255)
    picture = Image.blend(ImageChops.multiply(seen, light), _grain(seen.size, 0.6), 0.07)
    # Sixteen greys and a little grain look like the picture of a telephone, and make a small file.
    picture = picture.quantize(16, dither=Image.Dither.NONE)
    file = BytesIO()
    picture.save(file, "PNG", optimize=True, bits=4)
    return file.getvalue()


def _grain(size: tuple[int, int], blur: float) -> Image.Image:
    noise = random.Random(4471).randbytes(size[0] * size[1])  # noqa: S311
    return Image.frombytes("L", size, noise).filter(ImageFilter.GaussianBlur(blur))


def _print(original: bytes, dpi: int) -> Image.Image:
    with pdfium.PdfDocument(original) as document:
        page: Image.Image = document[0].render(scale=dpi / 72, grayscale=True).to_pil()
    return page
