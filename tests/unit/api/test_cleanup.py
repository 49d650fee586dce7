"""Old jobs go: exactly those that are decided, drained and old (Q18, R30)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from anyio import sleep

from docmill import DocumentProcessingQueue, JobNotFoundError, JobOptions

HOUR = 3600.0
LONG = JobOptions(timeout=None, document_timeout=1e7)


async def scripted(document_id: str, context: Any) -> str:
    await sleep(float(document_id.split(maxsplit=1)[0]))
    return document_id


@pytest.fixture
async def queue() -> AsyncIterator[DocumentProcessingQueue]:
    queue = DocumentProcessingQueue({"SCRIPT": scripted})
    await queue.start()
    yield queue
    await queue.aclose(0.0)


async def done(queue: DocumentProcessingQueue) -> str:
    job_id = await queue.create_job(["1.0 a"], "SCRIPT")
    await queue.wait(job_id)
    return job_id


def ids(queue: DocumentProcessingQueue) -> list[str]:
    return [job.id for job in queue.get_all_jobs()]


async def test_a_job_is_kept_for_24_hours_and_then_removed_within_the_next(queue: DocumentProcessingQueue) -> None:
    job_id = await done(queue)
    await sleep(23.99 * HOUR)
    assert ids(queue) == [job_id]

    await sleep(1.02 * HOUR)
    assert ids(queue) == []
    assert queue.get_job_status(job_id) is None


async def test_the_age_counts_from_the_decision_not_from_the_creation(queue: DocumentProcessingQueue) -> None:
    job_id = await queue.create_job([f"{30 * HOUR} a"], "SCRIPT", LONG)
    await queue.wait(job_id)
    await sleep(23.0 * HOUR)
    assert await queue.cleanup_old_jobs() == 0

    await sleep(1.0 * HOUR)
    assert await queue.cleanup_old_jobs() + (job_id not in ids(queue)) >= 1
    assert ids(queue) == []


async def test_cleaning_up_by_hand_removes_what_is_old_and_says_how_many(queue: DocumentProcessingQueue) -> None:
    old = [await done(queue) for _ in range(3)]
    await sleep(100.0)
    young = await done(queue)

    assert await queue.cleanup_old_jobs(max_age=50.0) == 3
    assert ids(queue) == [young]
    assert await queue.cleanup_old_jobs(max_age=50.0) == 0
    for job_id in old:
        with pytest.raises(JobNotFoundError):
            await queue.wait(job_id)


async def test_exactly_as_old_as_the_age_is_old(queue: DocumentProcessingQueue) -> None:
    await done(queue)
    await sleep(64.0)

    assert await queue.cleanup_old_jobs(max_age=64.5) == 0
    assert await queue.cleanup_old_jobs(max_age=64.0) == 1


async def test_with_an_age_of_nothing_everything_goes_that_has_ended(queue: DocumentProcessingQueue) -> None:
    await done(queue)
    running = await queue.create_job(["50.0 a"], "SCRIPT", LONG)
    await sleep(1.0)

    assert await queue.cleanup_old_jobs(0) == 1
    assert ids(queue) == [running]


async def test_a_job_that_is_not_decided_stays_however_old_it_is(queue: DocumentProcessingQueue) -> None:
    job_id = await queue.create_job([f"{100 * HOUR} a"], "SCRIPT", LONG)
    await sleep(90 * HOUR)

    assert await queue.cleanup_old_jobs(0.0) == 0
    assert ids(queue) == [job_id]


async def test_a_job_that_is_not_drained_stays_however_long_ago_it_was_decided(queue: DocumentProcessingQueue) -> None:
    job_id = await queue.create_job([f"{100 * HOUR} a"], "SCRIPT", LONG)
    await sleep(1.0)
    await queue.cancel_job(job_id)
    await sleep(90 * HOUR)
    assert ids(queue) == [job_id]
    assert await queue.cleanup_old_jobs(0.0) == 0

    await sleep(11 * HOUR)
    assert await queue.cleanup_old_jobs(0.0) + (ids(queue) == []) >= 1
    assert ids(queue) == []


async def test_every_way_to_end_counts(queue: DocumentProcessingQueue) -> None:
    async def fail(document_id: str) -> None:
        raise ValueError(document_id)

    other = DocumentProcessingQueue({"FAIL": fail, "SCRIPT": scripted})
    async with other:
        await other.create_job(["a"], "FAIL", JobOptions(retry_attempts=0))
        await other.create_job(["1.0 a"], "SCRIPT")
        await other.create_job(["9.0 a"], "SCRIPT", JobOptions(timeout=2.0))
        cancelled = await other.create_job(["9.0 a"], "SCRIPT")
        await other.cancel_job(cancelled, force=True)
        await other.join()
        assert {job.status for job in other.get_all_jobs()} == {"FAILED", "COMPLETED", "TIMEOUT", "CANCELLED"}

        assert await other.cleanup_old_jobs(0.0) == 4


async def test_a_snapshot_of_a_removed_job_can_still_be_read(queue: DocumentProcessingQueue) -> None:
    job = queue.get_job_status(await done(queue))
    await queue.cleanup_old_jobs(0.0)

    assert job is not None
    assert [result.data for result in job.results] == ["1.0 a"]
    assert job.outcome("1.0 a") is not None
