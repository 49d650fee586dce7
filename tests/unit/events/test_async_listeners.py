"""Async listeners: each has a lane of its own, in which it hears events in order (R27)."""

import logging
from functools import partial
from typing import Any

import pytest
from anyio import Event as Signal
from anyio import current_time, sleep
from anyio.lowlevel import checkpoint

from docmill import (
    DocumentCompleted,
    DocumentFailed,
    DocumentProcessingQueue,
    JobCompleted,
    JobOptions,
    JobStarted,
    Progress,
)

ONE_BY_ONE = JobOptions(max_concurrent=1, timeout=None, retry_attempts=0)


async def a_second(document_id: str, context: Any) -> str:
    await sleep(1.0)
    return document_id


async def in_no_time(document_id: str, context: Any) -> str:
    return document_id


@pytest.fixture
def queue() -> DocumentProcessingQueue:
    return DocumentProcessingQueue({"SECOND": a_second, "NOW": in_no_time})


def names(count: int) -> list[str]:
    return [f"doc-{number}" for number in range(count)]


async def test_an_async_listener_hears_every_event_in_order(queue: DocumentProcessingQueue) -> None:
    heard: list[int] = []

    @queue.on("progress")
    async def listener(event: Progress) -> None:
        heard.append(event.progress)

    async with queue:
        await queue.wait(await queue.create_job(names(4), "SECOND", ONE_BY_ONE))

    assert heard == [25, 50, 75, 100]


async def test_one_listener_of_several_events_hears_them_in_the_order_of_their_numbers(
    queue: DocumentProcessingQueue,
) -> None:
    """R27: one function has one lane, whatever it is registered for."""
    heard: list[Any] = []

    async def listener(event: Any) -> None:
        await sleep(0.01)
        heard.append(event)

    for name in ("jobCompleted", "documentCompleted", "progress", "jobStarted"):
        queue.on(name, listener)
    async with queue:
        await queue.wait(await queue.create_job(names(3), "SECOND", ONE_BY_ONE))

    assert [event.seq for event in heard] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [type(event) for event in heard] == [
        JobStarted,
        *[DocumentCompleted, Progress] * 3,
        JobCompleted,
    ]


async def test_a_listener_is_never_called_for_two_events_at_once(queue: DocumentProcessingQueue) -> None:
    inside = most = 0

    @queue.on("documentCompleted")
    async def listener(event: DocumentCompleted) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await sleep(0.01)
        inside -= 1

    async with queue:
        await queue.wait(await queue.create_job(names(20), "NOW"))

    assert most == 1


async def test_a_slow_listener_delays_neither_the_job_nor_the_other_listeners(queue: DocumentProcessingQueue) -> None:
    heard: list[tuple[float, int]] = []

    async def slow(event: Any) -> None:
        await sleep(1_000.0)

    async def quick(event: Progress) -> None:
        heard.append((current_time() - began, event.progress))

    queue.on("progress", slow)
    queue.on("jobCompleted", slow)
    queue.on("progress", quick)
    async with queue:
        began = current_time()
        await queue.wait(await queue.create_job(names(4), "SECOND", ONE_BY_ONE))
        took = current_time() - began

    assert took == pytest.approx(4.0)
    assert heard == [
        (pytest.approx(1.0), 25),
        (pytest.approx(2.0), 50),
        (pytest.approx(3.0), 75),
        (pytest.approx(4.0), 100),
    ]


async def test_progress_that_a_slow_listener_has_not_heard_yet_gives_way_to_newer(
    queue: DocumentProcessingQueue,
) -> None:
    heard: list[int] = []

    @queue.on("progress")
    async def slow(event: Progress) -> None:
        heard.append(event.progress)
        await sleep(2.3)

    async with queue:
        await queue.wait(await queue.create_job(names(10), "SECOND", ONE_BY_ONE))

    assert heard == [10, 30, 50, 70, 100]


async def test_progress_of_one_job_does_not_give_way_to_that_of_another(queue: DocumentProcessingQueue) -> None:
    heard: list[tuple[str, int]] = []

    @queue.on("progress")
    async def slow(event: Progress) -> None:
        await sleep(0.9)
        heard.append((event.job_id, event.progress))

    async with queue:
        jobs = [await queue.create_job(["a"], "SECOND") for _ in range(3)]
        await queue.join()
        await sleep(3.0)

    assert sorted(heard) == sorted((job_id, 100) for job_id in jobs)


async def test_coalescing_never_changes_the_order_of_events(queue: DocumentProcessingQueue) -> None:
    """R27: progress that replaces older progress takes its own place, not the older one's."""
    heard: list[Any] = []

    async def slow(event: Any) -> None:
        heard.append(event)
        await sleep(3.3)

    for name in ("jobStarted", "progress", "documentCompleted", "jobCompleted"):
        queue.on(name, slow)
    async with queue:
        await queue.wait(await queue.create_job(names(7), "SECOND", ONE_BY_ONE))
        await sleep(60.0)

    numbers = [event.seq for event in heard]
    assert numbers == sorted(numbers)
    assert sum(isinstance(event, DocumentCompleted) for event in heard) == 7
    assert sum(isinstance(event, Progress) for event in heard) < 7
    assert isinstance(heard[-1], JobCompleted)


async def test_terminal_events_are_kept_however_many_wait(
    queue: DocumentProcessingQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docmill.emitter.mailbox.CAPACITY", 2)
    told: list[str] = []
    heard: list[str] = []
    go_on = Signal()
    queue.on("jobCompleted", lambda event: told.append(event.job_id))

    @queue.on("jobCompleted")
    async def slow(event: JobCompleted) -> None:
        await go_on.wait()
        heard.append(event.job_id)

    async with queue:
        for _ in range(50):
            await queue.create_job(["a"], "NOW")
        await queue.join()
        go_on.set()

    assert len(set(heard)) == 50
    assert heard == told


async def test_document_events_beyond_the_capacity_are_dropped_oldest_first_counted_and_logged_once(
    queue: DocumentProcessingQueue, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("docmill.emitter.mailbox.CAPACITY", 5)
    heard: list[str] = []
    go_on = Signal()

    async def slow(event: Any) -> None:
        await go_on.wait()
        heard.append(getattr(event, "document_id", event.name))

    queue.on("jobStarted", slow)
    queue.on("documentCompleted", slow)
    queue.on("jobCompleted", slow)
    async with queue:
        await queue.wait(await queue.create_job(names(20), "NOW", ONE_BY_ONE))
        assert queue.stats().dropped_events == 15
        go_on.set()

    assert heard == ["jobStarted", "doc-15", "doc-16", "doc-17", "doc-18", "doc-19", "jobCompleted"]
    assert queue.stats().dropped_events == 15
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.name == "docmill"
    assert "a listener is slow" in record.getMessage()


async def test_a_slow_listener_does_not_cost_a_quick_one_its_document_events(
    queue: DocumentProcessingQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docmill.emitter.mailbox.CAPACITY", 1)
    heard: list[str] = []

    async def slow(event: DocumentCompleted) -> None:
        await sleep(1_000.0)

    async def quick(event: DocumentCompleted) -> None:
        heard.append(event.document_id)

    queue.on("documentCompleted", slow)
    queue.on("documentCompleted", quick)
    async with queue:
        await queue.wait(await queue.create_job(names(5), "SECOND", ONE_BY_ONE))

    assert heard == names(5)
    assert queue.stats().dropped_events == 3


async def test_what_a_sync_listener_returns_is_awaited_if_it_can_be(queue: DocumentProcessingQueue) -> None:
    heard: list[int] = []

    async def keep(progress: int) -> None:
        await sleep(0.01)
        heard.append(progress)

    queue.on("progress", lambda event: keep(event.progress))
    async with queue:
        await queue.wait(await queue.create_job(names(4), "SECOND", ONE_BY_ONE))

    assert heard == [25, 50, 75, 100]


class Keeper:
    """A listener that is an object, and one that is a method."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    async def __call__(self, event: Any) -> None:
        await checkpoint()
        self.heard.append(event)

    async def method(self, event: Any) -> None:
        await self(event)


async def test_objects_methods_and_partials_are_listeners_like_functions(queue: DocumentProcessingQueue) -> None:
    keeper = Keeper()

    async def keep(kept: list[Any], event: Any) -> None:
        kept.append(event)

    queue.on("jobCompleted", keeper)
    queue.on("jobCompleted", keeper.method)
    queue.on("jobCompleted", partial(keep, keeper.heard))
    async with queue:
        await queue.wait(await queue.create_job(["a"], "NOW"))

    assert len(keeper.heard) == 3


async def test_a_bound_method_can_be_removed_by_naming_it_again(queue: DocumentProcessingQueue) -> None:
    keeper = Keeper()
    queue.on("jobCompleted", keeper.method)
    queue.remove_listener("jobCompleted", keeper.method)

    async with queue:
        await queue.wait(await queue.create_job(["a"], "NOW"))

    assert keeper.heard == []


async def test_an_async_listener_may_create_a_job_and_wait_for_it(queue: DocumentProcessingQueue) -> None:
    done = Signal()

    @queue.once("jobCompleted")
    async def follow_up(event: JobCompleted) -> None:
        job = await queue.wait(await queue.create_job(["next"], "NOW"))
        assert job.status == "COMPLETED"
        done.set()

    async with queue:
        await queue.create_job(["first"], "NOW")
        await done.wait()

    assert [job.document_ids for job in queue.get_all_jobs()] == [("next",), ("first",)]


async def test_many_once_listeners_leave_no_task_behind_while_the_queue_is_open(queue: DocumentProcessingQueue) -> None:
    """A listener that hears one event only must not keep a lane for the life of the queue."""

    async def listener(event: JobCompleted) -> None: ...

    async with queue:
        for _ in range(20):
            queue.once("jobCompleted", listener)
            await queue.wait(await queue.create_job(["a"], "NOW"))
            await sleep(0.01)

        assert len(queue._emitter._lanes) <= 1


async def test_a_listener_of_failures_hears_them_in_their_order(queue: DocumentProcessingQueue) -> None:
    heard: list[str] = []

    async def fail(document_id: str, context: Any) -> None:
        raise ValueError(document_id)

    failing = DocumentProcessingQueue({"FAIL": fail})

    @failing.on("documentFailed")
    async def listener(event: DocumentFailed) -> None:
        heard.append(event.document_id)

    async with failing:
        await failing.wait(await failing.create_job(names(6), "FAIL", ONE_BY_ONE))

    assert heard == names(6)
