"""What listeners hear. Each event has a name, which is what ``queue.on`` takes.

Job events carry ``seq``, which rises by one from event to event of a job within one life of the process,
and ``timestamp``, UTC. Their names and meaning are the seed's; those beyond it are marked.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

import attrs

from docmill.model import DocumentResult, JobErrorCode, JobStatus, Outcome

__all__ = [
    "CircuitClosed",
    "CircuitOpened",
    "DocumentCompleted",
    "DocumentFailed",
    "DocumentProgress",
    "Event",
    "JobCancelled",
    "JobCompleted",
    "JobEvent",
    "JobFailed",
    "JobStarted",
    "Progress",
    "StoreUnavailable",
    "TerminalEvent",
]


@attrs.frozen(kw_only=True)
class JobEvent:
    """The base of every event of a job.

    Attributes:
        job_id: which job.
        owner: whose job it is; None if nobody's.
        seq: the number of the event among those of its job, rising by one within one life of the process.
        timestamp: when it happened, UTC.
    """

    name: ClassVar[str]

    job_id: str
    owner: str | None
    seq: int
    timestamp: datetime


@attrs.frozen(kw_only=True)
class JobStarted(JobEvent):
    """The job's first document was started (beyond the seed).

    Attributes:
        total_documents: how many documents the job has.
    """

    name = "jobStarted"

    total_documents: int


@attrs.frozen(kw_only=True)
class Progress(JobEvent):
    """Documents settled. Told when the percent changed or 100 ms after the last one, so not once a document.

    Attributes:
        progress: percent of documents settled, rounded down.
        processed_documents: how many are settled, failed ones included.
        total_documents: how many documents the job has.
        failed_documents: how many failed for good.
        estimated_time_remaining: seconds until the last document is likely to settle; None before the first one has.
    """

    name = "progress"

    progress: int
    processed_documents: int
    total_documents: int
    failed_documents: int
    estimated_time_remaining: float | None


@attrs.frozen(kw_only=True)
class DocumentCompleted(JobEvent):
    """One document succeeded (beyond the seed).

    Attributes:
        document_id: which document.
        outcome: its DocumentResult.
    """

    name = "documentCompleted"

    document_id: str
    outcome: Outcome


@attrs.frozen(kw_only=True)
class DocumentFailed(JobEvent):
    """One document failed for good (beyond the seed).

    Attributes:
        document_id: which document.
        outcome: its DocumentFailure.
    """

    name = "documentFailed"

    document_id: str
    outcome: Outcome


@attrs.frozen(kw_only=True)
class DocumentProgress(JobEvent):
    """A processor reported how far it is with a document (beyond the seed); coalesced to one in 100 ms.

    Attributes:
        document_id: which document.
        fraction: how far it is, 0.0 to 1.0.
        message: the processor's own words about that.
        attempt: the number of the attempt, from 1.
    """

    name = "documentProgress"

    document_id: str
    fraction: float
    message: str
    attempt: int


@attrs.frozen(kw_only=True)
class TerminalEvent(JobEvent):
    """The base of the last event of a job.

    Attributes:
        total_documents: how many documents the job has.
        processed_documents: how many were settled when the job was decided, failed ones included.
        failed_documents: how many had failed for good.
        event_id: the same however often the event is delivered over crashes.
    """

    total_documents: int
    processed_documents: int
    failed_documents: int
    event_id: str


@attrs.frozen(kw_only=True)
class JobCompleted(TerminalEvent):
    """Every document is settled, and at least one succeeded.

    Attributes:
        results: the documents that succeeded, in the order in which they settled.
        duration: seconds from the start of the job to its decision.
    """

    name = "jobCompleted"

    results: Sequence[DocumentResult] = attrs.field(repr=False)
    duration: float


@attrs.frozen(kw_only=True)
class JobFailed(TerminalEvent):
    """The job ended FAILED or TIMEOUT.

    Attributes:
        error: why, for a person.
        status: which of the two.
        code: why, for programs.
    """

    name = "jobFailed"

    error: str
    status: JobStatus
    code: JobErrorCode


@attrs.frozen(kw_only=True)
class JobCancelled(TerminalEvent):
    """The job was cancelled, by ``cancel_job`` or by closing a queue that keeps jobs in memory."""

    name = "jobCancelled"


@attrs.frozen(kw_only=True)
class CircuitOpened:
    """No attempt of a job type starts: its service fails, asked for a pause, or attempts of it are stuck.

    Attributes:
        job_type: which job type.
        error: the failure that opened the circuit, or why else nothing starts.
        until: when one probe will be let through, UTC; None if that depends on stuck attempts coming back.
    """

    name: ClassVar[str] = "circuitOpened"

    job_type: str
    error: str
    until: datetime | None


@attrs.frozen(kw_only=True)
class CircuitClosed:
    """Attempts of a job type start again.

    Attributes:
        job_type: which job type.
    """

    name: ClassVar[str] = "circuitClosed"

    job_type: str


@attrs.frozen(kw_only=True)
class StoreUnavailable:
    """The store could not record for a minute, so the queue has stopped. Its jobs go on when it is reopened.

    Attributes:
        error: for how long that was so, and what the store said last.
    """

    name: ClassVar[str] = "storeUnavailable"

    error: str


Event = JobEvent | CircuitOpened | CircuitClosed | StoreUnavailable
"""What a queue tells; only a JobEvent has a job."""
