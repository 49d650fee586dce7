"""The summary of a batch, as JSON: counts, totals, and what only shows across documents."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from statistics import fmean
from typing import Any, TypeVar

from docmill.documents.batch.duplicates import exact_duplicates, near_duplicates
from docmill.documents.batch.facts import Facts, facts_of
from docmill.documents.batch.sellers import Outlier, by_seller, conflicting_invoices, outliers

__all__ = ["summarise"]

MAX_NAMES = 200
"""Different keys of one table of counts."""

MAX_GROUPS = 500
"""Entries of one list."""

MAX_IDS = 50
"""Documents of one entry."""

MAX_TEXT = 200
"""Characters of a name or a number that was read from a document."""

Item = TypeVar("Item")


def summarise(results: Sequence[tuple[str, object]], failures: Sequence[tuple[str, str, str]] = ()) -> dict[str, Any]:
    """Look at a batch as a whole.

    Args:
        results: (document id, result data) of each document that succeeded. Of the data it reads ``extraction``,
            ``quality`` (``score`` and ``issues``), ``anomalies`` and ``fingerprint``; what is not there is left out.
        failures: (document id, code, error) of each that failed.

    Returns:
        What JSON can carry, a few megabytes at most however large the batch is:

        - ``documents``, ``succeeded``, ``failed``: counts; ``failures``: how many by code;
        - ``document_types``, ``languages``, ``currencies``, ``issues``, ``anomalies``: how many by name. Issues and
          anomalies count documents, not findings;
        - ``totals``: by currency, {"documents", "net", "tax", "gross"}, decimal strings; credit notes are subtracted;
        - ``quality``: {"documents", "mean", "lowest": {"document_id", "score"}}, or None without scores;
        - ``sellers``: [{"seller", "documents", "gross": {currency: decimal string}}], those with most documents first;
        - ``duplicates``: {"exact": [[document id, ...]], "near": [{"ids", "similarity"}]};
        - ``conflicting_invoices``: [{"seller", "invoice_number", "documents": [{"document_id", "gross_total",
          "currency"}]}]: the same seller and number, but different totals;
        - ``outliers``: [{"document_id", "seller", "currency", "gross_total", "median", "deviation"}], by deviation;
        - ``cut``: how many entries were left out to keep it small, by the name of the list; empty if none were.
    """
    documents = [facts_of(document_id, data) for document_id, data in results]
    sellers = by_seller(documents)
    cut = _Cut()
    return {
        "documents": len(results) + len(failures),
        "succeeded": len(results),
        "failed": len(failures),
        "failures": cut.counts("failures", (code for _, code, _ in failures)),
        "document_types": cut.counts("document_types", (each.document_type for each in documents)),
        "languages": cut.counts("languages", (each.language for each in documents)),
        "currencies": cut.counts("currencies", (each.currency for each in documents)),
        "totals": _totals(cut, documents),
        "quality": _quality(documents),
        "issues": cut.counts("issues", (code for each in documents for code in set(each.issues))),
        "anomalies": cut.counts("anomalies", (code for each in documents for code in set(each.anomalies))),
        "sellers": _sellers(cut, sellers),
        "duplicates": {
            "exact": [
                cut.items("duplicates.exact.ids", ids, MAX_IDS)
                for ids in cut.items("duplicates.exact", exact_duplicates(documents))
            ],
            "near": [
                {"ids": cut.items("duplicates.near.ids", group.ids, MAX_IDS), "similarity": round(group.similarity, 3)}
                for group in cut.items("duplicates.near", near_duplicates(documents))
            ],
        },
        "conflicting_invoices": [
            _conflict(cut, group) for group in cut.items("conflicting_invoices", conflicting_invoices(sellers))
        ],
        "outliers": [
            _outlier(each)
            for each in cut.items("outliers", sorted(outliers(sellers), key=lambda each: -each.deviation))
        ],
        "cut": cut.left_out,
    }


class _Cut:
    """Keeps lists short, and remembers what was left out."""

    def __init__(self) -> None:
        self.left_out: dict[str, int] = {}

    def items(self, name: str, items: Sequence[Item], limit: int = MAX_GROUPS) -> Sequence[Item]:
        """The first items, up to the limit."""
        if len(items) > limit:
            self.left_out[name] = self.left_out.get(name, 0) + len(items) - limit
        return items[:limit]

    def counts(self, name: str, keys: Iterable[str | None]) -> dict[str, int]:
        """How often each key is there, the most frequent first; None is not counted."""
        counted = Counter(_short(key) for key in keys if key is not None).most_common()
        return dict(self.items(name, counted, MAX_NAMES))


def _short(text: str) -> str:
    """Bounded, and without unpaired surrogates, which JSON in UTF-8 cannot carry."""
    return text[:MAX_TEXT].encode("utf-8", "replace").decode("utf-8")


def _plain(amount: Decimal) -> str:
    """Without an exponent, to two places at least."""
    places = max(2, -int(amount.as_tuple().exponent))
    return f"{amount:.{places}f}"


def _by_currency(documents: Iterable[Facts]) -> dict[str, list[Facts]]:
    groups: dict[str, list[Facts]] = {}
    for document in documents:
        if document.currency is not None:
            groups.setdefault(document.currency, []).append(document)
    return dict(sorted(groups.items(), key=lambda group: -len(group[1])))


def _sum(documents: Iterable[Facts], amount_of: Callable[[Facts], Decimal | None]) -> str:
    total = Decimal(0)
    for document in documents:
        amount = amount_of(document) or Decimal(0)
        total += -abs(amount) if document.document_type == "credit_note" else amount
    return _plain(total)


def _totals(cut: _Cut, documents: Sequence[Facts]) -> dict[str, dict[str, Any]]:
    groups = _by_currency(each for each in documents if (each.net, each.tax, each.gross) != (None, None, None))
    return {
        _short(currency): {
            "documents": len(group),
            "net": _sum(group, lambda each: each.net),
            "tax": _sum(group, lambda each: each.tax),
            "gross": _sum(group, lambda each: each.gross),
        }
        for currency, group in cut.items("totals", list(groups.items()), MAX_NAMES)
    }


def _quality(documents: Sequence[Facts]) -> dict[str, Any] | None:
    scores = [(each.score, each.document_id) for each in documents if each.score is not None]
    if not scores:
        return None
    lowest, document_id = min(scores, key=lambda scored: scored[0])
    return {
        "documents": len(scores),
        "mean": round(fmean(score for score, _ in scores), 1),
        "lowest": {"document_id": document_id, "score": lowest},
    }


def _sellers(cut: _Cut, sellers: dict[str, list[Facts]]) -> list[dict[str, Any]]:
    busiest_first = sorted(sellers.values(), key=lambda documents: -len(documents))
    return [
        {
            "seller": _name(documents),
            "documents": len(documents),
            "gross": {
                _short(currency): _sum(group, lambda each: each.gross)
                for currency, group in cut.items("sellers.gross", list(_by_currency(documents).items()), MAX_NAMES)
            },
        }
        for documents in cut.items("sellers", busiest_first)
    ]


def _name(documents: Sequence[Facts]) -> str:
    """What to call their seller: the name that most of them give, or else the VAT id."""
    names = Counter(each.seller_name for each in documents if each.seller_name is not None)
    return _short(names.most_common(1)[0][0] if names else documents[0].seller_vat or "")


def _conflict(cut: _Cut, group: Sequence[Facts]) -> dict[str, Any]:
    return {
        "seller": _name(group),
        "invoice_number": _short(group[0].number or ""),
        "documents": [
            {
                "document_id": each.document_id,
                "gross_total": _plain(each.gross or Decimal(0)),
                "currency": each.currency,
            }
            for each in cut.items("conflicting_invoices.documents", group, MAX_IDS)
        ],
    }


def _outlier(outlier: Outlier) -> dict[str, Any]:
    return {
        "document_id": outlier.document.document_id,
        "seller": _name([outlier.document]),
        "currency": outlier.document.currency,
        "gross_total": _plain(outlier.amount),
        "median": _plain(outlier.median),
        "deviation": round(outlier.deviation, 2),
    }
