"""A small XML tree without namespaces, read within limits."""

import xml.etree.ElementTree as ElementTree
from decimal import Decimal, InvalidOperation
from io import BytesIO
from typing import TYPE_CHECKING

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from docmill.documents.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Node", "parse"]

_MAX_DIGITS = 40
"""No amount has more; a decimal of a million digits would cost time in every sum."""


class Node:
    """An element. Paths are tuples of names from child to child; ``|`` separates names that mean the same.

    Args:
        element: None for one that is not there, which has nothing in it.
    """

    def __init__(self, element: "ElementTree.Element | None") -> None:
        self._element = element

    @property
    def name(self) -> str:
        """Its name without a namespace; empty for one that is not there."""
        return "" if self._element is None else self._element.tag

    def each(self, *path: str) -> "Iterator[Node]":
        """All elements at the end of the path, in order."""
        if not path:
            yield self
            return
        names = path[0].split("|")
        for child in () if self._element is None else self._element:
            if child.tag in names:
                yield from Node(child).each(*path[1:])

    def first(self, *path: str) -> "Node":
        """The first element at the end of the path, or one that is not there."""
        return next(self.each(*path), Node(None))

    def text(self, *path: str) -> str | None:
        """The first text at the end of the path that is not blank, white space made single."""
        for node in self.each(*path):
            if node.own_text:
                return node.own_text
        return None

    @property
    def own_text(self) -> str:
        """Its text, white space made single; empty if there is none."""
        return "" if self._element is None else " ".join((self._element.text or "").split())

    def number(self, *path: str) -> Decimal | None:
        """The first text at the end of the path as a number; None if it is none."""
        text = self.text(*path)
        if text is None or len(text) > _MAX_DIGITS:
            return None
        try:
            number = Decimal(text)
        except InvalidOperation:
            return None
        return number if number.is_finite() and abs(number.adjusted()) <= _MAX_DIGITS else None

    def attribute(self, name: str) -> str:
        """The value of an attribute; empty if there is none."""
        return "" if self._element is None else self._element.get(name, "")


def parse(xml: bytes, limits: Limits) -> Node | None:
    """Read XML; None if it is none, is larger or deeper than the limits allow, or declares entities."""
    if len(xml) > limits.max_bytes:
        return None
    depth = 0
    root: ElementTree.Element | None = None
    try:
        for event, element in iterparse(BytesIO(xml), events=("start", "end"), forbid_dtd=True):
            if event == "end":
                depth -= 1
                continue
            element.tag = element.tag.rpartition("}")[2]
            root = element if root is None else root
            depth += 1
            if depth > limits.max_xml_depth:
                return None
    except (ElementTree.ParseError, DefusedXmlException, ValueError, LookupError):
        return None
    return None if root is None else Node(root)
