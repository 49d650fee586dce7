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

import argparse
import sys
from pathlib import Path

import cameras
import invoices
import oddities
import office
import pages

HERE = Path(__file__).resolve().parent
KINDS = {".docx", ".pdf", ".png"}
PASSWORD = "docmill"  # noqa: S105 - the example is about the lock, not about a secret

GATEWAY = (
    b"\n<html><head><title>502 Bad Gateway</title></head><body>The upstream server did not answer.</body></html>\n"
)


def documents() -> dict[str, bytes]:
    """Return the contents of all example documents by file name."""
    british, german = invoices.british_invoice(), invoices.german_invoice()
    return {
        "delivery-scan.pdf": cameras.scan(pages.delivery_note()),
        "form-blank.pdf": pages.blank_form(),
        "hybrid-differs.pdf": oddities.hybrid_that_differs(),
        "hybrid.pdf": oddities.hybrid(),
        "invoice-broken.pdf": german[:300] + GATEWAY,
        "invoice-copy.pdf": british,
        "invoice-cut.pdf": german[: len(german) // 3],
        "invoice-de.pdf": german,
        "invoice-en.pdf": british,
        "invoice-es.pdf": invoices.spanish_invoice(),
        "invoice-fr.pdf": invoices.french_invoice(),
        "invoice-nl.docx": office.word_invoice(),
        "invoice-sv.pdf": invoices.swedish_invoice(),
        "invoice-us.pdf": invoices.american_invoice(),
        "letter.pdf": pages.letter(),
        "payslip-locked.pdf": pages.payslip(PASSWORD),
        "receipt-photo.png": cameras.photograph(oddities.receipt()),
        "report-columns.pdf": pages.report(),
        "wrong-dates.pdf": oddities.wrong_dates(),
        "wrong-iban.pdf": oddities.wrong_iban(),
        "wrong-total.pdf": oddities.wrong_total(),
    }


def differing(folder: Path) -> list[str]:
    """Name the documents in a folder that are missing, changed or left over."""
    made = documents()
    found = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in KINDS}
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
