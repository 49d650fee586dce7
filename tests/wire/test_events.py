"""Events in the seed's envelope."""

import importlib
import json
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from docmill import (
    CircuitClosed,
    CircuitOpened,
    DocumentCompleted,
    DocumentFailed,
    DocumentFailure,
    DocumentProgress,
    DocumentResult,
    Event,
    FailureCode,
    JobCancelled,
    JobCompleted,
    JobErrorCode,
    JobFailed,
    JobStarted,
    JobStatus,
    Progress,
    StoreUnavailable,
)
from docmill.wire import (
    cancel_response,
    create_response,
    encode,
    encoding,
    error_response,
    event_to_wire,
    hello_to_wire,
    ping_to_wire,
)
from docmill.wire.events import MESSAGES, message_schema

AT = datetime(2024, 11, 9, 10, 0, 9, 500_000, UTC)
JOB = "job_1699564800000_abc123"
HEAD: dict[str, Any] = {"job_id": JOB, "owner": "ann", "seq": 1, "timestamp": AT}
COUNTS: dict[str, Any] = {"total_documents": 3, "processed_documents": 3, "failed_documents": 1, "event_id": "e"}
OK = DocumentResult(document_id="a", data=object(), processing_time=1.5, timestamp=AT, attempts=1)
FAILED = DocumentFailure(
    document_id="b", error="ValueError", code=FailureCode.PERMANENT, processing_time=1.5, timestamp=AT, attempts=2
)

EVENTS: list[tuple[Event, str, dict[str, Any]]] = [
    (JobStarted(**HEAD, total_documents=3), "batch.started", {"totalDocuments": 3}),
    (
        Progress(
            **HEAD,
            progress=66,
            processed_documents=2,
            total_documents=3,
            failed_documents=0,
            estimated_time_remaining=4.75,
        ),
        "batch.progress",
        {"progress": 66, "processedDocuments": 2, "totalDocuments": 3, "estimatedTimeRemaining": 4750},
    ),
    (
        DocumentProgress(**HEAD, document_id="a", fraction=0.5, message="page 1", attempt=1),
        "batch.document",
        {"documentId": "a", "fraction": 0.5, "message": "page 1", "attempt": 1},
    ),
    (
        DocumentCompleted(**HEAD, document_id="a", outcome=OK),
        "batch.documentCompleted",
        {"documentId": "a", "processingTime": 1500, "attempts": 1},
    ),
    (
        DocumentFailed(**HEAD, document_id="b", outcome=FAILED),
        "batch.documentFailed",
        {"documentId": "b", "error": "ValueError", "code": "permanent", "attempts": 2},
    ),
    (
        JobCompleted(**HEAD, **COUNTS, results=[], duration=15.0),
        "batch.completed",
        {"totalDocuments": 3, "processedDocuments": 3, "failedDocuments": 1, "duration": 15000},
    ),
    (
        JobFailed(**HEAD, **COUNTS, error="Job timeout exceeded", status=JobStatus.TIMEOUT, code=JobErrorCode.TIMEOUT),
        "batch.failed",
        {"error": "Job timeout exceeded", "processedDocuments": 3, "failedDocuments": 1},
    ),
    (JobCancelled(**HEAD, **COUNTS), "batch.cancelled", {}),
]


@pytest.mark.parametrize("event, kind, data", EVENTS, ids=lambda value: value if isinstance(value, str) else "")
def test_an_event_is_in_the_seeds_envelope(event: Event, kind: str, data: dict[str, Any]) -> None:
    wire = {"type": kind, "data": {"jobId": JOB} | data, "timestamp": "2024-11-09T10:00:09.500Z"}
    assert event_to_wire(event) == wire
    assert json.loads(encode(event_to_wire(event))) == wire


def test_what_is_no_jobs_is_not_for_clients() -> None:
    assert event_to_wire(CircuitOpened(job_type="X", error="no", until=None)) is None
    assert event_to_wire(CircuitClosed(job_type="X")) is None
    assert event_to_wire(StoreUnavailable(error="no")) is None


def test_every_message_matches_its_schema() -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    written = [event_to_wire(event) for event, _, _ in EVENTS]
    written += [hello_to_wire("e", 0, resumed=False, heartbeat=15.0), ping_to_wire()]
    for message, wire in zip(MESSAGES, written, strict=True):
        assert wire is not None
        jsonschema.Draft202012Validator(message_schema(message)).validate(wire)
        jsonschema.Draft202012Validator(message_schema(message)).validate(wire | {"seq": 5})


def test_the_seeds_responses_are_given_to_the_letter() -> None:
    assert create_response("job_1699564800000_abc123", "PENDING", 3, "FULL_ANALYSIS") == {
        "data": {"jobId": JOB, "status": "PENDING", "documentCount": 3, "type": "FULL_ANALYSIS"},
        "message": "Batch processing job created successfully",
    }
    assert cancel_response() == {"message": "Job cancelled successfully"}


def test_an_error_names_every_problem() -> None:
    assert error_response("invalid_request", "No.", [("$.type", "must be there")]) == {
        "error": {
            "code": "invalid_request",
            "message": "No.",
            "details": [{"path": "$.type", "message": "must be there"}],
        }
    }


VALUES = [{"a": [1, 2.5, None, True, "für \U0001f600"]}, "\ud800", 2**80, []]


@pytest.mark.parametrize("value", VALUES, ids=ascii)
def test_both_writers_of_json_mean_the_same(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = encode(value)
    monkeypatch.setitem(sys.modules, "orjson", None)
    plain = importlib.reload(encoding).encode(value)
    monkeypatch.undo()
    importlib.reload(encoding)
    assert json.loads(quick) == json.loads(plain) == value
