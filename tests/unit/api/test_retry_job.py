"""retry_job: a new job from what a finished one has left to do (Q22)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from anyio import sleep

from docmill import (
    DocumentProcessingQueue,
    FailureCode,
    InvalidJobError,
    Job,
    JobOptions,
    JobStateError,
    PermanentError,
)


async def scripted(document_id: str, context: Any) -> str:
    await sleep(1.0)
    if "broken" in document_id:
        raise PermanentError(document_id)
    if "bad" in document_id:
        raise ValueError(document_id)
    return document_id


OPTIONS = JobOptions(max_concurrent=1, retry_attempts=0)


@pytest.fixture
async def queue() -> AsyncIterator[DocumentProcessingQueue]:
    async with DocumentProcessingQueue({"SCRIPT": scripted}) as queue:
        yield queue


async def ended(queue: DocumentProcessingQueue, documents: list[str], **keywords: Any) -> str:
    job_id = await queue.create_job(documents, "SCRIPT", OPTIONS, **keywords)
    await queue.wait(job_id, drained=True)
    return job_id


def seen(queue: DocumentProcessingQueue, job_id: str) -> Job:
    job = queue.get_job_status(job_id)
    assert job is not None
    return job


async def test_what_failed_is_tried_again_in_the_order_of_the_documents(queue: DocumentProcessingQueue) -> None:
    old = await ended(queue, ["bad 1", "a", "broken 2", "b", "bad 3"])
    new = await queue.retry_job(old)

    assert new != old
    assert list(seen(queue, new).document_ids) == ["bad 1", "broken 2", "bad 3"]


async def test_the_new_job_is_like_the_old_one_and_says_where_it_comes_from(queue: DocumentProcessingQueue) -> None:
    old = await ended(queue, ["bad"], owner="ann", metadata={"n": 1}, priority=4, idempotency_key="key")
    new = seen(queue, await queue.retry_job(old))

    assert new.retry_of == old
    assert (new.type, new.options, new.owner, new.metadata, new.priority) == ("SCRIPT", OPTIONS, "ann", {"n": 1}, 4)
    assert seen(queue, old).retry_of is None


async def test_the_old_job_stays_as_it_is(queue: DocumentProcessingQueue) -> None:
    old = await ended(queue, ["a", "bad"])
    before = seen(queue, old).to_records()
    await queue.wait(await queue.retry_job(old))

    assert seen(queue, old).to_records() == before


async def test_what_was_not_processed_is_tried_too(queue: DocumentProcessingQueue) -> None:
    job_id = await queue.create_job(["a", "b", "c"], "SCRIPT", OPTIONS)
    await sleep(0.5)
    await queue.cancel_job(job_id)
    await queue.wait(job_id, drained=True)
    new = await queue.wait(await queue.retry_job(job_id))

    assert list(new.document_ids) == ["b", "c"]
    assert new.status == "COMPLETED"


async def test_only_documents_with_the_wanted_codes_are_tried_again(queue: DocumentProcessingQueue) -> None:
    old = await ended(queue, ["bad", "a", "broken"])

    permanent = await queue.retry_job(old, [FailureCode.PERMANENT])
    ordinary = await queue.retry_job(old, {"processor_error"})
    assert list(seen(queue, permanent).document_ids) == ["broken"]
    assert list(seen(queue, ordinary).document_ids) == ["bad"]


async def test_with_codes_what_was_not_processed_is_left_alone(queue: DocumentProcessingQueue) -> None:
    job_id = await queue.create_job(["bad", "b", "c"], "SCRIPT", OPTIONS)
    await sleep(1.5)
    await queue.cancel_job(job_id, force=True)
    await queue.wait(job_id, drained=True)

    assert list(seen(queue, await queue.retry_job(job_id, ["cancelled"])).document_ids) == ["b"]


async def test_a_job_with_nothing_left_is_refused(queue: DocumentProcessingQueue) -> None:
    old = await ended(queue, ["a", "b"])
    with pytest.raises(InvalidJobError, match="has no failed document to try again"):
        await queue.retry_job(old)
    bad = await ended(queue, ["bad"])
    with pytest.raises(InvalidJobError, match="has no failed document with the codes permanent"):
        await queue.retry_job(bad, ["permanent"])

    assert queue.stats().jobs == 2


@pytest.mark.parametrize("decided", [False, True], ids=["processing", "not drained"])
async def test_a_job_that_is_not_drained_is_refused_with_what_to_do(
    queue: DocumentProcessingQueue, decided: bool
) -> None:
    job_id = await queue.create_job(["a"], "SCRIPT", OPTIONS)
    await sleep(0.5)
    if decided:
        await queue.cancel_job(job_id)

    with pytest.raises(JobStateError, match="drained=True") as caught:
        await queue.retry_job(job_id)

    assert job_id in str(caught.value)
    assert ("CANCELLED" if decided else "PROCESSING") in str(caught.value)
    assert queue.stats().jobs == 1


async def test_a_pending_job_is_refused() -> None:
    async with DocumentProcessingQueue({"SCRIPT": scripted}, max_workers=1) as queue:
        await queue.create_job(["a"], "SCRIPT", OPTIONS)
        pending = await queue.create_job(["b"], "SCRIPT", OPTIONS)
        with pytest.raises(JobStateError, match="PENDING"):
            await queue.retry_job(pending)


async def test_a_retry_can_be_retried(queue: DocumentProcessingQueue) -> None:
    first = await ended(queue, ["a", "bad"])
    second = await queue.retry_job(first)
    await queue.wait(second, drained=True)
    third = seen(queue, await queue.retry_job(second))

    assert third.retry_of == second
    assert list(third.document_ids) == ["bad"]
