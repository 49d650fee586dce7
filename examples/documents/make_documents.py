"""Make the example documents again, or check that the ones here are what this script makes.

    uv run examples/documents/make_documents.py
    uv run examples/documents/make_documents.py --check

Every name, number and company in them is invented, and no file depends on the clock, on chance or on the
fonts of the machine.
"""
# /// script
# requires-python = ">=3.11"
# dependencies = ["reportlab==5.1.0", "pypdfium2==5.15.2", "pillow==13.0.0"]
# ///

# Only this script needs Pillow, so the project's type check runs without it.
# mypy: disable-error-code="import-not-found"

import argparse
import random
import sys
from io import BytesIO
from pathlib import Path

import invoices
import pages
import pypdfium2 as pdfium
from PIL import Image, ImageChops, ImageFilter
from sheet import Sheet

HERE = Path(__file__).resolve().parent
SCAN_DPI = 140
PASSWORD = "docmill"  # noqa: S105 - the example is about the lock, not about a secret


def scan(original: bytes) -> bytes:
    """Print a document and lay it on the scanner: a grey, slightly turned, noisy picture without any text."""
    with pdfium.PdfDocument(original) as document:
        page = document[0].render(scale=SCAN_DPI / 72, grayscale=True).to_pil()
    page = page.rotate(1.3, Image.Resampling.BICUBIC, fillcolor=255).filter(ImageFilter.GaussianBlur(0.7))
    grain = Image.frombytes("L", page.size, random.Random(4471).randbytes(page.width * page.height))  # noqa: S311
    grain = grain.filter(ImageFilter.GaussianBlur(1.2))
    shade = Image.linear_gradient("L").rotate(90).resize(page.size).point(lambda level: 236 + level // 16)
    paper = ImageChops.multiply(page, shade)
    picture = BytesIO()
    Image.blend(paper, grain, 0.08).save(picture, "JPEG", quality=28, optimize=True, dpi=(SCAN_DPI, SCAN_DPI))
    sheet = Sheet("Scan 0001", "Office scanner")
    sheet.image(picture.getvalue())
    return sheet.finish()


def documents() -> dict[str, bytes]:
    """Return the contents of all example documents by file name."""
    german = invoices.german_invoice()
    return {
        "delivery-scan.pdf": scan(pages.delivery_note()),
        "form-blank.pdf": pages.blank_form(),
        "invoice-broken.pdf": german[: len(german) // 3],
        "invoice-de.pdf": german,
        "invoice-en.pdf": invoices.british_invoice(),
        "invoice-es.pdf": invoices.spanish_invoice(),
        "invoice-fr.pdf": invoices.french_invoice(),
        "invoice-sv.pdf": invoices.swedish_invoice(),
        "invoice-us.pdf": invoices.american_invoice(),
        "letter.pdf": pages.letter(),
        "payslip-locked.pdf": pages.payslip(PASSWORD),
        "report-columns.pdf": pages.report(),
    }


def differing(folder: Path) -> list[str]:
    """Name the documents in a folder that are missing, changed or left over."""
    made = documents()
    found = {path.name: path.read_bytes() for path in folder.glob("*.pdf")}
    return sorted(name for name in made.keys() | found.keys() if made.get(name) != found.get(name))


def main() -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(description="Make the example documents.")
    parser.add_argument(
        "--check", action="store_true", help="change nothing; fail if a document would come out differently"
    )
    if not parser.parse_args().check:
        for name, content in documents().items():
            (HERE / name).write_bytes(content)
        return 0
    names = differing(HERE)
    if names:
        print("Not what this script makes:", ", ".join(names), file=sys.stderr)
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main())
