"""Which label a value belongs to, told from where the two stand."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

import attrs

from docmill.documents.extraction.labels import Label
from docmill.documents.extraction.layout import Row
from docmill.documents.pages import Box

__all__ = ["Item", "Match", "associate"]

_MAX_LABELS = 1500
_ROWS_BELOW = 4
_MAX_WORDS_BETWEEN = 3
_STRENGTH = {"number_weak": 0.75, "number_bare": 0.7, "issue_date_weak": 0.85, "due_date_weak": 0.6}


class Item(Protocol):
    """A value that stands in a row."""

    @property
    def row(self) -> Row:
        """Where it stands."""
        ...

    @property
    def start(self) -> int:
        """Where it begins in the text of the row."""
        ...

    @property
    def end(self) -> int:
        """Where it ends there."""
        ...

    @property
    def box(self) -> Box:
        """Around its words."""
        ...


T = TypeVar("T", bound=Item)


@attrs.frozen(eq=False)
class Match(Generic[T]):
    """A label with its value.

    Attributes:
        label: which says what the value is.
        item: the value.
        score: 0 to 1, of their places.
    """

    label: Label
    item: T
    score: float


def associate(labels: Sequence[Label], items: Mapping[int, Sequence[T]], rows: Sequence[Row]) -> list[Match[T]]:
    """Give each label at most one value and each value at most one label, the best pairs first.

    Args:
        labels: those that such values may have.
        items: the values by the index of their row, from left to right.
        rows: all rows of the document.
    """
    starts: dict[int, list[int]] = {}
    labels = labels[:_MAX_LABELS]
    for label in labels:
        starts.setdefault(label.row.index, []).append(label.start)
    pairs = [pair for label in labels for pair in _pairs(label, items, rows, starts)]
    pairs.sort(key=lambda pair: -pair.score)
    used: set[int] = set()
    chosen = []
    for pair in pairs:
        keys = {id(pair.label), id(pair.item)}
        if not keys & used:
            used |= keys
            chosen.append(pair)
    return chosen


def _pairs(
    label: Label, items: Mapping[int, Sequence[T]], rows: Sequence[Row], starts: Mapping[int, list[int]]
) -> Iterable[Match[T]]:
    strength = max(_STRENGTH.get(role, 1.0) for role in label.roles)
    right = next((item for item in items.get(label.row.index, ()) if item.start >= label.end), None)
    if right is not None:
        score = _to_the_right(label, right, starts)
        if score > 0:
            yield Match(label, right, score * strength)
    for item in items.get(label.row.index, ()):
        if item.end <= label.start and not label.row.text[item.end : label.start].strip(" ,.)"):
            yield Match(label, item, 0.45 * strength)
    for row in rows[label.row.index + 1 : label.row.index + 1 + _ROWS_BELOW]:
        for item in items.get(row.index, ()):
            score = _below(label, item)
            if score > 0:
                yield Match(label, item, score * strength)


def _to_the_right(label: Label, item: Item, starts: Mapping[int, list[int]]) -> float:
    between = label.row.text[label.end : item.start]
    if any(label.end <= start < item.start for start in starts.get(label.row.index, ())):
        return 0.0
    words = [word for word in between.split() if word.strip(":.#-()")]
    if len(words) > _MAX_WORDS_BETWEEN:
        return 0.0
    gap = (item.box[0] - label.box[2]) / label.row.height
    return 1.0 - 0.12 * len(words) - min(max(gap, 0.0) * 0.01, 0.3)


def _below(label: Label, item: Item) -> float:
    row = label.row
    distance = (item.box[1] - label.box[3]) / row.height
    if item.row.page != row.page or distance > 3.5:
        return 0.0
    segment = row.segment_at(label.start).box
    edge: Callable[[int], float] = lambda side: abs(item.box[side] - label.box[side]) / row.height  # noqa: E731
    overlap = min(item.box[2], label.box[2]) - max(item.box[0], label.box[0])
    is_column = (
        overlap > 0.3 * min(item.box[2] - item.box[0], label.box[2] - label.box[0]) or min(edge(0), edge(2)) < 1.2
    )
    steps = item.row.index - row.index
    if label.closes and is_column and (label.opens or label.has_colon):
        return 0.85 - 0.08 * (steps - 1) - 0.05 * max(distance, 0.0)
    is_wrapped = label.closes and steps <= 2 and abs(item.box[0] - segment[0]) < row.height and distance < 1.0
    return 0.6 if is_wrapped else 0.0
