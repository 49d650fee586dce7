"""Job: an immutable snapshot of a job, as a lazy view over its ledger."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Protocol

import attrs

from docmill.errors import JobFailedError, JobStateError
from docmill.model.card import card
from docmill.model.ledger import Ledger, Mark
from docmill.model.options import JobOptions
from docmill.model.outcomes import DocumentFailure, DocumentResult, Outcome, Rows, Stored
from docmill.model.tables import data_frame, expanded, records
from docmill.model.vocabulary import JobErrorCode, JobStatus

__all__ = ["AtWork", "Job", "RunningDocument"]


class AtWork(Protocol):
    """What a snapshot reads of a running attempt."""

    @property
    def document_id(self) -> str:
        """The id given to create_job."""

    @property
    def attempt(self) -> int:
        """The number of the attempt, from 1."""

    @property
    def started(self) -> float:
        """When it started, seconds on the monotonic clock."""


@attrs.frozen(kw_only=True)
class RunningDocument:
    """A document at work when the snapshot was taken.

    Attributes:
        document_id: the id given to create_job.
        attempt: the number of the attempt, from 1.
        started_at: when this attempt started, UTC.
        fraction: how far the processor says it is, 0.0 to 1.0, or None if it has said nothing.
        message: the processor's own words about that.
    """

    document_id: str
    attempt: int
    started_at: datetime
    fraction: float | None
    message: str


class Job:
    """An immutable snapshot of a job.

    Taking one costs the same however large the job is: outcomes are made when they are read.
    """

    __slots__ = ("_inner", "_ledger", "_mark", "_progress", "_remaining", "_running")

    def __init__(
        self,
        ledger: Ledger,
        mark: Mark,
        progress: int,
        estimated_time_remaining: float | None,
        running: Sequence[AtWork],
        inner: Sequence[tuple[float | None, str]] = (),
    ) -> None:
        self._ledger = ledger
        self._mark = mark
        self._running = running
        self._inner = inner
        self._progress = progress
        self._remaining = estimated_time_remaining

    @property
    def id(self) -> str:
        """The job's id."""
        return self._ledger.id

    @property
    def document_ids(self) -> Sequence[str]:
        """The documents asked for, in the order given."""
        return self._ledger.document_ids

    @property
    def type(self) -> str:
        """The job type, which names the processor."""
        return self._ledger.type

    @property
    def options(self) -> JobOptions:
        """How the job is run."""
        return self._ledger.options

    @property
    def owner(self) -> str | None:
        """Whose job it is; None if nobody's."""
        return self._ledger.owner

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What the caller attached to the job, read-only."""
        return self._ledger.metadata

    @property
    def priority(self) -> int:
        """Higher goes first."""
        return self._ledger.priority

    @property
    def retry_of(self) -> str | None:
        """The id of the job whose failed documents this one tries again."""
        return self._ledger.retry_of

    @property
    def status(self) -> JobStatus:
        """Where the job is."""
        return self._mark.status

    @property
    def progress(self) -> int:
        """Percent of documents settled, 0 to 100, rounded down; 100 exactly when all are."""
        return self._progress

    @property
    def estimated_time_remaining(self) -> float | None:
        """Seconds until the last document is likely to settle; None before the first one has."""
        return self._remaining

    @property
    def drained(self) -> bool:
        """Whether the job is decided and no attempt of it is running any more."""
        return self._mark.drained

    @property
    def error(self) -> str | None:
        """Why the job ended otherwise than COMPLETED or CANCELLED."""
        return self._mark.error

    @property
    def error_code(self) -> JobErrorCode | None:
        """The same as a code."""
        return self._mark.error_code

    @property
    def created_at(self) -> datetime:
        """When create_job was called, UTC."""
        return self._ledger.wall(self._ledger.created)

    @property
    def started_at(self) -> datetime | None:
        """When the first document was started, UTC."""
        return None if self._mark.started is None else self._ledger.wall(self._mark.started)

    @property
    def completed_at(self) -> datetime | None:
        """When the job was decided, UTC."""
        return None if self._mark.completed is None else self._ledger.wall(self._mark.completed)

    @property
    def duration(self) -> float | None:
        """Seconds from the start to the decision; None before the decision, 0.0 if the job never started."""
        if self._mark.completed is None:
            return None
        return 0.0 if self._mark.started is None else self._mark.completed - self._mark.started

    @property
    def total_documents(self) -> int:
        """How many documents the job has."""
        return len(self._ledger.document_ids)

    @property
    def processed_documents(self) -> int:
        """How many documents are settled, failed ones included."""
        return self._mark.ok + self._mark.failed

    @property
    def failed_documents(self) -> int:
        """How many documents failed for good."""
        return self._mark.failed

    @property
    def results(self) -> Sequence[DocumentResult]:
        """The documents that succeeded, in the order in which they settled."""
        return Rows(self._ledger.ok, self._mark.ok, self._ledger.result)

    @property
    def errors(self) -> Sequence[DocumentFailure]:
        """The documents that failed, in the order in which they settled."""
        return Rows(self._ledger.failed, self._mark.failed, self._ledger.failure)

    @property
    def outcomes(self) -> list[Outcome]:
        """Every settled document in the order of ``document_ids``, results and failures together."""
        rows = [
            (row[0], partial(make, row))
            for make, rows, length in (
                (self._ledger.result, self._ledger.ok, self._mark.ok),
                (self._ledger.failure, self._ledger.failed, self._mark.failed),
            )
            for row in rows[:length]
        ]
        return [make() for _, make in sorted(rows, key=lambda item: item[0])]

    def outcome(self, document_id: str) -> Outcome | None:
        """What became of one document, or None if it is not settled yet.

        It looks through the outcomes; for all of a large job use ``outcomes``.

        Args:
            document_id: one of ``document_ids``.

        Raises:
            KeyError: the job has no such document.
        """
        position = self._ledger.position(document_id)
        if position is None:
            raise KeyError(f"job {self.id!r} has no document {document_id!r}")
        for row in self._ledger.ok[: self._mark.ok]:
            if row[0] == position:
                return self._ledger.result(row)
        for row in self._ledger.failed[: self._mark.failed]:
            if row[0] == position:
                return self._ledger.failure(row)
        return None

    @property
    def summary(self) -> Any:
        """What the processor's ``finalize`` returned for the whole batch; None without one."""
        summary = self._mark.summary
        return summary.read() if isinstance(summary, Stored) else summary

    @property
    def summary_error(self) -> str | None:
        """Why there is no summary, if ``finalize`` failed."""
        return self._mark.summary_error

    @property
    def running(self) -> Sequence[RunningDocument]:
        """The documents at work, in the order in which they started."""
        return [
            RunningDocument(
                document_id=attempt.document_id,
                attempt=attempt.attempt,
                started_at=self._ledger.wall(attempt.started),
                fraction=fraction,
                message=message,
            )
            for attempt, (fraction, message) in zip(
                self._running, self._inner or [(None, "")] * len(self._running), strict=True
            )
        ]

    def raise_for_status(self) -> "Job":
        """Return the job itself if it COMPLETED.

        Raises:
            JobFailedError: it ended FAILED, CANCELLED or TIMEOUT.
            JobStateError: it is not decided yet.
        """
        if self.status is JobStatus.COMPLETED:
            return self
        if not self.status.is_terminal:
            raise JobStateError(f"job {self.id!r} is still {self.status}; await queue.wait({self.id!r}) first")
        raise JobFailedError(
            f"job {self.id!r} ended {self.status} with {self.processed_documents} of {self.total_documents} "
            f"documents processed, {self.failed_documents} failed" + (f": {self.error}" if self.error else "")
        )

    def to_records(self, *, expand: bool = False) -> list[dict[str, Any]]:
        """One flat dict a document in the order of ``document_ids``, ready for a table.

        Keys: document_id, success (True, False, or None if not processed), data, error, code, attempts,
        processing_time (seconds), timestamp (UTC) and cached.

        Args:
            expand: give the keys of results that are dicts in place of ``data``, which is kept for those that are
                none; a key that is one of the above becomes ``data.`` and the key.
        """
        return expanded(records(self)) if expand else records(self)

    def to_pandas(self, *, expand: bool = False) -> Any:
        """The same as a pandas DataFrame, one row a document; needs the extra ``pandas``.

        Args:
            expand: give the keys of results that are dicts a column each in place of ``data``.

        Raises:
            ImportError: pandas is not installed.
        """
        return data_frame(self.to_records(expand=expand))

    def _repr_html_(self) -> str:
        """What notebooks show: a card of bounded size, without a script, and with everything escaped."""
        return card(self)

    def __repr__(self) -> str:
        return (
            f"<Job {self.id} {self.type} {self.status} {self.progress} %: {self.processed_documents} of "
            f"{self.total_documents} processed, {self.failed_documents} failed>"
        )
