"""The section of one document: what was found in it, what does not add up, how good it is, and its pages."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from docmill.documents.report.gallery import Picture
from docmill.documents.report.markup import Child, Markup, bidi, element
from docmill.documents.report.plates import Frame, frames_of, plates
from docmill.documents.report.shapes import dicts_of, number_of, text_of, whole_of
from docmill.documents.report.view import LINE_PARTS, Entry, Found, Reason, field_label

__all__ = ["badge", "section"]

MAX_ROWS = 100
"""Rows of one table of a document, and pages of its quality."""

MAX_COLUMNS = 20
"""Cells of one row."""

SOURCES = {"embedded": "XML", "text": "Text", "ocr": "OCR", "llm": "LLM"}

SEVERITY_NAMES = {"error": "Error", "warning": "Warning", "info": "Note"}

MEDIA_TYPES = {
    "application/pdf": "PDF",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word document",
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/tiff": "TIFF",
}


def section(entry: Entry, pictures: Sequence[Picture]) -> Markup:
    """Everything about one document."""
    if entry.error is not None:
        return _failed(entry)
    frames = frames_of(entry, pictures)
    details = element(
        "div",
        _anomalies(entry, frames),
        _fields(entry.fields, frames),
        _lines(entry.lines, frames),
        _tables(entry.tables),
        _quality(entry),
        class_="details",
    )
    pages = plates(entry, pictures, frames) if pictures else None
    return element(
        "article", _head(entry), element("div", details, pages, class_="columns" if pages else None), id=entry.anchor
    )


def badge(severity: str) -> Markup:
    """How bad something is, in a word and a colour."""
    return element("span", SEVERITY_NAMES[severity], class_=f"badge {severity}")


def _head(entry: Entry) -> Markup:
    pages = entry.page_count
    facts = [
        MEDIA_TYPES.get(entry.media_type or "", entry.media_type),
        None if pages is None else f"{pages:,} page" + ("s" if pages != 1 else ""),
        "cut short by a limit" if entry.truncated else None,
    ]
    words = " · ".join(fact for fact in facts if fact)
    return element("header", element("h2", bidi(entry.document_id)), element("p", words, class_="quiet"))


def _failed(entry: Entry) -> Markup:
    return element(
        "article",
        element("header", element("h2", bidi(entry.document_id)), element("p", "not processed", class_="quiet")),
        element("p", badge("error"), " ", bidi(entry.error or ""), class_="failure"),
        id=entry.anchor,
    )


def _anomalies(entry: Entry, frames: Mapping[str, Frame]) -> Markup | None:
    if entry.anomalies is None:
        return None
    if not entry.anomalies:
        return element("p", "Nothing in its content contradicts itself.", class_="calm")
    items = [
        element(
            "li",
            element("p", badge(anomaly.severity), " ", bidi(anomaly.message), " ", element("code", anomaly.code)),
            element("ul", [_evidence(found, frames) for found in anomaly.evidence], class_="evidence")
            if anomaly.evidence
            else None,
        )
        for anomaly in entry.anomalies
    ]
    return _part("Anomalies", element("ul", items, class_="concerns"))


def _evidence(found: Found, frames: Mapping[str, Frame]) -> Markup:
    return element("li", element("span", found.label), " ", _value(found, frames), id=found.key, data_key=found.key)


def _value(found: Found, frames: Mapping[str, Frame]) -> Markup:
    """A value, which leads to its frame if there is one."""
    frame = frames.get(found.key)
    return bidi(found.value) if frame is None else element("a", bidi(found.value), href=f"#{frame.anchor}")


def _fields(fields: Iterable[Found], frames: Mapping[str, Frame]) -> Markup | None:
    rows = [
        element(
            "tr",
            element("th", found.label, scope="row"),
            element("td", _value(found, frames), _printed(found), _check(found)),
            element("td", _confidence(found)),
            element("td", SOURCES.get(found.source or "", found.source), class_="quiet"),
            id=found.key,
            data_key=found.key,
            class_=found.group,
        )
        for found in fields
    ]
    return _part("Values", _table(("Field", "Value", "Confidence", "Source"), rows, "fields")) if rows else None


def _printed(found: Found) -> Markup | None:
    return None if found.raw is None else element("small", bidi(found.raw), title="as it stands in the document")


def _check(found: Found) -> Markup | None:
    if found.valid is None:
        return None
    words = "check digits right" if found.valid else "check digits wrong"
    return element("small", words, class_="good" if found.valid else "bad")


def _confidence(found: Found) -> Markup | None:
    if found.confidence is None:
        return None
    percent = f"{found.confidence * 100:.0f}"
    return element("span", f"{percent} %", class_="meter", style=f"--share:{percent}%")


def _lines(lines: Sequence[Mapping[str, Found]], frames: Mapping[str, Frame]) -> Markup | None:
    rows = [element("tr", [_cell(line.get(part), frames) for part in LINE_PARTS]) for line in lines]
    return _part("Line items", _table([field_label(part) for part in LINE_PARTS], rows, "lines")) if rows else None


def _cell(found: Found | None, frames: Mapping[str, Frame]) -> Markup:
    if found is None:
        return element("td")
    return element("td", _value(found, frames), id=found.key, data_key=found.key, class_="line")


def _tables(tables: Sequence[Mapping[str, Any]]) -> Markup | None:
    folded = [
        element(
            "details",
            element("summary", f"Table {number}", _on_page(whole_of(table.get("page")))),
            element("div", element("table", element("tbody", _rows(table.get("rows")))), class_="wide"),
        )
        for number, table in enumerate(tables, start=1)
    ]
    return _part("Tables", folded) if folded else None


def _rows(rows: object) -> list[Markup]:
    if not isinstance(rows, list):
        return []
    cells = [row[:MAX_COLUMNS] for row in rows[:MAX_ROWS] if isinstance(row, list)]
    return [element("tr", [element("td", bidi(text_of(cell) or "")) for cell in row]) for row in cells]


def _quality(entry: Entry) -> Markup | None:
    pages = list(islice(dicts_of(entry.quality.get("pages"), MAX_ROWS), MAX_ROWS))
    if entry.score is None and not entry.issues and not pages:
        return None
    score = None
    if entry.score is not None:
        figure = f"{entry.score:.0f}"
        score = element(
            "p", element("strong", figure, class_="score", style=f"--share:{figure}%"), " of 100", class_="quiet"
        )
    return _part(
        "Quality",
        score,
        _issues(entry),
        _page_qualities(pages) if pages else None,
    )


def _issues(entry: Entry) -> Markup | None:
    """Each issue, the first one of a kind with what that cost, and what else cost something."""
    reasons = {reason.code: reason for reason in entry.reasons}
    items = [
        element(
            "li",
            element(
                "p", badge(issue.severity), " ", bidi(issue.message), _on_page(issue.page), _cost(issue.code, reasons)
            ),
        )
        for issue in entry.issues
    ]
    items += [
        element("li", element("p", bidi(reason.message), _cost(reason.code, reasons)))
        for reason in list(reasons.values())
    ]
    return element("ul", items, class_="concerns") if items else None


def _cost(code: str, reasons: dict[str, Reason]) -> list[Child]:
    reason = reasons.pop(code, None)
    points = None if reason is None or reason.points is None else f" {reason.points:+.0f}"
    return [" ", element("code", code, points)]


def _on_page(page: int | None) -> Markup | None:
    return None if page is None else element("span", f" page {page}", class_="quiet")


def _page_qualities(pages: Iterable[Mapping[str, Any]]) -> Markup:
    rows = [
        element(
            "tr",
            element("td", _number(page.get("number"))),
            element("td", (text_of(page.get("kind")) or "").replace("_", " ")),
            element("td", f"{_number(page.get('width'))} \u00d7 {_number(page.get('height'))} pt"),
            element("td", _number(page.get("effective_dpi"))),
            element("td", _number(page.get("skew"), 2, "°")),
            element("td", _number(page.get("ocr_readiness"), 2)),
        )
        for page in pages
    ]
    heads = ("Page", "Kind", "Size", "DPI", "Skew", "Ready for OCR")
    return element("details", element("summary", "Pages in figures"), _table(heads, rows, "figures"))


def _number(data: object, places: int = 0, unit: str = "") -> str:
    number = number_of(data)
    return "" if number is None else f"{number:.{places}f}{unit}"


def _part(title: str, *children: Child) -> Markup:
    return element("section", element("h3", title), children)


def _table(heads: Sequence[str], rows: Sequence[Markup], class_: str) -> Markup:
    head = element("thead", element("tr", [element("th", name, scope="col") for name in heads]))
    return element("div", element("table", head, element("tbody", rows), class_=class_), class_="wide")
