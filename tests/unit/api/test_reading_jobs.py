"""get_job_status, get_all_jobs, load_job, stats, wait and join."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from anyio import create_task_group, current_time, move_on_after, sleep

from docmill import DocumentProcessingQueue, Job, JobNotFoundError, JobOptions


async def scripted(document_id: str, context: Any) -> str:
    await sleep(float(document_id.split(maxsplit=1)[0]))
    return document_id


@pytest.fixture
async def queue() -> AsyncIterator[DocumentProcessingQueue]:
    async with DocumentProcessingQueue({"SCRIPT": scripted}, max_workers=2) as queue:
        yield queue


LONG = JobOptions(max_concurrent=2, timeout=None, document_timeout=1e6)


@pytest.mark.parametrize("job_id", ["job_1", "", "job_\0", None, 5])
async def test_an_unknown_job_is_none_to_reads(queue: DocumentProcessingQueue, job_id: Any) -> None:
    """R23."""
    assert queue.get_job_status(job_id) is None
    assert await queue.load_job(job_id) is None


@pytest.mark.parametrize("method", ["wait", "cancel_job", "retry_job"])
async def test_an_unknown_job_is_an_error_to_what_needs_one(queue: DocumentProcessingQueue, method: str) -> None:
    """Q13."""
    with pytest.raises(JobNotFoundError, match="no job 'job_1' is known here"):
        await getattr(queue, method)("job_1")


@pytest.mark.parametrize("method", ["wait", "cancel_job", "retry_job"])
async def test_an_unknown_job_is_the_same_error_to_a_queue_that_is_not_open(method: str) -> None:
    queue = DocumentProcessingQueue({"SCRIPT": scripted})

    with pytest.raises(JobNotFoundError):
        await getattr(queue, method)("job_1")
    assert await queue.load_job("job_1") is None
    assert await queue.cleanup_old_jobs(0.0) == 0
    await queue.join()


async def test_a_job_can_be_seen_from_its_creation_to_its_end(queue: DocumentProcessingQueue) -> None:
    job_id = await queue.create_job(["1.0 a", "2.0 b"], "SCRIPT", LONG)
    seen: list[Any] = []
    for _ in range(4):
        job = queue.get_job_status(job_id)
        assert job is not None
        seen.append((job.status, job.progress, job.drained))
        await sleep(0.8)

    assert seen[1:] == [("PROCESSING", 0, False), ("PROCESSING", 50, False), ("COMPLETED", 100, True)]


async def test_all_jobs_come_newest_first(queue: DocumentProcessingQueue) -> None:
    ids = [await queue.create_job(["1.0 a"], "SCRIPT") for _ in range(5)]

    assert [job.id for job in queue.get_all_jobs()] == ids[::-1]


async def test_active_jobs_are_those_that_are_pending_or_processing(queue: DocumentProcessingQueue) -> None:
    """Q19."""
    done = await queue.create_job(["1.0 a"], "SCRIPT")
    await queue.wait(done)
    cancelled = await queue.create_job(["9.0 a"], "SCRIPT", LONG)
    running = await queue.create_job(["9.0 a"], "SCRIPT", LONG)
    await sleep(0.5)
    pending = await queue.create_job(["9.0 a"], "SCRIPT", LONG)
    await sleep(0.5)
    await queue.cancel_job(cancelled)

    assert [job.id for job in queue.get_all_jobs(active=True)] == [pending, running]
    assert [job.status for job in queue.get_all_jobs()] == ["PENDING", "PROCESSING", "CANCELLED", "COMPLETED"]


async def test_active_and_owner_can_be_asked_for_together(queue: DocumentProcessingQueue) -> None:
    done = await queue.create_job(["1.0 a"], "SCRIPT", owner="ann")
    await queue.wait(done)
    active = await queue.create_job(["1.0 a"], "SCRIPT", owner="ann")
    await queue.create_job(["1.0 a"], "SCRIPT", owner="bob")

    assert [job.id for job in queue.get_all_jobs(active=True, owner="ann")] == [active]


async def test_load_job_sees_what_get_job_status_sees(queue: DocumentProcessingQueue) -> None:
    job_id = await queue.create_job(["1.0 a"], "SCRIPT")
    await queue.wait(job_id)
    job = await queue.load_job(job_id)

    assert isinstance(job, Job)
    assert job.status == "COMPLETED"
    assert [result.document_id for result in job.results] == ["1.0 a"]


async def test_stats_count_what_the_queue_is_doing(queue: DocumentProcessingQueue) -> None:
    await queue.wait(await queue.create_job(["1.0 a"], "SCRIPT"))
    await queue.create_job(["9.0 a", "9.0 b", "9.0 c"], "SCRIPT", LONG)
    await sleep(1.0)
    await queue.create_job(["9.0 a"], "SCRIPT", LONG)
    await sleep(1.0)

    stats = queue.stats()
    assert (stats.jobs, stats.pending, stats.processing) == (3, 1, 1)
    assert stats.running == 2
    assert stats.lanes == 2
    assert (stats.abandoned, stats.listener_failures, stats.dropped_events) == (0, 0, 0)
    await queue.join()
    assert (queue.stats().pending, queue.stats().processing, queue.stats().running) == (0, 0, 0)


async def test_wait_returns_at_the_decision_and_drained_after_the_last_attempt(queue: DocumentProcessingQueue) -> None:
    """Q10."""
    job_id = await queue.create_job(["5.0 a", "1.0 b"], "SCRIPT", LONG)
    began = current_time()
    await sleep(2.0)
    await queue.cancel_job(job_id)

    decided = await queue.wait(job_id)
    assert current_time() - began == pytest.approx(2.0)
    assert (decided.status, decided.drained, decided.processed_documents) == ("CANCELLED", False, 1)

    drained = await queue.wait(job_id, drained=True)
    assert current_time() - began == pytest.approx(5.0)
    assert (drained.status, drained.drained, drained.processed_documents) == ("CANCELLED", True, 2)


async def test_a_wait_that_is_cancelled_does_not_cancel_the_job(queue: DocumentProcessingQueue) -> None:
    job_id = await queue.create_job(["5.0 a"], "SCRIPT")
    with move_on_after(1.0):
        await queue.wait(job_id)

    assert (await queue.wait(job_id)).status == "COMPLETED"


async def test_many_may_wait_for_one_job(queue: DocumentProcessingQueue) -> None:
    job_id = await queue.create_job(["3.0 a"], "SCRIPT")
    statuses: list[str] = []

    async def wait() -> None:
        statuses.append((await queue.wait(job_id)).status)

    async with create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(wait)

    assert statuses == ["COMPLETED"] * 20


async def test_join_waits_for_every_job_to_be_drained_those_that_come_meanwhile_too(
    queue: DocumentProcessingQueue,
) -> None:
    began = current_time()
    cancelled = await queue.create_job(["6.0 a"], "SCRIPT", LONG)
    await queue.create_job(["2.0 a"], "SCRIPT")

    async def add() -> None:
        await sleep(3.0)
        await queue.cancel_job(cancelled)
        await queue.create_job(["5.0 a"], "SCRIPT")

    async with create_task_group() as tasks:
        tasks.start_soon(add)
        await queue.join()
        assert current_time() - began == pytest.approx(8.0)

    assert all(job.drained for job in queue.get_all_jobs())


async def test_join_without_a_job_returns_at_once(queue: DocumentProcessingQueue) -> None:
    began = current_time()
    await queue.join()

    assert current_time() == began
