"""Which parts of a page are covered, and which words are not to be seen."""

from math import inf, nan

import numpy as np
import pytest

from docmill.documents.quality.layers import Cover, centres, relative, without_ink


def test_overlapping_boxes_cover_their_union() -> None:
    cover = Cover.of(np.array([(0.0, 0.0, 0.5, 0.5), (0.25, 0.25, 0.75, 0.5), (0.0, 0.0, 0.5, 0.5)]))
    assert cover.share == pytest.approx(0.25 + 0.0625, abs=0.01)
    assert cover.covers(np.array([(0.1, 0.1), (0.6, 0.4), (0.6, 0.1), (1.0, 1.0)])).tolist() == [
        True,
        True,
        False,
        False,
    ]


def test_nothing_covers_nothing() -> None:
    assert Cover.of(relative([], 100, 100)).share == 0


def test_boxes_off_the_page_and_boxes_of_nonsense_are_harmless() -> None:
    boxes = relative([(-50, -50, 1e300, 1e300), (nan, nan, nan, nan), (-inf, 0, inf, 1)], 100, 200)
    assert np.isfinite(boxes).all()
    assert Cover.of(boxes).share == 1


def test_words_without_any_edge_in_their_box_are_not_to_be_seen() -> None:
    gray = np.full((100, 200), 255, np.uint8)
    gray[20:30, 20:60:4] = 0
    gray[60:70, 20:60:4] = 252
    boxes = relative([(20, 18, 60, 32), (20, 58, 60, 72), (120, 18, 160, 32)], 200, 100)
    assert without_ink(gray, boxes).tolist() == [False, True, True]
    assert centres(boxes)[0].tolist() == [0.2, 0.25]


def test_a_word_without_extent_is_not_called_invisible() -> None:
    assert without_ink(np.full((10, 10), 255, np.uint8), relative([(5, 5, 5, 5)], 10, 10)).tolist() == [False]
