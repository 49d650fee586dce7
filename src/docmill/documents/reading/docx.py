"""Word documents (docx): their text and tables, in order.

A docx has no geometry, so the boxes of its words are nominal: see `docmill.documents.reading.layout`.
"""

import re
from collections.abc import Callable, Iterable
from xml.etree.ElementTree import ParseError

import attrs
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from docmill.documents.errors import CorruptDocumentError, DocumentTooLargeError
from docmill.documents.limits import Budget, Limits
from docmill.documents.pages import Reading
from docmill.documents.reading.archive import Archive
from docmill.documents.reading.cleaning import clean
from docmill.documents.reading.layout import Layout
from docmill.documents.reading.media import DOCX

__all__ = ["read_docx"]

BODY = re.compile(r"word/document\d*\.xml", re.IGNORECASE)
HEADER = re.compile(r"word/header\d*\.xml", re.IGNORECASE)
FOOTER = re.compile(r"word/footer\d*\.xml", re.IGNORECASE)

MAX_COLUMNS = 100
"""Cells of a row that are kept."""


def read_docx(data: bytes, limits: Limits, budget: Budget) -> Reading:
    """Read headers, body and footers, each once.

    Raises:
        CorruptDocumentError: it is no archive, has no body, or its XML is broken or defines entities.
        DocumentTooLargeError: it exceeds a limit.
        EncryptedDocumentError: it needs a password.
    """
    archive = Archive(data, limits)
    body = _parts(archive, BODY)
    if not body:
        raise CorruptDocumentError("it is a docx without a body")
    text = _Text(limits)
    for name in [*_parts(archive, HEADER), *body[:1], *_parts(archive, FOOTER)]:
        _parse(archive.chunks(name), text, budget)
    layout = text.layout
    truncated = layout.truncated or budget.is_over
    return Reading(DOCX, layout.pages, len(layout.pages), truncated=truncated, tables=text.tables)


def _parts(archive: Archive, pattern: re.Pattern[str]) -> list[str]:
    names = ((name.replace("\\", "/").lstrip("/"), name) for name in archive.names)
    return sorted(name for plain, name in names if pattern.fullmatch(plain))


def _parse(chunks: Iterable[bytes], text: "_Text", budget: Budget) -> None:
    parser = DefusedXMLParser(target=text, forbid_dtd=True)
    try:
        for chunk in chunks:
            if budget.is_over or text.layout.truncated:
                text.abandon()
                return
            parser.feed(chunk)
        parser.close()
    except DefusedXmlException as error:
        raise CorruptDocumentError("its XML defines entities, which no Word document does") from error
    except (ParseError, ValueError) as error:
        raise CorruptDocumentError(f"its XML is broken: {error}") from error


@attrs.define
class _Table:
    """A table that is being read: finished rows, the cells of the current one, the paragraphs of the current cell."""

    rows: list[list[str]] = attrs.Factory(list)
    cells: list[str] = attrs.Factory(list)
    paragraphs: list[str] = attrs.Factory(list)
    span: int = 1


class _Text:
    """Receives the elements of a part, and sets their text.

    Attributes:
        layout: the pages so far.
        tables: in the order in which they end.
    """

    def __init__(self, limits: Limits) -> None:
        self.layout = Layout(limits)
        self.tables: list[list[list[str]]] = []
        self._max_depth = limits.max_xml_depth
        self._depth = 0
        self._skipped_from = 0
        self._in_text = False
        self._paragraphs: list[list[str]] = []
        self._open: list[_Table] = []
        self._starters: dict[str, Callable[[dict[str, str]], None]] = {
            "p": self._start_paragraph,
            "tbl": self._start_table,
            "tc": self._start_cell,
            "gridSpan": self._span,
            "tab": lambda _: self._add("\t"),
            "cr": lambda _: self._add("\n"),
            "noBreakHyphen": lambda _: self._add("-"),
        }
        self._enders: dict[str, Callable[[], None]] = {
            "t": self._end_text,
            "p": self._end_paragraph,
            "tbl": self._end_table,
            "tr": self._end_row,
            "tc": self._end_cell,
        }

    def abandon(self) -> None:
        """Forget what has begun, and does not end."""
        self._depth = self._skipped_from = 0
        self._in_text = False
        self._paragraphs.clear()
        self._open.clear()

    def close(self) -> None:
        """Part of the parser's protocol."""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self._depth += 1
        if self._depth > self._max_depth:
            raise DocumentTooLargeError(f"its XML is nested deeper, and max_xml_depth is {self._max_depth}")
        name = _local(tag)
        if self._skipped_from:
            return
        if name in ("Fallback", "del", "moveFrom"):
            # Said again for older programs; deleted; or moved to where it stands as well.
            self._skipped_from = self._depth
        elif name == "t":
            self._in_text = True
        elif name in ("br", "lastRenderedPageBreak"):
            self._break(name, _value(attributes, "type"))
        elif (starter := self._starters.get(name)) is not None:
            starter(attributes)

    def end(self, tag: str) -> None:
        """An element ends."""
        if self._skipped_from:
            if self._depth == self._skipped_from:
                self._skipped_from = 0
        elif (ender := self._enders.get(_local(tag))) is not None:
            ender()
        self._depth -= 1

    def data(self, text: str) -> None:
        """Characters between tags."""
        if self._in_text and not self._skipped_from:
            self._add(text)

    def _add(self, text: str) -> None:
        if self._paragraphs:
            self._paragraphs[-1].append(text)

    def _break(self, name: str, kind: str) -> None:
        if kind != "page" and name == "br":
            self._add("\n")
        elif not self._open and len(self._paragraphs) <= 1:
            if self._paragraphs and any(self._paragraphs[-1]):
                self._set("".join(self._paragraphs[-1]))
                self._paragraphs[-1].clear()
            self.layout.new_page()

    def _end_text(self) -> None:
        self._in_text = False

    def _start_paragraph(self, _: dict[str, str]) -> None:
        self._paragraphs.append([])

    def _end_paragraph(self) -> None:
        if self._paragraphs:
            self._set("".join(self._paragraphs.pop()))

    def _set(self, paragraph: str) -> None:
        text = clean(paragraph)
        if self._open:
            self._open[-1].paragraphs.append(text)
        else:
            self.layout.paragraph(text)

    def _start_table(self, _: dict[str, str]) -> None:
        self._open.append(_Table())

    def _end_table(self) -> None:
        if not self._open:
            return
        rows = self._open.pop().rows
        width = max(map(len, rows), default=0)
        rows = [row + [""] * (width - len(row)) for row in rows]
        if width:
            self.tables.append(rows)
        if self._open:
            self._open[-1].paragraphs.extend(" ".join(filter(None, row)) for row in rows)
            return
        for row in rows:
            self.layout.row(row)

    def _end_row(self) -> None:
        if self._open:
            table = self._open[-1]
            table.rows.append(table.cells[:MAX_COLUMNS])
            table.cells = []

    def _start_cell(self, _: dict[str, str]) -> None:
        if self._open:
            self._open[-1].paragraphs, self._open[-1].span = [], 1

    def _span(self, attributes: dict[str, str]) -> None:
        value = _value(attributes, "val")
        if self._open and value.isdecimal():
            self._open[-1].span = min(max(int(value[:4]), 1), MAX_COLUMNS)

    def _end_cell(self) -> None:
        if self._open:
            table = self._open[-1]
            text = " ".join(" ".join(table.paragraphs).split())
            if len(table.cells) < MAX_COLUMNS:
                table.cells += [text, *[""] * (table.span - 1)]
            table.paragraphs = []


def _local(tag: str) -> str:
    """The name without its namespace: there are two of them, for the two editions of the standard."""
    return tag.rpartition("}")[2]


def _value(attributes: dict[str, str], name: str) -> str:
    return next((value for key, value in attributes.items() if _local(key) == name), "")
