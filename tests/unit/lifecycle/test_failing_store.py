"""A durable store whose writes fail: patience for a minute, then the queue stops (contract, section 6)."""

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest
from anyio import create_task_group, current_time, fail_after, sleep

from docmill import DocumentProcessingQueue, Event, Job, JobOptions, ProcessingContext, StoreUnavailableError
from docmill.ports import Change, JobRecord


class FailingStore:
    """A durable store on a disk that is full from time to time."""

    durable = True
    max_result_bytes = 2**20
    full = False

    def __init__(self) -> None:
        self.recorded: dict[str, str] = {}
        self.closed = 0

    def open(self) -> Iterable[JobRecord]:
        return ()

    def commit(self, changes: Sequence[Change]) -> None:
        if self.full:
            raise OSError("no space left on device")
        for change in changes:
            self.recorded[change.ledger.id] = change.after.status

    def load(self, job_id: str) -> None:
        """Nothing is kept."""

    def prune(self, job_ids: Sequence[str]) -> None: ...

    def close(self) -> None:
        self.closed += 1


class Seconds:
    """A processor that takes a second, and remembers what it has started."""

    def __init__(self) -> None:
        self.started: list[str] = []

    async def __call__(self, document_id: str, context: ProcessingContext) -> str:
        self.started.append(document_id)
        await sleep(1.0)
        return document_id


@pytest.fixture
def store() -> FailingStore:
    return FailingStore()


@pytest.fixture
def processor() -> Seconds:
    return Seconds()


@pytest.fixture
def queue(store: FailingStore, processor: Seconds) -> DocumentProcessingQueue:
    return DocumentProcessingQueue({"SECOND": processor}, store=store)


ONE_BY_ONE = JobOptions(max_concurrent=1, timeout=None)


def seen(queue: DocumentProcessingQueue, job_id: str) -> Job:
    job = queue.get_job_status(job_id)
    assert job is not None
    return job


async def answer_of(call: Callable[[], Any]) -> Any:
    try:
        with fail_after(200.0):
            return await call()
    except Exception as error:  # noqa: BLE001 - whatever it is, the test looks at it
        return error


async def test_while_the_disk_is_full_nothing_starts_and_nothing_is_shown_and_then_all_goes_on(
    queue: DocumentProcessingQueue, store: FailingStore, processor: Seconds, caplog: pytest.LogCaptureFixture
) -> None:
    async with queue:
        job_id = await queue.create_job(["a", "b", "c", "d"], "SECOND", ONE_BY_ONE)
        await sleep(1.5)
        store.full = True
        await sleep(30.0)
        assert processor.started in (["a", "b"], ["a", "b", "c"])
        assert seen(queue, job_id).processed_documents == 1
        store.full = False
        with fail_after(60.0):
            job = await queue.wait(job_id)

    assert job.status == "COMPLETED"
    assert processor.started == ["a", "b", "c", "d"]
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "the store cannot record" in warnings[0].getMessage()


async def test_after_a_minute_everybody_who_waits_is_told_and_the_job_stays_what_it_is_on_disk(
    queue: DocumentProcessingQueue, store: FailingStore
) -> None:
    answers: list[Any] = []
    heard: list[Event] = []
    queue.on("storeUnavailable", heard.append)
    stream = queue.events()

    async def ask(call: Callable[[], Any]) -> None:
        answers.append(await answer_of(call))

    job_id = await queue.create_job(["a", "b", "c"], "SECOND", ONE_BY_ONE)
    await sleep(1.5)
    store.full = True
    began = current_time()
    async with create_task_group() as tasks:
        for call in (
            lambda: queue.wait(job_id),
            queue.join,
            lambda: queue.cancel_job(job_id),
            lambda: queue.create_job(["x"], "SECOND"),
        ):
            tasks.start_soon(ask, call)
    took = current_time() - began

    assert [type(answer) for answer in answers] == [StoreUnavailableError] * 4
    assert "no space left on device" in str(answers[0])
    assert 60.0 <= took <= 70.0
    assert store.recorded == {job_id: "PROCESSING"}
    assert seen(queue, job_id).status == "PROCESSING"
    assert [event.name for event in heard] == ["storeUnavailable"]
    assert "storeUnavailable" in [event.name async for event in stream]
    assert store.closed == 1
    await queue.aclose()


async def test_a_full_disk_does_not_hold_the_close_beyond_its_limit(
    queue: DocumentProcessingQueue, store: FailingStore
) -> None:
    """R31: what could not be recorded by then is done again when the queue is reopened."""
    job_id = await queue.create_job(["a", "b", "c"], "SECOND", ONE_BY_ONE)
    await sleep(1.5)
    store.full = True
    began = current_time()
    await queue.aclose(3.0)

    assert current_time() - began <= 3.0 + 1.0
    assert store.recorded[job_id] == "PROCESSING"
    assert store.closed == 1


async def test_a_store_that_cannot_be_opened_says_so_where_the_queue_is_opened(store: FailingStore) -> None:
    def refuse() -> Iterable[JobRecord]:
        raise StoreUnavailableError("the disk is on fire")

    store.open = refuse  # type: ignore[method-assign]
    queue = DocumentProcessingQueue({"SECOND": Seconds()}, store=store)

    with pytest.raises(StoreUnavailableError, match="on fire"):
        await queue.start()
    assert isinstance(await answer_of(lambda: queue.create_job(["a"], "SECOND")), StoreUnavailableError)
    assert await answer_of(queue.aclose) is None
