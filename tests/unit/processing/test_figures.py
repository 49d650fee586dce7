"""Questions Q1 to Q3, Q16, Q17 and Q20: what a job says of itself while it runs, and what listeners hear."""

from datetime import UTC
from math import ceil
from typing import Any

import pytest
from anyio import sleep

from docmill import JobErrorCode, JobOptions, JobStatus

from .support import CHECK, HORIZON, TERMINAL, Ears, Scripted, at, opened, options, takes

BROKEN = ValueError("broken")


async def test_one_ok_document_makes_a_job_completed() -> None:
    """Q1, Q2, R15."""
    async with opened(Scripted(BROKEN, c=["fine"])) as queue:
        job = await queue.wait(await queue.create_job(["a", "b", "c"], CHECK, options(retry_attempts=0)))

    assert (job.status, job.error, job.error_code) == (JobStatus.COMPLETED, None, None)
    assert (job.processed_documents, job.failed_documents, len(job.results), len(job.errors)) == (3, 2, 1, 2)


async def test_without_any_ok_document_it_is_failed() -> None:
    """Q1, R15."""
    async with opened(Scripted(BROKEN)) as queue:
        ears = Ears(queue)
        job = await queue.wait(await queue.create_job(["a", "b", "c"], CHECK, options(retry_attempts=0)))

    assert (job.status, job.error, job.error_code) == (
        JobStatus.FAILED,
        "All 3 documents failed",
        JobErrorCode.ALL_FAILED,
    )
    told = ears.the("jobFailed").event
    assert (told.error, told.status, told.code) == ("All 3 documents failed", JobStatus.FAILED, "all_failed")
    assert ears.names[-2:] == ["progress", "jobFailed"]
    assert ears.of("progress")[-1].event.progress == 100


async def test_progress_is_rounded_down_and_100_only_at_the_end() -> None:
    """Q3, R04, R05: 66 for 2 of 3."""
    async with opened(Scripted(takes(1))) as queue:
        ears = Ears(queue, "progress")
        seen = []
        job_id = await queue.create_job(["a", "b", "c"], CHECK, options(max_concurrent=1))
        for _ in range(3):
            await sleep(0.5)
            seen.append(queue.get_job_status(job_id).progress)
            await sleep(0.5)
        await queue.wait(job_id)

    assert seen == [0, 33, 66]
    assert [(item.event.progress, item.event.processed_documents, item.at) for item in ears.heard] == [
        (33, 1, at(1)),
        (66, 2, at(2)),
        (100, 3, at(3)),
    ]


async def test_failures_are_progress_too() -> None:
    async with opened(Scripted(takes(1, BROKEN))) as queue:
        ears = Ears(queue, "progress")
        await queue.wait(await queue.create_job(["a", "b"], CHECK, options(max_concurrent=1, retry_attempts=0)))

    assert [(item.event.progress, item.event.failed_documents) for item in ears.heard] == [(50, 1), (100, 2)]


async def test_progress_is_told_when_the_percent_changes_or_100_ms_have_passed() -> None:
    """Q20, R04: of 1,000 documents every ten make a percent, and no change stays untold for longer than 100 ms."""
    async with opened(Scripted(takes(0.03))) as queue:
        ears = Ears(queue, "progress")
        names = [f"d{number}" for number in range(1000)]
        await queue.wait(await queue.create_job(names, CHECK, options(max_concurrent=1)))

    percents = [item.event.progress for item in ears.heard]
    gaps = [later.at - earlier.at for earlier, later in zip(ears.heard, ears.heard[1:], strict=False)]
    assert percents == sorted(percents)
    assert set(percents) >= set(range(1, 101))
    assert max(gaps) <= 0.1 + 1e-6
    assert len(ears.heard) <= 100 + 30 / 0.1
    for item in ears.heard:
        assert item.event.progress == 100 * item.event.processed_documents // 1000


async def test_a_change_without_a_new_percent_is_told_after_100_ms() -> None:
    check = Scripted(takes(HORIZON), d0=[takes(1)])
    async with opened(check) as queue:
        ears = Ears(queue, "progress")
        names = [f"d{number}" for number in range(1000)]
        job_id = await queue.create_job(names, CHECK, options(document_timeout=HORIZON))
        await sleep(2)
        told = [(item.event.progress, item.event.processed_documents) for item in ears.heard]
        await queue.cancel_job(job_id, force=True)

    assert told == [(0, 1)]
    assert 1 <= ears.heard[0].at <= 1.1 + 1e-6


@pytest.mark.parametrize("total", [1, 7, 300])
async def test_the_terminal_event_comes_once_after_progress_100_and_is_the_last(total: int) -> None:
    """Q20, R02, R03, R27."""
    async with opened(Scripted(takes(0.01))) as queue:
        ears = Ears(queue)
        job_id = await queue.create_job([f"d{number}" for number in range(total)], CHECK)
        job = await queue.wait(job_id)
        await sleep(10)

    assert ears.names[0] == "jobStarted"
    assert ears.names[-2:] == ["progress", "jobCompleted"]
    assert len(ears.of(*TERMINAL)) == 1
    assert [item.event.seq for item in ears.heard] == list(range(1, len(ears.heard) + 1))
    assert ears.of("progress")[-1].event.progress == 100
    assert len(ears.of("documentCompleted")) == total
    told = ears.the("jobCompleted").event
    assert (told.duration, told.event_id, told.results) == (job.duration, f"{job_id}:COMPLETED", job.results)


async def test_the_estimate_is_the_seeds() -> None:
    """Q16, R19: the mean of 5,000 and 4,500 ms is 4,750, and one document is left."""
    check = Scripted(a=[takes(5)], b=[takes(4.5)], c=[takes(1)])
    async with opened(check) as queue:
        ears = Ears(queue, "progress")
        job_id = await queue.create_job(["a", "b", "c"], CHECK, JobOptions(max_concurrent=1))
        await sleep(4)
        before = queue.get_job_status(job_id)
        await sleep(6)
        later = queue.get_job_status(job_id)
        job = await queue.wait(job_id)

    assert before.estimated_time_remaining is None
    assert later.estimated_time_remaining == at(4.75)
    assert job.estimated_time_remaining == 0
    assert [item.event.estimated_time_remaining for item in ears.heard] == [at(10), at(4.75), 0]


@pytest.mark.parametrize("concurrent", [1, 2, 3, 7])
async def test_the_estimate_counts_rounds_at_full_concurrency(concurrent: int) -> None:
    """R19."""
    async with opened(Scripted(takes(2))) as queue:
        asked = options(max_concurrent=concurrent)
        job_id = await queue.create_job([f"d{number}" for number in range(10)], CHECK, asked)
        await sleep(3)
        job = queue.get_job_status(job_id)

    assert job.processed_documents == concurrent
    assert job.estimated_time_remaining == at(2 * ceil((10 - concurrent) / concurrent))


async def test_the_estimate_is_capped_by_the_jobs_deadline() -> None:
    async with opened(Scripted(takes(5))) as queue:
        job_id = await queue.create_job([f"d{n}" for n in range(9)], CHECK, JobOptions(max_concurrent=1, timeout=12))
        await sleep(6)
        job = queue.get_job_status(job_id)
        decided = await queue.wait(job_id)

    assert job.estimated_time_remaining == at(6)
    assert decided.estimated_time_remaining == 0


async def test_processing_time_covers_waits_and_duration_the_whole_job() -> None:
    """Q17."""
    check = Scripted(takes(1, BROKEN), takes(1), b=[takes(0.5)])
    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job(["a", "b"], CHECK))

    assert (job.outcome("a").processing_time, job.outcome("b").processing_time, job.duration) == (
        at(4),
        at(0.5),
        at(4),
    )


async def test_timestamps_are_utc_and_in_order() -> None:
    """R20."""
    async with opened(Scripted(takes(1)), max_workers=1) as queue:
        await queue.create_job(["first"], CHECK)
        job = await queue.wait(await queue.create_job(["a"], CHECK))

    assert job.created_at.tzinfo is UTC
    assert job.created_at < job.started_at < job.completed_at
    assert (job.completed_at - job.created_at).total_seconds() == at(2)
    assert job.started_at <= job.results[0].timestamp <= job.completed_at


async def test_results_and_errors_are_in_the_order_of_settlement_and_outcomes_in_that_of_the_documents() -> None:
    check = Scripted(a=[takes(3)], b=[takes(1)], c=[takes(2)], d=[takes(4, BROKEN)], e=[takes(0.5, BROKEN)])
    async with opened(check) as queue:
        job_id = await queue.create_job(["a", "b", "c", "d", "e"], CHECK, options(retry_attempts=0))
        job = await queue.wait(job_id)

    assert [result.document_id for result in job.results] == ["b", "c", "a"]
    assert [failure.document_id for failure in job.errors] == ["e", "d"]
    assert [outcome.document_id for outcome in job.outcomes] == ["a", "b", "c", "d", "e"]


async def test_counters_equal_list_lengths_at_every_moment() -> None:
    """R06, R13, R20: looked at from inside, by processors and listeners."""
    seen: list[Any] = []

    async def check(document_id: str, context: Any) -> None:
        seen.append(queue.get_job_status(context.job_id))
        await sleep(0.25)
        if context.attempt == 1 and document_id.endswith(("3", "7")):
            raise BROKEN
        seen.append(queue.get_job_status(context.job_id))

    async with opened(check) as queue:
        queue.on("progress", lambda event: seen.append(queue.get_job_status(event.job_id)))
        job_id = await queue.create_job([f"d{number}" for number in range(40)], CHECK, options(retry_attempts=1))
        await queue.wait(job_id)

    for job in seen:
        assert job.processed_documents == len(job.results) + len(job.errors) <= job.total_documents == 40
        assert job.progress == 100 * job.processed_documents // 40
    processed = [job.processed_documents for job in seen]
    assert processed == sorted(processed)


async def test_get_all_jobs_is_newest_first_and_active_jobs_are_the_undecided() -> None:
    """Q19."""
    async with opened(Scripted("fine", slow=[takes(10)]), max_workers=2) as queue:
        first = await queue.create_job(["slow"], CHECK, owner="ann")
        second = await queue.create_job(["a"], CHECK, owner="bob")
        await queue.wait(second)
        third = await queue.create_job(["slow"], CHECK, owner="bob")
        fourth = await queue.create_job(["slow"], CHECK, owner="ann")
        await sleep(1)
        assert [job.id for job in queue.get_all_jobs()] == [fourth, third, second, first]
        assert [job.id for job in queue.get_all_jobs(active=True)] == [fourth, third, first]
        assert [job.id for job in queue.get_all_jobs(active=True, owner="bob")] == [third]
        stats = queue.stats()

    assert (stats.jobs, stats.pending, stats.processing, stats.running) == (4, 1, 2, 2)
