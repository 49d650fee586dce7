"""How likely the words of a page survive recognition."""

from math import exp, log

from docmill.documents.quality.measures import Measures

__all__ = ["readiness_of"]

BIAS = -4.29
HEIGHT, SHARPNESS, SPECKS, LEGIBLE, MISSHAPEN = 1.86, 0.32, -0.64, 1.40, -5.49
"""Weights of a logistic regression on the outcome of 746 recognitions by rapidocr, half of which lost more than a fifth
of the words: 50 invoices, receipts, letters and reports, clean and with degradations of random kind and strength
(resolution, blur, motion, noise, specks, fading, shading, thresholding, compression, skew, up to three at once).
Leaving out one document, or all with its layout, and predicting its degraded pages: area under the curve 0.948.
Contrast, noise and skew are not among them: within these bounds they cost this engine no words by themselves."""

TALL_ENOUGH = 12.0
"""Pixels: larger characters are not easier to read."""

SHAPES = (0.5, 0.9)
"""Width to height of the typical part of the text: below, characters are in pieces; above, they stick together."""


def readiness_of(seen: Measures, enlarged: float = 1.0) -> float:
    """The probability, 0 to 1, that recognition finds at least four of five words.

    Args:
        seen: the page.
        enlarged: how much larger than it was measured the page can be drawn for recognition.
    """
    height = min(max(seen.text_height * enlarged, 1.0), TALL_ENOUGH)
    narrowest, broadest = SHAPES
    shape = seen.broadness + 0.05
    logit = (
        BIAS
        + HEIGHT * log(height)
        + SHARPNESS * log(seen.sharpness + 0.02)
        + SPECKS * log(seen.specks + 0.05)
        + LEGIBLE * seen.skew.confidence
        + MISSHAPEN * max(0.0, log(narrowest / shape), log(shape / broadest))
    )
    return 1 / (1 + exp(-logit))
