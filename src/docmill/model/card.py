"""A job at a glance: as HTML for notebooks, and as a few lines of text for terminals.

Its size is bounded, however many documents the job has, and so is the time to make it. The HTML has no script, and
its colours are such that it can be read on a light page and on a dark one.
"""

import html
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, Protocol

from docmill.model.outcomes import DocumentFailure
from docmill.model.vocabulary import JobStatus

__all__ = ["as_text", "card", "duration"]

RUNNING_SHOWN: Final = 5
FAILURES_SHOWN: Final = 3
LONGEST_NAME: Final = 80
LONGEST_ERROR: Final = 200

# Each at least 3 to 1 against white and against the dark grey of notebooks, and always with a word beside it.
COLOURS: Final = {
    JobStatus.PENDING: "#8a8a8a",
    JobStatus.PROCESSING: "#3b82d0",
    JobStatus.COMPLETED: "#2f9e5b",
    JobStatus.FAILED: "#d9534f",
    JobStatus.CANCELLED: "#b07d2b",
    JobStatus.TIMEOUT: "#d9534f",
}
FAILED: Final = "repeating-linear-gradient(45deg, #d9534f 0 4px, #eba19e 4px 8px)"
FAINT: Final = "opacity:.7"
TRACK: Final = "background:rgba(128,128,128,.25);border-radius:4px;overflow:hidden;display:flex"


class Working(Protocol):
    """What is read of a document at work."""

    @property
    def document_id(self) -> str:
        """Its id."""

    @property
    def attempt(self) -> int:
        """The number of the attempt, from 1."""

    @property
    def fraction(self) -> float | None:
        """How far the processor says it is."""

    @property
    def message(self) -> str:
        """Its words about that."""


class Shown(Protocol):
    """What is read of a job."""

    @property
    def id(self) -> str:
        """The job's id."""

    @property
    def type(self) -> str:
        """The job type."""

    @property
    def status(self) -> JobStatus:
        """Where it is."""

    @property
    def progress(self) -> int:
        """Percent."""

    @property
    def error(self) -> str | None:
        """Why it ended otherwise than well."""

    @property
    def drained(self) -> bool:
        """Whether nothing runs any more."""

    @property
    def started_at(self) -> datetime | None:
        """When it started."""

    @property
    def duration(self) -> float | None:
        """Seconds that it took."""

    @property
    def estimated_time_remaining(self) -> float | None:
        """Seconds left."""

    @property
    def total_documents(self) -> int:
        """How many documents it has."""

    @property
    def processed_documents(self) -> int:
        """How many are settled."""

    @property
    def failed_documents(self) -> int:
        """How many failed."""

    @property
    def running(self) -> Sequence[Working]:
        """The documents at work."""

    @property
    def errors(self) -> Sequence[DocumentFailure]:
        """The documents that failed."""


def duration(seconds: float) -> str:
    """Seconds as a person says them: 4.8 s, 2 min 5 s, 3 h 12 min."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def as_text(job: Shown) -> str:
    """The job in one line, and a line for each of its last failures if it is over."""
    lines = [f"{job.status} {job.progress:3d} % ({_figures(job)})"]
    if job.error:
        lines.append(f"  {_clean(job.error, LONGEST_ERROR)}")
    if job.status.is_terminal:
        lines += [
            f"  {_clean(failure.document_id, LONGEST_NAME)}: {_clean(failure.error, LONGEST_ERROR)}"
            for failure in job.errors[-FAILURES_SHOWN:]
        ]
        left = job.failed_documents - FAILURES_SHOWN
        lines += [f"  and {left:,} more failed"] if left > 0 else []
    return "\n".join(lines)


def card(job: Shown) -> str:
    """The job as a piece of HTML."""
    rows = [_head(job), _bar(job), f'<div style="{FAINT}">{_escape(_figures(job))}</div>']
    if job.error:
        rows.append(f"<div>{_escape(job.error, LONGEST_ERROR)}</div>")
    rows += _running(job)
    rows += _failures(job)
    return (
        '<div style="font-family:system-ui,sans-serif;font-size:13px;line-height:1.5;max-width:44em;padding:.7em 1em;'
        f'border:1px solid rgba(128,128,128,.4);border-radius:8px;color:inherit">{"".join(rows)}</div>'
    )


def _head(job: Shown) -> str:
    return (
        '<div style="display:flex;gap:.7em;align-items:baseline;flex-wrap:wrap">'
        f'<b style="color:{COLOURS[job.status]}">{_escape(job.status)}</b>'
        f"<b>{_escape(job.type)}</b>"
        f'<span style="{FAINT};font-size:85%">{_escape(job.id)}</span></div>'
    )


def _bar(job: Shown) -> str:
    total = job.total_documents
    failed = 100 * job.failed_documents / total
    ok = 100 * (job.processed_documents - job.failed_documents) / total
    return (
        f'<div role="progressbar" aria-label="documents" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{job.progress}" style="{TRACK};height:10px;margin:.4em 0">'
        f'<div style="width:{ok:.2f}%;background:{COLOURS[JobStatus.COMPLETED]}"></div>'
        f'<div style="width:{failed:.2f}%;background:{FAILED}"></div></div>'
    )


def _figures(job: Shown) -> str:
    parts = [f"{job.processed_documents:,} of {job.total_documents:,} documents"]
    if job.failed_documents:
        parts.append(f"{job.failed_documents:,} failed")
    if job.duration is not None:
        parts.append(f"took {duration(job.duration)}")
    elif job.estimated_time_remaining is not None:
        parts.append(f"about {duration(job.estimated_time_remaining)} left")
    if job.status.is_terminal and not job.drained:
        parts.append("running attempts are ending")
    return ", ".join(parts)


def _running(job: Shown) -> Iterator[str]:
    running = job.running
    for document in running[:RUNNING_SHOWN]:
        again = f"attempt {document.attempt}" if document.attempt > 1 else ""
        words = ", ".join(filter(None, [again, document.message]))
        percent = 0 if document.fraction is None else round(100 * min(max(document.fraction, 0.0), 1.0))
        inner = (
            ""
            if document.fraction is None
            else f'<span role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{percent}" '
            f'aria-label="inside of the document" style="{TRACK};width:8em;height:6px">'
            f'<span style="width:{percent}%;background:{COLOURS[JobStatus.PROCESSING]}"></span></span>'
        )
        yield (
            '<div style="display:flex;gap:.7em;align-items:center;flex-wrap:wrap">'
            f"<span>{_escape(document.document_id, LONGEST_NAME)}</span>{inner}"
            f'<span style="{FAINT}">{_escape(words, LONGEST_NAME)}</span></div>'
        )
    if len(running) > RUNNING_SHOWN:
        yield f'<div style="{FAINT}">and {len(running) - RUNNING_SHOWN:,} more at work</div>'


def _failures(job: Shown) -> Iterator[str]:
    if not job.failed_documents:
        return
    for failure in job.errors[-FAILURES_SHOWN:]:
        yield (
            f'<div><span style="color:{COLOURS[JobStatus.FAILED]}">failed</span> '
            f"{_escape(failure.document_id, LONGEST_NAME)} "
            f'<span style="{FAINT}">{_escape(failure.code)}: {_escape(failure.error, LONGEST_ERROR)}</span></div>'
        )
    if job.failed_documents > FAILURES_SHOWN:
        yield f'<div style="{FAINT}">and {job.failed_documents - FAILURES_SHOWN:,} that failed before</div>'


def _escape(text: str, longest: int = LONGEST_NAME) -> str:
    # In a bdi, so that a text that turns the direction of writing turns only itself.
    return f"<bdi>{html.escape(_clean(text, longest))}</bdi>"


def _clean(text: str, longest: int) -> str:
    """The text, cut, with every character that is not to be seen as its escape, and fit for UTF-8."""
    cut = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in cut
    )
