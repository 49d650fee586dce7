"""What listeners are to hear of a job, and when."""

from collections.abc import Container, Iterator
from heapq import merge
from math import inf
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from docmill.core.estimate import percent, settled_at_percent
from docmill.events import (
    DocumentCompleted,
    DocumentFailed,
    DocumentProgress,
    JobCancelled,
    JobCompleted,
    JobEvent,
    JobFailed,
    JobStarted,
    Progress,
    TerminalEvent,
)
from docmill.model import JobStatus, Mark, Outcome, Rows

if TYPE_CHECKING:
    from docmill.core.job import JobMachine

__all__ = ["INTERVAL", "Herald"]

INTERVAL: Final = 0.1
"""Seconds for which a change may stay untold, and for which reports from inside documents are gathered."""


class Herald:
    """Turns what has happened to one job into the events that listeners hear.

    Progress is told when the percent has changed, or INTERVAL after the last one; then the terminal event,
    once, and nothing after it. Of the other events, one that nobody listens to is not made and has no number.

    Attributes:
        terminal: the job's last event, once it was told.
    """

    def __init__(self, job: "JobMachine") -> None:
        self._job = job
        self._seq = 0
        self._settled = 0
        self._percent = 0
        self._ok = 0
        self._failed = 0
        self._started = False
        self.terminal: TerminalEvent | None = None
        self._next_progress = inf
        self._next_report = -inf
        self._quiet = True
        self._asked = False

    @property
    def next_alarm(self) -> float:
        """When ``tick`` has something to do; infinity if never, or if it is only ``news`` that has."""
        if self._asked:
            return inf
        progress = inf if self._quiet else self._next_progress
        return min(progress, self._next_report) if self._job.reports else progress

    def resume(self, mark: Mark, now: float, *, told: bool) -> None:
        """Begin where another life of the process has left off, in which all of ``mark`` could be seen."""
        self._started = mark.started is not None
        self._settled = mark.ok + mark.failed
        self._percent = percent(self._settled, self._job.total)
        self._ok, self._failed = mark.ok, mark.failed
        if told:
            self.terminal = self._terminal(mark, now)

    def tick(self, now: float) -> None:
        """See that a change does not stay untold, and that the one after a quiet time is told at once."""
        if self._job.reports and now >= self._next_report:
            self._ask()
        if not self._quiet and now >= self._next_progress:
            if self._job.total - self._job.left != self._settled:
                self._ask()
            else:
                self._quiet = True
                self._job.notable = self._job.total

    def _ask(self) -> None:
        self._asked = True
        self._job.changed()

    def reported(self, now: float) -> None:
        """A processor has said how far it is with a document."""
        if now >= self._next_report:
            self._job.changed()
        else:
            self._job.arm(self._next_report)

    def follow(self) -> None:
        """Tell of every single document that settles from now on, and of none that settled before."""
        visible = self._job.visible
        self._ok, self._failed = visible.ok, visible.failed
        self._job.notable = self._job.total

    def news(self, mark: Mark, now: float, heard: Container[str]) -> Iterator[JobEvent]:
        """The events that bring listeners from what they know to what ``mark`` shows.

        Args:
            mark: what may be told.
            now: seconds on the monotonic clock.
            heard: the names of the events that somebody listens to.
        """
        self._asked = False
        if self.terminal is not None:
            return
        job = self._job
        settled_mark = mark if mark.completed is None or job.before is None else job.before
        if mark.started is not None and not self._started:
            self._started = True
            self._pause_until(mark.started + INTERVAL)
            if JobStarted.name in heard:
                yield JobStarted(**self._head(now), total_documents=job.total)
        if DocumentCompleted.name in heard or DocumentFailed.name in heard:
            yield from self._documents(settled_mark, now, heard)
        else:
            self._ok, self._failed = settled_mark.ok, settled_mark.failed
        if job.reports:
            yield from self._reports(now, heard)
        if self._progress_is_due(settled_mark, now, final=mark.completed is not None):
            self._settled = settled_mark.ok + settled_mark.failed
            self._percent = percent(self._settled, job.total)
            self._pause_until(now + INTERVAL)
            if Progress.name in heard:
                yield self._progress(settled_mark, now)
        if mark.completed is not None:
            self.terminal = self._terminal(mark if job.decision is None else job.decision, now)
            yield self.terminal
            return
        if job.exact or self._quiet:
            job.notable = job.total
        else:
            job.notable = job.total - settled_at_percent(self._percent + 1, job.total)
        job.arm(self.next_alarm)

    def _head(self, now: float) -> dict[str, Any]:
        self._seq += 1
        ledger = self._job.ledger
        return {"job_id": ledger.id, "owner": ledger.owner, "seq": self._seq, "timestamp": ledger.wall(now)}

    def _pause_until(self, moment: float) -> None:
        self._next_progress = moment
        self._quiet = False

    def _progress_is_due(self, mark: Mark, now: float, *, final: bool) -> bool:
        settled = mark.ok + mark.failed
        if settled == self._settled:
            return False
        return final or now >= self._next_progress or percent(settled, self._job.total) != self._percent

    def _progress(self, mark: Mark, now: float) -> Progress:
        return Progress(
            **self._head(now),
            progress=self._percent,
            processed_documents=self._settled,
            total_documents=self._job.total,
            failed_documents=mark.failed,
            estimated_time_remaining=self._job.remaining_time(mark, now),
        )

    def _documents(self, mark: Mark, now: float, heard: Container[str]) -> Iterator[JobEvent]:
        ledger = self._job.ledger
        ok = ledger.ok[self._ok : mark.ok] if DocumentCompleted.name in heard else ()
        failed = ledger.failed[self._failed : mark.failed] if DocumentFailed.name in heard else ()
        self._ok, self._failed = mark.ok, mark.failed
        completed: list[tuple[float, Outcome]] = [(row[3], ledger.result(row)) for row in ok]
        failures: list[tuple[float, Outcome]] = [(row[3], ledger.failure(row)) for row in failed]
        in_order = merge(completed, failures, key=itemgetter(0)) if failures else completed
        for _, outcome in in_order:
            event = DocumentCompleted if outcome.success else DocumentFailed
            yield event(**self._head(now), document_id=outcome.document_id, outcome=outcome)

    def _reports(self, now: float, heard: Container[str]) -> Iterator[JobEvent]:
        job = self._job
        if now < self._next_report:
            return
        attempts = [attempt for attempt in job.reports.values() if job.running.get(attempt.position) is attempt]
        job.reports.clear()
        self._next_report = now + INTERVAL
        if DocumentProgress.name in heard:
            for attempt in attempts:
                yield DocumentProgress(
                    **self._head(now),
                    document_id=attempt.document_id,
                    fraction=attempt.fraction or 0.0,
                    message=attempt.message,
                    attempt=attempt.attempt,
                )

    def _terminal(self, mark: Mark, now: float) -> TerminalEvent:
        ledger = self._job.ledger
        head = self._head(now) | {
            "total_documents": self._job.total,
            "processed_documents": mark.ok + mark.failed,
            "failed_documents": mark.failed,
            "event_id": f"{ledger.id}:{mark.status}",
        }
        if mark.status is JobStatus.CANCELLED:
            return JobCancelled(**head)
        if mark.status is JobStatus.COMPLETED:
            assert mark.completed is not None
            assert mark.started is not None
            results = Rows(ledger.ok, mark.ok, ledger.result)
            return JobCompleted(**head, results=results, duration=mark.completed - mark.started)
        assert mark.error is not None
        assert mark.error_code is not None
        return JobFailed(**head, error=mark.error, status=mark.status, code=mark.error_code)
