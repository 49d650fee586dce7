"""A bug inside of the queue: never silent, and nobody waits for ever."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from anyio import create_task_group, fail_after, sleep

from docmill import DocmillError, DocumentProcessingQueue, InternalError, JobOptions
from docmill.ports import Change
from docmill.stores import MemoryStore


class BrokenStore(MemoryStore):
    """A store in memory, which must never fail, and does so as soon as it is told to."""

    broken = False

    def commit(self, changes: Sequence[Change]) -> None:
        if self.broken:
            raise RuntimeError("the store is broken")


async def a_second(document_id: str, context: Any) -> str:
    await sleep(1.0)
    return document_id


@pytest.fixture
def store() -> BrokenStore:
    return BrokenStore()


@pytest.fixture
def queue(store: BrokenStore) -> DocumentProcessingQueue:
    return DocumentProcessingQueue({"SECOND": a_second}, store=store)


async def outcome_of(call: Callable[[], Any]) -> Any:
    try:
        with fail_after(60.0):
            return await call()
    except Exception as error:  # noqa: BLE001 - whatever it is, the test looks at it
        return error


async def test_whoever_waits_is_told_that_the_queue_broke(
    queue: DocumentProcessingQueue, store: BrokenStore, caplog: pytest.LogCaptureFixture
) -> None:
    answers: list[Any] = []

    async def ask(call: Callable[[], Any]) -> None:
        answers.append(await outcome_of(call))

    job_id = await queue.create_job(["a", "b", "c"], "SECOND", JobOptions(max_concurrent=1))
    async with create_task_group() as tasks:
        tasks.start_soon(ask, lambda: queue.wait(job_id))
        tasks.start_soon(ask, lambda: queue.wait(job_id, drained=True))
        tasks.start_soon(ask, queue.join)
        await sleep(1.5)
        store.broken = True

    assert [type(answer) for answer in answers] == [InternalError] * 3
    assert isinstance(answers[0], DocmillError)
    assert "the queue broke" in str(answers[0])
    assert isinstance(answers[0].__cause__, BaseException)
    critical = [record for record in caplog.records if record.levelno == logging.CRITICAL]
    assert len(critical) == 1
    assert "the store is broken" in str(critical[0].exc_info)


async def test_a_broken_queue_takes_no_more_jobs_says_why_and_can_be_closed(
    queue: DocumentProcessingQueue, store: BrokenStore
) -> None:
    job_id = await queue.create_job(["a", "b"], "SECOND", JobOptions(max_concurrent=1))
    store.broken = True
    assert isinstance(await outcome_of(lambda: queue.wait(job_id)), InternalError)

    assert isinstance(await outcome_of(lambda: queue.create_job(["x"], "SECOND")), InternalError)
    assert await outcome_of(queue.aclose) is None
    assert queue.stats().running == 0
    assert queue.get_job_status(job_id) is not None


async def test_the_streams_of_a_broken_queue_end(queue: DocumentProcessingQueue, store: BrokenStore) -> None:
    async def read(stream: Any) -> list[Any]:
        return [item async for item in stream]

    job_id = await queue.create_job(["a", "b"], "SECOND", JobOptions(max_concurrent=1))
    streams = [queue.events(), queue.events(job_id), queue.outcomes(job_id)]
    await sleep(0.5)
    store.broken = True

    for stream in streams:
        assert isinstance(await outcome_of(lambda stream=stream: read(stream)), list)


async def test_a_store_that_cannot_take_the_first_job_does_not_leave_its_creator_waiting(
    queue: DocumentProcessingQueue, store: BrokenStore
) -> None:
    store.broken = True

    assert isinstance(await outcome_of(lambda: queue.create_job(["a"], "SECOND")), Exception)
    assert queue.stats().jobs == 0
    await outcome_of(queue.aclose)
