"""Q11 in real time: attempts that swallow their cancellation and go on waiting, so that no clock could jump."""

from typing import Any

import anyio
import pytest
from anyio import get_cancelled_exc_class, sleep

from docmill import FailureCode, JobStatus

from .support import CHECK, PATIENCE, opened, options, until


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


async def test_an_attempt_that_swallows_every_cancellation_is_abandoned() -> None:
    release = anyio.Event()

    async def check(document_id: str) -> str:
        while document_id == "deaf" and not release.is_set():
            try:
                await sleep(0.01)
            except get_cancelled_exc_class():
                await anyio.lowlevel.cancel_shielded_checkpoint()
        return "late"

    async with opened(check, horizon=PATIENCE, max_workers=1) as queue:
        asked = options(document_timeout=0.05, retry_attempts=0)
        job_id = await queue.create_job(["deaf", "a"], CHECK, asked)
        job = await queue.wait(job_id, drained=True)
        assert queue.stats().abandoned == 1
        release.set()
        await until(lambda: not queue.stats().abandoned)
        after = queue.get_job_status(job_id)

    assert (job.outcome("deaf").code, job.outcome("a").data) == (FailureCode.DOCUMENT_TIMEOUT, "late")
    assert after.outcomes == job.outcomes


async def test_documents_that_never_wait_keep_neither_another_job_nor_the_program_waiting() -> None:
    """Q24: the seats are shared by time where nobody lets go of the event loop."""
    order = []

    async def check(document_id: str) -> None:
        order.append(document_id)

    async with opened(check, horizon=PATIENCE, max_workers=2) as queue:
        ids = [f"big-{number}" for number in range(40_000)]
        big = await queue.create_job(ids, CHECK, options(max_concurrent=2))
        small = await queue.wait(await queue.create_job(["a", "b", "c"], CHECK))
        assert queue.get_job_status(big).status is JobStatus.PROCESSING
        await queue.cancel_job(big)

    assert small.status is JobStatus.COMPLETED
    assert len(order) < 40_003
