"""Words that may be the number of an invoice."""

import re
from collections.abc import Iterator

import attrs

from docmill.documents.extraction.layout import Row
from docmill.documents.pages import Box

__all__ = ["Reference", "references_in"]

_CODE = re.compile(
    r"(?<![\w/.-])(?<!\d[,:])#?\s?(?P<code>(?:[A-Z]{1,6}(?:[ ]|[-/]\s))?[^\W_]*\d[\w./\\\-]*\w"
    r"|[A-Za-z][\w/\\\-]*[/\\_\-][\w./\\\-]*\d[\w./\\\-]*|\d)"
    r"(?P<more>(?:[ ]?[/\-][ ]?(?=\w*\d)\w{1,12}){0,2}(?:[ ]\d{2,6}(?![\w.,%:/-])){0,3})(?![\w@]|[.,:]\d)"
)
_HAS_DIGIT = re.compile(r"\d")
_NO_CODE = re.compile(
    r"\d{1,3}(?:[.,]\d{3})*[.,]\d{2}|\d{1,2}:\d\d.*|\d+[.,]?\d*(?:kg|g|l|m|cm|mm|GB|MB|h|x|EUR|%)", re.IGNORECASE
)
_MAX_LENGTH = 36


@attrs.frozen(eq=False)
class Reference:
    """A word with a digit, or a few of them.

    Attributes:
        value: as printed, without ``#`` before it.
        row: where it stands.
        start, end: in the text of the row.
        box: around its words.
    """

    value: str
    row: Row
    start: int
    end: int
    box: Box

    @property
    def raw(self) -> str:
        """As printed."""
        return self.value


def references_in(row: Row) -> Iterator[Reference]:
    """Everything in a row that looks like a number someone has given to a document."""
    if not _HAS_DIGIT.search(row.text):
        return
    for match in _CODE.finditer(row.text):
        start, end = match.start("code"), match.end()
        value = " ".join(row.text[start:end].split())
        if len(value) <= _MAX_LENGTH and not _NO_CODE.fullmatch(value):
            yield Reference(value=value, row=row, start=start, end=end, box=row.box_between(start, end))
