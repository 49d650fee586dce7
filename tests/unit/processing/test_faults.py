"""Contract, section 4: whatever a processor raises, its document settles, and nobody else is disturbed."""

from collections.abc import Callable
from typing import Any

import anyio
import pytest
from anyio import CancelScope, current_time, sleep
from anyio.lowlevel import checkpoint

from docmill import FailureCode, JobStatus, PermanentError, RetryAfter, processor

from .support import CHECK, Ears, Scripted, Stopwatch, at, opened, options, raise_a_cancellation, takes


class Strange(BaseException):
    """No Exception, and nobody's."""


def deep_recursion() -> RecursionError:
    return RecursionError("maximum recursion depth exceeded")


RETRIED: list[tuple[str, Callable[[], BaseException], FailureCode]] = [
    ("ValueError", lambda: ValueError("broken"), FailureCode.PROCESSOR_ERROR),
    ("MemoryError", MemoryError, FailureCode.PROCESSOR_ERROR),
    ("RecursionError", deep_recursion, FailureCode.PROCESSOR_ERROR),
    ("StopAsyncIteration", StopAsyncIteration, FailureCode.PROCESSOR_ERROR),
    ("ExceptionGroup", lambda: ExceptionGroup("two", [ValueError("a"), KeyError("b")]), FailureCode.PROCESSOR_ERROR),
    (
        "ExceptionGroup",
        lambda: ExceptionGroup("deep", [KeyError("a"), ExceptionGroup("inner", [ValueError("b"), OSError("c")])]),
        FailureCode.PROCESSOR_ERROR,
    ),
    ("SystemExit", lambda: SystemExit(3), FailureCode.PROCESSOR_EXIT),
    ("GeneratorExit", GeneratorExit, FailureCode.PROCESSOR_EXIT),
    ("Strange", Strange, FailureCode.PROCESSOR_EXIT),
    (
        "BaseExceptionGroup",
        lambda: BaseExceptionGroup("mixed", [ValueError("a"), SystemExit(3)]),
        FailureCode.PROCESSOR_EXIT,
    ),
    (
        "BaseExceptionGroup",
        lambda: BaseExceptionGroup("deep", [ValueError("a"), BaseExceptionGroup("inner", [KeyError(), Strange()])]),
        FailureCode.PROCESSOR_EXIT,
    ),
]

retried = pytest.mark.parametrize(
    "name,make,code", RETRIED, ids=[f"{name}-{number}" for number, (name, _, _) in enumerate(RETRIED)]
)


@retried
async def test_a_failed_attempt_is_made_again_until_none_is_left(name: str, make: Any, code: FailureCode) -> None:
    check = Scripted(make())
    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK))

    (failure,) = job.errors
    assert failure.code is code
    assert failure.error.startswith(name)
    assert failure.attempts == 3
    assert check.starts_of("a") == [at(0), at(2), at(6)]
    assert job.status is JobStatus.FAILED


@retried
async def test_a_document_recovers_at_its_second_attempt(name: str, make: Any, code: FailureCode) -> None:
    check = Scripted(make(), "fine")
    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK))

    (result,) = job.results
    assert (result.data, result.attempts, result.processing_time) == ("fine", 2, at(2))


@retried
async def test_a_fault_touches_no_other_document_of_its_seat_or_job(name: str, make: Any, code: FailureCode) -> None:
    check = Scripted(takes(1), bad=[make()])
    async with opened(check, max_workers=2) as queue:
        job_id = await queue.create_job(["a", "bad", "b", "c"], CHECK, options(max_concurrent=2, retry_attempts=0))
        other_id = await queue.create_job(["d"], CHECK)
        job, other = await queue.wait(job_id), await queue.wait(other_id)

    assert sorted(result.document_id for result in job.results) == ["a", "b", "c"]
    assert {result.attempts for result in job.results} == {1}
    assert [failure.document_id for failure in job.errors] == ["bad"]
    assert other.status is JobStatus.COMPLETED


@retried
async def test_a_sync_processor_fails_in_the_same_ways(name: str, make: Any, code: FailureCode) -> None:
    def check(document_id: str) -> str:
        raise make()

    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK, options(retry_attempts=1)))

    (failure,) = job.errors
    assert (failure.code, failure.attempts) == (code, 2)


async def test_a_group_of_one_is_shown_as_what_it_holds() -> None:
    check = Scripted(ExceptionGroup("unhandled errors in a TaskGroup", [ValueError("broken")]))
    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK, options(retry_attempts=0)))

    assert job.errors[0].error == "ValueError: broken"


@pytest.mark.parametrize(
    "error",
    [
        PermanentError("encrypted"),
        LookupError("no such page"),
        IndexError("a subclass counts, too"),
        ExceptionGroup("from a task group", [PermanentError("encrypted")]),
    ],
    ids=["PermanentError", "registered", "registered-subclass", "in-a-group"],
)
async def test_a_permanent_error_settles_at_once(error: Exception) -> None:
    check = processor(permanent=[LookupError])(Scripted(error))
    watch = Stopwatch()
    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK))
        assert watch() == at(0)

    (failure,) = job.errors
    assert (failure.code, failure.attempts) == (FailureCode.PERMANENT, 1)


async def test_a_registered_class_is_permanent_even_if_it_is_no_exception() -> None:
    """Such as SystemExit, for a command-line library that calls sys.exit on a broken file."""
    check = processor(permanent=[SystemExit])(Scripted(SystemExit(2)))
    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK))

    assert (job.errors[0].code, job.errors[0].attempts) == (FailureCode.PERMANENT, 1)


async def test_what_is_permanent_for_one_processor_is_ordinary_for_another() -> None:
    strict = processor(permanent=[LookupError])(Scripted(LookupError()))
    async with opened({"STRICT": strict, "PATIENT": Scripted(LookupError())}) as queue:
        first = await queue.wait(await queue.create_job(["a"], "STRICT"))
        second = await queue.wait(await queue.create_job(["a"], "PATIENT"))

    assert [job.errors[0].attempts for job in (first, second)] == [1, 3]


async def test_retry_after_suspends_the_job_type_and_gives_the_document_a_fresh_budget() -> None:
    budgets = []

    async def second(document_id: str, context: Any) -> str:
        budgets.append(context.remaining())
        return "fine"

    check = Scripted("fine", a=[RetryAfter(100), second])
    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job(["a", "b"], CHECK, options(max_concurrent=1)))

    assert [(start.document_id, start.attempt, start.at) for start in check.starts] == [
        ("a", 1, at(0)),
        ("a", 2, at(100)),
        ("b", 1, at(100)),
    ]
    assert budgets == [at(30)]
    assert job.status is JobStatus.COMPLETED
    assert job.outcome("a").attempts == 2
    assert job.outcome("a").processing_time <= 30


async def test_attempts_that_ended_in_retry_after_count() -> None:
    check = Scripted(RetryAfter(20, "busy"))
    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK))

    (failure,) = job.errors
    assert check.starts_of("a") == [at(0), at(20), at(40)]
    assert (failure.attempts, failure.code) == (3, FailureCode.PROCESSOR_ERROR)
    assert failure.error == "RetryAfter: busy"


async def test_retry_after_suspends_every_job_of_the_type_and_no_other_type() -> None:
    check, other = Scripted("fine", a=[RetryAfter(50), "fine"]), Scripted("fine")
    async with opened({"CHECK": check, "OTHER": other}) as queue:
        first = await queue.create_job(["a"], "CHECK")
        await sleep(1)
        second, third = await queue.create_job(["b"], "CHECK"), await queue.create_job(["c"], "OTHER")
        for job_id in (first, second, third):
            await queue.wait(job_id)

    assert check.starts_of("b") == [at(50)]
    assert other.starts_of("c") == [at(1)]


async def test_retry_after_lets_running_attempts_complete() -> None:
    check = Scripted(takes(5), a=[RetryAfter(50), "fine"])
    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job(["b", "a"], CHECK))

    assert job.outcome("b").processing_time == at(5)


async def test_a_document_sent_back_by_retry_after_is_unprocessed_when_its_job_is_cancelled() -> None:
    check = Scripted(RetryAfter(50))
    async with opened(check) as queue:
        job_id = await queue.create_job(["a"], CHECK)
        await sleep(1)
        assert await queue.cancel_job(job_id)
        job = await queue.wait(job_id, drained=True)

    assert (job.processed_documents, len(job.results), len(job.errors)) == (0, 0, 0)


async def test_retry_after_works_without_a_circuit_breaker() -> None:
    check = processor(breaker=None)(Scripted("fine", a=[RetryAfter(50), "fine"]))
    async with opened(check) as queue:
        await queue.wait(await queue.create_job(["a", "b"], CHECK, options(max_concurrent=1)))

    assert (check.starts_of("a"), check.starts_of("b")) == ([at(0), at(50)], [at(50)])


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
async def test_a_nonsensical_retry_after_is_an_ordinary_error(seconds: float) -> None:
    async def check(document_id: str) -> None:
        raise RetryAfter(seconds)

    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK, options(retry_attempts=0)))

    assert job.errors[0].code is FailureCode.PROCESSOR_ERROR
    assert job.errors[0].error.startswith("ValueError")


async def test_a_cancellation_that_nobody_asked_for_is_a_failed_attempt() -> None:
    async def rogue(document_id: str, context: Any) -> None:
        await raise_a_cancellation()

    check = Scripted("fine", a=[rogue], b=[rogue, "fine"])
    async with opened(check, max_workers=1) as queue:
        job = await queue.wait(await queue.create_job(["a", "b", "c"], CHECK))
        again = await queue.wait(await queue.create_job(["d"], CHECK))

    assert (job.outcome("a").code, job.outcome("a").attempts) == (FailureCode.ROGUE_CANCEL, 3)
    assert (job.outcome("b").data, job.outcome("b").attempts) == ("fine", 2)
    assert (job.outcome("c").data, job.outcome("c").attempts) == ("fine", 1)
    assert again.status is JobStatus.COMPLETED


async def test_a_processor_that_leaves_a_cancelled_scope_open_harms_nobody_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def spoil(document_id: str, context: Any) -> None:
        scope = CancelScope()
        scope.__enter__()
        scope.cancel()
        await checkpoint()

    check = Scripted(takes(1), a=[spoil])
    async with opened(check, max_workers=2) as queue:
        job_id = await queue.create_job(["b", "a", "c", "d"], CHECK, options(retry_attempts=0))
        job = await queue.wait(job_id, drained=True)

    assert job.outcome("a").code is FailureCode.ROGUE_CANCEL
    assert sorted(result.document_id for result in job.results) == ["b", "c", "d"]


async def test_a_cancel_scope_of_the_processors_own_is_its_own_business() -> None:
    async def check(document_id: str) -> str:
        with anyio.move_on_after(1):
            await sleep(10)
        with CancelScope() as scope:
            scope.cancel()
            await checkpoint()
        return f"after {current_time() - begin:g} s"

    begin = current_time()
    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK))

    assert job.results[0].data == "after 1 s"


async def test_a_time_limit_of_the_processors_own_is_an_ordinary_error() -> None:
    async def check(document_id: str) -> None:
        with anyio.fail_after(1):
            await sleep(10)

    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK, options(retry_attempts=1)))

    assert (job.errors[0].code, job.errors[0].attempts) == (FailureCode.PROCESSOR_ERROR, 2)
    assert job.errors[0].error.startswith("TimeoutError")


async def test_every_fault_at_once_still_leaves_a_queue_that_works() -> None:
    """R16: once the faults stop, everything ends."""
    faults = {f"fault-{number}": [make()] for number, (_, make, _) in enumerate(RETRIED)}
    check = Scripted(takes(1), **faults)
    async with opened(check, max_workers=3) as queue:
        ears = Ears(queue)
        ids = [*faults, *(f"fine-{number}" for number in range(20))]
        job = await queue.wait(await queue.create_job(ids, CHECK, options(max_concurrent=3)), drained=True)
        after = await queue.wait(await queue.create_job(["x"], CHECK), drained=True)

    assert (len(job.results), len(job.errors)) == (20, len(faults))
    assert after.status is JobStatus.COMPLETED
    assert ears.names.count("jobCompleted") == 2
