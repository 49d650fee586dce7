"""Which parts of a page are covered by words, by images, and by text that is not to be seen."""

from collections.abc import Iterable
from typing import TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from docmill.documents.pages import Box
from docmill.documents.quality.pixels import Gray

__all__ = ["Cover", "centres", "relative", "without_ink"]

Bools: TypeAlias = npt.NDArray[np.bool_]
Floats: TypeAlias = npt.NDArray[np.float64]

CELLS = 400
"""To either side of a page: a cell of A4 is 1.5 by 2 points."""

SEEN = 8
"""Grey levels that two neighbouring pixels must differ by for people to see an edge."""


@attrs.frozen(eq=False)
class Cover:
    """A page, divided into cells, some of which are covered.

    Attributes:
        cells: rows of booleans.
    """

    cells: Bools

    @classmethod
    def of(cls, boxes: Floats) -> "Cover":
        """Cover what lies within any of the boxes.

        Args:
            boxes: x0, y0, x1, y1 of each, as parts of the width and of the height of the page.
        """
        if not len(boxes):
            return cls(np.zeros((CELLS, CELLS), np.bool_))
        low = np.floor(np.clip(boxes[:, :2], 0, 1) * CELLS).astype(np.intp)
        high = np.ceil(np.clip(boxes[:, 2:], 0, 1) * CELLS).astype(np.intp)
        steps = np.zeros((CELLS + 1, CELLS + 1), np.intp)
        for (x, y), step in (((low[:, 0], low[:, 1]), 1), ((high[:, 0], high[:, 1]), 1)):
            np.add.at(steps, (y, x), step)
        np.add.at(steps, (low[:, 1], high[:, 0]), -1)
        np.add.at(steps, (high[:, 1], low[:, 0]), -1)
        return cls(steps.cumsum(axis=0).cumsum(axis=1)[:CELLS, :CELLS] > 0)

    @property
    def share(self) -> float:
        """0 to 1: the part of the page that is covered."""
        return float(self.cells.mean())

    def covers(self, places: Floats) -> Bools:
        """Which of the places (x, y, as parts of the page) are covered."""
        columns, rows = np.clip((places * CELLS).astype(np.intp), 0, CELLS - 1).T
        covered: Bools = self.cells[rows, columns]
        return covered


def relative(boxes: Iterable[Box], width: float, height: float) -> Floats:
    """Boxes in points as parts of the width and of the height of a page; what is no number becomes 0."""
    points = np.array(list(boxes), np.float64).reshape(-1, 4)
    parts: Floats = np.nan_to_num(points / (width, height, width, height), posinf=1.0, neginf=0.0)
    return parts


def centres(boxes: Floats) -> Floats:
    """The middle of each box."""
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def without_ink(gray: Gray, boxes: Floats) -> Bools:
    """Which of the boxes, as parts of the page, hold nothing to be seen: white text on white, or hidden by a picture.

    Args:
        gray: the picture of the page.
        boxes: of words.
    """
    height, width = gray.shape
    x0, y0, x1, y1 = (np.clip(boxes, 0, 1) * (width, height, width, height)).T
    # Only the middle of each box: above and below may be a rule, or the neighbouring line.
    quarter = (y1 - y0) / 4
    top, bottom = (y0 + quarter).astype(np.intp), np.ceil(y1 - quarter).astype(np.intp)
    left, right = x0.astype(np.intp), np.ceil(x1).astype(np.intp)
    sums = _sums(_edges(gray))
    inside = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    empty: Bools = (inside == 0) & (bottom > top) & (right > left)
    return empty


def _edges(gray: Gray) -> Bools:
    """Where a pixel differs from the one at its right or below it."""
    edges = np.zeros(gray.shape, np.bool_)
    for here, there, found in (
        (gray[:, :-1], gray[:, 1:], edges[:, :-1]),
        (gray[:-1], gray[1:], edges[:-1]),
    ):
        found |= np.maximum(here, there) - np.minimum(here, there) >= SEEN
    return edges


def _sums(marks: Bools) -> npt.NDArray[np.int32]:
    """How many marks there are above and left of each corner of a pixel."""
    sums = np.zeros((marks.shape[0] + 1, marks.shape[1] + 1), np.int32)
    np.cumsum(marks, axis=0, dtype=np.int32, out=sums[1:, 1:])
    np.cumsum(sums[1:, 1:], axis=1, out=sums[1:, 1:])
    return sums
