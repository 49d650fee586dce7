"""What a stream tells, in the seed's envelope {type, data, timestamp}; those beyond the seed are marked."""

from datetime import UTC, datetime
from typing import Any, Final

import attrs

from docmill.events import (
    DocumentCompleted,
    DocumentFailed,
    DocumentProgress,
    Event,
    JobCancelled,
    JobCompleted,
    JobEvent,
    JobFailed,
    JobStarted,
    Progress,
)
from docmill.model import FailureCode
from docmill.wire.shapes import (
    Choice,
    Constant,
    Flag,
    Instant,
    Milliseconds,
    Nullable,
    Number,
    Schema,
    Text,
    Whole,
    iso,
)
from docmill.wire.tables import Field, Record

__all__ = ["MESSAGES", "Message", "event_to_wire", "hello_to_wire", "message_schema", "ping_to_wire"]

JOB_ID: Final = Field("jobId", "job_id", Text(), "The job.")
DOCUMENT_ID: Final = Field("documentId", "document_id", Text(), "The document.")
TOTAL: Final = Field("totalDocuments", "total_documents", Whole(), "How many documents the job has.")
PROCESSED: Final = Field(
    "processedDocuments", "processed_documents", Whole(), "How many are settled, failed ones included."
)
FAILED: Final = Field("failedDocuments", "failed_documents", Whole(), "How many failed.")
ATTEMPTS: Final = Field("attempts", "outcome.attempts", Whole(1), "How many attempts were made.")


@attrs.frozen
class Message:
    """One type of message: its name on the wire, what it means, and the table of its data."""

    type: str
    description: str
    data: Record


BY_EVENT: Final[dict[type, Message]] = {
    JobStarted: Message(
        "batch.started", "The job's first document was started (beyond the seed).", Record("Started", (JOB_ID, TOTAL))
    ),
    Progress: Message(
        "batch.progress",
        "Documents settled.",
        Record(
            "Progress",
            (
                JOB_ID,
                Field("progress", "progress", Whole(0, 100), "Percent of documents settled, rounded down."),
                PROCESSED,
                TOTAL,
                Field(
                    "estimatedTimeRemaining",
                    "estimated_time_remaining",
                    Nullable(Milliseconds()),
                    "Milliseconds until the last document is likely to be settled.",
                ),
            ),
        ),
    ),
    DocumentProgress: Message(
        "batch.document",
        "A processor says how far it is with a document (beyond the seed).",
        Record(
            "Document",
            (
                JOB_ID,
                DOCUMENT_ID,
                Field("fraction", "fraction", Number(0, 1), "How far the attempt is."),
                Field("message", "message", Text(), "The processor's own words."),
                Field("attempt", "attempt", Whole(1), "The number of the attempt, from 1."),
            ),
        ),
    ),
    DocumentCompleted: Message(
        "batch.documentCompleted",
        "A document succeeded; its result is in the job (beyond the seed).",
        Record(
            "DocumentCompleted",
            (
                JOB_ID,
                DOCUMENT_ID,
                Field(
                    "processingTime",
                    "outcome.processing_time",
                    Milliseconds(),
                    "Milliseconds from the start of the first attempt until it was settled.",
                ),
                ATTEMPTS,
            ),
        ),
    ),
    DocumentFailed: Message(
        "batch.documentFailed",
        "A document failed for good (beyond the seed).",
        Record(
            "DocumentFailed",
            (
                JOB_ID,
                DOCUMENT_ID,
                Field("error", "outcome.error", Text(), "The last error."),
                Field("code", "outcome.code", Choice(FailureCode), "Why no further attempt was made."),
                ATTEMPTS,
            ),
        ),
    ),
    JobCompleted: Message(
        "batch.completed",
        "Every document is settled, and at least one succeeded.",
        Record(
            "Completed",
            (
                JOB_ID,
                TOTAL,
                PROCESSED,
                FAILED,
                Field("duration", "duration", Milliseconds(), "Milliseconds from the start to the decision."),
            ),
        ),
    ),
    JobFailed: Message(
        "batch.failed",
        "The job ended FAILED or TIMEOUT.",
        Record("Failed", (JOB_ID, Field("error", "error", Text(), "Why."), PROCESSED, FAILED)),
    ),
    JobCancelled: Message("batch.cancelled", "The job was cancelled.", Record("Cancelled", (JOB_ID,))),
}

HELLO: Final = Message(
    "stream.hello",
    "The first message of a stream (beyond the seed).",
    Record(
        "Hello",
        (
            Field("epoch", "epoch", Text(), "Numbers can only be compared within one epoch."),
            Field("seq", "seq", Whole(), "The messages that follow have higher numbers than this."),
            Field("resumed", "resumed", Flag(), "Whether nothing is missing since the number that was asked for."),
            Field("heartbeat", "heartbeat", Milliseconds(), "Milliseconds of silence after which there is a ping."),
        ),
    ),
)

PING: Final = Message("stream.ping", "Nothing has happened for a while (beyond the seed).", Record("Ping", ()))

MESSAGES: Final = (*BY_EVENT.values(), HELLO, PING)


def event_to_wire(event: Event) -> dict[str, Any] | None:
    """An event in the seed's envelope; None if it is no job's, since those are not for clients.

    Args:
        event: what a listener has heard.
    """
    if not isinstance(event, JobEvent):
        return None
    message = BY_EVENT[type(event)]
    return {
        "type": message.type,
        "data": message.data.write(event),
        "timestamp": iso(event.timestamp),
    }


@attrs.frozen
class _Hello:
    epoch: str
    seq: int
    resumed: bool
    heartbeat: float


def hello_to_wire(epoch: str, seq: int, *, resumed: bool, heartbeat: float) -> dict[str, Any]:
    """The first message of a stream.

    Args:
        epoch: names the life of the server within which numbers can be compared.
        seq: the messages that follow have higher numbers than this.
        resumed: whether nothing is missing since the number that was asked for.
        heartbeat: seconds of silence after which there is a ping.
    """
    return _now(HELLO, _Hello(epoch, seq, resumed, heartbeat))


def ping_to_wire() -> dict[str, Any]:
    """What a stream says if there is nothing to say."""
    return _now(PING, None)


def _now(message: Message, source: object) -> dict[str, Any]:
    return {"type": message.type, "data": message.data.write(source), "timestamp": iso(datetime.now(UTC))}


def message_schema(message: Message) -> Schema:
    """The JSON Schema of a message, envelope included.

    ``seq`` is only there for clients that ask for numbers.
    """
    fields = (
        Field("type", "", Constant(message.type), "What has happened."),
        Field("data", "", message.data, "Of which job, and the figures."),
        Field("timestamp", "", Instant(), "When it happened."),
        Field("seq", "", Whole(1), "Its number among those of its owner, for those who ask.", required=False),
    )
    return Record(message.type, fields).schema() | {"description": message.description}
