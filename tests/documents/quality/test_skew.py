"""The skew of a page: how much, and to which side."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from docmill.documents.quality.measures import measure
from docmill.documents.quality.skew import Skew

from .drawing import grainy, levels, page, turned


def skew(picture: Image.Image) -> Skew:
    return measure(levels(picture)).skew


@pytest.mark.parametrize("degrees", [-10, -5.5, -2.25, -0.4, 0, 0.3, 1.7, 4.9, 9.8])
def test_a_page_that_is_turned_clockwise_has_a_positive_skew_within_a_fifth_of_a_degree(degrees: float) -> None:
    found = skew(turned(page(), degrees))
    assert found.degrees == pytest.approx(degrees, abs=0.2)
    assert found.confidence == 1
    assert found.turn == 0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda picture: picture.resize((400, 500), Image.Resampling.BOX),
        lambda picture: picture.filter(ImageFilter.GaussianBlur(2)),
        lambda picture: grainy(picture, 40),
        lambda picture: Image.fromarray(255 - levels(picture)),
        lambda picture: Image.fromarray((levels(picture) * np.linspace(0.4, 1, picture.width)).astype(np.uint8)),
        lambda picture: Image.fromarray((230 - (255 - levels(picture)) * 0.2).astype(np.uint8)),
    ],
    ids=["coarse", "blurred", "grainy", "white on black", "shaded", "faint"],
)
def test_what_spoils_a_page_leaves_its_skew(spoil) -> None:
    assert skew(spoil(turned(page(), 3.3))).degrees == pytest.approx(3.3, abs=0.2)


def test_rules_and_the_edges_of_the_scanner_are_not_text() -> None:
    picture = turned(page(), 3.0)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 0, 25, picture.height), 10)
    pen.rectangle((0, picture.height - 30, picture.width, picture.height), 10)
    for y in range(80, 900, 90):
        pen.line((50, y, picture.width - 50, y), 0, 3)
    assert skew(picture).degrees == pytest.approx(3.0, abs=0.2)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_text_that_lies_on_its_side_or_stands_on_its_head_is_told_from_level_text(turn: int) -> None:
    found = skew(turned(page(), turn + 2.0))
    assert found.turn == turn
    assert found.degrees == pytest.approx(2.0, abs=0.2)


def test_a_few_words_are_too_few_to_tell_which_side_is_up() -> None:
    assert skew(turned(page(lines=3, words=5), 180)).turn == 0


@pytest.mark.parametrize("lines", [0, 1])
def test_a_page_with_hardly_any_text_has_no_skew(lines: int) -> None:
    assert skew(page(lines=lines, words=1)) == Skew(None, 0.0)


def test_a_photograph_has_no_skew() -> None:
    dice = np.random.default_rng(3)
    clouds = Image.fromarray(dice.integers(0, 255, (60, 80)).astype(np.uint8)).resize(
        (800, 600), Image.Resampling.BICUBIC
    )
    assert skew(clouds).degrees is None
    dots = Image.new("L", (800, 600), 255)
    pen = ImageDraw.Draw(dots)
    for x, y in zip(dice.integers(0, 780, 900).tolist(), dice.integers(0, 580, 900).tolist(), strict=True):
        pen.ellipse((x, y, x + 7, y + 7), 0)
    assert skew(dots).degrees is None


def test_pure_noise_has_no_skew() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (700, 700)).astype(np.uint8)
    assert measure(noise).skew.degrees is None
