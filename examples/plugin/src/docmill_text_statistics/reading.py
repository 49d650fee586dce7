"""From the bytes of a file to the text that a person reads."""

import codecs
import re
from collections.abc import Callable
from html.parser import HTMLParser

from docmill import PermanentError

__all__ = ["READERS", "decode"]


def decode(data: bytes) -> str:
    """The text of a file: UTF-8, or UTF-16 with a byte order mark.

    Raises:
        PermanentError: it is something else.
    """
    utf_16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if utf_16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise PermanentError(f"is neither UTF-8 nor UTF-16: {error.reason} at byte {error.start:,}") from error
    if "\0" in text:
        raise PermanentError("is binary and no text")
    return text


def from_plain(text: str) -> str:
    """Plain text is what it is."""
    return text


def from_markdown(text: str) -> str:
    """Without code and marks; of a link the words stay, and not where it leads."""
    text = re.sub(r"^(```|~~~).*?^\1[^\n]*$", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"!?\[([^\]\n]{0,500})\]\([^)\n]{0,2000}\)", r"\1", text)
    return re.sub(r"^[#>\s*+-]+|[*_`|]", " ", text, flags=re.MULTILINE)


def from_html(text: str) -> str:
    """What a browser shows, a block a line.

    Raises:
        PermanentError: it is not even broken HTML.
    """
    page = Page()
    try:
        page.feed(text)
        page.close()
    except AssertionError as error:  # what the parser of some Python versions does about "<![nonsense"
        raise PermanentError(f"is no HTML: {error}") from error
    return "".join(page.parts)


class Page(HTMLParser):
    """Collects the text between the tags."""

    HIDDEN = frozenset({"script", "style", "template", "title"})
    INLINE = frozenset({"a", "abbr", "b", "code", "em", "i", "mark", "small", "span", "strong", "sub", "sup", "u"})

    def __init__(self) -> None:
        """Begin with an empty page."""
        super().__init__()
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Hide what is not shown, and begin a line with a block."""
        self._hidden += tag in self.HIDDEN
        self._break_before(tag)

    def handle_endtag(self, tag: str) -> None:
        """Show again what follows."""
        if tag in self.HIDDEN and self._hidden:
            self._hidden -= 1
        self._break_before(tag)

    def handle_data(self, data: str) -> None:
        """Keep what is shown."""
        if not self._hidden:
            self.parts.append(data)

    def _break_before(self, tag: str) -> None:
        if tag not in self.INLINE:
            self.parts.append("\n")


READERS: dict[str, Callable[[str], str]] = {
    ".txt": from_plain,
    ".md": from_markdown,
    ".markdown": from_markdown,
    ".html": from_html,
    ".htm": from_html,
}
