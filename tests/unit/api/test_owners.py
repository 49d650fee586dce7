"""Another owner's job looks exactly like one that does not exist (Q13, R33)."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from anyio import sleep

from docmill import DocumentProcessingQueue, JobNotFoundError, JobOptions

UNKNOWN = "job_1699564800000_abc123"


async def a_second(document_id: str, context: Any) -> str:
    await sleep(1.0)
    if document_id == "bad":
        raise ValueError("bob's secret")
    return document_id


@pytest.fixture
async def queue() -> AsyncIterator[DocumentProcessingQueue]:
    async with DocumentProcessingQueue({"SECOND": a_second}) as queue:
        yield queue


@pytest.fixture(params=["running", "ended"])
async def bobs(request: pytest.FixtureRequest, queue: DocumentProcessingQueue) -> str:
    """A job of Bob's, in the middle of it or at its end."""
    job_id = await queue.create_job(["a", "bad"], "SECOND", JobOptions(retry_attempts=0), owner="bob")
    if request.param == "ended":
        await queue.wait(job_id, drained=True)
    return job_id


async def answer_of(call: Callable[[], Any], job_id: str) -> tuple[Any, str]:
    """What a call gives or raises, with the id that it was asked about taken out."""
    try:
        result = call()
        if hasattr(result, "__await__"):
            result = await result
    except Exception as error:  # noqa: BLE001 - whatever it is, the test looks at it
        return type(error), str(error).replace(job_id, "ID")
    return None, repr(result).replace(job_id, "ID")


CALLS: dict[str, Callable[[DocumentProcessingQueue, str], Any]] = {
    "get_job_status": lambda queue, job_id: queue.get_job_status(job_id, owner="ann"),
    "load_job": lambda queue, job_id: queue.load_job(job_id, owner="ann"),
    "wait": lambda queue, job_id: queue.wait(job_id, owner="ann"),
    "wait drained": lambda queue, job_id: queue.wait(job_id, drained=True, owner="ann"),
    "cancel_job": lambda queue, job_id: queue.cancel_job(job_id, owner="ann"),
    "cancel_job force": lambda queue, job_id: queue.cancel_job(job_id, force=True, owner="ann"),
    "retry_job": lambda queue, job_id: queue.retry_job(job_id, owner="ann"),
    "events": lambda queue, job_id: queue.events(job_id, owner="ann"),
    "outcomes": lambda queue, job_id: queue.outcomes(job_id, owner="ann"),
    "owned get_job_status": lambda queue, job_id: queue.for_owner("ann").get_job_status(job_id),
    "owned load_job": lambda queue, job_id: queue.for_owner("ann").load_job(job_id),
    "owned wait": lambda queue, job_id: queue.for_owner("ann").wait(job_id),
    "owned cancel_job": lambda queue, job_id: queue.for_owner("ann").cancel_job(job_id),
    "owned retry_job": lambda queue, job_id: queue.for_owner("ann").retry_job(job_id),
    "owned events": lambda queue, job_id: queue.for_owner("ann").events(job_id),
    "owned outcomes": lambda queue, job_id: queue.for_owner("ann").outcomes(job_id),
}
READS = {"get_job_status", "load_job", "owned get_job_status", "owned load_job"}


@pytest.mark.parametrize("name", CALLS)
async def test_a_call_about_another_owners_job_answers_as_if_there_were_none(
    queue: DocumentProcessingQueue, bobs: str, name: str
) -> None:
    about_bobs = await answer_of(lambda: CALLS[name](queue, bobs), bobs)
    about_nothing = await answer_of(lambda: CALLS[name](queue, UNKNOWN), UNKNOWN)

    assert about_bobs == about_nothing
    assert about_bobs[0] is (None if name in READS else JobNotFoundError)


async def test_nothing_that_somebody_else_asks_for_changes_the_job(queue: DocumentProcessingQueue) -> None:
    job_id = await queue.create_job(["a", "b"], "SECOND", owner="bob")
    for call in CALLS.values():
        await answer_of(lambda call=call: call(queue, job_id), job_id)

    assert (await queue.wait(job_id)).status == "COMPLETED"
    assert queue.stats().jobs == 1


async def test_an_owner_sees_that_owners_jobs_only(queue: DocumentProcessingQueue, bobs: str) -> None:
    anns = await queue.create_job(["a"], "SECOND", owner="ann")
    nobodys = await queue.create_job(["a"], "SECOND")

    assert [job.id for job in queue.get_all_jobs(owner="ann")] == [anns]
    assert [job.id for job in queue.for_owner("bob").get_all_jobs()] == [bobs]
    assert [job.id for job in queue.get_all_jobs()] == [nobodys, anns, bobs]
    assert queue.get_all_jobs(owner="cleo") == []


async def test_a_job_that_belongs_to_nobody_is_unknown_to_every_owner(queue: DocumentProcessingQueue) -> None:
    job_id = await queue.create_job(["a"], "SECOND")

    assert queue.get_job_status(job_id, owner="ann") is None
    with pytest.raises(JobNotFoundError):
        await queue.cancel_job(job_id, owner="ann")


async def test_everything_works_for_the_owner(queue: DocumentProcessingQueue) -> None:
    bob = queue.for_owner("bob")
    assert bob.owner == "bob"

    job_id = await bob.create_job(
        ["a", "bad"], "SECOND", JobOptions(retry_attempts=0), idempotency_key="k", metadata={"n": 1}, priority=2
    )
    stream = bob.events(job_id)
    job = await bob.wait(job_id, drained=True)
    assert (job.owner, job.metadata, job.priority, job.status) == ("bob", {"n": 1}, 2, "COMPLETED")
    assert bob.get_job_status(job_id) is not None
    assert (await bob.load_job(job_id)) is not None
    assert [found.id for found in bob.get_all_jobs()] == [job_id]
    assert bob.get_all_jobs(active=True) == []
    assert await bob.cancel_job(job_id, force=True) is False
    assert [event.name async for event in stream] == ["jobStarted", "progress", "jobCompleted"]
    assert len([outcome async for outcome in bob.outcomes(job_id)]) == 2

    again = await bob.retry_job(job_id, ["processor_error"])
    retried = queue.get_job_status(again)
    assert retried is not None
    assert (retried.owner, list(retried.document_ids)) == ("bob", ["bad"])


async def test_without_an_owner_a_call_is_about_every_job(queue: DocumentProcessingQueue, bobs: str) -> None:
    assert queue.get_job_status(bobs) is not None
    assert (await queue.wait(bobs)).owner == "bob"
