"""A picture of where a job's time went."""

from collections.abc import Iterable
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import attrs

from docmill.model import Job, Outcome

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_timeline"]

OK: Final = "#2f9e5b"
AGAIN: Final = "#d99a1c"
FAILED: Final = "#d9534f"
RUNNING: Final = "#3b82d0"
LANE: Final = 0.8
THINNEST: Final = 0.004
"""Of the whole width: a document that took no time at all is still to be seen."""
BINS: Final = 200


@attrs.frozen
class Span:
    """One document: from the start of its first attempt to its settlement, in seconds since the job was created."""

    begin: float
    end: float
    attempts: int
    kind: str


def plot_timeline(job: Job, ax: "Axes | None" = None, *, max_bars: int = 500) -> "Axes":
    """Draw the documents of a job as bars over time, in as many rows as were under way at once.

    A bar goes from the start of a document's first attempt to its settlement, waits between attempts included: when
    the attempts between began and ended is not kept. Documents that took more than one attempt are of another colour,
    and say how many; failed ones are hatched, and those still at work outlined. The grey part at the left is how long
    the job waited for its turn.

    A job of more than ``max_bars`` documents is drawn as the number of documents at work, with the failures as a
    second, red area. Needs matplotlib (extra ``plot``).

    Args:
        job: the job, finished or not.
        ax: where to draw; new axes if left out.
        max_bars: the most documents that get a bar each, 1 or more.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed.
    """
    try:
        from matplotlib import pyplot as plt
        from matplotlib.patches import Patch
    except ImportError as error:
        raise ImportError("plot_timeline needs matplotlib: pip install 'docmill[plot]'") from error
    if ax is None:
        _, ax = plt.subplots(figsize=(9, 3.5), layout="constrained")
    spans = sorted(_spans(job), key=lambda span: span.begin)
    if len(spans) > max_bars:
        kinds = _draw_load(ax, spans)
    else:
        kinds = _draw_bars(ax, spans)
    if job.started_at is not None and (waited := _since(job, job.started_at)) > 0:
        ax.axvspan(0, waited, linewidth=0, **_STYLES["waiting for its turn"])
        kinds.add("waiting for its turn")
    ax.set_xlim(left=0)
    ax.set_xlabel("seconds since the job was created")
    ax.set_title(
        f"{job.type}: {job.processed_documents:,} of {job.total_documents:,} documents, "
        f"{job.failed_documents:,} failed, {job.status}",
        fontsize="medium",
    )
    if kinds:
        ax.legend(
            handles=[Patch(label=kind, **_STYLES[kind]) for kind in _STYLES if kind in kinds],
            loc="upper left",
            bbox_to_anchor=(1, 1),
        )
    return ax


_STYLES: Final[dict[str, dict[str, Any]]] = {
    "ok": {"facecolor": OK},
    "ok, more than one attempt": {"facecolor": AGAIN},
    "failed": {"facecolor": FAILED, "hatch": "////", "edgecolor": "white"},
    "waiting for its turn": {"facecolor": "#808080", "alpha": 0.25},
    "at work": {"facecolor": "none", "edgecolor": RUNNING, "linestyle": "--"},
}


def _spans(job: Job) -> Iterable[Span]:
    latest = 0.0
    for outcome in chain[Outcome](job.results, job.errors):
        end = _since(job, outcome.timestamp)
        latest = max(latest, end)
        yield Span(end - outcome.processing_time, end, outcome.attempts, _kind(outcome))
    for document in job.running:
        begin = _since(job, document.started_at)
        # A snapshot does not say when it was taken, but it was after all that it knows.
        yield Span(begin, max(latest, begin), document.attempt, "at work")


def _kind(outcome: Outcome) -> str:
    if not outcome.success:
        return "failed"
    return "ok" if outcome.attempts == 1 else "ok, more than one attempt"


def _since(job: Job, moment: datetime) -> float:
    return (moment - job.created_at).total_seconds()


def _draw_bars(ax: "Axes", spans: list[Span]) -> set[str]:
    """A bar for each document, in the first row that is free when it begins."""
    free: list[float] = []
    least = THINNEST * max((span.end for span in spans), default=0.0)
    for span in spans:
        row = next((row for row, end in enumerate(free) if end <= span.begin), len(free))
        free[row : row + 1] = [span.end]
        ax.broken_barh(
            [(span.begin, max(span.end - span.begin, least))], (row, LANE), linewidth=0.8, **_STYLES[span.kind]
        )
        if span.attempts > 1:
            ax.text(span.begin, row + LANE / 2, f" {span.attempts}x", va="center", fontsize="small", clip_on=True)
    ax.set_ylabel("documents under way")
    ax.set_yticks([row + LANE / 2 for row in range(len(free))], [str(row + 1) for row in range(len(free))])
    return {span.kind for span in spans}


def _draw_load(ax: "Axes", spans: list[Span]) -> set[str]:
    """How many documents are at work over time, and how many of them are to fail."""
    import numpy as np

    width = max(span.end for span in spans) or 1.0
    edges = np.linspace(0.0, width, BINS + 1)

    def at_work(chosen: list[Span]) -> Any:
        busy = np.zeros(BINS)
        for bound, sign in (("begin", 1.0), ("end", -1.0)):
            moments = np.array([getattr(span, bound) for span in chosen])
            # The seconds of each bin that lie after a moment, summed over all moments.
            where = np.clip(np.searchsorted(edges, moments, side="right") - 1, 0, BINS - 1)
            counts = np.bincount(where, minlength=BINS)
            partly = np.bincount(where, weights=edges[where + 1] - moments, minlength=BINS)
            before = np.concatenate([[0.0], np.cumsum(counts)[:-1]])
            busy += sign * (before * (edges[1] - edges[0]) + partly)
        return busy / (edges[1] - edges[0])

    middle = (edges[:-1] + edges[1:]) / 2
    failed = [span for span in spans if span.kind == "failed"]
    ax.fill_between(middle, at_work(spans), step="mid", color=OK, linewidth=0)
    if failed:
        ax.fill_between(middle, at_work(failed), step="mid", color=FAILED, linewidth=0)
    ax.set_ylabel("documents under way")
    ax.set_ylim(bottom=0)
    return {"ok", "failed"} if failed else {"ok"}
