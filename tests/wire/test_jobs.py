"""A job as the seed's status request shows it."""

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from docmill import DocumentProcessingQueue, Job, JobOptions, PermanentError
from docmill.model import FailureCode, Fault, JobErrorCode, JobStatus, Ledger, Mark, Stored
from docmill.stores import SQLiteStore
from docmill.wire import encode_job, job_schema, job_to_wire, write_job, write_jobs

SEED_KEYS = [
    "id",
    "documentIds",
    "type",
    "status",
    "progress",
    "startedAt",
    "results",
    "errors",
    "totalDocuments",
    "processedDocuments",
    "failedDocuments",
    "estimatedTimeRemaining",
]
OUR_KEYS = ["createdAt", "completedAt", "error", "drained", "summary"]

TEN = datetime(2024, 11, 9, 10, tzinfo=UTC).timestamp()


def job_of(*ok: Any, failed: int = 0, more: dict[str, Any] | None = None, left: int = 0) -> Job:
    total = len(ok) + failed + left
    ledger = Ledger(
        id="job_1",
        document_ids=tuple(f"doc-id-{at + 1}" for at in range(total)),
        type="FULL_ANALYSIS",
        options=JobOptions(),
        owner=None,
        idempotency_key=None,
        metadata={},
        priority=0,
        retry_of=None,
        created=0.0,
        wall_offset=TEN,
    )
    ledger.ok = [(at, 1, 0.0, 5.0 + 4.5 * at, data) for at, data in enumerate(ok)]
    fault = Fault(FailureCode.PERMANENT, "PermanentError: no")
    ledger.failed = [(len(ok) + at, 2, 1.0, 9.0, fault) for at in range(failed)]
    state = {"status": JobStatus.PROCESSING, "ok": len(ok), "failed": failed, "started": 0.0} | (more or {})
    mark = Mark.new()._replace(**state)
    return Job(ledger, mark, 100 * (len(ok) + failed) // total, None, [])


def test_a_job_has_the_seeds_keys_in_the_seeds_order_and_ours_after_them() -> None:
    wire = job_to_wire(job_of({}, {}, left=1))
    assert [*wire] == SEED_KEYS + OUR_KEYS
    assert wire["progress"] == 66
    assert wire["startedAt"] == "2024-11-09T10:00:00.000Z"
    assert wire["results"][1] == {
        "documentId": "doc-id-2",
        "success": True,
        "data": {},
        "processingTime": 9500,
        "timestamp": "2024-11-09T10:00:09.500Z",
    }
    assert wire["errors"] == []
    assert (wire["totalDocuments"], wire["processedDocuments"], wire["failedDocuments"]) == (3, 2, 0)


def test_a_failure_has_a_results_keys_and_says_why() -> None:
    (failure,) = job_to_wire(job_of(failed=1))["errors"]
    assert failure == {
        "documentId": "doc-id-1",
        "success": False,
        "data": None,
        "processingTime": 8000,
        "timestamp": "2024-11-09T10:00:09.000Z",
        "error": "PermanentError: no",
        "code": "permanent",
        "attempts": 2,
    }


def test_a_result_that_json_cannot_carry_is_null_with_the_reason() -> None:
    first, second, third = job_to_wire(job_of({"x": {1}}, [math.nan], (1, "\ud800")))["results"]
    assert first["data"] is second["data"] is None
    assert first["dataError"].startswith("result['x'] is a set")
    assert "result[0] is nan" in second["dataError"]
    assert third["data"] == [1, "\ud800"]
    assert "dataError" not in third


def test_a_stored_result_is_spliced_in_as_it_is() -> None:
    assert b'"data":{ "as" : "it is" },' in encode_job(job_of(Stored(b'{ "as" : "it is" }')))


def test_a_summary_that_json_cannot_carry_is_null_with_the_reason() -> None:
    assert job_to_wire(job_of(1, more={"summary": Stored(b"[1]")}))["summary"] == [1]
    wire = job_to_wire(job_of(1, more={"summary": object}))
    assert wire["summary"] is None
    assert "JSON cannot carry" in wire["summaryError"]
    wire = job_to_wire(job_of(1, more={"summary_error": "ValueError: no"}))
    assert wire["summaryError"] == "ValueError: no"


def test_why_a_job_ended_is_told() -> None:
    ended = {"status": JobStatus.TIMEOUT, "completed": 60.0, "error": "Job timeout exceeded", "drained": True}
    wire = job_to_wire(job_of(1, more=ended | {"error_code": JobErrorCode.TIMEOUT}))
    assert (wire["status"], wire["error"], wire["drained"]) == ("TIMEOUT", "Job timeout exceeded", True)
    assert wire["completedAt"] == "2024-11-09T10:01:00.000Z"


def test_without_outcomes_what_grows_with_the_documents_is_null() -> None:
    job = job_of(1, failed=1)
    assert job_to_wire(job, outcomes=False) == job_to_wire(job) | dict.fromkeys(("documentIds", "results", "errors"))


def test_a_large_job_is_written_in_small_pieces() -> None:
    job = job_of(*[{"text": "x" * 100}] * 12_000, failed=100)
    pieces = [*write_job(job)]
    assert b"".join(pieces) == encode_job(job)
    assert len(pieces) > 10
    assert max(len(piece) for piece in pieces) < 300_000
    assert len(job_to_wire(job)["documentIds"]) == 12_100


def test_many_jobs_are_one_array() -> None:
    job = job_of(1)
    assert json.loads(b"".join(write_jobs([job, job]))) == [job_to_wire(job, outcomes=False)] * 2
    assert b"".join(write_jobs([])) == b"[]"


@pytest.mark.parametrize("outcomes", [True, False])
def test_what_is_written_matches_its_schema(outcomes: bool) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    check = jsonschema.Draft202012Validator(job_schema(outcomes=outcomes)).validate
    for job in (
        job_of(left=1),
        job_of({"any": [1]}, {1}, failed=2, left=1),
        job_of(1, more={"summary_error": "no", "completed": 3.0, "status": JobStatus.COMPLETED}),
    ):
        check(job_to_wire(job, outcomes=outcomes))


async def test_a_real_job_looks_the_same_from_memory_and_from_a_database(tmp_path: Path) -> None:
    async def work(document_id: str) -> Any:
        if document_id == "bad":
            raise PermanentError("no")
        return {"für": document_id}

    seen = []
    for store in (None, SQLiteStore(tmp_path / "jobs.db")):
        async with DocumentProcessingQueue({"X": work}, store=store) as queue:
            job = await queue.wait(await queue.create_job(["a", "bad"], "X"), drained=True)
            wire = job_to_wire(job)
            assert [*wire] == SEED_KEYS + OUR_KEYS
            seen.append([(item["documentId"], item["data"]) for item in wire["results"] + wire["errors"]])
    assert seen[0] == seen[1] == [("a", {"für": "a"}), ("bad", None)]
