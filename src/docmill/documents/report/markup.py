"""HTML that is escaped by construction: elements are made of text, which is escaped, and of other elements."""

import re
from collections.abc import Iterable
from html import escape
from typing import Any, TypeAlias

__all__ = ["Child", "Markup", "bidi", "clean", "element", "fragment"]

MAX_TEXT = 500
"""Characters of one text from a document; what is longer is cut."""

VOID = frozenset({"br", "img", "link", "meta"})

INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2060\ufeff\ufff9-\ufffb]")
"""Control characters, and marks that only steer the order or the breaking of text."""

DECEPTIVE = re.compile("[\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What turns text around so that it reads as something else, and halves of characters, which UTF-8 cannot carry."""


class Markup(str):
    """HTML, as opposed to text that is yet to be escaped."""

    __slots__ = ()


Child: TypeAlias = str | Iterable[Any] | None
"""Text, an element (which is a str, too), any number of these, or nothing."""


def clean(text: str, limit: int = MAX_TEXT) -> str:
    """Text of a stranger as it may be shown: bounded, without control characters, its tricks made visible."""
    cut = text[: limit + 1]
    cut = cut if len(cut) <= limit else cut[:limit] + "…"
    return DECEPTIVE.sub(lambda match: f"[U+{ord(match[0]):04X}]", INVISIBLE.sub("", cut))


def fragment(*children: Child) -> Markup:
    """Children without an element around them: text is cleaned and escaped, None is left out."""
    return Markup("".join(_render(child) for child in children))


def element(name: str, /, *children: Child, **attributes: str | int | float | bool | None) -> Markup:
    """One element.

    Args:
        name: of the tag; never from a document.
        children: text, elements, iterables of them, or None for nothing.
        attributes: by name, which is never from a document; ``class_`` is class, ``data_key`` is data-key. None and
            False leave an attribute out, True gives it no value.
    """
    opening = name + "".join(_attribute(key, value) for key, value in attributes.items())
    return Markup(f"<{opening}>") if name in VOID else Markup(f"<{opening}>{fragment(*children)}</{name}>")


def bidi(text: str) -> Markup:
    """Text of a stranger with a direction of its own, which it cannot impose on what follows."""
    return element("bdi", text, dir="auto")


def _render(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    return escape(clean(child)) if isinstance(child, str) else "".join(_render(each) for each in child)


def _attribute(key: str, value: str | int | float | bool | None) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    if value is True:
        return f" {name}"
    return f' {name}="{value if isinstance(value, Markup) else escape(clean(str(value)))}"'
