"""Pages of words and rules, set by hand: what reading a document would give, without a document."""

from collections.abc import Iterable, Sequence
from random import Random

import attrs

from docmill.documents.pages import Page, Rule, Word

NARROW = frozenset("iljtfr.,:;'|!()[]1I ")
_TEXT = (
    "report of the annual market share value in growth total regional index from survey household income average "
    "public service energy water transport school health spending country sector firms trade output"
)
WORDS = _TEXT.split()


def width_of(text: str, size: float = 10) -> float:
    """Points, about those of a sans serif."""
    return sum(0.28 if character in NARROW else 0.54 for character in text) * size


@attrs.define
class Sheet:
    """A page that is written on."""

    size: float = 10
    words: list[Word] = attrs.Factory(list)
    rules: list[Rule] = attrs.Factory(list)

    def write(self, x: float, y: float, text: str, align: str = "left", stretch: float = 1.0) -> None:
        """Write words with their top at y; x is their left edge, their right one or their middle."""
        space = 0.28 * self.size * stretch
        parts = text.split()
        total = sum(width_of(part, self.size) for part in parts) + space * (len(parts) - 1)
        x -= {"left": 0.0, "right": total, "middle": total / 2}[align]
        for part in parts:
            self.words.append(Word(part, x, y, x + width_of(part, self.size), y + 1.15 * self.size))
            x += width_of(part, self.size) + space

    def across(self, y: float, x0: float, x1: float) -> None:
        """Draw a horizontal line."""
        self.rules.append(Rule(x0, y, x1, y))

    def down(self, x: float, y0: float, y1: float) -> None:
        """Draw a vertical line."""
        self.rules.append(Rule(x, y0, x, y1))

    def prose(self, dice: Random, x: float, y: float, width: float, lines: int, leading: float = 12.5) -> float:
        """Fill lines with justified text; returns where the next line would be."""
        for _ in range(lines):
            chosen: list[str] = []
            while width_of(" ".join(chosen), self.size) < width - 3 * self.size:
                chosen.append(dice.choice(WORDS))
            missing = width - width_of(" ".join(chosen), self.size)
            self.write(x, y, " ".join(chosen), stretch=1 + missing / max(len(chosen) - 1, 1) / (0.28 * self.size))
            y += leading
        return y

    def page(self, number: int = 1) -> Page:
        """As it was read."""
        return Page(number, 595, 842, list(self.words), list(self.rules))


def rows_on(
    sheet: Sheet, y: float, rows: Iterable[Sequence[tuple[float, str] | tuple[float, str, str]]], leading: float = 14
) -> float:
    """Write rows of (x, text) or (x, text, align); returns where the next row would be."""
    for row in rows:
        for x, text, *align in row:
            sheet.write(x, y, text, *align)
        y += leading
    return y
