"""What the pixels of a page tell: paper, ink, noise. Pictures are grayscale, a uint8 array of rows, 255 for white."""

from typing import TypeAlias

import attrs
import numpy as np
import numpy.typing as npt
from PIL import Image

__all__ = ["SOLID_PERCENTILE", "Gray", "Ink", "ink_of", "noise_of"]

Gray: TypeAlias = npt.NDArray[np.uint8]

BLOCK = 32
"""Pixels: side of the squares in each of which the paper has one tone; at 150 dpi about a line of text."""

PAPER_PERCENTILE = 80
"""Of the pixels of a block of printed text, far more than a fifth are paper."""

FAINTEST_INK = 16.0
"""Grey levels: fainter marks are not told from paper, and not read by people either."""

NOISE_MARGIN = 5.0
"""Standard deviations of noise that a mark must exceed: the chance of a false one is below 1 in a million."""

SOLID_PERCENTILE = 90
"""Of the levels of all ink. The darkest tenth are the middles of strokes; lighter levels are edges."""


@attrs.frozen(eq=False)
class Ink:
    """What is darker than the paper around it.

    Attributes:
        depth: levels below the paper, a uint8 array like the picture; 0 is paper.
        mask: which pixels are ink, a bool array.
        solid: levels of the middle of a stroke below the paper, 0 to 255; 0 if there is no ink.
        paper: the tone of the paper, from 0 to 255.
        unevenness: 0 to 1: how much the tone of the paper differs from place to place.
        noise: standard deviation of the levels of the paper.
        is_dark: whether the page is light on dark; the depth is then measured upwards.
    """

    depth: Gray
    mask: npt.NDArray[np.bool_]
    solid: float
    paper: float
    unevenness: float
    noise: float
    is_dark: bool

    @property
    def contrast(self) -> float:
        """0 to 1: from no ink at all to black on white."""
        return self.solid / 255

    @property
    def share(self) -> float:
        """0 to 1: the part of the page that is ink."""
        return float(self.mask.mean())


def ink_of(gray: Gray) -> Ink:
    """Separate ink from paper, wherever the paper is shaded and however faint the ink is.

    Args:
        gray: at least one pixel.
    """
    is_dark = bool(np.median(gray[::4, ::4]) < 96)
    if is_dark:
        gray = 255 - gray
    tones = _paper_tones(gray)
    noise = noise_of(gray)
    paper = _enlarge(tones, gray.shape)
    depth = np.where(gray < paper, paper - gray, 0).astype(np.uint8)
    counts = np.bincount(depth.ravel(), minlength=256)
    floor = max(FAINTEST_INK, NOISE_MARGIN * noise)
    counts[: int(floor)] = 0
    solid = _percentile(counts, SOLID_PERCENTILE)
    return Ink(
        depth=depth,
        mask=depth > max(floor, solid / 2) if solid else np.zeros(gray.shape, np.bool_),
        solid=solid,
        paper=float(np.median(tones)),
        unevenness=float(np.percentile(tones, 95) - np.percentile(tones, 5)) / 255,
        noise=noise,
        is_dark=is_dark,
    )


def noise_of(gray: Gray) -> float:
    """The standard deviation of the noise, in grey levels.

    It is measured between neighbours, so that shading does not count, and as a median, so that edges do not.
    """
    rows = gray[::3].astype(np.int16)
    # The second difference of three independent values has 6 times the variance of one of them.
    bends = np.abs(rows[:, 2:] - 2 * rows[:, 1:-1] + rows[:, :-2])
    if not bends.size:
        return 0.0
    counts = np.bincount(bends.ravel())
    return _median_of_levels(counts) / (0.6745 * 6**0.5)


def _median_of_levels(counts: npt.NDArray[np.intp]) -> float:
    """The median of whole numbers that come from rounding, interpolated within the level; 0 if most are 0."""
    below = np.cumsum(counts)
    level = int(np.searchsorted(below, below[-1] / 2))
    if level == 0:
        return 0.0
    return level - 0.5 + float((below[-1] / 2 - below[level - 1]) / counts[level])


def _percentile(counts: npt.NDArray[np.intp], percent: float) -> float:
    """Of levels that are given by how often each occurs; 0.0 if none does."""
    below = np.cumsum(counts)
    return float(np.searchsorted(below, below[-1] * percent / 100)) if below[-1] else 0.0


def _paper_tones(gray: Gray) -> Gray:
    """The tone of the paper, one for each block."""
    height, width = gray.shape
    rows, columns = max(1, height // BLOCK), max(1, width // BLOCK)
    # Every second pixel of the blocks is enough; what is left over at the edges belongs to no block.
    side_y, side_x = min(BLOCK, height), min(BLOCK, width)
    blocks = gray[: rows * side_y, : columns * side_x].reshape(rows, side_y, columns, side_x)[:, ::2, :, ::2]
    blocks = np.moveaxis(blocks, 2, 1).reshape(rows, columns, -1)
    rank = blocks.shape[2] * PAPER_PERCENTILE // 100
    tones: Gray = np.partition(blocks, rank, axis=2)[:, :, rank]
    # A block that is all ink takes the tone of its lightest neighbour.
    padded = np.pad(tones, 1, mode="edge")
    near = [padded[y : y + rows, x : x + columns] for y in range(3) for x in range(3)]
    lightest: Gray = np.maximum.reduce(near)
    return lightest


def _enlarge(tones: Gray, shape: tuple[int, ...]) -> Gray:
    picture = Image.fromarray(tones).resize((shape[1], shape[0]), Image.Resampling.BILINEAR)
    return np.asarray(picture)
