"""The geometry of text: words in rows, rows in runs of words that stand close together."""

from collections.abc import Callable, Iterable, Sequence
from math import isfinite
from statistics import median

import attrs

from docmill.documents.extraction.layout import clean
from docmill.documents.pages import Box, Page, Word

__all__ = ["MAX_WORDS", "Run", "TextRow", "box_around", "has_letters", "readable_words", "text_rows"]

MAX_WORDS = 20_000
"""Of one page; what exceeds it is not looked at."""

_FARTHEST = 20_000.0
"""Points; PDF allows pages of 14,400."""

_SAME_ROW = 0.6
"""Of the lower of two heights that must overlap."""

_RUN_GAP = 0.65
"""Of the height of a row: a wider gap ends a run. A space between words is about 0.25."""

_FEWEST = 3
"""Words that tell a typeface."""

_SAME_WIDTH = 0.04
"""Of the width of a character: how far those of one row may differ in a typeface in which all are as wide."""


@attrs.frozen
class Run:
    """Words of one row that stand close together: a cell, or a part of a sentence."""

    words: tuple[Word, ...]
    x0: float
    y0: float
    x1: float
    y1: float

    @classmethod
    def of(cls, words: Sequence[Word]) -> "Run":
        """Around at least one word."""
        return cls(tuple(words), *box_around(words))

    @property
    def text(self) -> str:
        """The words with a space between them."""
        return " ".join(word.text for word in self.words)


@attrs.define
class TextRow:
    """Words that stand beside each other, from left to right.

    Attributes:
        words: at least one.
        y0, y1: of a typical word of the row.
    """

    words: list[Word]
    y0: float
    y1: float

    @property
    def height(self) -> float:
        """Points."""
        return self.y1 - self.y0

    @property
    def middle(self) -> float:
        """The y halfway."""
        return (self.y0 + self.y1) / 2

    def pitch(self) -> float | None:
        """Points from one character to the next one in a typeface in which all are as wide, as typewriters have it.

        Its spaces are twice as wide as those of other typefaces. None if the characters differ in width.
        """
        widths = [(word.x1 - word.x0) / len(word.text) for word in self.words]
        if len(widths) < _FEWEST or min(widths) <= 0 or max(widths) - min(widths) > _SAME_WIDTH * max(widths):
            return None
        return median(widths)

    def runs(self, gap: float = _RUN_GAP, is_cut: Callable[[Word, Word], bool] | None = None) -> list[Run]:
        """Cut the row where the space is wide.

        Args:
            gap: that ends a run, as a share of the height of the row.
            is_cut: whether two neighbours are apart for another reason.
        """
        widest = max(gap * self.height, 0.5)
        parts: list[list[Word]] = [[self.words[0]]]
        for before, word in zip(self.words, self.words[1:], strict=False):
            if word.x0 - before.x1 > widest or (is_cut is not None and is_cut(before, word)):
                parts.append([])
            parts[-1].append(word)
        return [Run.of(part) for part in parts]


def box_around(boxes: Iterable[Word | Run]) -> Box:
    """The smallest box that holds all of them; there is at least one."""
    all_of_them = list(boxes)
    return (
        min(box.x0 for box in all_of_them),
        min(box.y0 for box in all_of_them),
        max(box.x1 for box in all_of_them),
        max(box.y1 for box in all_of_them),
    )


def has_letters(text: str, least: int = 1) -> bool:
    """Whether there are so many letters in it."""
    return sum(character.isalpha() for character in text) >= least


def readable_words(page: Page) -> list[Word]:
    """The words that have a place on the page and run from left to right, each once, with printable characters.

    Bold text may be painted twice with a slight shift. What exceeds `MAX_WORDS` is not looked at.
    """
    seen: set[tuple[str, int, int]] = set()
    words = []
    for word in page.words[:MAX_WORDS]:
        if not _is_placed(word) or _is_upright(word):
            continue
        text = clean(word.text)
        key = (text, round(word.x0 / 2), round(word.y0 / 2))
        if text and key not in seen:
            seen.add(key)
            words.append(word if text is word.text else word._replace(text=text))
    return words


def text_rows(words: Sequence[Word]) -> list[TextRow]:
    """Put words in rows, from top to bottom.

    A word belongs to a row that it overlaps by most of its height, so that a small word on the baseline of a large one
    stays beside it, and the lines of two columns that are not level stay apart. Takes n log n.
    """
    rows: list[TextRow] = []
    for word in sorted(words, key=lambda word: (word.y0 + word.y1, word.x0)):
        row = next((row for row in reversed(rows[-3:]) if _is_beside(row, word)), None)
        if row is None:
            rows.append(TextRow([word], word.y0, word.y1))
            continue
        row.words.append(word)
        share = 1 / min(len(row.words), 8)
        row.y0 += (word.y0 - row.y0) * share
        row.y1 += (word.y1 - row.y1) * share
    for row in rows:
        row.words.sort(key=lambda word: (word.x0, word.x1))
        row.y0 = median(word.y0 for word in row.words)
        row.y1 = max(median(word.y1 for word in row.words), row.y0 + 0.1)
    rows.sort(key=lambda row: row.middle)
    return rows


def _is_beside(row: TextRow, word: Word) -> bool:
    overlap = min(row.y1, word.y1) - max(row.y0, word.y0)
    return overlap >= _SAME_ROW * min(row.y1 - row.y0, word.y1 - word.y0) and overlap > 0


def _is_placed(word: Word) -> bool:
    edges = (word.x0, word.y0, word.x1, word.y1)
    if not all(isfinite(edge) and abs(edge) < _FARTHEST for edge in edges):
        return False
    return word.x0 <= word.x1 and word.y0 < word.y1 and bool(word.text)


def _is_upright(word: Word) -> bool:
    """Whether it runs from bottom to top, as a note in the margin does."""
    return len(word.text) >= 3 and word.y1 - word.y0 > 2 * (word.x1 - word.x0)
