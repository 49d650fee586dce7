"""Events and outcomes as something to loop over (Q25)."""

import gc
import re
from typing import Any

import pytest
from anyio import create_task_group, current_time, fail_after, move_on_after, sleep

from docmill import (
    DocumentCompleted,
    DocumentFailed,
    DocumentProcessingQueue,
    JobCancelled,
    JobCompleted,
    JobNotFoundError,
    JobOptions,
    ProcessingContext,
    Progress,
)

ONE_BY_ONE = JobOptions(max_concurrent=1, timeout=None, retry_attempts=0)


async def scripted(document_id: str, context: ProcessingContext) -> str:
    await sleep(float(re.findall(r"[\d.]+", document_id)[0]))
    if "bad" in document_id:
        raise ValueError(f"{document_id} is bad")
    return document_id.upper()


@pytest.fixture
def queue() -> DocumentProcessingQueue:
    return DocumentProcessingQueue({"SCRIPT": scripted})


async def collect(stream: Any) -> list[Any]:
    with fail_after(1_000.0):
        return [item async for item in stream]


async def test_the_stream_of_a_job_ends_after_its_terminal_event(queue: DocumentProcessingQueue) -> None:
    async with queue:
        job_id = await queue.create_job(["1.0 a", "1.0 b"], "SCRIPT", ONE_BY_ONE)
        events = await collect(queue.events(job_id))

    assert [event.name for event in events] == ["jobStarted", "progress", "progress", "jobCompleted"]
    assert [event.seq for event in events] == [1, 2, 3, 4]


async def test_the_stream_of_a_job_begins_with_the_call_not_with_the_loop(queue: DocumentProcessingQueue) -> None:
    async with queue:
        job_id = await queue.create_job(["1.0 a"], "SCRIPT")
        stream = queue.events(job_id)
        await queue.wait(job_id)
        events = await collect(stream)

    assert [event.name for event in events] == ["jobStarted", "progress", "jobCompleted"]


async def test_a_job_that_has_ended_yields_its_terminal_event_and_no_more(queue: DocumentProcessingQueue) -> None:
    async with queue:
        job_id = await queue.create_job(["1.0 a", "1.0 bad"], "SCRIPT")
        await queue.wait(job_id)
        first = await collect(queue.events(job_id))
        second = await collect(queue.events(job_id))

    (event,) = first
    assert isinstance(event, JobCompleted)
    assert second == first


async def test_a_job_that_ended_unheard_yields_its_terminal_event_even_after_the_close(
    queue: DocumentProcessingQueue,
) -> None:
    async with queue:
        job_id = await queue.create_job(["100.0 a"], "SCRIPT")
        await sleep(1.0)
        await queue.aclose(0.0)

    (event,) = await collect(queue.events(job_id))
    assert isinstance(event, JobCancelled)
    assert event.event_id == f"{job_id}:CANCELLED"


async def test_several_readers_of_one_job_hear_the_same(queue: DocumentProcessingQueue) -> None:
    heard: list[list[Any]] = []

    async def read() -> None:
        heard.append(await collect(queue.events(job_id)))

    async with queue:
        job_id = await queue.create_job(["1.0 a", "2.0 b"], "SCRIPT", ONE_BY_ONE)
        async with create_task_group() as readers:
            for _ in range(3):
                readers.start_soon(read)

    assert len(heard) == 3
    assert heard[0] == heard[1] == heard[2]
    assert [event.name for event in heard[0]][-3:] == ["progress", "progress", "jobCompleted"]


async def test_breaking_out_of_a_stream_harms_nobody(queue: DocumentProcessingQueue) -> None:
    async with queue:
        job_id = await queue.create_job(["1.0 a", "1.0 b", "1.0 c"], "SCRIPT", ONE_BY_ONE)
        async for event in queue.events(job_id):
            if isinstance(event, Progress):
                break
        rest = await collect(queue.events(job_id))
        job = await queue.wait(job_id)

    assert [event.name for event in rest] == ["progress", "progress", "jobCompleted"]
    assert job.status == "COMPLETED"


async def test_a_stream_goes_on_where_a_break_has_left_it(queue: DocumentProcessingQueue) -> None:
    async with queue:
        job_id = await queue.create_job(["1.0 a", "1.0 b"], "SCRIPT", ONE_BY_ONE)
        stream = queue.events(job_id)
        async for event in stream:
            if isinstance(event, Progress):
                break
        rest = await collect(stream)

    assert [event.name for event in rest] == ["progress", "jobCompleted"]


async def test_a_reader_that_is_cancelled_may_read_on_later(queue: DocumentProcessingQueue) -> None:
    async with queue:
        job_id = await queue.create_job(["5.0 a", "5.0 b"], "SCRIPT", ONE_BY_ONE)
        stream = queue.events(job_id)
        events: list[Any] = []
        with move_on_after(3.0):
            while True:
                events.append(await anext(stream))
        events += await collect(stream)

    assert [event.name for event in events] == ["jobStarted", "progress", "progress", "jobCompleted"]


async def test_progress_that_was_not_fetched_gives_way_to_newer_progress(queue: DocumentProcessingQueue) -> None:
    async with queue:
        job_id = await queue.create_job(["1.0 a", "1.0 b", "1.0 c"], "SCRIPT", ONE_BY_ONE)
        stream = queue.events(job_id)
        await queue.wait(job_id)
        events = await collect(stream)

    assert [getattr(event, "progress", event.name) for event in events] == ["jobStarted", 100, "jobCompleted"]


async def test_single_documents_are_in_the_stream_of_who_asks_for_them(queue: DocumentProcessingQueue) -> None:
    async with queue:
        job_id = await queue.create_job(["1.0 a", "1.0 bad", "1.0 c"], "SCRIPT", ONE_BY_ONE)
        plain, detailed = queue.events(job_id), queue.events(job_id, documents=True)
        await queue.wait(job_id)
        documents = [
            event for event in await collect(detailed) if isinstance(event, DocumentCompleted | DocumentFailed)
        ]
        others = await collect(plain)

    assert [event.document_id for event in documents] == ["1.0 a", "1.0 bad", "1.0 c"]
    assert not [event for event in others if isinstance(event, DocumentCompleted | DocumentFailed)]


async def test_a_stream_with_documents_opened_late_has_only_those_that_settle_from_then_on(
    queue: DocumentProcessingQueue,
) -> None:
    async with queue:
        job_id = await queue.create_job(["1.0 a", "1.0 b", "1.0 c"], "SCRIPT", ONE_BY_ONE)
        await sleep(1.5)
        events = await collect(queue.events(job_id, documents=True))

    assert [event.document_id for event in events if isinstance(event, DocumentCompleted)] == ["1.0 b", "1.0 c"]


async def test_the_stream_of_an_owner_has_all_of_that_owners_jobs_and_nobody_elses(
    queue: DocumentProcessingQueue,
) -> None:
    """R33."""
    async with queue:
        stream = queue.events(owner="ann")
        scoped = queue.for_owner("ann").events()
        for owner in ("ann", "bob", None, "ann"):
            await queue.wait(await queue.create_job(["1.0 a"], "SCRIPT", owner=owner))
    events = await collect(stream)

    assert {event.owner for event in events} == {"ann"}
    assert [event.name for event in events].count("jobCompleted") == 2
    assert await collect(scoped) == events


async def test_the_stream_of_an_owner_has_no_word_of_a_circuit_that_others_have_opened() -> None:
    """R33: the error text of a circuit may speak of another owner's document."""

    async def down(document_id: str, context: ProcessingContext) -> None:
        raise ConnectionError(f"no service for {document_id}")

    queue = DocumentProcessingQueue({"DOWN": down})
    async with queue:
        ann, everybody = queue.events(owner="ann"), queue.events()
        options = JobOptions(retry_attempts=0)
        await queue.wait(await queue.create_job(["secret 1", "2", "3", "4", "5"], "DOWN", options, owner="bob"))

    assert await collect(ann) == []
    assert "circuitOpened" in [event.name for event in await collect(everybody)]


async def test_a_stream_of_everything_ends_when_the_queue_is_closed(queue: DocumentProcessingQueue) -> None:
    heard: list[Any] = []

    async def read() -> None:
        heard.extend(await collect(stream))

    async with create_task_group() as readers, queue:
        stream = queue.events()
        readers.start_soon(read)
        await queue.wait(await queue.create_job(["1.0 a"], "SCRIPT"))

    assert [event.name for event in heard] == ["jobStarted", "progress", "jobCompleted"]


async def test_a_stream_of_everything_opened_after_the_close_ends_at_once(queue: DocumentProcessingQueue) -> None:
    async with queue:
        pass

    assert await collect(queue.events()) == []


async def test_a_stream_may_be_opened_before_the_queue(queue: DocumentProcessingQueue) -> None:
    stream = queue.events()

    async with queue:
        await queue.wait(await queue.create_job(["1.0 a"], "SCRIPT"))

    assert [event.name for event in await collect(stream)] == ["jobStarted", "progress", "jobCompleted"]


async def test_a_queue_closed_without_ever_being_opened_ends_its_streams(queue: DocumentProcessingQueue) -> None:
    stream = queue.events()

    await queue.aclose()

    with fail_after(10.0):
        assert await collect(stream) == []


async def test_closing_a_stream_ends_it_for_whoever_reads_it(queue: DocumentProcessingQueue) -> None:
    async with queue:
        job_id = await queue.create_job(["100.0 a"], "SCRIPT", JobOptions(document_timeout=200.0))
        stream = queue.events(job_id)
        began = current_time()
        async with create_task_group() as readers:
            readers.start_soon(collect, stream)
            await sleep(1.0)
            await stream.aclose()
        assert current_time() - began == pytest.approx(1.0)
        await queue.cancel_job(job_id, force=True)

    assert await collect(stream) == []


async def test_a_stream_is_a_context_manager_that_stops_listening(queue: DocumentProcessingQueue) -> None:
    async with queue:
        async with queue.events() as stream:
            assert len(list(queue._emitter.subscribers())) == 1
            await queue.wait(await queue.create_job(["1.0 a"], "SCRIPT"))
            assert (await anext(stream)).name == "jobStarted"
        assert list(queue._emitter.subscribers()) == []


async def test_a_stream_that_nobody_holds_any_more_is_not_served_any_more(queue: DocumentProcessingQueue) -> None:
    async with queue:
        job_id = await queue.create_job(["1.0 a", "1.0 b"], "SCRIPT", ONE_BY_ONE)
        async for _ in queue.events(job_id):
            break
        gc.collect()
        assert list(queue._emitter.subscribers()) == []
        await queue.wait(job_id)


@pytest.mark.parametrize("method", ["events", "outcomes"])
async def test_an_unknown_job_is_refused_at_the_call(queue: DocumentProcessingQueue, method: str) -> None:
    with pytest.raises(JobNotFoundError, match="no job 'job_1' is known here"):
        getattr(queue, method)("job_1")


async def test_outcomes_come_as_they_settle(queue: DocumentProcessingQueue) -> None:
    times: list[float] = []
    async with queue:
        began = current_time()
        job_id = await queue.create_job(["3.0 a", "1.0 b", "2.0 bad"], "SCRIPT", JobOptions(retry_attempts=0))
        outcomes = []
        async for outcome in queue.outcomes(job_id):
            outcomes.append(outcome)
            times.append(current_time() - began)

    assert [(outcome.document_id, outcome.success) for outcome in outcomes] == [
        ("1.0 b", True),
        ("2.0 bad", False),
        ("3.0 a", True),
    ]
    assert times == [pytest.approx(1.0), pytest.approx(2.0), pytest.approx(3.0)]


@pytest.mark.parametrize("after", [0.0, 1.5, 2.5, 100.0])
async def test_outcomes_begin_with_the_first_one_whenever_they_are_asked_for(
    queue: DocumentProcessingQueue, after: float
) -> None:
    async with queue:
        job_id = await queue.create_job(["1.0 a", "1.0 bad", "1.0 c"], "SCRIPT", ONE_BY_ONE)
        await sleep(after)
        outcomes = await collect(queue.outcomes(job_id))
        job = await queue.wait(job_id)

    assert outcomes == job.outcomes
    assert [outcome.document_id for outcome in outcomes] == ["1.0 a", "1.0 bad", "1.0 c"]


async def test_outcomes_end_when_the_job_is_drained_not_when_it_is_decided(queue: DocumentProcessingQueue) -> None:
    """Q10: what runs on after a cancel is recorded, and so it is an outcome."""
    async with queue:
        job_id = await queue.create_job(["1.0 a", "5.0 b"], "SCRIPT")
        await sleep(2.0)
        await queue.cancel_job(job_id)
        outcomes = await collect(queue.outcomes(job_id))
        drained = queue.get_job_status(job_id)

    assert [outcome.document_id for outcome in outcomes] == ["1.0 a", "5.0 b"]
    assert drained is not None
    assert drained.drained


async def test_outcomes_of_a_job_that_the_close_has_cancelled_end_too(queue: DocumentProcessingQueue) -> None:
    heard: list[Any] = []

    async def read() -> None:
        heard.extend(await collect(queue.outcomes(job_id)))

    async with create_task_group() as readers:
        await queue.start()
        job_id = await queue.create_job(["1.0 a", "30.0 b", "1.0 c"], "SCRIPT", ONE_BY_ONE)
        readers.start_soon(read)
        await sleep(2.0)
        await queue.aclose(1.0)

    assert [(outcome.document_id, outcome.success) for outcome in heard] == [("1.0 a", True), ("30.0 b", False)]


async def test_breaking_out_of_outcomes_is_safe_and_stops_following(queue: DocumentProcessingQueue) -> None:
    async with queue:
        job_id = await queue.create_job(["1.0 a", "1.0 b", "1.0 c"], "SCRIPT", ONE_BY_ONE)
        async for outcome in queue.outcomes(job_id):
            assert outcome.document_id == "1.0 a"
            break
        gc.collect()
        assert queue._scheduler.jobs[job_id].followers == 0
        assert len(await collect(queue.outcomes(job_id))) == 3
        assert queue._scheduler.jobs[job_id].followers == 0


async def test_several_readers_of_outcomes_get_all_of_them_each(queue: DocumentProcessingQueue) -> None:
    heard: list[list[Any]] = []

    async def read(after: float) -> None:
        await sleep(after)
        heard.append(await collect(queue.outcomes(job_id)))

    async with queue:
        job_id = await queue.create_job(["1.0 a", "1.0 b", "1.0 c"], "SCRIPT", ONE_BY_ONE)
        async with create_task_group() as readers:
            for after in (0.0, 1.5, 50.0):
                readers.start_soon(read, after)

    assert [[outcome.document_id for outcome in outcomes] for outcomes in heard] == [["1.0 a", "1.0 b", "1.0 c"]] * 3


async def test_a_reader_of_many_waiting_outcomes_can_be_cancelled(queue: DocumentProcessingQueue) -> None:
    """Reading must not keep the event loop to itself, however much there is to read."""
    async with queue:
        job_id = await queue.create_job([f"0.0 #{number}" for number in range(2_000)], "SCRIPT")
        await queue.wait(job_id)
        read = 0
        with move_on_after(0) as scope:
            async for _ in queue.outcomes(job_id):
                read += 1

    assert scope.cancelled_caught
    assert read < 2_000
