"""Page pictures on their way into a report: checked, and inside of it as long as it stays small enough to open."""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import attrs

from docmill.documents.report.markup import Markup
from docmill.documents.report.shapes import dicts_of, mapping_of, number_of, text_of, whole_of

__all__ = ["Gallery", "Picture"]

MAX_PICTURE = 8 * 2**20
"""Bytes of one picture."""

MAX_PAGES = 200
"""Pictures of one document."""

NAME = re.compile(r"[0-9a-f]{32}-\d{1,6}\.(png|jpg)")
"""What `PagePictures` calls its files. Anything else in a result is not looked for."""

KINDS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
"""The first bytes of a picture, and what it is then."""


@attrs.frozen
class Picture:
    """The picture of a page.

    Attributes:
        page: 1 for the first page.
        width: of the page, in points.
        height: likewise.
        source: its URL.
    """

    page: int
    width: float
    height: float
    source: Markup


class Gallery:
    """Gets at the pictures of a report.

    Args:
        results: what `PagePictures` returned, by document.
        beside: a folder for the pictures that do not fit into the report; it is made when it is needed.
        max_embedded: bytes of the pictures that go into the report itself.
    """

    def __init__(self, results: Mapping[str, object], beside: Path, max_embedded: int) -> None:
        self._results = results
        self._beside = beside
        self._left = max_embedded

    def pictures(self, document_id: str) -> Iterator[Picture]:
        """The pictures of a document that can be had, in the order of its result, one for each page."""
        result = mapping_of(self._results.get(document_id))
        folder = text_of(result.get("folder"))
        seen: set[int] = set()
        for page in dicts_of(result.get("pages"), MAX_PAGES):
            number = whole_of(page.get("page"))
            width, height = number_of(page.get("width")), number_of(page.get("height"))
            if folder is None or number is None or number in seen or not (width and height):
                continue
            source = self._source(folder, page.get("file"))
            if source is not None and width > 0 and height > 0:
                seen.add(number)
                yield Picture(number, width, height, source)

    def _source(self, folder: str, name: object) -> Markup | None:
        if not isinstance(name, str) or NAME.fullmatch(name) is None:
            return None
        try:
            with Path(folder, name).open("rb") as file:
                data = file.read(MAX_PICTURE + 1)
        except (OSError, ValueError):
            return None
        kind = next((kind for start, kind in KINDS.items() if data.startswith(start)), None)
        if kind is None or len(data) > MAX_PICTURE:
            return None
        if len(data) <= self._left:
            self._left -= len(data)
            return Markup(f"data:{kind};base64,{b64encode(data).decode()}")
        self._beside.mkdir(exist_ok=True)
        (self._beside / name).write_bytes(data)
        return Markup(f"{quote(self._beside.name)}/{name}")
