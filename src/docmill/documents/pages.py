"""What there is to read on the pages of a document, whichever format it came in.

Coordinates are PDF points (1/72 inch) from the top left corner of the page as it is shown, x to the right and y down.
"""

from typing import Any, Literal, NamedTuple, TypeAlias

import attrs

__all__ = ["Attachment", "Box", "Page", "Reading", "Rule", "TextSource", "Word"]

Box: TypeAlias = tuple[float, float, float, float]
"""x0, y0, x1, y1 with x0 <= x1 and y0 <= y1."""

TextSource: TypeAlias = Literal["text", "ocr"]


class Word(NamedTuple):
    """Characters without a space between them.

    Attributes:
        text: in reading order, without white space.
        x0, y0, x1, y1: its box; the height is that of the line of text, not of the ink.
        confidence: 0 to 1: how sure a recognised word is; 1.0 for one from a text layer.
    """

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    confidence: float = 1.0


class Rule(NamedTuple):
    """A straight line that is drawn on a page, or an edge of a drawn rectangle: horizontal or vertical.

    Attributes:
        x0, y0, x1, y1: its ends; a horizontal one has y0 == y1, a vertical one x0 == x1.
    """

    x0: float
    y0: float
    x1: float
    y1: float


@attrs.define
class Page:
    """One page.

    Attributes:
        number: 1 for the first one.
        width: points, as shown: after the rotation of the page.
        height: points, likewise.
        words: in the order of the document, which need not be that of reading.
        rules: drawn lines; only if they were asked for.
        source: where the words come from.
    """

    number: int
    width: float
    height: float
    words: list[Word] = attrs.Factory(list)
    rules: list[Rule] = attrs.Factory(list)
    source: TextSource = "text"


@attrs.define
class Attachment:
    """A file that is embedded in a document.

    Attributes:
        name: as the document gives it; never use it as a path.
        data: its content, bounded by the limits.
    """

    name: str
    data: bytes


@attrs.define
class Reading:
    """A document that was read.

    Attributes:
        media_type: such as ``application/pdf``.
        pages: those that were read.
        page_count: how many it has.
        truncated: whether a limit or the budget cut it short.
        attachments: embedded files that may hold invoice data (XML), for formats that have them.
        tables: rows of cells, for formats that say what a table is (docx).
    """

    media_type: str
    pages: list[Page]
    page_count: int
    truncated: bool = False
    attachments: list[Attachment] = attrs.Factory(list)
    tables: list[list[list[str]]] = attrs.Factory(list)

    @property
    def text(self) -> str:
        """All words, a line per page."""
        return "\n".join(" ".join(word.text for word in page.words) for page in self.pages)

    def summary(self) -> dict[str, Any]:
        """The part of a result that says what was read."""
        return {"media_type": self.media_type, "page_count": self.page_count, "truncated": self.truncated}
