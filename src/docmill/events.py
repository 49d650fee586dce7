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
    """The base of every event of a job."""

    name: ClassVar[str]

    job_id: str
    owner: str | None
    seq: int
    timestamp: datetime


@attrs.frozen(kw_only=True)
class JobStarted(JobEvent):
    """The job's first document was started (beyond the seed)."""

    name = "jobStarted"

    total_documents: int


@attrs.frozen(kw_only=True)
class Progress(JobEvent):
    """Documents settled. Told when the percent changed or 100 ms after the last one, so not once a document.

    ``estimated_time_remaining`` is in seconds, None before the first document has settled.
    """

    name = "progress"

    progress: int
    processed_documents: int
    total_documents: int
    failed_documents: int
    estimated_time_remaining: float | None


@attrs.frozen(kw_only=True)
class DocumentCompleted(JobEvent):
    """One document succeeded (beyond the seed)."""

    name = "documentCompleted"

    document_id: str
    outcome: Outcome


@attrs.frozen(kw_only=True)
class DocumentFailed(JobEvent):
    """One document failed for good (beyond the seed)."""

    name = "documentFailed"

    document_id: str
    outcome: Outcome


@attrs.frozen(kw_only=True)
class DocumentProgress(JobEvent):
    """A processor reported how far it is with a document (beyond the seed); coalesced to one in 100 ms."""

    name = "documentProgress"

    document_id: str
    fraction: float
    message: str
    attempt: int


@attrs.frozen(kw_only=True)
class TerminalEvent(JobEvent):
    """The last event of a job. ``event_id`` is the same however often it is delivered over crashes."""

    total_documents: int
    processed_documents: int
    failed_documents: int
    event_id: str


@attrs.frozen(kw_only=True)
class JobCompleted(TerminalEvent):
    """Every document is settled, and at least one succeeded. ``duration`` is in seconds."""

    name = "jobCompleted"

    results: Sequence[DocumentResult] = attrs.field(repr=False)
    duration: float


@attrs.frozen(kw_only=True)
class JobFailed(TerminalEvent):
    """The job ended FAILED or TIMEOUT; ``status`` says which, ``error`` and ``code`` say why."""

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

    ``until`` is when one probe will be let through, UTC; None if that depends on stuck attempts coming back.
    """

    name: ClassVar[str] = "circuitOpened"

    job_type: str
    error: str
    until: datetime | None


@attrs.frozen(kw_only=True)
class CircuitClosed:
    """Attempts of a job type start again."""

    name: ClassVar[str] = "circuitClosed"

    job_type: str


@attrs.frozen(kw_only=True)
class StoreUnavailable:
    """The store could not record for a minute, so the queue has stopped. Its jobs go on when it is reopened."""

    name: ClassVar[str] = "storeUnavailable"

    error: str


Event = JobEvent | CircuitOpened | CircuitClosed | StoreUnavailable
