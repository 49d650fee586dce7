"""Job: an immutable snapshot, with the seed's figures and lazily read outcomes."""

import tracemalloc
from collections.abc import AsyncIterator
from datetime import UTC, timedelta
from typing import Any

import attrs
import pytest
from anyio import sleep

from docmill import (
    DocumentFailure,
    DocumentProcessingQueue,
    DocumentResult,
    FailureCode,
    Job,
    JobFailedError,
    JobOptions,
    JobStateError,
    ProcessingContext,
)


async def scripted(document_id: str, context: ProcessingContext) -> dict[str, Any]:
    seconds = float(document_id.split(maxsplit=1)[0])
    if "reports" in document_id:
        context.report(0.25, "a quarter")
    await sleep(seconds)
    if "bad" in document_id and (context.attempt == 1 or "twice" in document_id):
        raise ValueError(f"{document_id} is bad")
    return {"name": document_id, "attempt": context.attempt}


ONE_BY_ONE = JobOptions(max_concurrent=1, timeout=None, retry_attempts=0)


@pytest.fixture
async def queue() -> AsyncIterator[DocumentProcessingQueue]:
    queue = DocumentProcessingQueue({"SCRIPT": scripted}, max_workers=10)
    await queue.start()
    yield queue
    await queue.aclose(0.0)


async def start(queue: DocumentProcessingQueue, *documents: str, options: JobOptions = ONE_BY_ONE) -> str:
    return await queue.create_job(documents, "SCRIPT", options)


async def end(queue: DocumentProcessingQueue, *documents: str, options: JobOptions = ONE_BY_ONE) -> Job:
    return await queue.wait(await start(queue, *documents, options=options), drained=True)


def seen(queue: DocumentProcessingQueue, job_id: str) -> Job:
    job = queue.get_job_status(job_id)
    assert job is not None
    return job


FIELDS = [
    "id",
    "document_ids",
    "type",
    "status",
    "progress",
    "created_at",
    "started_at",
    "completed_at",
    "results",
    "errors",
    "total_documents",
    "processed_documents",
    "failed_documents",
    "estimated_time_remaining",
    "duration",
    "error",
    "drained",
    "owner",
    "metadata",
    "options",
    "retry_of",
    "summary",
    "running",
    "error_code",
    "outcomes",
    "priority",
    "summary_error",
]


def everything(job: Job) -> dict[str, Any]:
    return {name: getattr(job, name) for name in FIELDS} | {"records": job.to_records(), "repr": repr(job)}


async def test_a_snapshot_stays_what_it_was_whatever_becomes_of_the_job(queue: DocumentProcessingQueue) -> None:
    job_id = await start(queue, "1.0 a", "1.0 bad", "1.0 reports", "1.0 d")
    snapshots = []
    await sleep(0.25)
    for moment in range(9):
        job = seen(queue, job_id)
        snapshots.append((job, everything(job), moment))
        await sleep(0.5)
    assert seen(queue, job_id).status == "COMPLETED"

    for job, taken, moment in snapshots:
        assert everything(job) == taken, moment
    assert [len(job.results) + len(job.errors) for job, _, _ in snapshots] == [0, 0, 1, 1, 2, 2, 3, 3, 4]


@pytest.mark.parametrize("name", ["progress", "status", "estimated_time_remaining", "results", "id", "new"])
async def test_nothing_in_a_snapshot_can_be_set(queue: DocumentProcessingQueue, name: str) -> None:
    job = await end(queue, "1.0 a")

    with pytest.raises((AttributeError, TypeError)):
        setattr(job, name, 5)


async def test_the_seeds_example_gives_the_seeds_figures(queue: DocumentProcessingQueue) -> None:
    """R05, R19: 66 percent, 4,750 ms."""
    job_id = await start(queue, "5.0 one", "4.5 two", "9.0 three")
    await sleep(9.75)
    job = seen(queue, job_id)

    assert (job.status, job.progress) == ("PROCESSING", 66)
    assert (job.total_documents, job.processed_documents, job.failed_documents) == (3, 2, 0)
    assert job.estimated_time_remaining == 4.75
    assert [result.processing_time for result in job.results] == [5.0, 4.5]
    assert list(job.errors) == []


async def test_the_estimate_is_none_before_the_first_document_and_nothing_at_the_end(
    queue: DocumentProcessingQueue,
) -> None:
    job_id = await start(queue, "2.0 a", "2.0 b")
    await sleep(1.0)
    assert seen(queue, job_id).estimated_time_remaining is None
    await sleep(1.5)
    assert seen(queue, job_id).estimated_time_remaining == 2.0
    assert (await queue.wait(job_id)).estimated_time_remaining == 0


async def test_the_estimate_counts_rounds_at_full_concurrency(queue: DocumentProcessingQueue) -> None:
    """Five left, two at once: three rounds of two seconds."""
    options = JobOptions(max_concurrent=2, timeout=None)
    job_id = await start(queue, "2.0 a", *[f"9.0 {name}" for name in "bcdef"], options=options)
    await sleep(2.5)

    assert seen(queue, job_id).estimated_time_remaining == 6.0


async def test_the_estimate_is_never_beyond_the_deadline_of_the_job(queue: DocumentProcessingQueue) -> None:
    options = JobOptions(max_concurrent=1, timeout=12.0, document_timeout=100.0)
    job_id = await start(queue, "8.0 a", "8.0 b", options=options)
    await sleep(9.0)

    assert seen(queue, job_id).estimated_time_remaining == 3.0


async def test_failures_count_as_processed(queue: DocumentProcessingQueue) -> None:
    """Q2, R06."""
    job = await end(queue, "1.0 a", "1.0 bad", "1.0 c")

    assert (job.processed_documents, job.failed_documents, job.total_documents) == (3, 1, 3)
    assert (len(job.results), len(job.errors)) == (2, 1)


@pytest.mark.parametrize("total", [1, 3, 7, 64, 101])
async def test_progress_is_rounded_down_and_100_only_when_all_are_settled(
    queue: DocumentProcessingQueue, total: int
) -> None:
    """R05."""
    job_id = await start(queue, *[f"1.0 {number}" for number in range(total)])
    await sleep(0.5)
    for settled in range(total + 1):
        assert seen(queue, job_id).progress == 100 * settled // total
        await sleep(1.0)


async def test_a_result_says_all_about_its_document(queue: DocumentProcessingQueue) -> None:
    job = await end(queue, "1.5 a")
    (result,) = job.results

    assert isinstance(result, DocumentResult)
    assert (result.document_id, result.data) == ("1.5 a", {"name": "1.5 a", "attempt": 1})
    assert (result.processing_time, result.attempts) == (1.5, 1)
    assert result.timestamp == job.completed_at
    assert result.timestamp.tzinfo is UTC


async def test_processing_time_counts_retry_waits_and_all_attempts(queue: DocumentProcessingQueue) -> None:
    """Q17: two attempts of a second each, and four seconds between them."""
    options = JobOptions(retry_attempts=1, retry_delay=4.0)
    job = await end(queue, "1.0 bad", "1.0 bad twice", options=options)
    (result,), (failure,) = job.results, job.errors

    assert (result.processing_time, result.attempts, result.data["attempt"]) == (6.0, 2, 2)
    assert isinstance(failure, DocumentFailure)
    assert (failure.processing_time, failure.attempts) == (6.0, 2)
    assert (failure.code, failure.error) == (FailureCode.PROCESSOR_ERROR, "ValueError: 1.0 bad twice is bad")


async def test_results_and_errors_are_in_the_order_of_settlement_outcomes_in_that_of_the_documents(
    queue: DocumentProcessingQueue,
) -> None:
    documents = ["5.0 a", "4.0 bad b", "3.0 c", "2.0 bad d", "1.0 e"]
    job = await end(queue, *documents, options=JobOptions(max_concurrent=5, retry_attempts=0))

    assert [result.document_id for result in job.results] == ["1.0 e", "3.0 c", "5.0 a"]
    assert [failure.document_id for failure in job.errors] == ["2.0 bad d", "4.0 bad b"]
    assert [outcome.document_id for outcome in job.outcomes] == documents
    assert [outcome.success for outcome in job.outcomes] == [True, False, True, False, True]


async def test_the_outcome_of_one_document_can_be_asked_for(queue: DocumentProcessingQueue) -> None:
    job_id = await start(queue, "1.0 a", "1.0 bad", "1.0 c")
    await sleep(2.5)
    job = seen(queue, job_id)

    assert job.outcome("1.0 a") == job.results[0]
    assert job.outcome("1.0 bad") == job.errors[0]
    assert job.outcome("1.0 c") is None
    with pytest.raises(KeyError, match="has no document"):
        job.outcome("1.0 z")


async def test_running_documents_are_shown_with_what_they_say_about_themselves(
    queue: DocumentProcessingQueue,
) -> None:
    options = JobOptions(max_concurrent=2, retry_attempts=1, retry_delay=0.0)
    job_id = await start(queue, "3.0 reports", "1.0 bad", "9.0 c", options=options)
    await sleep(1.5)
    first, second = seen(queue, job_id).running

    assert (first.document_id, first.attempt, first.fraction, first.message) == ("3.0 reports", 1, 0.25, "a quarter")
    assert (second.document_id, second.attempt, second.fraction, second.message) == ("1.0 bad", 2, None, "")
    assert second.started_at - first.started_at == timedelta(seconds=1)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        first.attempt = 5  # type: ignore[misc]


async def test_nothing_runs_in_a_job_that_has_not_started_or_has_drained(queue: DocumentProcessingQueue) -> None:
    job_id = await start(queue, "1.0 a")
    before = seen(queue, job_id).running
    job = await queue.wait(job_id, drained=True)

    assert len(before) <= 1
    assert list(job.running) == []


async def test_timestamps_are_utc_and_in_order(queue: DocumentProcessingQueue) -> None:
    """R20."""
    slow = DocumentProcessingQueue({"SCRIPT": scripted}, max_workers=1)
    async with slow:
        await slow.create_job(["3.0 first"], "SCRIPT")
        job = await slow.wait(await slow.create_job(["2.0 a"], "SCRIPT"))

    assert job.started_at is not None
    assert job.completed_at is not None
    assert job.created_at < job.started_at < job.completed_at
    assert job.started_at - job.created_at == timedelta(seconds=3)
    assert job.duration == 2.0
    assert {moment.tzinfo for moment in (job.created_at, job.started_at, job.completed_at)} == {UTC}


async def test_the_wall_clock_may_jump_without_any_effect_on_a_job() -> None:
    """R34: an hour, a day and a year, there and back."""

    class Jumping:
        now = 1_700_000_000.0

        def wall(self) -> float:
            self.now = -self.now if abs(self.now) > 1_700_000_000.0 else self.now + 31_536_000.0
            return abs(self.now)

    queue = DocumentProcessingQueue({"SCRIPT": scripted}, clock=Jumping())
    async with queue:
        job = await end(queue, "1.0 a", "1.0 b")

    assert job.duration == 2.0
    assert job.started_at is not None
    assert job.completed_at is not None
    assert job.created_at <= job.started_at <= job.results[0].timestamp <= job.completed_at


async def test_a_job_has_no_duration_before_its_decision(queue: DocumentProcessingQueue) -> None:
    job_id = await start(queue, "1.0 a")
    await sleep(0.5)

    job = seen(queue, job_id)
    assert (job.duration, job.completed_at, job.drained) == (None, None, False)


async def test_raise_for_status_returns_a_completed_job_itself(queue: DocumentProcessingQueue) -> None:
    job = await end(queue, "1.0 a", "1.0 bad")

    assert job.raise_for_status() is job


async def test_raise_for_status_says_how_a_job_ended(queue: DocumentProcessingQueue) -> None:
    failed = await end(queue, "1.0 bad", "1.0 bad 2")
    late = await end(queue, "9.0 a", options=JobOptions(timeout=2.0))

    with pytest.raises(
        JobFailedError, match=r"ended FAILED with 2 of 2 documents processed, 2 failed: All 2 documents failed"
    ):
        failed.raise_for_status()
    with pytest.raises(JobFailedError, match=r"ended TIMEOUT with 1 of 1 .* failed: Job timeout exceeded"):
        late.raise_for_status()


async def test_raise_for_status_of_a_cancelled_job(queue: DocumentProcessingQueue) -> None:
    job_id = await start(queue, "9.0 a")
    await queue.cancel_job(job_id)

    with pytest.raises(JobFailedError, match=r"ended CANCELLED with 0 of 1 documents processed, 0 failed$"):
        (await queue.wait(job_id)).raise_for_status()


async def test_raise_for_status_of_a_job_that_is_not_decided_says_what_to_do(queue: DocumentProcessingQueue) -> None:
    job_id = await start(queue, "9.0 a")
    await sleep(1.0)

    with pytest.raises(JobStateError, match=r"is still PROCESSING; await queue.wait\('job_"):
        seen(queue, job_id).raise_for_status()


async def test_records_are_one_flat_row_a_document_in_order(queue: DocumentProcessingQueue) -> None:
    job_id = await start(queue, "1.0 a", "1.0 bad", "9.0 c")
    await sleep(2.5)
    first, second, third = seen(queue, job_id).to_records()

    keys = ["document_id", "success", "data", "error", "code", "attempts", "processing_time", "timestamp", "cached"]
    assert [list(row) for row in (first, second, third)] == [keys] * 3
    assert (first["success"], first["data"]["name"], first["error"], first["code"]) == (True, "1.0 a", None, None)
    assert (second["success"], second["data"], second["code"]) == (False, None, "processor_error")
    assert third == {"document_id": "9.0 c"} | dict.fromkeys(keys[1:])


async def test_the_repr_of_a_job_is_one_line_of_what_matters(queue: DocumentProcessingQueue) -> None:
    job = await end(queue, "1.0 a", "1.0 bad", "1.0 c")

    assert repr(job) == f"<Job {job.id} SCRIPT COMPLETED 100 %: 3 of 3 processed, 1 failed>"


async def test_a_snapshot_of_a_large_job_costs_no_more_than_one_of_a_small_one(queue: DocumentProcessingQueue) -> None:
    """Counted in objects made, since seconds depend on the machine."""
    large = await end(queue, *[f"0.0 {number}" for number in range(20_000)])
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        job = seen(queue, large.id)
        assert job.processed_documents == 20_000
        assert len(job.results) == 20_000
        assert tracemalloc.get_traced_memory()[0] - before < 10_000
    finally:
        tracemalloc.stop()


async def test_metadata_is_a_read_only_copy(queue: DocumentProcessingQueue) -> None:
    job_id = await queue.create_job(["1.0 a"], "SCRIPT", metadata={"batch": 7})

    with pytest.raises(TypeError):
        seen(queue, job_id).metadata["batch"] = 8  # type: ignore[index]


async def test_a_summary_that_cannot_be_made_leaves_the_job_completed_and_says_why() -> None:
    """Q23."""

    class Summing:
        async def __call__(self, document_id: str) -> str:
            return document_id

        async def finalize(self, outcomes: Any, context: ProcessingContext) -> str:
            raise LookupError("nothing to sum up")

    async with DocumentProcessingQueue({"SUM": Summing()}) as queue:
        job = await queue.wait(await queue.create_job(["a"], "SUM"))

    assert (job.status, job.summary, job.summary_error) == ("COMPLETED", None, "LookupError: nothing to sum up")
