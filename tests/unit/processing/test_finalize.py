"""Question Q23: a summary of the whole batch, made once, between the last settlement and the decision."""

from typing import Any

import pytest
from anyio import sleep

from docmill import JobOptions, JobStatus, PermanentError, processor

from .support import (
    CHECK,
    HORIZON,
    TERMINAL,
    Ears,
    Scripted,
    Stopwatch,
    at,
    opened,
    options,
    play,
    raising_when_cancelled,
    shielded,
    takes,
)

BROKEN = ValueError("broken")


class Summing(Scripted):
    """A scripted processor whose ``finalize`` follows a step of its own."""

    def __init__(self, step: Any, *steps: Any, **steps_of: list[Any]) -> None:
        super().__init__(*steps, **steps_of)
        self.step = step
        self.finalized: list[tuple[float, list[Any], Any]] = []
        self._since = Stopwatch()

    async def finalize(self, outcomes: Any, context: Any) -> Any:
        self.finalized.append((self._since(), list(outcomes), context))
        return await play(self.step, "", context)


async def test_it_gets_every_outcome_in_the_order_of_the_documents_and_makes_the_summary() -> None:
    check = Summing(takes(2, {"pages": 7}), takes(1), b=[BROKEN], c=[takes(0.5)])
    async with opened(check) as queue:
        job_id = await queue.create_job(["a", "b", "c"], CHECK, options(retry_attempts=0))
        job = await queue.wait(job_id)

    ((when, outcomes, _),) = check.finalized
    assert when == at(1)
    assert [(outcome.document_id, outcome.success) for outcome in outcomes] == [("a", True), ("b", False), ("c", True)]
    assert outcomes == job.outcomes
    assert (job.status, job.summary, job.summary_error, job.duration) == (
        JobStatus.COMPLETED,
        {"pages": 7},
        None,
        at(3),
    )


async def test_meanwhile_the_job_is_processing_at_100_percent_and_the_end_is_told_after_it() -> None:
    check = Summing(takes(2), "fine")
    async with opened(check) as queue:
        ears = Ears(queue)
        job_id = await queue.create_job(["a", "b"], CHECK)
        await sleep(1)
        job = queue.get_job_status(job_id)
        assert ears.names.count("jobCompleted") == 0
        assert ears.of("progress")[-1].event.progress == 100
        await queue.wait(job_id)

    assert (job.status, job.progress, job.drained, job.summary) == (JobStatus.PROCESSING, 100, False, None)
    assert ears.the("jobCompleted").at == at(2)
    assert ears.names[-1] == "jobCompleted"


async def test_its_context_is_that_of_the_batch() -> None:
    check = Summing("sum", "fine")
    async with opened(check) as queue:
        job_id = await queue.create_job(["a"], CHECK, owner="ann", metadata={"batch": 7})
        await queue.wait(job_id)

    ((_, _, context),) = check.finalized
    assert (context.job_id, context.job_type, context.document_id, context.attempt) == (job_id, CHECK, "", 1)
    assert (context.owner, context.metadata["batch"]) == ("ann", 7)


async def test_a_sync_finalize_works_too() -> None:
    class Counting:
        def __call__(self, document_id: str) -> int:
            return len(document_id)

        def finalize(self, outcomes: Any, context: Any) -> int:
            return sum(outcome.data for outcome in outcomes)

    async with opened(Counting()) as queue:
        job = await queue.wait(await queue.create_job(["a", "bb", "ccc"], CHECK))

    assert job.summary == 6


@pytest.mark.parametrize("error", [BROKEN, PermanentError("no"), SystemExit(1)], ids=lambda error: type(error).__name__)
async def test_its_failure_leaves_a_completed_job_without_a_summary(error: BaseException) -> None:
    check = Summing(error, "fine")
    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK), drained=True)
        await sleep(100)

    assert (job.status, job.summary) == (JobStatus.COMPLETED, None)
    assert job.summary_error.startswith(type(error).__name__)
    assert len(check.finalized) == 1


@pytest.mark.parametrize(
    "step", [takes(HORIZON), raising_when_cancelled(BROKEN), shielded(100)], ids=["obeys", "raises", "shielded"]
)
async def test_it_has_one_document_budget(step: Any) -> None:
    check = Summing(step, takes(5))
    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK), drained=True)

    assert (job.status, job.duration, job.summary) == (JobStatus.COMPLETED, at(35), None)
    assert "30 s" in job.summary_error


async def test_it_runs_once_however_often_documents_were_tried() -> None:
    check = Summing("sum", BROKEN, BROKEN, "fine")
    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job(["a", "b"], CHECK))

    assert (len(check.finalized), job.summary) == (1, "sum")
    assert check.finalized[0][0] == at(6)


async def test_it_runs_for_a_job_whose_documents_all_failed_and_the_job_is_failed() -> None:
    check = Summing("sum", BROKEN)
    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK, options(retry_attempts=0)))

    assert (job.status, job.error) == (JobStatus.FAILED, "All 1 documents failed")


async def test_it_is_not_run_after_a_cancellation() -> None:
    check = Summing("sum", takes(5))
    async with opened(check) as queue:
        job_id = await queue.create_job(["a"], CHECK)
        await sleep(1)
        await queue.cancel_job(job_id)
        job = await queue.wait(job_id, drained=True)
        await sleep(100)

    assert (check.finalized, job.summary, job.summary_error) == ([], None, None)
    assert job.processed_documents == 1


async def test_it_is_not_run_after_a_timeout() -> None:
    check = Summing("sum", takes(5))
    async with opened(check) as queue:
        job = await queue.wait(await queue.create_job(["a"], CHECK, JobOptions(timeout=3)), drained=True)
        await sleep(100)

    assert (check.finalized, job.status, job.processed_documents) == ([], JobStatus.TIMEOUT, 1)


async def test_cancelling_while_it_runs_decides_at_once_and_drains_when_it_ends() -> None:
    check = Summing(takes(10, "sum"), takes(1))
    watch = Stopwatch()
    async with opened(check) as queue:
        ears = Ears(queue)
        job_id = await queue.create_job(["a"], CHECK)
        await sleep(3)
        assert await queue.cancel_job(job_id)
        job = await queue.wait(job_id)
        assert (watch(), job.status, job.drained) == (at(3), JobStatus.CANCELLED, False)
        job = await queue.wait(job_id, drained=True)
        assert (watch(), job.status) == (at(11), JobStatus.CANCELLED)

    assert len(ears.of(*TERMINAL)) == 1


async def test_force_stops_it() -> None:
    check = Summing(takes(10, "sum"), takes(1))
    watch = Stopwatch()
    async with opened(check) as queue:
        job_id = await queue.create_job(["a"], CHECK)
        await sleep(3)
        assert await queue.cancel_job(job_id, force=True)
        job = await queue.wait(job_id, drained=True)
        assert watch() == at(3)

    assert (job.status, job.summary, job.processed_documents) == (JobStatus.CANCELLED, None, 1)


async def test_the_job_timeout_rules_while_it_runs() -> None:
    """R14."""
    check = Summing(takes(10, "sum"), takes(1))
    async with opened(check) as queue:
        job_id = await queue.create_job(["a"], CHECK, JobOptions(timeout=5))
        job = await queue.wait(job_id)

    assert (job.status, job.duration) == (JobStatus.TIMEOUT, at(5))


async def test_it_counts_as_one_of_the_jobs_attempts_and_takes_a_seat() -> None:
    check = Summing(takes(10), takes(1))
    async with opened(check, max_workers=1) as queue:
        await queue.create_job(["a"], CHECK)
        await queue.wait(await queue.create_job(["b"], CHECK, priority=-1))

    assert check.starts_of("b") == [at(11)]


async def test_closing_lets_a_job_finish_whose_documents_are_all_settled() -> None:
    check = Summing(takes(2, "sum"), takes(1))
    async with opened(check) as queue:
        job_id = await queue.create_job(["a"], CHECK)
        await sleep(0.5)

    job = queue.get_job_status(job_id)
    assert (job.status, job.summary) == (JobStatus.COMPLETED, "sum")


async def test_a_finalize_of_a_declared_processor_is_found() -> None:
    @processor(permanent=[ValueError])
    class Declared:
        async def __call__(self, document_id: str, context: Any) -> str:
            return document_id

        async def finalize(self, outcomes: Any, context: Any) -> int:
            return len(outcomes)

    async with opened(Declared()) as queue:
        job = await queue.wait(await queue.create_job(["a", "b"], CHECK))

    assert job.summary == 2


async def test_without_finalize_there_is_no_summary_and_no_error_of_one() -> None:
    """Documents that never wait leave the seats in every order there is."""

    async def check(document_id: str) -> str:
        return document_id

    async with opened(check) as queue:
        for total in range(1, 20):
            ids = [f"d{number}" for number in range(total)]
            job = await queue.wait(await queue.create_job(ids, CHECK, options(max_concurrent=3)), drained=True)
            assert (job.processed_documents, job.summary, job.summary_error) == (total, None, None)


@pytest.mark.parametrize("concurrent", [1, 2, 3, 7])
async def test_it_never_begins_before_the_last_document_has_settled(concurrent: int) -> None:
    class Counting:
        async def __call__(self, document_id: str) -> str:
            if document_id.endswith(("2", "5")):
                await sleep(1)
            return document_id

        async def finalize(self, outcomes: Any, context: Any) -> int:
            return len(outcomes)

    async with opened(Counting()) as queue:
        for total in range(1, 12):
            ids = [f"d{number}" for number in range(total)]
            job = await queue.wait(await queue.create_job(ids, CHECK, options(max_concurrent=concurrent)))
            assert (job.status, job.summary) == (JobStatus.COMPLETED, total)
