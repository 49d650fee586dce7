"""Draws pages of text, with the font that comes with Pillow, so that they look the same everywhere."""

from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

TEXT = "the total of this bill is due within thirty days of the date on which it was sent to the client"


@cache
def page(size: int = 20, lines: int = 24, width: int = 800, height: int = 1000, words: int = 9) -> Image.Image:
    """A page of ragged lines, black on white."""
    picture = Image.new("L", (width, height), 255)
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size)
    all_words = TEXT.split()
    for number in range(lines):
        text = " ".join(all_words[(number * 5 + at) % len(all_words)] for at in range(words - number % 3))
        pen.text((60, 60 + number * round(size * 1.6)), text, 0, font)
    return picture


def levels(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture)


def turned(picture: Image.Image, clockwise: float, *, expand: bool = True) -> Image.Image:
    return picture.rotate(-clockwise, Image.Resampling.BICUBIC, expand=expand, fillcolor=255)


def grainy(picture: Image.Image, strength: float) -> Image.Image:
    dice = np.random.default_rng(7)
    noise = dice.normal(0, strength, (picture.height, picture.width))
    return Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))
