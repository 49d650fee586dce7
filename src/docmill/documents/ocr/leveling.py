"""A page that lies askew, or on its side, is laid level to be read; what is found there is then put where it stands."""

from math import cos, radians, sin

import attrs
import numpy as np
from PIL import Image

from docmill.documents.pages import Box

__all__ = ["Leveling"]


@attrs.frozen
class Leveling:
    """How a page is laid level.

    Attributes:
        width: points of the page as it is shown.
        height: likewise.
        degrees: by which its content is turned clockwise.
        turn: quarter turns of its content on top of that, in degrees: 0, 90, 180 or 270.
    """

    width: float
    height: float
    degrees: float = 0.0
    turn: int = 0

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in points of the level page, which is large enough for all of the page."""
        width, height = self._turned
        cosine, sine = abs(cos(radians(self.degrees))), abs(sin(radians(self.degrees)))
        return width * cosine + height * sine, width * sine + height * cosine

    def apply(self, picture: Image.Image) -> Image.Image:
        """Lay a picture of the page level; the corners that are not on the page become as light as it is."""
        if self.turn:
            picture = picture.rotate(self.turn, expand=True)
        if not self.degrees:
            return picture
        paper = tuple(np.median(np.asarray(picture.reduce(4)), axis=(0, 1)).astype(int).reshape(-1).tolist())
        return picture.rotate(self.degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=paper)

    def back(self, box: Box) -> Box:
        """Where a box on the level page is on the page itself: around the same middle, as large, and upright."""
        x, y = self._middle_back((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        half_width, half_height = (box[2] - box[0]) / 2, (box[3] - box[1]) / 2
        if self.turn % 180:
            half_width, half_height = half_height, half_width
        return x - half_width, y - half_height, x + half_width, y + half_height

    @property
    def _turned(self) -> tuple[float, float]:
        """Width and height after the quarter turns are undone."""
        return (self.height, self.width) if self.turn % 180 else (self.width, self.height)

    def _middle_back(self, x: float, y: float) -> tuple[float, float]:
        """A point: first by the degrees, then by the quarter turns, each around the middle of the page."""
        level_width, level_height = self.size
        x, y = x - level_width / 2, y - level_height / 2
        for angle in (radians(self.degrees), radians(self.turn)):
            x, y = x * cos(angle) - y * sin(angle), x * sin(angle) + y * cos(angle)
        return x + self.width / 2, y + self.height / 2
