"""Invoices set by hand, in several languages and layouts: what reading a document would give."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from docmill.documents.pages import Attachment, Page, Reading, Word


@dataclass
class Paper:
    """A page that is written on; characters are half as wide as high."""

    width: float = 595
    height: float = 842
    words: list[Word] = field(default_factory=list)

    def put(self, x: float, y: float, text: str, size: float = 9, *, right: bool = False) -> "Paper":
        """Write words from x to the right, or up to x."""
        step = size * 0.5
        if right:
            x -= sum(len(part) for part in text.split()) * step + text.count(" ") * size * 0.28
        for part in text.split():
            self.words.append(Word(part, x, y, x + len(part) * step, y + size * 1.15))
            x += len(part) * step + size * 0.28
        return self

    def column(self, x: float, y: float, lines: Sequence[str], size: float = 9) -> "Paper":
        """Write lines below one another."""
        for number, line in enumerate(lines):
            self.put(x, y + 1.35 * size * number, line, size)
        return self

    def table(self, y: float, rows: Sequence[tuple[str, str]], x: float = 340, right: float = 540) -> "Paper":
        """Write labels, and amounts that end at the right edge."""
        for number, (label, amount) in enumerate(rows):
            self.put(x, y + 14 * number, label).put(right, y + 14 * number, amount, right=True)
        return self

    def reading(self, xml: bytes | None = None) -> Reading:
        """As it was read."""
        attachments = [] if xml is None else [Attachment("factur-x.xml", xml)]
        page = Page(1, self.width, self.height, list(self.words))
        return Reading("application/pdf", [page], 1, attachments=attachments)
