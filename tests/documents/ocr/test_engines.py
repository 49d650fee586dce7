"""Engines that recognise words."""

import pickle
import sys
from itertools import pairwise
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from docmill.documents.ocr import Ocr, RapidOcr, resolve_ocr
from docmill.documents.pages import Word

needs_rapidocr = pytest.mark.skipif(not RapidOcr.is_installed(), reason="the extra `ocr` is not installed")


class Silent:
    def recognize(self, image: Any, dpi: float) -> list[Word]:
        return []


def square(x0: float, y0: float, x1: float, y1: float) -> list[list[float]]:
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]


def found(*lines: tuple[str, float, Any, Any]) -> SimpleNamespace:
    texts, scores, boxes, words = zip(*lines, strict=True)
    return SimpleNamespace(txts=texts, scores=scores, boxes=boxes, word_results=words)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Stands for rapidocr; `answers` are what it gives, `pictures` what it got, `settings` how it was loaded."""
    fake = SimpleNamespace(answers=[], pictures=[], settings=[])

    class Engine:
        def __init__(self, params: dict[str, Any]) -> None:
            fake.settings.append(params)

        def __call__(self, picture: np.ndarray, **options: Any) -> SimpleNamespace:
            fake.pictures.append(picture)
            return fake.answers.pop(0)

    module = ModuleType("rapidocr")
    module.RapidOCR = Engine  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "rapidocr", module)
    return fake


def test_nothing_auto_and_an_engine_are_choices() -> None:
    silent = Silent()
    assert resolve_ocr(None) is None
    assert resolve_ocr(silent) is silent
    assert isinstance(silent, Ocr)


@pytest.mark.parametrize("installed", [True, False])
def test_auto_is_rapidocr_if_it_is_installed(monkeypatch: pytest.MonkeyPatch, installed: bool) -> None:
    monkeypatch.setattr(RapidOcr, "is_installed", staticmethod(lambda: installed))
    assert resolve_ocr("auto") == (RapidOcr() if installed else None)


@pytest.mark.parametrize("choice", ["rapid", 3, object()])
def test_any_other_choice_is_refused_with_what_to_do(choice: Any) -> None:
    with pytest.raises(TypeError, match=r"docmill\[ocr\]"):
        resolve_ocr(choice)


def test_without_the_package_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    with pytest.raises(ImportError, match=r"docmill\[ocr\]"):
        RapidOcr().recognize(np.zeros((10, 10), np.uint8), 150)


@pytest.mark.parametrize("options", [{"languages": ["en", "ru"]}, {"threads": 0}])
def test_what_the_engine_cannot_do_is_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"ru|threads"):
        RapidOcr(**options)


def test_it_is_loaded_once_and_travels_unloaded(engine: SimpleNamespace) -> None:
    engine.answers = [SimpleNamespace(txts=None)] * 3
    ocr = RapidOcr(languages=["de"], threads=2)
    assert ocr.recognize(np.zeros((10, 10), np.uint8), 150) == []
    ocr.recognize(Image.new("RGB", (10, 10)), 150)
    assert len(engine.settings) == 1
    assert engine.settings[0]["EngineConfig.onnxruntime.intra_op_num_threads"] == 2
    copy = pickle.loads(pickle.dumps(ocr))
    assert copy == ocr
    copy.recognize(np.zeros((10, 10), np.uint8), 150)
    assert len(engine.settings) == 2


def test_the_engine_gets_blue_green_and_red(engine: SimpleNamespace) -> None:
    engine.answers = [SimpleNamespace(txts=None)]
    RapidOcr().recognize(Image.new("RGB", (4, 3), (10, 20, 30)), 150)
    assert engine.pictures[0].shape == (3, 4, 3)
    assert engine.pictures[0][0, 0].tolist() == [30, 20, 10]


def test_words_have_the_boxes_of_the_engine_in_points(engine: SimpleNamespace) -> None:
    words = (("Total", 0.9, square(0, 0, 50, 20)), ("12.00", 1.2, square(60, 2, 100, 22)))
    engine.answers = [found(("Total 12.00", 0.95, square(0, 0, 100, 20), words))]
    assert RapidOcr().recognize(np.zeros((30, 120), np.uint8), 144) == [
        Word("Total", 0, 0, 25, 10, 0.9),
        Word("12.00", 30, 1, 50, 11, 1.0),
    ]


def test_without_them_words_share_the_box_of_their_line_by_their_length(engine: SimpleNamespace) -> None:
    engine.answers = [found(("ab  cd ab", 0.5, square(0, 0, 90, 20), (("", 1.0, None),)))]
    assert RapidOcr().recognize(np.zeros((30, 120), np.uint8), 72) == [
        Word("ab", 0, 0, 20, 20, 0.5),
        Word("cd", 40, 0, 60, 20, 0.5),
        Word("ab", 70, 0, 90, 20, 0.5),
    ]


@needs_rapidocr
@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # those of the packages it needs
def test_a_drawn_line_is_read() -> None:
    picture = Image.new("L", (420, 80), 255)
    ImageDraw.Draw(picture).text((20, 20), "Total 1234.56 EUR", 0, ImageFont.load_default(28))
    words = RapidOcr().recognize(picture, 150)
    assert [word.text for word in words] == ["Total", "1234.56", "EUR"]
    for word, after in pairwise(words):
        assert 0 < word.x0 < word.x1 <= after.x0 + 2 < 210
        assert 0 <= word.y0 < word.y1 < 40
        assert word.confidence > 0.8
