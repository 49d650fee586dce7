"""From the space in which a PDF page is written to the page as it is shown."""

from math import isfinite
from typing import Any, TypeAlias

import attrs

from docmill.documents.pages import Box

__all__ = ["Frame"]

Edges: TypeAlias = tuple[Any, Any, Any, Any]
"""Four floats, or four numpy arrays of them."""

LETTER = (0.0, 0.0, 612.0, 792.0)
"""What a page without a usable box is taken for, as viewers do."""


@attrs.frozen
class Frame:
    """Where a page lies: PDF has its origin at the bottom left of a sheet that may be cropped and turned.

    Attributes:
        left, bottom, right, top: the visible part of the sheet.
        turns: quarter turns clockwise by which the sheet is shown.
    """

    left: float
    bottom: float
    right: float
    top: float
    turns: int = 0

    @classmethod
    def of(cls, box: tuple[float, float, float, float], turns: int) -> "Frame":
        """Take the box of a page, or the size of a letter if it is none."""
        left, bottom, right, top = box
        usable = all(map(isfinite, box)) and left < right and bottom < top
        return cls(*(box if usable else LETTER), turns % 4)

    @property
    def width(self) -> float:
        """Points, as shown."""
        return self.top - self.bottom if self.turns % 2 else self.right - self.left

    @property
    def height(self) -> float:
        """Points, as shown."""
        return self.right - self.left if self.turns % 2 else self.top - self.bottom

    def show(self, left: Any, bottom: Any, right: Any, top: Any) -> Edges:
        """The box x0, y0, x1, y1 of what is drawn between these edges; floats or arrays, which need not be in order."""
        if self.turns == 0:
            return left - self.left, self.top - top, right - self.left, self.top - bottom
        if self.turns == 1:
            return bottom - self.bottom, left - self.left, top - self.bottom, right - self.left
        if self.turns == 2:
            return self.right - right, bottom - self.bottom, self.right - left, top - self.bottom
        return self.top - top, self.right - right, self.top - bottom, self.right - left

    def show_box(self, left: float, bottom: float, right: float, top: float) -> Box:
        """Like `show`, of one box: its edges are put in order, and cut off at the edges of the page."""
        x0, y0, x1, y1 = self.show(min(left, right), min(bottom, top), max(left, right), max(bottom, top))
        return (
            min(max(x0, 0.0), self.width),
            min(max(y0, 0.0), self.height),
            min(max(x1, 0.0), self.width),
            min(max(y1, 0.0), self.height),
        )
