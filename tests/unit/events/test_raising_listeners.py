"""What a listener raises changes nothing else (R28)."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from anyio import fail_after, sleep
from anyio.lowlevel import checkpoint

from docmill import DocumentProcessingQueue, Job, JobCancelled, JobCompleted, JobOptions

DOCUMENTS = ["a", "b", "c"]


class NotAnException(BaseException):
    """One more thing that no `except Exception` catches."""


RAISED = [ValueError("no"), SystemExit(3), asyncio.CancelledError(), GeneratorExit(), NotAnException(), StopIteration()]


def of(error: BaseException) -> str:
    return type(error).__name__


async def half_a_second(document_id: str, context: Any) -> str:
    await sleep(0.5)
    if document_id == "c":
        raise LookupError("there is no c")
    return document_id


def make_queue() -> DocumentProcessingQueue:
    return DocumentProcessingQueue({"HALF": half_a_second})


def listening(queue: DocumentProcessingQueue, listener: Callable[[Any], Any]) -> None:
    for name in ("jobStarted", "progress", "documentCompleted", "documentFailed", "jobCompleted"):
        queue.on(name, listener)


async def run(queue: DocumentProcessingQueue) -> Job:
    options = JobOptions(max_concurrent=1, retry_attempts=1, retry_delay=1.0)
    with fail_after(60.0):
        return await queue.wait(await queue.create_job(DOCUMENTS, "HALF", options), drained=True)


def facts(job: Job) -> list[Any]:
    """Everything about a job that has no name or date of its own."""
    times = [round(item.processing_time, 6) for item in job.outcomes]
    return [job.status, round(job.duration or 0.0, 6), times, [item.attempts for item in job.outcomes]]


@pytest.mark.parametrize("error", RAISED, ids=of)
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
async def test_a_listener_that_raises_changes_neither_the_job_nor_what_others_hear(
    error: BaseException, is_async: bool, caplog: pytest.LogCaptureFixture
) -> None:
    def raise_it(event: Any) -> None:
        raise error

    async def raise_it_later(event: Any) -> None:
        raise error

    quiet, noisy = make_queue(), make_queue()
    heard: dict[str, list[Any]] = {"quiet": [], "noisy": []}
    listening(quiet, lambda event: heard["quiet"].append((event.name, event.seq)))
    listening(noisy, raise_it_later if is_async else raise_it)
    listening(noisy, lambda event: heard["noisy"].append((event.name, event.seq)))

    async with quiet:
        expected = facts(await run(quiet))
    async with noisy:
        assert facts(await run(noisy)) == expected

    assert heard["noisy"] == heard["quiet"]
    assert noisy.stats().listener_failures == len(heard["quiet"])
    assert {record.levelno for record in caplog.records} == {logging.ERROR}
    assert len(caplog.records) == len(heard["quiet"])


async def test_the_log_says_which_listener_it_was(caplog: pytest.LogCaptureFixture) -> None:
    def clumsy(event: JobCompleted) -> None:
        raise ValueError("dropped it")

    queue = make_queue()
    queue.on("jobCompleted", clumsy)
    async with queue:
        await run(queue)

    (record,) = caplog.records
    assert record.name == "docmill"
    assert "a listener raised" in record.getMessage()
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ValueError)
    assert "clumsy" in record.exc_info[1].__notes__[0]


async def test_somebody_who_listens_to_error_gets_the_exception_and_the_log_does_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    errors: list[BaseException] = []
    failure = ValueError("dropped it")

    def clumsy(event: JobCompleted) -> None:
        raise failure

    queue = make_queue()
    queue.on("jobCompleted", clumsy)
    queue.on("error", errors.append)
    async with queue:
        await run(queue)

    assert errors == [failure]
    assert caplog.records == []
    assert queue.stats().listener_failures == 1


async def test_an_async_listener_of_errors_hears_what_async_listeners_raise() -> None:
    errors: list[BaseException] = []
    queue = make_queue()

    @queue.on("jobCompleted")
    async def clumsy(event: JobCompleted) -> None:
        raise ValueError("dropped it")

    @queue.on("error")
    async def keep(error: BaseException) -> None:
        await checkpoint()
        errors.append(error)

    async with queue:
        await run(queue)

    (error,) = errors
    assert str(error) == "dropped it"


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
async def test_a_listener_of_errors_that_raises_is_only_logged(
    is_async: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """It must not hear of its own exception, or it would raise for ever."""
    calls: list[BaseException] = []

    def raise_again(error: BaseException) -> None:
        calls.append(error)
        if len(calls) < 30:
            raise RuntimeError("and again")

    async def raise_again_later(error: BaseException) -> None:
        raise_again(error)

    queue = make_queue()

    @queue.on("jobCompleted")
    def clumsy(event: JobCompleted) -> None:
        raise ValueError("dropped it")

    queue.on("error", raise_again_later if is_async else raise_again)
    async with queue:
        assert (await run(queue)).status == "COMPLETED"

    assert [str(error) for error in calls] == ["dropped it"]
    assert queue.stats().listener_failures == 2
    (record,) = caplog.records
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "and again"


async def test_a_second_listener_of_errors_hears_them_though_the_first_one_raises() -> None:
    errors: list[str] = []
    queue = make_queue()

    @queue.on("error")
    def broken(error: BaseException) -> None:
        raise RuntimeError("broken")

    queue.on("error", lambda error: errors.append(str(error)))

    @queue.on("jobCompleted")
    def clumsy(event: JobCompleted) -> None:
        raise ValueError("dropped it")

    async with queue:
        await run(queue)

    assert errors == ["dropped it"]


async def test_a_coroutine_of_a_lambda_that_raises_is_a_failure_of_the_listener() -> None:
    errors: list[BaseException] = []

    async def fail(event: JobCompleted) -> None:
        raise ValueError("dropped it")

    queue = make_queue()
    queue.on("jobCompleted", lambda event: fail(event))  # noqa: PLW0108 - the lambda is what is tested
    queue.on("error", errors.append)
    async with queue:
        await run(queue)

    assert [str(error) for error in errors] == ["dropped it"]


async def test_a_listener_that_takes_the_wrong_arguments_fails_alone() -> None:
    queue = make_queue()
    errors: list[BaseException] = []
    queue.on("jobCompleted", lambda: None)  # type: ignore[call-overload]
    queue.on("error", errors.append)

    async with queue:
        assert (await run(queue)).status == "COMPLETED"

    assert [type(error) for error in errors] == [TypeError]


class Unspeakable:
    """A listener that cannot even be named."""

    def __repr__(self) -> str:
        raise RuntimeError("no name")

    def __call__(self, event: Any) -> None:
        raise ValueError("dropped it")


async def test_a_listener_whose_repr_raises_fails_alone(caplog: pytest.LogCaptureFixture) -> None:
    queue = make_queue()
    queue.on("jobCompleted", Unspeakable())

    async with queue:
        assert (await run(queue)).status == "COMPLETED"

    assert len(caplog.records) == 1


async def test_an_exception_that_is_raised_again_and_again_does_not_grow() -> None:
    failure = ValueError("always the same object")
    queue = make_queue()

    @queue.on("progress")
    def clumsy(event: Any) -> None:
        raise failure

    queue.on("error", lambda error: None)
    async with queue:
        for _ in range(4):
            await run(queue)

    assert len(failure.__notes__) == 1


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
async def test_a_keyboard_interrupt_of_a_listener_closes_the_queue_and_reaches_whoever_waits(is_async: bool) -> None:
    """A person who presses Ctrl-C means the program, not the listener that happened to run."""
    cancelled: list[JobCancelled] = []
    queue = make_queue()
    queue.on("jobCancelled", cancelled.append)

    def press(event: Any) -> None:
        raise KeyboardInterrupt

    async def press_later(event: Any) -> None:
        raise KeyboardInterrupt

    queue.on("progress", press_later if is_async else press)
    await queue.start()
    job_id = await queue.create_job(DOCUMENTS, "HALF", JobOptions(max_concurrent=1))
    with pytest.raises(KeyboardInterrupt):
        await queue.wait(job_id)
    await queue.aclose()

    job = queue.get_job_status(job_id)
    assert job is not None
    assert job.status == "CANCELLED"
    assert [event.job_id for event in cancelled] == [job_id]


async def test_a_keyboard_interrupt_of_a_listener_is_raised_from_the_end_of_the_with_block() -> None:
    queue = make_queue()

    @queue.on("jobCompleted")
    def press(event: Any) -> None:
        raise KeyboardInterrupt

    async def body() -> None:
        async with queue:
            await queue.create_job(["a"], "HALF")
            await sleep(5.0)

    with pytest.raises(KeyboardInterrupt):
        await body()
