"""Recognise the words of pictures: the port, and an engine that works offline."""

import importlib.util
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, Literal, Protocol, TypeAlias, runtime_checkable

import attrs
import numpy as np
import numpy.typing as npt
from PIL import Image

from docmill.documents.pages import Box, Word

__all__ = ["Ocr", "OcrChoice", "Picture", "RapidOcr", "proportional", "resolve_ocr"]

Picture: TypeAlias = Image.Image | npt.NDArray[np.uint8]
"""A picture, or its levels: rows of gray values or of red, green and blue."""

INSTALL_HINT = "install docmill[ocr], or pass an object of your own with recognize(image, dpi)"

BUILT_IN_LANGUAGES = frozenset(
    [
        *("af", "az", "bs", "ca", "cs", "cy", "da", "de", "en", "es", "et", "eu", "fi", "fr", "ga", "gl", "hr", "hu"),
        *("id", "is", "it", "ja", "ku", "la", "lb", "lt", "lv", "mi", "ms", "mt", "nl", "no", "oc", "pl", "pt", "qu"),
        *("rm", "ro", "sk", "sl", "sq", "sv", "sw", "tl", "tr", "uz", "vi", "zh"),
    ]
)
"""ISO 639-1 codes of what the model inside rapidocr's wheel reads; one model reads them all."""


@runtime_checkable
class Ocr(Protocol):
    """An engine that reads pictures.

    One that is to work in other processes is pickled before it is used; load what is large at the first picture.
    """

    def recognize(self, image: Picture, dpi: float) -> list[Word]:
        """Read a picture.

        Args:
            image: upright, of any mode.
            dpi: its pixels per inch.

        Returns:
            Its words in reading order, with boxes in points (1/72 inch) from the top left corner of the picture.
        """
        ...


OcrChoice: TypeAlias = Ocr | Literal["auto"] | None
"""An engine, "auto" for the built-in one if it is installed, or None for no recognition."""


def resolve_ocr(choice: OcrChoice) -> Ocr | None:
    """Find the engine that is meant.

    Raises:
        TypeError: for anything else than an engine, "auto" or None.
    """
    if choice is None:
        return None
    if isinstance(choice, str):
        if choice != "auto":
            raise TypeError(f"ocr is {choice!r}; it must be an engine, 'auto' or None: {INSTALL_HINT}")
        return RapidOcr() if RapidOcr.is_installed() else None
    if isinstance(choice, Ocr):
        return choice
    raise TypeError(f"ocr is a {type(choice).__name__} without recognize(image, dpi): {INSTALL_HINT}")


@attrs.define
class RapidOcr:
    """Recognition by rapidocr and onnxruntime, with the models inside its wheel: nothing is downloaded.

    It takes 1 second to load, once in each process, about 900 MB of memory, and 4 to 5 CPU seconds for an A4 page
    at 150 dpi.

    Args:
        languages: ISO 639-1 codes that must be readable. One model reads all languages of `BUILT_IN_LANGUAGES`.
        threads: processor cores for one picture.

    Attributes:
        typical_seconds: that a page takes on one core.

    Raises:
        ValueError: for a language that its model does not read, or fewer threads than one.
    """

    languages: Sequence[str] = ("en",)
    threads: int = 1
    typical_seconds: ClassVar[float] = 5.0
    _engine: Any = attrs.field(default=None, init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        unknown = sorted(set(self.languages) - BUILT_IN_LANGUAGES)
        if unknown:
            raise ValueError(f"the model of rapidocr does not read {', '.join(unknown)}; pass an engine that does")
        if self.threads < 1:
            raise ValueError(f"threads is {self.threads}; it must be at least 1")

    @staticmethod
    def is_installed() -> bool:
        """Whether its packages are there."""
        return all(importlib.util.find_spec(package) for package in ("rapidocr", "onnxruntime"))

    def recognize(self, image: Picture, dpi: float) -> list[Word]:
        """Read a picture.

        Args:
            image: upright, of any mode.
            dpi: its pixels per inch.

        Raises:
            ImportError: the packages of the extra `ocr` are missing.
        """
        if self._engine is None:
            self._engine = _load(self.threads)
        found = self._engine(_blue_green_red(image), use_cls=False, return_word_box=True)
        if found.txts is None:
            return []
        lines = zip(found.txts, found.scores, found.boxes, found.word_results, strict=True)
        scale = 72 / dpi
        return [
            Word(text, x0 * scale, y0 * scale, x1 * scale, y1 * scale, confidence)
            for line in lines
            for text, (x0, y0, x1, y1), confidence in _words_of_line(*line)
        ]

    def __getstate__(self) -> tuple[Sequence[str], int]:
        return self.languages, self.threads

    def __setstate__(self, state: tuple[Sequence[str], int]) -> None:
        self.languages, self.threads = state
        self._engine = None


def _load(threads: int) -> Any:
    try:
        from rapidocr import RapidOCR
    except ImportError as error:
        raise ImportError(f"rapidocr is not installed: {INSTALL_HINT}") from error
    onnxruntime = "EngineConfig.onnxruntime"
    return RapidOCR(
        params={
            "Global.log_level": "error",
            f"{onnxruntime}.intra_op_num_threads": threads,
            f"{onnxruntime}.inter_op_num_threads": 1,
        }
    )


def _blue_green_red(image: Picture) -> npt.NDArray[np.uint8]:
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    return np.ascontiguousarray(np.asarray(picture.convert("RGB"))[:, :, ::-1])


def _words_of_line(text: str, confidence: float, corners: Any, words: Any) -> Iterator[tuple[str, Box, float]]:
    """Split a line into words.

    Args:
        text: of the line.
        confidence: 0 to 1.
        corners: of the line, four points.
        words: (text, confidence, corners) of each word, as the engine sees them.
    """
    parts = text.split()
    if [word[0] for word in words] == parts:
        for part, sure, place in words:
            yield part, _upright(place), _share(sure)
        return
    for part, box in zip(parts, proportional(text, parts, _upright(corners)), strict=True):
        yield part, box, _share(confidence)


def _upright(corners: Any) -> Box:
    """The box around some points."""
    points = np.asarray(corners, np.float64).reshape(-1, 2)
    (x0, y0), (x1, y1) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return x0, y0, x1, y1


def _share(value: float) -> float:
    return min(1.0, max(0.0, float(value)))


def proportional(text: str, parts: Iterable[str], box: Box) -> Iterator[Box]:
    """Boxes for the parts of a text, in order, as if all of its characters had the same width."""
    x0, y0, x1, y1 = box
    width = (x1 - x0) / max(1, len(text))
    start = 0
    for part in parts:
        start = text.index(part, start)
        yield x0 + start * width, y0, x0 + (start + len(part)) * width, y1
        start += len(part)
