"""A job as the seed's status request shows it, with some keys of our own."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from docmill.model import Job, JobStatus
from docmill.wire.encoding import encode
from docmill.wire.rows import FAILURE, RESULT, carried, failure_rows, result_rows
from docmill.wire.shapes import AnyJson, Choice, Flag, Instant, ListOf, Milliseconds, Nullable, Schema, Text, Whole
from docmill.wire.tables import Field, Record

__all__ = ["JOB", "JOB_HEADER", "encode_job", "job_schema", "job_to_wire", "write_job", "write_jobs"]

PIECE: Final = 64 * 1024
"""Bytes of a piece of ``write_job``: some hundred outcomes, which take a millisecond or two."""

IDS: Final = 10_000
"""Document ids that are written at once."""


def _table(name: str, *, whole: bool) -> Record:
    """The table of a job; of one that is not whole, what grows with its documents is null."""

    def many(shape: Any) -> Any:
        return ListOf(shape) if whole else Nullable(ListOf(shape))

    return Record(
        name,
        (
            Field("id", "id", Text(), "The job's id."),
            Field("documentIds", "document_ids", many(Text()), "The documents, in the order given."),
            Field("type", "type", Text(), "The job type."),
            Field("status", "status", Choice(JobStatus), "Where the job is; the last four are final."),
            Field("progress", "progress", Whole(0, 100), "Percent of documents settled, rounded down."),
            Field("startedAt", "started_at", Nullable(Instant()), "When its first document was started."),
            Field("results", "results", many(RESULT), "The documents that succeeded, as they were settled."),
            Field("errors", "errors", many(FAILURE), "The documents that failed for good, as they were settled."),
            Field("totalDocuments", "total_documents", Whole(), "How many documents it has."),
            Field("processedDocuments", "processed_documents", Whole(), "How many are settled, failed ones included."),
            Field("failedDocuments", "failed_documents", Whole(), "How many failed."),
            Field(
                "estimatedTimeRemaining",
                "estimated_time_remaining",
                Nullable(Milliseconds()),
                "Milliseconds until the last document is likely to be settled; null before the first one is.",
            ),
            Field("createdAt", "created_at", Instant(), "When it was made."),
            Field("completedAt", "completed_at", Nullable(Instant()), "When it was decided."),
            Field("error", "error", Nullable(Text()), "Why it ended otherwise than COMPLETED or CANCELLED."),
            Field("drained", "drained", Flag(), "Whether it is decided and no attempt of it is running any more."),
            Field("summary", "summary", AnyJson(), "What the processor made of the whole batch; null without that."),
            Field("summaryError", "summary_error", Text(), "Why there is no summary.", required=False),
        ),
    )


JOB: Final = _table("Job", whole=True)
JOB_HEADER: Final = _table("JobHeader", whole=False)


def job_to_wire(job: Job, *, outcomes: bool = True) -> dict[str, Any]:
    """A job as a dict that JSON can carry, with every key of the seed, null where nothing is known.

    Times are UTC in ISO 8601 with milliseconds and Z, durations whole milliseconds. Beyond the seed there are
    createdAt, completedAt, error, drained and summary, and summaryError where there is one. An item of ``errors``
    has the keys of a result, ``data`` null among them, and error, code and attempts. A result that JSON cannot
    carry is null, and its item has ``dataError``.

    Args:
        job: a snapshot.
        outcomes: False leaves documentIds, results and errors null, for a list of many jobs.
    """
    wire: dict[str, Any] = json.loads(encode_job(job, outcomes=outcomes))
    return wire


def encode_job(job: Job, *, outcomes: bool = True) -> bytes:
    """The JSON of ``job_to_wire(job)``; results that are stored as JSON are not read for it.

    Args:
        job: a snapshot.
        outcomes: False leaves documentIds, results and errors null.
    """
    return b"".join(write_job(job, outcomes=outcomes))


def write_job(job: Job, *, outcomes: bool = True) -> Iterator[bytes]:
    """The same in pieces of some 64 KiB, so that a large job need not be written in one go.

    Args:
        job: a snapshot.
        outcomes: False leaves documentIds, results and errors null.
    """
    return _gather(_pieces(job, outcomes=outcomes))


def write_jobs(jobs: Iterable[Job]) -> Iterator[bytes]:
    """The JSON of an array of jobs without their documents, in pieces of some 64 KiB.

    Args:
        jobs: snapshots, in the order of the array.
    """
    return _gather(_array(encode_job(job, outcomes=False) for job in jobs))


def _pieces(job: Job, *, outcomes: bool) -> Iterator[bytes]:
    """The JSON of a job, its keys in the order of the table."""
    summary, problem = carried(job.summary)
    spliced: dict[str, Iterable[bytes]] = {
        "summary": [summary],
        "documentIds": _array(_ids(job)) if outcomes else [b"null"],
        "results": _array(result_rows(job)) if outcomes else [b"null"],
        "errors": _array(failure_rows(job)) if outcomes else [b"null"],
    }
    before = b"{"
    for field in JOB.fields:
        if field.required:
            yield before + encode(field.key) + b":"
            yield from spliced.get(field.key) or [encode(field.write(job))]
            before = b","
    problem = job.summary_error or problem
    yield b"}" if problem is None else b',"summaryError":' + encode(problem) + b"}"


def _ids(job: Job) -> Iterator[bytes]:
    ids = job.document_ids
    for start in range(0, len(ids), IDS):
        yield encode(ids[start : start + IDS])[1:-1]


def _array(items: Iterable[bytes]) -> Iterator[bytes]:
    before = b"["
    for item in items:
        yield before
        yield item
        before = b","
    yield b"]" if before == b"," else b"[]"


def _gather(pieces: Iterable[bytes]) -> Iterator[bytes]:
    gathered: list[bytes] = []
    size = 0
    for piece in pieces:
        gathered.append(piece)
        size += len(piece)
        if size >= PIECE:
            yield b"".join(gathered)
            gathered, size = [], 0
    yield b"".join(gathered)


def job_schema(*, outcomes: bool = True) -> Schema:
    """The JSON Schema of what ``job_to_wire`` gives.

    Args:
        outcomes: False for what it gives with ``outcomes=False``.
    """
    return (JOB if outcomes else JOB_HEADER).schema()
