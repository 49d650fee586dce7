"""Running text, to be set aside before tables are looked for."""

import re
from collections.abc import Sequence

import attrs

from docmill.documents.extraction.grid import Run

__all__ = ["is_list_mark", "prose_words"]

_MARK = re.compile(
    r"[(\[]?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.):\]]{1,2}|\d{1,2}(?:\.\d{1,2}){1,3}\.?|[•·\u2013\u2014*▪●○■o\uf0b7-]|\d{1,3}"
)

_LONG = 5
"""Words in a line of running text."""

_WIDE = 0.25
"""Of the width of the page."""

_LEADING = 2.1
"""Heights from one line to the next one."""

_FILLED = 0.85
"""Of the widest line of a paragraph: most of its lines are about as wide."""

_MIN_LINES = 3
_OPEN = 12
"""Paragraphs that a line is compared with."""


@attrs.define
class _Paragraph:
    runs: list[Run]

    def takes(self, run: Run) -> bool:
        """Whether a run is its next line."""
        last = self.runs[-1]
        height = max(last.y1 - last.y0, run.y1 - run.y0)
        is_below = 0 < run.y0 - last.y0 <= _LEADING * height
        is_level = abs(run.x0 - last.x0) <= 3 * height
        return is_below and is_level and min(run.x1, last.x1) - max(run.x0, last.x0) > 0.5 * (run.x1 - run.x0)


def prose_words(rows: Sequence[Sequence[Run]], page_width: float) -> set[int]:
    """The ids of the words that are running text.

    Args:
        rows: the runs of each row of a page, from top to bottom.
        page_width: points.
    """
    paragraphs: list[_Paragraph] = []
    for row in rows:
        for run in row:
            if not _is_long(run, page_width):
                continue
            home = next((each for each in reversed(paragraphs[-_OPEN:]) if each.takes(run)), None)
            if home is None:
                paragraphs.append(_Paragraph([run]))
            else:
                home.runs.append(run)
    prose = [run for paragraph in paragraphs if _is_filled(paragraph) for run in paragraph.runs]
    for row in rows:
        is_item = len(row) == 2 and is_list_mark(row[0].text) and _is_long(row[1], page_width)
        if is_item or (len(row) == 1 and _is_very_long(row[0], page_width)):
            prose += row
    return {id(word) for run in prose for word in run.words}


def is_list_mark(text: str) -> bool:
    """Whether it stands before a paragraph to number it, or is a bullet."""
    return len(text) <= 8 and _MARK.fullmatch(text) is not None


def _is_long(run: Run, page_width: float) -> bool:
    words = sum(word.text[0].isalpha() for word in run.words)
    return words >= _LONG and run.x1 - run.x0 >= _WIDE * page_width and words * 2 > len(run.words)


def _is_very_long(run: Run, page_width: float) -> bool:
    return len(run.words) >= 2 * _LONG and run.x1 - run.x0 >= 2 * _WIDE * page_width and _is_long(run, page_width)


def _is_filled(paragraph: _Paragraph) -> bool:
    runs = paragraph.runs
    if len(runs) < _MIN_LINES:
        return False
    widest = max(run.x1 for run in runs) - min(run.x0 for run in runs)
    return sum(run.x1 - run.x0 >= _FILLED * widest for run in runs) * 2 >= len(runs)
