"""Registering listeners in pyee's style."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from docmill import DocumentProcessingQueue, Event, JobCompleted, JobOptions, Progress


async def echo(document_id: str, context: Any) -> str:
    return document_id


@pytest.fixture
def queue() -> DocumentProcessingQueue:
    return DocumentProcessingQueue({"ECHO": echo})


async def run(queue: DocumentProcessingQueue, *document_ids: str) -> str:
    job_id = await queue.create_job(document_ids or ["a"], "ECHO", JobOptions(max_concurrent=1))
    await queue.wait(job_id)
    return job_id


async def test_a_listener_can_be_registered_before_the_queue_is_open(queue: DocumentProcessingQueue) -> None:
    heard: list[Event] = []
    queue.on("jobCompleted", heard.append)

    async with queue:
        job_id = await run(queue)

    (event,) = heard
    assert isinstance(event, JobCompleted)
    assert event.job_id == job_id


async def test_on_returns_the_listener_so_that_it_can_be_kept_for_later(queue: DocumentProcessingQueue) -> None:
    def listener(event: Progress) -> None: ...

    assert queue.on("progress", listener) is listener
    assert queue.once("progress", listener) is listener


async def test_on_and_once_are_decorators_too_that_leave_the_function_as_it_is(queue: DocumentProcessingQueue) -> None:
    heard: list[str] = []

    @queue.on("jobCompleted")
    def always(event: JobCompleted) -> None:
        heard.append("always")

    @queue.once("jobCompleted")
    def at_first(event: JobCompleted) -> None:
        heard.append("at first")

    async with queue:
        await run(queue)
        await run(queue)

    assert heard == ["always", "at first", "always"]
    assert always.__name__ == "always"
    assert at_first.__name__ == "at_first"


async def test_sync_listeners_hear_an_event_inline_in_the_order_of_registration(queue: DocumentProcessingQueue) -> None:
    heard: list[str] = []
    for name in "abc":
        queue.on("jobCompleted", partial(lambda name, _: heard.append(name), name))

    async with queue:
        await run(queue)

    assert heard == ["a", "b", "c"]


async def test_a_job_looks_decided_to_the_listener_that_hears_that_it_is(queue: DocumentProcessingQueue) -> None:
    seen: list[Any] = []
    queue.on("jobCompleted", lambda event: seen.append(queue.get_job_status(event.job_id)))

    async with queue:
        await run(queue)

    (job,) = seen
    assert job.status == "COMPLETED"
    assert job.progress == 100


async def test_the_same_listener_registered_twice_hears_an_event_once(queue: DocumentProcessingQueue) -> None:
    heard: list[Event] = []
    listener = heard.append
    queue.on("jobCompleted", listener)
    queue.on("jobCompleted", listener)

    async with queue:
        await run(queue)

    assert len(heard) == 1


async def test_a_removed_listener_hears_nothing_more(queue: DocumentProcessingQueue) -> None:
    heard: list[Event] = []
    queue.on("jobCompleted", heard.append)

    async with queue:
        await run(queue)
        queue.remove_listener("jobCompleted", heard.append)
        await run(queue)

    assert len(heard) == 1


async def test_a_removed_async_listener_hears_nothing_more(queue: DocumentProcessingQueue) -> None:
    heard: list[Event] = []

    async def listener(event: JobCompleted) -> None:
        heard.append(event)

    queue.on("jobCompleted", listener)
    async with queue:
        await run(queue)
        queue.remove_listener("jobCompleted", listener)
        await run(queue)

    assert len(heard) == 1


def test_removing_a_listener_that_is_not_there_does_not_matter(queue: DocumentProcessingQueue) -> None:
    queue.remove_listener("jobCompleted", print)
    queue.on("progress", repr)
    queue.remove_listener("progress", print)


async def test_a_listener_may_remove_itself_while_it_hears_an_event(queue: DocumentProcessingQueue) -> None:
    heard: list[str] = []

    def shy(event: JobCompleted) -> None:
        heard.append("shy")
        queue.remove_listener("jobCompleted", shy)

    queue.on("jobCompleted", shy)
    queue.on("jobCompleted", lambda event: heard.append("other"))
    async with queue:
        await run(queue)
        await run(queue)

    assert heard == ["shy", "other", "other"]


async def test_a_listener_may_register_another_while_it_hears_an_event(queue: DocumentProcessingQueue) -> None:
    heard: list[str] = []
    queue.once("jobStarted", lambda event: queue.on("jobCompleted", lambda done: heard.append(done.job_id)))

    async with queue:
        job_id = await run(queue)

    assert heard == [job_id]


@pytest.mark.parametrize("name", ["progres", "Progress", "batch.progress", "new_listener", "", "job_completed"])
@pytest.mark.parametrize("register", [DocumentProcessingQueue.on, DocumentProcessingQueue.once])
def test_an_event_that_does_not_exist_is_refused_in_words_that_name_those_that_do(
    queue: DocumentProcessingQueue, register: Callable[..., Any], name: str
) -> None:
    with pytest.raises(ValueError, match="there is no event") as caught:
        register(queue, name, print)

    assert repr(name) in str(caught.value)
    assert "circuitOpened, documentCompleted, documentFailed" in str(caught.value)


def test_a_misspelt_event_is_refused_where_the_decorator_is_made(queue: DocumentProcessingQueue) -> None:
    with pytest.raises(ValueError, match="there is no event 'jobComplete'"):
        queue.on("jobComplete")


async def test_two_queues_do_not_hear_each_other() -> None:
    heard: dict[str, list[Event]] = {"one": [], "two": []}
    one, two = DocumentProcessingQueue({"ECHO": echo}), DocumentProcessingQueue({"ECHO": echo})
    one.on("jobCompleted", heard["one"].append)
    two.on("jobCompleted", heard["two"].append)

    async with one, two:
        await run(one)

    assert [len(events) for events in heard.values()] == [1, 0]


async def test_once_hears_the_next_event_only_even_as_an_async_listener(queue: DocumentProcessingQueue) -> None:
    heard: list[str] = []

    async def listener(event: JobCompleted) -> None:
        heard.append(event.job_id)

    queue.once("jobCompleted", listener)
    async with queue:
        first = await run(queue)
        await run(queue)

    assert heard == [first]


async def test_a_once_listener_can_be_removed_before_it_has_heard_anything(queue: DocumentProcessingQueue) -> None:
    heard: list[Event] = []
    queue.once("jobCompleted", heard.append)
    queue.remove_listener("jobCompleted", heard.append)

    async with queue:
        await run(queue)

    assert heard == []
