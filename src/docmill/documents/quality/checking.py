"""The quality check of a whole document."""

import hashlib
from collections.abc import Iterator
from typing import Any

import attrs

from docmill.documents.errors import CorruptDocumentError, DocumentError
from docmill.documents.findings import Issue
from docmill.documents.limits import DEFAULT_LIMITS, Budget, Limits
from docmill.documents.quality.issues import issue
from docmill.documents.quality.pages import CheckedPage, check_pdf_page, check_picture
from docmill.documents.quality.results import PageQuality, Quality
from docmill.documents.quality.score import score_of
from docmill.documents.reading import media, read
from docmill.documents.reading.images import frames
from docmill.documents.reading.pdf import Pdf, open_pdf

__all__ = ["check"]

SAME_SIZE = 1.0
"""Points by which pages may differ: what rounding does."""


@attrs.define
class _Findings:
    """What is known so far."""

    facts: dict[str, Any]
    pages: list[PageQuality] = attrs.Factory(list)
    issues: list[Issue] = attrs.Factory(list)
    page_issues: list[Issue] = attrs.Factory(list)

    def add(self, code: str, page: int | None = None, detail: str = "") -> None:
        (self.issues if page is None else self.page_issues).append(issue(code, page, detail))


def check(data: bytes, name: str = "", *, limits: Limits = DEFAULT_LIMITS, budget: Budget | None = None) -> Quality:
    """Check a document. Whatever is wrong with it is part of the result; nothing is raised because of its content.

    Args:
        data: the document as it is stored.
        name: its name, whose extension is compared with the content.
        limits: what it may cost.
        budget: at its end the check stops, and what was found so far is returned as truncated.
    """
    kind = media.sniff(data, name)
    found = _Findings(
        {
            "media_type": kind.media_type,
            "extension_matches": kind.extension_matches,
            "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
    )
    if kind.extension_matches is False:
        found.add("extension_mismatch", detail=f"the content is {kind.media_type}")
    try:
        _check_content(kind.media_type, data, found, limits, budget or Budget())
    except DocumentError as error:
        _refuse(found, error)
    if found.facts.get("truncated"):
        found.add("truncated", detail=f"{len(found.pages)} of {found.facts['page_count']} pages")
    issues = found.issues + found.page_issues
    score, reasons = score_of(issues, len(found.pages))
    return Quality(**found.facts, pages=found.pages, issues=issues, score=score, reasons=reasons)


def _check_content(media_type: str, data: bytes, found: _Findings, limits: Limits, budget: Budget) -> None:
    if not data:
        found.add("empty")
    elif media_type == media.PDF:
        with open_pdf(data, limits) as pdf:
            _check_pdf(pdf, found, limits, budget)
    elif media_type in media.IMAGES:
        _check_image(data, found, limits, budget)
    else:
        _check_text(data, found, limits, budget)


def _refuse(found: _Findings, error: DocumentError) -> None:
    """An error of reading is a finding of the check."""
    found.add(error.code, detail=str(error))
    found.facts |= {"encrypted": error.code == "encrypted", "corrupt": error.code == "corrupt"}


def _check_pdf(pdf: Pdf, found: _Findings, limits: Limits, budget: Budget) -> None:
    damage = pdf.damage
    found.facts |= {
        "page_count": pdf.page_count,
        "encrypted": pdf.is_encrypted,
        "permissions": attrs.asdict(pdf.permissions) if pdf.is_encrypted else None,
        "repaired": bool(damage),
        "has_javascript": pdf.has_javascript,
        "embedded_files": pdf.embedded_files,
    }
    for code, detail in _of_the_file(pdf, damage):
        found.add(code, detail=detail)
    for number in range(1, min(pdf.page_count, limits.max_pages) + 1):
        if budget.is_over:
            break
        try:
            with pdf.page(number) as page:
                _keep(found, check_pdf_page(page, budget))
        except CorruptDocumentError as error:
            blank = pdf.blank_page(number)
            found.pages.append(PageQuality(number=number, width=blank.width, height=blank.height))
            found.add("broken_page", number, str(error))
    found.facts["truncated"] = len(found.pages) < pdf.page_count
    _check_all_pages(found)


def _check_image(data: bytes, found: _Findings, limits: Limits, budget: Budget) -> None:
    reading = read(data, limits=limits, budget=budget)
    found.facts |= {"page_count": reading.page_count, "truncated": reading.truncated}
    for page, picture in zip(reading.pages, frames(data, limits), strict=False):
        if budget.is_over:
            found.facts["truncated"] = True
            break
        _keep(found, check_picture(page, picture))
    _check_all_pages(found)


def _check_text(data: bytes, found: _Findings, limits: Limits, budget: Budget) -> None:
    """A document whose pages do not exist before it is printed."""
    reading = read(data, limits=limits, budget=budget)
    found.facts |= {
        "page_count": reading.page_count,
        "truncated": reading.truncated,
        "embedded_files": len(reading.attachments),
    }
    if not reading.attachments and not any(page.words for page in reading.pages):
        found.add("empty")


def _of_the_file(pdf: Pdf, damage: list[str]) -> Iterator[tuple[str, str]]:
    if damage:
        yield "repaired", ", ".join(damage)
    if pdf.has_javascript:
        yield "javascript", ""
    if pdf.embedded_files:
        yield "embedded_file", f"{pdf.embedded_files} of them"
    if pdf.form == "xfa":
        yield "dynamic_form", ""
    if pdf.is_encrypted and not pdf.permissions.copy:
        yield "restricted", ""


def _keep(found: _Findings, checked: CheckedPage) -> None:
    found.pages.append(checked.quality)
    found.page_issues += checked.issues


def _check_all_pages(found: _Findings) -> None:
    broken = {one.page for one in found.page_issues if one.code == "broken_page"}
    whole = [page for page in found.pages if page.number not in broken]
    if broken and not whole:
        found.facts["corrupt"] = True
        found.add("corrupt", detail="not one of its pages can be parsed")
    elif whole and all(page.kind == "blank" and not page.chars for page in whole):
        found.add("empty", detail="nothing is on its pages")
    sizes = [(page.width, page.height) for page in whole]
    if any(abs(a - b) > SAME_SIZE for size in sizes for a, b in zip(size, sizes[0], strict=True)):
        found.add("mixed_page_sizes")
