"""Closing: what still ends, what is cancelled, and how long it may take (R31)."""

from typing import Any

import pytest
from anyio import CancelScope, create_task_group, current_time, fail_after, move_on_after, sleep, sleep_forever
from anyio import Event as Signal

from docmill import (
    DocumentProcessingQueue,
    Job,
    JobCancelled,
    JobOptions,
    JobStatus,
    ProcessingContext,
    QueueClosedError,
)


async def scripted(document_id: str, context: ProcessingContext) -> str:
    await sleep(float(document_id.split(maxsplit=1)[0]))
    if "bad" in document_id:
        raise ValueError(document_id)
    return document_id


LONG = JobOptions(max_concurrent=2, timeout=None, document_timeout=1e6)


def make_queue() -> DocumentProcessingQueue:
    return DocumentProcessingQueue({"SCRIPT": scripted})


def status(queue: DocumentProcessingQueue, job_id: str) -> Job:
    job = queue.get_job_status(job_id)
    assert job is not None
    return job


async def test_a_job_whose_last_documents_end_in_time_is_completed() -> None:
    queue = make_queue()
    job_id = await queue.create_job(["1.0 a", "4.0 b"], "SCRIPT", LONG)
    await sleep(2.0)
    began = current_time()
    await queue.aclose(10.0)

    assert current_time() - began == pytest.approx(2.0)
    assert status(queue, job_id).status == "COMPLETED"
    assert len(status(queue, job_id).results) == 2


async def test_the_summary_of_a_job_whose_last_documents_end_in_time_is_made() -> None:
    class Summing:
        async def __call__(self, document_id: str, context: ProcessingContext) -> str:
            return await scripted(document_id, context)

        async def finalize(self, outcomes: Any, context: ProcessingContext) -> str:
            await sleep(1.0)
            return f"{len(outcomes)} documents"

    queue = DocumentProcessingQueue({"SUM": Summing()})
    job_id = await queue.create_job(["3.0 a", "4.0 b"], "SUM", LONG)
    await sleep(1.0)
    await queue.aclose(10.0)

    assert status(queue, job_id).status == "COMPLETED"
    assert status(queue, job_id).summary == "2 documents"


async def test_running_attempts_get_their_time_and_then_they_are_cancelled() -> None:
    queue = make_queue()
    heard: list[JobCancelled] = []
    queue.on("jobCancelled", heard.append)
    job_id = await queue.create_job(["1.0 a", "100.0 b", "1.0 c", "100.0 d"], "SCRIPT", LONG)
    await sleep(0.5)
    began = current_time()
    await queue.aclose(5.0)

    assert current_time() - began == pytest.approx(5.0)
    job = status(queue, job_id)
    assert job.status == "CANCELLED"
    assert job.drained
    assert [result.document_id for result in job.results] == ["1.0 a"]
    assert [(failure.document_id, failure.code) for failure in job.errors] == [("100.0 b", "cancelled")]
    assert [(event.processed_documents, event.failed_documents) for event in heard] == [(1, 0)]


async def test_nothing_new_starts_once_the_close_has_begun() -> None:
    started: list[str] = []

    async def note(document_id: str, context: ProcessingContext) -> None:
        started.append(document_id)
        await sleep(1.0)

    queue = DocumentProcessingQueue({"NOTE": note})
    running = await queue.create_job(["a", "b", "c"], "NOTE", JobOptions(max_concurrent=1))
    await sleep(0.5)
    await queue.aclose(100.0)

    assert started == ["a"]
    assert status(queue, running).status == "CANCELLED"


async def test_a_document_that_waits_for_its_retry_settles_with_its_last_error() -> None:
    queue = make_queue()
    options = JobOptions(retry_attempts=3, retry_delay=20.0, document_timeout=1e6)
    job_id = await queue.create_job(["1.0 bad"], "SCRIPT", options)
    await sleep(2.0)
    await queue.aclose()

    (failure,) = status(queue, job_id).errors
    assert failure.code == "job_stopped"
    assert failure.error == "ValueError: 1.0 bad"


async def test_a_job_that_never_started_is_cancelled_with_its_event() -> None:
    queue = DocumentProcessingQueue({"SCRIPT": scripted}, max_workers=1)
    heard: list[JobCancelled] = []
    queue.on("jobCancelled", heard.append)
    await queue.create_job(["3.0 a"], "SCRIPT", LONG)
    pending = await queue.create_job(["1.0 b"], "SCRIPT", LONG)
    await sleep(1.0)
    await queue.aclose()

    assert [event.job_id for event in heard] == [pending]
    job = status(queue, pending)
    assert (job.status, job.started_at, job.duration, job.drained) == ("CANCELLED", None, 0.0, True)


async def test_with_no_time_at_all_running_attempts_are_cancelled_at_once() -> None:
    queue = make_queue()
    job_id = await queue.create_job(["100.0 a"], "SCRIPT", LONG)
    await sleep(1.0)
    began = current_time()
    await queue.aclose(0.0)

    assert current_time() == began
    assert status(queue, job_id).status == "CANCELLED"


async def test_an_exception_in_the_body_closes_at_once() -> None:
    queue = make_queue()

    async def body() -> None:
        async with queue:
            await queue.create_job(["100.0 a"], "SCRIPT", LONG)
            await sleep(1.0)
            raise LookupError("in the body")

    began = current_time()
    with pytest.raises(LookupError, match="in the body"):
        await body()

    assert current_time() - began == pytest.approx(1.0)
    assert [job.status for job in queue.get_all_jobs()] == ["CANCELLED"]


async def test_a_body_that_is_cancelled_closes_at_once_and_passes_the_cancellation_on() -> None:
    queue = make_queue()
    began = current_time()
    with move_on_after(2.0) as scope:
        async with queue:
            await queue.wait(await queue.create_job(["100.0 a"], "SCRIPT", LONG))

    assert scope.cancelled_caught
    assert current_time() - began == pytest.approx(2.0)
    assert [(job.status, job.drained) for job in queue.get_all_jobs()] == [("CANCELLED", True)]


async def test_a_cancelled_caller_of_aclose_still_leaves_a_closed_queue() -> None:
    queue = make_queue()
    job_id = await queue.create_job(["100.0 a"], "SCRIPT", LONG)
    with move_on_after(1.0):
        await queue.aclose(5.0)

    assert status(queue, job_id).status == "CANCELLED"
    assert queue.stats().running == 0


async def test_the_with_block_waits_ten_seconds_for_what_is_running() -> None:
    async with make_queue() as queue:
        job_id = await queue.create_job(["9.0 a", "20.0 b"], "SCRIPT", LONG)
        await sleep(0.5)
        began = current_time()

    assert current_time() - began == pytest.approx(10.0)
    assert [outcome.success for outcome in status(queue, job_id).outcomes] == [True, False]


async def test_closing_a_closed_queue_does_nothing() -> None:
    queue = make_queue()
    await queue.start()
    await queue.aclose()
    began = current_time()
    await queue.aclose()
    async with create_task_group() as tasks:
        tasks.start_soon(queue.aclose)

    assert current_time() == began


async def test_closing_a_queue_that_was_never_opened_closes_it() -> None:
    queue = make_queue()
    await queue.aclose()
    await queue.aclose()

    with pytest.raises(QueueClosedError, match="the queue is closed; make a new one"):
        await queue.create_job(["1.0 a"], "SCRIPT")
    with pytest.raises(QueueClosedError):
        await queue.start()


async def test_several_tasks_may_close_it_at_once_and_all_wait_for_the_end() -> None:
    queue = make_queue()
    job_id = await queue.create_job(["3.0 a"], "SCRIPT", LONG)
    statuses: list[JobStatus] = []

    async def close() -> None:
        await queue.aclose(10.0)
        statuses.append(status(queue, job_id).status)

    async with create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(close)

    assert statuses == ["COMPLETED"] * 3


async def test_a_second_close_with_less_time_makes_the_first_one_come_to_an_end_sooner() -> None:
    queue = make_queue()
    await queue.create_job(["100.0 a"], "SCRIPT", LONG)
    began = current_time()
    async with create_task_group() as tasks:
        tasks.start_soon(queue.aclose, 50.0)
        await sleep(1.0)
        await queue.aclose(2.0)
        assert current_time() - began == pytest.approx(3.0)
    assert current_time() - began == pytest.approx(3.0)


async def test_no_job_is_taken_in_while_it_closes_or_afterwards() -> None:
    queue = make_queue()
    await queue.create_job(["3.0 a"], "SCRIPT", LONG)
    async with create_task_group() as tasks:
        tasks.start_soon(queue.aclose)
        await sleep(1.0)
        with pytest.raises(QueueClosedError, match="the queue is closed"):
            await queue.create_job(["1.0 b"], "SCRIPT")
    with pytest.raises(QueueClosedError, match="make a new one"):
        await queue.create_job(["1.0 b"], "SCRIPT")

    assert queue.stats().jobs == 1


async def test_a_closed_queue_cannot_be_opened_again() -> None:
    queue = make_queue()
    async with queue:
        pass

    with pytest.raises(QueueClosedError, match="make a new one"):
        await queue.start()
    with pytest.raises(QueueClosedError):
        await queue.__aenter__()


async def test_everything_can_still_be_read_after_the_close() -> None:
    async with make_queue() as queue:
        job_id = await queue.create_job(["1.0 a", "1.0 bad"], "SCRIPT", JobOptions(retry_attempts=0))
        await queue.wait(job_id)

    job = await queue.wait(job_id)
    assert job.status == "COMPLETED"
    assert (await queue.wait(job_id, drained=True)).drained
    assert status(queue, job_id).results == job.results
    assert [job.id for job in queue.get_all_jobs()] == [job_id]
    assert queue.get_all_jobs(active=True) == []
    assert (await queue.load_job(job_id)) is not None
    assert queue.stats().jobs == 1
    assert await queue.cancel_job(job_id) is False
    assert len([outcome async for outcome in queue.outcomes(job_id)]) == 2
    assert [event.name async for event in queue.events(job_id)] == ["jobCompleted"]
    await queue.join()


async def test_a_retry_after_the_close_is_refused_like_any_other_new_job() -> None:
    async with make_queue() as queue:
        job_id = await queue.create_job(["1.0 bad"], "SCRIPT", JobOptions(retry_attempts=0))
        await queue.wait(job_id)

    with pytest.raises(QueueClosedError):
        await queue.retry_job(job_id)


async def test_who_waits_for_a_job_when_the_queue_is_closed_gets_it_cancelled() -> None:
    """A job in memory is always decided by the close, so nobody waits for ever."""
    queue = make_queue()
    job_id = await queue.create_job(["100.0 a"], "SCRIPT", LONG)
    waited: list[Job] = []

    async def wait(drained: bool) -> None:
        waited.append(await queue.wait(job_id, drained=drained))

    with fail_after(50.0):
        async with create_task_group() as tasks:
            tasks.start_soon(wait, False)
            tasks.start_soon(wait, True)
            tasks.start_soon(queue.join)
            await sleep(1.0)
            await queue.aclose(1.0)

    assert [job.status for job in waited] == ["CANCELLED", "CANCELLED"]


async def test_async_listeners_hear_the_last_events_before_the_close_returns() -> None:
    queue = make_queue()
    heard: list[str] = []

    async def slow(event: Any) -> None:
        await sleep(0.3)
        heard.append(event.name)

    queue.on("jobCompleted", slow)
    queue.on("jobCancelled", slow)
    await queue.create_job(["1.0 a"], "SCRIPT")
    await queue.create_job(["100.0 b"], "SCRIPT", LONG)
    await queue.aclose(2.0)

    assert heard == ["jobCompleted", "jobCancelled"]


async def test_a_listener_that_is_stuck_holds_the_close_for_its_one_second_only() -> None:
    queue = make_queue()
    heard: list[str] = []

    @queue.on("jobCompleted")
    async def stuck(event: Any) -> None:
        await sleep_forever()

    @queue.on("jobCompleted")
    async def slow(event: Any) -> None:
        await sleep(0.5)
        heard.append(event.name)

    await queue.create_job(["1.0 a"], "SCRIPT")
    await sleep(0.9)
    began = current_time()
    await queue.aclose(10.0)

    assert current_time() - began == pytest.approx(0.1 + 1.0)
    assert heard == ["jobCompleted"]


async def test_a_listener_that_ignores_its_cancellation_does_not_hold_the_close() -> None:
    queue = make_queue()

    @queue.on("jobCompleted")
    async def stubborn(event: Any) -> None:
        with CancelScope(shield=True):
            await sleep(3_600.0)

    await queue.create_job(["1.0 a"], "SCRIPT")
    await sleep(2.0)
    began = current_time()
    await queue.aclose(1.0)

    assert current_time() - began <= 2.0 + 1e-6


async def test_an_attempt_that_ignores_its_cancellation_does_not_hold_the_close() -> None:
    """Q11: it is abandoned, its document settles all the same."""

    async def stubborn(document_id: str, context: ProcessingContext) -> None:
        with CancelScope(shield=True):
            await sleep(3_600.0)

    queue = DocumentProcessingQueue({"STUBBORN": stubborn})
    job_id = await queue.create_job(["a"], "STUBBORN", LONG)
    await sleep(1.0)
    began = current_time()
    await queue.aclose(1.0)

    assert current_time() - began <= 1.0 + 1e-6
    job = status(queue, job_id)
    assert (job.status, job.drained) == ("CANCELLED", True)
    assert [failure.code for failure in job.errors] == ["cancelled"]


async def test_a_listener_may_close_the_queue() -> None:
    queue = make_queue()

    @queue.on("jobCompleted")
    async def close(event: Any) -> None:
        await queue.aclose()

    job_id = await queue.create_job(["1.0 a"], "SCRIPT")
    with fail_after(50.0):
        await queue.wait(job_id)
        await queue.aclose()

    with pytest.raises(QueueClosedError):
        await queue.create_job(["1.0 a"], "SCRIPT")


async def test_a_sync_listener_may_ask_another_task_to_close_the_queue() -> None:
    queue = make_queue()
    enough = Signal()
    queue.on("progress", lambda event: enough.set())
    job_id = await queue.create_job(["1.0 a", "30.0 b"], "SCRIPT", LONG)
    await enough.wait()
    await queue.aclose(0.0)

    assert status(queue, job_id).processed_documents == 2
    assert status(queue, job_id).status == "CANCELLED"


async def test_a_decided_job_that_still_runs_gets_the_time_of_the_close_to_drain() -> None:
    queue = make_queue()
    job_id = await queue.create_job(["4.0 a"], "SCRIPT", LONG)
    await sleep(1.0)
    await queue.cancel_job(job_id)
    await queue.aclose(10.0)

    job = status(queue, job_id)
    assert (job.status, job.drained, job.processed_documents) == ("CANCELLED", True, 1)
    assert job.results[0].document_id == "4.0 a"


async def test_opening_and_closing_without_a_job_takes_no_time() -> None:
    began = current_time()
    for _ in range(20):
        queue = make_queue()
        await queue.start()
        await queue.aclose()
    async with make_queue():
        pass

    assert current_time() == began
