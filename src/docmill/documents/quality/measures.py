"""All that is measured on the picture of a page."""

from typing import NamedTuple, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from docmill.documents.quality.components import Components, Runs, components_of, runs_of
from docmill.documents.quality.pixels import SOLID_PERCENTILE, Gray, Ink, ink_of
from docmill.documents.quality.skew import Skew, characters_of, skew_of

__all__ = ["Measures", "measure"]

Floats: TypeAlias = npt.NDArray[np.float64]

SPECK = 2
"""Pixels: what is not higher and not wider is no character."""

FAINT = 10
"""Percentile of the darkness of strokes that counts as the faint ones."""


@attrs.frozen(eq=False)
class Measures:
    """Of the picture of one page, at the resolution it was measured at.

    Attributes:
        width: pixels of the picture.
        ink_share: 0 to 1: the part of the page that is ink.
        contrast: 0 to 1: from no ink to black on white.
        background_unevenness: 0 to 1: how much the tone of the paper differs from place to place.
        noise: standard deviation of the grey levels of the paper.
        sharpness: 0 to 1: how much of the way from paper to ink one pixel goes at the edge of a stroke. 1 is a
            drawing without grey, about 0.5 a sharp scan, below 0.2 blurred.
        text_height: pixels: the height of the typical character.
        places: x and y of the middle of each part of the ink that has the size of a character or of a word, as parts
            of the width and of the height of the page.
        specks: parts that are too small to be characters, in relation to the characters.
        broadness: the width of the typical part of the text in relation to its height. Characters that touch make
            it large, broken ones small.
        fading: 0 to 1: how much fainter than the typical stroke the faintest tenth of the strokes is.
        skew: how the text lies.
    """

    width: int
    ink_share: float
    contrast: float
    background_unevenness: float
    noise: float
    sharpness: float
    text_height: float
    places: Floats
    specks: float
    broadness: float
    fading: float
    skew: Skew

    @property
    def characters(self) -> int:
        """How many parts of the ink have the size of characters or words."""
        return len(self.places)


def measure(gray: Gray) -> Measures:
    """Measure the picture of a page, 8 bits of grey per pixel, at 60 to 200 dpi."""
    ink = ink_of(gray)
    runs = runs_of(ink.mask)
    components = components_of(runs)
    characters = characters_of(components)
    count = int(characters.sum())
    small = (components.height <= SPECK) & (components.width <= SPECK)
    heights, widths = components.height[characters], components.width[characters]
    strokes = _strokes(ink, runs, characters[components.label])
    return Measures(
        width=gray.shape[1],
        ink_share=ink.share,
        contrast=strokes.contrast if count else ink.contrast,
        background_unevenness=ink.unevenness,
        noise=ink.noise,
        sharpness=strokes.sharpness,
        text_height=float(np.median(heights)) if count else 0.0,
        places=_places(components, characters, gray.shape),
        specks=float(small.sum()) / max(1, count),
        broadness=float(np.median(widths / heights)) if count else 0.0,
        fading=strokes.fading,
        skew=skew_of(gray.shape, runs, components),
    )


def _places(components: Components, chosen: npt.NDArray[np.bool_], shape: tuple[int, ...]) -> Floats:
    x = (components.left + components.right)[chosen] / (2 * shape[1])
    y = (components.top + components.bottom)[chosen] / (2 * shape[0])
    return np.column_stack((x, y))


class _Strokes(NamedTuple):
    contrast: float = 0.0
    sharpness: float = 0.0
    fading: float = 0.0


def _strokes(ink: Ink, runs: Runs, chosen: npt.NDArray[np.bool_]) -> _Strokes:
    """How dark and how sharp the chosen runs are, and how much fainter some are than others."""
    width = ink.depth.shape[1]
    # A run needs a pixel of paper at either side to tell how sharp its edges are.
    chosen = chosen & (runs.start > 0) & (runs.stop < width)
    if not chosen.any():
        return _Strokes()
    start = (runs.row * width + runs.start)[chosen]
    stop = (runs.row * width + runs.stop)[chosen]
    depth = ink.depth.ravel()
    # Cut at both ends of each run, so that every second piece is a run.
    peaks = np.maximum.reduceat(depth, np.column_stack((start, stop)).ravel())[::2].astype(np.float64)
    entering = (depth[start].astype(np.float64) - depth[start - 1]) / peaks
    leaving = (depth[stop - 1].astype(np.float64) - depth[stop]) / peaks
    faint, typical, dark = np.percentile(peaks, (FAINT, 50, SOLID_PERCENTILE))
    sharpness = np.median(np.concatenate((entering, leaving)))
    return _Strokes(float(dark) / 255, float(np.clip(sharpness, 0, 1)), float(np.clip(1 - faint / typical, 0, 1)))
