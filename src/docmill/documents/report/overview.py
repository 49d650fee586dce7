"""The top of a report: counts, totals, what stands out, and a table of all documents."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from docmill.documents.report.markup import Child, Markup, bidi, element
from docmill.documents.report.sections import badge
from docmill.documents.report.shapes import dicts_of, mapping_of, number_of, text_of, whole_of
from docmill.documents.report.view import Concern, Entry, field_label, shown_amount

__all__ = ["overview"]

MAX_ITEMS = 200
"""Findings that are listed at the top; all of them stand with their documents."""

MAX_OF_ONE = 3
"""Anomalies of one document at the top."""

MAX_IDS = 20
"""Documents of one finding."""


def overview(entries: Sequence[Entry], summary: Mapping[str, Any]) -> Markup:
    """What there is to see before one looks at a single document.

    Args:
        entries: the documents that have a section.
        summary: of the whole batch, as `docmill.documents.batch.summarise` makes it.
    """
    findings = [*_found_in(entries), *_across(summary, {entry.document_id: entry.anchor for entry in entries})]
    return element(
        "section",
        _tiles(summary, sum(len(entry.anomalies or ()) for entry in entries)),
        element("section", element("h2", "What stands out"), element("ul", findings[:MAX_ITEMS], class_="findings"))
        if findings
        else None,
        _contents(entries),
        class_="overview",
    )


def _tiles(summary: Mapping[str, Any], anomalies: int) -> Markup:
    tiles = [
        _tile("documents", f"{whole_of(summary.get('documents')) or 0:,}"),
        _tile("processed", f"{whole_of(summary.get('succeeded')) or 0:,}"),
        _tile("failed", f"{whole_of(summary.get('failed')) or 0:,}", "bad" if summary.get("failed") else None),
        _tile("anomalies", f"{anomalies:,}", "bad" if anomalies else None),
    ]
    mean = number_of(mapping_of(summary, "quality").get("mean"))
    if mean is not None:
        tiles.append(_tile("mean quality", f"{mean:.0f}"))
    for currency, total in list(mapping_of(summary, "totals").items())[:8]:
        gross = text_of(mapping_of(total).get("gross"))
        if gross is not None:
            tiles.append(_tile(f"{currency} in total", shown_amount(gross)))
    return element("dl", tiles, class_="tiles")


def _tile(name: str, figure: str, class_: str | None = None) -> Markup:
    return element("div", element("dt", name), element("dd", figure, class_=class_))


def _found_in(entries: Iterable[Entry]) -> Iterator[Markup]:
    for entry in entries:
        anomalies = entry.anomalies or ()
        link = element("a", bidi(entry.document_id), href=f"#{entry.anchor}")
        for anomaly in anomalies[:MAX_OF_ONE]:
            yield _finding(anomaly, link)
        if len(anomalies) > MAX_OF_ONE:
            more = f"And {len(anomalies) - MAX_OF_ONE} more."
            yield _finding(Concern(code="more", severity="info", message=more), link)


def _finding(concern: Concern, *documents: Child) -> Markup:
    return element("li", badge(concern.severity), element("span", documents), bidi(concern.message))


def _across(summary: Mapping[str, Any], anchors: Mapping[str, str]) -> Iterator[Markup]:
    """What only shows when documents are held against each other."""
    duplicates = mapping_of(summary, "duplicates")
    exact = duplicates.get("exact")
    for ids in exact[:MAX_ITEMS] if isinstance(exact, list) else ():
        yield _group("The same file, several times.", "duplicate_exact", ids, anchors)
    for group in dicts_of(duplicates.get("near"), MAX_ITEMS):
        yield _group("Nearly the same text.", "duplicate_near", group.get("ids"), anchors)
    for conflict in dicts_of(summary.get("conflicting_invoices"), MAX_ITEMS):
        ids = [document.get("document_id") for document in dicts_of(conflict.get("documents"), MAX_IDS)]
        number, seller = text_of(conflict.get("invoice_number")) or "", text_of(conflict.get("seller")) or ""
        yield _group(f"Invoice {number} of {seller} has different totals.", "conflicting_invoices", ids, anchors)
    for outlier in dicts_of(summary.get("outliers"), MAX_ITEMS):
        words = "{currency} {gross_total} is far from the median of {seller}, {median}.".format_map(
            {name: text_of(outlier.get(name)) or "?" for name in ("currency", "gross_total", "seller", "median")}
        )
        yield _group(words, "outlier", [outlier.get("document_id")], anchors)


def _group(message: str, code: str, ids: object, anchors: Mapping[str, str]) -> Markup:
    names = [name for name in (ids if isinstance(ids, list) else []) if isinstance(name, str)][:MAX_IDS]
    links: list[Child] = []
    for name in names:
        links += [", "] if links else []
        links.append(element("a", bidi(name), href=f"#{anchors[name]}") if name in anchors else bidi(name))
    return _finding(Concern(code=code, severity="warning", message=message), links)


def _contents(entries: Iterable[Entry]) -> Markup:
    heads = ("Document", "Type", "Seller", "Number", "Issued", "Gross", "Quality", "Anomalies")
    head = element("thead", element("tr", [element("th", name, scope="col") for name in heads]))
    table = element("table", head, element("tbody", [_row(entry) for entry in entries]), class_="contents")
    return element("section", element("h2", "Documents"), element("div", table, class_="wide"))


def _row(entry: Entry) -> Markup:
    name = element("th", element("a", bidi(entry.document_id), href=f"#{entry.anchor}"), scope="row")
    if entry.error is not None:
        return element("tr", name, element("td", badge("error"), " ", bidi(entry.error), colspan=7), class_="failed")
    kind = entry.get("document_type")
    gross = " ".join(part for part in (entry.get("currency"), entry.get("gross_total")) if part)
    count = len(entry.anomalies or ())
    return element(
        "tr",
        name,
        element("td", field_label(kind) if kind else None),
        [element("td", bidi(entry.get(field) or "")) for field in ("seller_name", "invoice_number", "issue_date")],
        element("td", bidi(gross), class_="figure"),
        element("td", None if entry.score is None else f"{entry.score:.0f}", class_="figure"),
        element("td", f"{count}" if count else None, class_="figure bad"),
    )
