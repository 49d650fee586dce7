"""Contract, section 4: KeyboardInterrupt inside a processor closes the queue, and comes out where one waits."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from anyio import fail_after, sleep

from docmill import DocumentProcessingQueue, JobStatus, QueueClosedError

from .support import CHECK, HORIZON, Ears, Scripted, Stopwatch, at, opened, options, takes


def interrupted_sync(document_id: str) -> None:
    raise KeyboardInterrupt


processors = pytest.mark.parametrize(
    "make", [lambda: Scripted(takes(1, KeyboardInterrupt)), lambda: interrupted_sync], ids=["async", "sync"]
)


async def program(queue: DocumentProcessingQueue, body: Callable[[], Awaitable[Any]]) -> None:
    """What a user writes: a block around everything that is done with the queue."""
    with fail_after(HORIZON):
        async with queue:
            await body()


@processors
async def test_it_is_raised_from_wait(make: Any) -> None:
    queue = DocumentProcessingQueue({CHECK: make()})
    await queue.start()
    job_id = await queue.create_job(["a"], CHECK)
    with pytest.raises(KeyboardInterrupt):
        await queue.wait(job_id)
    await queue.aclose()

    job = queue.get_job_status(job_id)
    assert (job.status, job.drained) == (JobStatus.CANCELLED, True)


@processors
async def test_it_is_raised_from_the_end_of_the_block(make: Any) -> None:
    queue = DocumentProcessingQueue({CHECK: make()})
    reached = []

    async def body() -> None:
        await queue.create_job(["a"], CHECK)
        await sleep(5)
        reached.append("the end of the body")

    with pytest.raises(KeyboardInterrupt):
        await program(queue, body)

    assert reached == ["the end of the body"]
    assert [job.status for job in queue.get_all_jobs()] == [JobStatus.CANCELLED]


@processors
async def test_the_job_is_cancelled_even_if_no_attempt_was_left(make: Any) -> None:
    """It says nothing about the document, so it must not make the job FAILED."""
    queue = DocumentProcessingQueue({CHECK: make()})

    async def body() -> None:
        await queue.wait(await queue.create_job(["a"], CHECK, options(retry_attempts=0)))

    with pytest.raises(KeyboardInterrupt):
        await program(queue, body)

    assert [job.status for job in queue.get_all_jobs()] == [JobStatus.CANCELLED]


async def test_every_other_job_is_cancelled_with_its_event_and_at_once() -> None:
    queue = DocumentProcessingQueue({CHECK: Scripted(takes(20), bad=[takes(1, KeyboardInterrupt)])}, max_workers=3)
    ears = Ears(queue, "jobCancelled")
    watch = Stopwatch()

    async def body() -> None:
        await queue.create_job(["bad"], CHECK)
        await queue.wait(await queue.create_job(["a", "b", "c"], CHECK))

    with pytest.raises(KeyboardInterrupt):
        await program(queue, body)

    jobs = queue.get_all_jobs()
    assert watch() == at(1)
    assert [job.status for job in jobs] == [JobStatus.CANCELLED] * 2
    assert {item.event.job_id for item in ears.heard} == {job.id for job in jobs}


async def test_the_event_loop_goes_on() -> None:
    queue = DocumentProcessingQueue({CHECK: Scripted(KeyboardInterrupt)})

    async def body() -> None:
        await queue.wait(await queue.create_job(["a"], CHECK))

    with pytest.raises(KeyboardInterrupt):
        await program(queue, body)

    await sleep(1)
    async with opened(Scripted("fine")) as another:
        job = await another.wait(await another.create_job(["a"], CHECK))
    assert job.status is JobStatus.COMPLETED


async def test_reads_still_work_afterwards_and_nothing_new_is_taken() -> None:
    queue = DocumentProcessingQueue({CHECK: Scripted("fine", bad=[takes(1, KeyboardInterrupt)])})
    done = []

    async def body() -> None:
        done.append(await queue.create_job(["a"], CHECK))
        await queue.wait(await queue.create_job(["bad"], CHECK))

    with pytest.raises(KeyboardInterrupt):
        await program(queue, body)

    assert queue.get_job_status(done[0]).status is JobStatus.COMPLETED
    assert (await queue.wait(done[0])).results[0].data == "fine"
    with pytest.raises((QueueClosedError, KeyboardInterrupt)):
        await queue.create_job(["b"], CHECK)


async def test_an_exception_of_the_body_is_not_replaced() -> None:
    queue = DocumentProcessingQueue({CHECK: Scripted(takes(1, KeyboardInterrupt))})

    async def body() -> None:
        await queue.create_job(["a"], CHECK)
        await sleep(5)
        raise LookupError("of the body")

    with pytest.raises(LookupError, match="of the body"):
        await program(queue, body)
