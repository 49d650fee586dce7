"""Pictures of the pages of a document: a processor that draws them in a worker process and keeps them in a folder."""

import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import attrs

from docmill.documents.limits import Budget, Limits
from docmill.documents.report.files import replace_file
from docmill.documents.sources import DocumentSource, as_source
from docmill.ports import ProcessingContext, processor

__all__ = ["PagePictures"]

SHARE = 0.8
"""Of the time that a document has left: then drawing ends, and what is drawn is the result."""


@processor(isolation="process", max_memory=2**30)
class PagePictures:
    """Draws the pages of PDFs and images as PNG or JPEG files, for `write_report`.

    The result is {"folder": str, "pages": [{"page": int, "file": str, "width": float, "height": float}]}, sizes in
    points. Other documents have no pages to draw. The files are named after a hash of the document's id, and a
    document that is drawn again replaces its own.

    Args:
        source: where the documents are: a `DocumentSource`, a folder's path, or a mapping of ids to bytes.
        folder: for the pictures; it must exist.
        dpi: how finely to draw.
        max_pages: of one document.
        limits: what a document may cost.
    """

    def __init__(
        self,
        source: DocumentSource | Mapping[str, bytes] | str,
        folder: str | os.PathLike[str],
        *,
        dpi: float = 110.0,
        max_pages: int = 10,
        limits: Limits | None = None,
    ) -> None:
        self._source = as_source(source)
        self._folder = Path(folder).resolve()
        self._dpi = dpi
        self._limits = attrs.evolve(limits or Limits(), max_pages=max_pages)

    def __call__(self, document_id: str, context: ProcessingContext) -> dict[str, Any]:
        """Draw one document.

        Raises:
            DocumentError: it is not there, exceeds a limit, or cannot be drawn.
        """
        from docmill.documents.report.drawing import draw, encode

        data = self._source.read(document_id, self._limits.max_bytes)
        name = sha256(document_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        budget = Budget(context.remaining() * SHARE)
        pages = []
        for drawing in draw(data, document_id, self._dpi, self._limits, budget):
            suffix, content = encode(drawing.image)
            file = f"{name}-{drawing.page}.{suffix}"
            replace_file(self._folder / file, [content])
            size = {"width": round(drawing.width, 2), "height": round(drawing.height, 2)}
            pages.append({"page": drawing.page, "file": file, **size})
        return {"folder": str(self._folder), "pages": pages}
