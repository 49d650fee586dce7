"""Writing a report: one HTML file that needs nothing from elsewhere."""

import os
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any

from docmill.documents.batch import summarise
from docmill.documents.report.files import replace_file
from docmill.documents.report.gallery import Gallery
from docmill.documents.report.markup import Markup, element
from docmill.documents.report.overview import overview
from docmill.documents.report.sections import section
from docmill.documents.report.shapes import mapping_of
from docmill.documents.report.view import Entry, entries_of, extraction_of, quality_of
from docmill.model import DocumentFailure, DocumentResult, Job, Outcome

__all__ = ["write_report"]

MAX_DOCUMENTS = 1_000
"""Documents with a section of their own."""

MAX_EMBEDDED = 32 * 2**20
"""Bytes of the pictures inside of the report."""


def write_report(
    path: str | os.PathLike[str],
    results: Job | Iterable[Outcome],
    pictures: Job | Mapping[str, object] | None = None,
    *,
    title: str = "Documents",
    max_documents: int = MAX_DOCUMENTS,
    max_embedded: int = MAX_EMBEDDED,
) -> Path:
    """Write what a job of a processing service found as an HTML page.

    It works for all four services, and shows what there is. Everything from a document is escaped, and a content
    security policy keeps the page from running or loading anything else.

    Args:
        path: the file to write, or a folder that exists, which gets a ``report.html``.
        results: a job that is done, or outcomes of one.
        pictures: results of `PagePictures` by document, or the job that made them; None for a report without pages.
        title: the heading.
        max_documents: how many get a section of their own; the counts at the top are those of all.
        max_embedded: bytes of the pictures that go into the file. The others go into a folder beside it, which is
            called like the file and ends in ``_files``.

    Returns:
        The file.

    Raises:
        OSError: the file cannot be written.
    """
    target = Path(path)
    if target.is_dir():
        target /= "report.html"
    outcomes = results.outcomes if isinstance(results, Job) else list(results)
    gallery = Gallery(_by_document(pictures), target.with_name(f"{target.stem}_files"), max_embedded)
    entries = list(islice(entries_of(outcomes), max_documents))
    parts = _page(title, entries, _summary(results, outcomes), gallery, len(outcomes) - len(entries))
    replace_file(target, (part.encode() for part in parts))
    return target


def _by_document(pictures: Job | Mapping[str, object] | None) -> Mapping[str, object]:
    if isinstance(pictures, Job):
        return {result.document_id: result.data for result in pictures.results}
    return pictures or {}


def _summary(results: Job | Iterable[Outcome], outcomes: Iterable[Outcome]) -> Mapping[str, Any]:
    """The summary that the job has, if it is one of a batch analysis, or else a new one."""
    if isinstance(results, Job) and isinstance(results.summary, Mapping) and "duplicates" in results.summary:
        return results.summary
    return summarise(
        [(each.document_id, _facts(each.data)) for each in outcomes if isinstance(each, DocumentResult)],
        [(each.document_id, each.code, each.error) for each in outcomes if isinstance(each, DocumentFailure)],
    )


def _facts(data: object) -> dict[str, Any]:
    """The results of the four services in the one shape that a summary reads."""
    quality = quality_of(data)
    return {
        "extraction": extraction_of(data),
        "quality": quality,
        "anomalies": mapping_of(data).get("anomalies"),
        "fingerprint": mapping_of(data, "fingerprint") or {"sha256": quality.get("sha256")},
    }


def _page(
    title: str, entries: list[Entry], summary: Mapping[str, Any], gallery: Gallery, left_out: int
) -> Iterator[str]:
    style, script = _asset("report.css"), _asset("report.js")
    fingerprint = b64encode(sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; script-src 'sha256-{fingerprint}'"
    yield '<!DOCTYPE html>\n<html lang="en">\n'
    yield element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", style),
    )
    yield "\n<body>\n<main>\n"
    yield element("h1", title)
    yield overview(entries, summary)
    for entry in entries:
        yield "\n"
        yield section(entry, list(gallery.pictures(entry.document_id)))
    if left_out:
        yield element("p", f"{left_out:,} more documents are not shown.", class_="quiet")
    yield "\n</main>\n"
    yield element("script", script)
    yield "\n</body>\n</html>\n"


def _asset(name: str) -> Markup:
    return Markup(files(__package__).joinpath(name).read_text("utf-8"))
