"""Contract, section 4: an async processor that blocks the event loop is logged once, by its name. In real time."""

import logging
import time
from typing import Any

import anyio
import pytest
from anyio import sleep

from .support import CHECK, PATIENCE, opened, options

STALL = 0.05


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


def block() -> None:
    """Several times longer than what is reported, so that a loaded machine makes no difference."""
    time.sleep(4 * STALL)


async def parse_slowly(document_id: str) -> None:
    block()


async def wait_and_parse_slowly(document_id: str) -> None:
    await sleep(0.01)
    block()
    await sleep(0.01)


async def innocent(document_id: str) -> None:
    await sleep(0.001)


class Scanner:
    async def __call__(self, document_id: str) -> None:
        block()
        await sleep(0.01)


def blamed(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if "blocked" in record.getMessage()]


async def settle() -> None:
    """Time for the one who watches to look at the clock."""
    for _ in range(20):
        await sleep(0.002)


@pytest.mark.parametrize(
    "target, name",
    [(parse_slowly, "parse_slowly"), (wait_and_parse_slowly, "wait_and_parse_slowly"), (Scanner(), "Scanner")],
    ids=["at once", "after a wait", "object"],
)
async def test_it_is_logged_with_the_processors_name_and_advice(
    target: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(target, horizon=PATIENCE, stall_after=STALL) as queue:
        await queue.wait(await queue.create_job(["a"], CHECK))
        await settle()

    (message,) = blamed(caplog)
    assert name in message
    assert "thread" in message or "process" in message
    assert [record.levelno for record in caplog.records if "blocked" in record.getMessage()] == [logging.WARNING]


async def test_it_is_logged_only_once_for_a_processor(caplog: pytest.LogCaptureFixture) -> None:
    async with opened(wait_and_parse_slowly, horizon=PATIENCE, stall_after=STALL) as queue:
        await queue.wait(await queue.create_job(["a", "b", "c"], CHECK, options(max_concurrent=1)))
        await queue.wait(await queue.create_job(["d"], CHECK))
        await settle()

    assert len(blamed(caplog)) == 1


async def test_the_one_who_blocks_is_named_and_not_the_one_who_started_last(caplog: pytest.LogCaptureFixture) -> None:
    started = anyio.Event()

    async def guilty(document_id: str) -> None:
        await started.wait()
        block()

    async def bystander(document_id: str) -> None:
        started.set()
        await sleep(2 * STALL)

    async with opened({"GUILTY": guilty, "BYSTANDER": bystander}, horizon=PATIENCE, stall_after=STALL) as queue:
        first = await queue.create_job(["a"], "GUILTY")
        await sleep(0.01)
        second = await queue.create_job(["a"], "BYSTANDER")
        await queue.wait(first)
        await queue.wait(second)
        await settle()

    (message,) = blamed(caplog)
    assert "guilty" in message


async def test_sync_processors_and_those_that_wait_are_not_blamed(caplog: pytest.LogCaptureFixture) -> None:
    def sync(document_id: str) -> None:
        block()

    async def patient(document_id: str) -> None:
        await sleep(4 * STALL)

    # Longer than a loaded machine takes to schedule a thread, and still shorter than what the processors take.
    async with opened({"SYNC": sync, "PATIENT": patient}, horizon=PATIENCE, stall_after=3 * STALL) as queue:
        await queue.create_job(["a", "b"], "SYNC")
        await queue.create_job(["a", "b"], "PATIENT")
        await queue.join()
        await settle()

    assert blamed(caplog) == []


async def test_with_stall_after_none_nobody_looks(caplog: pytest.LogCaptureFixture) -> None:
    async with opened(wait_and_parse_slowly, horizon=PATIENCE, stall_after=None) as queue:
        await queue.wait(await queue.create_job(["a"], CHECK))
        await settle()

    assert blamed(caplog) == []
