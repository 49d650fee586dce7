"""Where the labels of fields stand in a row."""

from collections.abc import Iterator
from functools import cache

import attrs

from docmill.documents.extraction.layout import Row, normalise
from docmill.documents.extraction.vocabulary import LABELS
from docmill.documents.pages import Box

__all__ = ["Label", "labels_in"]

_MAX_GAP = 2.5
"""Heights of the text between two words of one label."""


@attrs.frozen(eq=False)
class Label:
    """A label.

    Attributes:
        roles: the fields that are called so.
        key: the phrase, without spaces.
        row: where it stands.
        start, end: in the text of the row.
        box: around its words.
        opens: whether it begins a segment.
        closes: whether it ends one.
        has_colon: whether a colon follows.
    """

    roles: frozenset[str]
    key: str
    row: Row
    start: int
    end: int
    box: Box
    opens: bool
    closes: bool
    has_colon: bool

    @property
    def stands_alone(self) -> bool:
        """Whether it cannot be a word in a sentence."""
        return self.has_colon or (self.opens and self.closes)


def labels_in(row: Row) -> Iterator[Label]:
    """The labels of a row from left to right; the longest where several begin at the same place.

    Two with a slash between them are one of both roles: "invoice date/delivery date".
    """
    table, beginnings = _tables()
    spans: list[tuple[int, int, frozenset[str]]] = []
    position, tokens = 0, row.tokens
    while position < len(tokens):
        last = _longest(row, position, table, beginnings) if tokens[position].norm else None
        if last is None:
            position += 1
            continue
        roles = table["".join(token.norm for token in tokens[position : last + 1])]
        if spans and row.text[tokens[spans[-1][1]].end : tokens[position].start].strip() == "/":
            before = spans.pop()
            spans.append((before[0], last, before[2] | roles))
        else:
            spans.append((position, last, roles))
        position = last + 1
    for first, last, roles in spans:
        yield _label(row, first, last, roles)


def _label(row: Row, first: int, last: int, roles: frozenset[str]) -> Label:
    start, end = row.tokens[first].start, row.tokens[last].end
    rest = row.text[end : row.segment_at(row.tokens[last].start).end]
    return Label(
        roles=roles,
        key="".join(token.norm for token in row.tokens[first : last + 1]),
        row=row,
        start=start,
        end=end,
        box=row.box_between(start, end),
        opens=start == row.segment_at(start).start,
        closes=not rest.strip(" :.*"),
        has_colon=row.text[end:].lstrip(" ").startswith(":"),
    )


def _longest(row: Row, position: int, table: dict[str, frozenset[str]], beginnings: frozenset[str]) -> int | None:
    """The last token of the longest label that begins at a token."""
    found, key, tokens = None, "", row.tokens
    for number in range(position, len(tokens)):
        token = tokens[number]
        if number > position and token.gap > _MAX_GAP:
            break
        key += token.norm
        if token.norm and key in table:
            found = number
        if key not in beginnings:
            break
    return found


@cache
def _tables() -> tuple[dict[str, frozenset[str]], frozenset[str]]:
    """Phrase to roles, and everything that a phrase may begin with."""
    roles: dict[str, set[str]] = {}
    for role, phrases in LABELS.items():
        for phrase in phrases:
            roles.setdefault(normalise(phrase), set()).add(role)
    roles.pop("", None)
    beginnings = frozenset(key[:length] for key in roles for length in range(len(key) + 1))
    return {key: frozenset(each) for key, each in roles.items()}, beginnings
