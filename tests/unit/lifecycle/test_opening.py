"""A queue is made anywhere, opens when it is first needed, and belongs to no task."""

import threading
from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest
from anyio import create_task_group, current_time, fail_after, move_on_after, sleep

from docmill import DocumentProcessingQueue, JobOptions, QueueClosedError
from docmill.testing import simulate


async def a_second(document_id: str, context: Any) -> str:
    await sleep(1.0)
    return document_id


def make_queue(**arguments: Any) -> DocumentProcessingQueue:
    return DocumentProcessingQueue({"SECOND": a_second}, **arguments)


async def run_one(queue: DocumentProcessingQueue) -> str:
    job = await queue.wait(await queue.create_job(["a"], "SECOND"))
    return job.status


def test_a_queue_is_made_listened_to_and_read_without_an_event_loop() -> None:
    threads = threading.active_count()
    queue = make_queue()
    queue.on("progress", print)

    assert queue.get_job_status("job_1") is None
    assert queue.get_all_jobs() == []
    assert queue.stats().jobs == 0
    assert queue.stats().lanes == 0
    assert threading.active_count() == threads


@pytest.mark.parametrize("workers", [0, -1, True, 2.5, float("nan"), float("inf"), "5", None])
def test_a_queue_for_no_sensible_number_of_workers_is_refused(workers: Any) -> None:
    with pytest.raises(ValueError, match="max_workers must be"):
        make_queue(max_workers=workers)


@pytest.mark.parametrize("processor", ["check", 5, None, [a_second]])
def test_a_processor_that_cannot_be_called_is_refused_when_the_queue_is_made(processor: Any) -> None:
    with pytest.raises(TypeError, match="the processor for 'CHECK' must be a callable"):
        DocumentProcessingQueue({"CHECK": processor})


async def test_it_opens_with_the_with_block() -> None:
    async with make_queue() as queue:
        assert await run_one(queue) == "COMPLETED"


async def test_it_opens_with_start() -> None:
    queue = make_queue()
    await queue.start()
    assert await run_one(queue) == "COMPLETED"
    await queue.aclose()


async def test_it_opens_with_the_first_job() -> None:
    queue = make_queue()
    assert await run_one(queue) == "COMPLETED"
    await queue.aclose()


async def test_opening_an_open_queue_does_nothing() -> None:
    queue = make_queue()
    await queue.start()
    await queue.start()
    async with queue:
        assert await run_one(queue) == "COMPLETED"


async def test_two_tasks_may_open_it_at_once() -> None:
    queue = make_queue()
    statuses: list[str] = []

    async def use() -> None:
        statuses.append(await run_one(queue))

    async with create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(use)
    await queue.aclose()

    assert statuses == ["COMPLETED"] * 4
    assert queue.stats().jobs == 4


async def test_it_may_be_opened_in_a_task_that_has_ended_since() -> None:
    queue = make_queue()

    async def open_it() -> None:
        await queue.start()

    async with create_task_group() as tasks:
        tasks.start_soon(open_it)

    assert await run_one(queue) == "COMPLETED"
    await queue.aclose()


async def test_it_may_be_opened_in_a_task_that_is_cancelled_afterwards() -> None:
    queue = make_queue()
    with move_on_after(0.5):
        await queue.create_job(["a"], "SECOND")
        await sleep(100.0)

    await queue.join()

    assert [job.status for job in queue.get_all_jobs()] == ["COMPLETED"]
    await queue.aclose()


async def test_it_may_be_closed_by_another_task_than_opened_it() -> None:
    queue = make_queue()
    await queue.start()

    async with create_task_group() as tasks:
        tasks.start_soon(queue.aclose)

    with pytest.raises(QueueClosedError):
        await queue.create_job(["a"], "SECOND")


async def test_the_with_block_may_be_left_by_another_task_than_entered_it() -> None:
    queue = make_queue()

    async def enter() -> None:
        await queue.__aenter__()

    async def leave() -> None:
        await queue.__aexit__(None, None, None)

    async with create_task_group() as tasks:
        tasks.start_soon(enter)
    assert await run_one(queue) == "COMPLETED"
    async with create_task_group() as tasks:
        tasks.start_soon(leave)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (0, 2, 1)])
async def test_several_queues_are_closed_in_any_order(order: tuple[int, ...]) -> None:
    queues = [make_queue() for _ in range(3)]
    for queue in queues:
        await queue.start()
    for queue in queues:
        assert await run_one(queue) == "COMPLETED"

    for number in order:
        await queues[number].aclose()

    assert [queue.stats().lanes for queue in queues] == [0, 0, 0]


async def test_several_queues_work_side_by_side() -> None:
    async with make_queue() as one, make_queue() as two:
        began = current_time()
        ids = [await queue.create_job(["a"], "SECOND") for queue in (one, two)]
        await one.join()
        await two.join()

        assert current_time() - began == pytest.approx(1.0)
        assert one.get_job_status(ids[1]) is None
        assert two.get_job_status(ids[1]) is not None


async def test_a_generator_that_holds_it_may_be_left_by_a_break() -> None:
    queue = make_queue()

    async def statuses() -> AsyncIterator[str]:
        async with queue:
            while True:
                yield await run_one(queue)

    generator = statuses()
    async for status in generator:
        assert status == "COMPLETED"
        break
    await generator.aclose()  # type: ignore[attr-defined]

    with pytest.raises(QueueClosedError):
        await queue.create_job(["a"], "SECOND")


async def test_a_fixture_that_is_set_up_and_torn_down_in_two_tasks_may_hold_it() -> None:
    """As pytest-asyncio does it, and dependency containers."""
    queue = make_queue()

    async def fixture() -> AsyncIterator[DocumentProcessingQueue]:
        async with queue:
            yield queue

    generator = fixture()

    async def step() -> None:
        async for _ in generator:
            break

    async with create_task_group() as tasks:
        tasks.start_soon(step)
    assert await run_one(queue) == "COMPLETED"
    async with create_task_group() as tasks:
        tasks.start_soon(step)

    assert queue.stats().lanes == 0


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_one_event_loop_after_another_has_queues_of_its_own(backend: Any) -> None:
    async def use() -> str:
        async with make_queue() as queue:
            return await run_one(queue)

    assert [simulate(use, backend=backend) for _ in range(3)] == ["COMPLETED"] * 3


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_queue_of_a_loop_that_has_ended_does_not_disturb_the_next_one(backend: Any) -> None:
    left_open = make_queue()

    async def forget() -> str:
        return await left_open.create_job(["a"], "SECOND", JobOptions(timeout=None))

    async def use() -> str:
        async with make_queue() as queue:
            return await run_one(queue)

    job_id = simulate(forget, backend=backend)

    assert simulate(use, backend=backend) == "COMPLETED"
    assert left_open.get_job_status(job_id) is not None


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_it_runs_in_real_time_just_as_well(anyio_backend: str) -> None:
    async def at_once(document_id: str) -> str:
        return document_id

    def in_a_thread(document_id: str) -> str:
        return f"{document_id} in {threading.current_thread().name}"

    with fail_after(10.0):
        async with DocumentProcessingQueue({"LOOP": at_once, "THREAD": in_a_thread}) as queue:
            first = await queue.wait(await queue.create_job(["a"], "LOOP"))
            second = await queue.wait(await queue.create_job(["a"], "THREAD"))

    assert first.results[0].data == "a"
    assert second.results[0].data.startswith("a in docmill-")
    assert anyio.get_all_backends()
