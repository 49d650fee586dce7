"""Questions Q5, Q6 and Q11: the budget of a document, and attempts that do not stop at its end."""

from typing import Any

import pytest
from anyio import create_task_group, sleep

from docmill import FailureCode, JobStatus
from docmill.engines.threads import spend

from .support import (
    CHECK,
    HORIZON,
    Ears,
    Scripted,
    Stopwatch,
    at,
    opened,
    options,
    raising_when_cancelled,
    shielded,
    swallowing,
    takes,
)

TIMED_OUT = FailureCode.DOCUMENT_TIMEOUT


@pytest.mark.parametrize(
    "step",
    [takes(HORIZON), raising_when_cancelled(ValueError("why?")), raising_when_cancelled(SystemExit(1)), shielded(100)],
    ids=["obeys", "raises", "exits", "shielded"],
)
async def test_an_attempt_still_running_at_the_budget_settles_then_and_is_never_retried(step: Any) -> None:
    """Q5, R11."""
    check = Scripted(step)
    watch = Stopwatch()
    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK), drained=True)
        assert watch() == at(30)

    (failure,) = job.errors
    assert (failure.code, failure.attempts, failure.processing_time) == (TIMED_OUT, 1, at(30))
    assert "30 s" in failure.error


async def test_the_budget_is_the_options_document_timeout() -> None:
    async with opened(Scripted(takes(HORIZON))) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK, options(document_timeout=0.5)))

    assert job.errors[0].processing_time == at(0.5)


async def test_a_result_at_the_last_moment_is_kept() -> None:
    async with opened(Scripted(takes(29.75))) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK))

    assert job.results[0].processing_time == at(29.75)


async def test_what_a_processor_returns_when_it_is_cancelled_is_kept() -> None:
    """Q11: never throw away finished work."""
    watch = Stopwatch()
    async with opened(Scripted(swallowing("half of it"))) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK), drained=True)
        assert watch() == at(30)

    assert (job.status, job.results[0].data, job.results[0].processing_time) == (
        JobStatus.COMPLETED,
        "half of it",
        at(30),
    )


async def test_the_seat_of_a_cancelled_attempt_is_used_again() -> None:
    check = Scripted("fine", a=[takes(HORIZON)], b=[swallowing()])
    async with opened(check) as queue:
        await queue.wait(await queue.create_job(["a", "b", "c"], CHECK, options(max_concurrent=1)))

    assert [check.starts_of(name) for name in "abc"] == [[at(0)], [at(30)], [at(60)]]


async def test_a_cancellation_meant_for_one_document_does_not_hit_the_next() -> None:
    check = Scripted(takes(1), a=[swallowing()])
    async with opened(check, max_workers=1) as queue:
        job = await queue.wait(await queue.create_job(["a", "b", "c"], CHECK))

    assert [outcome.attempts for outcome in job.outcomes] == [1, 1, 1]
    assert job.status is JobStatus.COMPLETED
    assert job.failed_documents == 0


async def test_an_attempt_that_ignores_its_cancellation_is_abandoned_and_its_seat_replaced() -> None:
    """Q11: the document settles at its budget all the same."""
    check = Scripted("fine", a=[shielded(100)])
    async with opened(check, max_workers=1) as queue:
        job_id = await queue.create_job(["a", "b"], CHECK)
        await sleep(29)
        assert (queue.stats().running, queue.stats().abandoned) == (1, 0)
        job = await queue.wait(job_id, drained=True)
        assert (queue.stats().running, queue.stats().abandoned) == (0, 1)
        await sleep(69)
        assert queue.stats().abandoned == 1
        await sleep(3)
        assert queue.stats().abandoned == 0

    assert (job.outcome("a").code, check.starts_of("b")) == (TIMED_OUT, [at(30)])


@pytest.mark.parametrize("late", ["a result", ValueError("an error"), SystemExit(1)], ids=["value", "error", "exit"])
async def test_what_an_abandoned_attempt_brings_late_is_dropped(late: Any) -> None:
    """R13: outcomes never change."""
    check = Scripted("fine", a=[shielded(100, late)])
    async with opened(check) as queue:
        ears = Ears(queue)
        job_id = await queue.create_job(["a", "b"], CHECK)
        before = await queue.wait(job_id, drained=True)
        told = len(ears.heard)
        await sleep(100)
        after = queue.get_job_status(job_id)

    assert after.outcomes == before.outcomes
    assert (after.status, after.processed_documents) == (JobStatus.COMPLETED, 2)
    assert len(ears.heard) == told


async def test_an_abandoned_attempt_that_comes_back_while_its_job_goes_on_changes_nothing() -> None:
    check = Scripted(takes(25), a=[shielded(40)])
    async with opened(check) as queue:
        job_id = await queue.create_job(["a", "b", "c", "d"], CHECK, options(max_concurrent=1))
        job = await queue.wait(job_id, drained=True)

    assert [outcome.success for outcome in job.outcomes] == [False, True, True, True]
    assert [check.starts_of(name) for name in "bcd"] == [[at(30)], [at(55)], [at(80)]]


async def test_the_running_attempt_of_a_retried_document_ends_at_the_budget_of_the_first() -> None:
    """Q5: attempts at 0 and 2; the second may run until 30, not until 32."""
    check = Scripted(ValueError(), takes(HORIZON))
    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK))

    (failure,) = job.errors
    assert (failure.code, failure.attempts, failure.processing_time) == (TIMED_OUT, 2, at(30))


async def test_a_cancellation_reaches_through_nested_task_groups_within_the_budget() -> None:
    ended = []

    async def nested(depth: int) -> None:
        try:
            async with create_task_group() as tasks:
                if depth:
                    tasks.start_soon(nested, depth - 1)
                await sleep(HORIZON)
        finally:
            ended.append(depth)

    async def check(document_id: str) -> None:
        await nested(5)

    watch = Stopwatch()
    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK), drained=True)
        assert (watch(), queue.stats().abandoned) == (at(30), 0)

    assert job.errors[0].code is TIMED_OUT
    assert len(ended) == 6


async def test_many_documents_that_end_at_the_same_budget_all_settle_then() -> None:
    check = Scripted(takes(HORIZON))
    async with opened(check) as queue:
        names = [f"d{number}" for number in range(50)]
        job = await queue.wait(await queue.create_job(names, CHECK, options(max_concurrent=50)), drained=True)

    assert {(failure.code, round(failure.processing_time, 6)) for failure in job.errors} == {(TIMED_OUT, 30)}


async def test_budgets_of_a_second_job_count_although_the_first_has_longer_ones() -> None:
    """The one who watches the time may not sleep over a shorter budget that comes later."""
    async with opened(Scripted(takes(HORIZON))) as queue:
        long = await queue.create_job(["a"], CHECK, options(document_timeout=1000))
        await sleep(1)
        short = await queue.wait(await queue.create_job(["b"], CHECK, options(document_timeout=0.25)))
        assert queue.get_job_status(long).status is JobStatus.PROCESSING
        long = await queue.wait(long)

    assert (short.errors[0].processing_time, long.errors[0].processing_time) == (at(0.25), at(1000))


async def test_a_sync_attempt_that_takes_longer_than_its_budget_is_abandoned_exactly_then() -> None:
    """Q11: under virtual time a sync processor says itself how long it takes."""
    watch = Stopwatch()

    def check(document_id: str) -> str:
        spend(100 if document_id == "slow" else 5)
        return "late"

    async with opened(check, max_workers=1) as queue:
        job = await queue.wait(await queue.create_job(["slow", "a"], CHECK), drained=True)
        assert (watch(), queue.stats().abandoned) == (at(35), 1)
        await sleep(64)
        assert queue.stats().abandoned == 1
        await sleep(2)
        assert queue.stats().abandoned == 0

    assert (job.outcome("slow").code, job.outcome("slow").processing_time) == (TIMED_OUT, at(30))
    assert (job.outcome("a").data, job.outcome("a").processing_time) == ("late", at(5))


async def test_sync_attempts_fail_and_are_tried_again_like_async_ones() -> None:
    """R10."""
    starts = []

    def check(document_id: str, context: Any) -> None:
        starts.append(watch())
        spend(3)
        raise ValueError

    async with opened(check) as queue:
        watch = Stopwatch()
        job = await queue.wait(await queue.create_job(["a"], CHECK))

    assert starts == [at(0), at(5), at(12)]
    assert job.errors[0].processing_time == at(15)
