"""One figure for a document, and why it is what it is."""

from collections import Counter
from collections.abc import Iterable
from math import ceil

from docmill.documents.findings import Issue
from docmill.documents.quality.issues import ISSUES
from docmill.documents.quality.results import Reason

__all__ = ["score_of"]

FULL = 100


def score_of(issues: Iterable[Issue], pages: int) -> tuple[int, list[Reason]]:
    """Score a document by its issues.

    An issue of pages costs in proportion to how many of the pages have it, and at least one point.

    Args:
        issues: of the document and of its pages.
        pages: how many were looked at.

    Returns:
        The score, 0 to 100, and the reasons, the dearest first. Their points and the score add up to 100: what would
        take the score below 0 costs only what is left, and is left out once nothing is.
    """
    affected = Counter({(one.code, one.page is None): 0 for one in issues})
    affected.update((one.code, one.page is None) for one in issues)
    costs = [_cost(code, count, None if whole else pages) for (code, whole), count in affected.items()]
    score, reasons = FULL, []
    for points, code, message in sorted(costs, key=lambda cost: -cost[0]):
        points = min(points, score)
        if points:
            reasons.append(Reason(-points, code, message))
            score -= points
    return score, reasons


def _cost(code: str, count: int, pages: int | None) -> tuple[int, str, str]:
    kind = ISSUES[code]
    if pages is None or pages <= 1:
        return kind.points, code, kind.meaning
    count = min(count, pages)
    return ceil(kind.points * count / pages), code, f"{count} of {pages} pages: {kind.meaning}"
