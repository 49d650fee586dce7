"""What is measured on the picture of a page."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from docmill.documents.quality.components import MAX_RUNS, components_of, runs_of
from docmill.documents.quality.measures import measure
from docmill.documents.quality.pixels import ink_of, noise_of
from docmill.documents.quality.readiness import readiness_of

from .drawing import grainy, levels, page


def picture_of(rows: list[str]) -> np.ndarray:
    return np.array([[sign == "#" for sign in row] for row in rows])


def test_pixels_that_touch_at_their_corners_are_one_component() -> None:
    found = components_of(runs_of(picture_of(["##..#", "..#..", "....#", "#...#"])))
    assert list(zip(found.left, found.top, found.right, found.bottom, found.area, strict=True)) == [
        (0, 0, 3, 2, 3),
        (4, 0, 5, 1, 1),
        (4, 2, 5, 4, 2),
        (0, 3, 1, 4, 1),
    ]
    assert list(found.width) == [3, 1, 1, 1]
    assert list(found.height) == [2, 1, 2, 1]


def test_a_spiral_is_one_component() -> None:
    rows = [
        "#########",
        "........#",
        "#######.#",
        "#.....#.#",
        "#.###.#.#",
        "#.#...#.#",
        "#.#####.#",
        "#.......#",
        "#########",
    ]
    assert len(components_of(runs_of(picture_of(rows)))) == 1


def test_components_agree_with_a_flood_fill() -> None:
    mask = np.random.default_rng(2).random((40, 50)) < 0.35
    found = components_of(runs_of(mask))
    areas, seen = [], np.zeros_like(mask)
    for start in zip(*np.nonzero(mask), strict=True):
        stack, area = [start], 0
        while stack:
            y, x = stack.pop()
            if 0 <= y < 40 and 0 <= x < 50 and mask[y, x] and not seen[y, x]:
                seen[y, x] = True
                area += 1
                stack += [(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
        if area:
            areas.append(area)
    assert sorted(found.area.tolist()) == sorted(areas)


def test_a_picture_without_ink_has_no_components() -> None:
    runs = runs_of(np.zeros((3, 4), np.bool_))
    assert len(runs) == 0
    assert len(components_of(runs)) == 0


def test_runs_are_bounded() -> None:
    stripes = np.zeros((1000, 1000), np.bool_)
    stripes[:, ::2] = True
    assert len(runs_of(stripes)) == MAX_RUNS


def test_a_clean_page_is_black_sharp_and_without_noise() -> None:
    seen = measure(levels(page()))
    assert seen.contrast > 0.9
    assert seen.sharpness > 0.5
    assert seen.noise == 0
    assert seen.background_unevenness == 0
    assert 9 <= seen.text_height <= 16
    assert seen.characters > 500
    assert seen.width == 800


def test_the_places_of_characters_are_parts_of_the_page() -> None:
    places = measure(levels(page())).places
    assert places.min() > 0.05
    assert places.max() < 0.95


def test_blur_makes_a_page_less_sharp_and_characters_broad() -> None:
    sharp, blurred = measure(levels(page())), measure(levels(page().filter(ImageFilter.GaussianBlur(3))))
    assert blurred.sharpness < 0.2 < sharp.sharpness
    assert blurred.broadness > 1.5 * sharp.broadness


def test_faint_ink_has_little_contrast() -> None:
    assert measure((255 - (255 - levels(page())) // 5).astype(np.uint8)).contrast == pytest.approx(0.2, abs=0.02)


def test_a_shadow_makes_the_paper_uneven_and_leaves_the_characters() -> None:
    shaded = (levels(page()) * np.linspace(0.4, 1, 800)).astype(np.uint8)
    seen = measure(shaded)
    assert seen.background_unevenness > 0.4
    assert seen.characters == pytest.approx(measure(levels(page())).characters, rel=0.1)


@pytest.mark.parametrize("strength", [4.0, 10.0])
def test_noise_is_its_standard_deviation(strength: float) -> None:
    gray = levels(grainy(Image.new("L", (300, 300), 128), strength))
    assert noise_of(gray) == pytest.approx(strength, rel=0.1)


def test_specks_are_counted_in_relation_to_the_characters() -> None:
    dirty = levels(page()).copy()
    dirty[2::9, 3::9] = 0
    assert measure(dirty).specks > 3 > measure(levels(page())).specks


def test_light_text_on_a_dark_page_is_ink_as_well() -> None:
    light, dark = ink_of(levels(page())), ink_of(255 - levels(page()))
    assert dark.is_dark
    assert not light.is_dark
    assert np.array_equal(light.mask, dark.mask)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (2, 2), (33, 31)])
@pytest.mark.parametrize("tone", [0, 200, 255])
def test_any_picture_can_be_measured(shape: tuple[int, int], tone: int) -> None:
    seen = measure(np.full(shape, tone, np.uint8))
    assert seen.characters == 0
    assert seen.text_height == 0
    assert seen.contrast == 0


def test_ink_that_touches_both_edges_of_the_picture_has_no_edges_to_measure() -> None:
    gray = np.full((40, 20), 255, np.uint8)
    gray[10:20] = 0
    assert measure(gray).sharpness == 0


def test_readiness_falls_with_what_recognition_suffers_from() -> None:
    clean = readiness_of(measure(levels(page())))
    assert clean > 0.85
    for spoilt in (
        page().filter(ImageFilter.GaussianBlur(4)),
        page().resize((200, 250), Image.Resampling.BOX),
    ):
        assert readiness_of(measure(levels(spoilt))) < 0.5


def test_readiness_knows_that_a_drawn_page_can_be_drawn_larger() -> None:
    small = measure(levels(page(size=12)))
    assert readiness_of(small, 1.5) > readiness_of(small)
