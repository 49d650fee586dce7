"""What is wrong with the outer structure of a PDF that can be opened all the same."""

import re
from typing import Any

import pypdfium2.raw as pdfium

__all__ = ["find_damage", "with_trailer"]

HEADER = b"%PDF-"

HEAD = 1024
"""Bytes within which readers look for the header and, from the end, for the last lines."""

CATALOGUE = b"/Catalog"

OBJECT = re.compile(rb"\b(\d{1,9})[ \t\r\n]{1,9}(\d{1,5})[ \t\r\n]{1,9}obj\b")

LOOK_BACK = 2000
"""Bytes from what says that an object is the catalogue to where the object begins, at most."""

MAX_CATALOGUES = 100
"""Places that are looked at."""

START_OF_TABLE = re.compile(rb"startxref\s+(\d+)")

CATALOG = re.compile(rb"\b(\d{1,9})\s+(\d{1,5})\s+obj\s*<<(?:(?!endobj).){0,2000}?/Type\s*/Catalog\b", re.DOTALL)

TABLE = re.compile(rb"\s*(?:xref\b|\d+\s+\d+\s+obj\b)")


def find_damage(handle: Any, data: bytes) -> list[str]:
    """Look at an open PDF.

    Returns:
        Codes, none for a file in order: "junk_before_header", "missing_end" (no end of file marker), "bad_startxref"
        (the place of the cross-reference table is missing or wrong), "xref_rebuilt" (pdfium found no valid table, and
        made one from the objects themselves).
    """
    damage = []
    start = data.find(HEADER, 0, HEAD)
    if start != 0:
        damage.append("junk_before_header")
    tail = data[-HEAD:]
    if b"%%EOF" not in tail:
        damage.append("missing_end")
    places = START_OF_TABLE.findall(tail)
    if not places or not _has_table(data, int(places[-1][:12]), max(start, 0)):
        damage.append("bad_startxref")
    if not pdfium.FPDF_DocumentHasValidCrossReferenceTable(handle):
        damage.append("xref_rebuilt")
    return damage


def _has_table(data: bytes, place: int, start: int) -> bool:
    """Whether a table begins there; with junk before the header, places may be counted from the header."""
    return any(TABLE.match(data, at) for at in {place, place + start} if at < len(data))


def with_trailer(data: bytes) -> bytes | None:
    """Add the lines that name the catalogue to a PDF that was cut off before them; pdfium finds the objects by itself.

    Returns:
        None if there is no catalogue that could be named.
    """
    place = len(data)
    for _ in range(MAX_CATALOGUES):
        place = data.rfind(CATALOGUE, 0, place)
        if place < 0:
            break
        objects = OBJECT.findall(data, max(place - LOOK_BACK, 0), place)
        if objects:
            return data + b"\nendobj\ntrailer\n<</Root %b %b R>>\n%%%%EOF\n" % objects[-1]
    return None
