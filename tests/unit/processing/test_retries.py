"""Questions Q4, Q5 and Q7a: when a document is tried again, and when it is not."""

from typing import Any

import pytest
from anyio import sleep

from docmill import FailureCode, JobStatus

from .support import CHECK, Scripted, Stopwatch, at, opened, options, takes

BROKEN = ValueError("broken")


async def test_waits_double_from_retry_delay() -> None:
    """R09, R10."""
    check = Scripted(BROKEN)
    async with opened(check) as queue:
        asked = options(retry_attempts=5, retry_delay=1.5, document_timeout=1000)
        job = await queue.wait(await queue.create_job(["a"], CHECK, asked))

    assert check.starts_of("a") == [at(t) for t in (0, 1.5, 4.5, 10.5, 22.5, 46.5)]
    assert (job.errors[0].attempts, job.errors[0].processing_time) == (6, at(46.5))


async def test_a_wait_begins_when_the_attempt_has_failed() -> None:
    """R10."""
    check = Scripted(takes(3, BROKEN))
    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK))

    assert check.starts_of("a") == [at(0), at(5), at(12)]
    assert job.errors[0].processing_time == at(15)


async def test_without_retry_attempts_the_first_failure_is_final() -> None:
    """R09."""
    check = Scripted(BROKEN)
    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK, options(retry_attempts=0)))

    assert check.starts_of("a") == [at(0)]
    assert job.errors[0].code is FailureCode.PROCESSOR_ERROR


async def test_without_a_delay_retries_follow_at_once() -> None:
    check = Scripted(BROKEN, BROKEN, "fine")
    watch = Stopwatch()
    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK, options(retry_delay=0)))
        assert watch() == at(0)

    assert (job.results[0].attempts, job.status) == (3, JobStatus.COMPLETED)


async def test_a_waiting_document_holds_no_seat() -> None:
    """Q7a."""
    check = Scripted(takes(1), a=[BROKEN, "fine"])
    async with opened(check) as queue:
        await queue.wait(await queue.create_job(["a", "b"], CHECK, options(max_concurrent=1)))

    assert check.starts_of("b") == [at(0)]


async def test_a_due_retry_waits_for_a_seat_and_goes_before_what_is_unstarted() -> None:
    """R10: exactly then if a seat is free, else as soon as one is."""
    check = Scripted(takes(1), a=[BROKEN, "fine"])
    async with opened(check) as queue:
        asked = options(max_concurrent=1, retry_delay=1.5)
        await queue.wait(await queue.create_job(["a", "b", "c", "d"], CHECK, asked))

    assert [(start.document_id, start.at) for start in check.starts] == [
        ("a", at(0)),
        ("b", at(0)),
        ("c", at(1)),
        ("a", at(2)),
        ("d", at(2)),
    ]


async def test_a_retry_with_a_free_seat_starts_exactly_when_it_is_due() -> None:
    """R10."""
    check = Scripted(takes(1), a=[BROKEN, "fine"])
    async with opened(check) as queue:
        asked = options(max_concurrent=2, retry_delay=1.5)
        await queue.wait(await queue.create_job(["a", "b"], CHECK, asked))

    assert check.starts_of("a") == [at(0), at(1.5)]


async def test_a_due_retry_gets_a_seat_of_max_workers_before_unstarted_documents_of_its_job() -> None:
    check = Scripted(takes(1), a=[BROKEN, "fine"])
    async with opened(check, max_workers=1) as queue:
        asked = options(max_concurrent=5, retry_delay=0.5)
        await queue.wait(await queue.create_job(["a", "b", "c"], CHECK, asked))

    assert [(start.document_id, start.at) for start in check.starts] == [
        ("a", at(0)),
        ("b", at(0)),
        ("a", at(1)),
        ("c", at(1)),
    ]


async def test_retries_that_are_due_go_in_the_order_in_which_they_became_due() -> None:
    check = Scripted(a=[takes(2, BROKEN), "fine"], b=[takes(1, BROKEN), "fine"], c=[takes(9)])
    async with opened(check, max_workers=1) as queue:
        await queue.wait(await queue.create_job(["b", "a", "c"], CHECK, options(retry_delay=4)))

    assert [(start.document_id, start.at) for start in check.starts][3:] == [("b", at(12)), ("a", at(12))]


@pytest.mark.parametrize("delay, budget", [(2.0, 1.9), (2.0, 2.0)], ids=["after", "exactly at"])
async def test_a_wait_that_would_end_at_or_after_the_budget_is_not_begun(delay: float, budget: float) -> None:
    """Q5, R11."""
    check = Scripted(BROKEN)
    watch = Stopwatch()
    async with opened(check) as queue:
        asked = options(retry_delay=delay, document_timeout=budget)
        job = await queue.wait(await queue.create_job(["a"], CHECK, asked))
        assert watch() == at(0)

    (failure,) = job.errors
    assert (failure.code, failure.attempts, failure.error) == (FailureCode.RETRY_BUDGET, 1, "ValueError: broken")


async def test_the_budget_covers_waits_and_attempts_together() -> None:
    """Q5: attempts at 0 and 2, and the next would be at 6."""
    check = Scripted(BROKEN)
    async with opened(check) as queue:
        asked = options(retry_attempts=3, document_timeout=5)
        job = await queue.wait(await queue.create_job(["a"], CHECK, asked))

    (failure,) = job.errors
    assert (failure.code, failure.attempts, failure.processing_time) == (FailureCode.RETRY_BUDGET, 2, at(2))


async def test_a_wait_that_ends_just_before_the_budget_is_begun() -> None:
    check = Scripted(BROKEN, "fine")
    async with opened(check) as queue:
        asked = options(retry_delay=2, document_timeout=2.25)
        job = await queue.wait(await queue.create_job(["a"], CHECK, asked))

    assert job.results[0].processing_time == at(2)


async def test_a_due_retry_that_finds_no_seat_settles_at_its_budget() -> None:
    """R11: a fails at 1 and is due at 2, but b holds the only seat until 6."""
    check = Scripted(a=[takes(1, BROKEN), "fine"], b=[takes(5)])
    async with opened(check) as queue:
        asked = options(max_concurrent=1, retry_delay=1, document_timeout=5.5)
        job_id = await queue.create_job(["a", "b"], CHECK, asked)
        await sleep(5.25)
        assert queue.get_job_status(job_id).processed_documents == 0
        await sleep(0.25)
        job = await queue.wait(job_id)

    failure = job.outcome("a")
    assert (failure.code, failure.attempts, failure.processing_time) == (FailureCode.RETRY_BUDGET, 1, at(5.5))
    assert job.outcome("b").success


async def test_the_last_attempt_fails_with_the_processors_error_and_not_with_the_budget() -> None:
    check = Scripted(BROKEN)
    async with opened(check) as queue:
        asked = options(retry_attempts=1, document_timeout=2.5)
        job = await queue.wait(await queue.create_job(["a"], CHECK, asked))

    assert (job.errors[0].code, job.errors[0].attempts) == (FailureCode.PROCESSOR_ERROR, 2)


async def test_jitter_only_shortens_a_wait() -> None:
    """Q4."""
    asked_for = []

    def uniform(low: float, high: float) -> float:
        asked_for.append((low, high))
        return high / 4

    check = Scripted(BROKEN)
    async with opened(check, uniform=uniform) as queue:
        asked = options(retry_attempts=3, jitter=True)
        await queue.wait(await queue.create_job(["a"], CHECK, asked))

    assert asked_for == [(0, 2), (0, 4), (0, 8)]
    assert check.starts_of("a") == [at(t) for t in (0, 0.5, 1.5, 3.5)]


async def test_real_jitter_stays_within_the_schedule() -> None:
    check = Scripted(BROKEN)
    async with opened(check) as queue:
        names = [f"d{number}" for number in range(50)]
        asked = options(retry_attempts=1, jitter=True, max_concurrent=50)
        await queue.wait(await queue.create_job(names, CHECK, asked))

    waits = [check.starts_of(name)[1] for name in names]
    assert all(0 <= wait <= 2.000001 for wait in waits)
    assert len(set(waits)) > 40


async def test_without_jitter_nobody_throws_dice() -> None:
    def uniform(low: float, high: float) -> float:
        raise AssertionError("no dice")

    async with opened(Scripted(BROKEN), uniform=uniform) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK))

    assert job.errors[0].attempts == 3


async def test_a_thousand_retries_due_at_once_all_get_their_turn() -> None:
    async def check(document_id: str, context: Any) -> int:
        if context.attempt < 3:
            raise BROKEN
        attempt: int = context.attempt
        return attempt

    async with opened(check) as queue:
        names = [f"d{number}" for number in range(1000)]
        job = await queue.wait(await queue.create_job(names, CHECK, options(max_concurrent=50)))

    assert len(job.results) == 1000
    assert {(result.data, round(result.processing_time, 6)) for result in job.results} == {(3, 6)}
