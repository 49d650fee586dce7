"""A page as a picture, with a frame around every value that was found on it."""

from collections.abc import Iterable, Mapping, Sequence

import attrs

from docmill.documents.pages import Box
from docmill.documents.report.gallery import Picture
from docmill.documents.report.markup import Markup, bidi, element
from docmill.documents.report.view import Entry, Found

__all__ = ["Frame", "frames_of", "plates"]

MAX_FRAMES = 400
"""Frames on one page."""

MAX_NAMES = 6
"""Values that the label of one frame names."""

MAX_KEYS = 40
"""Values that light up with one frame."""

MARGIN = 1.5
"""Points between a value and its frame, and between two places that count as the same."""


@attrs.define
class Frame:
    """A frame around one or more values that stand in the same place.

    Attributes:
        anchor: names it within the report.
        page: on which it is.
        bbox: where on that page, in points.
        found: the values.
        suspect: whether an anomaly rests on one of them.
    """

    anchor: str
    page: int
    bbox: Box
    found: list[Found] = attrs.Factory(list)
    suspect: bool = False


def frames_of(entry: Entry, pictures: Sequence[Picture]) -> Mapping[str, Frame]:
    """By the key of a value the frame around it; values that stand on no page with a picture have none."""
    pages: dict[int, list[Frame]] = {picture.page: [] for picture in pictures}
    by_key: dict[str, Frame] = {}
    evidence = [found for anomaly in entry.anomalies or () for found in anomaly.evidence]
    for found in (*entry.found, *evidence):
        if found.page not in pages or found.bbox is None:
            continue
        frames = pages[found.page]
        frame = next((known for known in frames if _same_place(known.bbox, found.bbox)), None)
        if frame is None:
            if len(frames) == MAX_FRAMES:
                continue
            frame = Frame(f"at-{found.key}", found.page, found.bbox)
            frames.append(frame)
        frame.found.append(found)
        by_key[found.key] = frame
    for found in evidence:
        if found.key in by_key:
            by_key[found.key].suspect = True
    return by_key


def _same_place(one: Box, other: Box) -> bool:
    return all(abs(edge - its) < MARGIN for edge, its in zip(one, other, strict=True))


def plates(entry: Entry, pictures: Iterable[Picture], frames: Mapping[str, Frame]) -> Markup:
    """The pictures of a document below one another, each with its frames."""
    unique = list({frame.anchor: frame for frame in frames.values()}.values())
    return element(
        "div",
        [_plate(entry, picture, [frame for frame in unique if frame.page == picture.page]) for picture in pictures],
        class_="plates",
        tabindex=0,
        role="group",
        aria_label="Pages",
    )


def _plate(entry: Entry, picture: Picture, frames: Iterable[Frame]) -> Markup:
    caption = f"Page {picture.page}" + (f" of {entry.page_count}" if entry.page_count else "")
    return element(
        "figure",
        element(
            "div",
            element(
                "img",
                src=picture.source,
                alt=f"Page {picture.page} of {entry.document_id}",
                loading="lazy",
            ),
            [_frame(frame, picture) for frame in frames],
            class_="sheet",
            style=f"aspect-ratio:{picture.width:.2f}/{picture.height:.2f}",
        ),
        element("figcaption", caption),
    )


def _frame(frame: Frame, picture: Picture) -> Markup:
    first = frame.found[0]
    x0, y0, x1, y1 = frame.bbox
    left, right = _percent(x0 - MARGIN, picture.width), _percent(x1 + MARGIN, picture.width)
    top, bottom = _percent(y0 - MARGIN, picture.height), _percent(y1 + MARGIN, picture.height)
    classes = ["frame", first.group, *(["suspect"] if frame.suspect else [])]
    classes += (["flush-right"] if left > 50 else []) + (["label-below"] if top < 8 else [])
    # An anomaly rests on values that are mostly there already.
    named = {(found.label, found.value): found for found in frame.found}
    return element(
        "a",
        element("span", [_label(found) for found in list(named.values())[:MAX_NAMES]], class_="label"),
        id=frame.anchor,
        href=f"#{first.key}",
        class_=" ".join(classes),
        data_key=" ".join(found.key for found in frame.found[:MAX_KEYS]),
        style=f"left:{left:.3f}%;top:{top:.3f}%;width:{right - left:.3f}%;height:{bottom - top:.3f}%",
    )


def _label(found: Found) -> Markup:
    return element("span", element("small", found.label), bidi(found.value))


def _percent(points: float, whole: float) -> float:
    return min(max(points / whole * 100, 0.0), 100.0)
