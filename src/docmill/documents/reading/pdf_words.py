"""The words of a PDF page, from the boxes of their characters.

A call into pdfium costs as much as the rest of the work on a character. So the text of a page is fetched in one call
and split where there is white space, and only the first and the last character of what lies between are asked for
their boxes. What looks odd then (a piece that is too wide for its characters, or that does not stay on its line) is
looked at character by character.
"""

import ctypes
from collections import deque
from itertools import compress, pairwise, repeat
from math import pi
from typing import Any

import numpy as np
import pypdfium2.raw as pdfium

from docmill.documents.pages import Word
from docmill.documents.reading.cleaning import UNWANTED, clean
from docmill.documents.reading.pdf_frame import Frame

__all__ = ["read_words"]

EM = 1 / 1.12
"""Of the height of a line, which is the sum of ascent and descent of the usual fonts."""

WORD_GAP = 0.12 * EM
"""A space that pdfium has made up is one if the gap is wider; in heights of the line."""

SPLIT_GAP = 0.15
"""Characters that are further apart belong to two words, even without a space between; in heights of the line."""

WIDE = 0.7
"""A piece that is wider than this per character, in heights of the line, may hide a gap."""

OFF_LINE = 0.3
"""A piece whose ends differ by more than this, in heights of the line, is not written along it."""

ASLANT = 0.05
"""Text that is further than this from a quarter turn, in quarter turns, is not looked at for gaps."""

MAX_UNITS_PER_WORD = 50
"""Characters of a page that are looked at, for each word that may be taken from it."""

BOX_SIZE = 4 * 4
"""Bytes of a rectangle of floats: left, top, right, bottom."""

SPACE = ord(" ")

SPACES = np.array([chr(code).isspace() for code in range(2**16)])

# Addresses are passed as plain numbers, so that nothing has to be made for a call, and the lock of the interpreter is
# kept: letting it go and taking it again would cost as much as the call.
_loose_box = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)(
    ctypes.cast(pdfium.FPDFText_GetLooseCharBox, ctypes.c_void_p).value or 0
)


def read_words(text_page: Any, frame: Frame, max_words: int) -> tuple[list[Word], bool]:
    """Read the words of a page.

    Args:
        text_page: a handle of pdfium.
        frame: where the page lies.
        max_words: that are read.

    Returns:
        The words in the order of the document, and whether there are more.
    """
    units, cut = _units(text_page, max_words * MAX_UNITS_PER_WORD)
    solid = np.zeros(len(units) + 2, dtype=np.int8)
    np.logical_not(SPACES[units], out=solid[1:-1], casting="unsafe")
    edges = np.flatnonzero(np.diff(solid))
    starts, ends = edges[::2], edges[1::2]
    if len(starts) > max_words:
        starts, ends, cut = starts[:max_words], ends[:max_words], True
    if not len(starts):
        return [], cut
    return _Pieces(text_page, frame, units[: ends[-1]], starts, ends).words(), cut


def _units(text_page: Any, most: int) -> tuple[Any, bool]:
    """The UTF-16 units of a page's text, whose places are the indices of its characters; and whether there are more."""
    there = pdfium.FPDFText_CountChars(text_page)
    count = min(there, most)
    if count <= 0:
        return np.zeros(0, dtype=np.uint16), False
    buffer = np.zeros(2 * count + 2, dtype=np.uint16)
    got = pdfium.FPDFText_GetText(text_page, 0, count, buffer.ctypes.data_as(ctypes.POINTER(ctypes.c_ushort))) - 1
    if got == count:
        return buffer[:count], there > count
    # Characters without a meaning are not part of the text, and without them its places do not fit.
    codes = np.fromiter(map(pdfium.FPDFText_GetUnicode, repeat(text_page), range(count)), dtype=np.uint32, count=count)
    return np.where(codes > 0xFFFF, 0xFFFD, codes).astype(np.uint16), there > count


class _Pieces:
    """What stands between white space, in parallel arrays: where it begins and ends, and the boxes of its ends.

    Boxes are columns of x0, y0, x1, y1 on the page as it is shown.
    """

    def __init__(self, text_page: Any, frame: Frame, units: Any, starts: Any, ends: Any) -> None:
        self._text_page = text_page
        self._frame = frame
        self._units = units
        self._starts = starts
        self._ends = ends
        boxes = self._boxes(np.concatenate((starts, ends - 1)))
        self._first, self._last = boxes[:, : len(starts)], boxes[:, len(starts) :]

    def words(self) -> list[Word]:
        """Split the pieces that hide a gap, and join those that only a made-up space keeps apart."""
        cuts = self._split()
        units = np.insert(self._units, cuts, SPACE) if len(cuts) else self._units
        text = _decode(units)
        texts = text.split()
        low, high = np.minimum(self._first[:2], self._last[:2]), np.maximum(self._first[2:], self._last[2:])
        joined = self._joined()
        if joined:
            heads = [at for at in range(len(texts)) if at not in joined]
            texts = ["".join(texts[a:b]) for a, b in pairwise([*heads, len(texts)])]
            low, high = np.minimum.reduceat(low, heads, axis=1), np.maximum.reduceat(high, heads, axis=1)
        kept = self._on_page(low, high)
        if UNWANTED.search(text):
            texts = [clean(piece) if UNWANTED.search(piece) else piece for piece in texts]
            kept &= np.fromiter(map(bool, texts), dtype=bool, count=len(texts))
        words = map(tuple.__new__, repeat(Word), zip(texts, *low.tolist(), *high.tolist(), repeat(1.0)))
        return list(compress(words, kept.tolist()))

    def _split(self) -> Any:
        """Make several pieces of those that hide gaps; the new ones begin at the places that are returned."""
        first, last = self._first, self._last
        lengths = self._ends - self._starts
        height = np.minimum(first[3] - first[1], last[3] - last[1])
        width = np.maximum(first[2], last[2]) - np.minimum(first[0], last[0])
        off_line = np.maximum(abs(first[1] - last[1]), abs(first[3] - last[3])) > OFF_LINE * height
        odd = np.flatnonzero((lengths > 1) & (off_line | (width > WIDE * height * lengths)))
        if not len(odd):
            return odd
        lengths = lengths[odd]
        turns = np.zeros(len(odd), dtype=np.int64)
        for at in np.flatnonzero(off_line[odd]).tolist():
            turns[at] = self._turns(int(self._starts[odd[at]]))
        # The places of all of their characters: each piece's own count, from where it begins.
        before = np.repeat(np.cumsum(lengths) - lengths, lengths)
        places = np.arange(lengths.sum()) - before + np.repeat(self._starts[odd], lengths)
        boxes = self._boxes(places)
        gaps = _gaps(boxes, np.repeat(turns, lengths)) & (before[1:] == before[:-1])
        self._insert(places[1:][gaps], boxes[:, :-1][:, gaps], boxes[:, 1:][:, gaps])
        return places[1:][gaps]

    def _insert(self, cuts: Any, last: Any, first: Any) -> None:
        """Cut pieces before these places; `last` and `first` are the boxes before and after each cut."""
        at = np.searchsorted(self._starts, cuts)
        self._starts = np.insert(self._starts, at, cuts)
        self._first = np.insert(self._first, at, first, axis=1)
        self._ends = np.insert(self._ends, at - 1, cuts)
        self._last = np.insert(self._last, at - 1, last, axis=1)

    def _turns(self, place: int) -> int:
        """By how many quarter turns, against the clock, a character is turned as it is shown; -1 if it is aslant."""
        quarters = pdfium.FPDFText_GetCharAngle(self._text_page, place) / (pi / 2)
        whole = round(quarters)
        return (whole - self._frame.turns) % 4 if abs(quarters - whole) <= ASLANT else -1

    def _joined(self) -> set[int]:
        """The pieces that go on with the word of the piece before."""
        gap = self._starts[1:] - self._ends[:-1]
        last, first = self._last[:, :-1], self._first[:, 1:]
        height = np.minimum(last[3] - last[1], first[3] - first[1])
        close = (gap == 1) & (first[0] - last[2] <= WORD_GAP * height) & (first[0] >= last[0] - height)
        close &= abs(first[1] - last[1]) <= 0.5 * height
        return {
            at + 1
            for at, end in zip(np.flatnonzero(close).tolist(), self._ends[:-1][close].tolist(), strict=True)
            if self._units[end] == SPACE and pdfium.FPDFText_IsGenerated(self._text_page, end) == 1
        }

    def _on_page(self, low: Any, high: Any) -> Any:
        """Which words are on the page: at least a part of each. What is no number is nowhere."""
        on_page = (low[0] < self._frame.width) & (high[0] > 0) & (low[1] < self._frame.height) & (high[1] > 0)
        return on_page & np.isfinite(low).all(axis=0) & np.isfinite(high).all(axis=0)

    def _boxes(self, places: Any) -> Any:
        """The boxes of characters, as high as their line."""
        boxes = np.zeros((len(places), 4), dtype=np.float32)
        start = boxes.ctypes.data
        handle = ctypes.cast(self._text_page, ctypes.c_void_p).value
        addresses = range(start, start + boxes.nbytes, BOX_SIZE)
        deque(map(_loose_box, repeat(handle), places.tolist(), addresses), maxlen=0)
        left, top, right, bottom = boxes.T.astype(np.float64)
        return np.array(self._frame.show(left, bottom, right, top))


def _decode(units: Any) -> str:
    """Pairs of surrogates become one character; halves of one are left, to be dropped by `clean`."""
    text: str = units.tobytes().decode("utf-16-le", "surrogatepass")
    return text


def _gaps(boxes: Any, turns: Any) -> Any:
    """Whether there is a gap between each character and the next one."""
    x0, y0, x1, y1 = _levelled(boxes, turns)
    height = np.maximum(np.minimum(y1[1:] - y0[1:], y1[:-1] - y0[:-1]), 1e-6)
    gap = (x0[1:] - x1[:-1] > SPLIT_GAP * height) | (x0[1:] < x0[:-1] - height)
    gap |= abs(y0[1:] - y0[:-1]) > 0.5 * height
    return gap & (turns[1:] >= 0)


def _levelled(boxes: Any, turns: Any) -> Any:
    """Turn boxes so that their text runs to the right."""
    x0, y0, x1, y1 = boxes
    ways = [boxes, (-y1, x0, -y0, x1), (-x1, -y1, -x0, -y0), (y0, -x1, y1, -x0)]
    return np.choose(np.maximum(turns, 0), [np.array(way) for way in ways])
