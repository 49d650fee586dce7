"""Plain text."""

import codecs

from docmill.documents.limits import Budget, Limits
from docmill.documents.pages import Reading
from docmill.documents.reading.cleaning import clean
from docmill.documents.reading.layout import Layout
from docmill.documents.reading.media import PLAIN_TEXT

__all__ = ["read_text"]

MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

MAX_COLUMNS = 500
"""Characters of a line that are kept."""

CHECK_EVERY = 256
"""Lines between two looks at the clock."""


def read_text(data: bytes, limits: Limits, budget: Budget) -> Reading:
    """Set the lines of a text file on pages, each character in its column; a form feed begins a new page."""
    layout = Layout(limits)
    truncated = False
    for at, line in enumerate(_decode(data).splitlines(keepends=True)):
        if layout.truncated or (at % CHECK_EVERY == 0 and budget.is_over):
            truncated = True
            break
        before, *after = line.split("\f")
        layout.plain_line(clean(before)[:MAX_COLUMNS])
        for part in after:
            layout.new_page()
            layout.plain_line(clean(part)[:MAX_COLUMNS])
    return Reading(PLAIN_TEXT, layout.pages, len(layout.pages), truncated=truncated or layout.truncated)


def _decode(data: bytes) -> str:
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
