"""Straight lines on a PDF page: drawn ones, thin rectangles, and the edges of others, such as the cells of a table."""

import ctypes
from collections.abc import Iterator
from itertools import pairwise
from math import isfinite
from typing import Any

import pypdfium2.raw as pdfium

from docmill.documents.limits import Budget
from docmill.documents.pages import Rule
from docmill.documents.reading.pdf_frame import Frame
from docmill.documents.reading.pdf_objects import DrawnObject, Walk, apply, matrix_of, multiply

__all__ = ["find_rules"]

MAX_RULES = 5_000
"""Of a page."""

MAX_SEGMENTS = 1_000
"""Of a path that is looked at; one with more is a drawing."""

MAX_ALL_SEGMENTS = 50_000
"""Of all paths of a page."""

STRAIGHT = 0.75
"""Points by which the ends of a rule may differ across its direction."""

THIN = 3.0
"""Points; a filled rectangle up to this is a line."""

SHORTEST = 2.0
"""Points."""

WHITE = 250
"""Of 255; what is filled with lighter colours cannot be seen on paper."""

Point = tuple[float, float]


def find_rules(page: Any, frame: Frame, budget: Budget) -> tuple[list[Rule], bool]:
    """Find the rules of a page, each once, and whether a limit or the budget ended the search."""
    found: dict[Rule, None] = {}
    left = MAX_ALL_SEGMENTS
    walk = Walk(page, budget)
    for thing in walk:
        if thing.kind != pdfium.FPDF_PAGEOBJ_PATH:
            continue
        segments = pdfium.FPDFPath_CountSegments(thing.handle)
        if not 2 <= segments <= MAX_SEGMENTS or not _leaves_ink(thing.handle):
            continue
        left -= segments
        if left < 0 or len(found) >= MAX_RULES:
            return list(found)[:MAX_RULES], True
        found.update(dict.fromkeys(_rules(thing, segments, frame)))
    return list(found)[:MAX_RULES], walk.truncated


def _leaves_ink(path: Any) -> bool:
    fill, stroke = ctypes.c_int(), pdfium.FPDF_BOOL()
    if not pdfium.FPDFPath_GetDrawMode(path, fill, stroke):
        return False
    if stroke.value and _has_colour(pdfium.FPDFPageObj_GetStrokeColor, path):
        return True
    return bool(fill.value) and _has_colour(pdfium.FPDFPageObj_GetFillColor, path)


def _has_colour(get: Any, path: Any) -> bool:
    """Whether it is neither white nor transparent; a pattern counts as a colour."""
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    if not get(path, red, green, blue, alpha):
        return True
    return alpha.value > 0 and min(red.value, green.value, blue.value) < WHITE


def _rules(path: DrawnObject, segments: int, frame: Frame) -> Iterator[Rule]:
    for line in _lines(path, segments, frame):
        xs, ys = [point[0] for point in line], [point[1] for point in line]
        width, height = max(xs) - min(xs), max(ys) - min(ys)
        middle_x, middle_y = min(xs) + width / 2, min(ys) + height / 2
        if height <= THIN and height < width:
            rules = [Rule(min(xs), middle_y, max(xs), middle_y)]
        elif width <= THIN and width < height:
            rules = [Rule(middle_x, min(ys), middle_x, max(ys))]
        else:
            rules = [rule for start, end in pairwise(line) if (rule := _rule(start, end))]
        yield from (cut for rule in rules if (cut := _on_page(rule, frame)))


def _lines(path: DrawnObject, segments: int, frame: Frame) -> Iterator[list[Point]]:
    """The polygons of a path, on the page as it is shown; a curve ends one, and begins the next."""
    matrix = multiply(matrix_of(path.handle), path.matrix)
    x, y = ctypes.c_float(), ctypes.c_float()
    line: list[Point] = []
    for at in range(segments):
        segment = pdfium.FPDFPath_GetPathSegment(path.handle, at)
        kind = pdfium.FPDFPathSegment_GetType(segment)
        if not pdfium.FPDFPathSegment_GetPoint(segment, x, y):
            continue
        point = apply(matrix, x.value, y.value)
        if not (isfinite(point[0]) and isfinite(point[1])):
            continue
        shown = frame.show(point[0], point[1], point[0], point[1])[:2]
        if kind == pdfium.FPDF_SEGMENT_LINETO:
            line.append(shown)
        else:
            if len(line) > 1:
                yield line
            line = [shown]
        if pdfium.FPDFPathSegment_GetClose(segment) and len(line) > 2:
            line.append(line[0])
    if len(line) > 1:
        yield line


def _rule(start: Point, end: Point) -> Rule | None:
    (x0, y0), (x1, y1) = start, end
    if abs(y1 - y0) <= STRAIGHT and abs(x1 - x0) > abs(y1 - y0):
        return Rule(min(x0, x1), (y0 + y1) / 2, max(x0, x1), (y0 + y1) / 2)
    if abs(x1 - x0) <= STRAIGHT and abs(y1 - y0) > abs(x1 - x0):
        return Rule((x0 + x1) / 2, min(y0, y1), (x0 + x1) / 2, max(y0, y1))
    return None


def _on_page(rule: Rule, frame: Frame) -> Rule | None:
    """The part of a rule that shows, to a hundredth of a point; None if that is too short."""
    x0, x1 = max(rule.x0, 0.0), min(rule.x1, frame.width)
    y0, y1 = max(rule.y0, 0.0), min(rule.y1, frame.height)
    if x0 > x1 or y0 > y1 or x1 - x0 + y1 - y0 < SHORTEST:
        return None
    return Rule(round(x0, 2), round(y0, 2), round(x1, 2), round(y1, 2))
