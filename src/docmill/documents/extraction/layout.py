"""Words put into rows and segments, as the eye does it, whatever order the document has them in.

A row is what stands at one height. A segment is a part of a row without a wide gap: a cell of a table, or a line of one
of several columns. A row has a text, and every find in it can be traced back to the words it is made of.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from math import isfinite

import attrs

from docmill.documents.pages import Box, Page, TextSource, Word

__all__ = ["Row", "Segment", "Token", "around", "clean", "normalise", "rows_of"]

SEGMENT_GAP = 0.8
"""Heights of the text between two words, from which on they are of two segments."""

_MAX_COORDINATE = 1e6
_MAX_WORD = 200
_MAX_ROW = 250
_OPEN_ROWS = 6
_BUCKET = 8.0
_PIECES = re.compile(r"[^\s:#=/]+(?:(?:[:=](?=[\d/])|/(?=\d)|(?<=\d)/)[^\s:#=/]+)*|[:#=/]")
_NUMBER_SIGN = re.compile(r"(?i)^(n[°ºo]\.?|nr\.?|no\.)(?=\d)")
_NOT_LETTERS = re.compile(r"[^\w#%&]|_")
_DEGREE = str.maketrans(
    {"°": "o", "№": "no", "ß": "ss", "ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "đ": "d", "æ": "ae", "œ": "oe"}
)


@attrs.frozen
class Token:
    """A word, or a part of one, as labels are compared.

    Attributes:
        norm: lower case, without accents and punctuation; may be empty.
        start, end: where it stands in the text of its row.
        gap: heights of the text between it and the token before; 0 for the first one.
    """

    norm: str
    start: int
    end: int
    gap: float


@attrs.define
class Segment:
    """Words of a row without a wide gap.

    Attributes:
        text: single spaces between the words.
        box: around the words.
        start, end: where it stands in the text of its row.
        row: the place of its row in the document.
    """

    text: str
    box: Box
    start: int
    end: int
    row: int


@attrs.define(eq=False)
class Row:
    """What stands at one height of a page.

    Attributes:
        index: its place among all rows of the document.
        page: the number of its page.
        page_height: points.
        page_width: points.
        source: where its words come from.
        words: from left to right.
        starts: where each word begins in the text.
        text: words, with one space between those of a segment and two between segments.
        segments: from left to right.
        tokens: from left to right.
        box: around all words.
    """

    index: int
    page: int
    page_height: float
    page_width: float
    source: TextSource
    words: list[Word]
    starts: list[int]
    text: str
    segments: list[Segment]
    tokens: list[Token]
    box: Box

    @property
    def height(self) -> float:
        """Of its text, in points; never 0."""
        return max(self.words[0].y1 - self.words[0].y0, 1.0)

    def words_between(self, start: int, end: int) -> list[Word]:
        """The words that a part of its text is made of."""
        first = max(bisect_right(self.starts, start) - 1, 0)
        return self.words[first : max(bisect_left(self.starts, end), first + 1)]

    def box_between(self, start: int, end: int) -> Box:
        """The box around the words of a part of its text."""
        return _union(self.words_between(start, end))

    def confidence_between(self, start: int, end: int) -> float:
        """The lowest confidence among the words of a part of its text."""
        return min(word.confidence for word in self.words_between(start, end))

    def segment_at(self, position: int) -> Segment:
        """The segment that a place in its text belongs to."""
        return next((each for each in self.segments if position < each.end), self.segments[-1])


def clean(text: str) -> str:
    """Without characters that cannot be printed, lone surrogates and NUL among them."""
    return text if text.isprintable() else "".join(char for char in text if char.isprintable())


@lru_cache(maxsize=16384)
def normalise(text: str) -> str:
    """For comparisons: lower case, without accents, punctuation and spaces. ``#``, ``%`` and ``&`` stay."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_DEGREE))
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return _NOT_LETTERS.sub("", plain).casefold()


def rows_of(pages: list[Page]) -> list[Row]:
    """The rows of all pages, page by page from top to bottom."""
    rows: list[Row] = []
    for page in pages:
        for words in _group(_usable(page.words)):
            rows.append(_row(len(rows), page, words))
    return rows


def _usable(words: list[Word]) -> list[Word]:
    """Words that can be shown and placed, each once: bold text may be painted twice with a slight shift."""
    seen: set[tuple[str, int, int]] = set()
    usable = []
    for word in words:
        text = clean(word.text)[:_MAX_WORD]
        if not text or not all(isfinite(edge) and abs(edge) < _MAX_COORDINATE for edge in word[1:5]):
            continue
        key = (text, round(word.x0 / 2), round(word.y0 / 2))
        if key not in seen:
            seen.add(key)
            usable.append(word if text is word.text else word._replace(text=text))
    return usable


def _group(words: list[Word]) -> list[list[Word]]:
    """Follow each row from word to word to the right, so that a page may be a little askew."""
    rows: list[list[Word]] = []
    buckets: dict[int, list[int]] = defaultdict(list)
    for word in sorted(words, key=lambda each: each.x0):
        middle, height = (word.y0 + word.y1) / 2, max(word.y1 - word.y0, 1.0)
        found = _row_before(word, middle, height, rows, buckets)
        if found is None:
            found = len(rows)
            rows.append([])
        rows[found].append(word)
        bucket = buckets[int(middle // _BUCKET)]
        if found not in bucket:
            bucket.append(found)
            del bucket[:-_OPEN_ROWS]
    return sorted(rows, key=lambda row: ((row[0].y0 + row[0].y1) / 2, row[0].x0))


def _row_before(
    word: Word, middle: float, height: float, rows: list[list[Word]], buckets: dict[int, list[int]]
) -> int | None:
    best, best_distance = None, min(0.55 * height, 40.0)
    for number in range(int((middle - best_distance) // _BUCKET), int((middle + best_distance) // _BUCKET) + 1):
        for index in buckets.get(number, ()):
            last = rows[index][-1]
            distance = abs((last.y0 + last.y1) / 2 - middle)
            fits = (
                len(rows[index]) < _MAX_ROW
                and distance <= 0.55 * max(last.y1 - last.y0, 1.0)
                and word.x0 >= last.x1 - 0.4 * height
            )
            if fits and distance < best_distance:
                best, best_distance = index, distance
    return best


def _row(index: int, page: Page, words: list[Word]) -> Row:
    starts: list[int] = []
    parts: list[str] = []
    tokens: list[Token] = []
    segments: list[Segment] = []
    position, first = 0, 0
    for number, word in enumerate(words):
        gap = 0.0 if number == 0 else (word.x0 - words[number - 1].x1) / max(word.y1 - word.y0, 1.0)
        if gap > SEGMENT_GAP:
            segments.append(_segment(index, words[first:number], starts[first], position - 1))
            first = number
            parts.append(" ")
            position += 1
        starts.append(position)
        tokens.extend(_tokens(word.text, position, gap))
        parts.append(word.text + " ")
        position += len(word.text) + 1
    segments.append(_segment(index, words[first:], starts[first], position - 1))
    return Row(
        index=index,
        page=page.number,
        page_height=page.height,
        page_width=page.width,
        source=page.source,
        words=words,
        starts=starts,
        text="".join(parts)[:-1],
        segments=segments,
        tokens=tokens,
        box=_union(words),
    )


def _segment(row: int, words: list[Word], start: int, end: int) -> Segment:
    return Segment(text=" ".join(word.text for word in words), box=_union(words), start=start, end=end, row=row)


def _tokens(text: str, position: int, gap: float) -> list[Token]:
    """A word is split where a label ends: ``Nr:12``, ``Invoice#12``, ``n°12``."""
    if text.isalpha():
        return [Token(normalise(text), position, position + len(text), gap)]
    tokens: list[Token] = []
    for match in _PIECES.finditer(text):
        piece, start = match.group(), position + match.start()
        sign = _NUMBER_SIGN.match(piece)
        if sign:
            tokens.append(Token(normalise(sign.group()), start, start + sign.end(), gap if not tokens else 0.0))
            piece, start = piece[sign.end() :], start + sign.end()
        tokens.append(Token(normalise(piece), start, start + len(piece), gap if not tokens else 0.0))
    return tokens


def around(boxes: Iterable[Box]) -> Box:
    """The box around all boxes, of which there is at least one."""
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def _union(words: list[Word]) -> Box:
    return around(word[1:5] for word in words)
