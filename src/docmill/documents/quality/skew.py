"""How far the lines of text on a page are from level.

Only what is as large as characters takes part: rules, frames, pictures, the shadows at the edges of a scan and grains
of noise do not. The lower edges of characters lie on a few straight lines, the baselines. Projected along the right
angle they fall into few bins, along any other one they spread, so the sum of the squares of the bins has a sharp peak.
The upper edges lie less evenly, because more letters have ascenders than descenders: that tells which side is up.
"""

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from docmill.documents.quality.components import Components, Runs

__all__ = ["MAX_SKEW", "Skew", "characters_of", "skew_of"]

MAX_SKEW = 14.0
"""Degrees that are searched to either side; paper that lies more askew was not scanned, but photographed."""

COARSE_STEP, FINE_STEP, FINEST_STEP = 0.5, 0.1, 0.02
"""Degrees. The peak of a page of text is 0.5 to 1 degrees wide, so a coarse step cannot miss it."""

REACH = 6
"""Steps to either side of the last pass's best angle that the next pass looks at."""

COARSE_POINTS, FINE_POINTS = 12_000, 60_000
"""Points that a pass looks at; of more, every second, third and so on."""

MIN_POINTS = 40
"""Fewer have a sharpest direction by chance."""

NO_PEAK, CLEAR_PEAK = 1.5, 1.9
"""The peak as a multiple of the median over all angles: photographs reach 1.5, degraded pages of text have 1.9."""

ENOUGH_CHARACTERS = 20
"""With fewer, the baseline is so short that an angle is as uncertain as a tenth of a degree or more."""

MIN_CONFIDENCE = 0.3
"""Below it no angle is given."""

SIDEWAYS = 1.25
"""How much sharper the peak across the page must be for its text to run sideways; columns have one of their own."""

UPSIDE_DOWN = 1.06
"""How much more evenly the upper edges of characters must lie than the lower ones, near and far, for a page to stand on
its head. Of 270 upright pages, some noisy or blurred, none did by so much; of those on their heads 3 of 5 do."""

ENOUGH_TO_TURN = 60
"""Characters: fewer may all be capitals and digits, whose upper edges lie as evenly as their lower ones."""

MIN_HEIGHT, MAX_HEIGHT, MAX_WIDTH, MIN_AREA = 3, 75, 400, 6
"""Pixels, at 60 to 200 dpi: characters, and words whose characters touch."""


@attrs.frozen
class Skew:
    """How the text lies.

    Attributes:
        degrees: positive if the content is turned clockwise, so that lines of text fall to the right; turning the
            page counter-clockwise by as much makes it level. None if there is not enough text to tell.
        confidence: 0 to 1.
        turn: degrees clockwise, in addition to these, by which the text is turned: 0, 90, 180 or 270.
    """

    degrees: float | None = None
    confidence: float = 0.0
    turn: int = 0


def characters_of(components: Components) -> npt.NDArray[np.bool_]:
    """Which components have the size of characters or of words."""
    height, width = components.height, components.width
    fits = (height >= MIN_HEIGHT) & (height <= MAX_HEIGHT) & (width <= MAX_WIDTH)
    characters: npt.NDArray[np.bool_] = fits & (components.area >= MIN_AREA)
    return characters


def skew_of(shape: tuple[int, ...], runs: Runs, components: Components) -> Skew:
    """Measure the skew of a page, within 0.2 degrees where its confidence is 1.

    Args:
        shape: of the picture.
        runs: of its ink.
        components: of these runs.
    """
    characters = characters_of(components)
    count = int(characters.sum())
    text = _picture(shape, runs, characters[components.label])
    turned = np.rot90(text)
    level, upright = _Direction.of(text), _Direction.of(turned)
    sideways = upright.sharpness > SIDEWAYS * level.sharpness
    direction = upright if sideways else level
    clear = (direction.sharpness - NO_PEAK) / (CLEAR_PEAK - NO_PEAK)
    confidence = min(1.0, max(0.0, clear)) * min(1.0, count / ENOUGH_CHARACTERS)
    if confidence < MIN_CONFIDENCE:
        return Skew()
    degrees = direction.refined()
    turn = 90 * sideways
    if count >= ENOUGH_TO_TURN and direction.is_on_its_head(turned if sideways else text, degrees, sure=not sideways):
        turn += 180
    return Skew(degrees, round(confidence, 3), turn)


@attrs.frozen(eq=False)
class _Direction:
    """The lower edges of characters, and the angle at which they fall into lines.

    Attributes:
        x, y: the points.
        angle: the best of the coarse ones.
        sharpness: its score as a multiple of the median; 0.0 without enough points.
    """

    x: npt.NDArray[np.float32]
    y: npt.NDArray[np.float32]
    angle: float = 0.0
    sharpness: float = 0.0

    @classmethod
    def of(cls, text: npt.NDArray[np.bool_]) -> "_Direction":
        x, y = _lower_edges(text)
        if len(x) < MIN_POINTS:
            return cls(x, y)
        angles = np.arange(-MAX_SKEW, MAX_SKEW + COARSE_STEP / 2, COARSE_STEP)
        scores = _thinned_scores(x, y, angles)
        best = int(scores.argmax())
        return cls(x, y, float(angles[best]), float(scores[best] / np.median(scores)))

    def is_on_its_head(self, text: npt.NDArray[np.bool_], degrees: float, *, sure: bool) -> bool:
        """Whether the upper edges of the characters lie more evenly than the lower ones.

        Noise frays them, which the finer look sees wrong; blur rounds them, which the coarser look does.

        Args:
            text: whose lower edges these are.
            degrees: its skew.
            sure: whether to say so only if both looks clearly see it; otherwise what is likelier counts.
        """
        looks = degrees + FINE_STEP * np.arange(-1, 2), self.angle + COARSE_STEP * np.arange(-1, 2)
        upper = _lower_edges(text[::-1, ::-1])
        near, far = (
            float(_thinned_scores(*upper, angles).max() / _thinned_scores(self.x, self.y, angles).max())
            for angles in looks
        )
        return min(near, far) > UPSIDE_DOWN if sure else near * far > 1

    def refined(self) -> float:
        """The angle to about a fiftieth of a degree."""
        every = 1 + len(self.x) // FINE_POINTS
        x, y = self.x[::every], self.y[::every]
        steps = np.arange(-REACH, REACH + 1)
        fine = self.angle + FINE_STEP * steps
        finest = fine[_scores(x, y, fine).argmax()] + FINEST_STEP * steps
        scores = _scores(x, y, finest)
        # The scores are jagged at this scale; their centre of gravity is steadier than their peak.
        weights = (scores - scores.min()) ** 2
        return float(np.average(finest, weights=weights)) if weights.any() else float(finest[REACH])


def _lower_edges(text: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    rows, columns = np.nonzero(text[:-1] & ~text[1:])
    return columns.astype(np.float32), rows.astype(np.float32)


def _thinned_scores(
    x: npt.NDArray[np.float32], y: npt.NDArray[np.float32], angles: npt.NDArray[np.floating[Any]]
) -> npt.NDArray[np.float64]:
    """The scores by some of the points, as parts of what they would be with all points in one bin."""
    every = 1 + len(x) // COARSE_POINTS
    x, y = x[::every], y[::every]
    return _scores(x, y, angles) / max(1, len(x)) ** 2


def _scores(
    x: npt.NDArray[np.float32], y: npt.NDArray[np.float32], angles: npt.NDArray[np.floating[Any]]
) -> npt.NDArray[np.float64]:
    """How much the points fall into lines, for each angle."""
    scores = np.empty(len(angles))
    for index, (sine, cosine) in enumerate(zip(np.sin(np.radians(angles)), np.cos(np.radians(angles)), strict=True)):
        across = y * np.float32(cosine) - x * np.float32(sine)
        counts = np.bincount((across - across.min()).astype(np.intp)).astype(np.float64)
        scores[index] = counts @ counts
    return scores


def _picture(shape: tuple[int, ...], runs: Runs, chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Draw the chosen runs."""
    height, width = shape
    steps = np.zeros(height * (width + 1), np.int8)
    base = runs.row * (width + 1)
    steps[(base + runs.start)[chosen]] = 1
    steps[(base + runs.stop)[chosen]] = -1
    drawn: npt.NDArray[np.bool_] = np.cumsum(steps, dtype=np.int8).view(np.bool_)
    return drawn.reshape(height, width + 1)[:, :width]
