"""Contract, section 4: cancellations that only asyncio knows, where any code may cancel the task it runs in."""

import asyncio
from typing import Any

import pytest
from anyio import sleep

from docmill import FailureCode, JobStatus
from docmill.testing import VirtualTimeLoop

from .support import CHECK, Scripted, opened, options


@pytest.fixture
def anyio_backend() -> Any:
    return "asyncio", {"loop_factory": VirtualTimeLoop}


async def cancel_itself(document_id: str, context: Any) -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await sleep(1)


async def cancel_itself_and_return(document_id: str, context: Any) -> str:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    return "fine"


async def test_a_processor_that_cancels_its_own_task_fails_its_attempt_only() -> None:
    check = Scripted("fine", a=[cancel_itself], b=[cancel_itself, "fine"])
    async with opened(check, max_workers=1) as queue:
        job = await queue.wait(await queue.create_job(["a", "b", "c"], CHECK), drained=True)

    assert (job.outcome("a").code, job.outcome("a").attempts) == (FailureCode.ROGUE_CANCEL, 3)
    assert (job.outcome("b").data, job.outcome("b").attempts) == ("fine", 2)
    assert (job.outcome("c").data, job.outcome("c").attempts) == ("fine", 1)


async def test_a_cancellation_left_behind_in_the_task_does_not_stop_the_job() -> None:
    check = Scripted("fine", a=[cancel_itself_and_return])
    async with opened(check, max_workers=1) as queue:
        job = await queue.wait(await queue.create_job(["a", "b", "c"], CHECK), drained=True)

    assert job.status is JobStatus.COMPLETED
    assert [result.data for result in job.results] == ["fine", "fine", "fine"]


async def test_a_cancellation_left_behind_by_the_last_document_does_not_lose_the_next_job() -> None:
    """R16: the lane of the last document is gone; the next job must not wait for it."""
    check = Scripted("fine", a=[cancel_itself_and_return])
    async with opened(check) as queue:
        first = await queue.wait(await queue.create_job(["a"], CHECK), drained=True)
        await sleep(1)
        second = await queue.wait(await queue.create_job(["b"], CHECK), drained=True)

    assert (first.status, second.status) == (JobStatus.COMPLETED, JobStatus.COMPLETED)


async def test_a_cancelled_inner_task_is_a_failed_attempt() -> None:
    async def rogue(document_id: str, context: Any) -> None:
        inner = asyncio.ensure_future(asyncio.sleep(10))
        asyncio.get_running_loop().call_later(1, inner.cancel)
        await inner

    check = Scripted("fine", a=[rogue])
    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job(["a", "b"], CHECK, options(retry_attempts=0)))

    assert job.outcome("a").code is FailureCode.ROGUE_CANCEL
    assert job.outcome("b").success
