"""Questions Q6 to Q10: the timeout of a job, exactly then, and what becomes of its documents."""

import pytest
from anyio import sleep

from docmill import FailureCode, JobErrorCode, JobOptions, JobStatus

from .support import CHECK, HORIZON, Ears, Scripted, Stopwatch, at, opened, options, shielded, takes

BROKEN = ValueError("broken")


async def test_it_is_decided_and_told_exactly_at_the_timeout() -> None:
    """R14, Q9."""
    watch = Stopwatch()
    async with opened(Scripted(takes(4))) as queue:
        ears = Ears(queue)
        names = [f"d{number}" for number in range(10)]
        job_id = await queue.create_job(names, CHECK, JobOptions(max_concurrent=2, timeout=10))
        job = await queue.wait(job_id)
        assert watch() == at(10)
        told = ears.the("jobFailed")
        drained = await queue.wait(job_id, drained=True)
        assert watch() == at(12)

    assert (job.status, job.error, job.error_code) == (
        JobStatus.TIMEOUT,
        "Job timeout exceeded",
        JobErrorCode.TIMEOUT,
    )
    assert (job.duration, job.drained, job.processed_documents) == (at(10), False, 4)
    assert told.at == at(10)
    assert (told.event.status, told.event.error, told.event.processed_documents) == (
        JobStatus.TIMEOUT,
        "Job timeout exceeded",
        4,
    )
    assert (drained.status, drained.drained, drained.processed_documents, drained.duration) == (
        JobStatus.TIMEOUT,
        True,
        6,
        at(10),
    )


async def test_just_before_the_timeout_the_job_is_processing() -> None:
    """R14: not before."""
    async with opened(Scripted(takes(HORIZON))) as queue:
        job_id = await queue.create_job(["a"], CHECK, JobOptions(timeout=10))
        await sleep(9.999)
        assert queue.get_job_status(job_id).status is JobStatus.PROCESSING
        await sleep(0.001)
        assert (await queue.wait(job_id)).status is JobStatus.TIMEOUT


async def test_no_attempt_starts_after_it() -> None:
    """R07."""
    check = Scripted(takes(3))
    async with opened(check) as queue:
        names = [f"d{number}" for number in range(10)]
        job_id = await queue.create_job(names, CHECK, JobOptions(max_concurrent=1, timeout=10))
        await queue.wait(job_id, drained=True)
        await sleep(100)

    assert [start.at for start in check.starts] == [at(0), at(3), at(6), at(9)]


async def test_unstarted_documents_are_in_neither_list() -> None:
    """Q8."""
    async with opened(Scripted(takes(4))) as queue:
        job_id = await queue.create_job(["a", "b", "c", "d"], CHECK, JobOptions(max_concurrent=1, timeout=5))
        job = await queue.wait(job_id, drained=True)

    assert [outcome.document_id for outcome in job.outcomes] == ["a", "b"]
    assert [record["success"] for record in job.to_records()] == [True, True, None, None]


async def test_a_waiting_document_settles_with_its_last_error_in_the_same_step() -> None:
    """Q8, Q9: the counters of the event include it, and no documentFailed tells of it."""
    async with opened(Scripted(takes(7, BROKEN))) as queue:
        ears = Ears(queue)
        asked = JobOptions(timeout=8, retry_delay=3)
        job = await queue.wait(await queue.create_job(["a"], CHECK, asked))

    (failure,) = job.errors
    assert (failure.code, failure.error, failure.attempts) == (FailureCode.JOB_STOPPED, "ValueError: broken", 1)
    assert failure.processing_time == at(8)
    assert job.drained
    assert ears.names == ["jobStarted", "jobFailed"]
    assert (ears.heard[-1].event.processed_documents, ears.heard[-1].event.failed_documents) == (1, 1)


@pytest.mark.parametrize("step", [takes(HORIZON), shielded(1000)], ids=["obeying", "shielded"])
async def test_the_job_is_drained_at_most_one_budget_after_its_decision(step: object) -> None:
    """Q6."""
    check = Scripted(takes(9), b=[step])
    watch = Stopwatch()
    async with opened(check) as queue:
        job_id = await queue.create_job(["a", "b"], CHECK, JobOptions(max_concurrent=1, timeout=10))
        await queue.wait(job_id)
        assert watch() == at(10)
        job = await queue.wait(job_id, drained=True)
        assert watch() == at(39)

    assert job.outcome("b").code is FailureCode.DOCUMENT_TIMEOUT


async def test_late_results_raise_the_counters_and_are_silent() -> None:
    """Q10, R03, R25."""
    check = Scripted(takes(12), b=[takes(11, BROKEN)])
    async with opened(check) as queue:
        ears = Ears(queue)
        job_id = await queue.create_job(["a", "b", "c"], CHECK, JobOptions(max_concurrent=2, timeout=10))
        early = await queue.wait(job_id)
        told = list(ears.names)
        late = await queue.wait(job_id, drained=True)

    assert (early.processed_documents, early.progress) == (0, 0)
    assert (late.processed_documents, late.failed_documents, late.progress) == (2, 1, 66)
    assert late.outcome("b").code is FailureCode.JOB_STOPPED
    assert ears.names == told == ["jobStarted", "jobFailed"]


async def test_a_snapshot_from_before_is_not_touched_by_late_results() -> None:
    async with opened(Scripted(takes(12))) as queue:
        job_id = await queue.create_job(["a"], CHECK, JobOptions(timeout=10))
        early = await queue.wait(job_id)
        late = await queue.wait(job_id, drained=True)

    assert (list(early.results), len(late.results)) == ([], 1)


async def test_it_starts_when_the_job_starts_and_not_when_it_is_created() -> None:
    """Q7."""
    watch = Stopwatch()
    async with opened(Scripted(takes(HORIZON), first=[takes(5)]), max_workers=1) as queue:
        await queue.create_job(["first"], CHECK)
        job_id = await queue.create_job(["a"], CHECK, JobOptions(timeout=10))
        await sleep(4)
        assert queue.get_job_status(job_id).status is JobStatus.PENDING
        job = await queue.wait(job_id)
        assert watch() == at(15)

    assert job.duration == at(10)


async def test_a_job_whose_last_document_settles_at_the_timeout_has_timed_out() -> None:
    """R14: not after; and the document is counted all the same."""
    async with opened(Scripted(takes(10))) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK, JobOptions(timeout=10)), drained=True)

    assert (job.status, job.duration, job.processed_documents) == (JobStatus.TIMEOUT, at(10), 1)


async def test_a_job_that_ends_just_in_time_is_completed() -> None:
    async with opened(Scripted(takes(9.999))) as queue:
        ears = Ears(queue)
        job_id = await queue.create_job(["a"], CHECK, JobOptions(timeout=10))
        await queue.wait(job_id)
        await sleep(100)

    assert ears.names[-1] == "jobCompleted"


async def test_by_default_it_is_five_minutes() -> None:
    async with opened(Scripted(takes(29))) as queue:
        names = [f"d{number}" for number in range(100)]
        job = await queue.wait(await queue.create_job(names, CHECK))

    assert (job.status, job.duration, job.processed_documents) == (JobStatus.TIMEOUT, at(300), 50)


async def test_none_means_none() -> None:
    async with opened(Scripted(takes(29))) as queue:
        names = [f"d{number}" for number in range(100)]
        job = await queue.wait(await queue.create_job(names, CHECK, options()))

    assert (job.status, job.duration) == (JobStatus.COMPLETED, at(580))


async def test_many_jobs_time_out_each_at_its_own_time() -> None:
    async with opened(Scripted(takes(HORIZON)), max_workers=100) as queue:
        ears = Ears(queue, "jobFailed")
        for seconds in (9, 3, 7, 1, 5):
            await queue.create_job(["a"], CHECK, JobOptions(timeout=seconds))
        await queue.join()

    assert [item.at for item in ears.heard] == [at(seconds) for seconds in (1, 3, 5, 7, 9)]
