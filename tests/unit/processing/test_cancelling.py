"""Questions Q8 to Q13: cancelling a job, softly and by force."""

from typing import Any

import pytest
from anyio import create_task_group, sleep

from docmill import FailureCode, JobNotFoundError, JobStatus

from .support import CHECK, HORIZON, Ears, Scripted, Stopwatch, at, opened, options, shielded, swallowing, takes

BROKEN = ValueError("broken")


async def test_running_attempts_complete_and_nothing_else_starts() -> None:
    """Q8, R07."""
    check = Scripted(takes(4))
    watch = Stopwatch()
    async with opened(check) as queue:
        job_id = await queue.create_job(["a", "b", "c", "d"], CHECK, options(max_concurrent=2))
        await sleep(1)
        assert await queue.cancel_job(job_id)
        job = await queue.wait(job_id)
        assert watch() == at(1)
        drained = await queue.wait(job_id, drained=True)
        assert watch() == at(4)
        await sleep(100)

    assert (job.status, job.drained, job.processed_documents, job.error) == (JobStatus.CANCELLED, False, 0, None)
    assert (drained.status, drained.processed_documents) == (JobStatus.CANCELLED, 2)
    assert sorted(check.order) == ["a", "b"]


async def test_it_is_told_at_once_and_exactly_once() -> None:
    """Q9, R02, R03."""
    async with opened(Scripted(takes(4))) as queue:
        ears = Ears(queue)
        job_id = await queue.create_job(["a", "b"], CHECK, options(max_concurrent=1))
        await sleep(5)
        await queue.cancel_job(job_id)
        await queue.wait(job_id, drained=True)
        await sleep(100)

    told = ears.the("jobCancelled")
    assert ears.names[-1] == "jobCancelled"
    assert (told.at, told.event.processed_documents, told.event.total_documents) == (at(5), 1, 2)
    assert told.event.event_id == f"{job_id}:CANCELLED"


async def test_a_waiting_document_settles_at_once_with_its_last_error() -> None:
    """Q8, Q9."""
    async with opened(Scripted(BROKEN)) as queue:
        ears = Ears(queue)
        job_id = await queue.create_job(["a"], CHECK)
        await sleep(1)
        await queue.cancel_job(job_id)
        job = await queue.wait(job_id, drained=True)

    (failure,) = job.errors
    assert (failure.code, failure.error) == (FailureCode.JOB_STOPPED, "ValueError: broken")
    assert failure.processing_time == at(1)
    assert ears.names == ["jobStarted", "jobCancelled"]
    assert ears.heard[-1].event.failed_documents == 1


async def test_an_attempt_that_fails_after_the_decision_is_not_tried_again() -> None:
    check = Scripted(takes(4, BROKEN))
    async with opened(check) as queue:
        job_id = await queue.create_job(["a"], CHECK)
        await sleep(1)
        await queue.cancel_job(job_id)
        job = await queue.wait(job_id, drained=True)
        await sleep(100)

    assert (job.errors[0].code, len(check.starts)) == (FailureCode.JOB_STOPPED, 1)


async def test_a_second_cancel_is_false_and_silent() -> None:
    """Q12, R17."""
    async with opened(Scripted(takes(4))) as queue:
        ears = Ears(queue, "jobCancelled")
        job_id = await queue.create_job(["a"], CHECK)
        assert [await queue.cancel_job(job_id) for _ in range(3)] == [True, False, False]
        await queue.wait(job_id, drained=True)
        assert not await queue.cancel_job(job_id)

    assert len(ears.heard) == 1


async def test_of_many_who_cancel_at_once_exactly_one_hears_true() -> None:
    """R17."""
    answers = []

    async def cancel() -> None:
        answers.append(await queue.cancel_job(job_id))

    async with opened(Scripted(takes(4))) as queue:
        job_id = await queue.create_job(["a"], CHECK)
        async with create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(cancel)

    assert sorted(answers) == [False] * 19 + [True]


@pytest.mark.parametrize("step", ["fine", BROKEN], ids=["completed", "failed"])
async def test_cancelling_a_finished_job_is_false_and_changes_nothing(step: Any) -> None:
    """Q12, R01."""
    async with opened(Scripted(step)) as queue:
        ears = Ears(queue)
        job_id = await queue.create_job(["a"], CHECK, options(retry_attempts=0))
        before = await queue.wait(job_id)
        told = len(ears.heard)
        assert not await queue.cancel_job(job_id)
        assert not await queue.cancel_job(job_id, force=True)
        after = queue.get_job_status(job_id)

    assert (after.status, after.outcomes, len(ears.heard)) == (before.status, before.outcomes, told)


async def test_a_pending_job_that_is_cancelled_never_starts() -> None:
    """Q12."""
    check = Scripted(takes(5))
    async with opened(check, max_workers=1) as queue:
        ears = Ears(queue)
        await queue.create_job(["first"], CHECK)
        job_id = await queue.create_job(["a"], CHECK)
        await sleep(1)
        assert queue.get_job_status(job_id).status is JobStatus.PENDING
        assert await queue.cancel_job(job_id)
        job = await queue.wait(job_id, drained=True)
        await sleep(100)

    assert (job.status, job.started_at, job.duration, job.progress) == (JobStatus.CANCELLED, None, 0.0, 0)
    assert check.order == ["first"]
    assert [item.name for item in ears.heard if item.event.job_id == job_id] == ["jobCancelled"]


async def test_an_unknown_job_cannot_be_cancelled() -> None:
    """Q13."""
    async with opened(Scripted("fine")) as queue:
        with pytest.raises(JobNotFoundError, match="no-such-job"):
            await queue.cancel_job("no-such-job")


async def test_force_cancels_running_attempts_too() -> None:
    """Q12."""
    watch = Stopwatch()
    async with opened(Scripted(takes(20))) as queue:
        job_id = await queue.create_job(["a", "b", "c"], CHECK, options(max_concurrent=2))
        await sleep(1)
        assert await queue.cancel_job(job_id, force=True)
        job = await queue.wait(job_id, drained=True)
        assert watch() == at(1)

    assert (job.status, job.processed_documents) == (JobStatus.CANCELLED, 2)
    assert {failure.code for failure in job.errors} == {FailureCode.CANCELLED}
    assert {failure.attempts for failure in job.errors} == {1}


@pytest.mark.parametrize("stop", ["cancel", "timeout"])
async def test_force_on_a_decided_undrained_job_stops_it_and_is_false(stop: str) -> None:
    """Q12."""
    watch = Stopwatch()
    async with opened(Scripted(takes(20))) as queue:
        ears = Ears(queue)
        job_id = await queue.create_job(["a"], CHECK, options(timeout=2 if stop == "timeout" else None))
        await sleep(1)
        if stop == "cancel":
            await queue.cancel_job(job_id)
        decided = await queue.wait(job_id)
        await sleep(3 - watch())
        assert not await queue.cancel_job(job_id, force=True)
        job = await queue.wait(job_id, drained=True)
        assert watch() == at(3)

    assert (job.status, job.completed_at) == (decided.status, decided.completed_at)
    assert job.errors[0].code is FailureCode.CANCELLED
    assert len(ears.of("jobCancelled", "jobFailed")) == 1


async def test_a_forced_cancel_keeps_what_a_processor_returns_on_the_way_out() -> None:
    async with opened(Scripted(swallowing("saved"))) as queue:
        job_id = await queue.create_job(["a"], CHECK)
        await sleep(1)
        await queue.cancel_job(job_id, force=True)
        job = await queue.wait(job_id, drained=True)

    assert (job.status, job.results[0].data) == (JobStatus.CANCELLED, "saved")


async def test_a_forced_cancel_abandons_an_attempt_that_ignores_it() -> None:
    """Q11: the job drains at once all the same."""
    watch = Stopwatch()
    async with opened(Scripted(shielded(10))) as queue:
        job_id = await queue.create_job(["a"], CHECK)
        await sleep(1)
        await queue.cancel_job(job_id, force=True)
        job = await queue.wait(job_id, drained=True)
        assert (watch(), queue.stats().abandoned) == (at(1), 1)
        await sleep(10)
        assert queue.stats().abandoned == 0

    assert job.errors[0].code is FailureCode.CANCELLED


async def test_a_forced_cancel_touches_no_other_job() -> None:
    async with opened(Scripted(takes(20))) as queue:
        first = await queue.create_job(["a"], CHECK)
        second = await queue.create_job(["a"], CHECK)
        await sleep(1)
        await queue.cancel_job(first, force=True)
        job = await queue.wait(second)

    assert (job.status, job.results[0].attempts) == (JobStatus.COMPLETED, 1)


async def test_cancelling_from_a_processor_of_the_job_works() -> None:
    async def check(document_id: str, context: Any) -> bool:
        return await queue.cancel_job(context.job_id)

    async with opened(check, max_workers=1) as queue:
        job_id = await queue.create_job(["a", "b"], CHECK)
        job = await queue.wait(job_id, drained=True)

    assert (job.status, [result.data for result in job.results]) == (JobStatus.CANCELLED, [True])


async def test_force_from_a_processor_of_the_job_does_not_hang() -> None:
    async def check(document_id: str, context: Any) -> None:
        await queue.cancel_job(context.job_id, force=True)
        await sleep(HORIZON)

    watch = Stopwatch()
    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job(["a", "b"], CHECK), drained=True)
        assert watch() == at(0)

    assert {failure.code for failure in job.errors} == {FailureCode.CANCELLED}


async def test_cancelling_from_a_listener_works() -> None:
    """R02, R03: what is told after the cancellation is only that."""
    async with opened(Scripted(takes(1)), max_workers=1) as queue:
        ears = Ears(queue)

        @queue.on("documentCompleted")
        async def stop(event: Any) -> None:
            await queue.cancel_job(event.job_id)

        job_id = await queue.create_job(["a", "b", "c"], CHECK)
        job = await queue.wait(job_id, drained=True)

    assert job.status is JobStatus.CANCELLED
    assert 1 <= job.processed_documents <= 2
    assert ears.names[-1] == "jobCancelled"
    assert [item.event.seq for item in ears.heard] == sorted({item.event.seq for item in ears.heard})


async def test_more_failures_than_max_failures_end_the_job() -> None:
    """Q1."""
    check = Scripted(takes(1), a=[takes(2, BROKEN)], b=[takes(3, BROKEN)], c=[takes(10)])
    watch = Stopwatch()
    async with opened(check) as queue:
        ears = Ears(queue)
        asked = options(max_failures=1, max_concurrent=4, retry_attempts=0)
        job_id = await queue.create_job(["a", "b", "c", *(f"x{n}" for n in range(10))], CHECK, asked)
        job = await queue.wait(job_id)
        assert watch() == at(3)
        drained = await queue.wait(job_id, drained=True)
        assert watch() == at(10)

    assert (job.status, job.error_code, job.failed_documents) == (JobStatus.FAILED, "max_failures", 2)
    assert "more than 1" in job.error
    assert drained.outcome("c").success
    assert ears.the("jobFailed").at == at(3)
    assert ears.the("jobFailed").event.code == "max_failures"
    assert drained.processed_documents < drained.total_documents


async def test_as_many_failures_as_max_failures_are_fine() -> None:
    async with opened(Scripted("fine", a=[BROKEN], b=[BROKEN])) as queue:
        asked = options(max_failures=2, retry_attempts=0)
        job = await queue.wait(await queue.create_job(["a", "b", "c"], CHECK, asked))

    assert job.status is JobStatus.COMPLETED


async def test_max_failures_of_zero_ends_the_job_at_the_first() -> None:
    check = Scripted("fine", b=[BROKEN])
    async with opened(check) as queue:
        asked = options(max_failures=0, retry_attempts=0, max_concurrent=1)
        job = await queue.wait(await queue.create_job(["a", "b", "c"], CHECK, asked))

    assert (job.status, check.order) == (JobStatus.FAILED, ["a", "b"])


async def test_documents_between_attempts_settle_when_max_failures_ends_the_job() -> None:
    check = Scripted("fine", a=[BROKEN], b=[takes(1, LookupError("gone"))])
    async with opened(check) as queue:
        ears = Ears(queue, "documentFailed", "jobFailed")
        asked = options(max_failures=0, retry_attempts=1, retry_delay=1, max_concurrent=2)
        job = await queue.wait(await queue.create_job(["a", "b"], CHECK, asked), drained=True)

    assert (job.outcome("a").code, job.outcome("b").code) == (FailureCode.PROCESSOR_ERROR, FailureCode.JOB_STOPPED)
    assert (ears.heard[-1].event.failed_documents, job.failed_documents) == (2, 2)


async def test_closing_cancels_jobs_in_memory_that_cannot_finish() -> None:
    """Section 5: their attempts run to the end of the patience, and the job is CANCELLED, not FAILED."""
    async with opened(Scripted(takes(20))) as queue:
        ears = Ears(queue)
        watch = Stopwatch()
        job_id = await queue.create_job(["a", "b"], CHECK)
        await sleep(1)
        await queue.aclose(timeout=5)
        assert watch() == at(6)

    job = queue.get_job_status(job_id)
    assert (job.status, job.drained) == (JobStatus.CANCELLED, True)
    assert ears.names[-1] == "jobCancelled"
