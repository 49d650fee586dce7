"""A page is laid level, and boxes find their way back."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from docmill.documents.ocr import Leveling
from docmill.documents.pages import Box


def middle(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("degrees", [0.0, 3.0, -8.0])
def test_what_is_found_on_the_level_picture_is_put_back_to_where_it_is_on_the_page(turn: int, degrees: float) -> None:
    picture = Image.new("L", (300, 400), 255)
    ImageDraw.Draw(picture).ellipse((52, 92, 68, 108), 0)
    leveling = Leveling(300, 400, degrees, turn)
    level = leveling.apply(picture)
    assert level.size == pytest.approx(leveling.size, abs=2)
    ys, xs = np.nonzero(np.asarray(level) < 128)
    box = (xs.min(), ys.min(), xs.max() + 1.0, ys.max() + 1.0)
    assert middle(leveling.back(box)) == pytest.approx((60, 100), abs=1.5)


def test_a_box_keeps_its_size_and_lies_on_its_side_with_the_page() -> None:
    x0, y0, x1, y1 = Leveling(300, 400, 0.0, 90).back((100, 50, 140, 60))
    assert (x1 - x0, y1 - y0) == pytest.approx((10, 40))


def test_the_corners_become_as_light_as_the_paper() -> None:
    grey = Image.new("RGB", (100, 100), (200, 180, 160))
    assert Leveling(100, 100, 10.0).apply(grey).getpixel((0, 0)) == (200, 180, 160)
    assert Leveling(100, 100, 10.0).apply(Image.new("L", (100, 100), 90)).getpixel((0, 0)) == 90


def test_a_level_page_stays_as_it_is() -> None:
    picture = Image.new("L", (50, 60), 255)
    assert Leveling(50, 60).apply(picture) is picture
    assert Leveling(50, 60).back((1, 2, 3, 4)) == pytest.approx((1, 2, 3, 4))
