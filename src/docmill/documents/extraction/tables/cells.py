"""What cells are made of: lines of text, numbers."""

import re
from collections.abc import Sequence
from typing import TypeAlias

from docmill.documents.extraction.grid import Run, TextRow
from docmill.documents.pages import Word

__all__ = ["Grid", "is_leader", "is_numeric", "join_lines", "join_signs", "without_empty"]

Grid: TypeAlias = list[list[str]]
"""The text of cells, row by row, all of the same length."""

_NUMERIC = re.compile(
    r"[-+(\u2212\u2013<>~≈±]?\s?(?:[$€£¥%]|[A-Z]{3})?\s?\d[\d.,'\u2019\s:/\u2013-]*\s?(?:[%)*†‡a-z]|[$€£¥]|[A-Z]{3})*"
)
_NOTHING = frozenset(
    [
        "-",
        "\u2013",
        "\u2014",
        "\u2212",
        "--",
        "---",
        "..",
        "...",
        "n/a",
        "N/A",
        "n.a.",
        "na",
        "NA",
        "x",
        "*",
        "—",
        "•",
        "✓",
    ]
)
_CURRENCIES = frozenset(["$", "€", "£", "¥", "US$", "Rs", "Rs."])
_AFTER = frozenset(["%", ")", "%)", "*"])

_LEADER = re.compile(r"[.…_·]{3,}|(?:\. ?){3,}")


def is_numeric(text: str) -> bool:
    """Whether a cell holds a number, or what stands in a column of numbers where there is none."""
    return text in _NOTHING or (len(text) <= 40 and _NUMERIC.fullmatch(text) is not None)


def is_leader(word: Word) -> bool:
    """Whether it is a row of dots that leads from one cell to the next."""
    return _LEADER.fullmatch(word.text) is not None


def join_lines(lines: Sequence[TextRow | Run]) -> str:
    """The text of a cell, its lines from top to bottom."""
    return " ".join(word.text for line in lines for word in line.words if not is_leader(word))


def join_signs(runs: Sequence[Run]) -> list[Run]:
    """Put a currency that stands by itself to the number behind it, and a per cent sign to the one before it."""
    joined: list[Run] = []
    for run in runs:
        before = joined[-1] if joined else None
        is_currency = before is not None and before.text in _CURRENCIES and is_numeric(run.text)
        is_percent = before is not None and run.text in _AFTER and is_numeric(before.text)
        if before is not None and (is_currency or is_percent):
            joined[-1] = Run.of([*before.words, *run.words])
        else:
            joined.append(run)
    return joined


def without_empty(grid: Grid) -> Grid:
    """Without rows and columns that hold nothing."""
    rows = [row for row in grid if any(row)]
    if not rows:
        return []
    used = [column for column in range(len(rows[0])) if any(row[column] for row in rows)]
    return [[row[column] for column in used] for row in rows]
