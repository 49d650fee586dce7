"""Sets text that has no geometry of its own on nominal pages, for code that looks for values by where they stand."""

import re
from itertools import zip_longest
from typing import NamedTuple, TypeAlias

from docmill.documents.limits import Limits
from docmill.documents.pages import Page, Word

__all__ = ["CHARACTER", "Layout"]

PAGE_WIDTH, PAGE_HEIGHT = 595.0, 842.0
MARGIN = 56.0

CHARACTER = 5.0
"""The nominal width of a character: half of its size of ten points."""

LINE = 12.0

TAB = 72.0

CELL_GAP = 2 * CHARACTER

PART = re.compile(r"\t|\n|\S+|[^\S\t\n]+")


class Placed(NamedTuple):
    """A word, so many points from the left edge of its column."""

    x: float
    text: str


Line: TypeAlias = list[Placed]


class Layout:
    """Pages in the making.

    Attributes:
        pages: A4, 595 x 842 points.
        truncated: whether there was more than the limits allow.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._y = MARGIN
        self.pages: list[Page] = []
        self.truncated = False

    def paragraph(self, text: str) -> None:
        """Set a paragraph; tab stops are an inch apart, and a line feed breaks the line."""
        for line in _flow(text, PAGE_WIDTH - 2 * MARGIN):
            self._line(line)

    def row(self, cells: list[str]) -> None:
        """Set the cells of a table row side by side, in columns of the same width."""
        if not cells:
            return
        column = (PAGE_WIDTH - 2 * MARGIN) / len(cells)
        flows = [_flow(cell, max(column - CELL_GAP, CHARACTER)) for cell in cells]
        for lines in zip_longest(*flows, fillvalue=[]):
            self._line([Placed(at * column + x, text) for at, line in enumerate(lines) for x, text in line])

    def plain_line(self, text: str) -> None:
        """Set a line of plain text: each of its columns is as wide as the others, and nothing wraps."""
        expanded = text.expandtabs(8)
        self._line([Placed(match.start() * CHARACTER, match[0]) for match in re.finditer(r"\S+", expanded)])

    def new_page(self) -> None:
        """Go on with a new page, unless this one is still empty."""
        if self.pages and self._y > MARGIN:
            self._y = PAGE_HEIGHT

    def _line(self, line: Line) -> None:
        if self.truncated:
            return
        if not self.pages or self._y + LINE > PAGE_HEIGHT - MARGIN:
            if len(self.pages) >= self._limits.max_pages:
                self.truncated = True
                return
            self.pages.append(Page(len(self.pages) + 1, PAGE_WIDTH, PAGE_HEIGHT))
            self._y = MARGIN
        page = self.pages[-1]
        if len(page.words) + len(line) > self._limits.max_words:
            self.truncated = True
            line = line[: self._limits.max_words - len(page.words)]
        for x, text in line:
            left = MARGIN + x
            page.words.append(Word(text, left, self._y, left + len(text) * CHARACTER, self._y + LINE))
            page.width = max(page.width, left + len(text) * CHARACTER + MARGIN)
        self._y += LINE


def _flow(text: str, width: float) -> list[Line]:
    """Break text into lines of a width; a word that is wider has a line to itself."""
    lines: list[Line] = [[]]
    x = 0.0
    for part in PART.findall(text):
        if part == "\n":
            lines.append([])
            x = 0.0
        elif part == "\t":
            x = (x // TAB + 1) * TAB
        elif part.isspace():
            x += CHARACTER
        else:
            if x > 0 and x + len(part) * CHARACTER > width:
                lines.append([])
                x = 0.0
            lines[-1].append(Placed(x, part))
            x += len(part) * CHARACTER
    return lines
